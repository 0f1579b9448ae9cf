//! The demo title's shaders: the words in `guest/demo/shaders.c` are what the assembler makes of the
//! text above them. With `BLESS` set the words are written anew.
#![allow(missing_docs)]

use std::fmt::Write as _;

use xenia_gpu::microcode::assemble;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/demo/shaders.c");
/// What lines of shader text begin with.
const SOURCE: &str = "//     ";
const WORDS: &str = "static const uint32_t ";

/// The file with all words made from the text above them.
fn assembled(file: &str) -> String {
    let mut out = String::new();
    let mut source = String::new();
    let mut skipping = false;
    for line in file.lines() {
        if skipping {
            skipping = !line.ends_with("};");
            continue;
        }
        if let Some(text) = line.strip_prefix(SOURCE) {
            source.push_str(text);
            source.push('\n');
        }
        if let Some(rest) = line.strip_prefix(WORDS) {
            let name = rest.split('[').next().unwrap_or_default();
            let code =
                assemble(&std::mem::take(&mut source)).unwrap_or_else(|error| panic!("{name}: {error}"));
            writeln!(out, "{WORDS}{name}[] = {{").unwrap();
            for row in code.chunks(8) {
                let words: Vec<String> = row.iter().map(|word| format!("0x{word:08X},")).collect();
                writeln!(out, "    {}", words.join(" ")).unwrap();
            }
            out.push_str("};\n");
            skipping = !line.ends_with("};");
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[test]
fn the_words_are_those_of_the_text() {
    let file = std::fs::read_to_string(PATH).unwrap();
    let expected = assembled(&file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PATH, &expected).unwrap();
    } else {
        assert_eq!(file, expected);
    }
    assert!(file.matches(WORDS).count() >= 8);
}
