//! `cargo xtask cross SYSTEM`: builds the program for another system or processor on this host and
//! runs it under an emulation of that: conformance cases, golden runs of our own titles, random
//! sequences, racing threads, and tests of the crates that know the host.
//!
//! It is not part of `cargo xtask test`: the tools are large, and a run in Wine says little about
//! drivers and nothing about the desktop, one in qemu nothing about weak memory.

mod checks;
mod target;

use crate::steps::{program, run, target_folder};
use crate::{golden, sync_suite};
use anyhow::{Context, Result, bail};
use checks::{CHECKS, Check, Expected, GAME};
use clap::Args;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use target::{System, Target};

const LOOK: Duration = Duration::from_millis(20);
/// Lines that are printed of a run that fails.
const SHOWN: usize = 20;

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
}

/// Builds and checks the program for another system.
pub(crate) fn cross(args: &CrossArgs) -> Result<()> {
    let (target, only) = (args.system.target(), args.only.as_deref());
    let missing = target.missing_tools()?;
    if !missing.is_empty() {
        bail!("to build and run the program for {}, install:\n  {}", target.triple, missing.join("\n  "));
    }
    // Its digests are what those of the other program are compared with.
    program()?;
    run(target.cargo()?.args(["build", "--quiet", "--package", "xenia-rs", "--target", target.triple]))?;
    let work = target_folder().join("cross");
    let game = work.join("game");
    std::fs::create_dir_all(&game)?;
    std::fs::write(game.join("pace"), sync_suite::PACE)?;
    let settings = work.join("empty.toml");
    std::fs::write(&settings, "")?;
    let cross = CrossProgram {
        target,
        runner: target.runner().context("no runner")?,
        program: target_folder().join(target.triple).join(target.program).canonicalize()?,
        settings: settings.canonicalize()?,
        game: game.canonicalize()?,
    };
    let version = Command::new(&cross.runner).arg("--version").output().map(|output| output.stdout);
    let version = String::from_utf8_lossy(&version.unwrap_or_default()).into_owned();
    println!("under {}", version.lines().next().unwrap_or_default().trim());
    let checks = CHECKS.iter().map(Check::from).chain(golden_checks()?);
    let mut failed = Vec::new();
    let mut count = 0;
    for check in checks
        .filter(|check| target.has_baseline || !check.is_of_baseline())
        .filter(|check| only.is_none_or(|only| check.name.contains(only)))
    {
        count += 1;
        let start = Instant::now();
        let outcome = cross.check(&check);
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
        if let Err(error) = cross.tests() {
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
        let words = words.iter().map(|word| if word == GAME { self.game.as_ref() } else { word.as_ref() });
        let words: Vec<&OsStr> = words.collect();
        command.arg(&self.program).args(words).arg("--config").arg(&self.settings);
        command.envs(self.target.environment.iter().copied());
        command.env("XENIA_CODE_CACHE", "off").env("XENIA_SCRATCH", "off");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a check; returns the last line of the program's output, or else of its messages.
    fn check(&self, check: &Check) -> Result<String> {
        let patience = self.target.patience;
        let (status, said, complained) = output_in_time(&mut self.command(&check.words), patience)?;
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let (said, complained) = (lines(&said), lines(&complained));
        if !status.is_some_and(|status| status.success()) {
            let all = [said, complained].concat();
            let last = all[all.len().saturating_sub(SHOWN)..].join("\n");
            let how = status.map_or_else(|| format!("no end in {patience:?}"), |status| status.to_string());
            bail!("{how}\n{last}");
        }
        match check.expected {
            Expected::Success => Ok(said.last().or(complained.last()).cloned().unwrap_or_default()),
            Expected::SameDigest => self.compare_digests(&check.words),
        }
    }

    /// Tests of the crates that know the host.
    fn tests(&self) -> Result<()> {
        for tests in self.target.tests {
            let mut command = self.target.cargo()?;
            command.env(self.target.runner_variable, self.runner.canonicalize()?);
            command.envs(self.target.environment.iter().copied());
            command.args(["test", "--quiet", "--target", self.target.triple]).args(*tests);
            run(&mut command)?;
        }
        Ok(())
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
/// go to files, so that neither fills a pipe.
fn output_in_time(command: &mut Command, patience: Duration) -> Result<(Option<ExitStatus>, String, String)> {
    let (mut said, mut complained) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdout(said.try_clone()?).stderr(complained.try_clone()?).spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(LOOK);
    };
    let text = |file: &mut File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok((status, text(&mut said)?, text(&mut complained)?))
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
