//! The parallel executor: a host thread for each hardware thread, with guest time from the host's
//! clock.
//!
//! ```text
//!  six HwHostThreads            time-keeper               graphics, devices      workers
//!  visit their slots' threads   ends waits, timers        take stores, advance   deferred work
//!        │    │                      │                         │                      │
//!        │    └───── stores ─────────┼────────────────────────▶│                      │
//!        └──────────┬────────────────┴──────────┬──────────────┴──────────────────────┘
//!                   ▼                           ▼
//!     six slots, a lock each              System: the kernel and its locks
//! ```
//!
//! Each host thread acts for the guest through its own `Cpu` ([`slot_cpu::SlotCpu`]). After a
//! change to the threads of a slot, the slot's host thread is notified ([`parker::Parker`]) and
//! checks at its next boundary; so a running thread is never changed from outside. A thread whose
//! registers are out of its record is in no run queue ([`Scheduler::put`]), so no second host
//! thread can run it. For the lock order, see [`slots`].
//!
//! In contrast to [`crate::LockstepExecutor`], it is not deterministic which thread runs when, and
//! at which guest time. Limits are polled during the run, so it ends a little after reaching them.

mod clock;
mod device_thread;
mod hw_host_thread;
mod live_counters;
mod parker;
mod phaser;
mod shared;
mod slot_cpu;
mod slots;
mod state;
mod time_keeper;
mod workers;

use crate::deadlock::Deadlocks;
use crate::limits::SeenFrame;
use crate::sampling::SampledLane;
use crate::{
    Activity, GuestSampler, HW_THREADS, INSTRUCTIONS_PER_TICK_SHIFT, Limits, RunEnd, RunObserver, Scheduler,
    System, ThreadsReport,
};
use hw_host_thread::HwHostThread;
use live_counters::LiveCounters;
use shared::Shared;
pub use state::ParallelState;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use time_keeper::{Observation, TimeKeeper};
use workers::WORKERS;
use xenia_cpu::{EngineCounters, Execute};
use xenia_memory::{DeviceQueue, DeviceStore};

/// Parallel executor: runs each hardware thread on its own host thread, with guest time from the
/// host's clock.
pub struct ParallelExecutor<S: System> {
    /// Threads and slots.
    pub scheduler: Scheduler,
    /// The operating system and the devices.
    pub system: S,
    /// Whether idle time is skipped. Off for machines that a user watches.
    pub skips_idle_time: bool,
    /// Guest seconds per host second, from the next run on: 1 is the console's speed.
    pub speed: f64,
    /// Whether hardware threads wait for each other at the end of each quantum.
    pub has_barrier: bool,
    pub(crate) engines: Vec<Box<dyn Execute>>,
    pub(crate) queues: Vec<DeviceQueue>,
    /// Stores that the devices had not taken by the end of the last run.
    pub(crate) stores: Vec<DeviceStore>,
    pub(crate) instructions: u64,
    deadlocks: Deadlocks,
    last_frame: SeenFrame,
    stop: Arc<AtomicBool>,
    activity: Arc<Activity>,
    /// Samples of guest code, if a profiler requests them.
    pub(crate) sampler: Option<Arc<GuestSampler>>,
}

impl<S: System + Clone + Send> ParallelExecutor<S> {
    /// Creates an executor from threads, an engine and a system. Each hardware thread runs on a
    /// fork of `engine`. Returns `None` if the engine can't fork.
    pub fn new(scheduler: Scheduler, engine: Box<dyn Execute>, system: S) -> Option<Self> {
        let mut engines = Vec::with_capacity(HW_THREADS);
        for _ in 1..HW_THREADS {
            engines.push(engine.fork()?);
        }
        engines.push(engine);
        Some(Self {
            scheduler,
            system,
            skips_idle_time: true,
            speed: 1.0,
            has_barrier: false,
            engines,
            queues: (0..HW_THREADS).map(|_| DeviceQueue::new()).collect(),
            stores: Vec::new(),
            instructions: 0,
            deadlocks: Deadlocks::default(),
            last_frame: SeenFrame::default(),
            stop: Arc::default(),
            activity: Arc::default(),
            sampler: None,
        })
    }

