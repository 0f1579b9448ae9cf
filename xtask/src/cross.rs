//! `cargo xtask cross SYSTEM`: builds the program for another system or processor on this host and
//! runs it under an emulation of that: conformance cases, golden runs of our own titles, random
//! sequences, racing threads, hostile titles, and tests of the crates.
//!
//! It is not part of `cargo xtask test`: the tools are large, and a run in Wine tests little of
//! drivers and nothing of the desktop, one in qemu nothing of weak memory.

mod checks;
mod target;
mod test_programs;

use crate::built::{program, target_folder};
use crate::commands::{run, spawn, wait_within};
use crate::files;
use crate::test_summary::passed_tests;
use crate::{golden, sync_suite};
use anyhow::{Context, Result, bail};
use checks::{CACHE, CHECKS, Check, Expected, GAME, hostile_checks};
use clap::Args;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use target::{System, Target};
use test_programs::TestProgram;

/// Lines that are printed of a run that fails.
const SHOWN: usize = 20;
/// Time limit of a program of tests, in time limits of a check.
const TEST_TIMEOUTS: u32 = 4;

/// Arguments of `cargo xtask cross`.
#[derive(Debug, Args)]
pub(crate) struct CrossArgs {
    /// System to build for.
    system: System,
    /// Run only the checks whose name contains this text.
    #[arg(long)]
    only: Option<String>,
}

/// The program for another system, run by an emulation of that.
struct CrossProgram {
    target: &'static Target,
    runner: PathBuf,
    program: PathBuf,
    /// Empty settings: the files of one system's devices have no names in the other.
    settings: PathBuf,
    /// Folder that titles see as game:, where a check asks for it.
    game: PathBuf,
    /// Folder of the code cache, likewise.
    cache: PathBuf,
}

/// A run that has ended, or was ended.
struct Outcome {
    /// `None`: it took too long.
    status: Option<ExitStatus>,
    /// Text of its standard output.
    output: String,
    /// Text of its standard error.
    errors: String,
}

/// Builds and checks the program for another system.
pub(crate) fn cross(args: &CrossArgs) -> Result<()> {
    let target = args.system.target();
    let only = args.only.as_deref();
    let missing = target.missing_tools()?;
    if !missing.is_empty() {
        bail!("to build and run the program for {}, install:\n  {}", target.triple, missing.join("\n  "));
    }
    // The other program's digests are compared with those of this host's program.
    program()?;
    run(target.cargo()?.args(["build", "--quiet", "--package", "xenia-rs", "--target", target.triple]))?;
    let work = target_folder().join("cross");
    let game = work.join("game");
    files::create_folder(&game)?;
    files::write(game.join("pace"), sync_suite::PACE.to_string())?;
    let cache = work.join("cache");
    files::renew_folder(&cache)?;
    let settings = work.join("empty.toml");
    files::write(&settings, "")?;
    let cross = CrossProgram {
        target,
        runner: target.runner().context("no runner")?,
        program: target_folder().join(target.triple).join(target.program).canonicalize()?,
        settings: settings.canonicalize()?,
        game: game.canonicalize()?,
        cache: cache.canonicalize()?,
    };
    let version = Command::new(&cross.runner).arg("--version").output().map(|output| output.stdout);
    let version = String::from_utf8_lossy(&version.unwrap_or_default()).into_owned();
    println!("under {}", version.lines().next().unwrap_or_default().trim());
    let mut table = Table { only, count: 0, failed: Vec::new() };
    let checks = CHECKS.iter().map(Check::from).chain(hostile_checks(target.is_fast)).chain(golden_checks()?);
    let checks = checks.filter(|check| target.has_baseline || !check.is_of_baseline());
    for check in checks.filter(|check| target.is_fast || check.expected != Expected::RestoredCode) {
        table.row(&check.name, || cross.check(&check).map(Some));
    }
    // Their names are known once they are built.
    if only.is_none_or(|only| only.starts_with("tests")) {
        for program in test_programs::build(target)? {
            table.row(&program.name, || cross.test(&program));
        }
    }
    table.end()
}

/// The table that is printed, line by line.
struct Table<'a> {
    only: Option<&'a str>,
    count: usize,
    failed: Vec<String>,
}

impl Table<'_> {
    /// Runs a check whose name is asked for. It is counted unless it has nothing to do.
    fn row(&mut self, name: &str, check: impl FnOnce() -> Result<Option<String>>) {
        if self.only.is_some_and(|only| !name.contains(only)) {
            return;
        }
        let start = Instant::now();
        let outcome = check();
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(None) => return,
            Ok(Some(result)) => println!("passed  {seconds:6.1} s  {name}: {result}"),
            Err(error) => {
                println!("FAILED  {seconds:6.1} s  {name}: {error:#}");
                self.failed.push(name.to_owned());
            }
        }
        self.count += 1;
    }

    fn end(self) -> Result<()> {
        let Self { count, failed, .. } = self;
        match (count, failed.is_empty()) {
            (0, _) => bail!("no check has this name"),
            (_, true) => println!("{count} checks, 0 failed"),
            (_, false) => bail!("{} of {count} checks failed: {}", failed.len(), failed.join(", ")),
        }
        Ok(())
    }
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

