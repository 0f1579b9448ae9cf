//! `xenia-rs soak`: runs titles one after the other in one process, and periodically writes a line
//! with the process's host resources and the sizes of the machine's tables. `cargo xtask soak` runs
//! it and checks the lines.
//!
//! Samples between two runs show leaks of whole machines, samples during a run show growth within
//! it. A run that ends unexpectedly is reported on standard error, with the title's last output.

mod output_tail;

use crate::args::{SoakArgs, SoakMode};
use anyhow::{Context, Result, bail};
use output_tail::OutputTail;
use parking_lot::Mutex;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;
use xenia::config::{ExecutorConfig, MachineConfig, TitleConfig, VideoConfig};
use xenia::interrupt::Interrupt;
use xenia::machine::{Machine, MachineOptions, Sizes};
use xenia::report::{End, RunReport};
use xenia::say::{self, errln, outln};
use xenia::title::Title;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_sched::Limits;

/// State of the run when a sample was taken.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// The title runs.
    Running,
    /// The run ended, and its machine still exists.
    Ended,
    /// The machine was dropped.
    Between,
}

/// A sample, written as one line of JSON.
#[derive(Debug, Serialize)]
struct Sample<'a> {
    /// Seconds since the program was started.
    at: f64,
    /// Number of the run.
    run: u64,
    title: &'a str,
    mode: &'static str,
    state: State,
    /// Reason of the run's end; null unless `state` is `ended`.
    exit: Option<End>,
    /// Exit code of the title, if it ended by itself.
    exit_code: Option<u32>,
    #[serde(flatten)]
    process: Process,
    /// Sizes of the machine's tables; null between runs.
    #[serde(flatten)]
    machine: Option<Sizes>,
}

/// Host resources of the process.
#[derive(Clone, Copy, Debug, Serialize)]
struct Process {
    rss_kib: u64,
    descriptors: u64,
    maps: u64,
    threads: u64,
}

impl Process {
    fn sample() -> Result<Self> {
        let read = |path: &str| std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
        let entries = |path: &str| -> Result<u64> {
            Ok(std::fs::read_dir(path).with_context(|| format!("cannot list {path}"))?.count() as u64)
        };
        let status = read("/proc/self/status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                .with_context(|| format!("/proc/self/status has no number after {name}"))
        };
        Ok(Self {
            rss_kib: field("VmRSS:")?,
            // One entry is the descriptor that reads the folder.
            descriptors: entries("/proc/self/fd")?.saturating_sub(1),
            maps: read("/proc/self/maps")?.lines().count() as u64,
            threads: field("Threads:")?,
        })
    }
}

/// Writes samples, together with the run that they belong to.
struct SampleWriter {
    start: Instant,
    file: File,
    run: u64,
    title: String,
    mode: &'static str,
    state: State,
    sizes: Option<Box<dyn Fn() -> Option<Sizes> + Send>>,
    failed: Option<anyhow::Error>,
}

impl SampleWriter {
    fn note(&mut self, ended: Option<&RunReport>) -> Result<()> {
        let sample = Sample {
            at: self.start.elapsed().as_secs_f64(),
            run: self.run,
            title: &self.title,
            mode: self.mode,
            state: self.state,
            exit: ended.map(|report| report.exit),
            exit_code: ended.and_then(|report| report.exit_code),
            process: Process::sample()?,
            machine: self.sizes.as_ref().and_then(|sizes| sizes()),
        };
        let line = serde_json::to_string(&sample)? + "\n";
        self.file.write_all(line.as_bytes()).context("cannot write the samples")
    }
}

