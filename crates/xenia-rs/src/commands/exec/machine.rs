//! The machine of a title, built from the flags and the run's resources.

use crate::cli::ExecArgs;
use anyhow::{Context, Result};
use std::path::PathBuf;
use xenia::call_trace::TracedCalls;
use xenia::code_store;
use xenia::config::{AudioOutput, SaveConfig};
use xenia::content::{self, HeldContent};
use xenia::drawing::{CompileProgress, SharedDevice};
use xenia::event_log::EventLogFile;
use xenia::gpu_port::{Capture, FrameSink};
use xenia::guest_log::GuestLog;
use xenia::interrupt::Interrupt;
use xenia::launches::EarlierTitles;
use xenia::machine::{Launched, Machine, MachineOptions};
use xenia::profile::{PROFILE_RATE, ProfileOutput};
use xenia::sound::{Sound, VolumeControl};
use xenia::title::Title;
use xenia::video::VideoRecorder;
use xenia_gdb::Listener;
use xenia_kernel::ports::{Dialogs, Input, ScratchPlace};

/// The input and output that a machine is connected to.
pub(super) struct MachinePorts<'a> {
    /// Which swaps are captured, and their sink.
    pub(super) capture: Capture,
    pub(super) frames: FrameSink,
    pub(super) guest_log: &'a GuestLog,
    pub(super) input: Box<dyn Input>,
    pub(super) dialogs: Box<dyn Dialogs>,
}

/// Parts of the run and of its window that each machine of the run uses.
pub(super) struct RunResources<'a> {
    /// Receives the progress of compilation before the title runs.
    pub(super) compiled: CompileProgress<'a>,
    /// Cancels the compilation.
    pub(super) interrupt: &'a Interrupt,
    /// Volume that keys of the window change.
    pub(super) volume: Option<&'a VolumeControl>,
    /// The videos that have the sound, too.
    pub(super) video: Option<&'a VideoRecorder>,
    /// The window's graphics device.
    pub(super) device: Option<SharedDevice>,
    /// The run's content folder.
    pub(super) saves: &'a HeldContent,
}

/// The machine of a title of the run; the first one loads the state that the flags name.
pub(super) fn machine(
    args: &ExecArgs,
    title: &Title,
    before: &EarlierTitles,
    launched: Option<Launched>,
    ports: MachinePorts<'_>,
    resources: RunResources<'_>,
) -> Result<Machine> {
    let MachinePorts { capture, frames, guest_log, input, dialogs } = ports;
    let file = |path: &Option<PathBuf>| before.file(path.as_deref());
    let sound = open_sound(args, before, &resources)?;
    let config = (&args.engine).into();
    let video = (&args.picture).into();
    let saves = SaveConfig::from(&args.engine.content);
    let debugger = open_debugger(args, before)?;
    let profile = file(&args.debug.profile);
    let rate = args.debug.profile_rate.unwrap_or(PROFILE_RATE);
    let traced_to = file(&args.debug.trace_calls_to);
    let mut machine = Machine::new_with_compile_progress(
        title,
        MachineOptions {
            device: resources.device,
            capture,
            frames,
            text: guest_log.port(title.image.kind),
            input,
            dialogs,
            content: resources.saves.folder(),
            scratch: scratch_place(args, &saves)?,
            code_cache: code_cache(args),
            precompile: args.precompile.then_some(resources.interrupt),
            event_log: file(&args.run.event_log).as_deref().map(EventLogFile::New),
            record: file(&args.run.record).as_deref(),
            replay: file(&args.run.replay).as_deref(),
            state: args.states.load_state.as_deref().filter(|_| before.machines == 0),
            record_contention: file(&args.run.record_contention).as_deref(),
            launched,
            sound,
            arguments: &args.arguments,
            call_history: args.report.is_some() || !args.picture.headless,
            profile: profile.as_deref().map(|path| ProfileOutput { path, rate }),
            traced_calls: args
                .debug
                .trace_calls
                .as_ref()
                .map(|filter| TracedCalls { filter, file: traced_to.as_deref() }),
            ..MachineOptions::new(&config, &video)
        },
        resources.compiled,
    )?;
    if let Some(debugger) = debugger {
        machine.set_debugger(debugger);
    }
    set_run_options(&mut machine, args, before)?;
    Ok(machine)
}

/// Sets the options that apply after the title is loaded.
fn set_run_options(machine: &mut Machine, args: &ExecArgs, before: &EarlierTitles) -> Result<()> {
    if before.machines == 0 {
        machine.set_save_points(args.states.save_state.clone());
    }
    if let Some(after) = args.run.dump_threads_after {
        machine.set_thread_dump(after);
    }
    if let Some(limit) = args.states.rewind_limit() {
        machine.set_rewind(Some(limit)).context("--rewind")?;
    }
    Ok(())
}

/// Opens the sound's output, which follows the window's volume and goes into its videos.
fn open_sound(args: &ExecArgs, before: &EarlierTitles, resources: &RunResources<'_>) -> Result<Sound> {
    let wav = match &args.sound.audio {
        Some(AudioOutput::Wav(path)) => before.file(Some(path)),
        _ => None,
    };
    let sound = Sound::open(&(&args.sound).into(), wav.as_deref(), !args.picture.headless)?;
    resources.volume.inspect(|volume| sound.follow(volume));
    resources.video.inspect(|video| sound.record(video));
    Ok(sound)
}

/// Listens for gdb. Only for the first title: a debugger stays when that launches another.
fn open_debugger(args: &ExecArgs, before: &EarlierTitles) -> Result<Option<Listener>> {
    let address = args.debug.gdb.as_ref().filter(|_| before.machines == 0);
    let debugger = address
        .map(|address| Listener::open(address).with_context(|| format!("--gdb: cannot listen at {address}")));
    debugger.transpose()
}

/// Folder of compiled code. Runs that are compared use one only if a flag names it.
fn code_cache(args: &ExecArgs) -> Option<PathBuf> {
    let named = args.engine.code_cache.as_deref();
    if args.is_compared() { code_store::named_folder(named) } else { code_store::folder(named) }
}

/// Location of the title's scratch disks. Runs that are compared have empty ones, unless a flag
/// names their folder.
fn scratch_place(args: &ExecArgs, saves: &SaveConfig) -> Result<Option<ScratchPlace>> {
    let is_compared = args.is_compared() || args.engine.cpu.cross_check.is_some();
    if is_compared && !args.scratch.is_given() {
        return Ok(None);
    }
    content::scratch(&(&args.scratch).into(), saves, !args.engine.mode.parallel)
}
