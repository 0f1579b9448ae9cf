//! Device for a folder of the host.
//!
//! No file outside the folder is reachable ([`paths`]). Guests see regular files and directories
//! only. The host's times, free space, listing order and letter case are hidden; the guest's times
//! and attributes are stored in the folder, see [`super::folder_stamps`]. Writes replace files
//! atomically, see [`super::atomic_replace`].

mod entries;
mod file;
mod host_names;
mod paths;
mod state;
#[cfg(test)]
mod tests;

use super::allocation_unit::UNIT;
use super::atomic_replace::{Facts, HostFileHandle, OpenHostFiles, remove_open};
use super::device::{Entry, Existing, FileData, FileDevice, OpenMode, VolumeProperties};
use super::folder_stamps::Stamps;
use super::listings::Listings;
use super::path::{MAX_NAMES, Pattern};
use super::quota::Quota;
use super::stamp::attributes;
use super::{DeviceState, SavedBytes, Stamp, VfsError, VfsResult};
use file::HostFile;
pub(super) use file::read_at;
pub use host_names::host_name;
use host_names::{is_hidden, name_of};
use paths::{Found, remove_host_link};
use state::RestoredFiles;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_limits::ResourceLimits;
use xenia_state::{Impossible, Unsaveable};

/// A folder of the host as a device.
#[derive(Debug)]
pub struct HostFolder {
    /// Canonical path of the folder.
    root: PathBuf,
    /// Open files; `None` for a read-only folder.
    open_files: Option<OpenHostFiles>,
    /// Times and attributes; `None` for a read-only folder.
    stamps: Option<Stamps>,
    /// Cached listings, shared with the open files.
    pub(crate) listings: Arc<Listings>,
    /// Files that were being written when a restored state was saved, until their writers reopen
    /// them.
    restored: RestoredFiles,
}

impl HostFolder {
    /// Opens a folder for reading only.
    pub fn read_only(folder: &Path) -> io::Result<Self> {
        Self::new(folder, None)
    }

    /// Opens a folder whose files are written in place and count against `quota`, including those
    /// that exist already.
    pub(super) fn in_place(folder: &Path, quota: Arc<Quota>) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let stamps = Some(Stamps::read(&root));
        // No deeper than the longest path that a guest can name.
        count_files(&root, &quota, MAX_NAMES)?;
        Ok(Self::of(root, Some(OpenHostFiles::in_place(quota)), stamps))
    }

    fn of(root: PathBuf, open_files: Option<OpenHostFiles>, stamps: Option<Stamps>) -> Self {
        let listings = open_files.as_ref().map(|open_files| open_files.listings.clone()).unwrap_or_default();
        Self { root, open_files, stamps, listings, restored: RestoredFiles::default() }
    }

    /// Removes all files and directories. Open files lose their names.
    pub(super) fn erase(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                remove_open(&entry.path())?;
            }
        }
        if let Some(stamps) = &self.stamps {
            stamps.clear();
        }
        if let Some(open_files) = &self.open_files {
            open_files.erased();
        }
        Ok(())
    }

    /// Opens a folder for reading and writing; refusals are counted in `limits`.
    pub fn writable(folder: &Path, limits: Arc<ResourceLimits>) -> io::Result<Self> {
        Self::new(folder, Some(limits))
    }

    fn new(folder: &Path, writable: Option<Arc<ResourceLimits>>) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        // The path may be too long for the host, though the folder was found.
        if !root.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let stamps = writable.is_some().then(|| Stamps::read(&root));
        let open_files = writable.map(|limits| OpenHostFiles::new(&root, limits));
        Ok(Self::of(root, open_files, stamps))
    }

    /// Discards the stamps of a removed path.
    fn forget(&self, path: &[String]) {
        if let Some(stamps) = &self.stamps {
            stamps.remove(path);
        }
    }

    /// The state for changes; fails for a read-only folder.
    fn open_files(&self) -> VfsResult<&OpenHostFiles> {
        self.open_files.as_ref().ok_or(VfsError::ReadOnly)
    }

    /// Removes a file; its name can be used again immediately.
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let is_open = self.open_at(path).is_some();
        let remove = || if is_open { remove_open(path) } else { fs::remove_file(path) };
        self.listings.change(self.parent_of(path), None, remove)
    }

    /// Accounts for the removal of a file; `was_there`: the host had it.
    fn removed_file(&mut self, path: &[String], at: &Path, size: u64, was_there: bool) -> VfsResult<()> {
        self.open_files()?.note_removal(at, size);
        if !was_there {
            // The thread that commits closed files may have moved the file to the host since the
            // look-up; from now on it cannot.
            is_removed(remove_open(at))?;
        }
        self.forget(path);
        Ok(())
    }

    /// Size of a file, including pending changes.
    fn size_at(&self, path: &Path) -> VfsResult<u64> {
        match self.open_at(path) {
            Some(file) => file.lock().size(),
            None => Ok(path.metadata()?.len()),
        }
    }

    /// The entry at a host path; `guest` is its guest path.
    fn entry(&self, name: String, found: &Found, guest: &[String]) -> VfsResult<Entry> {
        let mut stamp = self.stamps.as_ref().map(|stamps| stamps.get(guest)).unwrap_or_default();
        let Facts { directory, read_only, size } = found.facts()?;
        // Files that are write-protected on the host are read-only for the guest.
        if !directory && read_only {
            stamp.attributes |= attributes::READ_ONLY;
        }
        let size = if directory { 0 } else { size };
        Ok(Entry { name, directory, size, read_only: self.open_files.is_none(), stamp })
    }
}

