//! Traits of devices and open files, and the devices in memory, which the traits know.

mod memory_device;
pub(crate) mod raw_partition;
mod state;

pub use memory_device::{MemoryDevice, MemoryFile};
pub(crate) use state::TemporaryFileState;
pub use state::{DeviceState, FolderState};

use super::path::{MAX_FATX_NAME, Pattern};
use super::stamp::attributes;
use super::{SavedBytes, Stamp, VfsError, VfsResult};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::ops::Range;
use xenia_state::{Impossible, Unsaveable};

/// A directory entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name as stored; empty for a device's root.
    pub name: String,
    pub directory: bool,
    /// Size in bytes; 0 for a directory.
    pub size: u64,
    /// Whether its device is read-only.
    pub read_only: bool,
    /// Times and attributes.
    pub stamp: Stamp,
}

impl Entry {
    /// Attributes as guests see them.
    pub fn attributes(&self) -> u32 {
        let read_only = if self.read_only && !self.directory { attributes::READ_ONLY } else { 0 };
        let directory = if self.directory { attributes::DIRECTORY } else { 0 };
        match self.stamp.attributes | read_only | directory {
            0 => attributes::NORMAL,
            some => some,
        }
    }

    /// Whether the contents cannot be changed.
    pub fn is_read_only(&self) -> bool {
        self.attributes() & attributes::READ_ONLY != 0
    }
}

/// Properties of a volume, for `NtQueryVolumeInformationFile`. They do not depend on the host's
/// free space; a title that formats a scratch disk chooses the allocation unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeProperties {
    pub file_system: &'static str,
    /// Total number of allocation units.
    pub total_units: u64,
    /// Number of free allocation units.
    pub free_units: u64,
    /// Sectors per allocation unit.
    pub sectors_per_unit: u32,
    /// Bytes per sector.
    pub bytes_per_sector: u32,
    /// Maximum length of a name in characters.
    pub name_length: u32,
    /// Whether the volume is read-only.
    pub read_only: bool,
}

impl VolumeProperties {
    /// File system of disks that titles write to.
    pub const FATX: &'static str = "FATX";

    /// Volume of a title's medium: a full disc.
    pub const DISC: Self = Self {
        file_system: "GDFX",
        total_units: 1 << 20,
        free_units: 0,
        sectors_per_unit: 32,
        bytes_per_sector: 512,
        name_length: 255,
        read_only: true,
    };

    /// Volume of the hard disk, in a folder of the host. Titles compute with the low words of its
    /// sizes, some as signed numbers; some want 5 GB free, or 20 GiB in all.
    pub const HARD_DISK: Self = Self {
        file_system: Self::FATX,
        total_units: 0x15_0000,
        free_units: 0x5_FFFF,
        name_length: MAX_FATX_NAME as u32,
        read_only: false,
        ..Self::DISC
    };

    /// Size of an allocation unit in bytes.
    pub fn unit(&self) -> u64 {
        u64::from(self.sectors_per_unit) * u64::from(self.bytes_per_sector)
    }

    /// Free space in bytes.
    pub fn free_bytes(&self) -> u64 {
        self.free_units.saturating_mul(self.unit())
    }

    /// Space that a file of this size occupies: whole allocation units.
    pub fn allocation(&self, size: u64) -> u64 {
        size.checked_next_multiple_of(self.unit().max(1)).unwrap_or(size)
    }
}

/// Contents of an open file. Access is positional, so several handles can share a file without a
/// common position, and several threads a handle. Callers serialize writes of one file; a read sees
/// the current contents.
pub trait FileData: Send + Sync {
    /// Current size in bytes.
    fn size(&self) -> VfsResult<u64>;

    /// Reads at `offset`; returns fewer bytes than requested only at the end of the file.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize>;

    /// Writes all of `from` at `offset`; a gap before it is filled with zeros.
    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()>;

    /// Truncates the file, or extends it with zeros.
    fn set_size(&self, size: u64) -> VfsResult<()>;

    /// Extends the file for a write that follows, or undoes the extension; otherwise like
    /// [`Self::set_size`].
    fn make_room(&self, size: u64) -> VfsResult<()> {
        self.set_size(size)
    }

    /// Does a part of the work before the first write, if it is much; returns whether it is
    /// complete. A write does the remaining work.
    fn prepare(&self) -> VfsResult<bool> {
        Ok(true)
    }

    /// Records that these bytes could not be written: until they are, a file that must be complete
    /// is not committed.
    fn note_missed(&self, _bytes: Range<u64>) {}

    /// Flushes all writes to the host's disk.
    fn flush(&self) -> VfsResult<()>;

    /// The host file behind it, if any, so that the host can read directly into guest memory.
    fn host_file(&self) -> Option<&File> {
        None
    }