    /// Number of instructions executed so far by all threads.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Short name of the engines.
    pub fn engine_name(&self) -> &'static str {
        self.engines.first().map_or("", |engine| engine.name())
    }

    /// Sum of the counters of all engines.
    pub fn engine_counters(&self) -> EngineCounters {
        let mut sum = EngineCounters::default();
        for engine in &self.engines {
            sum += &engine.counters();
        }
        sum
    }

    /// A flag that any thread can set to stop the run.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Activity of the host threads, for monitoring from other threads.
    pub fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// A report of all live threads, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        ThreadsReport::new(&self.scheduler, &self.system)
    }

    /// Runs until one of `limits`, the guest, or the stop flag ends the run.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        self.run_observed(limits, None)
    }

    /// Does the same with an observer.
    pub fn run_observed(&mut self, limits: &Limits, observer: Option<RunObserver<'_>>) -> RunEnd {
        let scheduler = std::mem::take(&mut self.scheduler);
        let quantum = scheduler.visit_budget(INSTRUCTIONS_PER_TICK_SHIFT);
        let time = scheduler.now();
        let shared = Shared::new(scheduler, self.speed, self.instructions, self.activity.clone());
        let counters = observer.as_ref().map(|_| LiveCounters::new(&self.engines));
        if limits.frames.is_some_and(|frames| self.system.frames() >= frames) {
            shared.finish(RunEnd::Frames);
        }
        thread::scope(|scope| {
            let shared = &shared;
            let counters = counters.as_ref();
            let _ends = EndsWithPanic(shared);
            let system = self.system.clone();
            let run_graphics = move || device_thread::run_graphics(shared, system, limits);
            spawn(scope, shared, "graphics".to_owned(), run_graphics);
            let system = self.system.clone();
            spawn(scope, shared, "devices".to_owned(), move || device_thread::run_others(shared, system));
            // There may be more than the devices' threads take at once, and they come before all
            // that the hardware threads will store.
            shared.leave_stores(&std::mem::take(&mut self.stores));
            for (hw_id, (engine, queue)) in self.engines.iter_mut().zip(&mut self.queues).enumerate() {
                let host = HwHostThread {
                    shared,
                    limits,
                    system: self.system.clone(),
                    engine: &mut **engine,
                    hw_id: hw_id as u8,
                    quantum,
                    time,
                    phaser: self.has_barrier.then_some(&shared.phaser),
                    is_participant: false,
                    since_rendezvous: 0,
                    is_busy: false,
                    sampling: self.sampler.clone().map(|sampler| SampledLane::new(sampler, hw_id)),
                    counters,
                };
                spawn(scope, shared, format!("hw{hw_id}"), move || host.run(queue));
            }
            for number in 0..WORKERS {
                let system = self.system.clone();
                spawn(scope, shared, format!("worker{number}"), move || workers::run(shared, system));
            }
            TimeKeeper {
                shared,
                limits,
                system: self.system.clone(),
                stop: &self.stop,
                skips: self.skips_idle_time,
                deadlocks: &mut self.deadlocks,
                last_frame: &mut self.last_frame,
                observation: observer
                    .zip(counters)
                    .map(|(observer, counters)| Observation::new(observer, counters)),
            }
            .run();
        });
        self.take_results(shared)
    }

    /// Takes the results of a run whose host threads have ended.
    fn take_results(&mut self, shared: Shared) -> RunEnd {
        self.stores = shared.graphics.take_left();
        self.stores.append(&mut shared.devices.take_left());
        let end;
        (self.scheduler, self.instructions, end) = shared.into_parts();
        let end = end.unwrap_or(RunEnd::Stopped);
        // Pacing ends runs by a time limit and continues soon, so the engine is not finished then.
        if end != RunEnd::Ticks {
            self.engines.iter_mut().for_each(|engine| engine.finish());
        }
        end
    }
}

/// Ends the run if the thread that owns this panics, because the others would wait for it forever.
struct EndsWithPanic<'a>(&'a Shared);

impl Drop for EndsWithPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.finish(RunEnd::Stopped);
        }
    }
}

/// Starts a host thread of the run. The run ends if the thread panics, or if the host can't start
/// it.
fn spawn<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    shared: &'scope Shared,
    name: String,
    body: impl FnOnce() + Send + 'scope,
) {
    let made = thread::Builder::new().name(name.clone()).spawn_scoped(scope, move || {
        let _ends = EndsWithPanic(shared);
        body();
    });
    if let Err(error) = made {
        tracing::error!(target: "sched", "no host thread {name}: {error}");
        shared.finish(RunEnd::Stopped);
    }
}
