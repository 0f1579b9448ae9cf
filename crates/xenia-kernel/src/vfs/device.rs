//! What a device of files can do.

use super::stamp::attributes;
use super::{Stamp, VfsError, VfsResult};
use std::fs::File;
use std::ops::Range;

/// A file or directory, as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name as stored; empty for a device's root.
    pub name: String,
    /// Whether it is a directory.
    pub directory: bool,
    /// Bytes; 0 for a directory.
    pub size: u64,
    /// Whether its device can't be written.
    pub read_only: bool,
    /// Its times and attributes.
    pub stamp: Stamp,
}

impl Entry {
    /// Its attributes, as guests see them.
    pub fn attributes(&self) -> u32 {
        let read_only = if self.read_only && !self.directory { attributes::READ_ONLY } else { 0 };
        let directory = if self.directory { attributes::DIRECTORY } else { 0 };
        match self.stamp.attributes | read_only | directory {
            0 => attributes::NORMAL,
            some => some,
        }
    }

    /// Whether its contents may not be changed.
    pub fn is_read_only(&self) -> bool {
        self.attributes() & attributes::READ_ONLY != 0
    }
}

/// Facts about a device, for `NtQueryVolumeInformationFile`. Constant for a device, so that what a
/// title computes from free space does not depend on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Name of the file system.
    pub file_system: &'static str,
    /// Allocation units in all.
    pub total_units: u64,
    /// Allocation units that are free.
    pub free_units: u64,
    /// Sectors of an allocation unit.
    pub sectors_per_unit: u32,
    /// Bytes of a sector.
    pub bytes_per_sector: u32,
    /// Characters that a name may have.
    pub name_length: u32,
    /// Whether nothing on it can be changed.
    pub read_only: bool,
}

impl Volume {
    /// The file system of disks that titles write to.
    pub const FATX: &'static str = "FATX";

    /// A medium that a title came on: a full disc.
    pub const DISC: Self = Self {
        file_system: "GDFX",
        total_units: 1 << 20,
        free_units: 0,
        sectors_per_unit: 32,
        bytes_per_sector: 512,
        name_length: 255,
        read_only: true,
    };

    /// Bytes of an allocation unit.
    pub fn unit(&self) -> u64 {
        u64::from(self.sectors_per_unit) * u64::from(self.bytes_per_sector)
    }

    /// Bytes that are free.
    pub fn free_bytes(&self) -> u64 {
        self.free_units.saturating_mul(self.unit())
    }

    /// Bytes that a file of this size takes: whole allocation units.
    pub fn allocation(&self, size: u64) -> u64 {
        size.checked_next_multiple_of(self.unit().max(1)).unwrap_or(size)
    }
}

/// The contents of an open file. Positional: several handles may share one file without a common
/// position, and several threads one handle. Whoever writes takes turns with others that do;
/// readers see what is there.
pub trait FileData: Send + Sync {
    /// Bytes in the file now.
    fn size(&self) -> VfsResult<u64>;

    /// Reads at `offset`; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize>;

    /// Writes all of `from` at `offset`; a gap before it becomes zeros.
    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()>;

    /// Cuts the file, or lengthens it with zeros.
    fn set_size(&self, size: u64) -> VfsResult<()>;

    /// Lengthens the file for what is about to be written, or takes that back; otherwise as
    /// [`Self::set_size`].
    fn make_room(&self, size: u64) -> VfsResult<()> {
        self.set_size(size)
    }

    /// Does a part of what is to be done before it can be written, where that is much; whether that
    /// was all. A write does what is left.
    fn prepare(&self) -> VfsResult<bool> {
        Ok(true)
    }

    /// These bytes were to be written, and were not: a file that is to be whole is not until they
    /// are.
    fn missed(&self, _bytes: Range<u64>) {}

    /// Makes sure that everything written so far survives a crash of the host.
    fn flush(&self) -> VfsResult<()>;

    /// The host's file, if one stands behind it: lets the host read straight into guest memory.
    fn host_file(&self) -> Option<&File> {
        None
    }
}

/// Something with files. Names of paths are checked already ([`super::path::device_names`]); the
/// empty path is the root. Case does not matter, and is kept.
pub trait Device: Send {
    /// Facts about it.
    fn volume(&self) -> Volume;

    /// Looks a path up.
    fn find(&self, path: &[String]) -> VfsResult<Entry>;

    /// What is in a directory, by name without case.
    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>>;

    /// The bytes of the partition itself, if it lets them be seen.
    fn partition(&self) -> Option<Box<dyn FileData>> {
        None
    }

    /// Opens an existing file.
    fn open(&self, path: &[String], write: bool) -> VfsResult<Box<dyn FileData>>;

    /// Makes a new, empty file; its directory must exist, its name must be free.
    fn create_file(&mut self, _path: &[String]) -> VfsResult<Box<dyn FileData>> {
        Err(VfsError::ReadOnly)
    }

    /// Makes a directory; its parent must exist, its name must be free.
    fn create_directory(&mut self, _path: &[String]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Removes a file or an empty directory.
    fn remove(&mut self, _path: &[String]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Gives a file or directory another path on the same device. An existing file there is
    /// replaced if `replace`.
    fn rename(&mut self, _from: &[String], _to: &[String], _replace: bool) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Changes times and attributes of a file or directory that exists, other than the root.
    fn set_stamp(&mut self, _path: &[String], _stamp: Stamp) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    /// Makes sure that everything written so far to files at this path, or below, survives a crash
    /// of the host: those that are open, too. Fails as long as something there could not be
    /// written, and was neither written again nor removed.
    fn flush_below(&self, _path: &[String]) -> VfsResult<()> {
        Ok(())
    }

    /// Nobody misses any more what could not be written at this path, or below.
    fn forget_losses(&self, _path: &[String]) {}

    /// Writes down what was not worth writing at each change.
    fn settle(&self) -> VfsResult<()> {
        Ok(())
    }
}

/// Brings entries into the order in which guests see them, whatever order the host lists them in.
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| entry.name.to_ascii_lowercase();
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
}
