//! Statistics of a machine: the report of a run, and the values that a window shows.

#[cfg(feature = "window")]
use super::parts::{MachineInside, MachineOutside, MachineSpec};
use super::{Machine, RunStart};
use crate::digest::Digest;
use crate::drawing;
use crate::interrupt::Cause;
#[cfg(feature = "window")]
use crate::pace::FIGURES_PERIOD;
use crate::pace::{Figures, Pace};
use crate::report::{
    AudioReport, CodeCacheReport, CrashReport, DeviceReport, End, GpuReport, MemoryReport, NameCount,
    PositionReport, RunReport,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(feature = "window")]
use std::sync::atomic::Ordering::Relaxed;
#[cfg(feature = "window")]
use std::time::Duration;
use xenia_gpu::Cancel;
use xenia_jit::{CodeSizes, StoreTally};
#[cfg(feature = "window")]
use xenia_kernel::Kernel;
use xenia_sched::{EndKind, Limits, RunEnd};
#[cfg(feature = "window")]
use xenia_sched::{RunObserver, RunProgress, TICKS_PER_SECOND};

/// Sizes of a machine's internal tables.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sizes {
    handles: u64,
    objects: u64,
    code_bytes: u64,
    regions: u64,
}

/// Formats an address as in reports.
fn address(address: u32) -> String {
    format!("{address:#010x}")
}

/// The exit code of a title that ended by itself.
fn exit_code(end: &RunEnd) -> Option<u32> {
    match end {
        RunEnd::Ended(EndKind::Exit { code }) => Some(*code),
        _ => None,
    }
}

/// The details of a crash, if the run ended in one.
fn crash_report(end: &RunEnd) -> Option<CrashReport> {
    let RunEnd::Ended(EndKind::Crash { thread, pc, lr, access, stack, text }) = end else { return None };
    Some(CrashReport {
        what: text.lines().next().unwrap_or_default().to_owned(),
        thread: *thread,
        pc: address(*pc),
        lr: address(*lr),
        access: access.map(|access| access.kind.to_owned()),
        address: access.map(|access| address(access.address)),
        stack: stack.iter().copied().map(address).collect(),
        details: text.lines().skip(1).map(str::to_owned).collect(),
    })
}

fn code_cache_report(tally: StoreTally) -> CodeCacheReport {
    CodeCacheReport {
        regions_found: tally.found,
        regions_restored: tally.restored,
        restored_guest_instructions: tally.restored_instructions,
        regions_stored: tally.saved,
        rejected: tally.rejected,
        file_bytes: tally.bytes,
    }
}

/// Peak resident memory of this process in bytes; Linux reports it in KiB.
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

impl Machine {
    /// A function that measures the sizes of the machine's tables from other threads; it returns
    /// `None` once the machine is gone.
    pub fn sizes(&self) -> impl Fn() -> Option<Sizes> + Send + use<> {
        let kernel = Arc::downgrade(&self.inside.kernel);
        let code = self.outside.code.clone();
        move || {
            let objects = &kernel.upgrade()?.objects;
            let code = code.as_ref().map(CodeSizes::get).unwrap_or_default();
            let handles = objects.handles().len() as u64;
            let objects = objects.list().len() as u64;
            Some(Sizes { handles, objects, code_bytes: code.bytes, regions: code.regions })
        }
    }

