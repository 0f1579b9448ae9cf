//! `cargo xtask soak`: long runs that check for growth of resources.
//!
//! It has three parts, each with a share of the time. *Rotation*: one process runs all titles one
//! after the other, in lockstep and in parallel, repeatedly; it shows leaks of a machine. *Long*:
//! one title runs in one machine; it shows growth within a run. *Processes*: one process per run;
//! it shows leaks outside of processes. A line with memory, descriptors, mappings, handles and
//! caches is recorded every few seconds ([`samples`]), and [`judge`] checks that they do not grow
//! after the warm-up.

mod judge;
mod plot;
mod samples;

use crate::arguments::output;
use crate::built::{target_folder, xenia_rs};
use crate::commands::{spawn, wait_within};
use crate::files;
use anyhow::{Result, bail};
use clap::Args;
use samples::SoakPart;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use xenia_testing::TITLES;

/// Titles that end by themselves, or are ended after some frames.
const OURS: [&str; 3] = ["demo", "sync-suite", "cpu-suite"];
/// The sample title in [`TITLES`].
const THEIRS: &str = "dolphin";
/// Titles of the long part.
const LONG: [&str; 2] = ["demo", THEIRS];
const MODES: [&str; 2] = ["lockstep", "parallel"];
/// Frames of a run in rotation.
const FRAMES: &str = "20";
/// The suite's milliseconds in guest milliseconds, as in parallel runs on a busy host.
const PACE: &str = "20";
/// Shares of the time of the rotation and the long part.
const ROTATION: f64 = 0.5;
const LONG_RUNS: f64 = 0.35;
const PROCESSES: f64 = 1.0 - ROTATION - LONG_RUNS;
/// Extra time for a part's last run to end.
const GRACE: Duration = Duration::from_mins(3);

/// Arguments of `cargo xtask soak`.
#[derive(Debug, Args)]
pub(crate) struct SoakTestArgs {
    /// Duration in hours: 0.5 is half an hour.
    hours: f64,
    /// Folder for samples, plot and verdict.
    #[arg(long, value_name = "DIR", value_parser = output())]
    out: Option<PathBuf>,
    /// Judge and plot the samples in that folder, without running anything.
    #[arg(long)]
    judge: bool,
}

/// Runs, plots, judges.
pub(crate) fn soak(args: &SoakTestArgs) -> Result<()> {
    if !(args.hours > 0.0 && args.hours <= 1000.0) {
        bail!("{} hours can't be run", args.hours);
    }
    let out = args.out.clone().unwrap_or_else(|| target_folder().join("soak"));
    if !args.judge {
        files::create_folder(&out)?;
        for path in files::list(&out)? {
            if files::has_ending(&path, &["jsonl"]) {
                files::remove(path)?;
            }
        }
        run(Duration::from_secs_f64(args.hours * 3600.0), &out.canonicalize()?)?;
    }
    let samples = samples::read(&out)?;
    plot::write(&out.join("soak.svg"), &samples)?;
    let verdict = judge::judge(&samples);
    let text = verdict.to_string();
    files::write(out.join("verdict.txt"), &text)?;
    print!("{text}");
    println!("samples, plot and verdict are in {}", out.display());
    if !verdict.passed() {
        bail!("something grows, or ended as it should not");
    }
    Ok(())
}

/// Runs the three parts, one after the other.
fn run(time: Duration, out: &Path) -> Result<()> {
    let titles = titles(out)?;
    let all: Vec<&Path> = titles.iter().map(|(_, path)| path.as_path()).collect();
    let samples = |part: SoakPart, number| out.join(part.file(number));
    let rotation = SoakProcess {
        titles: &all,
        modes: &MODES,
        frames: Some(FRAMES),
        time: Some(time.mul_f64(ROTATION)),
        samples: samples(SoakPart::Rotation, 0),
    };
    rotation.run()?;

    let long: Vec<_> = titles.iter().filter(|(name, _)| LONG.contains(name)).collect();
    let each = time.mul_f64(LONG_RUNS) / u32::try_from(long.len() * MODES.len())?;
    let runs = long.iter().flat_map(|(_, path)| MODES.map(|mode| (path, mode)));
    for (number, (path, mode)) in runs.enumerate() {
        let long = SoakProcess {
            titles: &[path],
            modes: &[mode],
            frames: None,
            time: Some(each),
            samples: samples(SoakPart::Long, number),
        };
        long.run()?;
    }

    let start = Instant::now();
    let time = time.mul_f64(PROCESSES);
    let turns = all.iter().flat_map(|&path| MODES.map(|mode| (path, mode))).cycle();
    for (number, (path, mode)) in turns.enumerate().take_while(|_| start.elapsed() < time) {
        let process = SoakProcess {
            titles: &[path],
            modes: &[mode],
            frames: Some(FRAMES),
            time: None,
            samples: samples(SoakPart::Processes, number),
        };
        process.run()?;
    }
    Ok(())
}

/// A process of `xenia-rs soak`.
struct SoakProcess<'a> {
    titles: &'a [&'a Path],
    modes: &'a [&'a str],
    /// Frames after which a run ends; without them it ends by itself, or by the time.
    frames: Option<&'a str>,
    /// Time after which the process ends; without it, one round is run.
    time: Option<Duration>,
    /// File of the samples.
    samples: PathBuf,
}

impl SoakProcess<'_> {
    fn run(&self) -> Result<()> {
        let messages = self.samples.with_extension("txt");
        let mut command = xenia_rs()?;
        command.args(["soak", "--samples"]).arg(&self.samples);
        match self.time {
            Some(time) => command.args(["--seconds", &time.as_secs_f64().to_string()]),
            None => command.args(["--rounds", "1"]),
        };
        command.arg("--modes").arg(self.modes.join(","));
        if let Some(frames) = self.frames {
            command.args(["--frames", frames]);
        }
        command.args(self.titles).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = spawn(command.stderr(File::create(&messages)?))?;
        let Some(status) = wait_within(&mut child, self.time.unwrap_or_default() + GRACE)? else {
            bail!("{command:?} hangs");
        };
        if !status.success() {
            let messages = std::fs::read_to_string(&messages).unwrap_or_default();
            bail!("{command:?} ended with {status}: {messages}");
        }
        Ok(())
    }
}

/// The titles by name, each in a separate folder, which is its game:.
fn titles(out: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut titles = Vec::new();
    for name in OURS {
        let folder = out.join("titles").join(name);
        files::create_folder(&folder)?;
        let title = folder.join(format!("{name}.xex"));
        files::copy(format!("guest/bin/{name}.xex"), &title)?;
        files::write(folder.join("pace"), PACE)?;
        titles.push((name, title));
    }
    let theirs = std::env::var_os(TITLES).map(|folder| PathBuf::from(folder).join(THEIRS));
    match theirs.map(|folder| folder.join(format!("{THEIRS}.xex"))).filter(|path| path.is_file()) {
        Some(path) => titles.push((THEIRS, path.canonicalize()?)),
        None => println!("without {THEIRS}: {TITLES} names no folder that has it"),
    }
    Ok(titles)
}
