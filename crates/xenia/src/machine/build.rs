//! Builds a machine part by part, and loads the title.

use super::engine::{MachineEngine, engine, executor, jit_config, reservations, scheduler_config};
use super::parts::{MachineInside, MachineOutside, MachineSpec};
use super::save_points::SavePoints;
use super::{Launched, Machine, MachineOptions, state};
use crate::call_log;
use crate::call_trace::{CallTraceOutput, WakeEvents};
use crate::code_ahead;
use crate::code_store;
use crate::command_line::command_line;
use crate::config::{ConsoleConfig, ExecutorConfig, MachineConfig, StartTime};
use crate::content::ContentFolder;
use crate::dialogs::{DialogLog, LoggedDialogs};
use crate::digest::ImageDigest;
use crate::drawing::{CompileProgress as Compiled, Drawing};
use crate::event_log::EventLog;
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
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use xenia_exports::registry;
use xenia_gpu::{CommandProcessor, Config};
use xenia_jit::Ahead;
use xenia_kernel::deployment::Deployment;
use xenia_kernel::imports::CallTrace;
use xenia_kernel::ports::Ports;
use xenia_kernel::{Kernel, KernelConfig};
use xenia_memory::GuestMemory;
use xenia_sched::{Event, EventSink, Scheduler};
use xenia_sync::{Level, Mutex};

impl Machine {
    /// Builds a machine and loads `title` into it.
    pub fn new(title: &Title, options: MachineOptions<'_>) -> Result<Self> {
        Self::new_with_compile_progress(title, options, &|_, _, _| {})
    }

