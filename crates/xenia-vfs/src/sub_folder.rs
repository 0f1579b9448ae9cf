//! A directory of a device as a separate device: a title sees only its part of a shared disk.
//!
//! The directory need not exist; until a file is created in it, it appears empty.

use super::device::{Entry, Existing, FileData, FileDevice, OpenMode, VolumeProperties};
use super::path::{self, Pattern};
use super::{Stamp, VfsError, VfsResult};
use std::sync::Arc;
use xenia_sync::{Level, Mutex, MutexGuard};

/// A shared device. Its lock is taken after those of open files' positions and writers.
#[derive(Clone)]
pub struct SharedDevice(Arc<Mutex<Box<dyn FileDevice>>>);

impl std::fmt::Debug for SharedDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedDevice").finish_non_exhaustive()
    }
}

impl SharedDevice {
    pub fn new(device: Box<dyn FileDevice>) -> Self {
        Self(Arc::new(Mutex::numbered(Level::Files, 3, device)))
    }

    /// Locks the device for one operation.
    pub fn lock(&self) -> MutexGuard<'_, Box<dyn FileDevice>> {
        self.0.lock()
    }
}

/// Creates the missing directories of a path.
pub fn make_directories(device: &mut dyn FileDevice, path: &[String]) -> VfsResult<()> {
    for length in 1..=path.len() {
        match device.find(&path[..length]) {
            Ok(entry) if entry.directory => {}
            Ok(_) => return Err(VfsError::PathNotFound),
            Err(VfsError::NotFound) => device.create_directory(&path[..length])?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A directory of a device as a separate device.
#[derive(Debug)]
pub struct SubFolder {
    device: SharedDevice,
    root: Vec<String>,
    /// A directory of the whole device that is at the same path here; empty for none.
    shared: Vec<String>,
}

impl SubFolder {
    /// The directory at `root`, which may be missing.
    pub fn new(device: SharedDevice, root: Vec<String>) -> Self {
        Self { device, root, shared: Vec::new() }
    }

    /// The folder with a directory of the whole device added, at the path that it has there.
    pub fn sharing(self, shared: Vec<String>) -> Self {
        Self { shared, ..self }
    }

    fn is_shared(&self, path: &[String]) -> bool {
        !self.shared.is_empty() && path::starts_with(path, &self.shared)
    }

    fn at(&self, path: &[String]) -> Vec<String> {
        if self.is_shared(path) { path.to_vec() } else { [&self.root[..], path].concat() }
    }

    /// Creates the root directory, or that in which the shared one is, before `path` is made.
    fn prepare(&self, path: &[String]) -> VfsResult<()> {
        let parent = self.shared.split_last().filter(|_| self.is_shared(path));
        let directory = parent.map_or(&self.root[..], |(_, parent)| parent);
        make_directories(&mut **self.device.lock(), directory)
    }

    fn exists(&self) -> bool {
        self.device.lock().find(&self.root).is_ok()
    }
}

impl FileDevice for SubFolder {
    fn volume(&self) -> VolumeProperties {
        self.device.lock().volume()
    }

    fn hides(&self, path: &[String]) -> bool {
        self.device.lock().hides(&self.at(path))
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let found = self.device.lock().find(&self.at(path));
        if path.is_empty() {
            let made = Entry {
                name: String::new(),
                directory: true,
                size: 0,
                read_only: false,
                stamp: Stamp::default(),
            };
            return match found {
                Ok(entry) => Ok(Entry { name: String::new(), ..entry }),
                Err(VfsError::NotFound | VfsError::PathNotFound) => Ok(made),
                Err(error) => Err(error),
            };
        }
        // In a missing root, the path itself does not exist.
        found.map_err(|error| match error {
            VfsError::PathNotFound if path.len() == 1 && !self.exists() => VfsError::NotFound,
            error => error,
        })
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        if path.is_empty() && !self.exists() {
            return Ok(Vec::new());
        }
        self.device.lock().list(&self.at(path))
    }

    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        if path.is_empty() && !self.exists() {
            return Ok(Vec::new());
        }
        self.device.lock().list_matching(&self.at(path), pattern)
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        if path.is_empty() {
            return Err(VfsError::IsDirectory);
        }
        self.device.lock().open(&self.at(path), mode)
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        self.prepare(path)?;
        self.device.lock().create_file(&self.at(path))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.prepare(path)?;
        self.device.lock().create_directory(&self.at(path))
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        self.device.lock().remove(&self.at(path))
    }

    fn remove_link(&mut self, path: &[String]) -> VfsResult<bool> {
        if path.is_empty() { Ok(false) } else { self.device.lock().remove_link(&self.at(path)) }
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        if from.is_empty() || to.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        self.prepare(to)?;
        self.device.lock().rename(&self.at(from), &self.at(to), existing)
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        self.device.lock().set_stamp(&self.at(path), stamp)
    }

    fn flush_metadata(&self) -> VfsResult<()> {
        self.device.lock().flush_metadata()
    }

    fn discard(&mut self) {
        self.device.lock().discard();
    }

    fn abandon(&mut self) {
        self.device.lock().abandon();
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        self.device.lock().flush_below(&self.at(path))
    }

    fn forget_write_back_errors(&self, path: &[String]) {
        self.device.lock().forget_write_back_errors(&self.at(path));
    }
}

/// Placeholder for a device that was unmounted; all operations fail.
#[derive(Clone, Copy, Debug)]
pub struct NoDevice;

impl FileDevice for NoDevice {
    fn volume(&self) -> VolumeProperties {
        VolumeProperties::DISC
    }

    fn find(&self, _: &[String]) -> VfsResult<Entry> {
        Err(VfsError::NoDevice)
    }

    fn list(&self, _: &[String]) -> VfsResult<Vec<Entry>> {
        Err(VfsError::NoDevice)
    }

    fn open(&self, _: &[String], _: OpenMode) -> VfsResult<Box<dyn FileData>> {
        Err(VfsError::NoDevice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostFolder, MemoryDevice, path};

    fn names(path: &str) -> Vec<String> {
        path::split(path).unwrap()
    }

    #[test]
    fn a_sub_folder_is_a_device_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let host = HostFolder::writable(folder.path(), Arc::default()).unwrap();
        let memory = MemoryDevice::new(0x10_0000, Arc::default());
        for device in [Box::new(host) as Box<dyn FileDevice>, Box::new(memory)] {
            let shared = SharedDevice::new(device);
            let mut own = SubFolder::new(shared.clone(), names(r"A\B"));
            let other = SubFolder::new(shared.clone(), names(r"A\C"));
            assert!(own.find(&[]).unwrap().directory && own.list(&[]).unwrap().is_empty());
            assert_eq!(own.find(&names("x")), Err(VfsError::NotFound));
            assert_eq!(own.find(&names(r"x\y")), Err(VfsError::PathNotFound));
            assert!(shared.lock().list(&[]).unwrap().is_empty(), "looking makes nothing");
            let file = own.create_file(&names("x")).unwrap();
            file.write_at(0, b"abc").unwrap();
            own.create_directory(&names("d")).unwrap();
            own.rename(&names("x"), &names(r"d\y"), Existing::Refuse).unwrap();
            own.flush_below(&[]).unwrap();
            assert_eq!(own.find(&names(r"D\Y")).unwrap().size, 3);
            assert_eq!(shared.lock().find(&names(r"A\B\d\y")).unwrap().size, 3);
            assert!(other.list(&[]).unwrap().is_empty());
            assert_eq!(own.remove(&[]), Err(VfsError::ReadOnly));
            assert_eq!(own.rename(&[], &names("z"), Existing::Replace), Err(VfsError::ReadOnly));
            let mut sharing = SubFolder::new(shared.clone(), names(r"A\E")).sharing(names(r"S\T"));
            sharing.create_directory(&names(r"s\t")).unwrap();
            for path in [r"s\t\x", "x"] {
                sharing.create_file(&names(path)).unwrap();
                assert!(sharing.find(&names(path)).is_ok(), "{path}");
            }
            assert!(shared.lock().find(&names(r"S\T\x")).is_ok());
            assert!(shared.lock().find(&names(r"A\E\x")).is_ok());
        }
    }
}
