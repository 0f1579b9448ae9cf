//! Runs a title in separate processes: natively, in the interpreter, and compiled twice.

use super::super::Spread;
use super::super::whole::{engine, read_time, timed};
use super::native::Native;
use crate::processes;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use xenia::config::Tier;
use xenia::interrupt::Interrupt;
use xenia_cli::CpuArgs;

/// Timeout of a run, in seconds of host time.
const TIMEOUT: &str = "1800";

/// Result of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MuchCodeRun {
    /// User and system seconds of the whole process.
    pub seconds: f64,
    /// Checksum that the program printed.
    pub checksum: u32,
    /// Guest instructions, if they are counted.
    pub instructions: Option<u64>,
    /// Wall-clock seconds spent compiling, in both tiers.
    pub compile_seconds: f64,
    /// Peak resident memory of the process in bytes, if it is reported. Compiled code counts once,
    /// although Linux counts each of its two mappings.
    pub peak_bytes: Option<u64>,
}

/// The executor of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunMode {
    Lockstep,
    Parallel,
}

impl RunMode {
    fn flag(self) -> &'static str {
        match self {
            Self::Lockstep => "--lockstep",
            Self::Parallel => "--parallel",
        }
    }
}

/// Contenders that take part.
#[derive(Debug)]
pub(super) struct Contenders<'a> {
    /// The native program, and its number of rounds.
    pub native: Option<(&'a Native, u32)>,
    /// Flags of the interpreter.
    pub interp: Option<CpuArgs>,
    /// Flags of a JIT that is started twice, the second time with the code cache of the first.
    pub starts: Option<CpuArgs>,
    /// Whether both of `starts`' runs are also made in parallel mode.
    pub in_parallel: bool,
}

impl Contenders<'_> {
    fn run_native(&self, times: &mut Times) -> Result<()> {
        let Some((native, rounds)) = self.native else { return Ok(()) };
        times.native.push(native.run(rounds).context("native")?);
        Ok(())
    }

    fn run_interpreter(&self, title: &Path, times: &mut Times) -> Result<()> {
        let Some(cpu) = &self.interp else { return Ok(()) };
        times.interp.push(run_title(title, cpu, None, RunMode::Lockstep).context("interp")?);
        Ok(())
    }

    fn run_jit(&self, title: &Path, times: &mut Times) -> Result<()> {
        let Some(cpu) = &self.starts else { return Ok(()) };
        let [first, second] = both_starts(title, cpu, RunMode::Lockstep)?;
        times.first.push(first);
        times.second.push(second);
        if self.in_parallel {
            let [first, second] = both_starts(title, cpu, RunMode::Parallel)?;
            times.parallel_first.push(first);
            times.parallel_second.push(second);
        }
        Ok(())
    }
}

/// All runs of a title.
#[derive(Debug, Default)]
pub struct Times {
    /// Runs of the native program.
    pub native: Vec<MuchCodeRun>,
    /// Runs in the interpreter.
    pub interp: Vec<MuchCodeRun>,
    /// First starts of the JIT.
    pub first: Vec<MuchCodeRun>,
    /// Second starts of the JIT.
    pub second: Vec<MuchCodeRun>,
    /// First starts of the JIT in parallel mode.
    pub parallel_first: Vec<MuchCodeRun>,
    /// Second starts of the JIT in parallel mode.
    pub parallel_second: Vec<MuchCodeRun>,
}

impl Times {
    /// Whether all checksums are equal, and all instruction counts in lockstep.
    pub fn agree(&self) -> bool {
        let lockstep = || [&self.native, &self.interp, &self.first, &self.second].into_iter().flatten();
        let parallel = [&self.parallel_first, &self.parallel_second].into_iter().flatten();
        let counts: Vec<_> = lockstep().filter_map(|ran| ran.instructions).collect();
        let sums: Vec<_> = lockstep().chain(parallel).map(|ran| ran.checksum).collect();
        counts.windows(2).all(|two| two[0] == two[1]) && sums.windows(2).all(|two| two[0] == two[1])
    }

    /// Guest instructions of a run.
    pub fn instructions(&self) -> Option<u64> {
        [&self.interp, &self.first].into_iter().flatten().find_map(|ran| ran.instructions)
    }
}

