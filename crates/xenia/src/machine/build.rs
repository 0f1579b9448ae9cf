//! Builds a machine part by part, and loads the title.
//!
//! Contradictory options are refused before anything is created, and a saved state is loaded last:
//! it replaces the memory of a title that has been started in the usual way.

use super::contradictions::refuse_contradictions;
use super::engine::{MachineEngine, engine, executor, jit_config, reservations, scheduler_config};
use super::parts::{MachineInside, MachineOutside, MachineSpec};
use super::save_points::SavePoints;
use super::{Machine, MachineOptions, state};
use crate::call_log;
use crate::call_trace::{CallTraceOutput, WakeEvents};
use crate::code_ahead;
use crate::code_store;
use crate::command_line::{command_line, launched_command_line};
use crate::config::{ExecutorConfig, MachineConfig, StartTime};
use crate::content::{ContentFolder, user_of};
use crate::dialogs::{AutomaticDialogs, DialogLog, LoggedDialogs};
use crate::digest::ImageDigest;
use crate::drawing::{BackendTally, CompileProgress as Compiled, Drawing};
use crate::event_log::{EventLog, EventLogFile};
use crate::gpu_port::{Capture, GpuPort};
use crate::interrupt::Interrupt;
use crate::network;
use crate::output::{self, WriteErrors};
use crate::profile::RunProfile;
use crate::recording::{self, OutsideInput, RecordingHeader, RunRecording, Trouble};
use crate::report::TitleReport;
use crate::say::remark;
use crate::sound::XmaPort;
use crate::title::Title;
use crate::title::medium::Medium;
use crate::watchdog::StuckLockList;
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use xenia_exports::registry;
use xenia_formats::image::ImageKind;
use xenia_gpu::{CommandProcessor, Config};
use xenia_jit::Ahead;
use xenia_kernel::deployment::Deployment;
use xenia_kernel::files::mounts;
use xenia_kernel::imports::CallTrace;
use xenia_kernel::ports::{Chipset, Clock, Devices, NoInput, Ports};
use xenia_kernel::{Kernel, KernelConfig};
use xenia_memory::GuestMemory;
use xenia_sched::{Event, EventSink, Scheduler};
use xenia_sync::{Level, Mutex};

impl Machine {
    /// Builds a machine and loads `title` into it.
    ///
    /// # Errors
    /// Options contradict each other, a file or device can't be opened, or the title can't start.
    pub fn new(title: &Title, options: MachineOptions<'_>) -> Result<Self> {
        Self::new_with_compile_progress(title, options, &|_, _, _| {})
    }

