//! Dispatch between the two executors of a machine's threads, lockstep and parallel.

use crate::sampling::SampledLane;
use crate::{
    Activity, GuestSampler, GuestTicks, Limits, LockstepExecutor, LockstepState, ParallelExecutor,
    ParallelState, RecordedContention, RunEnd, RunObserver, Scheduler, System, ThreadsReport,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_cpu::EngineCounters;
use xenia_state::{Impossible, StateSection, Unsaveable};

/// An executor of a machine's threads. Between two runs, all threads have their registers in their
/// records.
pub enum Executor<S: System> {
    /// One host thread, deterministic.
    Lockstep(Box<LockstepExecutor<S>>),
    /// One host thread per hardware thread.
    Parallel(Box<ParallelExecutor<S>>),
}

/// State of an executor, as it is saved between two runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ExecutorState {
    /// Of a machine in lockstep.
    Lockstep(LockstepState),
    /// Of a machine in parallel mode.
    Parallel(ParallelState),
}

impl StateSection for ExecutorState {
    const NAME: &'static str = "executor";
    const VERSION: u16 = 5;
}

/// Forwards a call to the executor in use.
macro_rules! either {
    ($executor:expr, $one:ident => $answer:expr) => {
        match $executor {
            Executor::Lockstep($one) => $answer,
            Executor::Parallel($one) => $answer,
        }
    };
}

impl<S: System + Clone + Send> Executor<S> {
    /// Name of the mode: `lockstep` or `parallel`.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Lockstep(_) => "lockstep",
            Self::Parallel(_) => "parallel",
        }
    }

    /// Whether host threads run the hardware threads at the same time.
    pub fn is_parallel(&self) -> bool {
        matches!(self, Self::Parallel(_))
    }

    /// Runs until one of `limits`, the guest, or the stop flag ends the run.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        either!(self, executor => executor.run(limits))
    }

    /// Does the same with an observer. Lockstep does not call it: there a stop costs nothing.
    pub fn run_observed(&mut self, limits: &Limits, observer: RunObserver<'_>) -> RunEnd {
        match self {
            Self::Lockstep(executor) => executor.run(limits),
            Self::Parallel(executor) => executor.run_observed(limits, Some(observer)),
        }
    }

    /// The scheduler: threads and slots.
    pub fn scheduler(&self) -> &Scheduler {
        either!(self, executor => &executor.scheduler)
    }

    /// The scheduler, for changes between two runs.
    pub fn scheduler_mut(&mut self) -> &mut Scheduler {
        either!(self, executor => &mut executor.scheduler)
    }

    /// Current guest time in ticks.
    pub fn now(&self) -> GuestTicks {
        self.scheduler().now()
    }

    /// Number of instructions executed so far by all threads.
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

    /// Counters of the engines.
    pub fn engine_counters(&self) -> EngineCounters {
        match self {
            Self::Lockstep(executor) => executor.engine().counters(),
            Self::Parallel(executor) => executor.engine_counters(),
        }
    }

    /// The divergence that a cross-checking engine has found.
    pub fn divergence(&self) -> Option<String> {
        match self {
            Self::Lockstep(executor) => executor.engine().divergence(),
            // A cross-checking engine can't fork.
            Self::Parallel(_) => None,
        }
    }

    /// A flag that any thread can set to stop the run.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        either!(self, executor => executor.stop_flag())
    }

    /// Activity of the host threads, for monitoring from other threads.
    pub fn activity(&self) -> Arc<Activity> {
        either!(self, executor => executor.activity())
    }

    /// Lets samples of guest code be requested from `sampler`, from the next run on.
    pub fn set_sampler(&mut self, sampler: Arc<GuestSampler>) {
        match self {
            Self::Lockstep(executor) => executor.sampling = Some(SampledLane::new(sampler, 0)),
            Self::Parallel(executor) => executor.sampler = Some(sampler),
        }
    }

    /// A report of all live threads, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        either!(self, executor => executor.threads_report())
    }

    /// Sets whether hardware threads wait for each other at the end of each quantum. Lockstep
    /// always has such a barrier.
    pub fn set_barrier(&mut self, has_barrier: bool) {
        if let Self::Parallel(executor) = self {
            executor.has_barrier = has_barrier;
        }
    }

    /// Sets the guest seconds per host second, from the next run on. Returns `false` if guest time
    /// does not follow the host's clock.
    pub fn set_speed(&mut self, speed: f64) -> bool {
        let Self::Parallel(executor) = self else { return false };
        executor.speed = speed;
        true
    }

    /// Takes the recorded contention, if recording was on.
    pub fn take_recorded_contention(&mut self) -> Option<RecordedContention> {
        either!(self, executor => executor.scheduler.take_recorded_contention())
    }

    /// The state of threads and executor, between two runs.
    ///
    /// # Errors
    /// A thread is in the middle of a call.
    pub fn state(&self) -> Result<ExecutorState, Unsaveable> {
        match self {
            Self::Lockstep(executor) => executor.state().map(ExecutorState::Lockstep),
            Self::Parallel(executor) => executor.state().map(ExecutorState::Parallel),
        }
    }

    /// Replaces threads and executor's state by saved ones. System, engine and memory are restored
    /// by the caller.
    ///
    /// # Errors
    /// A value that no executor can have; this one is then not to be used any more.
    pub fn restore(&mut self, state: ExecutorState) -> Result<(), Impossible> {
        match (self, state) {
            (Self::Lockstep(executor), ExecutorState::Lockstep(state)) => executor.restore(state),
            (Self::Parallel(executor), ExecutorState::Parallel(state)) => executor.restore(state),
            (Self::Lockstep(executor), ExecutorState::Parallel(state)) => executor.restore(state.into()),
            (Self::Parallel(executor), ExecutorState::Lockstep(state)) => executor.restore(state.into()),
        }
    }

    /// Resets the engines' counts of code changes, after a saved state has replaced memory.
    pub fn reset_change_counts(&mut self) {
        match self {
            Self::Lockstep(executor) => executor.engine.reset_change_counts(),
            Self::Parallel(executor) => {
                executor.engines.iter_mut().for_each(|engine| engine.reset_change_counts());
            }
        }
    }

    /// Makes idle time pass in real time instead of being skipped, for machines that a user
    /// watches.
    pub fn wait_idle_time(&mut self) {
        if let Self::Parallel(executor) = self {
            executor.skips_idle_time = false;
        }
    }
}
