//! Any word can be disassembled, and the text assembles to the same instruction.
//!
//! Input: big-endian words.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_isa::{Syntax, assemble, decode, disassemble, significant_bits};

fuzz_target!(|bytes: &[u8]| {
    for (index, word) in bytes.as_chunks().0.iter().take(64).enumerate() {
        let word = u32::from_be_bytes(*word);
        let pc = 0x8201_0000 + 4 * index as u32;
        for syntax in [Syntax::Standard, Syntax::Simplified] {
            let text = disassemble(word, pc, syntax);
            let assembly =
                assemble(&text, pc).unwrap_or_else(|error| panic!("{word:#010x} `{text}`: {error}"));
            let back = assembly.bytes.as_slice().try_into().map(u32::from_be_bytes);
            let back = back.unwrap_or_else(|_| panic!("{word:#010x} `{text}`: not one word"));
            // A word that is not an instruction is reproduced exactly.
            let significant = if decode(word).is_some() { significant_bits(word) } else { u32::MAX };
            assert_eq!(
                back & significant,
                word & significant,
                "{word:#010x} `{text}` came back as {back:#010x}"
            );
            assert_eq!(decode(back), decode(word), "{word:#010x} `{text}`");
        }
    }
});