    /// As [`Self::new`]; reports the compilation of pipelines and code before the title runs to
    /// `compiled`.
    pub fn new_with_compile_progress(
        title: &Title,
        mut options: MachineOptions<'_>,
        compiled: Compiled<'_>,
    ) -> Result<Self> {
        refuse_contradictions(&options)?;
        warn_of_damage(title);
        let config = options.config;
        let cpu = &config.cpu;
        let mode = &config.executor;
        let image_digest = ImageDigest::of(&title.image);
        let Hardware { memory, engine, processor, backend, pipelines, adapter, is_exact } =
            Hardware::new(title, &image_digest, &mut options, compiled)?;
        let clock = StartTime::clock(config.start_time, mode.parallel);
        let conditions = conditions(title, &options, backend, clock)?;
        let RecordedInputs { header, outside, recorded, trouble, write_errors } =
            RecordedInputs::new(&mut options, &conditions, &image_digest)?;
        let xma = XmaPort::new(memory.clone());
        let video = video_port(&mut options, &processor, &memory);
        let video_progress = video.progress();
        let call_trace =
            options.traced_calls.map(|traced| CallTraceOutput::create(traced.file)).transpose()?;
        let traced = call_trace.as_ref().zip(options.traced_calls);
        let trace = traced.map(|(output, traced)| output.port(traced.filter));
        let devices = Arc::new(Devices::new(ports(title, &mut options, outside)?));
        let network = network::port(config.network, mode.parallel)?;
        let chipset = Chipset { video: Box::new(video), xma: Box::new(xma.clone()), network, clock };
        let launch = options.launched.as_ref().map(|launched| (launched.launch.clone(), launched.before));
        let kernel = kernel(title, &mut options, trace.clone(), &memory, chipset, devices.clone())?;
        let mut scheduler = scheduler(&config.executor, options.record_contention)?;
        let event_log = options.event_log.map(EventLogFile::open).transpose()?;
        send_events(&mut scheduler, event_log.as_ref(), trace, &memory, &image_digest);
        let report = start_title(title, &kernel, &mut scheduler)?;
        compile_ahead(title, engine.ahead, options.precompile, compiled);
        let mut executor = executor(scheduler, engine.run, &kernel, mode)?;
        executor.set_barrier(mode.barrier);
        let profile = options.profile.map(|output| {
            let has_compiler_thread = jit_config(cpu, mode).background;
            RunProfile::new(output, &mut executor, engine.compiling.clone(), has_compiler_thread)
        });
        let cancel = processor.lock().cancel();
        let machine = Self {
            spec: MachineSpec {
                header,
                conditions,
                no_states: state::refusal(cpu, mode),
                launch,
                title: report,
                image: title.image.clone(),
                image_digest,
                backend,
                adapter,
                has_digest: is_exact && !mode.parallel,
                record_contention: options.record_contention.map(Path::to_owned),
            },
            outside: MachineOutside {
                devices,
                cancel,
                pipelines,
                recorded,
                video_progress,
                recording: trouble,
                event_log,
                call_trace,
                profile: profile.transpose()?,
                compiling: engine.compiling,
                code: engine.code,
                store: engine.store,
                write_errors,
                interrupt: Interrupt::default(),
                pace: None,
                thread_dump: None,
                stuck_locks: StuckLockList::default(),
                debugger: None,
                reports: None,
                sound: options.sound,
                inspector: None,
                slots: None,
                rewind: None,
                save_points: SavePoints::default(),
            },
            inside: MachineInside { memory, kernel, processor, executor, xma },
            begins_at_state: false,
            is_broken: false,
        };
        match options.state {
            Some(path) => machine.load_state_from(path),
            None => Ok(machine),
        }
    }
}

/// Warns of an image that cannot run as the title means.
fn warn_of_damage(title: &Title) {
    if let Some(damage) = title.image.damage() {
        let name = &title.name;
        tracing::warn!(target: "kernel", "{name} is damaged: {damage}; `xenia-rs verify` lists all errors");
    }
}

/// Memory, the engine and the GPU.
struct Hardware {
    memory: Arc<GuestMemory>,
    engine: MachineEngine,
    processor: Arc<Mutex<CommandProcessor>>,
    /// Name of the GPU's backend.
    backend: &'static str,
    pipelines: Option<Arc<BackendTally>>,
    adapter: Option<String>,
    /// Whether the backend draws identically on every host.
    is_exact: bool,
}

impl Hardware {
    /// Creates the hardware; takes the graphics device out of the options.
    fn new(
        title: &Title,
        image_digest: &ImageDigest,
        options: &mut MachineOptions<'_>,
        compiled: Compiled<'_>,
    ) -> Result<Self> {
        let memory = GuestMemory::new().context("guest memory")?;
        let MachineConfig { cpu, executor: mode, gpu_inline, .. } = options.config;
        let store = options
            .code_cache
            .as_deref()
            .and_then(|folder| code_store::options(folder, title, reservations(cpu, mode)));
        let engine = engine(&memory, cpu, mode, &title.image.functions, store)?;
        let Drawing { backend: drawing, pipelines, adapter, is_exact } =
            Drawing::new(title, image_digest, options.video, options.device.take(), compiled)?;
        let backend = drawing.name();
        let gpu_config = Config {
            capture_all: options.capture == Capture::Every,
            inline: *gpu_inline,
            short_pumps: mode.parallel,
            concurrent: mode.parallel,
            readback: options.video.readback.into(),
            queries: options.video.queries.into(),
            ..Config::default()
        };
        let processor = CommandProcessor::new(memory.clone(), drawing, gpu_config);
        let processor = Arc::new(Mutex::new(Level::Graphics, processor));
        Ok(Self { memory, engine, processor, backend, pipelines, adapter, is_exact })
    }
}

/// Conditions that a state of the machine must share. The digest of the image takes time, so it is
/// added where it is needed.
fn conditions(
    title: &Title,
    options: &MachineOptions<'_>,
    backend: &str,
    clock: Clock,
) -> Result<RecordingHeader> {
    Ok(RecordingHeader::new(&title.name, options.config, clock)?
        .with(backend, options.arguments)
        .with_discs(title.discs.digests())
        .with_patches(&title.patches))
}

