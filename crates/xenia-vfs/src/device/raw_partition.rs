//! Raw partition: the bytes that a formatting program reads and writes; initially zeros. Files are
//! stored elsewhere. A change of the first bytes, where file systems have the volume's header,
//! counts as formatting: the disk's files are removed when the title ends its access to the
//! partition ([`super::FileDevice::end_raw_access`]).
//!
//! Only written units are stored; they count against the disk's space like those of files.

use super::FileData;
use crate::space::{Space, UNIT, UnitPart, first_part, read_units, zeroed_unit};
use crate::{SavedBytes, VfsError, VfsResult};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_limits::ResourceLimits;
use xenia_state::{Impossible, check};

/// Bytes at the start of a partition that are the volume's header.
pub(crate) const HEADER: u64 = 0x1000;

/// Whether a write to `contents` changes the volume's header.
pub(crate) fn changes_header(contents: &dyn FileData, offset: u64, from: &[u8]) -> VfsResult<bool> {
    let length = HEADER.saturating_sub(offset).min(from.len() as u64) as usize;
    let mut old = vec![0; length];
    let count = contents.read_at(offset, &mut old)?;
    Ok(old[..count] != from[..count])
}

/// The raw bytes of a partition. Clones share the contents.
#[derive(Clone, Debug)]
pub(crate) struct RawPartition {
    size: u64,
    units: Arc<Mutex<BTreeMap<u64, Box<[u8]>>>>,
    space: Arc<Mutex<Space>>,
    /// Whether the header was changed since the last end of raw access.
    formatted: Arc<AtomicBool>,
}

/// A raw partition, as it is saved. The bytes of its units are among the saved bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    units: Vec<u64>,
    formatted: bool,
}

/// Whether these can be the numbers of the units of `size` bytes: in order, none beyond the end.
pub(crate) fn are_units(units: &[u64], size: u64) -> bool {
    units.is_sorted_by(|a, b| a < b) && units.last().is_none_or(|&last| last < size.div_ceil(UNIT as u64))
}

impl RawPartition {
    /// The contents, for a saved state.
    pub(crate) fn state(&self, bytes: &mut SavedBytes) -> PartitionState {
        // The size is a setting, and the space its owner's.
        let Self { size: _, units, space: _, formatted } = self;
        let units = units.lock();
        units.values().for_each(|unit| bytes.put(unit));
        PartitionState { units: units.keys().copied().collect(), formatted: formatted.load(Relaxed) }
    }

    /// Replaces the contents, for all clones, by saved ones; returns the space that they take.
    pub(crate) fn restore(&self, state: PartitionState, bytes: &mut SavedBytes) -> Result<u64, Impossible> {
        let PartitionState { units, formatted } = state;
        check(are_units(&units, self.size), "the units of a partition are not in order, or beyond its end")?;
        let used = units.len() as u64 * UNIT as u64;
        let units = units.into_iter().map(|unit| Ok((unit, bytes.take(UNIT)?.into())));
        *self.units.lock() = units.collect::<Result<_, Impossible>>()?;
        self.formatted.store(formatted, Relaxed);
        Ok(used)
    }

    /// Restores a partition of [`Self::with_own_space`].
    pub(crate) fn restore_with_own_space(
        &self,
        state: PartitionState,
        bytes: &mut SavedBytes,
    ) -> Result<(), Impossible> {
        let used = self.restore(state, bytes)?;
        self.space.lock().restore(used)
    }

    /// A partition of `size` bytes.
    pub(crate) fn new(size: u64, space: Arc<Mutex<Space>>) -> Self {
        Self { size, units: Arc::default(), space, formatted: Arc::default() }
    }

    /// A partition with separate space: it takes room from nothing else.
    pub(crate) fn with_own_space(size: u64, limits: Arc<ResourceLimits>) -> Self {
        Self::new(size, Arc::new(Mutex::new(Space::new(size, limits))))
    }

    /// Whether the title has formatted the disk since the last call.
    pub(crate) fn take_formatted(&self) -> bool {
        self.formatted.swap(false, Relaxed)
    }
}

impl FileData for RawPartition {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let count = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        read_units(&self.units.lock(), offset, &mut into[..count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.checked_add(from.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(VfsError::Full);
        }
        // Before the lock below, which the comparison takes to read.
        let is_format = changes_header(self, offset, from)?;
        let mut units = self.units.lock();
        let mut done = 0;
        while done < from.len() {
            let UnitPart { unit, within, length } = first_part(offset + done as u64, from.len() - done);
            let bytes = match units.entry(unit) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    // Before the space is taken: nothing would give it back.
                    let zeros = zeroed_unit()?;
                    self.space.lock().resize(0, UNIT as u64)?;
                    free.insert(zeros)
                }
            };
            bytes[within..within + length].copy_from_slice(&from[done..done + length]);
            done += length;
            // The header lies in the first unit. A disk without room for it keeps its files.
            if is_format {
                self.formatted.store(true, Relaxed);
            }
        }
        Ok(())
    }

    /// The size of a partition is fixed.
    fn set_size(&self, size: u64) -> VfsResult<()> {
        if size <= self.size { Ok(()) } else { Err(VfsError::Full) }
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileDevice, MemoryDevice};

    #[test]
    fn a_partition_is_zeros_until_it_is_written_and_takes_room_from_files() {
        const SIZE: u64 = 4 * UNIT as u64;
        let mut device = MemoryDevice::new(SIZE, Arc::default());
        let [partition, same] = [(); 2].map(|()| device.partition().unwrap());
        let mut bytes = [1; 8];
        assert_eq!(partition.size(), Ok(SIZE));
        assert_eq!((partition.read_at(SIZE - 4, &mut bytes), bytes), (Ok(4), [0, 0, 0, 0, 1, 1, 1, 1]));
        partition.write_at(UNIT as u64 - 4, b"scratch!").unwrap();
        same.read_at(UNIT as u64 - 4, &mut bytes).unwrap();
        assert_eq!(&bytes, b"scratch!");
        for offset in [SIZE - 7, u64::MAX] {
            assert_eq!(partition.write_at(offset, b"scratch!"), Err(VfsError::Full));
        }
        assert_eq!((partition.set_size(0), partition.set_size(SIZE + 1)), (Ok(()), Err(VfsError::Full)));
        let file = device.create_file(&["a".to_owned()]).unwrap();
        assert_eq!(file.set_size(2 * UNIT as u64), Ok(()));
        assert_eq!(file.set_size(2 * UNIT as u64 + 1), Err(VfsError::Full));
        assert_eq!(partition.write_at(3 * UNIT as u64, b"x"), Err(VfsError::Full));
        assert_eq!(partition.write_at(0, b"x"), Ok(()), "where there is something already");
    }

    #[test]
    fn a_format_that_finds_no_room_keeps_the_files() {
        let mut device = MemoryDevice::new(UNIT as u64, Arc::default());
        let file = device.create_file(&["a".to_owned()]).unwrap();
        file.set_size(UNIT as u64).unwrap();
        assert_eq!(device.partition().unwrap().write_at(0, b"x"), Err(VfsError::Full));
        device.end_raw_access().unwrap();
        assert!(device.find(&["a".to_owned()]).is_ok());
    }
}
