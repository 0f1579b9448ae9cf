//! Tests of content packages, devices and enumerators.

mod by_path;
mod closing;
mod downloads;
mod refusals;
mod titles;

use super::*;
use std::path::PathBuf;
use xenia_kernel::ports::Storage;
use xenia_user::profile::Profile;

const FILE_NOT_FOUND: u64 = 2;
const PATH_NOT_FOUND: u64 = 3;
const ACCESS_DENIED: u64 = 5;
const NO_MORE_FILES: u64 = 0x12;
const INVALID_PARAMETER: u64 = 0x57;
const INSUFFICIENT_BUFFER: u64 = 0x7A;
const INVALID_NAME: u64 = 0x7B;
const ALREADY_EXISTS: u64 = 0xB7;
const NOT_CONNECTED: u64 = 0x48F;
const NO_SUCH_USER: u64 = 0x525;
const FILE_CORRUPT: u64 = 0x570;
/// Offsets in the scratch memory of `XCONTENT_DATA`, a root name, small results, an overlapped
/// structure and a buffer.
const DATA: u32 = 0x1000;
const ROOT: u32 = 0x1200;
const RESULTS: u32 = 0x1300;
const OVERLAPPED: u32 = 0x1340;
const BUFFER: u32 = 0x2000;

#[derive(Debug)]
struct Folder(PathBuf);

impl Storage for Folder {
    fn content(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

fn harness(folder: Option<&Path>) -> Harness {
    let Some(folder) = folder else { return Harness::new() };
    Harness::with_ports(Ports { storage: Box::new(Folder(folder.to_owned())), ..Ports::default() })
}

/// Stores the description of a package in the scratch memory.
fn describe(b: &Harness, kind: u32, file: &[u8], display: &str) -> u64 {
    let at = b.scratch.offset(DATA);
    b.memory().fill(at, 0x134, 0).unwrap();
    b.memory().write(at, 1_u32).unwrap();
    b.memory().write(at.offset(4), kind).unwrap();
    b.put_wide_text(DATA + 8, display);
    b.memory().write_bytes(at.offset(0x108), file).unwrap();
    u64::from(at.0)
}

fn at(b: &Harness, offset: u32) -> u64 {
    u64::from(b.scratch.offset(offset).0)
}

/// Opens a package of the first user; returns the call's result, and the action taken.
fn create(b: &mut Harness, root: &str, file: &str, mode: u64) -> (u64, u32) {
    let data = describe(b, 1, file.as_bytes(), "A save");
    let root = b.put_text(ROOT, root);
    let arguments = [0, root, data, mode, at(b, RESULTS), at(b, RESULTS + 4), 0, 0, 0];
    (b.xam_call("XamContentCreateEx", &arguments), b.word(RESULTS))
}

fn close(b: &mut Harness, root: &str) -> u64 {
    let root = b.put_text(ROOT, root);
    b.xam_call("XamContentClose", &[root, 0])
}

/// Writes a whole file by its guest path.
fn write(b: &mut Harness, path: &str, contents: &[u8]) -> NtStatus {
    let attributes = b.put_attributes(0x400, path);
    let status = at(b, RESULTS + 0x20);
    let create = [at(b, RESULTS + 0x10), 0xC010_0000, attributes, status, 0, 0, 0, 5, SYNCHRONOUS];
    let opened = b.status("NtCreateFile", &create);
    if opened != NtStatus::SUCCESS {
        return opened;
    }
    let file = u64::from(b.word(RESULTS + 0x10));
    b.memory().write_bytes(b.scratch.offset(BUFFER), contents).unwrap();
    let arguments = [file, 0, 0, 0, status, at(b, BUFFER), contents.len() as u64, 0];
    let written = b.status("NtWriteFile", &arguments);
    b.status("NtClose", &[file]);
    written
}

/// Reads a whole small file by its guest path.
fn read(b: &mut Harness, path: &str) -> Result<Vec<u8>, NtStatus> {
    let attributes = b.put_attributes(0x400, path);
    let status = at(b, RESULTS + 0x20);
    let open = [at(b, RESULTS + 0x10), GENERIC_READ | 0x10_0000, attributes, status, 0, 0, 7, 1, SYNCHRONOUS];
    let opened = b.status("NtCreateFile", &open);
    if opened != NtStatus::SUCCESS {
        return Err(opened);
    }
    let file = u64::from(b.word(RESULTS + 0x10));
    let read = b.status("NtReadFile", &[file, 0, 0, 0, status, at(b, BUFFER), 0x100, 0]);
    let mut bytes = vec![0; b.word(RESULTS + 0x24) as usize];
    b.memory().read_bytes(b.scratch.offset(BUFFER), &mut bytes).unwrap();
    b.status("NtClose", &[file]);
    if read == NtStatus::SUCCESS { Ok(bytes) } else { Err(read) }
}

#[test]
fn saved_content_persists_across_machines() {
    let folder = tempfile::tempdir().unwrap();
    {
        let mut b = harness(Some(folder.path()));
        assert_eq!(create(&mut b, "save", "Slot 1", 3), (PATH_NOT_FOUND, 0));
        assert_eq!(create(&mut b, "save", "Slot 1", 1), (0, 1));
        assert_eq!(write(&mut b, r"SAVE:\game.dat", b"level 7"), NtStatus::SUCCESS);
        assert_eq!(close(&mut b, "Save:"), 0);
        assert_eq!(write(&mut b, r"save:\game.dat", b"lost"), NtStatus::OBJECT_PATH_NOT_FOUND);
        assert_eq!(write(&mut b, r"hdd:\own", b"disk"), NtStatus::OBJECT_PATH_NOT_FOUND, "no title, no disk");
    }
    let mut b = harness(Some(folder.path()));
    assert_eq!(create(&mut b, "again", "SLOT 1", 1), (ALREADY_EXISTS, 0));
    assert_eq!(create(&mut b, "again", "SLOT 1", 3), (0, 2));
    assert_eq!(read(&mut b, r"again:\GAME.DAT"), Ok(b"level 7".to_vec()));
    assert_eq!(b.word(RESULTS + 4), 0, "no licence is needed, none was given");
    let data = describe(&b, 1, b"Slot 1", "");
    let xuid = Profile::made_for(0).xuid.0;
    assert_eq!(b.xam_call("XamContentGetCreator", &[0, data, at(&b, RESULTS), at(&b, RESULTS + 8), 0]), 0);
    assert_eq!((b.word(RESULTS), b.memory().read::<u64>(b.scratch.offset(RESULTS + 8)).unwrap()), (1, xuid));
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), ACCESS_DENIED, "it is open");
    assert_eq!(close(&mut b, "again"), 0);
    assert_eq!(close(&mut b, "again"), FILE_NOT_FOUND);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), 0);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), FILE_NOT_FOUND);
    assert_eq!(create(&mut b, "again", "Slot 1", 3), (PATH_NOT_FOUND, 0));
}

