//! Every word of a real title's functions belongs to a row, and comes back from its text.
//!
//! Needs `XENIA_TITLES` (a folder with `dolphin/dolphin.xex`); skipped with a printed line without.

use std::fs::File;
use std::path::PathBuf;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, assemble, decode, disassemble, significant_bits};

#[test]
fn every_word_of_a_titles_functions_decodes() {
    let Some(titles) = std::env::var_os("XENIA_TITLES") else {
        println!("skipped: XENIA_TITLES is not set");
        return;
    };
    let path = PathBuf::from(titles).join("dolphin/dolphin.xex");
    let Ok(file) = File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let image = xenia_formats::load(&file, &KeyRing::default()).unwrap();
    let mut words = 0_u32;
    let mut texts = String::new();
    let mut batch = Vec::new();
    for function in &image.functions {
        for address in (function.start.0..function.start.0 + function.size).step_by(4) {
            let word = image.word(GuestAddr(address)).unwrap();
            assert!(decode(word).is_some(), "{address:08X}: {word:08X} is no instruction");
            words += 1;
            // A sample comes back through the assembler; all of them would take minutes unoptimised.
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
