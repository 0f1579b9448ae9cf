//! `cargo xtask guests`: builds the guest programs and compares them with guest/bin.

use crate::not_run;
use crate::steps::{program, run_all};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::Path;
use std::process::Command;
use xenia_testing::Tool;

/// Builds at once, each of a part of the programs, in its folder.
const BUILDS: usize = 2;
/// The build script.
const SCRIPT: &str = "guest/build.sh";

/// Arguments of `cargo xtask guests`.
#[derive(Debug, Args)]
pub(crate) struct GuestsArgs {
    /// Replace the checked-in binaries with the built ones.
    #[arg(long)]
    pub(crate) bless: bool,
}

/// Names of the programs, from the script.
fn programs() -> Result<Vec<String>> {
    let output = Command::new(SCRIPT).arg("programs").output().context(SCRIPT)?;
    let names = String::from_utf8(output.stdout)?;
    Ok(names.split_whitespace().map(str::to_owned).collect())
}

/// Builds the guest programs; compares them bit for bit with the checked-in binaries, or replaces
/// those.
pub(crate) fn guests(args: &GuestsArgs) -> Result<()> {
    if !not_run::need(Tool::Gcc32, "guests")? {
        return Ok(());
    }
    let programs = programs()?;
    let share = |first| programs.iter().skip(first).step_by(BUILDS).collect::<Vec<_>>();
    let halves: Vec<(String, Vec<&String>)> =
        (0..BUILDS).map(|first| (first.to_string(), share(first))).collect();
    let mut builds = Vec::new();
    let mut files = Vec::new();
    for (name, programs) in &halves {
        let out = Path::new("target/guest").join(name);
        std::fs::create_dir_all(&out)?;
        let mut build = Command::new(SCRIPT);
        // The script changes its working folder.
        build.arg(out.canonicalize()?).args(programs).env("XENIA_RS", program()?);
        builds.push(build);
    }
    run_all(builds)?;
    for (name, _) in &halves {
        let out = Path::new("target/guest").join(name);
        let folders = ["", "console-suite", "hostile", "linked", "races", "sound"];
        for folder in folders.map(|folder| out.join(folder)).iter().filter(|folder| folder.is_dir()) {
            for entry in std::fs::read_dir(folder)? {
                files.push((out.clone(), entry?.path()));
            }
        }
    }
    let mut compared = 0;
    for (out, built) in files {
        let checked_in = Path::new("guest/bin").join(built.strip_prefix(&out)?);
        if built.extension().is_none_or(|e| e != "xex" && e != "elf")
            || built.file_name() == Some("obj".as_ref())
        {
            continue;
        }
        if args.bless {
            std::fs::copy(&built, &checked_in)?;
        } else if !checked_in.is_file() || std::fs::read(&built)? != std::fs::read(&checked_in)? {
            bail!(
                "{} is not what its sources build; `cargo xtask guests --bless` replaces it",
                checked_in.display()
            );
        }
        compared += 1;
    }
    if compared == 0 {
        bail!("guest/build.sh built nothing");
    }
    println!(
        "{compared} guest programs {}",
        if args.bless { "replaced" } else { "are what their sources build" }
    );
    Ok(())
}
