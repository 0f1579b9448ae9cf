//! `cargo xtask real-programs`: complete third-party programs, with files, threads and test suites,
//! run as titles.
//!
//! guest/real-programs has a folder for each: `build.sh` builds it, once with the host's compiler
//! and once with the title compiler; `program.toml` lists the runs and their files. A run is
//! correct if the title prints what the native program prints, ends with its exit code, and leaves
//! the same files, byte for byte; and if every lockstep mode ends in the same digest.

pub(crate) mod build;
pub(crate) mod catalogue;
mod crashes;
mod pictures;
pub(crate) mod run;
mod transcripts;

use crate::programs::{self, fetch};
use crate::sdk::Sdk;
use crate::{apt, built, not_run};
use anyhow::{Context, Result, bail};
use catalogue::{Extent, RealProgram};
use clap::Args;
use run::ProgramMode;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;
use xenia_testing::Tool;

/// Folder of the descriptions.
const DESCRIBED: &str = "guest/real-programs";
/// Programs for CI: their runs that are marked as small.
const SMALL_SET: [&str; 2] = ["system", "zlib"];
/// Programs of a long run, each with its short inputs.
const LONG_SET: [&str; 4] = ["jim", "png", "system", "zlib"];

/// Arguments of `cargo xtask real-programs`.
#[derive(Debug, Args)]
pub(crate) struct RealProgramsArgs {
    /// Only these programs (default: all).
    names: Vec<String>,
    /// Modes to run them in.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "jit,parallel")]
    modes: Vec<ProgramMode>,
    /// Only runs that are marked as small.
    #[arg(long)]
    small: bool,
    /// Only runs that are marked as large.
    #[arg(long, conflicts_with = "small")]
    large: bool,
    /// Instead: create a database of this many MB, close it and open it again.
    #[arg(long, value_name = "MB", conflicts_with_all = ["names", "modes", "small", "large"])]
    database: Option<u32>,
    /// Instead: kill a program that writes a database, this many times, and check the database each
    /// time.
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["names", "modes", "small", "large"])]
    kill: Option<u32>,
}

/// Builds, runs and compares.
pub(crate) fn run(args: &RealProgramsArgs) -> Result<()> {
    if args.database.is_some() || args.kill.is_some() {
        let (folder, _) = provide(&["sqlite".to_owned()])?;
        let title = folder.join("sqlite/guest/grow").join(build::TITLE);
        if let Some(size) = args.database {
            crashes::large(&folder, &title, size)?;
        }
        return args.kill.map_or(Ok(()), |times| crashes::kills(&folder, &title, times));
    }
    let (folder, programs) = provide(&args.names)?;
    let extent = match (args.small, args.large) {
        (true, _) => Extent::Small,
        (_, true) => Extent::Large,
        _ => Extent::Full,
    };
    compare(&folder, &programs, &args.modes, extent)
}

/// A few runs, in CI; prints a message and passes if compiler or sources are missing.
pub(crate) fn small_set() -> Result<()> {
    run_set(&SMALL_SET)
}

/// The programs of a long run.
pub(crate) fn long_set() -> Result<()> {
    run_set(&LONG_SET)
}

fn run_set(names: &[&str]) -> Result<()> {
    for tool in [Tool::Gcc32, Tool::Sources] {
        if !not_run::need(tool, "real programs")? {
            return Ok(());
        }
    }
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let programs = select(&names)?;
    if let Err(why) = fetched(&programs) {
        return not_run::write_down("real programs", Tool::Sources, &format!("{why:#}"));
    }
    let (folder, programs) = provide(&names)?;
    compare(&folder, &programs, &[ProgramMode::Jit], Extent::Small)
}

/// Runs every program in every mode; the error lists all that differ.
fn compare(folder: &Path, programs: &[RealProgram], modes: &[ProgramMode], extent: Extent) -> Result<()> {
    let mut wrong = Vec::new();
    let mut runs = 0;
    for program in programs {
        let begun = Instant::now();
        let mut outcome = run::run(folder, program, modes, extent)?;
        if extent == Extent::Full && modes.contains(&ProgramMode::Jit) {
            pictures::compare(folder, program, &mut outcome)?;
            transcripts::compare(folder, program, &mut outcome)?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!("{}: {} runs, {} wrong, {seconds:.0} s", program.name, outcome.runs, outcome.wrong.len());
        runs += outcome.runs;
        wrong.extend(outcome.wrong);
    }
    if !wrong.is_empty() {
        bail!("{} of {runs} runs are not as the native ones:\n{}", wrong.len(), wrong.join("\n"));
    }
    if runs == 0 {
        bail!("nothing was run");
    }
    println!("{runs} runs are as the native ones");
    Ok(())
}

/// The programs with these names, or all.
pub(crate) fn select(names: &[String]) -> Result<Vec<RealProgram>> {
    let mut programs = catalogue::read(Path::new(DESCRIBED))?;
    if let Some(name) = names.iter().find(|name| programs.iter().all(|one| one.name != **name)) {
        bail!("no program {name} in {DESCRIBED}");
    }
    programs.retain(|program| names.is_empty() || names.contains(&program.name));
    Ok(programs)
}

/// Fetches the packages of the programs; returns their folder.
pub(crate) fn fetched(programs: &[RealProgram]) -> Result<PathBuf> {
    let packages = programs::folder()?;
    let catalogue = programs::catalogue::Catalogue::read(Path::new(programs::DESCRIBED))?;
    let mut names: BTreeSet<&str> =
        programs.iter().flat_map(|program| &program.packages).map(String::as_str).collect();
    names.insert(programs::catalogue::LIBRARY);
    fetch::fetch_packages(&packages, &catalogue.sources, names)?;
    Ok(packages)
}

/// Folder of the built programs.
pub(crate) fn folder() -> Result<PathBuf> {
    built::work_folder("real-programs")
}

/// Builds the programs; returns the folder and the programs, without those whose requirements are
/// missing.
fn provide(names: &[String]) -> Result<(PathBuf, Vec<RealProgram>)> {
    let mut programs = select(names)?;
    programs.retain(|program| match &program.needs {
        Some(tool) if !apt::has(tool) => {
            println!("{} is not built: there is no {tool}", program.name);
            false
        }
        _ => true,
    });
    let packages = fetched(&programs)?;
    let sdk = Sdk::provide()?;
    let folder = folder()?;
    for program in &programs {
        build::provide(&folder, &packages.join("sources"), &sdk, program)
            .with_context(|| format!("building {}", program.name))?;
    }
    Ok((folder, programs))
}
