//! Scratch disks on the host's disk: a title finds the files that it has written there in earlier
//! runs.
//!
//! ```text
//!  4D5307D1/              a title's folder; locked while a run uses it
//!    lock
//!    disk.raw             the bytes before the first partition (sparse)
//!    Cache0/              files of a disk, written in place (sparse)
//!    Cache0.raw           the bytes of its partition (sparse)
//!    Cache0.formatting    exists while the disk is being formatted
//! ```
//!
//! Any state in which a run can be cut short is a valid disk: files are ordinary files of the host.
//! A title formats a disk by changing the header in its raw partition. The mark is made before the
//! header changes and removed after the files, so a format that was cut short is completed when the
//! disk is next opened. A header that finds no room is refused and the files stay, so a full disk
//! without a header is formatted only after a file is removed.
//!
//! Nothing is synced, unless the title flushes the raw partition: the title can make everything
//! again, and a crash of the host may cost the last seconds.

mod partition;
#[cfg(test)]
mod tests;

use super::allocation_unit::UNIT;
use super::device::{Entry, Existing, FileData, FileDevice, OpenMode, VolumeProperties};
use super::host_folder::HostFolder;
use super::lock_file;
use super::path::Pattern;
use super::quota::Quota;
use super::raw_disk::{HEAD, RawDisk};
use super::{DeviceState, SavedBytes, Stamp, VfsResult};
use partition::HostPartition;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_limits::ResourceLimits;
use xenia_state::Unsaveable;

/// Smallest size of a disk in bytes.
const MIN_SIZE: u64 = 0x10_0000;

/// Error of opening a title's scratch disks. It names paths of the host, for logs only.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// Another run uses the folder.
    #[error("{0} is in use by another run")]
    InUse(PathBuf),
    /// An operation of the host failed.
    #[error("{path}: {source}")]
    Host {
        /// The file or folder.
        path: PathBuf,
        source: io::Error,
    },
}

/// Adds the path to an error.
fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, ScratchError> {
    result.map_err(|source| ScratchError::Host { path: path.to_owned(), source })
}

/// The scratch disks of a title.
#[derive(Debug)]
pub struct ScratchDisks {
    folder: PathBuf,
    /// Size of each disk in bytes.
    bytes: u64,
    /// Locked as long as it is open.
    lock: Arc<File>,
    limits: Arc<ResourceLimits>,
}

impl ScratchDisks {
    /// Opens a title's folder, which is created if it is missing, for disks of `bytes` bytes each;
    /// refusals are counted in `limits`.
    pub fn open(folder: &Path, bytes: u64, limits: Arc<ResourceLimits>) -> Result<Self, ScratchError> {
        at(folder, fs::create_dir_all(folder))?;
        // The user may link the folder above, but its contents may come from others.
        if !at(folder, folder.symlink_metadata())?.is_dir() {
            return at(folder, Err(io::ErrorKind::NotADirectory.into()));
        }
        let lock = Arc::new(lock(folder)?);
        let bytes = bytes.max(MIN_SIZE) / UNIT * UNIT;
        Ok(Self { folder: folder.to_owned(), bytes, lock, limits })
    }

    /// Opens the disk with this name.
    pub fn disk(&self, name: &str) -> Result<impl FileDevice + use<>, ScratchError> {
        let path = |ending: &str| self.folder.join(format!("{name}{ending}"));
        let files = path("");
        let mark = path(".formatting");
        match fs::create_dir(&files) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => at(&files, created)?,
        }
        if !at(&files, files.symlink_metadata())?.is_dir() {
            return at(&files, Err(io::ErrorKind::NotADirectory.into()));
        }
        let quota = Arc::new(Quota::of_disk(self.bytes, UNIT, self.limits.clone()));
        let raw = path(".raw");
        let partition = at(&raw, HostPartition::open(&raw, self.bytes, quota.clone(), Some(&mark)))?;
        let mut device = ScratchFolder {
            files: at(&files, HostFolder::in_place(&files, quota))?,
            partition,
            mark,
            _lock: self.lock.clone(),
        };
        if device.mark.symlink_metadata().is_ok() {
            tracing::warn!(target: "vfs", "{} was being formatted when a run was cut short; its files are removed", files.display());
            at(&files, device.format())?;
        }
        Ok(device)
    }

    /// The whole disk, with these partitions.
    pub fn whole(&self, partitions: Vec<Box<dyn FileData>>) -> Result<RawDisk, ScratchError> {
        let path = self.folder.join("disk.raw");
        let quota = Arc::new(Quota::of_disk(HEAD, UNIT, self.limits.clone()));
        let head = at(&path, HostPartition::open(&path, HEAD, quota, None))?;
        at(&path, RawDisk::new(Box::new(head), partitions).map_err(io::Error::other))
    }

    /// Removes a title's scratch disks, unless a run uses them.
    pub fn remove(folder: &Path) -> Result<(), ScratchError> {
        let lock = lock(folder)?;
        // Under the lock: a run that starts now must not get a folder that is being removed.
        let removed = fs::remove_dir_all(folder);
        drop(lock);
        match removed {
            // Some hosts keep the name of a removed file while it is open: the lock's.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                at(folder, fs::remove_dir(folder))
            }
            removed => at(folder, removed),
        }
    }
}

/// Locks a title's folder against other runs.
fn lock(folder: &Path) -> Result<File, ScratchError> {
    let path = folder.join("lock");
    at(&path, lock_file::try_lock(&path))?.ok_or_else(|| ScratchError::InUse(folder.to_owned()))
}

/// A scratch disk in a folder of the host.
struct ScratchFolder {
    files: HostFolder,
    partition: HostPartition,
    /// File that exists while the disk is being formatted.
    mark: PathBuf,
    _lock: Arc<File>,
}

impl ScratchFolder {
    /// Removes all files, and then the mark.
    fn format(&mut self) -> io::Result<()> {
        self.files.erase()?;
        fs::remove_file(&self.mark)
    }
}

impl FileDevice for ScratchFolder {
    fn volume(&self) -> VolumeProperties {
        self.files.volume().formatted_as(&self.partition)
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        self.files.find(path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.files.list(path)
    }

    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        self.files.list_matching(path, pattern)
    }

    fn partition(&self) -> Option<Box<dyn FileData>> {
        Some(Box::new(self.partition.clone()))
    }

    fn end_raw_access(&mut self) -> VfsResult<()> {
        if self.partition.take_formatted() { Ok(self.format()?) } else { Ok(()) }
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        self.files.open(path, mode)
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        self.files.create_file(path)
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.files.create_directory(path)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        self.files.remove(path)
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        self.files.rename(from, to, existing)
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        self.files.set_stamp(path, stamp)
    }

    fn flush_metadata(&self) -> VfsResult<()> {
        self.files.flush_metadata()
    }

    fn discard(&mut self) {
        self.files.discard();
    }

    fn state(&self, bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        if self.partition.is_formatted() {
            return Err("a scratch disk is being formatted".into());
        }
        self.files.state(bytes)
    }
}
