//! Scheduler counters: plain numbers, incremented where things happen.

use xenia_cpu::counters;

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
