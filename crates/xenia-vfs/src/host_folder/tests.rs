//! Tests of host folders: the guest's view, and the files left on the host.

mod strange_names;
mod temporary_files;

use super::*;
use crate::atomic_replace::is_temporary;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::sync::atomic::Ordering;
use xenia_limits::Limit;

fn names(path: &[&str]) -> Vec<String> {
    path.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_sizes_of_the_hard_disk_are_plausible_in_32_bits() {
    let folder = tempfile::tempdir().unwrap();
    let volume = HostFolder::writable(folder.path(), Arc::default()).unwrap().volume();
    let total = volume.total_units * volume.unit();
    let free = volume.free_bytes();
    assert!(free as u32 as i32 > 0 && total as u32 as i32 > 0, "{free:#x} {total:#x}");
    assert!(free >= 5_000_000_000 && total >= 20 << 30);
    assert!(free <= Limit::DiskBytes.row().value, "a title can fill it");
}

#[cfg(unix)]
#[test]
fn case_does_not_matter_and_the_exact_name_wins() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Media")).unwrap();
    for (name, text) in [("File.XPR", "one"), ("FILE.xpr", "two")] {
        fs::write(folder.path().join("Media").join(name), text).unwrap();
    }
    let device = HostFolder::read_only(folder.path()).unwrap();
    let read = |name: &str| {
        let mut bytes = [0; 8];
        let file = device.open(&names(&["MEDIA", name]), OpenMode::Read).unwrap();
        let count = file.read_at(0, &mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert_eq!(read("File.XPR"), "one");
    assert_eq!(read("file.xpr"), "two", "first in byte order");
    assert_eq!(device.find(&names(&["media"])).unwrap().name, "Media");
    let listed = device.list(&names(&["media"])).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].name, "FILE.xpr");
}

#[cfg(unix)]
#[test]
fn links_and_special_files_lead_nowhere_outside() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plain"), "x").unwrap();
    symlink(outside.path(), folder.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
    symlink("plain", folder.path().join("within")).unwrap();
    symlink("loop", folder.path().join("loop")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    for path in [&["out"][..], &["out", "secret"], &["file"], &["loop"], &["socket"]] {
        assert!(device.find(&names(path)).is_err(), "{path:?}");
        assert!(device.open(&names(path), OpenMode::Write).is_err(), "{path:?}");
    }
    assert!(device.create_file(&names(&["out", "new"])).is_err());
    assert!(device.create_file(&names(&["file"])).is_err());
    assert!(!outside.path().join("new").exists());
    let listed: Vec<_> = device.list(&[]).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(listed, ["plain", "within"]);
    drop(socket);
}

#[cfg(unix)]
#[test]
fn links_that_guests_do_not_see_go_with_their_directory() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save");
    fs::create_dir(&save).unwrap();
    fs::write(folder.path().join("plain"), "x").unwrap();
    symlink(outside.path(), save.join("out")).unwrap();
    symlink("nowhere", save.join("broken")).unwrap();
    symlink("../plain", save.join("within")).unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert!(device.remove(&names(&["save"])).is_err(), "the title sees a link in it");
    assert!(save.join("out").is_symlink() && save.join("broken").is_symlink());
    fs::remove_file(save.join("within")).unwrap();
    fs::write(save.join("aux.bin"), "x").unwrap();
    assert!(device.remove(&names(&["save"])).is_err(), "a file of the user's is hidden in it");
    assert!(save.join("out").is_symlink());
    fs::remove_file(save.join("aux.bin")).unwrap();
    device.remove(&names(&["save"])).unwrap();
    assert!(!save.exists() && outside.path().join("secret").exists());
}

#[test]
fn a_read_only_folder_refuses_every_change() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "x").unwrap();
    let mut device = HostFolder::read_only(folder.path()).unwrap();
    let a = names(&["a"]);
    let b = names(&["b"]);
    assert!(matches!(device.open(&a, OpenMode::Write), Err(VfsError::ReadOnly)));
    assert!(matches!(device.create_file(&b), Err(VfsError::ReadOnly)));
    assert_eq!(device.create_directory(&b), Err(VfsError::ReadOnly));
    assert_eq!(device.remove(&a), Err(VfsError::ReadOnly));
    assert_eq!(device.rename(&a, &b, Existing::Replace), Err(VfsError::ReadOnly));
    assert!(folder.path().join("a").exists());
}

