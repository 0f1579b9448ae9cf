//! `cargo xtask cases`: compares the conformance cases with the output of `make-cases`.
//!
//! Files without the generator's marker line are hand-written. A manual edit of a generated file
//! would be lost at the next run.

use crate::built::target_folder;
use crate::commands::run;
use crate::files;
use crate::generated;
use crate::not_run;
use anyhow::{Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;
use xenia_testing::Tool;

/// Folder of the cases.
const FOLDER: &str = "jit-tests";
/// The marker line of generated files.
const MARK: &str = "# Written by make-cases";

/// Arguments of `cargo xtask cases`.
#[derive(Debug, Default, Args)]
pub(crate) struct CasesArgs {
    /// Write the cases instead of comparing them.
    #[arg(long)]
    bless: bool,
}

/// Compares every generated case file, in both directions, or writes them.
pub(crate) fn check(args: &CasesArgs) -> Result<()> {
    // qemu provides the expected values.
    if !not_run::need(Tool::Qemu, "cases")? {
        return Ok(());
    }
    let program = target_folder().join("debug/make-cases");
    if args.bless {
        return run(Command::new(&program).arg(FOLDER));
    }
    let out = target_folder().join("cases");
    files::remove_folder(&out)?;
    run(Command::new(&program).arg(&out).stdout(std::process::Stdio::null()))?;
    let written = case_files(&out)?;
    if written.is_empty() {
        bail!("{} wrote nothing", program.display());
    }
    for file in &written {
        let wanted = files::read_text(out.join(file))?;
        generated::compare(&Path::new(FOLDER).join(file), &wanted, "cargo xtask cases --bless")?;
    }
    let mut by_hand = 0;
    for file in case_files(Path::new(FOLDER))?.iter().filter(|file| !written.contains(file)) {
        let text = files::read_text(Path::new(FOLDER).join(file))?;
        if text.contains(MARK) {
            bail!("{FOLDER}/{} says that make-cases wrote it, but that doesn't", file.display());
        }
        by_hand += 1;
    }
    println!("cases: {} files are what make-cases writes, {by_hand} are written by hand", written.len());
    Ok(())
}

/// Every case file below a folder, relative to it.
fn case_files(folder: &Path) -> Result<Vec<PathBuf>> {
    files::below(folder, |name| files::has_ending(name, &["s"]))
}
