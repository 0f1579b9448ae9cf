//! Tests of the first write to a long file, which copies the file in parts, in calls that are
//! repeated.

use super::calls::How;
use super::{Calls, Disk, Harness};
use std::fs;
use std::path::Path;
use xenia_guest::NtStatus;
use xenia_imports::Library;
use xenia_kernel::abi::Flow;
use xenia_kernel::ports::Ports;

/// Size of the file in bytes: two parts, and a bit.
const SIZE: usize = 0x200_0005;
const READ_WRITE: u32 = 0xC010_0000;
const SYNCHRONOUS: u32 = 0x20;

struct Case {
    folder: tempfile::TempDir,
    harness: Harness,
    file: u64,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("long"), vec![7; SIZE]).unwrap();
        fs::write(folder.path().join("short"), b"abc").unwrap();
        let storage = Box::new(Disk(folder.path().to_owned()));
        let mut calls = Calls::new(Harness::with_ports(Ports { storage, ..Ports::default() }));
        let (_, file, _) = calls.create(None, br"hdd:\long", &Self::how());
        Self { folder, harness: calls.harness, file }
    }

    fn how() -> How {
        How {
            access: READ_WRITE,
            share: 7,
            disposition: 1,
            options: SYNCHRONOUS,
            attributes: 0,
            allocation: None,
        }
    }

    fn at(&self, offset: u32) -> u64 {
        u64::from(self.harness.scratch.0 + offset)
    }

    /// Calls a write of `text` at `offset`; returns its control flow.
    fn write(&mut self, offset: u64, text: &str) -> Flow {
        self.harness.memory().write(self.harness.scratch.offset(0x40), offset).unwrap();
        let text_at = self.harness.put_text(0x80, text);
        let arguments = [self.file, 0, 0, 0, self.at(0x20), text_at, text.len() as u64, self.at(0x40)];
        self.harness.call(Library::xboxkrnl, "NtWriteFile", &arguments)
    }

    /// Calls a change of the file's end; returns its control flow.
    fn resize(&mut self, size: u64) -> Flow {
        self.harness.memory().write(self.harness.scratch.offset(0x40), size).unwrap();
        let arguments = [self.file, self.at(0x20), self.at(0x40), 8, 20];
        self.harness.call(Library::xboxkrnl, "NtSetInformationFile", &arguments)
    }

    fn close(&mut self) {
        assert_eq!(self.harness.kernel_call("NtClose", &[self.file]), 0);
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".xenia-stamps");
        names.sort();
        names
    }
}

/// Counts how often a call is repeated before it is complete.
fn calls_of(mut call: impl FnMut() -> Flow) -> u32 {
    for calls in 1.. {
        match call() {
            Flow::Repeat => {}
            Flow::Return(0) => return calls,
            other => panic!("{other:?}"),
        }
    }
    unreachable!("no call goes on for ever")
}

fn contents(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("long")).unwrap()
}

#[test]
fn the_first_write_is_made_again_until_all_is_copied() {
    let mut case = Case::new();
    assert_eq!(calls_of(|| case.write(3, "xyz")), 3);
    assert_eq!(calls_of(|| case.write(9, "w")), 1, "it has its temporary file");
    assert!(contents(case.folder.path()) == vec![7; SIZE], "nothing has been saved yet");
    case.close();
    let found = contents(case.folder.path());
    assert_eq!((&found[..12], found.len()), (&b"\x07\x07\x07xyz\x07\x07\x07w\x07\x07"[..], SIZE));
    assert!(found[12..].iter().all(|&byte| byte == 7));
    assert_eq!(case.names(), ["long", "short"]);
}

#[test]
fn a_change_of_size_is_repeated_but_not_a_truncation_to_zero() {
    let mut case = Case::new();
    assert_eq!(calls_of(|| case.resize(SIZE as u64)), 1, "no change");
    assert_eq!(calls_of(|| case.resize(SIZE as u64 + 1)), 3);
    case.close();
    let found = contents(case.folder.path());
    assert_eq!((found.len(), found[SIZE - 1], found[SIZE]), (SIZE + 1, 7, 0));
    let mut case = Case::new();
    assert_eq!(calls_of(|| case.resize(0)), 1);
    case.close();
    assert!(contents(case.folder.path()).is_empty());
}

#[test]
fn a_copy_that_is_not_finished_is_gone_with_the_file() {
    let mut case = Case::new();
    assert!(matches!(case.write(0, "x"), Flow::Repeat));
    assert_eq!(case.names().len(), 3, "a temporary file");
    case.close();
    assert_eq!(case.names(), ["long", "short"]);
    assert!(contents(case.folder.path()) == vec![7; SIZE]);
}

#[test]
fn a_write_that_its_call_refuses_copies_nothing() {
    let mut case = Case::new();
    let refused = case.write(u64::MAX - 9, "x");
    assert!(matches!(refused, Flow::Return(status) if status as u32 == NtStatus::INVALID_PARAMETER.0));
    assert_eq!(case.names(), ["long", "short"]);
}
