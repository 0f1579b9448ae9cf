//! Quota: bounds on the bytes, files and directories that a run adds to a host folder.

use super::{VfsError, VfsResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_limits::{Limit, Limits};

/// Usage of one run in a folder.
#[derive(Debug)]
pub(super) struct Quota {
    /// Bytes added, minus those cut off or removed.
    added: AtomicU64,
    /// Files and directories added, minus those removed.
    pub(super) entries: AtomicU64,
    limits: Arc<Limits>,
}

impl Quota {
    /// No usage yet; refusals are counted in `limits`.
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self { added: AtomicU64::new(0), entries: AtomicU64::new(0), limits }
    }

    /// Creates a file or directory, if the quota permits one more.
    pub(super) fn enter<T>(&self, make: impl FnOnce() -> VfsResult<T>) -> VfsResult<T> {
        self.add(&self.entries, Limit::DiskEntries, 1)?;
        make().inspect_err(|_| take(&self.entries, 1))
    }

    /// Accounts for a removed file or directory. Removing entries from before the run does not
    /// raise the quota.
    pub(super) fn leave(&self) {
        take(&self.entries, 1);
    }

    /// Accounts for a resize from `old` to `new` bytes, before it happens.
    pub(super) fn resize(&self, old: u64, new: u64) -> VfsResult<()> {
        if new > old {
            self.limits.admit_amount(Limit::FileBytes, new, 0).map_err(|_| VfsError::Full)?;
            self.add(&self.added, Limit::DiskBytes, new - old)
        } else {
            take(&self.added, old - new);
            Ok(())
        }
    }

    /// Corrects the size of a file from `old` to `new` bytes, regardless of the limit.
    pub(super) fn correct(&self, old: u64, new: u64) {
        if new > old {
            self.added.fetch_add(new - old, Relaxed);
        } else {
            take(&self.added, old - new);
        }
    }

    /// Adds to a counter, up to the limit. Atomic, because several threads can add at once and the
    /// limit holds for their sum.
    fn add(&self, count: &AtomicU64, limit: Limit, amount: u64) -> VfsResult<()> {
        let before = count.fetch_add(amount, Relaxed);
        self.limits.admit_amount(limit, before, amount).map_err(|_| {
            take(count, amount);
            VfsError::Full
        })
    }
}

/// Subtracts from a counter, saturating at 0.
fn take(count: &AtomicU64, amount: u64) {
    let _ = count.fetch_update(Relaxed, Relaxed, |before| Some(before.saturating_sub(amount)));
}