#[test]
fn packages_and_files_with_the_names_of_a_hosts_devices_persist() {
    const NAMES: [&str; 4] = ["CON", "com1.sav", "nul", "aux .x"];
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(Some(folder.path()));
    for name in NAMES {
        assert_eq!(create(&mut b, "save", name, 1), (0, 1), "{name}");
        assert_eq!(write(&mut b, r"save:\con.dat", name.as_bytes()), NtStatus::SUCCESS, "{name}");
        assert_eq!(close(&mut b, "save"), 0, "{name}");
    }
    drop(b);
    let mut b = harness(Some(folder.path()));
    for name in NAMES {
        assert_eq!(create(&mut b, "save", name, 3), (0, 2), "{name}");
        assert_eq!(read(&mut b, r"save:\CON.dat"), Ok(name.as_bytes().to_vec()), "{name}");
        assert_eq!(close(&mut b, "save"), 0, "{name}");
        let data = describe(&b, 1, name.as_bytes(), "");
        assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), 0, "{name}");
        assert_eq!(create(&mut b, "save", name, 3), (PATH_NOT_FOUND, 0), "{name}");
    }
}

#[test]
fn each_creation_mode_has_its_result() {
    let mut b = harness(None);
    for (mode, is_there, answer) in [
        (1, false, (0, 1)),
        (1, true, (ALREADY_EXISTS, 0)),
        (2, true, (0, 1)),
        (3, true, (0, 2)),
        (4, true, (0, 2)),
        (5, true, (0, 1)),
        (2, false, (0, 1)),
        (3, false, (PATH_NOT_FOUND, 0)),
        (4, false, (0, 1)),
        (5, false, (PATH_NOT_FOUND, 0)),
        (0, true, (INVALID_PARAMETER, 0)),
        (6, true, (INVALID_PARAMETER, 0)),
    ] {
        let data = describe(&b, 1, b"a", "");
        b.xam_call("XamContentDelete", &[0, data, 0]);
        if is_there {
            assert_eq!(create(&mut b, "s", "a", 1), (0, 1));
            assert_eq!(write(&mut b, r"s:\f", b"old"), NtStatus::SUCCESS);
            assert_eq!(close(&mut b, "s"), 0);
        }
        b.memory().write(b.scratch.offset(RESULTS), 0_u32).unwrap();
        assert_eq!(create(&mut b, "s", "a", mode), answer, "{mode} {is_there}");
        if answer.0 == 0 {
            let old = if answer.1 == 2 { Ok(b"old".to_vec()) } else { Err(NtStatus::OBJECT_NAME_NOT_FOUND) };
            assert_eq!(
                read(&mut b, r"s:\f"),
                if is_there { old } else { Err(NtStatus::OBJECT_NAME_NOT_FOUND) }
            );
            assert_eq!(close(&mut b, "s"), 0);
        }
    }
}