/// Whether a removal has removed a file; `false`: there was none.
fn is_removed(removal: io::Result<()>) -> VfsResult<bool> {
    match removal {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => Ok(result.map(|()| true)?),
    }
}

/// Counts the files and directories below `folder`, down to `depth` directories.
fn count_files(folder: &Path, quota: &Quota, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if entry.file_name().to_str().is_some_and(is_hidden) {
            continue;
        }
        quota.found(if kind.is_file() { entry.metadata()?.len() } else { 0 });
        if kind.is_dir() && depth > 0 {
            count_files(&entry.path(), quota, depth - 1)?;
        }
    }
    Ok(())
}

impl Drop for HostFolder {
    fn drop(&mut self) {
        if let Err(error) = self.flush_metadata() {
            tracing::error!(target: "vfs", "cannot save the times of {}: {error}", self.root.display());
        }
    }
}

impl FileDevice for HostFolder {
    fn volume(&self) -> VolumeProperties {
        if self.open_files.is_none() {
            return VolumeProperties::DISC;
        }
        match self.open_files.as_ref().and_then(OpenHostFiles::disk_space) {
            Some((bytes, free)) => VolumeProperties {
                total_units: bytes / UNIT,
                free_units: free / UNIT,
                ..VolumeProperties::HARD_DISK
            },
            None => VolumeProperties::HARD_DISK,
        }
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let found = self.look_up(path)?;
        let name = if path.is_empty() { String::new() } else { name_of(&found.path) };
        self.entry(name, &found, path)
    }

