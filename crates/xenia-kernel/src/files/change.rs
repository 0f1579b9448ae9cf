//! Changes to open files: size, times, attributes, name, deletion, by NT's rules
//! (docs/src/decisions/0017-files-and-modules.md).
//!
//! A change needs the rights of its handle. A rename is refused while files below the directory, or
//! the file that it would replace, are open. Times are guest times.

use super::rights::{access, options};
use super::{Files, OpenParameters};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_vfs::stamp::attributes;
use xenia_vfs::{CreateDisposition, Entry, Existing, Location, VfsError, VolumeProperties};

/// New times and attributes; `None` keeps the current value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicChange {
    /// Time of creation.
    pub created: Option<u64>,
    /// Time of the last access.
    pub accessed: Option<u64>,
    /// Time of the last write.
    pub written: Option<u64>,
    /// New file attributes.
    pub attributes: Option<u32>,
}

impl Files {
    /// The current directory entry of an open file or directory, and its volume.
    pub fn entry(&self, body: GuestAddr) -> Fallible<(Entry, VolumeProperties)> {
        let file = self.get(body)?;
        let volume = self.vfs.volume(&file.location)?;
        let mut entry = match self.vfs.find(&file.location) {
            Ok(entry) => entry,
            // The file was removed on the host; open handles still have its contents.
            Err(VfsError::NotFound | VfsError::PathNotFound) if file.data().is_some() => Entry {
                name: file.location.names().last().cloned().unwrap_or_default(),
                directory: false,
                size: 0,
                read_only: volume.read_only,
                stamp: xenia_vfs::Stamp::default(),
            },
            Err(error) => return Err(error.into()),
        };
        if let Some(data) = file.data() {
            entry.size = data.size()?;
        }
        Ok((entry, volume))
    }

    /// Space that an open file occupies on its volume, including reserved space. Entry and volume
    /// come from [`Self::entry`].
    pub fn allocation(&self, body: GuestAddr, entry: &Entry, volume: &VolumeProperties) -> Fallible<u64> {
        let key = self.get(body)?.location.key();
        let reserved = self.shared.get(&key).map_or(0, |shared| shared.reserved);
        Ok(volume.allocation(entry.size.max(reserved)))
    }

    /// Whether the file is deleted when its last handle is closed.
    pub fn is_delete_pending(&self, body: GuestAddr) -> Fallible<bool> {
        Ok(self.shared.is_delete_pending(&self.get(body)?.location.key()))
    }

    /// Entry and allocation size of a file by name, if an open would find it.
    pub fn entry_of_path(&self, root: Option<GuestAddr>, path: &str) -> Fallible<(Entry, u64)> {
        let location = self.resolve(root, path)?;
        if self.shared.is_delete_pending(&location.key()) {
            return Err(NtStatus::DELETE_PENDING.into());
        }
        let entry = self.vfs.find(&location)?;
        if !entry.directory && path.ends_with(['\\', '/']) {
            return Err(VfsError::InvalidName.into());
        }
        let allocation = self.vfs.volume(&location)?.allocation(entry.size);
        Ok((entry, allocation))
    }

    /// Records a write to a file at `now`.
    pub fn note_change(&mut self, body: GuestAddr, now: u64) {
        let Ok(file) = self.get(body) else { return };
        let location = file.location.clone();
        self.packages.note_change(&self.vfs, &location, now);
        // A file that was removed on the host has no times.
        if let Err(error) = self.vfs.touch(&location, now) {
            tracing::debug!(target: "vfs", "{}: {error}", self.vfs.full_name(&location));
        }
    }

    pub fn set_size(&mut self, body: GuestAddr, size: u64, now: u64) -> Fallible<()> {
        if self.get(body)?.resize(size)? {
            self.note_change(body, now);
        }
        Ok(())
    }

