//! Space of disks in memory: allocation units, and how many of them are used.

use crate::{VfsError, VfsResult, fatx};
use std::sync::Arc;
use xenia_limits::{Limit, Limits};
use xenia_state::{Impossible, check};

/// Size of an allocation unit, which is a buffer here.
pub(crate) const UNIT: usize = fatx::UNIT as usize;

/// Used space of a device, and its limit.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) used: u64,
    pub(crate) limit: u64,
    limits: Arc<Limits>,
}

impl Space {
    /// Space of at most `limit` bytes; refusals are counted in `limits`.
    pub(crate) fn new(limit: u64, limits: Arc<Limits>) -> Self {
        Self { used: 0, limit, limits }
    }

    /// Whether a file of `bytes` bytes fits.
    pub(crate) fn holds(&self, bytes: u64) -> bool {
        bytes <= self.limit
    }

    /// Restores the number of bytes used.
    pub(crate) fn restore(&mut self, used: u64) -> Result<(), Impossible> {
        check(used <= self.limit, "a memory device has more contents than room")?;
        self.used = used;
        Ok(())
    }

    /// Accounts for a resize of a file from `old` to `new` bytes.
    pub(crate) fn resize(&mut self, old: u64, new: u64) -> VfsResult<()> {
        let used = self.used - old.min(self.used);
        let Some(used) = used.checked_add(new).filter(|&used| new <= old || used <= self.limit) else {
            self.limits.hit(Limit::ScratchBytes);
            return Err(VfsError::Full);
        };
        self.used = used;
        Ok(())
    }
}

/// Rounds a size up to whole units.
pub(crate) fn taken(size: u64) -> u64 {
    size.div_ceil(UNIT as u64).saturating_mul(UNIT as u64)
}

/// The unit at `offset`, the offset within it, and the number of the `left` bytes that lie in it.
pub(crate) fn place(offset: u64, left: usize) -> (u64, usize, usize) {
    let within = (offset % UNIT as u64) as usize;
    (offset / UNIT as u64, within, left.min(UNIT - within))
}

/// Allocates a zeroed unit; fails with `Full` if the host has not enough memory.
pub(crate) fn zeroed_unit() -> VfsResult<Box<[u8]>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(UNIT).map_err(|_| VfsError::Full)?;
    bytes.resize(UNIT, 0);
    Ok(bytes.into_boxed_slice())
}
