//! Contenders of the bench: this program's engines, and the same sources built for the host or run
//! in QEMU.

use super::suite::{COMPILER_FLAGS, Kernel, SOURCES};
use crate::args::Peer;
use crate::flat::FlatProgram;
use crate::processes;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Instant;
use tempfile::TempDir;
use xenia::config::ExecutorConfig;
use xenia::config::Tier;
use xenia_cli::CpuArgs;
use xenia_cpu::{EngineCounters, Execute};
use xenia_guest::GuestAddr;
use xenia_host::process::apart;

/// Smallest duration of a timed stretch in seconds: shorter calls are repeated.
const MIN_SECONDS: f64 = 0.02;
/// Largest number of repetitions.
const MAX_REPEATS: u32 = 2000;

/// Result of one timed stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// Seconds for one call.
    pub seconds: f64,
    /// Answer that the kernel returned.
    pub answer: u32,
    /// Guest instructions of one call, if they are counted.
    pub instructions: Option<u64>,
}

/// A way to run kernels.
pub(super) trait Contender {
    /// Name of its column.
    fn name(&self) -> &'static str;

    /// Calls the kernel `repeats` times.
    fn measure(&mut self, kernel: &Kernel, repeats: u32) -> Result<Outcome>;

    /// Counters of an engine.
    fn counters(&self) -> Option<EngineCounters> {
        None
    }
}

/// The number of repetitions that makes a stretch long enough, estimated from one outcome.
pub(super) fn repeats_for(outcome: Outcome) -> u32 {
    ((MIN_SECONDS / outcome.seconds.max(1e-9)).ceil() as u32).clamp(1, MAX_REPEATS)
}

/// An engine of this program, in bare guest memory.
pub(super) struct Ours {
    name: &'static str,
    program: Rc<FlatProgram>,
    functions: Rc<BTreeMap<String, GuestAddr>>,
    engine: Box<dyn Execute>,
}

/// The engines that the flags select: all, or those of one tier.
pub(super) fn engines(program: FlatProgram, cpu: &CpuArgs) -> Result<Vec<Box<dyn Contender>>> {
    let functions = Rc::new(program.functions("kernel_").into_iter().collect());
    let program = Rc::new(program);
    let mut all: Vec<Box<dyn Contender>> = Vec::new();
    for &tier in tiers(cpu) {
        let name = engine_column(tier);
        let cpu = CpuArgs { interp: false, jit: false, tier, ..cpu.clone() };
        let engine =
            xenia::machine::engine(&program.memory, &(&cpu).into(), &ExecutorConfig::default(), &[], None)?
                .run;
        let program = Rc::clone(&program);
        let functions = Rc::clone(&functions);
        all.push(Box::new(Ours { name, program, functions, engine }));
    }
    Ok(all)
}

/// The tiers that take part.
fn tiers(cpu: &CpuArgs) -> &'static [Tier] {
    match cpu.tier() {
        Tier::Interp => &[Tier::Interp],
        Tier::Baseline => &[Tier::Baseline],
        Tier::Function => &[Tier::Function],
        Tier::Auto if cpu.jit => &[Tier::Function, Tier::Auto],
        Tier::Auto => &[Tier::Interp, Tier::Function, Tier::Auto],
    }
}

/// Name of a tier's column, and of its key in the JSON.
pub(super) fn engine_column(tier: Tier) -> &'static str {
    match tier {
        Tier::Interp => "interp",
        Tier::Baseline => "baseline",
        Tier::Function => "function",
        Tier::Auto => "auto",
    }
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&mut self, kernel: &Kernel, repeats: u32) -> Result<Outcome> {
        let entry = self.functions.get(&kernel.name);
        let entry = *entry.with_context(|| format!("cpu-suite.elf has no kernel_{}", kernel.name))?;
        let mut answer = 0;
        let mut instructions = 0;
        let start = Instant::now();
        for _ in 0..repeats {
            (answer, instructions) = self.program.call(&mut *self.engine, entry, kernel.rounds)?;
        }
        let seconds = start.elapsed().as_secs_f64() / f64::from(repeats.max(1));
        Ok(Outcome { seconds, answer, instructions: Some(instructions) })
    }

    fn counters(&self) -> Option<EngineCounters> {
        Some(self.engine.counters())
    }
}