#[test]
fn a_writable_folder_creates_renames_and_removes() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    device.create_directory(&names(&["d"])).unwrap();
    let file = device.create_file(&names(&["d", "f"])).unwrap();
    file.write_at(3, b"abc").unwrap();
    assert_eq!(file.size(), Ok(6));
    assert_eq!(device.find(&names(&["D", "F"])).unwrap().size, 6);
    file.set_size(4).unwrap();
    assert!(matches!(device.create_file(&names(&["D", "F"])), Err(VfsError::Exists)));
    assert!(matches!(device.create_file(&names(&["x", "f"])), Err(VfsError::PathNotFound)));
    assert_eq!(device.remove(&names(&["d"])), Err(VfsError::NotEmpty));
    assert_eq!(
        device.rename(&names(&["d"]), &names(&["d", "e"]), Existing::Refuse),
        Err(VfsError::InvalidName)
    );
    device.rename(&names(&["d", "f"]), &names(&["g"]), Existing::Refuse).unwrap();
    assert_eq!(fs::read(folder.path().join("g")).unwrap(), b"\0\0\0a");
    device.remove(&names(&["d"])).unwrap();
    assert_eq!(device.remove(&[]), Err(VfsError::ReadOnly));
}

/// Names in a folder of the host that titles have made.
fn on_host(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !is_temporary(name) && name != ".xenia-stamps")
        .collect();
    found.sort();
    found
}

fn listed(device: &HostFolder) -> Vec<String> {
    device.list(&[]).unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn open_files_follow_renames_and_survive_removal() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "1").unwrap();
    fs::write(folder.path().join("b"), "2").unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let a = names(&["a"]);
    let b = names(&["b"]);
    let first = device.open(&a, OpenMode::Write).unwrap();
    let second = device.open(&b, OpenMode::Write).unwrap();
    first.write_at(0, b"first").unwrap();
    second.write_at(0, b"second").unwrap();
    device.rename(&a, &b, Existing::Replace).unwrap();
    assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"first", "what was written comes along");
    first.write_at(0, b"F").unwrap();
    second.write_at(6, b"!").unwrap();
    let mut seen = [0; 7];
    assert_eq!(second.read_at(0, &mut seen), Ok(7));
    assert_eq!(&seen, b"second!", "a replaced file lives as long as its handle");
    drop((first, second));
    assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"First");
    let made = device.create_file(&names(&["c"])).unwrap();
    device.remove(&names(&["C"])).unwrap();
    assert_eq!(device.find(&names(&["c"])), Err(VfsError::NotFound));
    drop(made);
    assert_eq!(on_host(folder.path()), ["b"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_protected_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p");
    fs::write(&path, "x").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    assert!(matches!(device.open(&names(&["p"]), OpenMode::Write), Err(VfsError::ReadOnly)));
    assert!(device.open(&names(&["p"]), OpenMode::Read).is_ok());
}

#[test]
fn files_and_runs_are_limited_and_holes_stay_holes() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Arc::new(ResourceLimits::default());
    let mut device = HostFolder::writable(folder.path(), limits.clone()).unwrap();
    let file = device.create_file(&names(&["a"])).unwrap();
    for size in [1 << 32, 1 << 40, u64::MAX] {
        assert_eq!(file.set_size(size), Err(VfsError::Full));
        assert_eq!(file.write_at(size - 1, b"xy"), Err(VfsError::Full));
    }
    let small = 0x200_0000;
    let large = 0xFFFF_0000;
    file.set_size(small).unwrap();
    drop(file);
    // Writing a byte makes a temporary copy of the whole file.
    device.open(&names(&["a"]), OpenMode::Write).unwrap().write_at(small / 2, b"x").unwrap();
    let metadata = folder.path().join("a").metadata().unwrap();
    assert_eq!(metadata.len(), small);
    #[cfg(unix)]
    {
        let blocks = std::os::unix::fs::MetadataExt::blocks(&metadata);
        assert!(blocks * 512 < 1 << 20, "{blocks} blocks");
    }
    device.remove(&names(&["a"])).unwrap();
    device.create_file(&names(&["a"])).unwrap().set_size(large).unwrap();
    device.create_file(&names(&["b"])).unwrap().set_size(large).unwrap();
    let third = device.create_file(&names(&["c"])).unwrap();
    assert_eq!(third.set_size(large), Err(VfsError::Full), "more than what was said to be free");
    device.remove(&names(&["b"])).unwrap();
    third.set_size(large).unwrap();
    assert_eq!(limits.hits().into_keys().collect::<Vec<_>>(), ["disk_bytes", "disk_file_bytes"]);
}

