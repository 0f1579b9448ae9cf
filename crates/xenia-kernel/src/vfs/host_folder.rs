//! A folder of the host as a device.
//!
//! Nothing outside the folder can be reached ([`paths`]). Only plain files and directories exist
//! for the guest. The host's times, free space, listing order and letter case don't show; the
//! guest's own times and attributes are kept in the folder, see [`super::stamp`]. What is written
//! appears at once and whole, see [`super::draft`].

mod file;
mod listings;
mod paths;
#[cfg(test)]
mod tests;

use super::device::{Device, Entry, FileData, Volume, sort};
use super::draft::{Drafts, Facts, Shared};
use super::path::FATX_NAME;
use super::stamp::{Stamps, attributes};
use super::{Stamp, VfsError, VfsResult};
use crate::limits::{Limit, Limits};
use file::HostFile;
pub(super) use file::read_at;
use listings::Listings;
use paths::{Found, is_hidden, name_of};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module's documentation.
#[derive(Debug)]
pub struct HostFolder {
    /// Canonical.
    root: PathBuf,
    /// Files open for the guest; `None`: the folder is for reading only.
    drafts: Option<Drafts>,
    /// Times and attributes; a folder for reading only has none.
    stamps: Option<Stamps>,
    listings: Listings,
}

/// Bytes of an allocation unit: 32 sectors of 512.
const UNIT: u64 = 0x4000;

impl HostFolder {
    /// The folder, for reading only.
    pub fn read_only(folder: &Path) -> io::Result<Self> {
        Self::new(folder, None)
    }

    /// The folder, for reading and writing; what is refused is counted in `limits`.
    pub fn writable(folder: &Path, limits: Arc<Limits>) -> io::Result<Self> {
        Self::new(folder, Some(limits))
    }

    fn new(folder: &Path, writable: Option<Arc<Limits>>) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let stamps = writable.is_some().then(|| Stamps::read(&root));
        let drafts = writable.map(|limits| Drafts::new(&root, limits));
        Ok(Self { root, drafts, stamps, listings: Listings::default() })
    }

    /// The path is gone.
    fn forget(&self, path: &[String]) {
        if let Some(stamps) = &self.stamps {
            stamps.removed(path);
        }
    }

    /// What is needed for changes.
    fn drafts(&self) -> VfsResult<&Drafts> {
        self.drafts.as_ref().ok_or(VfsError::ReadOnly)
    }

    /// Bytes of a file, or of what it is becoming.
    fn size_at(&self, path: &Path) -> VfsResult<u64> {
        match self.open_at(path) {
            Some(draft) => draft.lock().size(),
            None => Ok(path.metadata()?.len()),
        }
    }

    /// The entry at a host path, `guest` being its path for the guest.
    fn entry(&self, name: String, found: &Found, guest: &[String]) -> VfsResult<Entry> {
        let mut stamp = self.stamps.as_ref().map(|stamps| stamps.get(guest)).unwrap_or_default();
        let Facts { directory, read_only, size } = found.facts()?;
        // What the host's user has protected is protected.
        if !directory && read_only {
            stamp.attributes |= attributes::READ_ONLY;
        }
        let size = if directory { 0 } else { size };
        Ok(Entry { name, directory, size, read_only: self.drafts.is_none(), stamp })
    }
}

impl Drop for HostFolder {
    fn drop(&mut self) {
        if let Err(error) = self.settle() {
            tracing::error!(target: "vfs", "cannot save the times of {}: {error}", self.root.display());
        }
    }
}