    /// Sets the allocation of a file: reserves space, or truncates the file to it.
    pub fn set_allocation(&mut self, body: GuestAddr, allocation: u64, now: u64) -> Fallible<()> {
        if i64::try_from(allocation).is_err() {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        let file = self.get(body)?;
        let Some(data) = file.data() else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        file.require(access::WRITE_DATA)?;
        let size = data.size()?;
        let key = file.location.key();
        let volume = self.vfs.volume(&file.location)?;
        if allocation < size {
            self.set_size(body, allocation, now)?;
        } else if volume.allocation(allocation) - volume.allocation(size) > volume.free_bytes() {
            return Err(VfsError::Full.into());
        }
        if let Some(shared) = self.shared.get_mut(&key) {
            shared.reserved = allocation;
        }
        Ok(())
    }

    /// Sets times and attributes.
    pub fn set_basic(&mut self, body: GuestAddr, change: &BasicChange) -> Fallible<()> {
        let file = self.get(body)?;
        file.require(access::WRITE_ATTRIBUTES)?;
        let location = file.location.clone();
        let entry = self.vfs.find(&location)?;
        let names_directory = change.attributes.is_some_and(|set| set & attributes::DIRECTORY != 0);
        if location.is_root() || names_directory && !entry.directory {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        let mut stamp = entry.stamp;
        stamp.created = change.created.unwrap_or(stamp.created);
        stamp.accessed = change.accessed.unwrap_or(stamp.accessed);
        stamp.written = change.written.unwrap_or(stamp.written);
        if let Some(set) = change.attributes {
            stamp.attributes = set & attributes::KEPT;
        }
        Ok(self.vfs.set_stamp(&location, stamp)?)
    }

    /// Sets or clears deletion of the file at the close of its last handle.
    pub fn set_delete(&mut self, body: GuestAddr, delete: bool) -> Fallible<()> {
        let file = self.get(body)?;
        file.require(access::DELETE)?;
        let location = file.location.clone();
        if delete {
            self.check_deletable(&location)?;
        }
        if let Some(shared) = self.shared.get_mut(&location.key()) {
            shared.delete_pending = delete;
        }
        Ok(())
    }

    fn check_deletable(&self, location: &Location) -> Fallible<()> {
        let entry = self.vfs.find(location)?;
        let protected = entry.read_only || entry.stamp.attributes & attributes::READ_ONLY != 0;
        if protected || location.is_root() {
            return Err(NtStatus::CANNOT_DELETE.into());
        }
        if entry.directory && !self.vfs.list(location)?.is_empty() {
            return Err(NtStatus::DIRECTORY_NOT_EMPTY.into());
        }
        Ok(())
    }

    /// Deletes a file by path: at once, or when its last handle is closed.
    pub fn delete(&mut self, root: Option<GuestAddr>, path: &str, now: u64) -> Fallible<()> {
        let parameters = OpenParameters {
            root,
            access: access::DELETE,
            options: 0,
            disposition: CreateDisposition::Open,
            ..OpenParameters::to_read(path, now)
        };
        let (file, _) = self.open(&parameters)?;
        let deletable = self.check_deletable(&file.location);
        if deletable.is_ok() {
            file.set_mode(file.mode() | options::DELETE_ON_CLOSE);
        }
        self.close(file);
        deletable
    }

    /// Renames an open file within its device, for all its handles.
    pub fn rename(&mut self, body: GuestAddr, to: &Location, existing: Existing) -> Fallible<()> {
        let file = self.get(body)?;
        file.require(access::DELETE)?;
        let from = file.location.clone();
        let old = from.key();
        let new = to.key();
        if from.is_root() {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        let pending = |at: &Location| self.shared.is_delete_pending(&at.key());
        if pending(&from) || to.parent().as_ref().is_some_and(pending) {
            return Err(NtStatus::DELETE_PENDING.into());
        }
        if self.shared.is_open_below(&old) {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        if old != new
            && existing == Existing::Replace
            && let Ok(target) = self.vfs.find(to)
            && (target.is_read_only() || self.shared.is_open_within(&new))
        {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        self.vfs.rename(&from, to, existing)?;
        self.shared.rename(&old, new);
        for file in self.open.values_mut().filter(|file| file.location.key() == old) {
            file.location = to.clone();
        }
        Ok(())
    }
}
