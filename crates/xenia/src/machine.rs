//! A complete machine: memory, an execution engine, the scheduler, the kernel and the GPU, wired
//! together.
//!
//! No state is global, so a process can hold any number of machines.

mod build;
mod collect;
mod contention;
mod contradictions;
mod debug;
mod engine;
mod figures;
#[cfg(test)]
mod hostile_rings;
mod inspect;
mod launched;
mod options;
mod parts;
#[cfg(test)]
mod relays;
mod rewind;
mod save_points;
mod save_slots;
mod state;
mod state_header;

pub use collect::IN_A_FILE;
use debug::Debugger;
pub use debug::{Debugged, FrontEnd, LastWriter};
pub use engine::{engine, jit_config, register_functions, scheduler_config};
pub use figures::Sizes;
pub use inspect::{FileRow, GpuRows, Inspector, LockRow, ObjectRow};
pub use launched::Launched;
pub(crate) use launched::Launcher;
pub use options::MachineOptions;
pub use rewind::{REWIND_INTERVAL, REWIND_MEMORY, RewindSink};
pub use save_points::SavePoint;
pub use save_slots::SlotSink;
pub(crate) use state::{decoded, read_state};
pub(crate) use state_header::check_conditions;

pub use crate::progress::MachinePosition;
pub use crate::state_origin::{StateOrigin, StateRefusal};

use crate::bug_report::Collected;
use crate::call_trace::CallTraceOutput;
use crate::event_log::EventLog;
use crate::interrupt::Interrupt;
use crate::pace::Pace;
use crate::profile::{Profiler, RunProfile};
use crate::recording::RecordingHeader;
use crate::report::RunReport;
use crate::say::{self, errln};
use crate::watchdog::{Watchdog, WatchedMachine};
use parts::{MachineInside, MachineOutside, MachineSpec};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use xenia_gpu::trace::{self, Recording};
use xenia_host::thread::PreciseSleeps;
use xenia_kernel::files::MissingFile;
use xenia_kernel::title::Successor;
use xenia_memory::GuestMemory;
use xenia_sched::{Limits, RunEnd};

/// Receives bug reports while a machine runs.
pub type ReportSink = Box<dyn FnMut(Collected) + Send>;

/// An emulated console with a loaded title, which runs to a limit ([`Machine::run`]). Between two
/// runs, the inside is all that the guest's future depends on.
pub struct Machine {
    spec: MachineSpec,
    outside: MachineOutside,
    inside: MachineInside,
    /// Whether a state was loaded before the first run.
    begins_at_state: bool,
    /// Whether a failed restore left the machine between two states. It can only be discarded.
    is_broken: bool,
}

impl Machine {
    /// Sets the pace that slows runs down to the host's clock.
    pub fn set_pace(&mut self, pace: Pace) {
        pace.watch(self.inside.executor.stop_flag());
        self.inside.executor.wait_idle_time();
        self.outside.pace = Some(pace);
    }

    /// Lets the next run wait for gdb at `listener` before its first instruction.
    pub fn set_debugger(&mut self, listener: xenia_gdb::Listener) {
        self.outside.debugger = Some(Debugger::Gdb(listener));
    }

    /// Lets a debugger in this process control the next run from before its first instruction.
    pub fn set_front_end(&mut self, front_end: Box<dyn FrontEnd>) {
        self.outside.debugger = Some(Debugger::FrontEnd(front_end));
    }

    /// Passes bug reports that the interrupt requests to `sink`.
    pub fn set_report_sink(&mut self, sink: ReportSink) {
        self.outside.reports = Some(sink);
    }

