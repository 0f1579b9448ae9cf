//! A complete machine: memory, an execution engine, the scheduler, the kernel and the GPU, wired
//! together.
//!
//! No state is global, so a process can hold any number of machines.

mod build;
mod collect;
mod debug;
mod engine;
mod figures;
mod options;

pub use engine::{engine, jit_config, scheduler_config, tell_functions};
pub use figures::Sizes;
pub use options::{Launched, MachineOptions};

use crate::bug_report::Collected;
use crate::digest::ImageDigest;
use crate::event_log::EventLog;
use crate::interrupt::Interrupt;
use crate::output::{self, WriteErrors};
use crate::pace::{MachineProgress, Pace};
use crate::recording::{Made, Trouble};
use crate::report::{RunReport, TitleReport};
use crate::say::{self, errln};
use crate::sound::{Sound, XmaPort};
use crate::watchdog::{Watchdog, WatchedMachine};
use crate::wording::count;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use xenia_formats::LoadedImage;
use xenia_gpu::CommandProcessor;
use xenia_gpu::limits::Cancel;
use xenia_gpu::trace::{self, Recording};
use xenia_jit::{CodeSizes, CodeStore};
use xenia_kernel::files::MissingFile;
use xenia_kernel::title::Successor;
use xenia_kernel::{Kernel, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_render::backend::BackendTally;
use xenia_sched::{Executor, GuestTicks, Limits, RECORDED_CONTENTIONS, RunEnd};

/// Receives bug reports while a machine runs.
pub type ReportSink = Box<dyn FnMut(Collected) + Send>;

/// An emulated console with a loaded title: owns the kernel, the engine and the GPU port, and runs
/// them to a limit ([`Machine::run`]).
pub struct Machine {
    memory: Arc<GuestMemory>,
    kernel: Arc<Kernel>,
    processor: Arc<Mutex<CommandProcessor>>,
    /// Cancels draws whose result is no longer needed.
    cancel: Option<Cancel>,
    executor: Executor<KernelSystem>,
    image: Arc<LoadedImage>,
    image_digest: ImageDigest,
    backend: &'static str,
    /// The host's graphics adapter, if the backend uses one.
    adapter: Option<String>,
    /// Counters of the wgpu backend.
    pipelines: Option<Arc<BackendTally>>,
    has_digest: bool,
    title: TitleReport,
    /// The recording in progress.
    recorded: Option<Made>,
    /// Guest time of the first frame.
    first_swap: Arc<OnceLock<GuestTicks>>,
    /// Whether and where the run left the recording that it replays.
    recording: Trouble,
    event_log: Option<EventLog>,
    record_contention: Option<PathBuf>,
    compiling: Option<Arc<AtomicU32>>,
    code: Option<CodeSizes>,
    store: Option<Arc<CodeStore>>,
    /// Write-back errors of requested output files.
    write_errors: WriteErrors,
    interrupt: Interrupt,
    pace: Option<Pace>,
    /// The socket on which the next run waits for gdb.
    debugger: Option<xenia_gdb::Listener>,
    /// Receives the bug reports that are requested while the title runs.
    reports: Option<ReportSink>,
    sound: Sound,
    xma: XmaPort,
}

impl Machine {
    /// Sets the pace that slows the run down to the host's clock.
    pub fn set_pace(&mut self, pace: Pace) {
        pace.watch(self.executor.stop_flag());
        self.executor.wait_idle_time();
        self.pace = Some(pace);
    }

    /// Lets the next run wait for gdb at `listener` before its first instruction.
    pub fn set_debugger(&mut self, listener: xenia_gdb::Listener) {
        self.debugger = Some(listener);
    }

    /// Passes bug reports that the interrupt requests to `sink`.
    pub fn set_report_sink(&mut self, sink: ReportSink) {
        self.reports = Some(sink);
    }

    /// Lets `interrupt` stop runs of this machine.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// Guest memory, with the title loaded.
    pub fn memory(&self) -> &Arc<GuestMemory> {
        &self.memory
    }

    /// Records GPU commands from the recorder's first swap on.
    pub fn record_gpu(&self, recorder: trace::Recorder) {
        self.processor.lock().record(recorder);
    }

    /// Ends the GPU recording; `None` if its first swap was never reached.
    pub fn finish_gpu_recording(&self) -> Option<std::io::Result<Recording>> {
        self.processor.lock().finish_recording()
    }

    /// Runs to a limit or to the title's end, and returns a report. After `dump_threads_after` of
    /// host time, and whenever the interrupt asks for it, every guest thread is printed to standard
    /// error; this does not affect the run.
    pub fn run(&mut self, limits: &Limits, dump_threads_after: Option<Duration>) -> Finished {
        let start = Instant::now();
        if let Some(after) = dump_threads_after {
            let interrupt = self.interrupt.clone();
            std::thread::spawn(move || {
                std::thread::sleep(after);
                interrupt.want_threads();
            });
        }
        self.interrupt.watch(self.executor.stop_flag(), self.cancel.clone());
        self.recording.watch(self.executor.stop_flag());
        if let Some(recorded) = &self.recorded {
            recorded.begin();
        }
        let _watchdog = Watchdog::start(WatchedMachine {
            activity: self.executor.activity(),
            compiling: self.compiling.clone(),
            kernel: self.kernel.clone(),
            event_log: self.event_log.clone(),
            interrupt: self.interrupt.clone(),
            // A window has its own status display.
            has_status: self.pace.is_none(),
        });
        let mut pace = self.pace.take();
        if let Some(pace) = &mut pace {
            pace.begin(|| self.figures());
        }
        let mut pieces = Pieces { limits, start, pace };
        let debugged = self.debugger.take().and_then(|listener| self.debug(&listener, &mut pieces));
        let end = debugged.unwrap_or_else(|| {
            loop {
                if let Some(end) = self.run_piece(&mut pieces) {
                    break end;
                }
            }
        });
        let wall_seconds = start.elapsed().as_secs_f64();
        let divergence = self.executor.divergence();
        let recording_trouble = self.recording.get();
        if let Some(recorded) = &self.recorded {
            recorded.end(self.executor.now());
        }
        if let Some(loss) = self.event_log.as_ref().and_then(EventLog::finish) {
            self.write_errors.note(loss);
        }
        if let Some(loss) = self.sound.finish() {
            self.write_errors.note(loss);
        }
        self.write_contention();
        if let Some(store) = &self.store {
            store.save();
        }
        let lost = !self.write_errors.is_empty();
        let missing_files = self.kernel.files.lock().missing.list().to_vec();
        let report = self.report(&end, wall_seconds);
        let bug_report = self.collect("end", &report);
        Finished { report, bug_report, end, divergence, recording_trouble, missing_files, lost }
    }

    /// Passes a bug report of this moment to the sink.
    fn send_report(&mut self, wall_seconds: f64) {
        let collected = self.collect("key", &self.report(&RunEnd::Stopped, wall_seconds));
        if let (Some(sink), Some(collected)) = (&mut self.reports, collected) {
            sink(collected);
        }
    }

    /// Runs until the pace wants a pause or something outside needs an answer. Returns why the run
    /// ended, if it did.
    fn run_piece(&mut self, pieces: &mut Pieces<'_>) -> Option<RunEnd> {
        let Pieces { limits, start, pace } = pieces;
        if let Some(pace) = pace {
            pace.set_has_clock(self.executor.set_speed(pace.speed()));
        }
        let piece = pace.as_ref().map(|pace| pace.limits(limits, &self.progress()));
        let end = self.executor.run(piece.as_ref().unwrap_or(limits));
        if self.interrupt.take_wants_threads() {
            errln!("after {:.1} s: {}", start.elapsed().as_secs_f64(), self.executor.threads_report());
        }
        if self.interrupt.take_wants_report() {
            self.send_report(start.elapsed().as_secs_f64());
        }
        let over = match end {
            RunEnd::Stopped | RunEnd::Ticks => self.interrupt.cause().is_some() || self.recording.is_over(),
            // The frame at which a step ends, or the limit's.
            RunEnd::Frames => limits.frames.is_some_and(|frames| self.kernel.frames() >= frames),
            _ => true,
        };
        if over || self.executor.divergence().is_some() {
            return Some(end);
        }
        (!self.may_go_on(pieces)).then_some(RunEnd::Stopped)
    }

    /// Waits for the pace between two pieces. Returns `false` if the machine must end.
    fn may_go_on(&self, pieces: &mut Pieces<'_>) -> bool {
        let Some(pace) = &mut pieces.pace else { return true };
        pace.between(&self.progress(), || self.figures())
    }

    /// Writes the recorded contention, if it was requested.
    fn write_contention(&mut self) {
        let Some(path) = &self.record_contention else { return };
        let recorded = self.executor.take_recorded_contention().unwrap_or_default();
        let written =
            recorded.to_manifest().map_err(Into::into).and_then(|text| output::write(path, text.as_bytes()));
        if let Err(error) = written {
            self.write_errors.note(say::chain(&error));
        }
        if recorded.left_out > 0 {
            self.write_errors.note(format!(
                "{} lacks {} beyond the first {}",
                path.display(),
                count(recorded.left_out, "contention"),
                count(RECORDED_CONTENTIONS as u64, "contention"),
            ));
        }
    }

    /// Drops the machine without an effect on files of the host: unlike a drop, it saves nothing
    /// that the title has left unsaved.
    pub fn discard(self) {
        self.kernel.discard();
    }

    fn progress(&self) -> MachineProgress {
        MachineProgress { now: self.executor.now(), frames: self.kernel.frames() }
    }

    /// Consumes the machine and returns the title that the ended title launched, if it launched
    /// one.
    pub fn successor(self) -> Option<Successor> {
        self.kernel.take_successor()
    }
}

/// The run in progress, which consists of pieces.
struct Pieces<'a> {
    limits: &'a Limits,
    /// Host time at its start.
    start: Instant,
    pace: Option<Pace>,
}

/// Result of a run.
pub struct Finished {
    /// Counters and results.
    pub report: RunReport,
    /// The bug report, if the machine keeps a history of calls.
    pub bug_report: Option<Collected>,
    /// Reason why the run ended.
    pub end: RunEnd,
    /// Difference that a cross-check found.
    pub divergence: Option<String>,
    /// Description of how the run left the recording that it replays.
    pub recording_trouble: Option<String>,
    /// Missing files that the title tried to open.
    pub missing_files: Vec<MissingFile>,
    /// Whether a requested output could not be written; the error was reported already.
    pub lost: bool,
}
