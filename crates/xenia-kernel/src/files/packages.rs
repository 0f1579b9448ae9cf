//! Open packages: each is a device, under the root name that the title chose.
//!
//! A title reaches only the files of packages that it has opened. A package that replaces an older
//! one is committed when it is closed or flushed ([`xenia_user::content`]), provided that all of
//! the title's writes succeeded. At the end of the machine `ending.rs` decides.

mod by_path;
mod ending;
mod mounting;
pub(super) mod state;
#[cfg(test)]
mod tests;

use super::Files;
use super::mounts::{self, HARD_DISK};
use crate::ports::Storage;
use crate::status::dos_error;
use crate::status::failure::Failure;
use by_path::OpenPackageFile;
pub(super) use ending::RunEnding;
use std::path::PathBuf;
use std::sync::Arc;
use xenia_formats::Volume;
use xenia_guest::Win32Error;
use xenia_limits::{Limit, ResourceLimits};
use xenia_user::content::{ContentStore, MARKETPLACE, PackageHeader, PackageName};
use xenia_user::profile::Xuid;
use xenia_vfs::{Container, FileDevice, HostFolder, MemoryDevice, VfsError, VfsResult, make_directories};

/// A package that the title has open.
#[derive(Debug)]
struct OpenPackage {
    /// The title's root name.
    root: String,
    /// Path of its mount point.
    device: String,
    name: PackageName,
    header: PackageHeader,
    /// The package that it replaces, until it is committed.
    replaces: Option<PackageHeader>,
    /// Whether its header has been written.
    is_committed: bool,
    /// Guest time of the last change, in units of 100 ns since 1601. Not recorded without an older
    /// package.
    changed: u64,
    /// The disc that was in the drive when it was opened.
    disc: Option<u8>,
    /// The volume of a package in a single file. Its hash tables take 6 KiB for each MiB of the
    /// file, so all roots share it.
    volume: Option<Arc<Volume>>,
}

/// Open packages and the content store.
#[derive(Debug)]
pub struct Packages {
    /// All packages on the disk.
    pub store: ContentStore,
    /// The host's folder of the store, if there is one.
    folder: Option<PathBuf>,
    /// The packages on the disc in the drive.
    disc: ContentStore,
    open: Vec<OpenPackage>,
    /// Packages that the title has opened by the paths of their files.
    by_path: Vec<OpenPackageFile>,
}

impl Default for Packages {
    /// No open packages, and a store in memory.
    fn default() -> Self {
        Self::in_memory(&Arc::default())
    }
}

impl Drop for Packages {
    fn drop(&mut self) {
        for package in &mut self.open {
            // The error has been logged already.
            let _ = package.finish(&self.store);
        }
    }
}

/// Action for an existing or missing package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageMode {
    /// Create a package; it must not exist.
    New = 1,
    /// Create a package, replacing an existing one.
    Always = 2,
    /// Open an existing package.
    Existing = 3,
    /// Open a package, or create it.
    OpenAlways = 4,
    /// Replace an existing package.
    Truncate = 5,
}

impl PackageMode {
    pub fn of(number: u32) -> Option<Self> {
        [Self::New, Self::Always, Self::Existing, Self::OpenAlways, Self::Truncate]
            .into_iter()
            .find(|mode| *mode as u32 == number)
    }
}

/// Action that was taken, as titles see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageAction {
    /// The package was created or replaced.
    Created = 1,
    /// An existing package was opened.
    Opened = 2,
}

/// Maps a file system error to the Win32 error.
pub fn win32_error(error: VfsError) -> Win32Error {
    dos_error::from_status(Failure::from(error).status())
}

impl OpenPackage {
    /// Commits the package under its name, if that is still to be done.
    fn commit(&mut self, store: &ContentStore) -> VfsResult<()> {
        if self.name.is_on_disc {
            return Ok(());
        }
        if self.is_committed {
            return store.flush(&self.name, &self.header);
        }
        store.commit(&self.name, &self.header)?;
        self.is_committed = true;
        if let Some(old) = self.replaces.take() {
            // A failure to delete the old files is harmless.
            if let Err(error) = store.remove_files(&self.name, &old) {
                tracing::warn!(target: "vfs", "the old files of {} are still there: {error}", self.name.file());
            }
        }
        Ok(())
    }

