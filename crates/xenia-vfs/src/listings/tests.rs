//! A guest's own changes keep listings; others have them read again.

use super::*;
use crate::path::Pattern;
use crate::{FileDevice, HostFolder, VfsError};
use std::sync::Arc;

fn listing(names: usize) -> Listing {
    let names = (0..names).map(|name| (name.to_string(), Vec::new())).collect();
    let state = DirectoryState { modified: SystemTime::UNIX_EPOCH, change: 0 };
    Listing { state, names: Names::All(names), in_change: None }
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Gives a directory a modification time that it does not get by itself.
#[cfg(unix)]
fn set_time(at: &Path, seconds: u64) -> SystemTime {
    let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::open(at).unwrap().set_modified(modified).unwrap();
    modified
}

/// Creates a file with one byte, which the host has at once.
fn make(disk: &mut HostFolder, path: &[String]) {
    let file = disk.create_file(path).unwrap();
    file.write_at(0, b"x").unwrap();
    file.flush().unwrap();
}

#[cfg(unix)]
#[test]
fn a_directory_is_read_again_when_it_or_the_guest_has_changed_something() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let listings = Listings::default();
    let find = |name: &str, seconds| {
        let state = DirectoryState { modified: set_time(at, seconds), change: listings.last_change(at) };
        listings.differing_in_case(at, name, state).unwrap()
    };
    fs::write(at.join("First"), "").unwrap();
    // The look-up of a second name keeps all.
    assert_eq!((find("FIRST", 1), find("OTHER", 1)), (vec!["First".into()], Vec::new()));
    fs::write(at.join("Second"), "").unwrap();
    fs::write(at.join("second"), "").unwrap();
    assert!(find("SECOND", 1).is_empty(), "what was read is kept");
    listings.forget(at);
    assert_eq!(find("SECOND", 1), ["Second", "second"]);
    fs::write(at.join("Third"), "").unwrap();
    assert_eq!(find("THIRD", 2), ["Third"]);
}

#[test]
fn files_that_a_guest_makes_in_a_row_need_two_readings_of_their_directory() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Old"), "").unwrap();
    let mut disk = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    for number in 0..100 {
        let name = format!("File{number}");
        assert_eq!(disk.find(&path(&[&name])), Err(VfsError::NotFound));
        make(&mut disk, &path(&[&name]));
        assert_eq!(disk.find(&path(&[&name.to_uppercase()])).unwrap().name, name);
    }
    assert_eq!(disk.find(&path(&["OLD"])).unwrap().name, "Old");
    disk.remove(&path(&["File7"])).unwrap();
    assert_eq!(disk.find(&path(&["FILE7"])), Err(VfsError::NotFound));
    disk.rename(&path(&["File8"]), &path(&["Other"]), crate::Existing::Refuse).unwrap();
    assert_eq!(disk.find(&path(&["OTHER"])).unwrap().name, "Other");
    assert_eq!(disk.find(&path(&["FILE8"])), Err(VfsError::NotFound));
    assert_eq!(disk.listings.reads.load(Relaxed), 2);
}

#[test]
fn changes_of_a_directory_leave_the_listings_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    for name in ["a", "b"] {
        disk.create_directory(&path(&[name])).unwrap();
    }
    for name in ["x", "y"] {
        assert_eq!(disk.find(&path(&["b", name])), Err(VfsError::NotFound));
    }
    make(&mut disk, &path(&["a", "File"]));
    let reads = disk.listings.reads.load(Relaxed);
    assert_eq!(disk.find(&path(&["b", "z"])), Err(VfsError::NotFound));
    assert_eq!(disk.listings.reads.load(Relaxed), reads);
}

#[test]
fn a_pattern_without_wildcards_uses_the_listing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Save", "SAVE", "other.x", "b.x", "=con="] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let disk = HostFolder::read_only(folder.path()).unwrap();
    let all = disk.list(&[]).unwrap();
    let check = |pattern: &str| {
        let parsed = Pattern::new(pattern).unwrap();
        let expected: Vec<_> = all.iter().filter(|entry| parsed.matches(&entry.name)).cloned().collect();
        let count = expected.len();
        assert_eq!(disk.list_matching(&[], &parsed), Ok(expected), "{pattern}");
        count
    };
    let counts = ["*", "*.X", "?.x", "save", "SAVE", "missing", "CON", "=con=", "other.x"].map(check);
    assert_eq!(counts, [4, 2, 1, 1, 1, 0, 1, 0, 1]);
    for number in 0..100 {
        assert_eq!(check(&number.to_string()), 0);
    }
    assert_eq!(disk.listings.reads.load(Relaxed), 2);
}