impl CrossProgram {
    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(&self.runner);
        let words = words.iter().map(|word| match word.as_str() {
            GAME => self.game.as_ref(),
            CACHE => self.cache.as_ref(),
            word => word.as_ref(),
        });
        let words: Vec<&OsStr> = words.collect();
        command.arg(&self.program).args(words).arg("--config").arg(&self.settings);
        command.envs(self.target.environment.iter().copied());
        command.env("XENIA_CODE_CACHE", "off").env("XENIA_SCRATCH", "off");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a check; returns the last line of the program's output, or else of its messages.
    fn check(&self, check: &Check) -> Result<String> {
        match check.expected {
            Expected::Success => {
                let Outcome { output, errors, .. } = self.run(&check.words)?.succeeded()?;
                let last = |text: &str| text.lines().rfind(|line| !line.is_empty()).map(str::to_owned);
                Ok(last(&output).or_else(|| last(&errors)).unwrap_or_default())
            }
            Expected::SameDigest => self.compare_with_host(&check.words),
            Expected::RestoredCode => self.restore_code(&check.words),
        }
    }

    fn run(&self, words: &[String]) -> Result<Outcome> {
        output_in_time(&mut self.command(words), self.target.timeout)
    }

    /// Runs a program of tests in its crate's folder; `None` if it has no test.
    fn test(&self, program: &TestProgram) -> Result<Option<String>> {
        let mut command = Command::new(self.runner.canonicalize()?);
        command.arg(&program.path).args(program.words).arg("--quiet").current_dir(&program.folder);
        command.envs(self.target.environment.iter().copied()).stdin(Stdio::null());
        // There is no cargo that could report it.
        command.env("INSTA_WORKSPACE_ROOT", std::env::current_dir()?).env("INSTA_UPDATE", "no");
        let timeout = self.target.timeout * TEST_TIMEOUTS;
        let outcome = output_in_time(&mut command, timeout)?.succeeded()?;
        let count = passed_tests(&outcome.output);
        Ok((count > 0).then(|| format!("{count} passed")))
    }

    /// Compares exit code and digest of a run in lockstep with those of this host's program.
    fn compare_with_host(&self, words: &[String]) -> Result<String> {
        let words = [words, &json()].concat();
        let there = self.run(&words)?;
        let here = output_in_time(crate::built::xenia_rs()?.args(&words), self.target.timeout)?;
        let code = |outcome: &Outcome| outcome.status.and_then(|status| status.code());
        let code_there = code(&there);
        let code_here = code(&here);
        let there = digest(&there)?;
        let here = digest(&here)?;
        if (code_there, &there) != (code_here, &here) {
            bail!("exit {code_there:?}, digest {there}, and {code_here:?}, {here} on this host");
        }
        Ok(format!("digest {there}, as on this host"))
    }

    /// Runs a title twice with one code cache; returns how much the second run restored.
    fn restore_code(&self, words: &[String]) -> Result<String> {
        let words = [words, &json()].concat();
        let first = self.run(&words)?.succeeded()?;
        let second = self.run(&words)?.succeeded()?;
        let restored = |outcome: &Outcome| {
            report(outcome).map(|report| report["code_cache"]["regions_restored"].as_u64())
        };
        match (restored(&first)?, restored(&second)?) {
            (Some(0), Some(restored @ 1..)) if digest(&first)? == digest(&second)? => {
                Ok(format!("{restored} regions restored"))
            }
            (before, after) => {
                bail!("{before:?} and {after:?} regions restored\n{}", second.errors)
            }
        }
    }
}

impl Outcome {
    /// The run, if it ended with 0; else an error with its last lines.
    fn succeeded(self) -> Result<Self> {
        if self.status.is_some_and(|status| status.success()) {
            return Ok(self);
        }
        let how = self.status.map_or_else(|| "no end in time".to_owned(), |status| status.to_string());
        bail!("{how}\n{}", self.last_lines())
    }

    fn last_lines(&self) -> String {
        let lines = self.output.lines().chain(self.errors.lines()).filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

/// Runs a command, and ends it if it takes too long. Output and errors go to files, so that neither
/// fills a pipe.
fn output_in_time(command: &mut Command, timeout: Duration) -> Result<Outcome> {
    let mut output = tempfile::tempfile()?;
    let mut errors = tempfile::tempfile()?;
    let mut child = spawn(command.stdout(output.try_clone()?).stderr(errors.try_clone()?))?;
    let status = wait_within(&mut child, timeout)?;
    let text = |file: &mut File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Outcome { status, output: text(&mut output)?, errors: text(&mut errors)? })
}

fn json() -> [String; 2] {
    ["--json", "-"].map(str::to_owned)
}

/// A run's report, its output.
fn report(outcome: &Outcome) -> Result<Value> {
    serde_json::from_str(&outcome.output).with_context(|| format!("no report\n{}", outcome.last_lines()))
}

/// The digest in a run's report.
fn digest(outcome: &Outcome) -> Result<String> {
    Ok(report(outcome)?["digest"].as_str().context("no digest")?.to_owned())
}