    /// Commits a package that is no longer written to. An incomplete package does not replace an
    /// older one; its files are deleted.
    fn finish(&mut self, store: &ContentStore) -> VfsResult<()> {
        let committed = self.commit(store);
        if let Err(error) = &committed {
            let name = self.name.file();
            if self.replaces.is_none() {
                tracing::error!(target: "vfs", "can't save package {name}: {error}");
                store.forget_write_back_errors(&self.name, &self.header);
            } else if self.remove_unnamed(store) {
                tracing::error!(target: "vfs", "can't save package {name}, and stays as it was: {error}");
            } else {
                tracing::error!(target: "vfs", "the package {name} may not survive a crash of the host: {error}");
            }
        }
        committed
    }

    /// Abandons the package without a message.
    fn discard(&self, store: &ContentStore) {
        if self.replaces.is_some() {
            self.remove_unnamed(store);
        }
    }

    /// Deletes the files of an incomplete package, unless a header may name them; returns whether
    /// none does.
    fn remove_unnamed(&self, store: &ContentStore) -> bool {
        let is_unnamed = !store.may_be_named(&self.name, &self.header);
        if is_unnamed {
            // The next package of this name would delete them as well.
            let _ = store.remove_files(&self.name, &self.header);
        }
        is_unnamed
    }
}

/// The folder of the store that is a title's hard disk.
fn title_disk(title: u32) -> Vec<String> {
    vec!["Disk".to_owned(), format!("{title:08X}")]
}

impl Packages {
    fn in_memory(limits: &Arc<ResourceLimits>) -> Self {
        let disk = MemoryDevice::new(Limit::ScratchBytes.row().value, limits.clone());
        Self::of(ContentStore::temporary(Box::new(disk)))
    }

    /// The packages of a store, and an empty drive.
    fn of(store: ContentStore) -> Self {
        let empty = Container(Arc::default());
        let disc = ContentStore::new(Box::new(empty));
        Self { store, folder: None, disc, open: Vec::new(), by_path: Vec::new() }
    }

    /// Replaces the disc in the drive.
    pub(super) fn insert_disc(&mut self, disc: Box<dyn FileDevice>) {
        self.disc = ContentStore::new(disc);
    }

    /// The packages in the storage port's folder, or an empty store in memory without such a
    /// folder.
    pub(super) fn new(storage: &dyn Storage, limits: &Arc<ResourceLimits>) -> Self {
        let Some(folder) = storage.content() else { return Self::in_memory(limits) };
        match HostFolder::writable(&folder, limits.clone()) {
            Ok(disk) => {
                let mut packages = Self::of(ContentStore::new(Box::new(disk)));
                packages.folder = Some(folder);
                packages
            }
            Err(error) => {
                tracing::error!(target: "vfs", "saves are kept in memory only: cannot open {}: {error}", folder.display());
                Self::in_memory(limits)
            }
        }
    }

    fn package_at(&mut self, root: &str) -> Option<&mut OpenPackage> {
        self.open.iter_mut().find(|package| package.root.eq_ignore_ascii_case(root))
    }

    /// Root names of the open packages.
    fn roots(&self) -> impl Iterator<Item = &String> {
        let by_path = self.by_path.iter().map(|package| &package.saved.root);
        self.open.iter().map(|package| &package.root).chain(by_path)
    }

    /// Whether an open package has this root name.
    fn has_root(&self, root: &str) -> bool {
        self.roots().any(|other| other.eq_ignore_ascii_case(root))
    }

    /// Mount points of the open packages.
    fn mount_points(&self) -> impl Iterator<Item = &String> {
        let by_path = self.by_path.iter().map(|package| &package.saved.device);
        self.open.iter().map(|package| &package.device).chain(by_path)
    }

    /// Whether a package is open.
    pub fn is_open(&self, name: &PackageName) -> bool {
        self.open.iter().any(|package| package.name.is(name))
    }

    /// The store of all packages on the device of this one.
    pub fn store_of(&self, name: &PackageName) -> &ContentStore {
        if name.is_on_disc { &self.disc } else { &self.store }
    }

