//! Profile of a run (`--profile`): where guest threads and the emulator's own parts spend host
//! time.
//!
//! A separate thread polls the executor's host threads once per period ([`xenia_sched::Activity`]).
//! A kernel call, compilation and device work are noted at once; for guest code a sample is
//! requested, which the host thread takes at a random instruction shortly afterwards
//! ([`xenia_sched::GuestSampler`]). So guest functions are weighted by time between polls, and by
//! instructions within a poll. Idle host threads have no samples.
//!
//! Other samples count instructions: one in each two million of a hardware thread, at the usual
//! rate, however fast the host executes them. A sample has both weights, of which one is usually 0.
//!
//! The format follows the file's name: `.svg` is a flame graph, `.txt` tables, all others are for
//! the Firefox profiler (profiler.firefox.com, which runs in the browser alone), compressed if the
//! name ends with `.gz`.

mod firefox;
mod flame_graph;
mod resolved;
mod tables;

use crate::{lock_order, output};
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use resolved::{ResolvedProfile, Symbols};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use xenia_kernel::imports::CallCosts;
use xenia_kernel::{Kernel, KernelSystem};
use xenia_sched::{Activity, CollectedSamples, Doing, Executor, GuestSampler, SymbolicAddress, System};
use xenia_sync::{Condvar, Level, Mutex};

/// Number of instructions per sample if the profiler polls `rate` times a second. A host thread
/// that executes one guest instruction per nanosecond takes one such sample per poll.
fn stride(rate: u32) -> u64 {
    1_000_000_000 / u64::from(rate)
}

/// Polls per second, if no rate is given.
pub const PROFILE_RATE: u32 = 500;

/// Largest number of polls per second: some 30 microseconds of guest code pass between a request
/// and its sample.
pub const MAX_PROFILE_RATE: u32 = 20_000;

/// The profile that is requested.
#[derive(Clone, Copy, Debug)]
pub struct ProfileOutput<'a> {
    /// The profile's file.
    pub path: &'a Path,
    /// Polls of each host thread per second, 1 to [`MAX_PROFILE_RATE`].
    pub rate: u32,
}

/// Largest number of samples: some half an hour of one busy host thread at the usual rate, with
/// those that count instructions.
const MAX_SAMPLES: usize = 1 << 21;

/// Part of the machine that a host thread was busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SampledPart {
    /// Guest code, with the return addresses, innermost first.
    Guest { pc: u32, stack: Box<[u32]> },
    /// The kernel call in front of this address.
    Kernel { pc: u32 },
    /// Compilation of guest code.
    Compiler,
    /// The graphics chip and other devices.
    Devices,
}

/// A sample of a host thread.
#[derive(Clone, Debug)]
pub(crate) struct PartSample {
    /// Host time since the start of the run.
    pub(crate) at: Duration,
    /// Guest id of the thread for which the host thread works, if it is one.
    pub(crate) thread: Option<u32>,
    pub(crate) part: SampledPart,
    /// Weight: number of the profiler's polls that it answers; 0 if it only counts instructions.
    pub(crate) weight: u32,
    /// Guest instructions that it represents.
    pub(crate) instructions: u64,
}

/// The samples of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampledRun {
    /// Interval of the profiler's polls.
    pub(crate) period: Duration,
    pub(crate) samples: Vec<PartSample>,
    /// Number of polls whose samples were left out, as there were too many.
    pub(crate) left_out: u64,
}

impl SampledRun {
    fn add(&mut self, sample: PartSample) {
        if self.samples.len() < MAX_SAMPLES {
            self.samples.push(sample);
        } else {
            self.left_out += u64::from(sample.weight);
        }
    }
}

/// Parts of a machine that the profiler polls.
#[derive(Clone)]
pub(crate) struct ProfiledMachine {
    pub(crate) activity: Arc<Activity>,
    /// Address that the compiler is compiling, or 0.
    pub(crate) compiling: Option<Arc<AtomicU32>>,
    /// Whether guest code runs while code is compiled.
    pub(crate) has_compiler_thread: bool,
    pub(crate) sampler: Arc<GuestSampler>,
}

