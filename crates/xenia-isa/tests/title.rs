//! Every word of a real title's functions decodes, and assembles from its disassembly.
//!
//! Needs `XENIA_TITLES` (a folder with `dolphin/dolphin.xex`); skipped otherwise.

use std::fs::File;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, assemble, decode, disassemble, significant_bits};

#[test]
fn every_word_of_a_titles_functions_decodes() {
    let Some(path) = xenia_testing::title("dolphin/dolphin.xex") else { return };
    let file = File::open(path).unwrap();
    let image = xenia_formats::load(&file, &KeyRing::default()).unwrap();
    let mut words = 0_u32;
    let mut texts = String::new();
    let mut batch = Vec::new();
    for function in &image.functions {
        for address in (function.start.0..function.start.0 + function.size).step_by(4) {
            let word = image.word(GuestAddr(address)).unwrap();
            assert!(decode(word).is_some(), "{address:08X}: {word:08X} is not an instruction");
            words += 1;
            // Only a sample is assembled; all words would take minutes in an unoptimised build.
            if words.is_multiple_of(7) {
                let text = disassemble(word, 0x8201_0000 + 4 * batch.len() as u32, Syntax::Simplified);
                texts.push_str(&text);
                texts.push('\n');
                batch.push(word);
            }
        }
    }
    assert!(words > 100_000, "only {words} words in .pdata functions");
    let assembly = assemble(&texts, 0x8201_0000).unwrap();
    for ((bytes, &word), text) in assembly.bytes.chunks(4).zip(&batch).zip(texts.lines()) {
        let back = u32::from_be_bytes(bytes.try_into().unwrap());
        let significant = significant_bits(word);
        assert_eq!(back & significant, word & significant, "{text}");
    }
    println!("{words} words decoded, {} through the assembler", batch.len());
}
