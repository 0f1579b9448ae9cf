//! Checks the shaders of our own titles: the words in their C sources must equal the assembly of
//! the text above them. With `BLESS` set the words are rewritten.

use std::fmt::Write as _;
use std::path::PathBuf;

use xenia_gpu::microcode::assemble;

/// Folders of sources with shaders, and the least number of programs in each.
const FOLDERS: &[(&str, usize)] = &[("demo", 9), ("gpu-suite", 3), ("game-frame", 15)];
/// Prefix of shader text lines.
const SOURCE: &str = "//     ";
const WORDS: &str = "static const uint32_t ";

/// Returns the file with all words assembled from the text above them, and the number of programs.
fn assembled(file: &str) -> (String, usize) {
    let mut programs = 0;
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
        // A table without text above it is not a shader.
        if let Some(rest) = line.strip_prefix(WORDS).filter(|_| !source.is_empty()) {
            programs += 1;
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
    (out, programs)
}

#[test]
fn words_of_guest_shaders_match_their_source() {
    for &(name, least) in FOLDERS {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guest").join(name);
        let mut programs = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "c") {
                continue;
            }
            let file = std::fs::read_to_string(&path).unwrap();
            let (expected, found) = assembled(&file);
            programs += found;
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(path, &expected).unwrap();
            } else {
                assert!(file == expected, "{}: words differ from the text above them", path.display());
            }
        }
        assert!(programs >= least, "{name}: {programs} programs, {least} at least expected");
    }
}
