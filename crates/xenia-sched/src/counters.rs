//! What a scheduler has done so far, and how others hear of it.
//!
//! The figures are plain numbers, counted where things happen. Whoever uses these crates and has
//! installed a recorder of the `metrics` facade sees them as counters: what was added since the
//! last time is published between stretches of the run, never while guest code runs, so that a
//! machine without a recorder pays nothing for it (decision 0045).

use metrics::{counter, describe_counter};
use xenia_cpu::{Counters, Figure, counters};

counters! {
    /// Scheduler figures.
    struct SchedulerCounters {
        /// Threads created.
        spawn_ok: u64,
        /// Thread creations refused.
        spawn_rejected: u64,
        /// Context switches.
        switches: u64,
        /// Threads that went from one hardware thread to another.
        migrations: u64,
        /// Waits that somebody, or their deadline, ended.
        wakes: u64,
        /// Deadlocks that were broken.
        deadlock_recoveries: u64,
        /// Deadlocks that ended the run.
        deadlock_halts: u64,
        /// Times that the lock of a hardware thread's slot was taken. In lockstep there is none.
        lock_takes: u64,
        /// Of these, times that somebody else had it.
        lock_waits: u64,
    }
}

/// What the facade calls each row.
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

/// What recorders have been told of a scheduler's figures.
#[derive(Debug, Default)]
pub(crate) struct Published {
    totals: SchedulerCounters,
    is_described: bool,
}

impl Published {
    /// Tells the recorder, if there is one, what has been added since the last time.
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
