//! Checked-in files that a task generates.

use crate::files;
use anyhow::{Result, bail};
use std::path::Path;

/// Lines that are printed of a file that is not up to date.
const SHOWN: usize = 10;

/// Compares a generated file with its expected text; `writer` is the command that writes it.
pub(crate) fn compare(path: &Path, wanted: &str, writer: &str) -> Result<()> {
    let found = files::read_text(path)?;
    if found == wanted {
        return Ok(());
    }
    let name = path.display();
    let lines = found.lines().zip(wanted.lines());
    for (found, wanted) in lines.filter(|(found, wanted)| found != wanted).take(SHOWN) {
        println!("{name}: {found}\n  should be: {wanted}");
    }
    bail!("{name} is not what came out; `{writer}` writes it")
}

/// Writes a generated file.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    files::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_was_written_or_the_error_names_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder/table.md");
        assert!(compare(&path, "a\n", "cargo xtask docs --bless").is_err(), "it is missing");
        write(&path, "a\n").unwrap();
        compare(&path, "a\n", "cargo xtask docs --bless").unwrap();
        // The second has the same lines.
        for other in ["b\n", "a", "a\nb\n"] {
            let error = compare(&path, other, "cargo xtask docs --bless").unwrap_err().to_string();
            assert!(error.contains("table.md") && error.contains("docs --bless"), "{other:?}: {error}");
        }
    }
}
