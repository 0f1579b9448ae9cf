//! Observation of a run in progress.

use crate::GuestTicks;
use std::time::Duration;
use xenia_cpu::EngineCounters;

/// Totals of a machine while it runs.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    /// Guest time, in ticks.
    pub now: GuestTicks,
    /// Number of instructions executed by all threads.
    pub instructions: u64,
    /// Counters of the engines, as of the last time each ended a visit or was idle.
    pub engines: EngineCounters,
}

/// Observes a run periodically, without stopping it.
pub struct RunObserver<'a> {
    /// Host time between two observations.
    pub period: Duration,
    /// Called by the time-keeper, so it must not wait for long.
    pub report: Box<dyn FnMut(&RunProgress) + 'a>,
}