#[test]
fn a_recreated_package_replaces_the_old_one_when_complete() {
    let folder = tempfile::tempdir().unwrap();
    let contents = || {
        // Checks the contents that a newly started machine finds, whatever this one has open.
        let mut other = harness(Some(folder.path()));
        assert_eq!(create(&mut other, "s", "a", 3), (0, 2));
        read(&mut other, r"s:\f")
    };
    let mut b = harness(Some(folder.path()));
    assert_eq!(create(&mut b, "s", "a", 1), (0, 1));
    assert_eq!(write(&mut b, r"s:\f", b"old"), NtStatus::SUCCESS);
    assert_eq!(close(&mut b, "s"), 0);
    assert_eq!(create(&mut b, "s", "a", 2), (0, 1));
    assert_eq!(create(&mut b, "t", "a", 2), (ACCESS_DENIED, 0), "it is open");
    assert_eq!(write(&mut b, r"s:\f", b"new"), NtStatus::SUCCESS);
    assert_eq!(contents(), Ok(b"old".to_vec()));
    let root = b.put_text(ROOT, "s");
    assert_eq!(b.xam_call("XamContentFlush", &[root, 0]), 0);
    assert_eq!(contents(), Ok(b"new".to_vec()));
    assert_eq!(write(&mut b, r"s:\f", b"newer"), NtStatus::SUCCESS);
    assert_eq!(contents(), Ok(b"newer".to_vec()), "each file by itself from then on");
    assert_eq!(close(&mut b, "s"), 0);
    assert_eq!(create(&mut b, "s", "a", 5), (0, 1));
    assert_eq!(write(&mut b, r"s:\f", b"last"), NtStatus::SUCCESS);
    b.kernel.files.lock().note_run_end(true, 0);
    drop(b);
    assert_eq!(contents(), Ok(b"last".to_vec()), "the end of the title closes the package, too");
    let left = walk(folder.path());
    let files = left.iter().filter(|path| Path::new(path).ends_with("f")).count();
    assert_eq!(files, 1, "old files are gone: {left:?}");
}

#[test]
fn an_asynchronous_call_also_stores_its_disposition() {
    let mut b = harness(None);
    let data = describe(&b, 1, b"a", "");
    let root = b.put_text(ROOT, "s");
    let disposition = at(&b, RESULTS);
    let overlapped = at(&b, OVERLAPPED);
    for (mode, result, action) in [(4, 0, 1), (4, 0, 2), (1, 0x65B, 0)] {
        b.memory().write(b.scratch.offset(RESULTS), u32::MAX).unwrap();
        b.call_in_background("XamContentCreate", &[0, root, data, mode, disposition, 0, overlapped]);
        let words = [OVERLAPPED, OVERLAPPED + 4, RESULTS].map(|field| b.word(field));
        assert_eq!(words, [result, action, action], "mode {mode}");
        b.xam_call("XamContentClose", &[root, 0]);
    }
}

/// Lists all files below a host folder.
fn walk(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                all.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    all
}

