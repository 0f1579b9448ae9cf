//! Counts of pending work over all threads. A thread searches its own queue only if the count of
//! all queues is not 0. Mostly it is 0.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// Number of pending pieces of work in all queues of one kind.
#[derive(Debug, Default)]
pub(crate) struct PendingCount(AtomicUsize);

impl PendingCount {
    /// Whether any queue has work.
    pub(crate) fn is_any(&self) -> bool {
        self.0.load(Relaxed) > 0
    }

    /// Counts a piece of work that was queued.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Sets the count to that of restored queues.
    pub(crate) fn set(&self, count: usize) {
        self.0.store(count, Relaxed);
    }

    /// Counts pieces of work that were taken from their queues.
    pub(crate) fn remove(&self, count: usize) {
        self.0.fetch_sub(count, Relaxed);
    }
}
