//! A whole machine: memory, an engine, the scheduler, the kernel and the graphics chip, wired up.
//!
//! Nothing here is global: any number of machines can live in one process.

mod engine;
mod figures;
mod options;

pub use engine::{Engine, engine, jit_config, scheduler_config, tell_functions};
pub use figures::Sizes;
pub use options::{Launched, MachineOptions};

use self::engine::{executor, reservations};
use crate::call_log;
use crate::cli::{EngineArgs, StartTime};
use crate::code_store;
use crate::command_line::command_line;
use crate::content::ContentFolder;
use crate::dialogs::{DialogLog, Spoken};
use crate::digest::ImageDigest;
use crate::drawing::{Drawing, Progress as Compiled};
use crate::event_log::EventLog;
use crate::gpu_port::{Capture, GpuPort};
use crate::interrupt::Interrupt;
use crate::network;
use crate::output::{self, Losses};
use crate::pace::{Pace, Progress};
use crate::recording::{self, Header, Made, Trouble};
use crate::report::{RunReport, TitleReport};
use crate::say::{self, errln};
use crate::sound::{Sound, XmaPort};
use crate::title::Title;
use crate::watchdog::{Watchdog, Watched};
use crate::wording::count;
use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};
use xenia_gpu::limits::Cancel;
use xenia_gpu::trace::{self, Recording};
use xenia_gpu::{CommandProcessor, Config};
use xenia_jit::{CodeSizes, CodeStore};
use xenia_kernel::files::MissingFile;
use xenia_kernel::ports::Ports;
use xenia_kernel::title::Successor;
use xenia_kernel::{Kernel, KernelConfig, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_render::backend::PipelineTally;
use xenia_sched::{Event, Executor, Limits, RECORDED_CONTENTIONS, RunEnd, Scheduler};

/// See the module's documentation.
pub struct Machine {
    memory: Arc<GuestMemory>,
    kernel: Arc<Kernel>,
    processor: Arc<Mutex<CommandProcessor>>,
    /// Ends draws that nobody waits for any more.
    cancel: Option<Cancel>,
    executor: Executor<KernelSystem>,
    image_digest: ImageDigest,
    backend: &'static str,
    /// The host's, if one draws.
    adapter: Option<String>,
    /// Of a backend that has some.
    pipelines: Option<Arc<PipelineTally>>,
    has_digest: bool,
    title: TitleReport,
    /// The recording that is made.
    recorded: Option<Made>,
    /// The one that is followed.
    recording: Trouble,
    event_log: Option<EventLog>,
    record_contention: Option<PathBuf>,
    compiling: Option<Arc<AtomicU32>>,
    code: Option<CodeSizes>,
    store: Option<Arc<CodeStore>>,
    /// What of all that is asked for can't be written.
    losses: Losses,
    interrupt: Interrupt,
    pace: Option<Pace>,
    sound: Sound,
    xma: XmaPort,
}

impl Machine {
    /// Builds a machine and loads `title` into it.
    pub fn new(title: &Title, options: MachineOptions<'_>) -> Result<Self> {
        Self::new_told(title, options, &|_, _| {})
    }

    /// The same; `compiled` is told of pipelines that are compiled before the title runs.
    pub fn new_told(title: &Title, options: MachineOptions<'_>, compiled: Compiled<'_>) -> Result<Self> {
        let memory = GuestMemory::new().context("guest memory")?;
        let image_digest = ImageDigest::of(&title.image);
        let EngineArgs { cpu, mode, .. } = options.engine;
        let store = options
            .code_cache
            .as_deref()
            .and_then(|folder| code_store::options(folder, title, reservations(cpu, mode)));
        let Engine { run: engine, compiling, code, store } =
            engine(&memory, cpu, mode, &title.image.functions, store)?;
        let Drawing { backend: drawing, pipelines, adapter, is_exact: has_digest } =
            Drawing::new(title, &image_digest, options.picture, compiled)?;
        let backend = drawing.name();
        let config = Config {
            capture_all: options.capture == Capture::Every,
            inline: options.engine.gpu_inline,
            stop_at_swap: options.engine.mode.parallel,
            ..Config::default()
        };
        let processor = CommandProcessor::new(memory.clone(), drawing, config);
        let cancel = processor.cancel();
        let processor = Arc::new(Mutex::new(processor));
        let video = GpuPort::new(processor.clone(), memory.clone(), options.capture, options.frames);
        let recording = Trouble::default();
        let losses = Losses::default();
        let clock = StartTime::clock(options.engine.start_time, options.engine.mode.parallel);
        let header = || {
            let header = Header::new(&title.name, image_digest.get(), options.engine, clock)?;
            anyhow::Ok(header.with(backend, options.arguments))
        };
        let outside = (options.input, options.dialogs);
        let mut made = None;
        let (input, dialogs) = match (options.record, options.replay) {
            (Some(path), _) => {
                let (outside, recording) = recording::record(path, &header()?, outside, losses.clone())?;
                made = Some(recording);
                outside
            }
            (None, Some(path)) => recording::replay(path, &header()?, recording.clone())?,
            (None, None) => outside,
        };
        let xma = XmaPort::new(memory.clone());
        let ports = Ports {
            video: Box::new(video),
            audio: options.sound.port(),
            xma: Box::new(xma.clone()),
            text: options.text,
            input,
            clock,
            dialogs: Box::new(Spoken::new(dialogs, DialogLog)),
            network: network::port(options.engine.network, options.engine.mode.parallel)?,
            storage: Box::new(ContentFolder {
                folder: options.content,
                repeats: !options.engine.mode.parallel,
            }),
        };
        let mut config = KernelConfig { keys: title.keys.clone(), ..KernelConfig::default() };
        if let Some(launched) = &options.launched {
            let name = launched.path.rsplit('\\').next().unwrap_or(&launched.path);
            config.command_line = format!("\"{name}\"");
            config.image_path.clone_from(&launched.path);
        } else {
            config.command_line = command_line("default.xex", options.arguments)?;
        }
        let kernel = Kernel::new(memory.clone(), config, ports).context("kernel")?;
        if let Some(launched) = options.launched {
            kernel.inherit(launched.inheritance);
        } else if let Some(medium) = &title.medium {
            medium.mount(&mut kernel.files.lock())?;
        }
        title.updates.mount(&mut kernel.files.lock())?;

        let mut scheduler = Scheduler::new(scheduler_config(options.engine)?);
        if let Some(path) = options.record_contention {
            output::check(path)?;
            scheduler.record_contention();
        }
        let event_log = options.event_log.map(EventLog::create).transpose()?;
        if let Some(events) = call_log::events(event_log.as_ref()) {
            scheduler.set_events(events);
            scheduler.emit(&Event::Image { sha256: image_digest.get() });
        }
        kernel
            .load_title(&mut scheduler, &title.image)
            .with_context(|| format!("cannot start {}", title.name))?;
        let mut executor = executor(scheduler, engine, &kernel, &options.engine.mode)?;
        executor.set_barrier(options.engine.mode.barrier);
        let title = TitleReport {
            name: title.name.clone(),
            id: title.image.execution.map(|execution| execution.title_id.to_string()),
            folder: title.medium.as_ref().map(ToString::to_string),
        };
        Ok(Self {
            memory,
            kernel,
            processor,
            cancel,
            executor,
            image_digest,
            backend,
            adapter,
            pipelines,
            has_digest: has_digest && !options.engine.mode.parallel,
            title,
            recorded: made,
            recording,
            event_log,
            record_contention: options.record_contention.map(Path::to_owned),
            compiling,
            code,
            store,
            losses,
            interrupt: Interrupt::default(),
            pace: None,
            sound: options.sound,
            xma,
        })
    }

    /// Lets `pace` have its say while the machine runs.
    pub fn set_pace(&mut self, pace: Pace) {
        pace.watch(self.executor.stop_flag());
        self.executor.wait_idle_time();
        self.pace = Some(pace);
    }

    /// Lets `interrupt` end the runs of this machine.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// Its memory, with the title in it.
    pub fn memory(&self) -> &Arc<GuestMemory> {
        &self.memory
    }

    /// Records what the GPU is told, from now on or from its first swap on.
    pub fn record_gpu(&self, recorder: trace::Recorder) {
        self.processor.lock().record(recorder);
    }

    /// Ends that recording; `None` if its first swap never came.
    pub fn finish_gpu_recording(&self) -> Option<std::io::Result<Recording>> {
        self.processor.lock().finish_recording()
    }

    /// Runs to a limit or the title's end, and reports. After `dump_threads_after` of host time, and whenever the interrupt
    /// says so, every guest thread is printed to standard error; the run goes on as if it had not been.
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
        let _watchdog = Watchdog::start(Watched {
            activity: self.executor.activity(),
            compiling: self.compiling.clone(),
            kernel: self.kernel.clone(),
            event_log: self.event_log.clone(),
            interrupt: self.interrupt.clone(),
            // A window shows that itself.
            has_status: self.pace.is_none(),
        });
        let mut pace = self.pace.take();
        if let Some(pace) = &mut pace {
            pace.begin(|| self.figures());
        }
        let end = loop {
            if let Some(pace) = &mut pace {
                pace.set_has_clock(self.executor.set_speed(pace.speed()));
            }
            let piece = pace.as_ref().map(|pace| pace.limits(limits, &self.progress()));
            let end = self.executor.run(piece.as_ref().unwrap_or(limits));
            if self.interrupt.take_wants_threads() {
                errln!("after {:.1} s: {}", start.elapsed().as_secs_f64(), self.executor.threads_report());
            }
            let over = match end {
                RunEnd::Stopped | RunEnd::Ticks => {
                    self.interrupt.cause().is_some() || self.recording.is_over()
                }
                // A step's frame, or the limit's.
                RunEnd::Frames => limits.frames.is_some_and(|frames| self.kernel.frames() >= frames),
                _ => true,
            };
            if over || self.executor.divergence().is_some() {
                break end;
            }
            if let Some(pace) = &mut pace
                && !pace.between(&self.progress(), || self.figures())
            {
                break RunEnd::Stopped;
            }
        };
        let wall_seconds = start.elapsed().as_secs_f64();
        let divergence = self.executor.divergence();
        let recording_trouble = self.recording.get();
        if let Some(recorded) = &self.recorded {
            recorded.end(self.executor.now());
        }
        if let Some(loss) = self.event_log.as_ref().and_then(EventLog::finish) {
            self.losses.note(loss);
        }
        if let Some(loss) = self.sound.finish() {
            self.losses.note(loss);
        }
        self.write_contention();
        if let Some(store) = &self.store {
            store.save();
        }
        let lost = !self.losses.is_empty();
        let missing_files = self.kernel.files.lock().missing.list().to_vec();
        let report = self.report(&end, wall_seconds);
        Finished { report, end, divergence, recording_trouble, missing_files, lost }
    }

    /// Writes the contention that was recorded, if it was to be.
    fn write_contention(&mut self) {
        let Some(path) = &self.record_contention else { return };
        let recorded = self.executor.take_recorded_contention().unwrap_or_default();
        let written =
            recorded.to_manifest().map_err(Into::into).and_then(|text| output::write(path, text.as_bytes()));
        if let Err(error) = written {
            self.losses.note(say::chain(&error));
        }
        if recorded.left_out > 0 {
            self.losses.note(format!(
                "{} lacks {} beyond the first {}",
                path.display(),
                count(recorded.left_out, "contention"),
                count(RECORDED_CONTENTIONS as u64, "contention"),
            ));
        }
    }

    fn progress(&self) -> Progress {
        Progress { now: self.executor.now(), frames: self.kernel.frames() }
    }

    /// What the title, which has ended, has launched; `None`: nothing. The machine is gone.
    pub fn successor(self) -> Option<Successor> {
        self.kernel.take_successor()
    }
}

/// How a run went.
pub struct Finished {
    /// Its figures.
    pub report: RunReport,
    /// Why it ended.
    pub end: RunEnd,
    /// What a cross-check found.
    pub divergence: Option<String>,
    /// That the run left the recording that it was to follow.
    pub recording_trouble: Option<String>,
    /// Files that the title asked for and that were not there.
    pub missing_files: Vec<MissingFile>,
    /// Whether something that was asked for could not be written; it has been said.
    pub lost: bool,
}