/// Runs the titles until the time is over.
pub fn run(args: &SoakArgs) -> Result<Code> {
    let interrupt = Interrupt::listen(args.seconds)?;
    let file =
        File::create(&args.samples).with_context(|| format!("cannot write {}", args.samples.display()))?;
    let samples = Arc::new(Mutex::new(SampleWriter {
        start: Instant::now(),
        file,
        run: 0,
        title: String::new(),
        mode: "",
        state: State::Between,
        sizes: None,
        failed: None,
    }));
    let over = Arc::new(AtomicBool::new(false));
    let sampler = {
        let samples = samples.clone();
        let over = over.clone();
        let every = args.every;
        std::thread::Builder::new().name("samples".to_owned()).spawn(move || {
            while !over.load(Relaxed) {
                std::thread::park_timeout(every);
                let mut samples = samples.lock();
                if matches!(samples.state, State::Running)
                    && let Err(error) = samples.note(None)
                {
                    samples.failed = Some(error);
                }
            }
        })?
    };
    let mut runs = 0;
    let words = OutputTail::new();
    'all: for _ in 0..args.rounds.unwrap_or(u64::MAX) {
        for title in &args.titles {
            for mode in &args.modes {
                if interrupt.cause().is_some() {
                    break 'all;
                }
                run_once(title, *mode, args.frames, &samples, &words, &interrupt)
                    .with_context(|| title.display().to_string())?;
                runs += 1;
                if let Some(error) = samples.lock().failed.take() {
                    return Err(error);
                }
            }
        }
    }
    over.store(true, Relaxed);
    sampler.thread().unpark();
    if sampler.join().is_err() {
        bail!("the thread that takes samples panicked");
    }
    outln!("{}", count(runs, "run"));
    Ok(interrupt.cause().map_or(Code::Done, Code::from))
}

/// Opens and runs a title.
fn run_once(
    path: &Path,
    mode: SoakMode,
    frames: Option<u64>,
    samples: &Mutex<SampleWriter>,
    words: &OutputTail,
    interrupt: &Interrupt,
) -> Result<()> {
    let parallel = mode == SoakMode::Parallel;
    let executor = ExecutorConfig { parallel, ..ExecutorConfig::default() };
    let config = MachineConfig { executor, ..MachineConfig::default() };
    let video = VideoConfig::default();
    let title =
        Title::open_or_demo(Some(path), &TitleConfig { repeats: !parallel, ..TitleConfig::default() })?;
    let options = MachineOptions { text: words.next_title_sink(), ..MachineOptions::new(&config, &video) };
    let mut machine = Machine::new(&title, options)?;
    machine.set_interrupt(interrupt.clone());
    {
        let mut samples = samples.lock();
        samples.run += 1;
        samples.title = title.short_name();
        samples.mode = if parallel { "parallel" } else { "lockstep" };
        samples.state = State::Running;
        samples.sizes = Some(Box::new(machine.sizes()));
    }
    let finished = machine.run(&Limits { frames, ..Limits::default() });
    {
        let mut samples = samples.lock();
        samples.state = State::Ended;
        samples.note(Some(&finished.report))?;
        if !is_well(&finished.report) {
            print_end(&samples, &finished.report, words);
        }
    }
    drop((machine, finished, title));
    // Free heap that the allocator keeps for reuse is not a leak of the machine.
    xenia_host::allocator::give_back_free_heap();
    let mut samples = samples.lock();
    samples.sizes = None;
    samples.state = State::Between;
    samples.note(None)
}

/// Whether a run ended as expected: by a limit, or by a title that reports success.
fn is_well(report: &RunReport) -> bool {
    match report.exit {
        End::Exit => report.exit_code == Some(0),
        End::Frames | End::Timeout | End::Interrupted => true,
        _ => false,
    }
}

/// Prints how a run ended, with all details.
fn print_end(samples: &SampleWriter, report: &RunReport, words: &OutputTail) {
    let code = report.exit_code.map_or_else(String::new, |code| format!(" with {code}"));
    errln!(
        "run {}: {} in {} ended by {}{code}",
        samples.run,
        samples.title,
        samples.mode,
        report.exit.words()
    );
    if let Some(crash) = &report.crash {
        errln!("{} at {} (lr {}), stack {}", crash.what, crash.pc, crash.lr, crash.stack.join(" "));
    }
    errln!("the title's last messages:");
    for line in words.text().lines() {
        errln!("  {}", say::visible(line));
    }
}
