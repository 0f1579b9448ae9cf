//! Checks that crates whose doc tests are off (`doctest = false`) have no example in their docs.
//!
//! rustdoc analyses a whole crate before it finds that there is nothing to run, so the crates
//! without examples switch their doc tests off.

use super::Source;
use crate::files;
use anyhow::Result;

/// Folders with a manifest, beside those of `crates`.
const OTHERS: [&str; 2] = ["jit-tests", "benches"];

/// Runs the check.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let mut folders = files::list("crates")?;
    folders.extend(OTHERS.map(Into::into));
    for folder in folders {
        let manifest = folder.join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else { continue };
        if !text.lines().any(|line| line.trim() == "doctest = false") {
            continue;
        }
        let inside = sources.iter().filter(|source| source.path.starts_with(folder.join("src")));
        for source in inside.filter(|source| has_example(&source.text)) {
            findings.push(format!(
                "{}: an example that does not run: remove `doctest = false` from {}",
                source.path_text(),
                manifest.display()
            ));
        }
    }
    Ok(())
}

/// Whether rustdoc runs or compiles a block with these words behind its backticks.
fn is_tested(info: &str) -> bool {
    let is_error = |word: &str| {
        word.strip_prefix('E').is_some_and(|digits| digits.len() == 4 && digits.parse::<u16>().is_ok())
    };
    let words = ["", "rust", "no_run", "should_panic", "compile_fail"];
    info.split([',', ' ']).all(|word| words.contains(&word) || word.starts_with("edition") || is_error(word))
}

/// Whether doc comments have a block of Rust that rustdoc would run.
fn has_example(text: &str) -> bool {
    let mut is_inside = false;
    for line in text.lines().map(str::trim_start) {
        let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_inside = false;
            continue;
        };
        if let Some(info) = doc.trim_start().strip_prefix("```") {
            if !is_inside && is_tested(info) {
                return true;
            }
            is_inside = !is_inside;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_of_rust_are_examples() {
        assert!(has_example("/// Adds.\n/// ```\n/// assert!(true);\n/// ```\nfn add() {}"));
        assert!(has_example("//! ```no_run\n//! run();\n//! ```"));
        assert!(has_example("//! ```compile_fail,E0277\n//! run();\n//! ```"));
        assert!(has_example("/// ```rust, no_run\n/// run();\n/// ```"));
        assert!(has_example("/// ``` edition2021\n/// run();\n/// ```"));
        assert!(!has_example("/// ```rust,ignore\n/// run();\n/// ```"));
        assert!(!has_example("//! ```text\n//! a ─► b\n//! ```\nfn f() {}"));
        assert!(!has_example("/// ```text\n/// a\n/// ```\n/// b\nlet text = \"```\";"));
    }
}
