//! Contents of the files of a memory device, in allocation units.

use crate::space::{Space, UNIT, UnitPart, first_part, read_units, taken, zeroed_unit};
use crate::{VfsError, VfsResult};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

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

impl Contents {
    pub(super) fn set_size(&mut self, size: u64) -> VfsResult<()> {
        self.space.lock().resize(taken(self.size), taken(size))?;
        if size < self.size {
            let UnitPart { unit, within, .. } = first_part(size, 0);
            self.units.split_off(&size.div_ceil(UNIT as u64));
            // If the file grows again, the bytes that were cut off must read as zeros.
            if let Some(last) = self.units.get_mut(&unit) {
                last[within..].fill(0);
            }
        }
        self.size = size;
        Ok(())
    }

    pub(super) fn read_at(&self, offset: u64, into: &mut [u8]) -> usize {
        let count = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        read_units(&self.units, offset, &mut into[..count]);
        count
    }

    pub(super) fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.checked_add(from.len() as u64).ok_or(VfsError::Full)?;
        if end > self.size {
            self.set_size(end)?;
        }
        let mut done = 0;
        while done < from.len() {
            let UnitPart { unit, within, length } = first_part(offset + done as u64, from.len() - done);
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

/// Contents that a file and its handles share.
pub(super) type SharedContents = Arc<Mutex<Contents>>;