impl ProfiledMachine {
    /// Polls all host threads once, at the time `at` since the start.
    pub(crate) fn sample(&self, at: Duration, run: &mut SampledRun) {
        let is_compiling = self.compiling.as_ref().is_some_and(|pc| pc.load(Relaxed) != 0);
        let one = |thread, part| PartSample { at, thread, part, weight: 1, instructions: 0 };
        for (lane, (_, doing)) in self.activity.lanes().enumerate() {
            let thread = self.activity.thread(lane);
            match doing {
                Doing::Nothing => {}
                Doing::Guest(_) if is_compiling && !self.has_compiler_thread => {
                    run.add(one(thread, SampledPart::Compiler));
                }
                Doing::Guest(_) => self.sampler.request(lane),
                Doing::Kernel(pc) => run.add(one(thread, SampledPart::Kernel { pc })),
                Doing::Devices => run.add(one(None, SampledPart::Devices)),
            }
        }
        if is_compiling && self.has_compiler_thread {
            run.add(one(None, SampledPart::Compiler));
        }
        let CollectedSamples { samples, lost } = self.sampler.take();
        run.left_out += lost;
        for sample in samples {
            let part = SampledPart::Guest { pc: sample.pc, stack: sample.stack.into() };
            let thread = Some(sample.thread);
            let weight = sample.weight;
            let instructions = sample.instructions;
            run.add(PartSample { at, thread, part, weight, instructions });
        }
    }
}

/// State that the profiler's thread shares with its owner.
struct ProfilerStop {
    over: Mutex<bool>,
    ends: Condvar,
}

impl Default for ProfilerStop {
    fn default() -> Self {
        Self { over: Mutex::numbered(Level::Program, lock_order::PROFILER, false), ends: Condvar::new() }
    }
}

/// The profile that a run will write.
pub(crate) struct RunProfile {
    path: PathBuf,
    period: Duration,
    machine: ProfiledMachine,
}

impl RunProfile {
    /// Prepares the profile of a machine.
    pub(crate) fn new<S: System + Clone + Send>(
        ProfileOutput { path, rate }: ProfileOutput<'_>,
        executor: &mut Executor<S>,
        compiling: Option<Arc<AtomicU32>>,
        has_compiler_thread: bool,
    ) -> Result<Self> {
        output::check(path)?;
        let rate = rate.clamp(1, MAX_PROFILE_RATE);
        let sampler = Arc::new(GuestSampler::new(stride(rate)));
        executor.set_sampler(sampler.clone());
        let machine =
            ProfiledMachine { activity: executor.activity(), compiling, has_compiler_thread, sampler };
        let period = Duration::from_secs(1) / rate;
        Ok(Self { path: path.to_owned(), period, machine })
    }

    /// Starts the profiler's thread.
    pub(crate) fn start(self) -> Result<Profiler> {
        let Self { path, period, machine } = self;
        let stop = Arc::<ProfilerStop>::default();
        let shared = stop.clone();
        let thread = std::thread::Builder::new().name("profiler".to_owned()).spawn(move || {
            let start = Instant::now();
            let mut run = SampledRun { period, ..SampledRun::default() };
            let mut over = shared.over.lock();
            while !*over {
                shared.ends.wait_for(&mut over, period);
                machine.sample(start.elapsed(), &mut run);
            }
            run
        });
        Ok(Profiler { path, stop, thread: thread.context("cannot start the profiler's thread")? })
    }
}

/// The profiler of a run in progress.
pub(crate) struct Profiler {
    path: PathBuf,
    stop: Arc<ProfilerStop>,
    thread: JoinHandle<SampledRun>,
}

impl Profiler {
    /// Ends the profiler, and writes the profile.
    pub(crate) fn finish(self, title: &str, kernel: &Arc<Kernel>) -> Result<()> {
        *self.stop.over.lock() = true;
        self.stop.ends.notify_all();
        // A panic of the thread was printed already.
        let run = self.thread.join().unwrap_or_default();
        write(&self.path, &ResolvedProfile::of(title, run, kernel))
    }
}

impl ResolvedProfile {
    /// The profile of a run of this kernel.
    pub(crate) fn of(title: &str, run: SampledRun, kernel: &Arc<Kernel>) -> Self {
        let calls = kernel.imports.costs().map(CallCosts::all).unwrap_or_default();
        Self::new(title.to_owned(), run, calls, &KernelSymbols(KernelSystem::new(kernel.clone())))
    }
}

/// Names from the modules that are loaded.
struct KernelSymbols(KernelSystem);

impl Symbols for KernelSymbols {
    fn place(&self, address: u32) -> Option<SymbolicAddress> {
        self.0.place_of(address)
    }

    fn return_place(&self, address: u32) -> Option<SymbolicAddress> {
        self.0.place_of_return(address)
    }

    fn call(&self, at: u32) -> Option<String> {
        self.0.kernel.imports.call_name(at)
    }
}

/// Writes a profile in the format of the file's name.
pub(crate) fn write(path: &Path, profile: &ResolvedProfile) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let bytes = match name.rsplit('.').next() {
        Some("svg") => flame_graph::svg(profile).into_bytes(),
        Some("txt") => tables::text(profile).into_bytes(),
        Some("gz") => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&serde_json::to_vec(&firefox::json(profile))?)?;
            encoder.finish()?
        }
        _ => serde_json::to_vec(&firefox::json(profile))?,
    };
    output::write(path, &bytes)
}