/// A program built from the suite's sources. Its process stays alive, so that it can take turns
/// with the other contenders.
#[derive(Debug)]
pub(super) struct Built {
    name: &'static str,
    child: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
    _folder: TempDir,
}

/// A way to build the sources and to run the result.
struct Recipe {
    compiler: &'static str,
    flags: &'static [&'static str],
    libraries: &'static [&'static str],
    runner: &'static [&'static str],
    /// Debian's packages that contain the tools.
    packages: &'static str,
}

/// The recipes of a peer, in order of preference.
fn recipes(peer: Peer) -> &'static [Recipe] {
    match peer {
        // The interpreter is part of this program, so there is nothing to build.
        Peer::Interp => &[],
        Peer::Native => {
            &[Recipe { compiler: "cc", flags: &[], libraries: &["-lm"], runner: &[], packages: "gcc" }]
        }
        Peer::Qemu => &[
            Recipe {
                compiler: "powerpc64-linux-gnu-gcc",
                flags: &["-mcpu=cell", "-maltivec", "-static"],
                libraries: &["-lm"],
                runner: &["qemu-ppc64", "-cpu", "970"],
                packages: "gcc-powerpc64-linux-gnu qemu-user",
            },
            Recipe {
                compiler: "powerpc-linux-gnu-gcc",
                flags: &["-m32", "-mcpu=7450", "-maltivec", "-static"],
                libraries: &["-lm"],
                runner: &["qemu-ppc", "-cpu", "7450"],
                packages: "gcc-powerpc-linux-gnu qemu-user",
            },
        ],
    }
}

/// Builds and starts a peer. The error lists the tools that are missing for each recipe.
pub(super) fn peer(peer: Peer) -> Result<Built> {
    let mut reasons = Vec::new();
    for recipe in recipes(peer) {
        match build(peer, recipe) {
            Ok(built) => return Ok(built),
            Err(error) => reasons.push(format!("{error:#} (Debian: {})", recipe.packages)),
        }
    }
    bail!("{}", reasons.join("; "))
}