    /// The file of a memory device, if it is one.
    fn memory_file(&self) -> Option<&MemoryFile> {
        None
    }
}

/// Use of an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// The file is only read.
    Read,
    /// The file may be written.
    Write,
}

impl OpenMode {
    /// The mode of a file that is or is not written.
    pub fn of(writes: bool) -> Self {
        if writes { Self::Write } else { Self::Read }
    }
}

/// Treatment of a file that has the new name of a renamed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The rename fails.
    Refuse,
    /// The file is replaced.
    Replace,
}

impl Existing {
    /// The treatment that a flag of a call asks for.
    pub fn of(replaces: bool) -> Self {
        if replaces { Self::Replace } else { Self::Refuse }
    }
}

/// A file system device. Callers have validated the names of paths ([`super::path::device_names`]);
/// the empty path is the root. Names are case-insensitive and case-preserving.
pub trait FileDevice: Send {
    /// Properties of the volume.
    fn volume(&self) -> VolumeProperties;

    /// Looks up a path.
    fn find(&self, path: &[String]) -> VfsResult<Entry>;

    /// Lists a directory, sorted by upper-case names.
    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>>;

    /// Like [`Self::list`], without the entries that do not match a pattern.
    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        let mut entries = self.list(path)?;
        entries.retain(|entry| pattern.matches(&entry.name));
        Ok(entries)
    }

    /// Whether the host has an entry at this path that the device does not show: a dangling link,
    /// one that leads outside, or a file that is not regular.
    fn hides(&self, _path: &[String]) -> bool {
        false
    }

    /// The raw partition, if the device supports access to it.
    fn partition(&self) -> Option<Box<dyn FileData>> {
        None
    }

    /// Ends a title's access to the raw partition. If the title has changed the volume's header, it
    /// has formatted the disk: all files are removed.
    fn end_raw_access(&mut self) -> VfsResult<()> {
        Ok(())
    }

    /// Opens an existing file.
    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>>;

    /// Makes an empty file; its directory must exist and its name must be free.
    fn create_file(&mut self, _path: &[String]) -> VfsResult<Box<dyn FileData>> {
        Err(VfsError::ReadOnly)
    }

    /// Makes a directory; its parent must exist and its name must be free.
    fn create_directory(&mut self, _path: &[String]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Removes a file or an empty directory.
    fn remove(&mut self, _path: &[String]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Removes a link of the host that guests see, and not its target. Returns `false` if there is
    /// none.
    fn remove_link(&mut self, _path: &[String]) -> VfsResult<bool> {
        Ok(false)
    }

    /// Renames a file or directory within the device. `existing` selects whether it replaces a file
    /// that has the new name.
    fn rename(&mut self, _from: &[String], _to: &[String], _existing: Existing) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Sets times and attributes of an existing file or directory other than the root.
    fn set_stamp(&mut self, _path: &[String], _stamp: Stamp) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Flushes all files at or below this path to the host's disk, including open ones. Fails while
    /// there are write-back errors below the path that were neither corrected by a later write nor
    /// removed with the file.
    fn flush_below(&self, _path: &[String]) -> VfsResult<()> {
        Ok(())
    }

    /// Discards the write-back errors at or below this path.
    fn forget_write_back_errors(&self, _path: &[String]) {}

    /// Writes metadata that was not written at each change.
    fn flush_metadata(&self) -> VfsResult<()> {
        Ok(())
    }

    /// Drops all changes that are not on the host's disk: deletes temporary files, forgets
    /// metadata. Open files have no name afterwards.
    fn discard(&mut self) {}

    /// Deletes the temporary files of open files, which have no name afterwards, before a state of
    /// another moment is restored. The device stays in use.
    fn abandon(&mut self) {}

    /// The part of the state that belongs to neither the host nor another device, for a saved
    /// state. Contents are put into `bytes`.
    ///
    /// # Errors
    /// A file can't be saved.
    fn state(&self, _bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        Ok(DeviceState::Elsewhere)
    }

    /// Restores a saved state; contents are taken from `bytes`.
    ///
    /// # Errors
    /// A state that the device can't have.
    fn restore(&mut self, state: DeviceState, _bytes: &mut SavedBytes) -> Result<(), Impossible> {
        state.check_elsewhere()
    }

    /// Ends a restore, after files were opened again: those without a name that nobody has opened
    /// are removed.
    fn end_restore(&mut self) {}

    /// The number of an open file, if this is its memory device.
    fn number_of(&self, _file: &MemoryFile) -> Option<u64> {
        None
    }

    /// Opens the file with this number, if this is a memory device that has it.
    fn open_number(&self, _number: u64) -> Option<Box<dyn FileData>> {
        None
    }
}

/// Sorts entries in the guest's order, independent of the host's: by upper-case names, as in the
/// trees of discs.
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| (entry.name.to_ascii_uppercase(), entry.name.clone()));
}
