//! Checked-in files that a task generates.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Compares a generated file with its expected text, or writes it; `writer` is the command that
/// does.
pub(crate) fn compare(path: &Path, wanted: &str, bless: bool, writer: &str) -> Result<()> {
    let name = path.display();
    if bless {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        return std::fs::write(path, wanted).with_context(|| format!("writing {name}"));
    }
    let found = std::fs::read_to_string(path).with_context(|| format!("reading {name}"))?;
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
