//! Space of disks in memory: allocation units, and how many of them are used.

use crate::{VfsError, VfsResult, allocation_unit};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check};

/// Size of an allocation unit, which is a buffer here.
pub(crate) const UNIT: usize = allocation_unit::UNIT as usize;

/// Used space of a device, and its limit.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) used: u64,
    pub(crate) limit: u64,
    limits: Arc<ResourceLimits>,
}

impl Space {
    /// Space of at most `limit` bytes; refusals are counted in `limits`.
    pub(crate) fn new(limit: u64, limits: Arc<ResourceLimits>) -> Self {
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
        // Contents of a refused state are dropped before their space was counted.
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

/// The part of a range of bytes that lies in one unit.
pub(crate) struct UnitPart {
    pub(crate) unit: u64,
    /// Offset of the part in the unit.
    pub(crate) within: usize,
    pub(crate) length: usize,
}

/// The first part of the `left` bytes from `offset` on.
pub(crate) fn first_part(offset: u64, left: usize) -> UnitPart {
    let within = (offset % UNIT as u64) as usize;
    UnitPart { unit: offset / UNIT as u64, within, length: left.min(UNIT - within) }
}

/// Reads from units; units that were never written are zeros.
pub(crate) fn read_units(units: &BTreeMap<u64, Box<[u8]>>, offset: u64, into: &mut [u8]) {
    let mut done = 0;
    while done < into.len() {
        let UnitPart { unit, within, length } = first_part(offset + done as u64, into.len() - done);
        let part = &mut into[done..done + length];
        match units.get(&unit) {
            Some(bytes) => part.copy_from_slice(&bytes[within..within + length]),
            None => part.fill(0),
        }
        done += length;
    }
}

/// Allocates a zeroed unit; fails with `Full` if the host has not enough memory.
pub(crate) fn zeroed_unit() -> VfsResult<Box<[u8]>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(UNIT).map_err(|_| VfsError::Full)?;
    bytes.resize(UNIT, 0);
    Ok(bytes.into_boxed_slice())
}