    fn hides(&self, path: &[String]) -> bool {
        self.is_hidden(path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.entries(path, None)
    }

    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        self.entries(path, Some(pattern))
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        let write = mode == OpenMode::Write;
        if write {
            self.open_files()?;
        }
        let found = self.look_up(path)?;
        let Facts { directory, read_only, .. } = found.facts()?;
        if directory {
            return Err(VfsError::IsDirectory);
        }
        let Found { path: at, file, .. } = found;
        let Some(open_files) = &self.open_files else { return Ok(Box::new(HostFile(File::open(at)?))) };
        // A rename would replace a file that the host's user has write-protected.
        if write && read_only {
            return Err(VfsError::ReadOnly);
        }
        if write && file.is_some() {
            // If it waits in a group, its contents are committed before they change.
            open_files.closed.commit_all();
        }
        let file = file.map_or_else(|| open_files.open(&at), Ok)?;
        Ok(Box::new(HostFileHandle { file, write, closed: open_files.closed.clone() }))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let at = self.new_path(path)?;
        let open_files = self.open_files()?;
        Ok(Box::new(HostFileHandle {
            file: open_files.create(&at)?,
            write: true,
            closed: open_files.closed.clone(),
        }))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        let at = self.new_path(path)?;
        let open_files = self.open_files()?;
        let folder = self.parent_of(&at);
        let make = || fs::create_dir(&at);
        let made = open_files.quota.enter(|| Ok(self.listings.change(folder, at.file_name(), make)?));
        made.inspect_err(|_| open_files.write_back_errors.add(&at))?;
        self.listings.forget(&at);
        open_files.write_back_errors.clear_error(&at);
        // Sync the parent directory too: after a crash of the host the new directory could be
        // missing with its files.
        open_files.sync_folder(folder)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        let open_files = self.open_files()?;
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            if !open_files.created_in(&at, |_| true).is_empty() {
                return Err(VfsError::NotEmpty);
            }
            if let Some(links) = self.unseen_in(&at) {
                // Leftovers of failed saves, and links that lead nowhere or out of the folder: the
                // title sees an empty directory and removes it with them.
                super::atomic_replace::sweep(&at);
                links.iter().try_for_each(|link| remove_host_link(link))?;
            }
            fs::remove_dir(&at)?;
            open_files.quota.leave();
            open_files.write_back_errors.forget(&at);
            self.forget(path);
            return Ok(());
        }
        let size = self.size_at(&at)?;
        let was_there = is_removed(self.remove_file(&at))?;
        self.removed_file(path, &at, size, was_there)
    }

    fn remove_link(&mut self, path: &[String]) -> VfsResult<bool> {
        let link = match self.look_up(path) {
            Ok(found) => found.link,
            Err(VfsError::NotFound | VfsError::PathNotFound) => None,
            Err(error) => return Err(error),
        };
        let Some(link) = link else { return Ok(false) };
        let open_files = self.open_files()?;
        remove_host_link(&link)?;
        open_files.quota.leave();
        self.forget(path);
        Ok(true)
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        self.open_files()?;
        if from.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let source = self.host_path(from)?;
        let (replaced, target) = match self.new_path(to) {
            Err(VfsError::Exists) => self.replaced(&source, to, existing)?,
            result => result.map(|target| (target.clone(), target))?,
        };
        let open_files = self.open_files()?;
        if source == target {
            return Ok(());
        }
        let is_directory = source.is_dir();
        if is_directory && target.starts_with(&source) {
            return Err(VfsError::InvalidName);
        }
        // The new name must never have the contents from before the pending writes.
        open_files.commit_below(&source)?;
        // Only the letter case changes.
        if replaced == source {
            self.rename_on_host(&source, &target)?;
        } else {
            let size = self.size_at(&replaced).unwrap_or(0);
            let there = replaced.is_file();
            if there && is_directory {
                // On the host a directory can only replace a directory.
                self.remove_file(&replaced)?;
            } else if there && replaced != target {
                self.rename_on_host(&replaced, &target)?;
            }
            self.rename_on_host(&source, &target)?;
            if there {
                // Before the table gets the renamed file, whose entry this would remove.
                open_files.note_removal(&replaced, size);
            }
        }
        if is_directory {
            self.listings.forget_all();
        }
        open_files.rename(&source, &target);
        if let Some(stamps) = &self.stamps {
            stamps.rename(from, to);
        }
        // Without this the host may lose the new name in a crash.
        open_files.sync_folder(self.parent_of(&target))
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        let stamps = self.stamps.as_ref().ok_or(VfsError::ReadOnly)?;
        self.host_path(path)?;
        stamps.set(path, stamp);
        Ok(())
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        let open_files = self.open_files()?;
        let at = match self.host_path(path) {
            Ok(at) => {
                open_files.commit_below(&at)?;
                at
            }
            // The path could not even be created.
            Err(VfsError::NotFound | VfsError::PathNotFound) => host_names::below(&self.root, path),
            Err(error) => return Err(error),
        };
        if open_files.write_back_errors.has(&at) { Err(VfsError::Full) } else { Ok(()) }
    }

    fn forget_write_back_errors(&self, path: &[String]) {
        let at = self.host_path(path).unwrap_or_else(|_| host_names::below(&self.root, path));
        if let Some(open_files) = &self.open_files {
            open_files.write_back_errors.forget(&at);
        }
    }

    fn flush_metadata(&self) -> VfsResult<()> {
        match &self.stamps {
            Some(stamps) => stamps.save(|path| self.host_path(path).is_ok()),
            None => Ok(()),
        }
    }

    fn discard(&mut self) {
        if let Some(open_files) = &self.open_files {
            open_files.discard();
        }
        self.stamps = None;
    }

    fn abandon(&mut self) {
        if let Some(open_files) = self.open_files.as_ref().filter(|open_files| !open_files.is_disk()) {
            open_files.discard();
        }
    }

    fn state(&self, bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        self.saved(bytes)
    }

    fn restore(&mut self, state: DeviceState, bytes: &mut SavedBytes) -> Result<(), Impossible> {
        self.restore_saved(state, bytes)
    }

    fn end_restore(&mut self) {
        self.restored = RestoredFiles::default();
    }
}