    /// The report of a run with this end.
    pub(super) fn report(&self, end: &RunEnd, start: RunStart) -> RunReport {
        let wall_seconds = start.wall_seconds();
        let began_at = start.position;
        let digest = self.digest();
        let counters = self.inside.executor.engine_counters();
        let memory = self.inside.memory.counters();
        let exit = self.exit(end);
        let interrupted_by = (exit == End::Interrupted).then(|| self.outside.interrupt.cause()).flatten();
        let missing_files = self.inside.kernel.files.lock().missing.list().to_vec();
        let instructions = self.inside.executor.instructions();
        let frames = self.inside.kernel.frames();
        let missing = self.inside.kernel.imports.missing_calls().into_iter();
        let scheduler = self.inside.executor.scheduler();
        RunReport {
            engine: self.inside.executor.engine_name().to_owned(),
            mode: self.inside.executor.mode().to_owned(),
            instructions,
            guest_ticks: scheduler.now(),
            frames,
            swaps: frames,
            first_frame_ticks: self.outside.video_progress.first_swap.get().copied(),
            digest: digest.as_ref().map(|digest| digest.combined.clone()),
            exit,
            exit_code: exit_code(end),
            interrupted_by: interrupted_by.map(|cause| cause.name().to_owned()),
            title: self.spec.title.clone(),
            crash: crash_report(end),
            missing_files: missing_files.iter().map(|file| file.path.clone()).collect(),
            launches: 0,
            began_at: PositionReport {
                instructions: began_at.instructions,
                guest_ticks: began_at.now,
                frames: began_at.frames,
            },
            image_loaded_sha256: self.spec.image_digest.clone(),
            digest_parts: digest.map(|digest| digest.parts).unwrap_or_default(),
            unimplemented_calls: missing
                .map(|call| NameCount { name: call.name, count: call.count })
                .collect(),
            limits_hit: self.limits_hit(),
            stuck_locks: self.outside.stuck_locks.to_vec(),
            scheduler: scheduler.counters(),
            code_cache: self.outside.store.as_ref().map(|store| code_cache_report(store.tally())),
            cross_check: counters.cross_check.clone(),
            jit: counters,
            code_bytes: self.outside.code.as_ref().map_or(0, |code| code.get().bytes),
            memory: MemoryReport {
                writes_total: memory.writes_total,
                watch_faults: memory.watch_faults,
                device_faults: memory.device_faults,
                page_version_bumps: memory.page_version_bumps,
            },
            gpu: self.gpu_report(),
            audio: self.audio_report(),
            peak_resident_bytes: peak_resident_bytes(),
            wall_seconds,
            mips: instructions.saturating_sub(began_at.instructions) as f64 / wall_seconds.max(1e-9) / 1e6,
        }
    }

    /// The digest of this moment, as in the report of a run that ends here.
    pub fn state_digest(&self) -> Option<String> {
        self.digest().map(|digest| digest.combined)
    }

    /// The digest, in runs that have one. Memory after a draw was cut short depends on the host, so
    /// it has none.
    fn digest(&self) -> Option<Digest> {
        let scheduler = self.inside.executor.scheduler();
        let digest =
            self.spec.has_digest.then(|| Digest::of(&self.inside.memory, scheduler, &self.inside.kernel));
        digest.filter(|_| !self.outside.cancel.as_ref().is_some_and(Cancel::has_cut))
    }

    /// Why the run ended, as in reports.
    fn exit(&self, end: &RunEnd) -> End {
        match end {
            RunEnd::Frames => End::Frames,
            RunEnd::Instructions => End::Instructions,
            RunEnd::Ended(EndKind::Exit { .. }) => End::Exit,
            RunEnd::Ended(EndKind::Crash { .. }) => End::Crash,
            RunEnd::Deadlock(_) | RunEnd::NoFrames { .. } => End::Deadlock,
            RunEnd::Stopped | RunEnd::Ticks => match self.outside.interrupt.cause() {
                Some(Cause::Timeout) => End::Timeout,
                None if self.outside.recording.is_over() => End::Recording,
                _ => End::Interrupted,
            },
        }
    }

    /// How often each limit of the kernel and of the GPU refused a request.
    fn limits_hit(&self) -> BTreeMap<String, u64> {
        let mut hits = self.inside.kernel.limits_hit();
        hits.extend(&self.inside.processor.lock().statistics().limits);
        hits.into_iter().map(|(name, n)| (name.to_owned(), n)).collect()
    }

    fn audio_report(&self) -> AudioReport {
        let sound = self.inside.kernel.render_driver.figures();
        let xma = self.inside.xma.figures();
        AudioReport {
            output: self.outside.sound.name().to_owned(),
            frames_played: sound.frames_played,
            frames_submitted: sound.frames_submitted,
            callbacks: sound.callbacks,
            callbacks_lost: sound.callbacks_lost,
            underruns: sound.underruns,
            clipped_samples: self.outside.sound.clipped(),
            xma_passes: xma.passes,
            xma_frames: xma.frames,
            xma_frames_failed: xma.frames_failed,
            xma_faults: xma.faults,
            xma_refused: xma.refused,
            device: self.outside.sound.device().map(|device| DeviceReport {
                underruns: device.underruns,
                dropped_samples: device.dropped,
                latency_ms: device.latency_ms,
            }),
        }
    }

