//! Parallel work on all stored items, on every core, with progress reports.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// Progress callback: number of finished items, and the total.
pub(super) type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Parallel work with a common progress count.
pub(in super::super) struct Building<'a> {
    done: AtomicUsize,
    total: usize,
    progress: Progress<'a>,
}

impl<'a> Building<'a> {
    /// `total` is used only for the progress.
    pub(super) fn new(total: usize, progress: Progress<'a>) -> Self {
        Self { done: AtomicUsize::new(0), total, progress }
    }

    /// Calls a function with each item, in parallel; results are in any order.
    pub(in super::super) fn all<T: Sync, R: Send>(
        &self,
        items: &[T],
        make: impl Fn(&T) -> R + Sync,
    ) -> Vec<R> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let next = AtomicUsize::new(0);
        let made = Mutex::new(Vec::with_capacity(items.len()));
        let work = || {
            while let Some(item) = items.get(next.fetch_add(1, Relaxed)) {
                let result = make(item);
                made.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                (self.progress)(self.done.fetch_add(1, Relaxed) + 1, self.total);
            }
        };
        std::thread::scope(|scope| {
            // One thread less: this one works, too.
            for _ in 1..cores.min(items.len()) {
                // If a thread can't be started, the work takes longer.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        made.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