    /// As [`Self::new`]; reports the compilation of pipelines and code before the title runs to
    /// `compiled`.
    pub fn new_with_compile_progress(
        title: &Title,
        options: MachineOptions<'_>,
        compiled: Compiled<'_>,
    ) -> Result<Self> {
        if let Some(damage) = title.image.damage() {
            let name = &title.name;
            tracing::warn!(target: "kernel", "{name} is damaged: {damage}; `xenia-rs verify` tells all that is wrong");
        }
        let memory = GuestMemory::new().context("guest memory")?;
        let image_digest = ImageDigest::of(&title.image);
        let MachineConfig { cpu, executor: mode, .. } = options.config;
        let store = options
            .code_cache
            .as_deref()
            .and_then(|folder| code_store::options(folder, title, reservations(cpu, mode)));
        let MachineEngine { run: engine, compiling, code, store, ahead } =
            engine(&memory, cpu, mode, &title.image.functions, store)?;
        let Drawing { backend: drawing, pipelines, adapter, is_exact: has_digest } =
            Drawing::new(title, &image_digest, (options.video, options.device), compiled)?;
        let backend = drawing.name();
        let config = Config {
            capture_all: options.capture == Capture::Every,
            inline: options.config.gpu_inline,
            short_pumps: mode.parallel,
            concurrent: mode.parallel,
            readback: options.video.readback.into(),
            queries: options.video.queries.into(),
            ..Config::default()
        };
        let processor = CommandProcessor::new(memory.clone(), drawing, config);
        let cancel = processor.cancel();
        let processor = Arc::new(Mutex::new(Level::Graphics, processor));
        let clock = StartTime::clock(options.config.start_time, mode.parallel);
        let tape =
            Tape { record: options.record, replay: options.replay, loads_state: options.state.is_some() };
        let (recording, write_errors) = (Trouble::default(), WriteErrors::default());
        // The digest of the image takes time, so it is added where it is needed.
        let conditions = RecordingHeader::new(&title.name, options.config, clock)?
            .with(backend, options.arguments)
            .with_discs(title.discs.digests())
            .with_patches(&title.patches);
        let launch = options.launched.as_ref().map(|launched| (launched.launch.clone(), launched.before));
        let header = tape.is_used().then(|| conditions.clone().with_image(image_digest.get()));
        let outside = (options.input, options.dialogs);
        let ((input, dialogs), recorded) = match &header {
            Some(header) => tape.between(outside, header, &recording, &write_errors)?,
            None => (outside, None),
        };
        let xma = XmaPort::new(memory.clone());
        let video = GpuPort::new(
            processor.clone(),
            memory.clone(),
            options.capture,
            options.frames,
            options.config.console.display_mode(),
        );
        let first_swap = video.first_swap();
        let traced = options.traced_calls;
        let call_trace = traced.map(|traced| CallTraceOutput::create(traced.file)).transpose()?;
        let trace = call_trace.as_ref().zip(traced).map(|(output, traced)| output.port(traced.filter));
        let ports = Ports {
            video: Box::new(video),
            audio: options.sound.port(),
            xma: Box::new(xma.clone()),
            text: options.text,
            input,
            clock,
            dialogs: Box::new(LoggedDialogs::new(dialogs, DialogLog)),
            drive: Box::new(title.discs.clone()),
            network: network::port(options.config.network, mode.parallel)?,
            storage: Box::new(ContentFolder {
                folder: options.content,
                scratch: options.scratch,
                repeats: !mode.parallel,
            }),
        };
        let deployment = deployment(title, options.config.license);
        let observed = ObservedCalls {
            history: options.call_history,
            costs: options.profile.is_some(),
            trace: trace.clone(),
        };
        let kernel = kernel(
            (title, deployment, &options.config.console, observed),
            &memory,
            ports,
            options.launched,
            options.arguments,
        )?;
        let mut scheduler = scheduler(&options.config.executor, options.record_contention)?;
        let opened = if options.event_log_goes_on { EventLog::append } else { EventLog::create };
        let event_log = options.event_log.map(opened).transpose()?;
        let events = call_log::events(event_log.as_ref());
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
        kernel
            .load_title(&mut scheduler, &title.image)
            .with_context(|| format!("cannot start {}", title.name))?;
        let applied = kernel.modules.lock().title().map(|title| title.patches.clone()).unwrap_or_default();
        if let Some(ahead) = &ahead {
            ahead.name_functions(&code_ahead::starts(&title.image));
        }
        if let Some(interrupt) = options.precompile {
            precompile(ahead, title, compiled, interrupt);
        }
        let mut executor = executor(scheduler, engine, &kernel, mode)?;
        executor.set_barrier(mode.barrier);
        let profile = options.profile.map(|output| {
            let has_compiler_thread = jit_config(cpu, mode).background;
            RunProfile::new(output, &mut executor, compiling.clone(), has_compiler_thread)
        });
        let profile = profile.transpose()?;
        let title_image = title.image.clone();
        let title = TitleReport {
            name: title.name.clone(),
            id: title.image.execution.map(|execution| execution.title_id.to_string()),
            folder: title.medium.as_ref().map(ToString::to_string),
            patches: applied,
        };
        let machine = Self {
            spec: MachineSpec {
                header,
                conditions,
                no_states: state::refusal(cpu, mode),
                launch,
                title,
                image: title_image,
                image_digest,
                backend,
                adapter,
                has_digest: has_digest && !mode.parallel,
                record_contention: options.record_contention.map(Path::to_owned),
            },
            outside: MachineOutside {
                cancel,
                pipelines,
                recorded,
                first_swap,
                recording,
                event_log,
                call_trace,
                profile,
                compiling,
                code,
                store,
                write_errors,
                interrupt: Interrupt::default(),
                pace: None,
                thread_dump: None,
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

/// Compiles the title's code ahead of time, from memory, where imports are resolved already.
fn precompile(ahead: Option<Ahead>, title: &Title, compiled: Compiled<'_>, interrupt: &Interrupt) {
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

/// The recording to write or replay.
struct Tape<'a> {
    record: Option<&'a Path>,
    replay: Option<&'a Path>,
    loads_state: bool,
}

impl Tape<'_> {
    /// Whether the run is recorded or replayed.
    fn is_used(&self) -> bool {
        self.record.is_some() || self.replay.is_some()
    }

    /// Wraps the input sources to record them, or replaces them by a recording.
    fn between(
        &self,
        outside: OutsideInput,
        header: &RecordingHeader,
        trouble: &Trouble,
        write_errors: &WriteErrors,
    ) -> Result<(OutsideInput, Option<RunRecording>)> {
        match (self.record, self.replay) {
            (Some(path), _) => {
                let (outside, made) = recording::record(path, header, outside, write_errors.clone())?;
                Ok((outside, Some(made)))
            }
            (None, Some(path)) => {
                let (outside, reel) = recording::replay(path, header, self.loads_state, trouble.clone())?;
                Ok((outside, Some(reel)))
            }
            (None, None) => Ok((outside, None)),
        }
    }
}

/// How the title came to the console, with the licence of `--license`.
fn deployment(title: &Title, license: Option<u32>) -> Deployment {
    let found = title.medium.as_ref().map(Medium::deployment).unwrap_or_default();
    Deployment { license: license.or(found.license), ..found }
}

/// Observers of calls that the kernel gets.
struct ObservedCalls {
    history: bool,
    costs: bool,
    trace: Option<Arc<CallTrace>>,
}

/// Builds the kernel, with the title's disks.
fn kernel(
    (title, deployment, console, observed): (&Title, Deployment, &ConsoleConfig, ObservedCalls),
    memory: &Arc<GuestMemory>,
    ports: Ports,
    launched: Option<Launched>,
    arguments: &[String],
) -> Result<Arc<Kernel>> {
    let mut config = KernelConfig {
        keys: title.keys.clone(),
        deployment,
        patches: title.patches.clone(),
        call_history: observed.history,
        call_costs: observed.costs,
        call_trace: observed.trace,
        ..KernelConfig::default()
    };
    console.apply(&mut config);
    if let Some(launched) = &launched {
        let path = &launched.launch.path;
        let name = path.rsplit('\\').next().unwrap_or(path);
        config.command_line = format!("\"{name}\"");
        config.image_path.clone_from(path);
    } else {
        config.command_line = command_line("default.xex", arguments)?;
    }
    let kernel = Kernel::new(memory.clone(), config, ports, registry()).context("kernel")?;
    if let Some(inheritance) = launched.and_then(|launched| launched.inheritance) {
        kernel.inherit(inheritance);
    } else if let Some(medium) = &title.medium {
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