    fn gpu_report(&self) -> GpuReport {
        let processor = self.inside.processor.lock();
        let statistics = processor.statistics();
        GpuReport {
            backend: self.spec.backend.to_owned(),
            adapter: self.spec.adapter.clone(),
            draws: statistics.draws,
            packets: statistics.packets().into_iter().collect(),
            problems: statistics.problems.iter().map(|(what, n)| (what.clone(), *n)).collect(),
            pipelines: self.outside.pipelines.as_deref().map(drawing::pipelines_report),
            wgpu: self.outside.pipelines.as_deref().map(drawing::wgpu_report),
        }
    }

    /// Totals so far, for the window.
    #[cfg(not(feature = "window"))]
    #[expect(clippy::unused_self, reason = "as with a window")]
    pub(super) fn figures(&self) -> Figures {
        Figures
    }

    /// Totals so far, for the window.
    #[cfg(feature = "window")]
    pub(super) fn figures(&self) -> Figures {
        let MachineInside { kernel, executor, .. } = &self.inside;
        let sources = FigureSources {
            spec: &self.spec,
            outside: &self.outside,
            kernel,
            engine: executor.engine_name(),
            has_host_clock: self.has_host_clock(),
        };
        let progress = RunProgress {
            now: executor.now(),
            instructions: executor.instructions(),
            engines: executor.engine_counters(),
        };
        sources.figures(&progress)
    }

    /// Runs to `until`. Nothing shows figures meanwhile.
    #[cfg(not(feature = "window"))]
    pub(super) fn run_piece(&mut self, until: &Limits, _: Option<&mut Pace>) -> RunEnd {
        self.inside.run(until)
    }

    /// Runs to `until`. Where guest time is the host's clock, figures are reported to the pace
    /// meanwhile: for a stop, the guest would have to wait for the slowest host thread.
    #[cfg(feature = "window")]
    pub(super) fn run_piece(&mut self, until: &Limits, pace: Option<&mut Pace>) -> RunEnd {
        let has_host_clock = self.has_host_clock();
        let Some(pace) = pace.filter(|_| has_host_clock) else { return self.inside.run(until) };
        let Self { spec, outside, inside, .. } = self;
        let MachineInside { kernel, executor, .. } = inside;
        let engine = executor.engine_name();
        let sources = FigureSources { spec, outside, kernel, engine, has_host_clock };
        let report = |progress: &RunProgress| pace.report_now(|| sources.figures(progress));
        executor.run_observed(until, RunObserver { period: FIGURES_PERIOD, report: Box::new(report) })
    }
}

/// Parts of a machine that its figures come from, but for its executor and its chips.
#[cfg(feature = "window")]
struct FigureSources<'a> {
    spec: &'a MachineSpec,
    outside: &'a MachineOutside,
    kernel: &'a Kernel,
    engine: &'static str,
    has_host_clock: bool,
}

