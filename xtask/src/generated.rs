//! Checked-in files that a task generates.

use crate::files;
use anyhow::{Result, bail};
use std::path::Path;

/// Compares a generated file with its expected text, or writes it; `writer` is the command that
/// does.
pub(crate) fn compare(path: &Path, wanted: &str, bless: bool, writer: &str) -> Result<()> {
    let name = path.display();
    if bless {
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        return files::write(path, wanted);
    }
    let found = files::read_text(path)?;
    for (found, wanted) in
        found.lines().zip(wanted.lines()).filter(|(found, wanted)| found != wanted).take(10)
    {
        println!("{name}: {found}\n  should be: {wanted}");
    }
    if found != wanted {
        bail!("{name} is not what came out; `{writer}` writes it");
    }
    Ok(())
}
