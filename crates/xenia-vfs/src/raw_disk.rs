//! Raw disk: the bytes of a whole disk, of which partitions are parts.
//!
//! ```text
//!  0          0x80000                    0x80000 + size of the first partition
//!  ├─ head ───┼─ first scratch disk ─────┼─ second scratch disk ─────┤
//! ```
//!
//! On the console the first scratch disk starts at this offset, too; sizes and the partitions that
//! follow are not reproduced.

use super::device::raw_partition::RawPartition;
use super::device::{Entry, FileData, FileDevice, OpenMode, VolumeProperties};
use super::{DeviceState, SavedBytes, Stamp, VfsError, VfsResult};
use std::sync::Arc;
use xenia_limits::ResourceLimits;
use xenia_state::{Impossible, Unsaveable};

/// Bytes before the first partition.
pub(super) const HEAD: u64 = 0x8_0000;

/// A part of the disk.
struct Part {
    start: u64,
    size: u64,
    data: Box<dyn FileData>,
}

/// A disk without files, for access to its bytes.
#[derive(Clone)]
pub struct RawDisk {
    parts: Arc<[Part]>,
    size: u64,
    /// The head, if it is in memory.
    head: Option<RawPartition>,
}

impl std::fmt::Debug for RawDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawDisk").field("size", &self.size).finish_non_exhaustive()
    }
}

impl RawDisk {
    /// A disk with the bytes of these partitions after its head, which is in memory.
    pub fn in_memory(partitions: Vec<Box<dyn FileData>>, limits: Arc<ResourceLimits>) -> VfsResult<Self> {
        let head = RawPartition::with_own_space(HEAD, limits);
        Ok(Self { head: Some(head.clone()), ..Self::new(Box::new(head), partitions)? })
    }

    /// A disk with this head and the bytes of these partitions.
    pub(super) fn new(head: Box<dyn FileData>, partitions: Vec<Box<dyn FileData>>) -> VfsResult<Self> {
        let mut parts = Vec::new();
        let mut start = 0;
        for data in std::iter::once(head).chain(partitions) {
            let size = data.size()?;
            parts.push(Part { start, size, data });
            start += size;
        }
        Ok(Self { parts: parts.into(), size: start, head: None })
    }

    /// Calls `each` for every piece of the `length` bytes at `offset`, with the part, the offset in
    /// it, and the piece's place among the bytes.
    fn pieces(
        &self,
        offset: u64,
        length: usize,
        mut each: impl FnMut(&Part, u64, std::ops::Range<usize>) -> VfsResult<()>,
    ) -> VfsResult<()> {
        let mut done = 0;
        for part in &*self.parts {
            // Beyond the end of parts that come before the range, of which then nothing fits.
            let within = offset.saturating_add(done as u64).saturating_sub(part.start);
            let fits = part.size.saturating_sub(within).min((length - done) as u64) as usize;
            if fits > 0 {
                each(part, within, done..done + fits)?;
                done += fits;
            }
        }
        Ok(())
    }
}

impl FileData for RawDisk {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let count = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        self.pieces(offset, count, |part, at, bytes| part.data.read_at(at, &mut into[bytes]).map(|_| ()))?;
        Ok(count)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        if offset.checked_add(from.len() as u64).is_none_or(|end| end > self.size) {
            return Err(VfsError::Full);
        }
        self.pieces(offset, from.len(), |part, at, bytes| part.data.write_at(at, &from[bytes]))
    }

    /// The size of a disk is fixed.
    fn set_size(&self, size: u64) -> VfsResult<()> {
        if size <= self.size { Ok(()) } else { Err(VfsError::Full) }
    }

    fn flush(&self) -> VfsResult<()> {
        self.parts.iter().try_for_each(|part| part.data.flush())
    }
}

impl FileDevice for RawDisk {
    fn volume(&self) -> VolumeProperties {
        let unit = VolumeProperties::DISC.unit();
        VolumeProperties {
            file_system: "RAW",
            total_units: self.size / unit,
            read_only: false,
            ..VolumeProperties::DISC
        }
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        match path {
            [] => Ok(Entry {
                name: String::new(),
                directory: true,
                size: 0,
                read_only: false,
                stamp: Stamp::default(),
            }),
            [_] => Err(VfsError::NotFound),
            _ => Err(VfsError::PathNotFound),
        }
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.find(path).map(|_| Vec::new())
    }

    fn partition(&self) -> Option<Box<dyn FileData>> {
        Some(Box::new(self.clone()))
    }

    fn open(&self, path: &[String], _mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        self.find(path).and(Err(VfsError::IsDirectory))
    }

    fn state(&self, bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        // The partitions after the head belong to other devices.
        let Self { parts: _, size: _, head } = self;
        Ok(head.as_ref().map_or(DeviceState::Elsewhere, |head| DeviceState::Disk(head.state(bytes))))
    }

    fn restore(&mut self, state: DeviceState, bytes: &mut SavedBytes) -> Result<(), Impossible> {
        match (&self.head, state) {
            (Some(head), DeviceState::Disk(state)) => head.restore_with_own_space(state, bytes),
            (None, state) => state.check_elsewhere(),
            _ => Err(DeviceState::OTHER_KIND.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryDevice;

    #[test]
    fn a_disk_has_the_bytes_of_its_partitions_after_its_head() {
        const SIZE: u64 = 0x1_0000;
        let mut devices = [(); 2].map(|()| MemoryDevice::new(SIZE, Arc::default()));
        let partitions = devices.iter().map(|device| device.partition().unwrap()).collect();
        let disk = RawDisk::in_memory(partitions, Arc::default()).unwrap();
        assert_eq!(FileData::size(&disk), Ok(HEAD + 2 * SIZE));
        devices[1].create_file(&["kept".to_owned()]).unwrap();
        devices[0].create_file(&["formatted".to_owned()]).unwrap();
        // One write goes over the end of the head, another over the border of the partitions.
        disk.write_at(HEAD - 2, b"abcd").unwrap();
        disk.write_at(HEAD + SIZE - 4, b"last\0\0").unwrap();
        let mut bytes = [0; 4];
        devices[0].partition().unwrap().read_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"cd\0\0");
        devices[0].partition().unwrap().read_at(SIZE - 4, &mut bytes).unwrap();
        assert_eq!(&bytes, b"last");
        assert_eq!((disk.read_at(HEAD - 2, &mut bytes), &bytes), (Ok(4), b"abcd"));
        assert_eq!(disk.read_at(HEAD + 2 * SIZE - 1, &mut bytes), Ok(1));
        assert_eq!(disk.read_at(u64::MAX, &mut bytes), Ok(0));
        for offset in [HEAD + 2 * SIZE - 3, u64::MAX] {
            assert_eq!(disk.write_at(offset, b"abcd"), Err(VfsError::Full));
        }
        for device in &mut devices {
            device.end_raw_access().unwrap();
        }
        assert!(devices[0].list(&[]).unwrap().is_empty());
        assert_eq!(devices[1].list(&[]).unwrap().len(), 1, "zeros over zeros change nothing");
        assert_eq!(disk.find(&["a".to_owned()]), Err(VfsError::NotFound));
        assert!(disk.list(&[]).unwrap().is_empty());
    }
}
