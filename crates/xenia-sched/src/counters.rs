//! Figures of a scheduler: plain numbers, counted where things happen.

use xenia_cpu::counters;

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