#[cfg(feature = "window")]
impl FigureSources<'_> {
    /// Reads the figures without a lock that is held for long: timeouts would wait for it.
    fn figures(&self, progress: &RunProgress) -> Figures {
        Figures {
            engine: self.engine,
            backend: self.spec.backend,
            guest_time: Duration::from_secs_f64(progress.now as f64 / TICKS_PER_SECOND as f64),
            has_host_clock: self.has_host_clock,
            instructions: progress.instructions,
            interpreted: progress.engines.interpreted_instructions,
            fallbacks: progress.engines.fallback_instructions,
            functions: progress.engines.functions,
            frames: self.kernel.frames(),
            draws: self.outside.video_progress.draws.load(Relaxed),
            work: self.outside.pipelines.as_ref().map(|tally| tally.work().total),
            sound: self.outside.sound.device().map(|device| xenia_render::Sounding {
                latency: Duration::from_secs_f64(device.latency_ms.max(0.0) / 1000.0),
                gaps: device.underruns,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{ExecutorConfig, MachineConfig, VideoConfig};
    use crate::machine::{Machine, MachineOptions};
    use crate::machine_tests::assembled;
    use crate::pace::{Pace, PaceControl};
    use std::sync::atomic::Ordering::Relaxed;
    use xenia_sched::{Limits, RunEnd, TICKS_PER_SECOND};

    /// A machine in parallel mode, whose title runs until it is stopped.
    fn parallel_machine() -> Machine {
        let source = "again: b again\nlabel: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420";
        let title = assembled(source, "label", 0x191, "");
        let executor = ExecutorConfig { parallel: true, ..ExecutorConfig::default() };
        let engine = MachineConfig { executor, ..MachineConfig::default() };
        let picture = VideoConfig::default();
        Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap()
    }

    #[cfg(feature = "window")]
    #[test]
    fn figures_do_not_wait_for_the_graphics_processor() {
        use std::sync::mpsc;

        let machine = parallel_machine();
        machine.outside.video_progress.draws.store(7, Relaxed);
        let processor = machine.inside.processor.clone();
        let (report, reports) = mpsc::channel();
        let (done, is_done) = mpsc::channel::<()>();
        let pump = std::thread::spawn(move || {
            let _works = processor.lock();
            report.send(()).unwrap();
            let _ = is_done.recv();
        });
        reports.recv().unwrap();
        assert_eq!(machine.figures().draws, 7);
        drop(done);
        pump.join().unwrap();
    }

    /// A run for a state, and gdb, clear the stop flag, which no period sets again here.
    #[test]
    fn an_open_request_stops_a_parallel_run_although_its_flag_was_cleared() {
        let requests: [fn(&Machine, &PaceControl); 2] =
            [|machine, _| machine.outside.interrupt.request_bug_report(), |_, control| control.close()];
        let end = 120 * TICKS_PER_SECOND;
        let mut machine = parallel_machine();
        let control = PaceControl::default();
        machine.set_pace(Pace::new(control.clone(), None, |_| {}));
        let mut run = machine.begin(Limits { ticks: Some(end), ..Limits::default() }, false);
        for (request, result) in requests.into_iter().zip([None, Some(RunEnd::Stopped)]) {
            request(&machine, &control);
            machine.inside.executor.stop_flag().store(false, Relaxed);
            assert_eq!(machine.run_slice(&mut run), result);
            assert!(machine.position().now < end, "it ran to its limit");
        }
    }

    #[test]
    fn a_cancellation_without_a_draw_leaves_the_digest() {
        let source = "again: b again\nlabel: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420";
        let title = assembled(source, "label", 0x191, "");
        let engine = MachineConfig::default();
        let picture = VideoConfig::default();
        let mut machine = Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap();
        machine.outside.cancel.as_ref().unwrap().set();
        let limits = Limits { instructions: Some(1000), ..Limits::default() };
        assert!(machine.run(&limits).report.digest.is_some());
    }

    #[cfg(feature = "window")]
    #[test]
    fn figures_of_a_parallel_run_are_reported_without_a_stop() {
        use std::sync::{Arc, Mutex};

        // A busy host may have no time for the title, or for the figures, in a second.
        let is_reported = [1, 10, 100].into_iter().any(|seconds| {
            let mut machine = parallel_machine();
            let reports = Arc::new(Mutex::new(Vec::new()));
            let sink = reports.clone();
            let report = move |figures| sink.lock().unwrap().push(figures);
            machine.set_pace(Pace::new(PaceControl::default(), None, report));
            let limits = Limits { ticks: Some(seconds * TICKS_PER_SECOND), ..Limits::default() };
            let mut run = machine.begin(limits.clone(), false);
            assert_eq!(machine.run_piece(&limits, run.pace.as_mut()), RunEnd::Ticks, "no stop came first");
            let reports = reports.lock().unwrap();
            let passes =
                reports.is_sorted_by(|a, b| a.guest_time < b.guest_time && a.instructions <= b.instructions);
            assert!(passes, "{reports:?}");
            reports.len() >= 3 && reports.first().unwrap().instructions < reports.last().unwrap().instructions
        });
        assert!(is_reported, "no figures in a run");
    }
}
