//! `cargo xtask guests`: builds the guest programs and compares them with guest/bin.

use crate::built::program;
use crate::commands::{self, run_all};
use crate::files;
use crate::{not_run, sdk};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use xenia_testing::Tool;

/// Builds at once, each of a part of the programs, in its folder.
const BUILDS: usize = 2;
/// The build script.
const SCRIPT: &str = "guest/build.sh";
/// Folder of the checked-in binaries, and the endings of their names.
const BINARIES: &str = "guest/bin";
const ENDINGS: &[&str] = &["xex", "elf"];

/// Arguments of `cargo xtask guests`.
#[derive(Debug, Args)]
pub(crate) struct GuestsArgs {
    /// Replace the checked-in binaries with the built ones.
    #[arg(long)]
    pub(crate) bless: bool,
}

/// Names of the programs, from the script.
fn programs() -> Result<Vec<String>> {
    let names = commands::printed(Command::new(SCRIPT).arg("programs"))?;
    Ok(names.split_whitespace().map(str::to_owned).collect())
}

fn is_binary(name: &Path) -> bool {
    files::has_ending(name, ENDINGS)
}

/// The files that a build has left in a folder, by their paths below guest/bin.
fn built(out: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    // The script links into `obj` the files that it packs.
    let files = files::below(out, |name| is_binary(name) && !name.starts_with("obj"))?;
    Ok(files.into_iter().map(|file| (file.clone(), out.join(file))).collect())
}

/// Compares the built files with those of a folder, in both directions.
fn compare(built: &BTreeMap<PathBuf, PathBuf>, folder: &Path) -> Result<()> {
    for (file, path) in built {
        let checked_in = folder.join(file);
        if !checked_in.is_file() || files::read(path)? != files::read(&checked_in)? {
            bail!(
                "{} is not what its sources build; `cargo xtask guests --bless` replaces it",
                checked_in.display()
            );
        }
    }
    if let Some(file) = files::below(folder, is_binary)?.iter().find(|file| !built.contains_key(*file)) {
        bail!("{SCRIPT} does not build {}", folder.join(file).display());
    }
    Ok(())
}

/// Builds the guest programs; compares them bit for bit with the checked-in binaries, or replaces
/// those.
pub(crate) fn guests(args: &GuestsArgs) -> Result<()> {
    if !not_run::need(Tool::Gcc32, "guests")? {
        return Ok(());
    }
    let programs = programs()?;
    let stubs = sdk::guest_stubs(Path::new("target/guest/stubs"))?;
    let mut builds = Vec::new();
    let mut outs = Vec::new();
    for first in 0..BUILDS {
        let out = Path::new("target/guest").join(first.to_string());
        // A file of an earlier build would pass for one of this build.
        files::renew_folder(&out)?;
        let mut build = Command::new(SCRIPT);
        // The script changes its working folder.
        build.arg(out.canonicalize()?).args(programs.iter().skip(first).step_by(BUILDS));
        build.env("XENIA_RS", program()?).env("KERNEL_STUBS", &stubs);
        builds.push(build);
        outs.push(out);
    }
    run_all(builds)?;
    let mut files = BTreeMap::new();
    for out in &outs {
        files.extend(built(out)?);
    }
    if files.is_empty() {
        bail!("{SCRIPT} built nothing");
    }
    if args.bless {
        for (file, path) in &files {
            let to = Path::new(BINARIES).join(file);
            files::create_folder(to.parent().context("folder")?)?;
            files::copy(path, to)?;
        }
    }
    compare(&files, Path::new(BINARIES))?;
    println!(
        "{} guest programs {}",
        files.len(),
        if args.bless { "replaced" } else { "are what their sources build" }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_compared_in_every_folder_and_in_both_directions() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let bin = dir.path().join("bin");
        let write = |folder: &Path, file: &str, text: &str| {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for file in ["one.xex", "folder/of/two.xex", "three.elf"] {
            write(&out, file, file);
            write(&bin, file, file);
        }
        write(&out, "obj/one.elf", "");
        let is_wrong = |file: &str| {
            let files = built(&out).unwrap().into_iter().collect();
            let why = compare(&files, &bin).err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(why.contains(file), !why.is_empty(), "{why}");
            !why.is_empty()
        };
        assert!(!is_wrong("nothing"));
        write(&bin, "folder/four.xex", "");
        assert!(is_wrong("four.xex"));
        write(&out, "folder/four.xex", "");
        assert!(!is_wrong("nothing"));
        write(&bin, "folder/of/two.xex", "old");
        assert!(is_wrong("two.xex"));
    }
}
