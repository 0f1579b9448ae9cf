//! Quota: bounds on the bytes, files and directories in a host folder: on those that a run adds to
//! a folder of saves, and on all of a scratch disk.

use super::{VfsError, VfsResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check};

/// Maximum number of bytes or entries in a restored folder.
const MAX_COUNT: u64 = 1 << 56;

/// Bounds of a folder.
#[derive(Debug)]
struct Bounds {
    /// Largest number of bytes.
    bytes: u64,
    /// Limit that counts refusals of bytes.
    bytes_limit: Limit,
    entries_limit: Limit,
    /// Sizes of files are counted in units of this many bytes.
    unit: u64,
}

/// Usage of a folder.
#[derive(Debug)]
pub(super) struct Quota {
    /// Bytes added, minus those cut off or removed.
    added: AtomicU64,
    /// Files and directories added, minus those removed.
    pub(super) entries: AtomicU64,
    /// Part of the bytes that is in a raw partition.
    raw: AtomicU64,
    bounds: Bounds,
    limits: Arc<ResourceLimits>,
}

impl Quota {
    /// No usage yet; refusals are counted in `limits`.
    pub(super) fn new(limits: Arc<ResourceLimits>) -> Self {
        let bytes = Limit::DiskBytes.row().value;
        let bounds =
            Bounds { bytes, bytes_limit: Limit::DiskBytes, entries_limit: Limit::DiskEntries, unit: 1 };
        Self::within(bounds, limits)
    }

    /// The quota of a scratch disk of `bytes` bytes, counted in allocation units.
    pub(super) fn of_disk(bytes: u64, unit: u64, limits: Arc<ResourceLimits>) -> Self {
        let bounds = Bounds {
            bytes,
            bytes_limit: Limit::ScratchBytes,
            entries_limit: Limit::ScratchEntries,
            unit: unit.max(1),
        };
        Self::within(bounds, limits)
    }

    fn within(bounds: Bounds, limits: Arc<ResourceLimits>) -> Self {
        Self { added: AtomicU64::new(0), entries: AtomicU64::new(0), raw: AtomicU64::new(0), bounds, limits }
    }

    /// Bytes and entries added, for a saved state.
    pub(super) fn state(&self) -> [u64; 2] {
        // A folder without a raw partition has none of its bytes.
        let Self { added, entries, raw: _, bounds: _, limits: _ } = self;
        [added.load(Relaxed), entries.load(Relaxed)]
    }

    /// Restores the values of a saved state.
    pub(super) fn restore(&self, [added, entries]: [u64; 2]) -> Result<(), Impossible> {
        check(added.max(entries) <= MAX_COUNT, "a folder holds too many bytes or entries")?;
        self.added.store(added, Relaxed);
        self.entries.store(entries, Relaxed);
        Ok(())
    }

    /// Size of the folder in bytes, and the part of it that is free.
    pub(super) fn space(&self) -> (u64, u64) {
        (self.bounds.bytes, self.bounds.bytes.saturating_sub(self.added.load(Relaxed)))
    }

    /// Counts a file of an earlier run, regardless of the limits.
    pub(super) fn found(&self, size: u64) {
        self.entries.fetch_add(1, Relaxed);
        self.correct(0, size);
    }

    /// Counts the removal of all files, of which open ones still take `kept` bytes.
    pub(super) fn erased(&self, kept: u64) {
        self.entries.store(0, Relaxed);
        self.added.store(kept.saturating_add(self.raw.load(Relaxed)), Relaxed);
    }

    /// A size in whole units.
    pub(super) fn taken(&self, size: u64) -> u64 {
        size.checked_next_multiple_of(self.bounds.unit).unwrap_or(size)
    }

    /// Creates a file or directory, if the quota permits one more.
    pub(super) fn enter<T>(&self, make: impl FnOnce() -> VfsResult<T>) -> VfsResult<T> {
        let limit = self.bounds.entries_limit;
        self.add(&self.entries, limit, self.limits.value(limit), 1)?;
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
        }
        self.use_units(self.taken(old), self.taken(new))
    }

    /// Accounts for `bytes` more of a raw partition.
    pub(super) fn use_raw(&self, bytes: u64) -> VfsResult<()> {
        self.use_units(0, bytes)?;
        self.raw.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Gives back bytes that [`Self::use_raw`] took.
    pub(super) fn return_raw(&self, bytes: u64) {
        take(&self.added, bytes);
        take(&self.raw, bytes);
    }

    /// Counts bytes of a raw partition of an earlier run, regardless of the limit.
    pub(super) fn found_raw(&self, bytes: u64) {
        self.added.fetch_add(bytes, Relaxed);
        self.raw.fetch_add(bytes, Relaxed);
    }

    fn use_units(&self, old: u64, new: u64) -> VfsResult<()> {
        if new > old {
            self.add(&self.added, self.bounds.bytes_limit, self.bounds.bytes, new - old)
        } else {
            take(&self.added, old - new);
            Ok(())
        }
    }

    /// Corrects the size of a file from `old` to `new` bytes, regardless of the limit.
    pub(super) fn correct(&self, old: u64, new: u64) {
        let old = self.taken(old);
        let new = self.taken(new);
        if new > old {
            self.added.fetch_add(new - old, Relaxed);
        } else {
            take(&self.added, old - new);
        }
    }

    /// Adds to a counter, up to `most`. Atomic, because threads add concurrently and the limit
    /// applies to their sum.
    fn add(&self, count: &AtomicU64, limit: Limit, most: u64, amount: u64) -> VfsResult<()> {
        let before = count.fetch_add(amount, Relaxed);
        if before.checked_add(amount).is_some_and(|sum| sum <= most) {
            return Ok(());
        }
        take(count, amount);
        self.limits.hit(limit);
        Err(VfsError::Full)
    }
}

/// Subtracts from a counter, saturating at 0.
fn take(count: &AtomicU64, amount: u64) {
    let _ = count.fetch_update(Relaxed, Relaxed, |before| Some(before.saturating_sub(amount)));
}
