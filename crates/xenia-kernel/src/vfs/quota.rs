//! What one run may add to a folder of the host's: bytes, files and directories.

use super::{VfsError, VfsResult};
use crate::limits::{Limit, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What one run may add to a folder.
#[derive(Debug)]
pub(super) struct Quota {
    /// Bytes added, less what was cut off or removed of them.
    added: AtomicU64,
    /// Files and directories, likewise.
    pub(super) entries: AtomicU64,
    limits: Arc<Limits>,
}

impl Quota {
    /// Nothing added yet; what is refused is counted in `limits`.
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self { added: AtomicU64::new(0), entries: AtomicU64::new(0), limits }
    }

    /// Makes a file or directory, if there may be one more.
    pub(super) fn enter<T>(&self, make: impl FnOnce() -> VfsResult<T>) -> VfsResult<T> {
        self.add(&self.entries, Limit::DiskEntries, 1)?;
        make().inspect_err(|_| take(&self.entries, 1))
    }

    /// A file or directory is gone. What was there before the run makes no room for more.
    pub(super) fn leave(&self) {
        take(&self.entries, 1);
    }

    /// A file of `old` bytes is about to have `new`.
    pub(super) fn resize(&self, old: u64, new: u64) -> VfsResult<()> {
        if new > old {
            self.limits.admit_amount(Limit::FileBytes, new, 0).map_err(|_| VfsError::Full)?;
            self.add(&self.added, Limit::DiskBytes, new - old)
        } else {
            take(&self.added, old - new);
            Ok(())
        }
    }

    /// A file that was to have `old` bytes has `new`, whatever the limit.
    pub(super) fn correct(&self, old: u64, new: u64) {
        if new > old {
            self.added.fetch_add(new - old, Relaxed);
        } else {
            take(&self.added, old - new);
        }
    }

    /// Counts more, if there may be so many. Files of several threads are counted at once, and the
    /// limit holds for all of them together.
    fn add(&self, count: &AtomicU64, limit: Limit, amount: u64) -> VfsResult<()> {
        let before = count.fetch_add(amount, Relaxed);
        self.limits.admit_amount(limit, before, amount).map_err(|_| {
            take(count, amount);
            VfsError::Full
        })
    }
}

/// Counts less, but never less than nothing.
fn take(count: &AtomicU64, amount: u64) {
    let _ = count.fetch_update(Relaxed, Relaxed, |before| Some(before.saturating_sub(amount)));
}