    /// The volume of a package in a single file: that of another open root, if there is one.
    fn volume_of(
        &self,
        name: &PackageName,
        header: &PackageHeader,
        disc: Option<u8>,
    ) -> VfsResult<Option<Arc<Volume>>> {
        let mut same = self.open.iter().filter(|package| package.name.is(name) && package.disc == disc);
        match same.find_map(|package| package.volume.clone()) {
            Some(volume) if header.is_packed => Ok(Some(volume)),
            _ => self.store_of(name).packed_volume(name, header),
        }
    }

    /// The files of a package as a device.
    fn contents_of(&self, package: &OpenPackage) -> Box<dyn FileDevice> {
        let OpenPackage { name, header, volume, .. } = package;
        self.store_of(name).contents(name, header, volume.clone())
    }

    /// The packages of a type on the disc that a title can open.
    pub fn on_disc(&self, title: u32, kind: u32) -> VfsResult<Vec<(PackageName, PackageHeader)>> {
        let found = self.disc.shared_packages(Xuid::NOBODY, title, kind)?;
        Ok(found.into_iter().map(|(name, header)| (name.on_disc(), header)).collect())
    }

    /// The header of a package, open or on its device, as the title sees it.
    pub fn find(&self, name: &PackageName) -> VfsResult<Option<PackageHeader>> {
        match self.open.iter().find(|package| package.name.is(name)) {
            Some(package) => Ok(Some(package.header.clone())),
            None => self.store_of(name).find(name),
        }
    }
}

impl Files {
    /// Drops all changes that are not on the host's disk. Packages that have not replaced their
    /// older ones leave these as they are. Nothing is written when the files are dropped.
    pub(crate) fn discard(&mut self) {
        let Packages { store, open, .. } = &mut self.packages;
        self.vfs.discard();
        store.discard();
        for package in open.drain(..) {
            package.discard(store);
        }
    }

    /// Mounts the title's hard disk: one per title, unless the host provides a shared one.
    pub(crate) fn mount_hard_disk(&mut self, title: u32) -> VfsResult<()> {
        if self.has_common_disk {
            return Ok(());
        }
        // Titles that install downloads from a disc write the files of the packages there.
        let folder = self.packages.store.folder(title_disk(title)).sharing(PackageName::downloads(title));
        self.vfs.mount(HARD_DISK, Box::new(folder))
    }

    /// Opens or creates a package and mounts its files at `root`. `new` is the header of a created
    /// package.
    pub fn open_package(
        &mut self,
        root: &str,
        name: &PackageName,
        mode: PackageMode,
        new: PackageHeader,
    ) -> Result<(PackageHeader, PackageAction), Win32Error> {
        self.admit_package(root)?;
        let found = self.packages.find(name).map_err(win32_error)?;
        let is_anew = match (mode, &found) {
            (PackageMode::New, Some(_)) => return Err(Win32Error::ALREADY_EXISTS),
            (PackageMode::Existing | PackageMode::Truncate, None) => return Err(Win32Error::PATH_NOT_FOUND),
            (PackageMode::Existing | PackageMode::OpenAlways, Some(_)) => false,
            _ => true,
        };
        let is_fixed = name.is_on_disc || found.as_ref().is_some_and(|header| header.is_packed);
        if is_anew && (is_fixed || self.packages.is_open(name)) {
            return Err(Win32Error::ACCESS_DENIED);
        }
        let store = &self.packages.store;
        let (header, action, replaces) = match found {
            Some(header) if !is_anew => (header, PackageAction::Opened, None),
            old => {
                let header = store.prepare(name, old.as_ref(), new).map_err(win32_error)?;
                // A new package has no older one to preserve.
                if old.is_none() {
                    store.commit(name, &header).map_err(win32_error)?;
                }
                (header, PackageAction::Created, old)
            }
        };
        let package = OpenPackage {
            root: root.to_owned(),
            device: self.free_place(),
            name: name.clone(),
            header: header.clone(),
            is_committed: replaces.is_none(),
            replaces,
            changed: 0,
            disc: self.disc,
            volume: self.packages.volume_of(name, &header, self.disc).map_err(win32_error)?,
        };
        let mounted = self.vfs.mount(&package.device, self.packages.contents_of(&package));
        mounted.and_then(|()| self.vfs.link(&format!("{root}:"), &package.device)).map_err(win32_error)?;
        self.packages.open.push(package);
        Ok((header, action))
    }

