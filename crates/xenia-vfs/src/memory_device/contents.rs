//! Contents of the files of a memory device, in allocation units, and the space that they take.

use crate::{VfsError, VfsResult, fatx};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use xenia_limits::{Limit, Limits};
use xenia_state::{Impossible, check};

/// Size of an allocation unit, which is a buffer here.
pub(crate) const UNIT: usize = fatx::UNIT as usize;

/// Used space of a device, and its limit.
#[derive(Debug)]
pub(crate) struct Space {
    pub(super) used: u64,
    pub(super) limit: u64,
    limits: Arc<Limits>,
}

impl Space {
    /// Space of at most `limit` bytes; refusals are counted in `limits`.
    pub(crate) fn new(limit: u64, limits: Arc<Limits>) -> Self {
        Self { used: 0, limit, limits }
    }

    /// Whether a file of `bytes` bytes fits.
    pub(super) fn holds(&self, bytes: u64) -> bool {
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
pub(super) fn taken(size: u64) -> u64 {
    size.div_ceil(UNIT as u64).saturating_mul(UNIT as u64)
}

/// Contents of a file. Units that were never written are not stored, and read as zeros.
#[derive(Debug)]
pub(super) struct Contents {
    /// Number on its device, never used again.
    pub(super) number: u64,
    pub(super) size: u64,
    pub(super) units: BTreeMap<u64, Box<[u8]>>,
    pub(super) space: Arc<Mutex<Space>>,
}

impl Drop for Contents {
    fn drop(&mut self) {
        // Releasing space cannot fail.
        let _ = self.space.lock().resize(taken(self.size), 0);
    }
}

/// The unit at `offset`, the offset within it, and the number of the `left` bytes that lie in it.
pub(crate) fn place(offset: u64, left: usize) -> (u64, usize, usize) {
    let within = (offset % UNIT as u64) as usize;
    (offset / UNIT as u64, within, left.min(UNIT - within))
}

impl Contents {
    pub(super) fn set_size(&mut self, size: u64) -> VfsResult<()> {
        self.space.lock().resize(taken(self.size), taken(size))?;
        if size < self.size {
            let (unit, within, _) = place(size, 0);
            self.units.split_off(&size.div_ceil(UNIT as u64));
            if let Some(last) = self.units.get_mut(&unit) {
                last[within..].fill(0);
            }
        }
        self.size = size;
        Ok(())
    }

    pub(super) fn read_at(&self, offset: u64, into: &mut [u8]) -> usize {
        let count = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        let mut done = 0;
        while done < count {
            let (unit, within, length) = place(offset + done as u64, count - done);
            let part = &mut into[done..done + length];
            match self.units.get(&unit) {
                Some(bytes) => part.copy_from_slice(&bytes[within..within + length]),
                None => part.fill(0),
            }
            done += length;
        }
        count
    }

    pub(super) fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.checked_add(from.len() as u64).ok_or(VfsError::Full)?;
        if end > self.size {
            self.set_size(end)?;
        }
        let mut done = 0;
        while done < from.len() {
            let (unit, within, length) = place(offset + done as u64, from.len() - done);
            let bytes = match self.units.entry(unit) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(zeroed_unit()?),
            };
            bytes[within..within + length].copy_from_slice(&from[done..done + length]);
            done += length;
        }
        Ok(())
    }
}

/// Allocates a zeroed unit; fails with `Full` if the host has not enough memory.
pub(crate) fn zeroed_unit() -> VfsResult<Box<[u8]>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(UNIT).map_err(|_| VfsError::Full)?;
    bytes.resize(UNIT, 0);
    Ok(bytes.into_boxed_slice())
}

/// Contents that a file and its handles share.
pub(super) type SharedContents = Arc<Mutex<Contents>>;