impl Device for HostFolder {
    fn volume(&self) -> Volume {
        if self.drafts.is_none() {
            return Volume::DISC;
        }
        // A 16 GiB partition in 16 KiB units, half of it free.
        Volume {
            file_system: Volume::FATX,
            free_units: Limit::DiskBytes.row().value / UNIT,
            name_length: FATX_NAME as u32,
            read_only: false,
            ..Volume::DISC
        }
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let found = self.look_up(path)?;
        let name = if path.is_empty() { String::new() } else { name_of(&found.path) };
        self.entry(name, &found, path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        let at = self.host_path(path)?;
        if !at.is_dir() {
            return Err(VfsError::NotDirectory);
        }
        let below = |name: &String| [path, std::slice::from_ref(name)].concat();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&at)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            // Guests have one byte per character.
            if is_hidden(&name) || !super::path::is_valid(&name) || name.chars().any(|c| u32::from(c) > 0xFF)
            {
                continue;
            }
            if let Some(found) = self.shown(at.join(&name)) {
                let guest = below(&name);
                entries.push(self.entry(name, &found, &guest)?);
            }
        }
        for name in self.created_in(&at, |_| true) {
            let (found, guest) = (self.made(at.join(&name)), below(&name));
            entries.push(self.entry(name, &found, &guest)?);
        }
        sort(&mut entries);
        // Names that differ in case only are one name to a guest, and the first is what opening finds.
        entries.dedup_by(|b, a| a.name.eq_ignore_ascii_case(&b.name));
        Ok(entries)
    }

    fn open(&self, path: &[String], write: bool) -> VfsResult<Box<dyn FileData>> {
        if write {
            self.drafts()?;
        }
        let found = self.look_up(path)?;
        let Facts { directory, read_only, .. } = found.facts()?;
        if directory {
            return Err(VfsError::IsDirectory);
        }
        let Found { path: at, draft, .. } = found;
        let Some(drafts) = &self.drafts else { return Ok(Box::new(HostFile(File::open(at)?))) };
        // A draft would replace what the host's user has protected.
        if write && read_only {
            return Err(VfsError::ReadOnly);
        }
        let draft = draft.map_or_else(|| drafts.open(&at), Ok)?;
        Ok(Box::new(Shared { draft, write }))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let at = self.new_path(path)?;
        Ok(Box::new(Shared { draft: self.drafts()?.create(&at)?, write: true }))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        let at = self.new_path(path)?;
        let drafts = self.drafts()?;
        let made = drafts.quota.enter(|| Ok(fs::create_dir(&at)?));
        made.inspect_err(|_| drafts.losses.add(&at))?;
        drafts.add_name();
        drafts.losses.made_good(&at);
        // What is made in it is of no use if the host forgets the directory.
        Ok(File::open(at.parent().unwrap_or(&self.root))?.sync_all()?)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        let drafts = self.drafts()?;
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            if !drafts.created_in(&at, |_| true).is_empty() {
                return Err(VfsError::NotEmpty);
            }
            if super::draft::holds_only_drafts(&at) {
                // Of saves that failed: the title, which sees an empty directory, gives them up with it.
                super::draft::sweep(&at);
            }
            fs::remove_dir(&at)?;
            drafts.quota.leave();
            drafts.losses.forget(&at);
            self.forget(path);
            return Ok(());
        }
        let size = self.size_at(&at)?;
        match fs::remove_file(&at) {
            // It was only about to be made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
        drafts.removed(&at, size);
        self.forget(path);
        Ok(())
    }

    fn rename(&mut self, from: &[String], to: &[String], replace: bool) -> VfsResult<()> {
        self.drafts()?;
        if from.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let source = self.host_path(from)?;
        let (replaced, target) = match self.new_path(to) {
            Err(VfsError::Exists) => self.replaced(&source, to, replace)?,
            result => result.map(|target| (target.clone(), target))?,
        };
        let drafts = self.drafts()?;
        if source == target {
            return Ok(());
        }
        if source.is_dir() && target.starts_with(&source) {
            return Err(VfsError::InvalidName);
        }
        // The new name must never have the contents that the old one had before it was written.
        drafts.commit_below(&source)?;
        if replaced == source {
            fs::rename(&source, &target)?;
        } else {
            let size = self.size_at(&replaced).unwrap_or(0);
            let there = replaced.is_file();
            if there && source.is_dir() {
                // On the host a directory replaces nothing but a directory.
                fs::remove_file(&replaced)?;
            } else if there && replaced != target {
                fs::rename(&replaced, &target)?;
            }
            fs::rename(&source, &target)?;
            if there {
                drafts.removed(&replaced, size);
            }
        }
        drafts.add_name();
        drafts.moved(&source, &target);
        if let Some(stamps) = &self.stamps {
            stamps.moved(from, to);
        }
        // The host may forget the new name otherwise.
        Ok(File::open(target.parent().unwrap_or(&self.root))?.sync_all()?)
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        let stamps = self.stamps.as_ref().ok_or(VfsError::ReadOnly)?;
        self.host_path(path)?;
        stamps.set(path, stamp);
        Ok(())
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        let drafts = self.drafts()?;
        let at = match self.host_path(path) {
            Ok(at) => {
                drafts.commit_below(&at)?;
                at
            }
            // What could not even be made.
            Err(VfsError::NotFound | VfsError::PathNotFound) => {
                self.root.join(path.iter().collect::<PathBuf>())
            }
            Err(error) => return Err(error),
        };
        if drafts.losses.has(&at) { Err(VfsError::Full) } else { Ok(()) }
    }

    fn forget_losses(&self, path: &[String]) {
        let at = self.host_path(path).unwrap_or_else(|_| self.root.join(path.iter().collect::<PathBuf>()));
        if let Some(drafts) = &self.drafts {
            drafts.losses.forget(&at);
        }
    }

    fn settle(&self) -> VfsResult<()> {
        match &self.stamps {
            Some(stamps) => stamps.save(|path| self.host_path(path).is_ok()),
            None => Ok(()),
        }
    }
}
