//! `cargo xtask docs`: compares the tables in `docs/generated` with the program's data.
//!
//! `xenia-rs generate` lists the tables and prints each; this compares them with the checked-in
//! files, in both directions: a file without a table is a finding, too.

use crate::built::xenia_rs;
use crate::{commands, files, generated, gpu_suite};
use anyhow::{Result, bail};
use clap::Args;
use std::path::Path;

/// Folder of the generated files.
const FOLDER: &str = "docs/generated";

/// Arguments of `cargo xtask docs`.
#[derive(Debug, Default, Args)]
pub(crate) struct DocsArgs {
    /// Write the tables instead of comparing them.
    #[arg(long)]
    bless: bool,
}

/// Compares every generated table with its file, or writes it.
pub(crate) fn run(args: &DocsArgs) -> Result<()> {
    let listed = generate(&[])?;
    let kinds: Vec<&str> = listed.lines().collect();
    if kinds.is_empty() {
        bail!("`xenia-rs generate` names no table");
    }
    for kind in &kinds {
        let file = Path::new(FOLDER).join(kind).with_extension("md");
        let table = generate(&[kind])?;
        if args.bless {
            generated::write(&file, &table)?;
        } else {
            generated::compare(&file, &table, "cargo xtask docs --bless")?;
        }
    }
    for path in files::list(FOLDER)? {
        let known = path == Path::new(gpu_suite::TABLE)
            || path.file_stem().is_some_and(|stem| kinds.iter().any(|kind| stem == *kind));
        if !known {
            bail!("{} is written by nothing", path.display());
        }
    }
    println!("docs: {} tables {}", kinds.len(), if args.bless { "written" } else { "are what the rows say" });
    Ok(())
}

fn generate(words: &[&str]) -> Result<String> {
    commands::printed(xenia_rs()?.arg("generate").args(words))
}
