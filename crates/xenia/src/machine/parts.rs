//! Parts of a machine: the conditions that do not change, the host around it, and the inside.
//!
//! A saved state contains the inside only; another machine with the same conditions can continue
//! from it.

use super::ReportSink;
use super::debug::Debugger;
use super::inspect::Inspector;
use super::rewind::Rewind;
use super::save_points::SavePoints;
use super::save_slots::SaveSlots;
use crate::call_trace::CallTraceOutput;
use crate::digest::ImageDigest;
use crate::drawing::BackendTally;
use crate::event_log::EventLog;
use crate::gpu_port::VideoProgress;
use crate::interrupt::Interrupt;
use crate::output::WriteErrors;
use crate::pace::Pace;
use crate::profile::RunProfile;
use crate::progress::{EarlierTitles, MachinePosition};
use crate::recording::{RecordingHeader, RunRecording, Trouble};
use crate::report::TitleReport;
use crate::sound::{Sound, XmaPort};
use crate::watchdog::StuckLockList;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use xenia_formats::LoadedImage;
use xenia_gpu::Cancel;
use xenia_gpu::CommandProcessor;
use xenia_jit::{CodeSizes, CodeStore};
use xenia_kernel::ports::Devices;
use xenia_kernel::title::Launch;
use xenia_kernel::{Kernel, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_sched::{EndKind, Executor, Limits, RunEnd};
use xenia_sync::Mutex;

/// Conditions of a machine.
pub(super) struct MachineSpec {
    /// Conditions that a replay must have, too, if the run is recorded or replayed.
    pub(super) header: Option<RecordingHeader>,
    /// Conditions that a state must share, without the digest of the image.
    pub(super) conditions: RecordingHeader,
    /// The launch of the title by another one, and totals of the previous titles.
    pub(super) launch: Option<(Arc<Launch>, EarlierTitles)>,
    /// Reason why this machine has no states.
    pub(super) no_states: Option<&'static str>,
    pub(super) title: TitleReport,
    pub(super) image: Arc<LoadedImage>,
    pub(super) image_digest: ImageDigest,
    pub(super) backend: &'static str,
    /// The host's graphics adapter, if the backend uses one.
    pub(super) adapter: Option<String>,
    /// Whether a run has a digest: it repeats.
    pub(super) has_digest: bool,
    /// File to write the recorded contention to.
    pub(super) record_contention: Option<PathBuf>,
}

/// The host's side of a machine: controls, outputs, and handles to caches.
pub(super) struct MachineOutside {
    /// The host's ports, which the kernel is lent.
    pub(super) devices: Arc<Devices>,
    /// Cancels draws whose result is no longer needed.
    pub(super) cancel: Option<Cancel>,
    /// Counters of the wgpu backend.
    pub(super) pipelines: Option<Arc<BackendTally>>,
    /// The recording that is made or replayed.
    pub(super) recorded: Option<RunRecording>,
    pub(super) video_progress: Arc<VideoProgress>,
    /// Whether and where the run left the recording that it replays.
    pub(super) recording: Trouble,
    pub(super) event_log: Option<EventLog>,
    pub(super) call_trace: Option<CallTraceOutput>,
    /// The profile that the next run writes.
    pub(super) profile: Option<RunProfile>,
    /// Address of the code being compiled, or 0.
    pub(super) compiling: Option<Arc<AtomicU32>>,
    pub(super) code: Option<CodeSizes>,
    pub(super) store: Option<Arc<CodeStore>>,
    /// Write-back errors of requested output files.
    pub(super) write_errors: WriteErrors,
    pub(super) interrupt: Interrupt,
    pub(super) pace: Option<Pace>,
    /// Host time after which the next run prints the guest's threads.
    pub(super) thread_dump: Option<Duration>,
    /// The stuck locks that the run's watchdog has found.
    pub(super) stuck_locks: StuckLockList,
    /// The debugger that controls the next run.
    pub(super) debugger: Option<Debugger>,
    /// Receives the bug reports that are requested while the title runs.
    pub(super) reports: Option<ReportSink>,
    pub(super) sound: Sound,
    /// Looks into the machine when the window asks for it.
    pub(super) inspector: Option<Inspector>,
    /// Slots for states that the window asks for.
    pub(super) slots: Option<SaveSlots>,
    /// The checkpoints to which the machine can go back, if it keeps any.
    pub(super) rewind: Option<Rewind>,
    /// Moments at which the next run saves its state.
    pub(super) save_points: SavePoints,
}

/// The emulated console.
pub(super) struct MachineInside {
    pub(super) memory: Arc<GuestMemory>,
    pub(super) kernel: Arc<Kernel>,
    pub(super) processor: Arc<Mutex<CommandProcessor>>,
    pub(super) executor: Executor<KernelSystem>,
    pub(super) xma: XmaPort,
}

impl MachineInside {
    /// Runs to `until`.
    pub(super) fn run(&mut self, until: &Limits) -> RunEnd {
        self.executor.run(until)
    }

    /// Reports the end of a run to the kernel.
    pub(super) fn note_end(&self, end: &RunEnd) {
        let is_titles = matches!(end, RunEnd::Ended(EndKind::Exit { .. }));
        let now = self.kernel.clock.system_time(self.executor.now());
        self.kernel.files.lock().note_run_end(is_titles, now);
    }

    pub(super) fn position(&self) -> MachinePosition {
        MachinePosition {
            now: self.executor.now(),
            instructions: self.executor.instructions(),
            frames: self.kernel.frames(),
        }
    }
}
