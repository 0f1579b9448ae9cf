//! `cargo xtask reproducible`: builds the program twice from one commit, in two folders, and
//! compares the bytes.
//!
//! `--remap-path-prefix` removes the build's paths from the output: the folders of the sources and
//! of the registry. The caller chooses the compiler version: other versions generate other bytes.

use crate::arguments::output;
use crate::commands::run;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Arguments of `cargo xtask reproducible`.
#[derive(Debug, Args)]
pub(crate) struct ReproducibleArgs {
    /// Commit to build.
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    commit: String,
    /// Folder for the two builds; needs some gigabytes. Build files are removed.
    #[arg(long, value_name = "FOLDER", value_parser = output(), default_value = "target/reproducible")]
    work: PathBuf,
}

/// Builds twice and compares.
pub(crate) fn reproducible(args: &ReproducibleArgs) -> Result<()> {
    files::create_folder(&args.work)?;
    let work = args.work.canonicalize()?;
    let build_in =
        |name: &str| build(&args.commit, &work.join(name)).with_context(|| format!("the build in {name}"));
    // Folder names of different lengths, too.
    let first = build_in("first")?;
    let second = build_in("the-second-one")?;
    if first == second {
        println!("reproducible: {} bytes, both {}", first.len(), blake3::hash(&first));
        return Ok(());
    }
    let at = first.iter().zip(&second).position(|(a, b)| a != b).unwrap_or(first.len().min(second.len()));
    bail!("the two builds differ: {} and {} bytes, first at byte {at:#x}", first.len(), second.len())
}

fn build(commit: &str, folder: &Path) -> Result<Vec<u8>> {
    files::remove_folder(folder)?;
    run(Command::new("git").args(["clone", "--quiet", "--no-checkout", "."]).arg(folder))?;
    run(Command::new("git").arg("-C").arg(folder).args(["checkout", "--quiet", "--detach"]).arg(commit))?;
    let registry = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cargo"),
    };
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let flags = [remap(folder, "/xenia-rs"), remap(&registry, "/cargo")];
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--quiet", "--package", "xenia-rs"]).current_dir(folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).env("CARGO_TARGET_DIR", folder.join("target"));
    // Not the flags that this task was called with.
    run(cargo.env_remove("RUSTC_WORKSPACE_WRAPPER").env_remove("RUSTFLAGS"))?;
    let program = folder.join("target/release/xenia-rs");
    let bytes = files::read(&program)?;
    files::remove_folder(folder)?;
    Ok(bytes)
}
