//! The parallel executor: a host thread for each hardware thread, and guest time from the host's
//! clock.
//!
//! ```text
//!  six HwHostThreads            time-keeper                 devices                 workers
//!  visit their slots' threads   ends waits, timers          take stores, catch up   what calls leave
//!        │    │                      │                          │                       │
//!        │    └───── stores ─────────┼─────────────────────────▶│                       │
//!        └──────────┬────────────────┴──────────┬───────────────┴───────────────────────┘
//!                   ▼                           ▼
//!     six slots, a lock each              System: the kernel, its own locks
//! ```
//!
//! Each acts for the guest through a `Cpu` of its own ([`slot_cpu::SlotCpu`]). Whoever changes who
//! is to run on a slot calls its host thread ([`post::Post`]), which looks at its next boundary; so
//! nobody reaches into a thread that runs. A thread whose registers are out is in no run queue
//! ([`Scheduler::put`]), so nobody else runs it. Who takes which locks: [`slots`].
//!
//! What is not repeatable here, and is in [`crate::LockstepExecutor`]: which thread runs when, and
//! at which guest time. Limits are looked at as the run goes on, so it ends a little after them.

mod clock;
mod device_thread;
mod hw_host_thread;
mod phaser;
mod post;
mod shared;
mod slot_cpu;
mod slots;
mod time_keeper;
mod workers;

use crate::deadlock::Deadlocks;
use crate::{
    Activity, GuestTicks, HW_THREADS, INSTRUCTIONS_PER_TICK_SHIFT, Limits, RunEnd, Scheduler, System,
    ThreadsReport,
};
use hw_host_thread::HwHostThread;
use shared::Shared;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use time_keeper::TimeKeeper;
use workers::WORKERS;
use xenia_cpu::{EngineCounters, Execute};
use xenia_memory::{DeviceQueue, DeviceStore};

/// See the module's documentation.
pub struct ParallelExecutor<S: System> {
    /// Threads and slots.
    pub scheduler: Scheduler,
    /// The operating system and the devices.
    pub system: S,
    /// Whether time in which nothing can happen is skipped. Not for a machine that somebody
    /// watches.
    pub skips_idle_time: bool,
    /// Guest seconds in a second of the host's, from the next run on: 1 is the console's speed.
    pub speed: f64,
    /// Whether hardware threads wait for each other at the end of each quantum.
    pub has_barrier: bool,
    engines: Vec<Box<dyn Execute>>,
    queues: Vec<DeviceQueue>,
    /// Stores that the devices had not taken when the last run ended.
    stores: Vec<DeviceStore>,
    instructions: u64,
    deadlocks: Deadlocks,
    last_frame: (u64, GuestTicks),
    stop: Arc<AtomicBool>,
    activity: Arc<Activity>,
}

impl<S: System + Clone + Send> ParallelExecutor<S> {
    /// Binds threads, engines and system together. Each hardware thread runs on a fork of `engine`.
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
            last_frame: (0, 0),
            stop: Arc::default(),
            activity: Arc::default(),
        })
    }

    /// Instructions executed so far, over all threads.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Short name of the engines.
    pub fn engine_name(&self) -> &'static str {
        self.engines.first().map_or("", |engine| engine.name())
    }

    /// The figures of all engines together.
    pub fn engine_counters(&self) -> EngineCounters {
        let mut sum = EngineCounters::default();
        for engine in &self.engines {
            sum += &engine.counters();
        }
        sum
    }

    /// Set this from anywhere to stop the run.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// What the executor is doing, for other threads.
    pub fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// Every live thread, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        ThreadsReport::new(&self.scheduler, &self.system)
    }

    /// Runs until something in `limits`, the guest, or the stop flag ends it.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        let scheduler = std::mem::take(&mut self.scheduler);
        let quantum = scheduler.visit_budget(INSTRUCTIONS_PER_TICK_SHIFT);
        let time = scheduler.now();
        let shared = Shared::new(scheduler, self.speed, self.instructions, self.activity.clone());
        shared.devices.leave(&std::mem::take(&mut self.stores));
        if limits.frames.is_some_and(|frames| self.system.frames() >= frames) {
            shared.finish(RunEnd::Frames);
        }
        thread::scope(|scope| {
            let shared = &shared;
            let _ends = EndsWithPanic(shared);
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
                    is_party: false,
                    since_met: 0,
                    is_busy: false,
                };
                spawn(scope, shared, format!("hw{hw_id}"), move || host.run(queue));
            }
            let system = self.system.clone();
            spawn(scope, shared, "devices".to_owned(), move || device_thread::run(shared, system, limits));
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
            }
            .run();
        });
        self.stores = shared.devices.take_left();
        let end;
        (self.scheduler, self.instructions, end) = shared.into_parts();
        let end = end.unwrap_or(RunEnd::Stopped);
        if end != RunEnd::Ticks {
            self.engines.iter_mut().for_each(|engine| engine.finish());
        }
        end
    }
}

/// Ends the run if the thread that has it panics: the others would wait for it for ever.
struct EndsWithPanic<'a>(&'a Shared);

impl Drop for EndsWithPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.finish(RunEnd::Stopped);
        }
    }
}

/// A host thread of the run; the run ends with it if it panics, or if the host has no more threads.
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