/// Peak resident memory over several runs, in bytes.
pub(super) fn peak(runs: &[MuchCodeRun]) -> Option<u64> {
    runs.iter().filter_map(|ran| ran.peak_bytes).max()
}

/// Distribution of the seconds of several runs.
pub(super) fn spread(runs: &[MuchCodeRun]) -> Option<Spread> {
    Spread::of(runs.iter().map(|ran| ran.seconds).collect())
}

/// Runs the title `runs` times with each contender, in turns; `None` if it was interrupted.
pub(super) fn measure(
    title: &Path,
    contenders: &Contenders<'_>,
    runs: u64,
    interrupt: &Interrupt,
) -> Result<Option<Times>> {
    let mut times = Times::default();
    for run in 0..runs {
        // The first contender changes, so that drift of the machine affects all alike.
        for turn in 0..3 {
            if interrupt.cause().is_some() {
                return Ok(None);
            }
            match (run + turn) % 3 {
                0 => contenders.run_native(&mut times)?,
                1 => contenders.run_interpreter(title, &mut times)?,
                _ => contenders.run_jit(title, &mut times)?,
            }
        }
    }
    Ok(Some(times))
}

/// The same flags for the interpreter.
pub(super) fn interpreter(cpu: &CpuArgs) -> CpuArgs {
    CpuArgs { interp: false, jit: false, tier: Tier::Interp, ..cpu.clone() }
}

/// Starts the title with an empty code cache, and again with the code of the first start.
fn both_starts(title: &Path, cpu: &CpuArgs, mode: RunMode) -> Result<[MuchCodeRun; 2]> {
    let cache = tempfile::tempdir().context("a folder for compiled code")?;
    let start = || run_title(title, cpu, Some(cache.path()), mode);
    let first = start().with_context(|| format!("first start with {}", mode.flag()))?;
    let second = start().with_context(|| format!("second start with {}", mode.flag()))?;
    Ok([first, second])
}

/// Runs the title in a process of this program; compiled code is kept in `cache`, if any. On Linux
/// only, since the program and its empty settings are files of the system.
fn run_title(title: &Path, cpu: &CpuArgs, cache: Option<&Path>, mode: RunMode) -> Result<MuchCodeRun> {
    let work = tempfile::tempdir().context("creating a temporary folder for the run")?;
    let time = work.path().join("time");
    let json = work.path().join("json");
    let mut command = timed(&time);
    // The running program, even if its file has been rebuilt meanwhile.
    command.arg(format!("/proc/{}/exe", std::process::id()));
    command.args(["exec", "--config", "/dev/null", "--quiet", "--headless", "--fresh", mode.flag()]);
    command.args(["--gpu", "none", "--timeout", TIMEOUT]).args(engine(cpu));
    if let Some(cache) = cache {
        command.arg("--code-cache").arg(cache);
    }
    command.arg("--json").arg(&json).arg(title).stdin(Stdio::null()).stdout(Stdio::null());
    let output = processes::output(&mut command)?;
    let messages = String::from_utf8_lossy(&output.stderr);
    let report = std::fs::read(&json).with_context(|| format!("{}: {messages}", title.display()))?;
    let report: Value = serde_json::from_slice(&report)?;
    if report["exit"] != "exit" {
        bail!("the title did not end by itself: {}", report["exit"]);
    }
    let checksum = report["exit_code"].as_u64().context("the report has no exit code")?;
    let instructions = report["instructions"].as_u64().context("the report has no instructions")?;
    let code_bytes = report["code_bytes"].as_u64().unwrap_or(0);
    let nanoseconds = |key: &str| report["jit"][key].as_u64().unwrap_or(0);
    Ok(MuchCodeRun {
        seconds: read_time(&time)?,
        checksum: checksum as u32,
        instructions: Some(instructions),
        compile_seconds: (nanoseconds("compile_ns") + nanoseconds("baseline_ns")) as f64 / 1e9,
        peak_bytes: report["peak_resident_bytes"].as_u64().map(|peak| peak.saturating_sub(code_bytes)),
    })
}
