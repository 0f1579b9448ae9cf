//! Scheduler counters: plain numbers, incremented where things happen.

use xenia_cpu::counters;
use xenia_state::{Impossible, check};

counters! {
    /// Counters of a scheduler.
    struct SchedulerCounters {
        /// Number of threads created.
        spawn_ok: u64,
        /// Number of thread creations refused.
        spawn_rejected: u64,
        /// Number of context switches.
        switches: u64,
        /// Number of threads that migrated to another hardware thread.
        migrations: u64,
        /// Number of waits that a wake or a deadline ended.
        wakes: u64,
        /// Number of deadlocks that were resolved by ending a wait.
        deadlock_recoveries: u64,
        /// Number of deadlocks that ended the run.
        deadlock_halts: u64,
        /// Number of acquisitions of slots' locks. Lockstep has no such locks.
        lock_takes: u64,
        /// Number of these acquisitions that found the lock taken.
        lock_waits: u64,
    }
}

/// Largest value of a restored counter, so that none overflows.
pub(crate) const MAX_COUNT: u64 = 1 << 56;

/// Counters as they are saved, in the order of the table.
pub(crate) type CountersState = [u64; 9];

impl SchedulerCounters {
    /// The counters, for a saved state.
    pub(crate) fn state(&self) -> CountersState {
        let Self {
            spawn_ok,
            spawn_rejected,
            switches,
            migrations,
            wakes,
            deadlock_recoveries,
            deadlock_halts,
            lock_takes,
            lock_waits,
        } = self;
        [
            spawn_ok,
            spawn_rejected,
            switches,
            migrations,
            wakes,
            deadlock_recoveries,
            deadlock_halts,
            lock_takes,
            lock_waits,
        ]
        .map(|&count| count)
    }

    /// Counters from a saved state.
    pub(crate) fn restored(state: CountersState) -> Result<Self, Impossible> {
        check(state.iter().all(|&count| count <= MAX_COUNT), "a counter of the scheduler is too large")?;
        let [
            spawn_ok,
            spawn_rejected,
            switches,
            migrations,
            wakes,
            deadlock_recoveries,
            deadlock_halts,
            lock_takes,
            lock_waits,
        ] = state;
        Ok(Self {
            spawn_ok,
            spawn_rejected,
            switches,
            migrations,
            wakes,
            deadlock_recoveries,
            deadlock_halts,
            lock_takes,
            lock_waits,
        })
    }
}
