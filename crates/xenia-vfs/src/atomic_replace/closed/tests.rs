//! Tests of groups of closed files: the files that the host and the title see, and interrupted
//! runs.

use super::*;
use crate::{Existing, FileDevice, HostFolder, OpenMode};
use std::path::Path;

fn name(number: usize) -> Vec<String> {
    vec![format!("f{number}")]
}

/// Makes and closes files with their numbers as contents.
fn close(device: &mut HostFolder, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let file = device.create_file(&name(number)).unwrap();
        file.write_at(0, number.to_string().as_bytes()).unwrap();
    }
}

/// Names on the host; those of closed files without their digests.
fn on_host(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .map(|name| name.split_once("closed-").map_or(name.clone(), |(_, rest)| rest[33..].to_owned() + "?"))
        .collect();
    names.sort();
    names
}

fn writable(folder: &Path) -> HostFolder {
    HostFolder::writable(folder, Arc::default()).unwrap()
}

#[test]
fn many_closed_files_are_committed_as_a_group() {
    const FILES: usize = MAX_GROUP + 20;
    let folder = tempfile::tempdir().unwrap();
    let mut device = writable(folder.path());
    close(&mut device, 0..FILES);
    let listed = device.list(&[]).unwrap();
    assert_eq!(listed.len(), FILES);
    assert!(listed.iter().all(|entry| entry.size > 0));
    let waiting = on_host(folder.path()).iter().filter(|name| name.ends_with('?')).count();
    assert!(waiting < MAX_GROUP, "{waiting}");
    let mut bytes = [0; 2];
    let last = name(FILES - 1);
    device.open(&last, OpenMode::Read).unwrap().read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, &(FILES - 1).to_string().as_bytes()[..2]);
    device.remove(&last).unwrap();
    device.rename(&name(FILES - 2), &last, Existing::Refuse).unwrap();
    drop(device);
    assert_eq!(on_host(folder.path()).len(), FILES - 1);
    for number in 0..FILES - 2 {
        assert_eq!(fs::read_to_string(folder.path().join(&name(number)[0])).unwrap(), number.to_string());
    }
    assert_eq!(fs::read_to_string(folder.path().join(&last[0])).unwrap(), (FILES - 2).to_string());
}

#[test]
fn idle_time_a_flush_or_an_open_for_writing_commits_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let mut device = writable(folder.path());
    let waits = || on_host(folder.path()).iter().any(|name| name.ends_with('?'));
    let fill = |device: &mut HostFolder, first: usize| {
        // The host may be so slow that a break lies between two closes.
        for start in (first..).step_by(20).take(10) {
            close(device, start..start + 20);
            if waits() {
                return;
            }
        }
        panic!("no file waits");
    };
    fill(&mut device, 0);
    device.open(&name(0), OpenMode::Write).unwrap();
    let file = device.create_file(&["flushed".to_owned()]).unwrap();
    file.write_at(0, b"x").unwrap();
    file.flush().unwrap();
    assert!(!waits(), "files that were closed before a flush are committed before it");
    fill(&mut device, 1000);
    device.flush_below(&[]).unwrap();
    assert!(!waits());
    fill(&mut device, 2000);
    let start = Instant::now();
    while waits() && start.elapsed() < Duration::from_mins(1) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!waits(), "after a quiet moment");
    // A file that is written again keeps its closed contents until it is closed again.
    fill(&mut device, 3000);
    let again = device.open(&name(3019), OpenMode::Write).unwrap();
    assert_eq!(fs::read(folder.path().join("f3019")).unwrap(), b"3019");
    again.write_at(0, b"9").unwrap();
    assert_eq!(fs::read(folder.path().join("f3019")).unwrap(), b"3019");
}

#[test]
fn closed_files_of_a_killed_run_replace_theirs_if_they_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("old"), "old").unwrap();
    fs::write(at("whole"), "new contents").unwrap();
    let closed_as = |target: &str| {
        at(&names::closed_name(&File::open(at("whole")).unwrap(), &at(target)).unwrap().unwrap())
    };
    fs::copy(at("whole"), closed_as("old")).unwrap();
    fs::copy(at("whole"), closed_as("made")).unwrap();
    // A crash of the host has cut one short, and another has other bytes.
    fs::write(closed_as("whole"), "new cont").unwrap();
    fs::write(closed_as("short"), "").unwrap();
    fs::write(at(".xenia-closed-"), "x").unwrap();
    fs::write(at(".xenia-closed-0-.xenia-stamps"), "x").unwrap();
    // A run still has this one.
    fs::copy(at("whole"), closed_as("used")).unwrap();
    let used = File::open(closed_as("used")).unwrap();
    xenia_host::file::mark_in_use(&used).unwrap();
    let device = writable(folder.path());
    assert_eq!(on_host(folder.path()), ["made", "old", "used?", "whole"]);
    for name in ["made", "old", "whole"] {
        assert_eq!(fs::read_to_string(at(name)).unwrap(), "new contents", "{name}");
    }
    assert_eq!(device.list(&[]).unwrap().len(), 3);
    drop(device);
    // A directory has the name: the file is not lost.
    fs::copy(at("whole"), closed_as("directory")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    drop(writable(folder.path()));
    let kept = on_host(folder.path()).into_iter().filter(|name| name.starts_with(".xenia-unsaved-")).count();
    assert_eq!(kept, 1);
}