    /// Lets `interrupt` stop runs of this machine.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.outside.interrupt = interrupt;
    }

    /// The conditions of the run, as its recording begins with; `None` if it is not recorded or
    /// replayed.
    pub fn header(&self) -> Option<&RecordingHeader> {
        self.spec.header.as_ref()
    }

    /// Whether guest time is the host's clock, as in parallel mode.
    fn has_host_clock(&self) -> bool {
        self.inside.executor.is_parallel()
    }

    /// Guest memory, with the title loaded.
    pub fn memory(&self) -> &Arc<GuestMemory> {
        &self.inside.memory
    }

    /// Records GPU commands from the recorder's first swap on.
    pub fn record_gpu(&self, recorder: trace::Recorder) {
        self.inside.processor.lock().record(recorder);
    }

    /// Ends the GPU recording; `None` if its first swap was never reached.
    pub fn finish_gpu_recording(&self) -> Option<std::io::Result<Recording>> {
        self.inside.processor.lock().finish_recording()
    }

    /// Prints every guest thread to standard error once the next run has taken `after` of host
    /// time. The run is not affected.
    pub fn set_thread_dump(&mut self, after: Duration) {
        self.outside.thread_dump = Some(after);
    }

    /// Runs to a limit ([`Limits`] are totals) or to the title's end, and reports. When the
    /// interrupt requests it, all guest threads are printed to standard error, without effect.
    pub fn run(&mut self, limits: &Limits) -> Finished {
        self.run_with(limits, None)
    }

    /// As [`Self::run`]. A debugger session continues in the machines with which `launcher`
    /// replaces this one.
    pub(crate) fn run_with(&mut self, limits: &Limits, launcher: Option<&mut dyn Launcher>) -> Finished {
        let debugger = self.outside.debugger.take();
        let has_front_end = matches!(debugger, Some(Debugger::FrontEnd(_)));
        let mut run = self.begin(limits.clone(), has_front_end);
        run.launcher = launcher;
        let debugged = match debugger {
            Some(Debugger::Gdb(listener)) => self.debug(&listener, &mut run),
            Some(Debugger::FrontEnd(mut front_end)) => Some(self.debug_in(&mut *front_end, &mut run)),
            None => None,
        };
        let end = debugged.unwrap_or_else(|| {
            loop {
                if let Some(end) = self.run_slice(&mut run) {
                    break end;
                }
            }
        });
        let concluded = run.concluded.take();
        concluded.unwrap_or_else(|| self.conclude(end, &mut run))
    }

    /// Begins a run: connects the interrupt, the pace, the recording and the watchdog.
    fn begin<'a>(&mut self, limits: Limits, has_front_end: bool) -> ActiveRun<'a> {
        let start = self.start_now();
        self.outside.interrupt.watch(self.inside.executor.stop_flag(), self.outside.cancel.clone());
        self.outside.interrupt.set_saves_state(self.saves_at_exit());
        self.outside.recording.watch(self.inside.executor.stop_flag());
        if let Some(recorded) = &self.outside.recorded {
            recorded.begin();
        }
        let watchdog = Watchdog::start(WatchedMachine {
            activity: self.inside.executor.activity(),
            compiling: self.outside.compiling.clone(),
            kernel: self.inside.kernel.clone(),
            event_log: self.outside.event_log.clone(),
            interrupt: self.outside.interrupt.clone(),
            // A window and a debugger have their own status display.
            has_status: self.outside.pace.is_none() && !has_front_end,
            has_host_clock: self.has_host_clock(),
            dump_threads_after: self.outside.thread_dump.take(),
            stuck_locks: self.outside.stuck_locks.clone(),
        });
        let profiler = self.outside.profile.take().map(RunProfile::start);
        let mut pace = self.outside.pace.take();
        if let Some(pace) = &mut pace {
            pace.begin(|| self.figures());
            // A parallel run reports figures without a stop, but makes checkpoints at stops.
            if !self.has_host_clock() || self.outside.rewind.is_some() {
                pace.stop_periodically(&self.inside.executor.stop_flag());
            }
        }
        ActiveRun {
            limits,
            start,
            pace,
            watchdog: Some(watchdog),
            profiler,
            launcher: None,
            concluded: None,
            _sleeps: PreciseSleeps::begin(),
        }
    }

    /// Ends a run: writes all outputs, and reports.
    fn conclude(&mut self, end: RunEnd, run: &mut ActiveRun<'_>) -> Finished {
        self.report_missed_states();
        self.finish_slots();
        let was_left =
            self.outside.interrupt.cause().is_some() || run.pace.as_ref().is_some_and(Pace::was_left);
        self.save_exit(&end, was_left);
        self.outside.pace = run.pace.take();
        self.inside.note_end(&end);
        if let Some(profiler) = run.profiler.take()
            && let Err(error) =
                profiler.and_then(|profiler| profiler.finish(&self.spec.title.name, &self.inside.kernel))
        {
            self.outside.write_errors.note(say::chain(&error));
        }
        let divergence = self.inside.executor.divergence();
        let recording_trouble = self.outside.recording.get();
        if let Some(recorded) = &self.outside.recorded {
            recorded.end(self.inside.executor.now());
        }
        if let Some(loss) = self.outside.event_log.as_ref().and_then(EventLog::finish) {
            self.outside.write_errors.note(loss);
        }
        if let Some(loss) = self.outside.call_trace.as_ref().and_then(CallTraceOutput::finish) {
            self.outside.write_errors.note(loss);
        }
        if let Some(loss) = self.outside.sound.finish() {
            self.outside.write_errors.note(loss);
        }
        self.write_contention();
        if let Some(store) = &self.outside.store {
            store.save();
        }
        let has_lost_output = !self.outside.write_errors.is_empty();
        let missing_files = self.inside.kernel.files.lock().missing.list().to_vec();
        let report = self.report(&end, run.start);
        let bug_report = self.collect("end", &report);
        run.watchdog = None;
        // A request that arrived too late for this run must not stop or fill the next one.
        if self.print_requested_threads(run.start) {
            self.inside.executor.stop_flag().store(false, Relaxed);
        }
        Finished { report, bug_report, end, divergence, recording_trouble, missing_files, has_lost_output }
    }

    /// Passes a bug report of this moment to the sink.
    fn send_report(&mut self, start: RunStart) {
        let collected = self.collect("key", &self.report(&RunEnd::Stopped, start));
        if let (Some(sink), Some(collected)) = (&mut self.outside.reports, collected) {
            sink(collected);
        }
    }

    /// Makes the reports that were requested since `start`, for which the run was stopped. Returns
    /// whether there was one.
    fn make_requested_reports(&mut self, start: RunStart) -> bool {
        let wants_threads = self.print_requested_threads(start);
        let wants_report = self.outside.interrupt.take_bug_report_request();
        if wants_report {
            self.send_report(start);
        }
        wants_threads || wants_report
    }

    /// Prints the guest's threads if that was requested since `start`. Returns whether it was.
    fn print_requested_threads(&self, start: RunStart) -> bool {
        let wants_threads = self.outside.interrupt.take_thread_dump_request();
        if wants_threads {
            errln!("after {:.1} s: {}", start.wall_seconds(), self.inside.executor.threads_report());
        }
        wants_threads
    }

    /// Runs until the pace requires a pause or an outside request needs an answer. Returns why the
    /// run ended, if it did.
    fn run_slice(&mut self, run: &mut ActiveRun<'_>) -> Option<RunEnd> {
        if self.save_to_requested_slot(run) && !self.wait_for_pace(run) {
            return Some(RunEnd::Stopped);
        }
        if self.run_requested_inspection(run) && !self.wait_for_pace(run) {
            return Some(RunEnd::Stopped);
        }
        if let Some(pace) = &mut run.pace {
            pace.set_can_rewind(self.outside.rewind.is_some());
            if pace.is_rewinding() {
                return self.step_back(run);
            }
        }
        let ActiveRun { limits, start, pace, .. } = run;
        let limits = &*limits;
        if let Some(pace) = pace {
            pace.set_has_clock(self.inside.executor.set_speed(pace.speed()));
        }
        let piece = pace.as_ref().map(|pace| pace.limits(limits, &self.position()));
        let piece = self.outside.save_points.limits(piece.as_ref().unwrap_or(limits));
        let piece = self.rewind_limits(piece);
        // A run for a state, or gdb, may have cleared the flag that a request has set.
        self.outside.interrupt.watch(self.inside.executor.stop_flag(), self.outside.cancel.clone());
        if let Some(pace) = pace {
            pace.watch(self.inside.executor.stop_flag());
        }
        let end = self.run_piece(&piece, pace.as_mut());
        self.make_requested_reports(*start);
        let has_saved = self.save_due_states();
        self.make_due_checkpoint();
        let over = match end {
            RunEnd::Instructions if has_saved => {
                limits.instructions.is_some_and(|last| self.inside.executor.instructions() >= last)
            }
            RunEnd::Stopped | RunEnd::Ticks => {
                self.outside.interrupt.cause().is_some() || self.outside.recording.is_over()
            }
            // The frame at which a step ends, or the limit's.
            RunEnd::Frames => limits.frames.is_some_and(|frames| self.inside.kernel.frames() >= frames),
            _ => true,
        };
        if over || self.inside.executor.divergence().is_some() {
            return Some(end);
        }
        (!self.wait_for_pace(run)).then_some(RunEnd::Stopped)
    }

    /// Saves the state to a slot if the pace requests it. Returns whether it did.
    fn save_to_requested_slot(&mut self, run: &mut ActiveRun<'_>) -> bool {
        let Some(pace) = &mut run.pace else { return false };
        let Some(slot) = pace.take_save_slot() else { return false };
        if !self.save_to_slot(slot) {
            // The player would lose unsaved progress.
            pace.keep_machine();
        }
        true
    }

    /// Waits for the pace between two slices. Returns `false` if the machine must end.
    fn wait_for_pace(&self, run: &mut ActiveRun<'_>) -> bool {
        let Some(pace) = &mut run.pace else { return true };
        pace.between_slices(&self.position(), || self.figures())
    }

    /// Drops the machine without an effect on files of the host: unlike a drop, it saves nothing
    /// that the title has left unsaved.
    pub fn discard(self) {
        self.inside.kernel.discard();
    }

    /// Runs to `until`, without pace or end report; the interrupt can stop it, and requested
    /// reports are made on the way. In lockstep the machine can stop at any instruction and resume
    /// without any effect on the run.
    pub fn run_until(&mut self, until: &Limits) -> RunEnd {
        let start = self.start_now();
        loop {
            self.outside.interrupt.watch(self.inside.executor.stop_flag(), self.outside.cancel.clone());
            let end = self.inside.run(until);
            let has_reported = self.make_requested_reports(start);
            if end != RunEnd::Stopped || !has_reported || self.outside.interrupt.cause().is_some() {
                return end;
            }
        }
    }

    fn start_now(&self) -> RunStart {
        RunStart { time: Instant::now(), position: self.position() }
    }

    /// Where the machine is: in lockstep, the number of instructions is the address of a moment.
    pub fn position(&self) -> MachinePosition {
        self.inside.position()
    }

    /// Whether the guest has a file at this path.
    #[cfg(test)]
    pub(crate) fn has_file(&self, path: &str) -> bool {
        let files = self.inside.kernel.files.lock();
        files.vfs.resolve(path).is_ok_and(|location| files.vfs.find(&location).is_ok())
    }

    /// The title that the ended title launched, if it launched one. The machine can't continue.
    pub fn take_successor(&mut self) -> Option<Successor> {
        self.inside.kernel.take_successor()
    }
}

/// The start of a run by this machine: that of the title, or the moment of the state that it
/// loaded.
#[derive(Clone, Copy, Debug)]
struct RunStart {
    time: Instant,
    position: MachinePosition,
}

impl RunStart {
    /// Host time since the start, in seconds.
    fn wall_seconds(self) -> f64 {
        self.time.elapsed().as_secs_f64()
    }
}

/// The run in progress, which consists of slices.
struct ActiveRun<'a> {
    limits: Limits,
    start: RunStart,
    pace: Option<Pace>,
    /// Watches the machine until the run is concluded.
    watchdog: Option<Watchdog>,
    profiler: Option<anyhow::Result<Profiler>>,
    /// Starts the titles that this one launches while a debugger stays.
    launcher: Option<&'a mut (dyn Launcher + 'a)>,
    /// Result of a run whose launch of another title has failed.
    concluded: Option<Finished>,
    /// For the pace, and in parallel mode for waits, vertical blanks and sound.
    _sleeps: PreciseSleeps,
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
    pub has_lost_output: bool,
}