#[test]
fn packages_are_listed_piece_by_piece() {
    let mut b = harness(None);
    for file in ["b", "A", "c"] {
        assert_eq!(create(&mut b, "s", file, 1), (0, 1));
        assert_eq!(close(&mut b, "s"), 0);
    }
    let list = |b: &mut Harness, user: u64, kind: u64, flags: u64| -> Vec<(String, String)> {
        let arguments = [user, 0, kind, flags, 2, at(b, RESULTS), at(b, RESULTS + 4)];
        assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), 0);
        assert_eq!(b.word(RESULTS), 2 * 0x134);
        let handle = u64::from(b.word(RESULTS + 4));
        let mut found = Vec::new();
        loop {
            let next = b.xam_call("XamEnumerate", &[handle, 0, at(b, BUFFER), 0x268, at(b, RESULTS), 0]);
            if next == NO_MORE_FILES {
                assert_eq!(b.word(RESULTS), 0);
                break;
            }
            assert_eq!(next, 0);
            for index in 0..b.word(RESULTS) {
                let item = b.scratch.offset(BUFFER + 0x134 * index);
                let file = b.memory().read_c_string(item.offset(0x108), 42).unwrap();
                let name = b.memory().read_wide_string(item.offset(8), 128).unwrap();
                assert_eq!(b.memory().read::<u64>(item).unwrap(), 1 << 32 | kind);
                found.push((String::from_utf8(file).unwrap(), String::from_utf16(&name).unwrap()));
            }
        }
        assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
        found
    };
    let saves = ["A", "b", "c"].map(|file| (file.to_owned(), "A save".to_owned()));
    assert_eq!(list(&mut b, 0, 1, 0), saves);
    assert_eq!(list(&mut b, 0, 2, 0), []);
    assert_eq!(list(&mut b, 0xFE, 1, 0), [], "every user's: none");
    // Packages of all users are in each user's list, unless a flag excludes them.
    let data = describe(&b, 1, b"common", "For all");
    let root = b.put_text(ROOT, "s");
    assert_eq!(b.xam_call("XamContentCreate", &[0xFF, root, data, 1, 0, 0, 0]), 0);
    assert_eq!(list(&mut b, 0, 1, 0).len(), 4);
    assert_eq!(list(&mut b, 0, 1, 0x1000).len(), 3);
    // Asynchronously.
    let arguments = [0, 1, 1, 0, 9, 0, at(&b, RESULTS)];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), 0);
    let handle = u64::from(b.word(RESULTS));
    let buffer = at(&b, BUFFER);
    let overlapped = at(&b, OVERLAPPED);
    let fields = |b: &Harness| [0, 4, 0x18].map(|field| b.word(OVERLAPPED + field));
    b.call_in_background("XamEnumerate", &[handle, 0, buffer, 0x1000, 0, overlapped]);
    assert_eq!(fields(&b), [0, 4, 0]);
    b.call_in_background("XamEnumerate", &[handle, 0, buffer, 0x1000, 0, overlapped]);
    assert_eq!(fields(&b), [0x65B, 0, 0x8007_0012]);
    for (arguments, answer) in [
        ([8, 0, buffer, 8, at(&b, RESULTS), 0], 6),
        ([handle, 0, 0, 8, at(&b, RESULTS), 0], INVALID_PARAMETER),
        ([handle, 0, buffer, 8, 0, 0], INVALID_PARAMETER),
        ([handle, 0, buffer, 8, at(&b, RESULTS), overlapped], INVALID_PARAMETER),
    ] {
        assert_eq!(b.xam_call("XamEnumerate", &arguments), answer, "{arguments:x?}");
    }
    for (arguments, answer) in [
        ([1, 0, 1, 0, 1, 0, buffer], NO_SUCH_USER),
        ([4, 0, 1, 0, 1, 0, buffer], INVALID_PARAMETER),
        ([0, 7, 1, 0, 1, 0, buffer], 0x8007_0057),
        ([0, 0, 1, 0, 0, 0, buffer], INVALID_PARAMETER),
        ([0, 0, 1, 0, 1, 0, 0], INVALID_PARAMETER),
    ] {
        assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), answer, "{arguments:x?}");
    }
}

