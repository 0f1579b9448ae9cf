//! Tests of the content store.

use super::*;
use std::path::Path;
use xenia_limits::ResourceLimits;
use xenia_vfs::{HostFolder, MemoryDevice};

#[test]
fn full_disk_keeps_the_previous_package_contents() {
    // Two allocation units.
    let store = ContentStore::temporary(Box::new(MemoryDevice::new(0x8000, Arc::default())));
    let name = PackageName::new(Xuid(1), 2, 1, "a").unwrap();
    let old = PackageHeader::new(Xuid(1), "old");
    store.commit(&name, &old).unwrap();
    store.set_thumbnail(&name, b"picture").unwrap();
    let new = PackageHeader::new(Xuid(1), "new");
    assert_eq!(store.commit(&name, &new), Err(VfsError::Full));
    assert_eq!(store.set_thumbnail(&name, b"other"), Err(VfsError::Full));
    assert_eq!(store.find(&name), Ok(Some(old)));
    assert_eq!(store.thumbnail(&name), Ok(Some(b"picture".to_vec())));
    assert_eq!(store.packages(Xuid(1), 2, 1).unwrap().len(), 1);
    store.device.lock().remove(&name.thumbnail()).unwrap();
    store.commit(&name, &new).unwrap();
    assert_eq!(store.find(&name), Ok(Some(new)));
}

/// Makes packages whose headers are links, where the host has links; returns their names.
#[cfg(unix)]
fn packages_with_linked_headers(at: &Path) -> Vec<&'static str> {
    let packages = [("link", "/etc/passwd"), ("nowhere", "gone")];
    for (name, target) in packages {
        std::os::unix::fs::symlink(target, at.join(format!("{name}=header"))).unwrap();
        std::fs::create_dir(at.join(format!("{name}=1"))).unwrap();
    }
    packages.map(|(name, _)| name).to_vec()
}

#[cfg(not(unix))]
fn packages_with_linked_headers(_: &Path) -> Vec<&'static str> {
    Vec::new()
}

#[test]
fn headers_that_can_not_be_read_are_not_missing() {
    let folder = tempfile::tempdir().unwrap();
    let device = HostFolder::writable(folder.path(), Arc::new(ResourceLimits::default())).unwrap();
    let store = ContentStore::new(Box::new(device));
    let at = folder.path().join("Content/0000000000000001/00000002/00000001");
    std::fs::create_dir_all(at.join("folder=header")).unwrap();
    let mut header = PackageHeader::new(Xuid(1), "save").to_bytes();
    header.resize(MAX_SMALL_FILE as usize + 1, 0);
    std::fs::write(at.join("large=header"), header).unwrap();
    let expected = [vec!["folder", "large"], packages_with_linked_headers(&at)].concat();
    for name in &expected {
        let name = PackageName::new(Xuid(1), 2, 1, name).unwrap();
        assert_eq!(store.find(&name), Err(VfsError::Corrupt), "{}", name.file());
    }
    let all = store.every_found_package().unwrap();
    assert_eq!(all.iter().map(|package| package.name.file()).collect::<Vec<_>>(), expected);
    assert!(all.iter().all(|package| package.header.is_none()));
}

#[test]
fn interrupted_package_writes_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let device = HostFolder::writable(folder.path(), Arc::new(ResourceLimits::default())).unwrap();
    let store = ContentStore::new(Box::new(device));
    let at = folder.path().join("Content/0000000000000001/00000002/00000001");
    std::fs::create_dir_all(at.join("gone=3")).unwrap();
    std::fs::create_dir_all(at.join("Stray")).unwrap();
    std::fs::write(at.join("half=header=new"), "xenia-rs").unwrap();
    std::fs::write(at.join("broken=header"), "noise").unwrap();
    std::fs::write(at.join("file"), "noise").unwrap();
    let found = store.packages(Xuid(1), 2, 1).unwrap();
    let files: Vec<&str> = found.iter().map(|(name, _)| name.file()).collect();
    assert_eq!(files, ["Stray"]);
    let all = store.every_found_package().unwrap();
    let all: Vec<_> = all.iter().map(|package| (package.name.file(), package.header.is_some())).collect();
    assert_eq!(all, [("broken", false), ("Stray", true)], "a backup must name both");
    assert_eq!(store.found(Xuid(1), 2, 1, 1).unwrap().len(), 1, "a title's list is bounded");
    let broken = PackageName::new(Xuid(1), 2, 1, "broken").unwrap();
    assert_eq!(store.find(&broken), Err(VfsError::Corrupt), "not the same as none");
    assert_eq!((found[0].1.folder, found[0].1.license), (0, u32::MAX));
    // Leftovers of a package are removed when a new package of that name needs the folder.
    let name = PackageName::new(Xuid(1), 2, 1, "gone").unwrap();
    let old = PackageHeader::new(Xuid(1), "").in_folder(2);
    std::fs::write(at.join("gone=3/f"), "left").unwrap();
    let new = store.prepare(&name, Some(&old), PackageHeader::new(Xuid(1), "")).unwrap();
    assert_eq!((new.folder, at.join("gone=3").exists()), (3, false));
    let (name, header) = &found[0];
    store.remove(name, header).unwrap();
    assert!(!at.join("Stray").exists());
}

#[test]
fn a_new_package_removes_neither_the_old_ones_files_nor_those_without_a_header() {
    for (old, new, kept) in [
        (None, 1, &["gone", "gone=2", "gone=3"][..]),
        (Some(0), 1, &["gone", "gone=2", "gone=3"]),
        (Some(1), 2, &["gone", "gone=1", "gone=3"]),
        (Some(2), 3, &["gone", "gone=2"]),
        (Some(u32::MAX), 1, &["gone", "gone=2", "gone=3"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let device = HostFolder::writable(folder.path(), Arc::new(ResourceLimits::default())).unwrap();
        let store = ContentStore::new(Box::new(device));
        let at = folder.path().join("Content/0000000000000001/00000002/00000001");
        for name in ["gone", "gone=1", "gone=2", "gone=3"] {
            std::fs::create_dir_all(at.join(name)).unwrap();
        }
        let name = PackageName::new(Xuid(1), 2, 1, "gone").unwrap();
        let header = PackageHeader::new(Xuid(1), "");
        let before = old.map(|number| header.clone().in_folder(number));
        let made = store.prepare(&name, before.as_ref(), header).unwrap();
        let entries = std::fs::read_dir(&at).unwrap();
        let mut left: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort_unstable();
        assert_eq!(made.folder, new, "{old:?}");
        assert_eq!(left, kept, "{old:?}");
    }
}
