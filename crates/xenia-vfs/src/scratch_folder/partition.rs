//! Raw partition in a sparse file of the host. Unwritten bytes are zeros.

use crate::allocation_unit::UNIT;
use crate::device::raw_partition::changes_header;
use crate::host_folder::read_at;
use crate::quota::Quota;
use crate::sparse_copy::data_from;
use crate::{FileData, VfsError, VfsResult};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_host::file;

/// A partition. Clones share the contents.
#[derive(Clone, Debug)]
pub(super) struct HostPartition(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: u64,
    file: File,
    /// Allocation units that were written; they count against the disk's quota.
    written: Mutex<BTreeSet<u64>>,
    quota: Arc<Quota>,
    /// File that is made before the header changes.
    mark: Option<PathBuf>,
    /// Whether the header was changed since the last end of raw access.
    formatted: AtomicBool,
}

/// Numbers of the units that overlap these bytes.
fn units(bytes: Range<u64>) -> Range<u64> {
    bytes.start / UNIT..bytes.end.div_ceil(UNIT)
}

/// Whether a unit has a byte that is not zero: where the host reports no holes, the others count as
/// such.
fn has_data(file: &File, unit: u64) -> io::Result<bool> {
    let mut bytes = [0; UNIT as usize];
    let count = file::read_at(file, unit * UNIT, &mut bytes)?;
    Ok(bytes[..count].iter().any(|&byte| byte != 0))
}

impl HostPartition {
    /// Opens a partition of `size` bytes; its file is created if it is missing.
    pub(super) fn open(path: &Path, size: u64, quota: Arc<Quota>, mark: Option<&Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = file::no_follow(options).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut written = BTreeSet::new();
        let mut at = 0;
        let end = metadata.len().min(size);
        while let Some(data) = data_from(&file, at, end) {
            at = data.bytes.end;
            if data.is_known {
                written.extend(units(data.bytes));
                continue;
            }
            for unit in units(data.bytes) {
                if has_data(&file, unit)? {
                    written.insert(unit);
                }
            }
        }
        quota.found_raw(written.len() as u64 * UNIT);
        Ok(Self(Arc::new(Shared {
            size,
            file,
            written: Mutex::new(written),
            quota,
            mark: mark.map(Path::to_owned),
            formatted: AtomicBool::new(false),
        })))
    }

    /// Whether the title has formatted the disk since the last call.
    pub(super) fn take_formatted(&self) -> bool {
        self.0.formatted.swap(false, Relaxed)
    }

    /// Whether the title has formatted the disk since the last end of raw access.
    pub(super) fn is_formatted(&self) -> bool {
        self.0.formatted.load(Relaxed)
    }

    /// Marks the disk as being formatted.
    fn begin_format(&self) -> VfsResult<()> {
        // The head of a whole disk has no mark, because no files belong to it.
        if let Some(mark) = &self.0.mark {
            OpenOptions::new().create(true).truncate(false).write(true).open(mark)?;
            self.0.formatted.store(true, Relaxed);
        }
        Ok(())
    }
}

impl FileData for HostPartition {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.0.size)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let count = self.0.size.saturating_sub(offset).min(into.len() as u64) as usize;
        let read = read_at(&self.0.file, offset, &mut into[..count])?;
        // The host's file ends after the last byte that was written.
        into[read..count].fill(0);
        Ok(count)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let Shared { size, file, written, quota, .. } = &*self.0;
        let end = offset.checked_add(from.len() as u64).filter(|end| end <= size).ok_or(VfsError::Full)?;
        let is_format = changes_header(self, offset, from)?;
        let mut written = written.lock();
        let new: Vec<u64> = units(offset..end).filter(|unit| !written.contains(unit)).collect();
        let new_bytes = new.len() as u64 * UNIT;
        quota.use_raw(new_bytes)?;
        if is_format {
            // Only now: a disk without room for the header keeps its files.
            self.begin_format().inspect_err(|_| quota.return_raw(new_bytes))?;
        }
        // Counted even if the write fails: a part of it may be on the disk.
        written.extend(new);
        Ok(file::write_all_at(file, from, offset)?)
    }

    /// The size of a partition is fixed.
    fn set_size(&self, size: u64) -> VfsResult<()> {
        if size <= self.0.size { Ok(()) } else { Err(VfsError::Full) }
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(self.0.file.sync_data()?)
    }
}
