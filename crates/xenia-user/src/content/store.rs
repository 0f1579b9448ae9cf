//! Content store: finds, lists, writes and removes packages on the disk.
//!
//! A package is a folder with a header file beside it (docs/src/using/saves-and-settings.md). The
//! store sees a device, not the host, so the same code serves packages in memory. Small files are
//! replaced as a whole.

#[cfg(test)]
mod tests;

use super::PackageHeader;
use super::name::PackageName;
use super::stfs_package::StfsPackage;
use crate::profile::Xuid;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_formats::Volume;
use xenia_vfs::{
    Container, Entry, Existing, FileData, FileDevice, OpenMode, SharedDevice, SubFolder, VfsError, VfsResult,
    make_directories,
};

/// Largest size of a small file that is read whole (a header, a profile's settings), in bytes.
const MAX_SMALL_FILE: u64 = 0x4_0000;
/// Largest size of a thumbnail, in bytes.
pub const MAX_THUMBNAIL_SIZE: u32 = 0x4000;
/// Suffix of a temporary file that is about to replace a small file.
const NEW: &str = "=new";
/// Largest number of packages in a title's list; further packages are not listed.
pub(super) const MAX_LISTED: usize = 4096;

/// A package of the store.
#[derive(Clone, Debug)]
pub struct FoundPackage {
    pub name: PackageName,
    /// `None` if it cannot be read.
    pub header: Option<PackageHeader>,
}

/// Sizes of a disk in bytes.
#[derive(Clone, Copy, Debug)]
pub struct DiskSpace {
    pub total: u64,
    pub free: u64,
}

/// The packages on one device.
#[derive(Debug)]
pub struct ContentStore {
    device: SharedDevice,
    /// Whether the device outlives the machine.
    is_kept: bool,
    has_warned: AtomicBool,
}

impl ContentStore {
    /// The packages on a device that outlives the machine.
    pub fn new(device: Box<dyn FileDevice>) -> Self {
        Self { device: SharedDevice::new(device), is_kept: true, has_warned: AtomicBool::new(false) }
    }

    /// The packages on a device that ends with the machine.
    pub fn temporary(device: Box<dyn FileDevice>) -> Self {
        Self { is_kept: false, ..Self::new(device) }
    }

    /// The device, for saved states.
    pub fn device(&self) -> &SharedDevice {
        &self.device
    }

    /// Drops all changes that are not on the host's disk ([`FileDevice::discard`]).
    pub fn discard(&self) {
        self.device.lock().discard();
    }

    /// Whether written data outlives the machine.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// A directory as a separate device.
    pub fn folder(&self, path: Vec<String>) -> SubFolder {
        SubFolder::new(self.device.clone(), path)
    }

    /// Reads a small file; `None` if it is missing or too large.
    pub fn read(&self, path: &[String]) -> VfsResult<Option<Vec<u8>>> {
        let bytes = self.read_at_most(path, MAX_SMALL_FILE)?;
        Ok(bytes.filter(|bytes| bytes.len() as u64 <= MAX_SMALL_FILE))
    }

