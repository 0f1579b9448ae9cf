//! `cargo xtask cross windows`: builds the program for Windows on this host and runs it under Wine:
//! conformance cases, golden runs of our own titles, random sequences, racing threads, and tests of
//! the crates that know the host.
//!
//! It is not part of `cargo xtask test`: the tools are large, and a run in Wine says little about
//! drivers and nothing about the desktop.

mod checks;

use crate::steps::{linting_cargo, program, run, target_folder};
use crate::{golden, sync_suite};
use anyhow::{Context, Result, bail};
use checks::{CHECKS, Check, Expected, GAME};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Names the program that runs a Windows program, in place of Wine: such as a script that does so
/// in a root of another system.
const WINE: &str = "XENIA_WINE";
/// Places of Wine, in order of preference. Debian's package wine64 puts it into none of PATH's
/// folders.
const WINES: [&str; 3] = ["wine64", "wine", "/usr/lib/wine/wine64"];
const TARGET: &str = "x86_64-pc-windows-gnu";
const LINKER: &str = "x86_64-w64-mingw32-gcc";
/// Crates whose tests run under Wine.
const TESTED: &[&str] = &["xenia-host", "xenia-memory"];
/// Their programs of tests, beside those of the libraries. The others need signals and `/proc`.
const TEST_PROGRAMS: &[&str] = &["float", "no_allocation", "place", "tests"];
/// Limit of a check's time.
const PATIENCE: Duration = Duration::from_mins(5);
const LOOK: Duration = Duration::from_millis(20);
/// Lines that are printed of a run that fails.
const SHOWN: usize = 20;

/// Systems to build for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    /// Windows on x86-64, under Wine.
    Windows,
}

/// Arguments of `cargo xtask cross`.
#[derive(Debug, Args)]
pub(crate) struct CrossArgs {
    /// System to build for.
    system: System,
    /// Run only the checks whose name contains this text.
    #[arg(long)]
    only: Option<String>,
}

/// Builds and checks the program for another system.
pub(crate) fn cross(args: &CrossArgs) -> Result<()> {
    match args.system {
        System::Windows => windows(args.only.as_deref()),
    }
}

/// A Windows program, run by Wine.
struct Wine {
    runner: PathBuf,
    program: PathBuf,
    /// Empty settings: the files of one system's devices have no names in the other.
    settings: PathBuf,
    /// Folder that titles see as game:, where a check asks for it.
    game: PathBuf,
}

fn windows(only: Option<&str>) -> Result<()> {
    let missing = missing_tools()?;
    if !missing.is_empty() {
        bail!("to build and run the program for Windows, install:\n  {}", missing.join("\n  "));
    }
    // Its digests are what those of the other program are compared with.
    program()?;
    run(linting_cargo()?.args(["build", "--quiet", "--package", "xenia-rs", "--target", TARGET]))?;
    let work = target_folder().join("cross");
    let game = work.join("game");
    std::fs::create_dir_all(&game)?;
    std::fs::write(game.join("pace"), sync_suite::PACE)?;
    let settings = work.join("empty.toml");
    std::fs::write(&settings, "")?;
    let wine = Wine {
        runner: wine().context("no Wine")?,
        program: target_folder().join(TARGET).join("debug/xenia-rs.exe").canonicalize()?,
        settings: settings.canonicalize()?,
        game: game.canonicalize()?,
    };
    let version = Command::new(&wine.runner).arg("--version").output().map(|output| output.stdout);
    println!("under {}", String::from_utf8_lossy(&version.unwrap_or_default()).trim());
    let checks = CHECKS.iter().map(Check::from).chain(golden_checks()?);
    let mut failed = Vec::new();
    let mut count = 0;
    for check in checks.filter(|check| only.is_none_or(|only| check.name.contains(only))) {
        count += 1;
        let start = Instant::now();
        let outcome = wine.check(&check);
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(said) => println!("passed  {seconds:6.1} s  {}: {said}", check.name),
            Err(error) => {
                println!("FAILED  {seconds:6.1} s  {}: {error:#}", check.name);
                failed.push(check.name);
            }
        }
    }
    if only.is_none_or(|only| "tests".contains(only)) {
        count += 1;
        if let Err(error) = tests(&wine.runner) {
            println!("FAILED           tests: {error:#}");
            failed.push("tests".to_owned());
        }
    }
    match (count, failed.is_empty()) {
        (0, _) => bail!("no check has this name"),
        (_, true) => println!("{count} checks passed"),
        (_, false) => bail!("{} of {count} checks failed: {}", failed.len(), failed.join(", ")),
    }
    Ok(())
}

