//! Options to build a machine with.

use super::Launched;
use crate::call_trace::TracedCalls;
use crate::config::{DialogPolicy, MachineConfig, VideoConfig};
use crate::dialogs::AutomaticDialogs;
use crate::drawing::SharedDevice;
use crate::event_log::EventLogFile;
use crate::gpu_port::{Capture, FrameSink};
use crate::interrupt::Interrupt;
use crate::profile::ProfileOutput;
use crate::sound::Sound;
use std::path::{Path, PathBuf};
use xenia_kernel::ports::{Dialogs, Input, NoInput, ScratchPlace, TextSink};

/// Options that build a machine, apart from its title.
pub struct MachineOptions<'a> {
    /// Options of engine, executor and scheduler.
    pub config: &'a MachineConfig,
    /// GPU backend and its options.
    pub video: &'a VideoConfig,
    /// The window's graphics device, for a backend that draws with it.
    pub device: Option<SharedDevice>,
    /// Which swaps are captured as pictures.
    pub capture: Capture,
    /// Sink for captured pictures.
    pub frames: FrameSink,
    /// Sink for text that the guest prints.
    pub text: TextSink,
    /// Source of the controllers' states.
    pub input: Box<dyn Input>,
    /// Answers the console's dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Folder of saves; `None`: saves are kept in memory.
    pub content: Option<PathBuf>,
    /// Location of scratch disks; `None`: they are in memory.
    pub scratch: Option<ScratchPlace>,
    /// Folder of the persistent code cache; `None`: compiled code is not kept.
    pub code_cache: Option<PathBuf>,
    /// Compiles the title's code before it runs, until this interrupt is set; `None`: no
    /// ahead-of-time compilation.
    pub precompile: Option<&'a Interrupt>,
    /// File of the event log.
    pub event_log: Option<EventLogFile<'a>>,
    /// File to record input to.
    pub record: Option<&'a Path>,
    /// Recording that is replayed in place of the controllers and dialogs.
    pub replay: Option<&'a Path>,
    /// File of the state at which the machine begins: it is loaded when the machine is built, and
    /// recordings and logs begin there.
    pub state: Option<&'a Path>,
    /// File to record contention for locks to.
    pub record_contention: Option<&'a Path>,
    /// The launch, if another title launched this one.
    pub launched: Option<Launched>,
    /// Output of sound.
    pub sound: Sound,
    /// Arguments on the title's command line.
    pub arguments: &'a [String],
    /// Whether the last calls of each thread are kept, for a bug report.
    pub call_history: bool,
    /// The run's profile.
    pub profile: Option<ProfileOutput<'a>>,
    /// Calls of exports that are traced.
    pub traced_calls: Option<TracedCalls<'a>>,
}

impl<'a> MachineOptions<'a> {
    /// Options without pictures, text output, controllers or output files. Callers set the fields
    /// that differ: `MachineOptions { text, ..MachineOptions::new(config, video) }`.
    pub fn new(config: &'a MachineConfig, video: &'a VideoConfig) -> Self {
        Self {
            config,
            video,
            device: None,
            capture: Capture::Nothing,
            frames: Box::new(|_, _, _| {}),
            text: Box::new(|_| {}),
            input: Box::new(NoInput),
            dialogs: Box::new(AutomaticDialogs::new(DialogPolicy::Accept)),
            content: None,
            scratch: None,
            code_cache: None,
            precompile: None,
            event_log: None,
            record: None,
            replay: None,
            state: None,
            record_contention: None,
            launched: None,
            sound: Sound::null(),
            arguments: &[],
            call_history: false,
            profile: None,
            traced_calls: None,
        }
    }
}
