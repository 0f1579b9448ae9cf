//! Scheduler counters, and their export to metrics recorders.
//!
//! The counters are plain numbers, incremented where things happen. Users of these crates that
//! install a recorder of the `metrics` facade see them as metrics counters. Increments are
//! published between stretches of a run, never while guest code runs, so a machine without a
//! recorder pays nothing for them (decision 0045).

use metrics::{counter, describe_counter};
use xenia_cpu::{Counters, Figure, counters};

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

/// Metric names, by row.
const NAMES: [&str; SchedulerCounters::ROWS.len()] = [
    "scheduler.spawn.ok",
    "scheduler.spawn.rejected",
    "scheduler.switches",
    "scheduler.migrations",
    "scheduler.wakes",
    "scheduler.deadlock_recoveries",
    "scheduler.deadlock_halts",
    "scheduler.lock_takes",
    "scheduler.lock_waits",
];

/// The counter values that recorders have received.
#[derive(Debug, Default)]
pub(crate) struct Published {
    totals: SchedulerCounters,
    is_described: bool,
}

impl Published {
    /// Reports the increments since the last call to the recorder, if one is installed.
    pub(crate) fn publish(&mut self, now: SchedulerCounters) {
        if !self.is_described {
            self.is_described = true;
            for (row, name) in SchedulerCounters::ROWS.iter().zip(NAMES) {
                describe_counter!(name, row.doc.trim());
            }
        }
        for (((_, now), (_, before)), name) in now.figures().zip(self.totals.figures()).zip(NAMES) {
            if let (Figure::Total(now), Figure::Total(before)) = (now, before) {
                counter!(name).increment(now.saturating_sub(before));
            }
        }
        self.totals = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rows() {
        for (row, name) in SchedulerCounters::ROWS.iter().zip(NAMES) {
            assert_eq!(name.replace('.', "_"), format!("scheduler_{}", row.name));
        }
    }
}