/// Tools that are missing, each with its package.
fn missing_tools() -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let folder =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output()?.stdout;
    if !Path::new(String::from_utf8_lossy(&folder).trim()).is_dir() {
        missing.push(format!("the standard library: rustup target add {TARGET}"));
    }
    if in_path(LINKER).is_none() {
        missing.push(format!("{LINKER} (Debian: gcc-mingw-w64-x86-64-win32, mingw-w64-x86-64-dev)"));
    }
    if wine().is_none() {
        missing.push(format!(
            "Wine 10 (Debian 13: wine64), or name a program that runs it by {WINE} \
             (docs/src/windows.md)"
        ));
    }
    Ok(missing)
}

fn in_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn wine() -> Option<PathBuf> {
    let named = std::env::var_os(WINE).map(PathBuf::from);
    named.or_else(|| WINES.iter().find_map(|name| in_path(name)))
}

/// Golden runs of our own titles, on each engine.
fn golden_checks() -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for case in golden::our_cases()? {
        for engine in
            [&[][..], &["--interp"], &["--reservations-table", "--warm-up", "4"], &["--cross-check"]]
        {
            let stem = case.file.file_stem().unwrap_or_default().display();
            let name = format!("golden {stem} {}", engine.join(" "));
            let mut words = vec!["check".to_owned(), case.title.display().to_string()];
            words.extend(case.limits.iter().cloned());
            words.extend(["--expect".to_owned(), case.file.display().to_string()]);
            words.extend(engine.iter().map(ToString::to_string));
            checks.push(Check { name: name.trim().to_owned(), words, expected: Expected::Success });
        }
    }
    Ok(checks)
}

/// Tests of the crates that know the host.
fn tests(wine: &Path) -> Result<()> {
    let mut command = linting_cargo()?;
    command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", wine.canonicalize()?).env("WINEDEBUG", "-all");
    command.args(["test", "--quiet", "--target", TARGET, "--lib"]);
    command.args(TESTED.iter().flat_map(|package| ["--package", package]));
    run(command.args(TEST_PROGRAMS.iter().flat_map(|program| ["--test", program])))
}

impl Wine {
    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(&self.runner);
        let words = words.iter().map(|word| if word == GAME { self.game.as_ref() } else { word.as_ref() });
        let words: Vec<&OsStr> = words.collect();
        command.arg(&self.program).args(words).arg("--config").arg(&self.settings);
        command.env("WINEDEBUG", "-all").env("XENIA_CODE_CACHE", "off").env("XENIA_SCRATCH", "off");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a check; returns the last line that the program prints.
    fn check(&self, check: &Check) -> Result<String> {
        let (status, all) = output_in_time(&mut self.command(&check.words))?;
        let said = String::from_utf8_lossy(&all);
        let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
        if !status.is_some_and(|status| status.success()) {
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            let how = status.map_or_else(|| format!("no end in {PATIENCE:?}"), |status| status.to_string());
            bail!("{how}\n{last}");
        }
        match check.expected {
            Expected::Success => Ok((*lines.last().unwrap_or(&"")).to_owned()),
            Expected::SameDigest => self.compare_digests(&check.words),
        }
    }

    /// Compares the digest of a run in lockstep with that of this host's program.
    fn compare_digests(&self, words: &[String]) -> Result<String> {
        let theirs = digest(&mut self.command(&[words, &json()].concat()))?;
        let ours = digest(crate::steps::xenia_rs()?.args(words).args(json()))?;
        if theirs != ours {
            bail!("digest {theirs}, and {ours} on this host");
        }
        Ok(format!("digest {theirs}, as on this host"))
    }
}

/// Runs a command, and ends it if it takes too long; the status is `None` then. Output and errors
/// go to one file, so that neither fills a pipe.
fn output_in_time(command: &mut Command) -> Result<(Option<ExitStatus>, Vec<u8>)> {
    let mut said = tempfile::tempfile()?;
    let mut child = command.stdout(said.try_clone()?).stderr(said.try_clone()?).spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(LOOK);
    };
    let mut bytes = Vec::new();
    said.rewind()?;
    said.read_to_end(&mut bytes)?;
    Ok((status, bytes))
}

fn json() -> [String; 2] {
    ["--json", "-"].map(str::to_owned)
}

/// The digest in a run's report.
fn digest(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output()?;
    let report: Value = serde_json::from_slice(&output.stdout).context("no report")?;
    Ok(report["digest"].as_str().context("no digest")?.to_owned())
}