fn build(peer: Peer, recipe: &Recipe) -> Result<Built> {
    let folder = tempfile::tempdir().context("a folder for the build")?;
    for (name, text) in SOURCES {
        std::fs::write(folder.path().join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    let program = folder.path().join("timed");
    let files = SOURCES.iter().map(|(name, _)| *name).filter(|name| is_source(name));
    let mut compiler = Command::new(recipe.compiler);
    compiler.current_dir(folder.path()).args(COMPILER_FLAGS).args(recipe.flags).arg("-o").arg(&program);
    processes::compile(compiler.args(files).args(recipe.libraries).stdin(Stdio::null()))?;
    let mut command = match recipe.runner {
        [] => Command::new(&program),
        [runner, arguments @ ..] => {
            let mut command = Command::new(runner);
            command.args(arguments).arg(&program);
            command
        }
    };
    // Ctrl-C must not reach the peer, which ends when its input is closed.
    apart(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = processes::spawn(&mut command)?;
    let requests = child.stdin.take().context("the peer has no pipe for requests")?;
    let replies = child.stdout.take().context("the peer has no pipe for replies")?;
    let name = match peer {
        Peer::Native => "native",
        Peer::Qemu => "qemu",
        Peer::Interp => "interp",
    };
    Ok(Built { name, child, requests: Some(requests), replies: BufReader::new(replies), _folder: folder })
}

fn is_source(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "c")
}

impl Contender for Built {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&mut self, kernel: &Kernel, repeats: u32) -> Result<Outcome> {
        let requests = self.requests.as_mut().context("the peer has ended")?;
        writeln!(requests, "{} {} {repeats}", kernel.name, kernel.rounds)
            .and_then(|()| requests.flush())
            .with_context(|| format!("{} takes no more requests", self.name))?;
        let mut reply = String::new();
        self.replies.read_line(&mut reply).with_context(|| format!("no reply from {}", self.name))?;
        let parsed = reply.trim().split_once(' ').and_then(|(nanoseconds, answer)| {
            Some((nanoseconds.parse::<u64>().ok()?, answer.parse::<u32>().ok()?))
        });
        let Some((nanoseconds, answer)) = parsed else {
            bail!("unexpected reply from {}: {reply:?}", self.name)
        };
        let seconds = nanoseconds as f64 / 1e9 / f64::from(repeats.max(1));
        Ok(Outcome { seconds, answer, instructions: None })
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // The program ends with its input; it is idle between requests, so this does not take long.
        self.requests = None;
        // It may have ended already, and nothing can be done about a process that can't be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::suite::kernels;
    #[cfg(unix)]
    use xenia_testing::{Tool, need};

    #[test]
    fn short_kernels_are_repeated_and_long_ones_are_not() {
        let outcome = |seconds| Outcome { seconds, answer: 0, instructions: None };
        assert_eq!(repeats_for(outcome(1.0)), 1);
        assert_eq!(repeats_for(outcome(0.01)), 2);
        assert_eq!(repeats_for(outcome(0.0)), MAX_REPEATS);
    }

    #[test]
    fn the_flags_choose_our_engines() {
        let names = |cpu: CpuArgs| {
            let program = FlatProgram::load(&super::super::suite::CPU_SUITE).unwrap();
            engines(program, &cpu).unwrap().iter().map(|one| one.name()).collect::<Vec<_>>()
        };
        assert_eq!(names(CpuArgs::default()), ["interp", "function", "auto"]);
        assert_eq!(names(CpuArgs { interp: true, ..CpuArgs::default() }), ["interp"]);
        assert_eq!(names(CpuArgs { jit: true, ..CpuArgs::default() }), ["function", "auto"]);
        for tier in [Tier::Interp, Tier::Baseline, Tier::Function] {
            assert_eq!(names(CpuArgs { tier, ..CpuArgs::default() }), [engine_column(tier)]);
        }
    }

    #[test]
    fn the_baseline_contender_runs_the_baseline_tier() {
        let program = FlatProgram::load(&super::super::suite::CPU_SUITE).unwrap();
        let cpu = CpuArgs { tier: Tier::Baseline, ..CpuArgs::default() };
        let mut all = engines(program, &cpu).unwrap();
        let kernel = kernels().unwrap().into_iter().find(|kernel| kernel.name == "fib").unwrap();
        assert_eq!(all[0].measure(&kernel, 3).unwrap().answer, kernel.answer);
        let counters = all[0].counters().unwrap();
        assert!(counters.baseline_guest_instructions > 0, "{counters:?}");
        assert_eq!(counters.functions, 0, "the optimizing tier took part: {counters:?}");
    }

    /// On Windows there may be no compiler.
    #[cfg(unix)]
    #[test]
    fn peers_compute_the_known_answers() {
        // Cargo links with the host's compiler, so a compiler exists.
        let qemu = [Tool::Gcc64, Tool::Libc64, Tool::Qemu].into_iter().all(need);
        let peers = if qemu { &[Peer::Native, Peer::Qemu][..] } else { &[Peer::Native] };
        for which in peers {
            let mut built = peer(*which).unwrap();
            for kernel in kernels().unwrap().iter().filter(|kernel| ["fib", "lz"].contains(&&*kernel.name)) {
                let outcome = built.measure(kernel, 1).unwrap();
                assert_eq!(outcome.answer, kernel.answer, "{} by {}", kernel.name, built.name());
                assert!(outcome.seconds > 0.0);
            }
            let unknown = Kernel { name: "nothing".to_owned(), rounds: 1, answer: 1 };
            assert_eq!(built.measure(&unknown, 1).unwrap().seconds, 0.0);
        }
    }
}