/// Port of the display; takes the sink of pictures out of the options.
fn video_port(
    options: &mut MachineOptions<'_>,
    processor: &Arc<Mutex<CommandProcessor>>,
    memory: &Arc<GuestMemory>,
) -> GpuPort {
    let frames = std::mem::replace(&mut options.frames, Box::new(|_, _, _| {}));
    let mode = options.config.console.display_mode();
    GpuPort::new(processor.clone(), memory.clone(), options.capture, frames, mode)
}

/// Ports to the host; takes those of text and storage out of the options.
fn ports(title: &Title, options: &mut MachineOptions<'_>, outside: OutsideInput) -> Result<Ports> {
    let OutsideInput { input, dialogs } = outside;
    let parallel = options.config.executor.parallel;
    let folder = options.content.take();
    let named = options.config.user.as_deref();
    let first_user = named.map(|named| user_of(folder.as_deref(), named)).transpose()?.flatten();
    Ok(Ports {
        audio: options.sound.port(),
        text: std::mem::replace(&mut options.text, Box::new(|_| {})),
        input,
        dialogs: Box::new(LoggedDialogs::new(dialogs, DialogLog)),
        drive: Box::new(title.discs.clone()),
        storage: Box::new(ContentFolder {
            folder,
            scratch: options.scratch.take(),
            first_user,
            repeats: !parallel,
        }),
    })
}

/// Sends the scheduler's events to the event log and the trace of calls, if there are any.
fn send_events(
    scheduler: &mut Scheduler,
    event_log: Option<&EventLog>,
    trace: Option<Arc<CallTrace>>,
    memory: &Arc<GuestMemory>,
    image_digest: &ImageDigest,
) {
    let events = call_log::events(event_log);
    let events = match trace {
        Some(trace) => {
            let sink: Box<dyn EventSink> =
                Box::new(WakeEvents { trace, memory: memory.clone(), next: events });
            Some(sink)
        }
        None => events,
    };
    if let Some(events) = events {
        scheduler.set_events(events);
        scheduler.emit(&Event::Image { sha256: image_digest.get() });
    }
}

/// Loads the title, creates its first thread and notes in the users' profiles that they play it.
/// Returns its part of the report.
fn start_title(title: &Title, kernel: &Arc<Kernel>, scheduler: &mut Scheduler) -> Result<TitleReport> {
    kernel.load_title(scheduler, &title.image).with_context(|| format!("cannot start {}", title.name))?;
    kernel.gamer_data().note_start(kernel.clock.system_time(scheduler.now()));
    let applied = kernel.modules.lock().title().map(|title| title.patches.clone());
    Ok(TitleReport {
        name: title.name.clone(),
        id: title.image.execution.map(|execution| execution.title_id.to_string()),
        folder: game_folder(title, kernel),
        patches: applied.unwrap_or_default(),
    })
}

/// The place that the title sees as `game:`: the medium, a package on it after a launch from that,
/// and the folder on it.
fn game_folder(title: &Title, kernel: &Kernel) -> Option<String> {
    let mut place = title.medium.as_ref()?.to_string();
    let files = kernel.files.lock();
    let folder = files.vfs.link_target("game:").ok().and_then(|target| target.strip_prefix(mounts::TITLE));
    for inner in title.package.as_ref().map(|package| package.path.as_str()).into_iter().chain(folder) {
        if !inner.is_empty() {
            place.push_str(": ");
            place.push_str(inner);
        }
    }
    Some(place)
}

/// Names the title's functions to the ahead-of-time compiler, and compiles them with `precompile`.
fn compile_ahead(
    title: &Title,
    ahead: Option<Ahead>,
    precompile: Option<&Interrupt>,
    compiled: Compiled<'_>,
) {
    if let Some(ahead) = &ahead {
        ahead.name_functions(&code_ahead::starts(&title.image));
    }
    let Some(interrupt) = precompile else { return };
    let Some(ahead) = ahead else {
        remark!("xenia-rs: --precompile: nothing is compiled ahead, as this run keeps no compiled code");
        return;
    };
    let start = Instant::now();
    let done = code_ahead::compile(&ahead, &title.image, code_ahead::threads(None), compiled, interrupt);
    tracing::info!(
        functions = done.functions,
        left_to_baseline = done.left,
        regions = done.regions,
        instructions = done.instructions,
        known = done.known,
        failed = done.failed,
        "compiled ahead in {:.1} s",
        start.elapsed().as_secs_f64(),
    );
}

