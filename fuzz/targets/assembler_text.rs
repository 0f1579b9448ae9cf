//! The assembler accepts any text: the result is an image or an error, and an image's words can be
//! disassembled.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_isa::{Syntax, assemble, disassemble};

fuzz_target!(|text: &str| {
    let Ok(assembly) = assemble(text, 0x8201_0000) else { return };
    for &(address, _) in assembly.lines.iter().take(256) {
        let offset = (address - 0x8201_0000) as usize;
        if let Some(word) = assembly.bytes.get(offset..offset + 4) {
            disassemble(u32::from_be_bytes(word.try_into().unwrap()), address, Syntax::Simplified);
        }
    }
});