    /// The first mount point without a package, open files, or the file of a package.
    fn free_place(&self) -> String {
        let places = (0..).map(|number| format!("{}{number}", mounts::PACKAGES));
        let is_free = |place: &String| {
            self.packages.mount_points().all(|device| device != place)
                && !self.packages.by_path.iter().any(|package| package.saved.has_file_in(place))
                && self.open.values().all(|file| self.vfs.volume_name(&file.location) != *place)
        };
        places.into_iter().find(is_free).unwrap_or_default()
    }

    /// Closes the package with this root name and the files in it: flushes its writes and unmounts
    /// it.
    pub fn close_package(&mut self, root: &str) -> Result<(), Win32Error> {
        let open = &mut self.packages.open;
        let index = open.iter().position(|package| package.root.eq_ignore_ascii_case(root));
        let Some(index) = index else { return self.close_package_file(root) };
        let mut package = open.swap_remove(index);
        self.close_files_on(&package.device);
        let committed = package.finish(&self.packages.store);
        let unmounted = self.unmount_package(&package.root, &package.device);
        committed.and(unmounted).map_err(win32_error)
    }

    /// Flushes the writes of a package to the host's disk.
    pub fn flush_package(&mut self, root: &str) -> Result<(), Win32Error> {
        let Packages { store, open, by_path, .. } = &mut self.packages;
        if by_path.iter().any(|package| package.saved.is_at(root)) {
            return Ok(());
        }
        let found = open.iter_mut().find(|package| package.root.eq_ignore_ascii_case(root));
        found.ok_or(Win32Error::FILE_NOT_FOUND)?.commit(store).map_err(win32_error)
    }

    /// Deletes a package that is not open.
    pub fn delete_package(&mut self, name: &PackageName) -> Result<(), Win32Error> {
        if self.packages.is_open(name) {
            return Err(Win32Error::ACCESS_DENIED);
        }
        let store = self.packages.store_of(name);
        let header = store.find(name).map_err(win32_error)?;
        let header = header.ok_or(Win32Error::FILE_NOT_FOUND)?;
        store.remove(name, &header).map_err(win32_error)
    }

    /// The guest path of a package's file, for titles that read or write the file themselves: one
    /// on the disc, or a download, which need not exist. `create` makes the folder of downloads.
    ///
    /// # Errors
    /// There is no such file, and the title can't make one: the package is a folder here, or its
    /// place is not on the hard disk that the title sees.
    pub fn path_of_package(&self, name: &PackageName, create: bool) -> Result<String, Win32Error> {
        let found = self.packages.find(name).map_err(win32_error)?;
        let is_download = name.kind == MARKETPLACE && !name.is_on_disc && !self.has_common_disk;
        if !found.map_or(is_download, |header| header.is_packed && (is_download || name.is_on_disc)) {
            return Err(Win32Error::FILE_NOT_FOUND);
        }
        if create && is_download {
            let mut device = self.packages.store.device().lock();
            make_directories(&mut **device, &PackageName::downloads(name.title)).map_err(win32_error)?;
        }
        let device = if name.is_on_disc { mounts::TITLE } else { HARD_DISK };
        Ok(format!(r"{device}\{}", name.files(0).join(r"\")))
    }

    /// Whether the open package with this root name is on the disc; `None` without such a package.
    pub fn package_is_on_disc(&mut self, root: &str) -> Option<bool> {
        self.packages.package_at(root).map(|package| package.name.is_on_disc)
    }

    /// Closes all packages at the end of the title, and returns the store.
    pub(crate) fn take_packages(&mut self) -> Packages {
        let roots: Vec<String> = self.packages.roots().cloned().collect();
        for root in roots {
            if let Err(error) = self.close_package(&root) {
                tracing::error!(target: "vfs", "can't save package {root}: {error:?}");
            }
        }
        std::mem::take(&mut self.packages)
    }
}
