//! Disks that rename files and fail to sync the names: a header may name a package whose commit has
//! failed.

use super::*;
use xenia_vfs::{Entry, Existing, OpenMode, Stamp, VfsResult, VolumeProperties};

/// A folder of the host in which no name can be synced.
struct Unsynced(HostFolder);

impl FileDevice for Unsynced {
    fn volume(&self) -> VolumeProperties {
        self.0.volume()
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        self.0.find(path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.0.list(path)
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        self.0.open(path, mode)
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        self.0.create_file(path)
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.0.create_directory(path)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        self.0.remove(path)
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        self.0.rename(from, to, existing)?;
        Err(VfsError::Full)
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        self.0.set_stamp(path, stamp)
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        self.0.flush_below(path)
    }
}

fn unsynced(folder: &Path) -> ContentStore {
    ContentStore::new(Box::new(Unsynced(HostFolder::writable(folder, Arc::default()).unwrap())))
}

#[test]
fn a_header_that_is_not_synced_may_name_its_package() {
    let folder = tempfile::tempdir().unwrap();
    save(&machine(folder.path()), 1);
    let store = unsynced(folder.path());
    let old = store.find(&name()).unwrap().unwrap();
    let new = store.prepare(&name(), Some(&old), PackageHeader::new(old.creator, "New")).unwrap();
    assert!(store.may_be_named(&name(), &old) && !store.may_be_named(&name(), &new));
    assert_eq!(store.commit(&name(), &new), Err(VfsError::Full));
    assert!(store.may_be_named(&name(), &new));
}

#[test]
fn files_that_a_failed_flush_has_named_outlast_a_run_that_ends_while_the_title_saves() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    save(&kernel, 1);
    kernel.files.lock().packages.store = unsynced(folder.path());
    open(&kernel, PackageMode::Always).unwrap();
    for file in ["index", "player"] {
        write(&kernel, file, 2);
    }
    let last = opened(&kernel, r"save:\level");
    last.data().unwrap().write_at(0, &vec![2; SIZE]).unwrap();
    {
        let mut files = kernel.files.lock();
        files.insert(GuestAddr(0x4000_0000), last);
        assert_eq!(files.flush_package("save"), Err(Win32Error::DISK_FULL));
    }
    drop(kernel);
    assert_is(&machine(folder.path()), 2);
}