#[test]
fn a_pattern_without_wildcards_finds_a_file_by_its_present_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    for name in ["x", "y"] {
        assert_eq!(disk.find(&path(&[name])), Err(VfsError::NotFound));
    }
    make(&mut disk, &path(&["SAVE"]));
    disk.remove(&path(&["SAVE"])).unwrap();
    make(&mut disk, &path(&["save"]));
    let found = disk.list_matching(&[], &Pattern::new("SAVE").unwrap()).unwrap();
    let names: Vec<_> = found.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["save"]);
}

#[cfg(unix)]
#[test]
fn a_change_by_the_host_before_one_by_the_guest_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    for name in ["x", "y"] {
        assert_eq!(disk.find(&path(&[name])), Err(VfsError::NotFound));
    }
    fs::write(folder.path().join("Outside"), "").unwrap();
    set_time(folder.path(), 1);
    make(&mut disk, &path(&["Own"]));
    for (name, stored) in [("OUTSIDE", "Outside"), ("OWN", "Own")] {
        assert_eq!(disk.find(&path(&[name])).unwrap().name, stored);
    }
}

#[test]
fn changes_at_the_same_time_remove_the_listing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let listings = Listings::default();
    let state = || DirectoryState { modified: modified(at).unwrap(), change: listings.last_change(at) };
    let find = |name: &str| listings.differing_in_case(at, name, state()).unwrap();
    let is_kept = || listings.cached.lock().directories.contains_key(at);
    find("a");
    let changed: Result<(), ()> = listings.change(at, Some(OsStr::new("A")), || {
        find("b");
        listings.change(at, Some(OsStr::new("B")), || Ok(()))
    });
    assert_eq!((changed, is_kept()), (Ok(()), false));
    find("a");
    assert_eq!((listings.change(at, None, || Err::<(), _>(())), is_kept()), (Err(()), false));
}

#[test]
fn listing_cache_is_bounded() {
    let listings = Listings::default();
    let kept = || listings.cached.lock().directories.len();
    for number in 0..MAX_DIRECTORIES {
        listings.keep(Path::new(&number.to_string()), listing(1));
    }
    assert_eq!(kept(), MAX_DIRECTORIES);
    listings.keep(Path::new("one more"), listing(MAX_CACHED_NAMES - 1));
    assert_eq!(kept(), 1);
    listings.keep(Path::new("large"), listing(MAX_CACHED_NAMES + 1));
    assert_eq!(kept(), 1);
    listings.keep(Path::new("two names"), listing(2));
    assert_eq!(kept(), 1);
    assert!(listings.cached.lock().directories.contains_key(Path::new("two names")));
    // A name that the guest makes counts as well.
    let folder = tempfile::tempdir().unwrap();
    let mut full = listing(MAX_CACHED_NAMES);
    full.state.modified = modified(folder.path()).unwrap();
    listings.keep(folder.path(), full);
    assert_eq!(kept(), 1);
    listings.change(folder.path(), Some(OsStr::new("new")), || Ok::<_, ()>(())).unwrap();
    assert_eq!(kept(), 0);
}

#[test]
fn spellings_of_a_name_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let listings = Listings::default();
    let state = DirectoryState { modified: modified(at).unwrap(), change: listings.last_change(at) };
    listings.differing_in_case(at, "abcdefgh", state).unwrap();
    for number in 0..=MAX_SPELLINGS {
        let mut name = *b"abcdefgh";
        for (bit, letter) in name.iter_mut().enumerate() {
            if number & (1 << bit) != 0 {
                letter.make_ascii_uppercase();
            }
        }
        let name = std::str::from_utf8(&name).unwrap();
        listings.change(at, Some(OsStr::new(name)), || Ok::<_, ()>(())).unwrap();
        let is_kept = listings.cached.lock().directories.contains_key(at);
        assert_eq!(is_kept, number < MAX_SPELLINGS, "{name}");
    }
}