#[test]
fn pictures_of_packages_are_set_and_read() {
    let mut b = harness(None);
    let data = describe(&b, 1, b"a", "");
    let picture = at(&b, BUFFER);
    let size = at(&b, RESULTS);
    b.memory().write_bytes(b.scratch.offset(BUFFER), b"a picture").unwrap();
    assert_eq!(b.xam_call("XamContentSetThumbnail", &[0, data, picture, 9, 0]), FILE_NOT_FOUND);
    assert_eq!(b.xam_call("XamContentGetThumbnail", &[0, data, 0, size, 0]), FILE_NOT_FOUND);
    assert_eq!(create(&mut b, "s", "a", 1), (0, 1));
    assert_eq!(b.xam_call("XamContentGetThumbnail", &[0, data, 0, size, 0]), FILE_NOT_FOUND);
    assert_eq!(b.xam_call("XamContentSetThumbnail", &[0, data, picture, 9, 0]), 0);
    for (room, buffer, answer) in [(0, 0, 0), (8, picture + 0x100, 0x7A), (9, picture + 0x100, 0)] {
        b.memory().write(b.scratch.offset(RESULTS), room as u32).unwrap();
        assert_eq!(b.xam_call("XamContentGetThumbnail", &[0, data, buffer, size, 0]), answer);
        assert_eq!(b.word(RESULTS), 9);
    }
    let mut bytes = [0; 9];
    b.memory().read_bytes(b.scratch.offset(BUFFER + 0x100), &mut bytes).unwrap();
    assert_eq!(&bytes, b"a picture");
    for (picture, size) in [(0, 9), (picture, 0), (picture, 0x4001), (picture, 0xFFFF_FFFF)] {
        assert_eq!(b.xam_call("XamContentSetThumbnail", &[0, data, picture, size, 0]), INVALID_PARAMETER);
    }
    assert_eq!(b.xam_call("XamContentGetThumbnail", &[0, data, 0, 0, 0]), INVALID_PARAMETER);
}

#[test]
fn a_device_is_requested_if_the_title_wants_it_or_lacks_room() {
    let mut b = harness(None);
    let device = at(&b, RESULTS);
    let overlapped = at(&b, OVERLAPPED);
    for (user, flags, device) in [(0, 8, device), (4, 0, device), (0, 0, 0)] {
        b.memory().fill(b.scratch.offset(OVERLAPPED), 0x1C, 0).unwrap();
        let refused = [user, 1, flags, 0, device, overlapped];
        assert_eq!(b.xam_call("XamShowDeviceSelectorUI", &refused), INVALID_PARAMETER, "{refused:x?}");
        let words = [0, 4, 8, 0x18].map(|field| b.word(OVERLAPPED + field));
        assert_eq!(words, [0, 0, 0, 0x57], "only the reason: {refused:x?}");
    }
    for (user, flags, bytes, asks, result) in [
        (0xFF, 0, 0x1000_0000, false, 0),
        (0, 0x200, 0, true, 0),
        (0, 0, 0x1000_0001, true, 0),
        (3, 0x200, 0, false, NO_SUCH_USER as u32),
    ] {
        let arguments = [user, 1, flags, bytes, device, overlapped];
        assert_eq!(b.xam_call("XamShowDeviceSelectorUI", &arguments), IO_PENDING);
        assert_eq!(b.kernel.user.dialog.is_open(), asks, "{user} {flags:#x} {bytes:#x}");
        b.pass_a_field();
        b.pass_a_field();
        assert_eq!(b.word(OVERLAPPED), result, "{user} {flags:#x} {bytes:#x}");
    }
}