#[test]
fn a_temporary_file_has_the_size_of_the_open_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "0123456789").unwrap();
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let one = device.open(&names(&["a"]), OpenMode::Write).unwrap();
    let other = device.open(&names(&["a"]), OpenMode::Write).unwrap();
    let on_host = || {
        let mut sizes = fs::read_dir(folder.path()).unwrap().map(|entry| {
            let entry = entry.unwrap();
            (is_temporary(entry.file_name().to_str().unwrap()), entry.metadata().unwrap().len())
        });
        sizes.find(|(is_temporary, _)| *is_temporary).unwrap().1
    };
    one.write_at(4, b"x").unwrap();
    for change in 0..6 {
        match change {
            0 => one.write_at(8, b"beyond").unwrap(),
            1 => other.write_at(0, b"within").unwrap(),
            2 => other.set_size(3).unwrap(),
            3 => assert_eq!(one.write_at(1 << 40, b"x"), Err(VfsError::Full)),
            4 => assert_eq!(other.set_size(u64::MAX), Err(VfsError::Full)),
            _ => one.write_at(100, b"after a gap").unwrap(),
        }
        let size = on_host();
        assert_eq!([one.size(), other.size()], [Ok(size); 2], "{change}");
        assert_eq!(device.find(&names(&["a"])).unwrap().size, size, "{change}");
    }
    one.flush().unwrap();
    fs::write(folder.path().join("a"), "changed by the host's user").unwrap();
    assert_eq!(one.size(), Ok(26), "it is the host's again");
}

#[test]
fn open_file_stays_visible_after_host_deletion() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "text").unwrap();
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let file = device.open(&names(&["a"]), OpenMode::Read).unwrap();
    fs::remove_file(folder.path().join("a")).unwrap();
    assert_eq!(device.find(&names(&["a"])).unwrap().size, 4);
    assert!(device.open(&names(&["a"]), OpenMode::Read).is_ok());
    drop(file);
    assert_eq!(device.find(&names(&["a"])), Err(VfsError::NotFound));
}

#[cfg(unix)]
#[test]
fn names_that_the_host_has_no_room_for_are_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let long = "\u{e9}".repeat(255);
    assert_eq!(device.create_file(&names(&[&long])).err(), Some(VfsError::InvalidName));
}

#[cfg(unix)]
#[test]
fn names_added_by_a_guest_are_found_despite_an_unchanged_host_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let time = std::time::SystemTime::UNIX_EPOCH;
    let found = |device: &HostFolder, name: &str| {
        File::open(folder.path()).unwrap().set_modified(time).unwrap();
        device.find(&names(&[name])).map(|entry| entry.name)
    };
    let file = device.create_file(&names(&["File"])).unwrap();
    file.write_at(0, b"x").unwrap();
    assert_eq!(found(&device, "FILE").unwrap(), "File", "the host does not have it");
    file.flush().unwrap();
    assert_eq!(found(&device, "FILE").unwrap(), "File");
    device.create_directory(&names(&["Folder"])).unwrap();
    assert_eq!(found(&device, "FOLDER").unwrap(), "Folder");
    device.rename(&names(&["File"]), &names(&["Other"]), Existing::Refuse).unwrap();
    assert_eq!(found(&device, "OTHER").unwrap(), "Other");
    assert_eq!(found(&device, "FILE"), Err(VfsError::NotFound));
    device.remove(&names(&["OTHER"])).unwrap();
    assert_eq!(found(&device, "OTHER"), Err(VfsError::NotFound));
}

#[test]
fn paths_below_a_file_are_not_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "x").unwrap();
    let mut writable = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let _created = writable.create_file(&names(&["new"])).unwrap();
    let read_only = HostFolder::read_only(folder.path()).unwrap();
    for name in ["x", "X", ".xenia-stamps"] {
        for device in [&writable, &read_only] {
            assert_eq!(device.find(&names(&["f", name])), Err(VfsError::PathNotFound), "{name}");
        }
        assert_eq!(writable.find(&names(&["new", name])), Err(VfsError::PathNotFound), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn hidden_host_entries_do_not_shadow_visible_names() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/etc", folder.path().join("SAVE")).unwrap();
    fs::write(folder.path().join("save"), "x").unwrap();
    let mut writable = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let read_only = HostFolder::read_only(folder.path()).unwrap();
    for device in [&writable, &read_only] {
        for name in ["Save", "SAVE", "save"] {
            assert_eq!(device.find(&names(&[name])).unwrap().name, "save", "{name}");
        }
    }
    let renamed = writable.rename(&names(&["save"]), &names(&["SAVE"]), Existing::Replace);
    assert_eq!(renamed, Err(VfsError::Exists), "the very name is taken");
    assert!(folder.path().join("SAVE").is_symlink());
}

#[test]
#[cfg_attr(windows, ignore = "Wine renames nothing if only the case differs")]
fn a_rename_changes_the_case_of_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    drop(device.create_file(&names(&["save"])).unwrap());
    assert_eq!(
        device.rename(&names(&["save"]), &names(&["Save"]), Existing::Refuse),
        Ok(()),
        "a name that differs only in case is not taken"
    );
    assert_eq!(on_host(folder.path()), ["Save"]);
    device.create_file(&names(&["other"])).unwrap().write_at(0, b"other").unwrap();
    assert_eq!(device.rename(&names(&["other"]), &names(&["SAVE"]), Existing::Replace), Ok(()));
    assert_eq!(on_host(folder.path()), ["SAVE"]);
    assert_eq!(fs::read(folder.path().join("SAVE")).unwrap(), b"other");
}