/// The recording of the run, and its input from outside: recorded, replayed, or neither.
struct RecordedInputs {
    /// Conditions of a run that is recorded or replayed.
    header: Option<RecordingHeader>,
    outside: OutsideInput,
    recorded: Option<RunRecording>,
    trouble: Trouble,
    write_errors: WriteErrors,
}

impl RecordedInputs {
    /// Takes the input sources out of the options, and wraps them to record them, or replaces them
    /// by a recording.
    fn new(
        options: &mut MachineOptions<'_>,
        conditions: &RecordingHeader,
        image_digest: &ImageDigest,
    ) -> Result<Self> {
        let input = std::mem::replace(&mut options.input, Box::new(NoInput));
        let dialogs = std::mem::replace(&mut options.dialogs, Box::new(AutomaticDialogs::default()));
        let outside = OutsideInput { input, dialogs };
        let trouble = Trouble::default();
        let write_errors = WriteErrors::default();
        let is_used = options.record.is_some() || options.replay.is_some();
        let header = is_used.then(|| conditions.clone().with_image(image_digest.get()));
        let (outside, recorded) = match (&header, options.record, options.replay) {
            (Some(header), Some(path), _) => {
                let (outside, made) = recording::record(path, header, outside, write_errors.clone())?;
                (outside, Some(made))
            }
            (Some(header), None, Some(path)) => {
                let (outside, reel) =
                    recording::replay(path, header, options.state.is_some(), trouble.clone())?;
                (outside, Some(reel))
            }
            _ => (outside, None),
        };
        Ok(Self { header, outside, recorded, trouble, write_errors })
    }
}

/// Deployment of the title, with the licence of `--license`.
fn deployment(title: &Title, license: Option<u32>) -> Deployment {
    let found = title.medium.as_ref().map(Medium::deployment).unwrap_or_default();
    Deployment { license: license.or(found.license), ..found }
}

/// Builds the kernel, with the title's disks; takes the launch out of the options.
fn kernel(
    title: &Title,
    options: &mut MachineOptions<'_>,
    call_trace: Option<Arc<CallTrace>>,
    memory: &Arc<GuestMemory>,
    chipset: Chipset,
    devices: Arc<Devices>,
) -> Result<Arc<Kernel>> {
    let mut config = KernelConfig {
        keys: title.keys.clone(),
        deployment: deployment(title, options.config.license),
        patches: title.patches.clone(),
        call_history: options.call_history,
        call_costs: options.profile.is_some(),
        call_trace,
        ..KernelConfig::default()
    };
    options.config.console.apply(&mut config);
    let launched = options.launched.take();
    if let Some(launched) = &launched {
        let path = &launched.launch.path;
        let name = path.rsplit('\\').next().unwrap_or(path);
        config.command_line = launched_command_line(name, &launched.launch.command_line);
        config.image_path.clone_from(path);
        config.game_folder.clone_from(&launched.launch.folder);
    } else {
        config.command_line = command_line("default.xex", options.arguments)?;
        // An ELF records no name, and its guest path is the same for all.
        let file = Path::new(&title.name).file_name().filter(|_| title.image.kind == ImageKind::Elf);
        config.report_name = file.map(|file| file.to_string_lossy().into_owned());
    }
    let kernel = Kernel::new(memory.clone(), config, chipset, devices, registry()).context("kernel")?;
    let in_package = launched.as_ref().is_some_and(|launched| launched.launch.package.is_some());
    let inheritance = launched.and_then(|launched| launched.inheritance);
    let has_own_medium = in_package || inheritance.is_none();
    if let Some(mut inheritance) = inheritance {
        if in_package {
            // The package has the place of the disc.
            inheritance.disc = None;
        }
        kernel.inherit(inheritance);
    }
    if let Some(medium) = title.medium.as_ref().filter(|_| has_own_medium) {
        medium.mount(&mut kernel.files.lock())?;
    }
    title.updates.mount(&mut kernel.files.lock())?;
    Ok(kernel)
}

fn scheduler(config: &ExecutorConfig, record_contention: Option<&Path>) -> Result<Scheduler> {
    let mut scheduler = Scheduler::new(scheduler_config(config)?);
    if let Some(path) = record_contention {
        output::check(path)?;
        scheduler.record_contention();
    }
    Ok(scheduler)
}