#[test]
fn devices_are_the_hard_disk_and_the_disc_drive() {
    let mut b = harness(None);
    let base = at(&b, BUFFER);
    for (name, arguments, answer) in [
        ("XamContentGetDeviceData", &[1, base][..], 0),
        ("XamContentGetDeviceData", &[2, base + 0x300], 0),
        ("XamContentGetDeviceData", &[3, base], NOT_CONNECTED),
        ("XamContentGetDeviceData", &[1, 0], INVALID_PARAMETER),
        ("XamContentGetDeviceName", &[1, base + 0x100, 11], 0),
        ("XamContentGetDeviceName", &[1, base, 10], 0x7A),
        ("XamContentGetDeviceName", &[0, base, 28], NOT_CONNECTED),
        ("XamContentGetDeviceState", &[1, 0], 0),
        ("XamContentGetDeviceState", &[2, 0], 0),
        ("XamContentGetDeviceState", &[3, 0], NOT_CONNECTED),
        ("XamContentGetLicenseMask", &[base + 0x200, 0], 0x65B),
        ("XamShowDeviceSelectorUI", &[0, 1, 0, 0, base + 0x200, 0], INVALID_PARAMETER),
        ("XamShowDeviceSelectorUI", &[0, 1, 8, 0, base + 0x200, at(&b, OVERLAPPED)], INVALID_PARAMETER),
        ("XamShowDeviceSelectorUI", &[4, 1, 0, 0, base + 0x200, at(&b, OVERLAPPED)], INVALID_PARAMETER),
        ("XamShowDeviceSelectorUI", &[0, 1, 0, 0, base + 0x200, at(&b, OVERLAPPED)], IO_PENDING),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name}({arguments:x?})");
    }
    assert!(!b.kernel.user.dialog.is_open(), "no dialog is shown");
    b.pass_a_field();
    let fact = |at: u32| b.memory().read::<u64>(b.scratch.offset(BUFFER + at)).unwrap();
    assert_eq!((fact(0), fact(8), fact(0x10)), (1 << 32 | 1, 0x1000_0000, 0x1000_0000));
    assert_eq!((fact(0x300), fact(0x310)), (2 << 32 | 4, 0), "a disc is full");
    for at in [0x18, 0x100] {
        let name = b.memory().read_wide_string(b.scratch.offset(BUFFER + at), 28).unwrap();
        assert_eq!(String::from_utf16_lossy(&name), "Hard Drive");
    }
    assert_eq!((b.word(BUFFER + 0x200), b.word(OVERLAPPED)), (1, 0), "chosen");
    for (kind, count) in [(1, 1), (2, 2)] {
        let arguments = [kind, 0, 4, at(&b, RESULTS), at(&b, RESULTS + 4)];
        assert_eq!(b.xam_call("XamContentCreateDeviceEnumerator", &arguments), 0);
        assert_eq!(b.word(RESULTS), 4 * 0x50);
        let next = [u64::from(b.word(RESULTS + 4)), 0, base, 4 * 0x50, at(&b, RESULTS), 0];
        assert_eq!(b.xam_call("XamEnumerate", &next), 0);
        assert_eq!((b.word(RESULTS), b.word(BUFFER)), (count, 1), "saved games are not on discs");
        assert_eq!(b.xam_call("XamEnumerate", &next), NO_MORE_FILES);
    }
}

#[test]
fn a_librarys_own_list_is_empty_and_shows_its_body() {
    let mut b = harness(None);
    let handle = at(&b, RESULTS);
    let make = [2, 0xFA, 0x7_0026, 0x7_0027, 0x20, 5, 3, handle];
    assert_eq!(b.xam_call("XamCreateEnumeratorHandle", &make), 0);
    let list = u64::from(b.word(RESULTS));
    assert_eq!(b.xam_call("XamGetPrivateEnumStructureFromHandle", &[list, at(&b, RESULTS + 4)]), 0);
    let body = GuestAddr(b.word(RESULTS + 4));
    let words: Vec<u32> = (0..7).map(|index| b.memory().read(body.offset(4 * index)).unwrap()).collect();
    assert_eq!(words, [0xFA, 0x7_0026, 0x7_0027, 2, 5, 3, 0]);
    b.kernel_call("ObDereferenceObject", &[u64::from(body.0)]);
    assert_eq!(b.xam_call("XamEnumerate", &[list, 0, at(&b, BUFFER), 0, handle, 0]), NO_MORE_FILES);
    // Some titles read the entries of the user's playlists whatever the result.
    for size in [0x338_u32, 0x10_0000] {
        let cleared = size.min(5 * 0x338);
        b.memory().fill(b.scratch.offset(BUFFER), cleared + 1, 0xFF).unwrap();
        let next = [list, 0, at(&b, BUFFER), u64::from(size), handle, 0];
        assert_eq!(b.xam_call("XamEnumerate", &next), NO_MORE_FILES);
        let mut bytes = vec![0; cleared as usize + 1];
        b.memory().read_bytes(b.scratch.offset(BUFFER), &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0xFF), "{size:#x}");
        assert!(bytes.iter().all(|&byte| byte == 0), "{size:#x}");
    }
    assert_eq!(b.status("NtClose", &[list]), NtStatus::SUCCESS);
    let gone = b.xam_call("XamGetPrivateEnumStructureFromHandle", &[list, handle]);
    assert_eq!((gone as u32, b.word(RESULTS)), (NtStatus::INVALID_HANDLE.0, 0));
    let too_large = [2, 0xFA, 0, 0, 0x1001, 5, 3, handle];
    assert_eq!(b.xam_call("XamCreateEnumeratorHandle", &too_large), INVALID_PARAMETER);
}