    /// Reads a file up to `most` bytes and one more; `None` if it is missing.
    pub(super) fn read_at_most(&self, path: &[String], most: u64) -> VfsResult<Option<Vec<u8>>> {
        let device = self.device.lock();
        let file = match device.open(path, OpenMode::Read) {
            Ok(file) => file,
            Err(VfsError::NotFound | VfsError::PathNotFound | VfsError::IsDirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = vec![0; file.size()?.min(most + 1) as usize];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }

    /// Renames a file, replacing an existing one.
    pub(super) fn rename(&self, from: &[String], to: &[String]) -> VfsResult<()> {
        self.device.lock().rename(from, to, Existing::Replace)
    }

    /// Replaces a file's contents atomically: readers see either the old or the new contents.
    pub fn replace(&self, path: &[String], bytes: &[u8]) -> VfsResult<()> {
        if !self.is_kept && !self.has_warned.swap(true, Relaxed) {
            tracing::warn!(
                target: "vfs",
                setting = "content",
                "the title saves, but its saves are in memory and lost when the run ends"
            );
        }
        let mut device = self.device.lock();
        let Some((name, parent)) = path.split_last() else { return Err(VfsError::InvalidName) };
        make_directories(&mut **device, parent)?;
        // Write to a temporary file beside the old one, which stays intact until all bytes are
        // written.
        let new = [parent, &[format!("{name}{NEW}")]].concat();
        // A run that was cut short may have left one.
        match device.remove(&new) {
            Ok(()) | Err(VfsError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let file = device.create_file(&new)?;
        let written = file.write_at(0, bytes).and_then(|()| file.flush());
        drop(file);
        let replaced = written.and_then(|()| device.rename(&new, path, Existing::Replace));
        if replaced.is_err() {
            // A leftover temporary file does no harm.
            let _ = device.remove(&new);
        }
        replaced
    }

    /// Lists a directory; empty if it is missing.
    pub fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        match self.device.lock().list(path) {
            Err(VfsError::NotFound | VfsError::PathNotFound | VfsError::NotDirectory) => Ok(Vec::new()),
            result => result,
        }
    }

    fn is_directory(&self, path: &[String]) -> bool {
        self.device.lock().find(path).is_ok_and(|entry| entry.directory)
    }

    /// The header of a package; `None` if the package does not exist.
    ///
    /// # Errors
    /// [`VfsError::Corrupt`] if there is a header that cannot be read, e.g. because a later version
    /// wrote it, or because it is a link that leads out of the folder. It must not be treated as
    /// missing, or a new package would replace it.
    pub fn find(&self, name: &PackageName) -> VfsResult<Option<PackageHeader>> {
        let at = name.header();
        if let Some(bytes) = self.read_at_most(&at, MAX_SMALL_FILE)? {
            let is_small = bytes.len() as u64 <= MAX_SMALL_FILE;
            let header = is_small.then(|| PackageHeader::parse(&bytes)).flatten();
            return header.map(Some).ok_or_else(|| unreadable_header(name));
        }
        if self.is_directory(&at) || self.device.lock().hides(&at) {
            return Err(unreadable_header(name));
        }
        if self.is_directory(&name.files(0)) {
            return Ok(Some(PackageHeader::of_stray(name.owner, name.file())));
        }
        Ok(self.packed(name).map(|packed| packed.header()))
    }

    /// The package of this name in a single file; `None` if it does not exist or cannot be read.
    fn packed(&self, name: &PackageName) -> Option<StfsPackage> {
        match self.packed_file(name) {
            Ok(file) => StfsPackage::read(name, file?),
            Err(error) => {
                tracing::warn!(target: "vfs", "{} can't be read: {error}", name.file());
                None
            }
        }
    }

    /// Opens the file of a single-file package; `None` if it does not exist.
    pub fn packed_file(&self, name: &PackageName) -> VfsResult<Option<Box<dyn FileData>>> {
        match self.device.lock().open(&name.files(0), OpenMode::Read) {
            Ok(file) => Ok(Some(file)),
            Err(VfsError::NotFound | VfsError::PathNotFound | VfsError::IsDirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a package's files as a device.
    pub fn device_of(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<Box<dyn FileDevice>> {
        Ok(self.contents(name, header, self.packed_volume(name, header)?))
    }

    /// The files of a package as a device; `volume` is its [`packed_volume`](Self::packed_volume).
    pub fn contents(
        &self,
        name: &PackageName,
        header: &PackageHeader,
        volume: Option<Arc<Volume>>,
    ) -> Box<dyn FileDevice> {
        match volume {
            Some(volume) => Box::new(Container(volume)),
            None => Box::new(self.folder(name.files(header.folder))),
        }
    }

    /// Reads the volume of a single-file package; `None` if the package is a folder.
    pub fn packed_volume(
        &self,
        name: &PackageName,
        header: &PackageHeader,
    ) -> VfsResult<Option<Arc<Volume>>> {
        if !header.is_packed {
            return Ok(None);
        }
        self.packed(name).ok_or(VfsError::NotFound)?.volume().map(Some)
    }

    /// Packages of an owner, title and type, sorted by name. Those whose header cannot be read are
    /// left out.
    pub fn packages(
        &self,
        owner: Xuid,
        title: u32,
        kind: u32,
    ) -> VfsResult<Vec<(PackageName, PackageHeader)>> {
        Ok(readable(self.found(owner, title, kind, MAX_LISTED)?))
    }

    /// At most `most` packages of an owner, title and type, sorted by name.
    fn found(&self, owner: Xuid, title: u32, kind: u32, most: usize) -> VfsResult<Vec<FoundPackage>> {
        let mut found = BTreeMap::new();
        for entry in self.list(&PackageName::directory(owner, title, kind))? {
            // A header may be hidden while the package's files are shown.
            let file = entry.name.split('=').next().unwrap_or(&entry.name);
            let Some(name) = PackageName::new(owner, title, kind, file) else { continue };
            let key = file.to_ascii_lowercase();
            if found.len() >= most || found.contains_key(&key) {
                continue;
            }
            let header = match self.find(&name) {
                Ok(Some(header)) => Some(header),
                Err(VfsError::Corrupt) => None,
                Ok(None) => continue,
                Err(error) => return Err(error),
            };
            found.insert(key, FoundPackage { name, header });
        }
        Ok(found.into_values().collect())
    }

    /// All packages whose header can be read, sorted by owner, title, type and name.
    pub fn every_package(&self) -> VfsResult<Vec<(PackageName, PackageHeader)>> {
        Ok(readable(self.every_found_package()?))
    }

    /// All packages, sorted by owner, title, type and name.
    pub fn every_found_package(&self) -> VfsResult<Vec<FoundPackage>> {
        self.of_every_kind(|owner, title, kind| self.found(owner, title, kind, usize::MAX))
    }

    /// The results of `list` for each owner, title and type that has a folder, in their order.
    pub(super) fn of_every_kind<T>(
        &self,
        list: impl Fn(Xuid, u32, u32) -> VfsResult<Vec<T>>,
    ) -> VfsResult<Vec<T>> {
        let root = vec!["Content".to_owned()];
        let mut found = Vec::new();
        for (owner_name, owner) in self.ids(&root, 16)? {
            let of_owner = [&root[..], &[owner_name]].concat();
            for (title_name, title) in self.ids(&of_owner, 8)? {
                for (_, kind) in self.ids(&[&of_owner[..], &[title_name]].concat(), 8)? {
                    found.extend(list(Xuid(owner), title as u32, kind as u32)?);
                }
            }
        }
        Ok(found)
    }

    /// The folders in a directory whose names are IDs with this number of hexadecimal
    /// digits, and the IDs.
    pub(super) fn ids(&self, path: &[String], digits: usize) -> VfsResult<Vec<(String, u64)>> {
        let is_id = |name: &str| name.len() == digits && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let names = self.list(path)?.into_iter().filter(|entry| entry.directory).map(|entry| entry.name);
        let ids = names.filter(|name| is_id(name)).filter_map(|name| {
            let id = u64::from_str_radix(&name, 16).ok()?;
            Some((name, id))
        });
        Ok(ids.collect())
    }

    /// Commits a package by writing its header. All data in its files must be written before.
    pub fn commit(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<()> {
        self.device.lock().flush_below(&name.files(header.folder))?;
        self.replace(&name.header(), &header.to_bytes())
    }

    /// Whether the header on the disk may be this one, though [`Self::commit`] has failed.
    ///
    /// The last step of a commit to fail is the sync of the header. After a crash of the host
    /// either header may be on disk, so the files of both must be kept.
    pub fn may_be_named(&self, name: &PackageName, header: &PackageHeader) -> bool {
        match self.find(name) {
            Ok(Some(found)) => found.folder == header.folder,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Prepares the header and an empty folder of a package that replaces `old`.
    pub fn prepare(
        &self,
        name: &PackageName,
        old: Option<&PackageHeader>,
        new: PackageHeader,
    ) -> VfsResult<PackageHeader> {
        let set_aside = self.folders_set_aside(name)?;
        let is_free = |folder: &u32| !set_aside.contains(folder);
        let first = old.map_or(1, |old| old.folder.checked_add(1).unwrap_or(1));
        let folder = (first..=u32::MAX).chain(1..first).find(is_free).unwrap_or(first);
        // An interrupted run may have left this folder, or that of the previous package.
        if let Some(before) = old.and_then(|old| (1..old.folder).rev().find(is_free)) {
            self.remove_files(name, &new.clone().in_folder(before))?;
        }
        let new = new.in_folder(folder);
        self.remove_files(name, &new)?;
        Ok(new)
    }

    /// Flushes a package's files to the host's disk.
    pub fn flush(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<()> {
        self.device.lock().flush_below(&name.files(header.folder))
    }

    /// Removes a package's files but keeps its header. Files of a package that is set aside stay.
    pub fn remove_files(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<()> {
        if header.is_packed {
            return self.remove_file(&name.files(0));
        }
        // The user may have copied the header of a package that is set aside.
        if header.folder > 0 && self.folders_set_aside(name)?.contains(&header.folder) {
            return Ok(());
        }
        let removed = self.remove_tree(&name.files(header.folder));
        self.forget_write_back_errors(name, header);
        removed
    }

    /// Discards the record of write-back errors of a package's files.
    pub fn forget_write_back_errors(&self, name: &PackageName, header: &PackageHeader) {
        self.device.lock().forget_write_back_errors(&name.files(header.folder));
    }

    /// Removes a package, header first: without a header it does not exist (unless the user has
    /// copied it there).
    pub fn remove(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<()> {
        for path in [name.header(), name.thumbnail()] {
            self.remove_file(&path)?;
        }
        self.remove_files(name, header)
    }

    /// Removes a file, or the link at its path; a missing file is not an error.
    pub(super) fn remove_file(&self, path: &[String]) -> VfsResult<()> {
        let mut device = self.device.lock();
        if device.remove_link(path)? {
            return Ok(());
        }
        match device.remove(path) {
            Ok(()) | Err(VfsError::NotFound | VfsError::PathNotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The package's thumbnail; `None` if it has none.
    pub fn thumbnail(&self, name: &PackageName) -> VfsResult<Option<Vec<u8>>> {
        let picture = match self.read(&name.thumbnail())? {
            Some(picture) => Some(picture),
            None => self.packed(name).map(StfsPackage::picture).filter(|picture| !picture.is_empty()),
        };
        Ok(picture.filter(|picture| picture.len() as u64 <= u64::from(MAX_THUMBNAIL_SIZE)))
    }

    /// Sets the package's thumbnail.
    pub fn set_thumbnail(&self, name: &PackageName, picture: &[u8]) -> VfsResult<()> {
        self.replace(&name.thumbnail(), picture)
    }

    /// Removes the package's thumbnail, if any.
    pub fn remove_thumbnail(&self, name: &PackageName) -> VfsResult<()> {
        self.remove_file(&name.thumbnail())
    }

    /// Size of the disk, and its free part.
    pub fn space(&self) -> DiskSpace {
        let volume = self.device.lock().volume();
        DiskSpace { total: volume.total_units.saturating_mul(volume.unit()), free: volume.free_bytes() }
    }
}

/// Logs that a package's header cannot be read.
fn unreadable_header(name: &PackageName) -> VfsError {
    tracing::error!(
        target: "vfs",
        "the header of the package {} can't be read; the package stays as it is: {}",
        name.file(),
        name.header().join("/")
    );
    VfsError::Corrupt
}

fn readable(found: Vec<FoundPackage>) -> Vec<(PackageName, PackageHeader)> {
    found.into_iter().filter_map(|package| Some((package.name, package.header?))).collect()
}