#[test]
fn renames_give_the_name_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let rename = |device: &mut HostFolder, from: &str, to: &str, existing| {
        device.rename(&names(&[from]), &names(&[to]), existing)
    };
    drop(device.create_file(&names(&["Save"])).unwrap());
    device.create_file(&names(&["other"])).unwrap().write_at(0, b"other").unwrap();
    assert_eq!(rename(&mut device, "other", "Save", Existing::Replace), Ok(()));
    assert_eq!(on_host(folder.path()), ["Save"]);
    assert_eq!(fs::read(folder.path().join("Save")).unwrap(), b"other");
    device.create_directory(&names(&["d"])).unwrap();
    assert_eq!(rename(&mut device, "d", "save", Existing::Replace), Ok(()), "a directory may replace a file");
    assert_eq!(on_host(folder.path()).len(), 1);
    assert!(device.find(&names(&["SAVE"])).unwrap().directory);
}

#[cfg(unix)]
#[test]
fn a_rename_that_is_refused_gives_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let large = 0xFFFF_FFFF;
    device.create_file(&names(&["a"])).unwrap().set_size(large).unwrap();
    device.create_file(&names(&["b"])).unwrap().set_size(large).unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    symlink("/etc/passwd", folder.path().join("link")).unwrap();
    for to in [&["d"][..], &["link"], &["a", "x"]] {
        assert!(device.rename(&names(&["b"]), &names(to), Existing::Replace).is_err(), "{to:?}");
    }
    let more = device.create_file(&names(&["c"])).unwrap();
    assert_eq!(more.set_size(large), Err(VfsError::Full));
}

#[test]
fn a_protected_file_is_protected_while_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p");
    fs::write(&path, "x").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let _reader = device.open(&names(&["p"]), OpenMode::Read).unwrap();
    assert!(device.find(&names(&["p"])).unwrap().is_read_only());
}

#[cfg(unix)]
#[test]
fn a_directory_replaced_by_a_link_gets_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    for name in ["d/old", "d/also"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let made = device.create_file(&names(&["d", "new"])).unwrap();
    let old = device.open(&names(&["d", "old"]), OpenMode::Write).unwrap();
    let also = device.open(&names(&["d", "also"]), OpenMode::Write).unwrap();
    also.write_at(0, b"y").unwrap();
    fs::rename(folder.path().join("d"), folder.path().join("moved")).unwrap();
    symlink(outside.path(), folder.path().join("d")).unwrap();
    assert!(matches!(old.write_at(0, b"y"), Err(VfsError::Host(_))));
    assert_eq!(made.write_at(0, b"y"), Ok(()), "its temporary file is where it was");
    assert!(made.flush().is_err() && also.flush().is_err());
    drop((made, old, also));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(fs::read(folder.path().join("moved/also")).unwrap(), b"x");
}

#[test]
fn the_files_and_directories_added_by_a_run_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), "x").unwrap();
    let limits = Arc::new(ResourceLimits::default());
    let mut device = HostFolder::writable(folder.path(), limits.clone()).unwrap();
    let entries =
        |device: &HostFolder| device.open_files.as_ref().unwrap().quota.entries.load(Ordering::Relaxed);
    device.create_directory(&names(&["d"])).unwrap();
    drop(device.create_file(&names(&["f"])).unwrap());
    assert!(
        device.create_directory(&names(&["d"])).is_err() && device.create_file(&names(&["x", "f"])).is_err()
    );
    assert_eq!(entries(&device), 2);
    device.rename(&names(&["f"]), &names(&["g"]), Existing::Refuse).unwrap();
    device.rename(&names(&["g"]), &names(&["old"]), Existing::Replace).unwrap();
    device.remove(&names(&["d"])).unwrap();
    device.remove(&names(&["old"])).unwrap();
    assert_eq!(entries(&device), 0);
    let quota = device.open_files.as_ref().unwrap().quota.clone();
    quota.entries.store(Limit::DiskEntries.row().value, Ordering::Relaxed);
    assert_eq!(device.create_file(&names(&["f"])).err(), Some(VfsError::Full));
    assert_eq!(device.create_directory(&names(&["d"])), Err(VfsError::Full));
    assert!(on_host(folder.path()).is_empty());
    assert_eq!(limits.hits().into_keys().collect::<Vec<_>>(), ["disk_entries"]);
}
