//! Packages that are opened by the paths of their files (`XamContentOpenFile`): devices to read,
//! under the root names that the title chose.

use super::{Packages, win32_error};
use crate::files::{Files, mounts};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_formats::read_at::read_exact_at;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::{ReadAt, Volume};
use xenia_guest::Win32Error;
use xenia_state::Unsaveable;
use xenia_vfs::{Container, FileBytes, NoDevice, OpenMode, Vfs, VfsError, VfsResult};

/// Number of bytes at the start of a package that tell whether it has changed. They have the hashes
/// of the rest of the header and of the top table, and so of all others.
const START: u64 = 0x400;

/// A package that the title has opened by the path of its file, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PackageFile {
    /// The title's root name.
    pub(super) root: String,
    /// Path of its mount point.
    pub(super) device: String,
    /// Path of its file, after symbolic links are resolved.
    pub(super) file: String,
    /// Size of its file in bytes.
    size: u64,
    /// The disc that was in the drive when it was opened.
    disc: Option<u8>,
}

/// An open package with what its file has. All roots of one file share the volume, whose hash
/// tables take 6 KiB for each MiB of the file.
#[derive(Debug)]
pub(super) struct OpenPackageFile {
    pub(super) saved: PackageFile,
    /// The first [`START`] bytes of its file.
    start: Vec<u8>,
    license: u32,
    pub(super) volume: Arc<Volume>,
}

impl PackageFile {
    /// Whether this is the package's root name.
    pub(super) fn is_at(&self, root: &str) -> bool {
        self.root.eq_ignore_ascii_case(root)
    }

    /// Whether its file is in the package at this mount point.
    pub(super) fn has_file_in(&self, device: &str) -> bool {
        self.file.strip_prefix(device).is_some_and(|rest| rest.starts_with('\\'))
    }

    fn has_file_of(&self, other: &Self) -> bool {
        self.file.eq_ignore_ascii_case(&other.file) && self.size == other.size && self.disc == other.disc
    }

    /// Opens its file. Returns the first bytes, too.
    fn open(&self, vfs: &Vfs) -> VfsResult<(Vec<u8>, Arc<dyn ReadAt>)> {
        let location = vfs.resolve(&self.file)?;
        let found = vfs.find(&location)?;
        if found.directory {
            return Err(VfsError::IsDirectory);
        }
        if found.size != self.size {
            return Err(VfsError::Corrupt);
        }
        let file: Arc<dyn ReadAt> = Arc::new(FileBytes(vfs.reopen(&location, OpenMode::Read)?));
        let start = read_exact_at(&*file, "package", 0, START).map_err(|_| VfsError::Corrupt)?;
        Ok((start, file))
    }

    /// Reads the package. Returns its licence bits and its files.
    fn read(&self, file: Arc<dyn ReadAt>) -> VfsResult<(u32, Arc<Volume>)> {
        let read = PackageInfo::read(&*file);
        let read = read.and_then(|info| stfs::open(file).map(|volume| (info.license, Arc::new(volume))));
        read.map_err(|error| {
            tracing::warn!(target: "vfs", "{} can't be opened as a package: {error}", self.file);
            VfsError::Corrupt
        })
    }
}

impl OpenPackageFile {
    /// Checks that a restored state finds the package again. To read its tables, which may take
    /// long, is left to a restore.
    pub(super) fn check_saveable(&self, vfs: &Vfs, disc: Option<u8>) -> Result<(), Unsaveable> {
        let saved = &self.saved;
        let refused = |reason: &str| Err(format!("the package {}: {reason}", saved.file).into());
        let found = vfs.resolve(&saved.file).and_then(|at| vfs.find(&at).map(|_| at));
        let Ok(location) = found else { return refused("it is open, and is not there any more") };
        if vfs.volume_name(&location) != mounts::TITLE {
            let is_same = saved.open(vfs).is_ok_and(|(start, _)| start == self.start);
            return if is_same { Ok(()) } else { refused("its file has changed") };
        }
        // The files of a disc do not change.
        if disc == saved.disc { Ok(()) } else { refused("it is on the disc that was in the drive before") }
    }
}

impl Packages {
    /// Unmounts the packages that were opened by the paths of their files.
    pub(super) fn release_package_files(&mut self, vfs: &mut Vfs) {
        for package in std::mem::take(&mut self.by_path) {
            // The mount exists already, so it is replaced.
            let _ = vfs.mount(&package.saved.device, Box::new(NoDevice));
        }
    }

    /// Mounts the files of a package.
    pub(super) fn mount_file(&self, saved: PackageFile, vfs: &mut Vfs) -> VfsResult<OpenPackageFile> {
        let (start, file) = saved.open(vfs)?;
        let is_same = |other: &&OpenPackageFile| other.saved.has_file_of(&saved) && other.start == start;
        let same = self.by_path.iter().find(is_same);
        let (license, volume) = match same {
            Some(same) => (same.license, same.volume.clone()),
            None => saved.read(file)?,
        };
        vfs.mount(&saved.device, Box::new(Container(volume.clone())))?;
        Ok(OpenPackageFile { saved, start, license, volume })
    }
}

impl Files {
    /// Mounts the files of the package in a file at `root`, to be read. Returns its licence bits.
    ///
    /// # Errors
    /// The root name is in use, too many packages are open, or the path leads to no package.
    pub fn open_package_file(&mut self, root: &str, path: &str) -> Result<u32, Win32Error> {
        self.admit_package(root)?;
        let location = self.vfs.resolve(path).map_err(win32_error)?;
        let package = PackageFile {
            root: root.to_owned(),
            device: self.free_place(),
            file: self.vfs.full_name(&location),
            size: self.vfs.find(&location).map_err(win32_error)?.size,
            disc: self.disc,
        };
        let package = self.packages.mount_file(package, &mut self.vfs).map_err(win32_error)?;
        self.vfs.link(&format!("{root}:"), &package.saved.device).map_err(win32_error)?;
        let license = package.license;
        self.packages.by_path.push(package);
        Ok(license)
    }

    /// Closes the package that was opened by the path of its file with this root name, and the
    /// files in it.
    pub(super) fn close_package_file(&mut self, root: &str) -> Result<(), Win32Error> {
        let index = self.packages.by_path.iter().position(|package| package.saved.is_at(root));
        // Their order is kept: one may be in another.
        let package = self.packages.by_path.remove(index.ok_or(Win32Error::FILE_NOT_FOUND)?).saved;
        self.close_files_on(&package.device);
        self.unmount_package(&package.root, &package.device).map_err(win32_error)
    }
}
