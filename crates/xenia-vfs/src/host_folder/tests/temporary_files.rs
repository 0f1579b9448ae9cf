//! Tests of atomic saves: when writes reach the host, and removal of stale temporary files.

use super::*;
use crate::FolderState;
use crate::atomic_replace::is_temporary;
use crate::device::TemporaryFileState;

#[test]
fn the_host_has_the_old_contents_until_a_flush_or_the_last_close() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("save");
    fs::write(&path, "old contents").unwrap();
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let save = names(&["save"]);
    let writer = device.open(&save, OpenMode::Write).unwrap();
    let reader = device.open(&save, OpenMode::Read).unwrap();
    writer.write_at(0, b"new").unwrap();
    let mut seen = [0; 12];
    assert_eq!(reader.read_at(0, &mut seen), Ok(12));
    assert_eq!(&seen, b"new contents", "handles share the file");
    assert_eq!(fs::read(&path).unwrap(), b"old contents");
    writer.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new contents");
    writer.set_size(3).unwrap();
    assert_eq!((device.find(&save).unwrap().size, fs::read(&path).unwrap().len()), (3, 12));
    drop(writer);
    assert_eq!(fs::read(&path).unwrap().len(), 12, "somebody has it open still");
    drop(reader);
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_new_file_is_visible_to_the_guest_first_and_to_the_host_when_complete() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let file = device.create_file(&names(&["New"])).unwrap();
    file.write_at(0, b"abc").unwrap();
    assert_eq!(listed(&device), ["New"]);
    assert!(on_host(folder.path()).is_empty());
    assert!(matches!(device.create_file(&names(&["new"])), Err(VfsError::Exists)));
    let again = device.open(&names(&["NEW"]), OpenMode::Read).unwrap();
    assert_eq!(again.size(), Ok(3));
    drop((file, again));
    assert_eq!(on_host(folder.path()), ["New"]);
    assert_eq!(fs::read(folder.path().join("New")).unwrap(), b"abc");
}

#[test]
fn temporary_files_are_hidden_and_stale_ones_removed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    let stale = folder.path().join("d").join(".xenia-draft-0-7");
    fs::write(&stale, "x").unwrap();
    // A user of a temporary file has marked it.
    let ours = folder.path().join(".xenia-draft-0-8");
    let in_use = File::create(&ours).unwrap();
    xenia_host::file::mark_in_use(&in_use).unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert!(!stale.exists() && ours.exists());
    assert_eq!(listed(&device), ["d"]);
    let name = names(&[".Xenia-Draft-1-1"]);
    assert!(matches!(device.create_file(&name), Err(VfsError::InvalidName)));
    assert_eq!(device.find(&name), Err(VfsError::NotFound));
}

#[test]
fn failed_replacement_keeps_an_unsaved_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let file = device.create_file(&names(&["f"])).unwrap();
    file.write_at(0, b"saved").unwrap();
    // A directory has been put there.
    fs::create_dir(folder.path().join("f")).unwrap();
    drop(file);
    drop(device);
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert_eq!(listed(&device), ["f"]);
    let kept = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path());
    let kept: Vec<_> = kept.filter(|path| path.is_file()).collect();
    assert!(kept[0].file_name().unwrap().to_str().unwrap().starts_with(".xenia-unsaved-"), "{kept:?}");
    assert_eq!((kept.len(), fs::read(&kept[0]).unwrap()), (1, b"saved".to_vec()));
}

#[test]
fn temporary_files_in_use_survive_another_mount() {
    let folder = tempfile::tempdir().unwrap();
    let count = || {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.filter(|entry| is_temporary(&entry.as_ref().unwrap().file_name().to_string_lossy())).count()
    };
    // The process ID exists here, but the process ran in another container and has ended.
    fs::write(folder.path().join(".xenia-draft-1-0"), "left").unwrap();
    let mut first = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert_eq!(count(), 0);
    let file = first.create_file(&names(&["a"])).unwrap();
    file.write_at(0, b"whole").unwrap();
    let second = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert_eq!(count(), 1, "another machine on the same folder leaves it alone");
    drop(file);
    assert_eq!(second.find(&names(&["a"])).unwrap().size, 5);
}

/// A state that ends too early is refused, and the files that it was to write stay as they were.
#[test]
fn a_refused_state_changes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("save");
    fs::write(&path, "saved").unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let files = [("save", 9), ("new", 1)].map(|(name, size)| TemporaryFileState {
        path: names(&[name]),
        size,
        stamp: Stamp::default(),
    });
    let state = DeviceState::Folder(FolderState { used: [0, 0], temporary_files: files.to_vec() });
    assert!(device.restore(state, &mut SavedBytes::default()).is_err());
    device.discard();
    drop(device);
    assert_eq!(fs::read(&path).unwrap(), b"saved");
    assert_eq!(on_host(folder.path()), ["save"]);
}

/// The thread that commits closed files may do so while a file is being removed.
#[test]
fn a_file_that_is_committed_while_it_is_removed_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    // Open files are found by the path that the host gives the folder.
    let root = folder.path().canonicalize().unwrap();
    let mut device = HostFolder::writable(&root, Arc::default()).unwrap();
    let close = |device: &mut HostFolder, name: &str| {
        device.create_file(&names(&[name])).unwrap().write_at(0, b"contents").unwrap();
    };
    // The host may be so slow that a file is committed as it is closed, or before it is removed.
    let found = (0..1000).find_map(|number| {
        let name = format!("f{number}");
        close(&mut device, &name);
        let at = root.join(&name);
        let size = device.size_at(&at).unwrap();
        (!is_removed(device.remove_file(&at)).unwrap()).then_some((name, at, size))
    });
    let (name, at, size) = found.unwrap();
    device.open_files().unwrap().closed.commit_all();
    assert!(at.exists());
    device.removed_file(&names(&[&name]), &at, size, false).unwrap();
    assert!(!at.exists());
    assert_eq!(device.find(&names(&[&name])), Err(VfsError::NotFound));
}
