//! Tests of runs that end while a title replaces a package.

use super::*;
use crate::files::{OpenParameters, PackageMode};
use crate::ports::Storage;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_user::content::{PackageHeader, PackageName};
use xenia_user::profile::Xuid;
use xenia_vfs::CreateDisposition;

/// Where the packages are.
const FOLDER: &str = "Content/0000000000000001/00000002/00000001";
/// Guest time of the first change.
const START: u64 = 1000;
const BODY: GuestAddr = GuestAddr(0x1000);
/// An end of the run by the player, long after all changes.
const LATE: RunEnding = RunEnding { is_titles: false, now: START + 10 * MIN_UNCHANGED_TIME };

#[derive(Debug)]
struct Saves(PathBuf);

impl Storage for Saves {
    fn content(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

fn files_in(folder: &Path) -> Files {
    Files::with_devices(&Saves(folder.to_owned()), &Arc::default()).unwrap()
}

fn open_as(files: &mut Files, root: &str, mode: PackageMode) {
    let name = PackageName::new(Xuid(1), 2, 1, "Save").unwrap();
    files.open_package(root, &name, mode, PackageHeader::new(Xuid(1), "A game")).unwrap();
}

/// Opens a file and writes to it at a guest time.
fn write(files: &mut Files, path: &str, text: &[u8], now: u64) {
    let parameters = OpenParameters {
        access: access::GENERIC_ALL,
        disposition: CreateDisposition::OverwriteOrCreate,
        ..OpenParameters::to_read(path, now)
    };
    let (file, _) = files.open(&parameters).unwrap();
    file.data().unwrap().write_at(0, text).unwrap();
    files.insert(BODY, file);
}

/// Closes the file as `NtClose` does.
fn close(files: &mut Files, now: u64) {
    files.note_package_change(BODY, now);
    files.remove(BODY);
}

/// A machine that replaces a package which has the text `old`.
fn replacing(folder: &Path) -> Files {
    let mut files = files_in(folder);
    open_as(&mut files, "save", PackageMode::New);
    write(&mut files, r"save:\first", b"old", START);
    close(&mut files, START);
    files.close_package("save").unwrap();
    open_as(&mut files, "save", PackageMode::Always);
    files
}

fn end(mut files: Files, ending: Option<RunEnding>) {
    files.ending = ending;
    drop(files);
}

/// The text in the package.
fn text(folder: &Path) -> Vec<u8> {
    let mut files = files_in(folder);
    open_as(&mut files, "save", PackageMode::Existing);
    let (file, _) = files.open(&OpenParameters::to_read(r"save:\first", START)).unwrap();
    let mut bytes = vec![0; 8];
    let read = file.data().unwrap().read_at(0, &mut bytes).unwrap();
    bytes.truncate(read);
    files.close(file);
    bytes
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join(FOLDER)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_package_without_files_never_replaces_one() {
    for ending in [None, Some(LATE), Some(RunEnding { is_titles: true, ..LATE })] {
        let folder = tempfile::tempdir().unwrap();
        end(replacing(folder.path()), ending);
        assert_eq!(text(folder.path()), b"old", "{ending:?}");
        assert_eq!(names(folder.path()), ["Save=1", "Save=header"], "{ending:?}");
    }
}

#[test]
fn a_package_between_two_files_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = replacing(folder.path());
    write(&mut files, r"save:\first", b"new", START);
    close(&mut files, START);
    end(files, Some(RunEnding { is_titles: false, now: START + MIN_UNCHANGED_TIME - 1 }));
    assert_eq!(text(folder.path()), b"old");
    assert_eq!(names(folder.path()), ["Save=1", "Save=2", "Save=header", "Save=header=unsaved-1-2"]);
    // As the message says.
    let at = folder.path().join(FOLDER);
    std::fs::rename(at.join("Save=header=unsaved-1-2"), at.join("Save=header")).unwrap();
    assert_eq!(text(folder.path()), b"new");
}

#[test]
fn the_end_of_the_title_or_time_without_changes_completes_a_package() {
    let later = START + MIN_UNCHANGED_TIME;
    for (is_titles, closed, now, replaces) in [
        (false, START, START, false),
        (true, START, START, true),
        (false, START, later, true),
        (false, START + 1, later, false),
        (false, START + 1, later + 1, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = replacing(folder.path());
        write(&mut files, r"save:\first", b"new", START);
        close(&mut files, closed);
        end(files, Some(RunEnding { is_titles, now }));
        let expected: &[u8] = if replaces { b"new" } else { b"old" };
        assert_eq!(text(folder.path()), expected, "{is_titles} {closed} {now}");
        let is_set_aside = names(folder.path()).iter().any(|name| name.contains("unsaved"));
        assert_ne!(is_set_aside, replaces, "{is_titles} {closed} {now}");
    }
}

#[test]
fn changes_and_open_files_count_under_all_root_names() {
    for root in ["save", "other"] {
        for (is_closed, now) in [(true, START), (false, LATE.now)] {
            let folder = tempfile::tempdir().unwrap();
            let mut files = replacing(folder.path());
            open_as(&mut files, "other", PackageMode::Existing);
            write(&mut files, &format!(r"{root}:\first"), b"new", START);
            if is_closed {
                close(&mut files, START);
            }
            end(files, Some(RunEnding { is_titles: false, now }));
            assert_eq!(text(folder.path()), b"old", "{root} {is_closed}");
            let at = folder.path().join(FOLDER);
            assert_eq!(std::fs::read(at.join("Save=2/first")).unwrap(), b"new", "{root} {is_closed}");
            assert!(at.join("Save=header=unsaved-1-2").exists(), "{root} {is_closed}");
        }
    }
}

#[test]
fn without_a_known_end_a_package_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = replacing(folder.path());
    write(&mut files, r"save:\first", b"new", START);
    close(&mut files, START);
    end(files, None);
    assert_eq!(text(folder.path()), b"old");
    assert!(names(folder.path()).contains(&"Save=header=unsaved-1-2".to_owned()));
}

#[test]
fn a_package_that_cannot_be_set_aside_keeps_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = replacing(folder.path());
    write(&mut files, r"save:\first", b"new", START);
    close(&mut files, START);
    let at = folder.path().join(FOLDER);
    // No larger number is left.
    std::fs::write(at.join("Save=header=unsaved-4294967295-9"), "").unwrap();
    end(files, None);
    assert_eq!(text(folder.path()), b"old");
    assert_eq!(std::fs::read(at.join("Save=2/first")).unwrap(), b"new");
}
