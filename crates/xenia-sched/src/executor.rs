//! Who runs a machine's threads: one of the executors, behind one face.

use crate::{
    Activity, GuestTicks, Limits, LockstepExecutor, ParallelExecutor, RecordedContention, RunEnd, Scheduler,
    System, ThreadsReport,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_cpu::EngineCounters;

/// See the module's documentation. Between two runs, all threads have their registers.
pub enum Executor<S: System> {
    /// One host thread, repeatable.
    Lockstep(Box<LockstepExecutor<S>>),
    /// A host thread for each hardware thread.
    Parallel(Box<ParallelExecutor<S>>),
}

/// Asks the one that there is.
macro_rules! either {
    ($executor:expr, $one:ident => $answer:expr) => {
        match $executor {
            Executor::Lockstep($one) => $answer,
            Executor::Parallel($one) => $answer,
        }
    };
}

impl<S: System + Clone + Send> Executor<S> {
    /// How it runs: `lockstep` or `parallel`.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Lockstep(_) => "lockstep",
            Self::Parallel(_) => "parallel",
        }
    }

    /// Runs until something in `limits`, the guest, or the stop flag ends it.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        either!(self, executor => executor.run(limits))
    }

    /// Threads and slots.
    pub fn scheduler(&self) -> &Scheduler {
        either!(self, executor => &executor.scheduler)
    }

    /// Guest time.
    pub fn now(&self) -> GuestTicks {
        self.scheduler().now()
    }

    /// Instructions executed so far, over all threads.
    pub fn instructions(&self) -> u64 {
        either!(self, executor => executor.instructions())
    }

    /// Short name of the engine.
    pub fn engine_name(&self) -> &'static str {
        match self {
            Self::Lockstep(executor) => executor.engine().name(),
            Self::Parallel(executor) => executor.engine_name(),
        }
    }

    /// The engines' figures.
    pub fn engine_counters(&self) -> EngineCounters {
        match self {
            Self::Lockstep(executor) => executor.engine().counters(),
            Self::Parallel(executor) => executor.engine_counters(),
        }
    }

    /// What a cross-checking engine has found.
    pub fn divergence(&self) -> Option<String> {
        match self {
            Self::Lockstep(executor) => executor.engine().divergence(),
            // Those don't fork.
            Self::Parallel(_) => None,
        }
    }

    /// Set this from anywhere to stop the run.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        either!(self, executor => executor.stop_flag())
    }

    /// What the executor is doing, for other threads.
    pub fn activity(&self) -> Arc<Activity> {
        either!(self, executor => executor.activity())
    }

    /// Every live thread, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        either!(self, executor => executor.threads_report())
    }

    /// Hardware threads wait for each other at the end of each quantum, as in lockstep they always
    /// do.
    pub fn set_barrier(&mut self, has_barrier: bool) {
        if let Self::Parallel(executor) = self {
            executor.has_barrier = has_barrier;
        }
    }

    /// How many guest seconds pass in a second of the host's where guest time is the host's clock,
    /// from the next run on; whether it is.
    pub fn set_speed(&mut self, speed: f64) -> bool {
        let Self::Parallel(executor) = self else { return false };
        executor.speed = speed;
        true
    }

    /// The contention that was recorded, if any was to be.
    pub fn take_recorded_contention(&mut self) -> Option<RecordedContention> {
        either!(self, executor => executor.scheduler.take_recorded_contention())
    }

    /// Somebody watches the machine: time in which nothing can happen passes all the same.
    pub fn wait_idle_time(&mut self) {
        if let Self::Parallel(executor) = self {
            executor.skips_idle_time = false;
        }
    }
}
