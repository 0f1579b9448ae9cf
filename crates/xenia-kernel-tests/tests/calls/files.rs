//! Tests of exports that open, read, list and change files.

use super::*;

/// Option of unbuffered transfers.
const UNBUFFERED: u64 = 8;

#[test]
fn a_file_is_opened_read_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Media")).unwrap();
    std::fs::write(folder.path().join("Media/Resource.xpr"), b"XPR2data").unwrap();
    let mut b = Harness::new();
    b.mount(folder.path());
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"game:\MEDIA\resource.XPR");
    // Nine arguments: the last one is on the stack.
    let open = [base, GENERIC_READ, attributes, base + 8, 0, 0, 1, 1, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &open), NtStatus::SUCCESS);
    assert_eq!((b.word(8), b.word(12)), (0, 1));
    let handle = u64::from(b.word(0));
    let read = [handle, 0, 0, 0, base + 8, base + 0x400, 4, 0];
    assert_eq!(b.status("NtReadFile", &read), NtStatus::SUCCESS);
    assert_eq!((b.word(8), b.word(12), b.word(0x400)), (0, 4, u32::from_be_bytes(*b"XPR2")));
    assert_eq!(
        b.status("NtQueryInformationFile", &[handle, base + 8, base + 0x400, 0x38, 34]),
        NtStatus::SUCCESS
    );
    assert_eq!(b.word(0x42C), 8, "end of file");
    assert_eq!(
        b.status("NtQueryInformationFile", &[handle, base + 8, base + 0x400, 8, 14]),
        NtStatus::SUCCESS
    );
    assert_eq!(b.word(0x404), 4, "position");
    assert_eq!(
        b.status("NtQueryVolumeInformationFile", &[handle, base + 8, base + 0x400, 0x18, 3]),
        NtStatus::SUCCESS
    );
    assert_eq!(b.word(0x414), 512);
    b.memory().write(b.scratch.offset(0x300), 8_u64).unwrap();
    let read = [handle, 0, 0, 0, base + 8, base + 0x400, 4, base + 0x300];
    assert_eq!(b.status("NtReadFile", &read), NtStatus::END_OF_FILE);
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
    assert_eq!(b.status("NtReadFile", &read), NtStatus::INVALID_HANDLE);
    assert_eq!(b.kernel.files.lock().iter().count(), 0);
    assert_eq!(b.status("NtQueryFullAttributesFile", &[attributes, base + 0x400]), NtStatus::SUCCESS);
    let padded = b.put_attributes(0x100, " game:\\Media\\Resource.xpr ");
    assert_eq!(b.status("NtQueryFullAttributesFile", &[padded, base + 0x400]), NtStatus::SUCCESS);
    let missing = b.put_attributes(0x100, r"game:\Media\nothing");
    assert_eq!(
        b.status("NtQueryFullAttributesFile", &[missing, base + 0x400]),
        NtStatus::OBJECT_NAME_NOT_FOUND
    );
    let open = [base, GENERIC_READ, missing, base + 8, 0, SYNCHRONOUS];
    assert_eq!(b.status("NtOpenFile", &open), NtStatus::OBJECT_NAME_NOT_FOUND);
    assert_eq!((b.word(0), b.word(12)), (u32::MAX, 5));
}

#[test]
fn an_asynchronous_read_signals_event_port_and_apc() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"cache:\file");
    let create = [base, 0xC000_0000, attributes, base + 8, 0, 0, 0, 2, UNBUFFERED];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    let file = u64::from(b.word(0));
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let event = u64::from(b.word(0));
    assert_eq!(b.status("NtCreateIoCompletion", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let port = b.word(0);
    b.memory().write(b.scratch.offset(0x20), port).unwrap();
    b.memory().write(b.scratch.offset(0x24), 0x77_u32).unwrap();
    let set = [file, base + 8, base + 0x20, 8, 30];
    assert_eq!(b.status("NtSetInformationFile", &set), NtStatus::SUCCESS);
    assert_eq!(b.status("NtSetInformationFile", &set), NtStatus::INVALID_PARAMETER, "once only");
    let write = [file, event, 0x8200_0001, 0x55, base + 8, base + 0x400, 0x200, 0];
    assert_eq!(b.status("NtWriteFile", &write), NtStatus::PENDING);
    assert_eq!((b.word(8), b.word(12)), (0, 0x200));
    assert_eq!(b.status("NtQueryEvent", &[event, base + 0x40]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x44), 1, "signalled");
    let remove = [u64::from(port), base + 0x50, base + 0x54, base + 0x58, 0];
    assert_eq!(b.status("NtRemoveIoCompletion", &remove), NtStatus::SUCCESS);
    assert_eq!([b.word(0x50), b.word(0x54), b.word(0x58), b.word(0x5C)], [0x77, 0x55, 0, 0x200]);
    let id = b.scheduler.thread(b.thread).unwrap().id;
    let apcs: Vec<_> = b.kernel.threads.lock().get(id).unwrap().apcs.user.iter().copied().collect();
    assert_eq!(apcs.len(), 1);
    assert_eq!((apcs[0].routine, apcs[0].args), (GuestAddr(0x8200_0000), [0x55, base + 8, 0]));
    assert!(matches!(b.call(Library::xboxkrnl, "NtRemoveIoCompletion", &remove), Flow::Block(_)));
    b.status("NtClose", &[u64::from(port)]);
    assert_eq!(b.status("NtClose", &[file]), NtStatus::SUCCESS, "the file gives the port up");
}

#[test]
fn a_transfer_that_its_call_refuses_reports_nothing_else() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"cache:\file");
    let create = [base, GENERIC_READ, attributes, base + 8, 0, 0, 0, 3, UNBUFFERED];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    let file = u64::from(b.word(0));
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let event = u64::from(b.word(0));
    let untouched = [0xEEEE_EEEE; 2];
    for (name, offset, status, block, signalled) in [
        ("NtReadFile", 1_u64, NtStatus::INVALID_PARAMETER, untouched, 0),
        ("NtReadFile", u64::MAX - 9, NtStatus::INVALID_PARAMETER, untouched, 0),
        ("NtWriteFile", 0, NtStatus::ACCESS_DENIED, untouched, 0),
        ("NtReadFile", 0x200, NtStatus::END_OF_FILE, [NtStatus::END_OF_FILE.0, 0], 1),
    ] {
        b.memory().write(b.scratch.offset(0x300), offset).unwrap();
        b.memory().fill(b.scratch.offset(8), 8, 0xEE).unwrap();
        let transfer = [file, event, 0, 0, base + 8, base + 0x400, 0x200, base + 0x300];
        assert_eq!(b.status(name, &transfer), status, "{name} {offset:#x}");
        assert_eq!([b.word(8), b.word(12)], block, "{name} {offset:#x}");
        assert_eq!(b.status("NtQueryEvent", &[event, base + 0x40]), NtStatus::SUCCESS);
        assert_eq!(b.word(0x44), signalled, "{name} {offset:#x}");
    }
    assert_eq!(b.status("NtClearEvent", &[event]), NtStatus::SUCCESS);
    b.memory().write(b.scratch.offset(0x300), 0_u64).unwrap();
    b.memory().fill(b.scratch.offset(8), 8, 0xEE).unwrap();
    for (pages, length, status) in
        [(8, 0x200, NtStatus::ACCESS_VIOLATION), (base + 0x400, 0x2000_0001, NtStatus::INVALID_PARAMETER)]
    {
        let transfer = [file, event, 0, 0, base + 8, pages, length, base + 0x300];
        assert_eq!(b.status("NtReadFileScatter", &transfer), status);
        assert_eq!([b.word(8), b.word(12)], untouched, "{status:?}");
        assert_eq!(b.status("NtQueryEvent", &[event, base + 0x40]), NtStatus::SUCCESS);
        assert_eq!(b.word(0x44), 0, "{status:?}");
    }
}

#[test]
fn only_unbuffered_transfers_are_pending() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.memory().write(b.scratch.offset(0x300), 0_u64).unwrap();
    for (options, length, status) in [
        (0, 0x200, NtStatus::SUCCESS),
        (UNBUFFERED, 0x200, NtStatus::PENDING),
        (UNBUFFERED, 0, NtStatus::SUCCESS),
        (UNBUFFERED | SYNCHRONOUS, 0x200, NtStatus::SUCCESS),
    ] {
        let attributes = b.put_attributes(0x100, r"cache:\file");
        let create = [base, 0xC000_0000, attributes, base + 8, 0, 0, 0, 3, options];
        assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
        let file = u64::from(b.word(0));
        for name in ["NtWriteFile", "NtReadFile"] {
            let transfer = [file, 0, 0, 0, base + 8, base + 0x400, length, base + 0x300];
            assert_eq!(b.status(name, &transfer), status, "{name}, {options:#x}, {length:#x}");
            assert_eq!((b.word(8), u64::from(b.word(12))), (0, length));
        }
        assert_eq!(b.status("NtClose", &[file]), NtStatus::SUCCESS);
    }
    let attributes = b.put_attributes(0x100, r"cache:\");
    let open = [base, GENERIC_READ, attributes, base + 8, 7, 1];
    assert_eq!(b.status("NtOpenFile", &open), NtStatus::SUCCESS);
    let query = [u64::from(b.word(0)), 0, 0, 0, base + 8, base + 0x400, 0x100, 0, 0];
    assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::SUCCESS, "read in the call");
}

#[test]
fn directories_are_listed_one_entry_per_call_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.txt", "A.txt", "c.bin"] {
        std::fs::write(folder.path().join(name), b"x").unwrap();
    }
    let mut b = Harness::new();
    b.mount(folder.path());
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"d:\");
    let open = [base, GENERIC_READ, attributes, base + 8, 0, SYNCHRONOUS | 1];
    assert_eq!(b.status("NtOpenFile", &open), NtStatus::SUCCESS);
    let handle = u64::from(b.word(0));
    let pattern = b.put_string(0x200, "*.TXT");
    let query = [handle, 0, 0, 0, base + 8, base + 0x400, 0x100, pattern, 0];
    for name in ["A.txt", "b.txt"] {
        assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::SUCCESS);
        let mut bytes = [0; 5];
        b.memory().read_bytes(b.scratch.offset(0x440), &mut bytes).unwrap();
        assert_eq!(bytes, name.as_bytes());
    }
    assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::NO_MORE_FILES);
    // A restart lists the current entries, by the same pattern.
    std::fs::write(folder.path().join("0.txt"), b"x").unwrap();
    let query = [handle, 0, 0, 0, base + 8, base + 0x400, 0x100, 0, 1];
    assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::SUCCESS);
    let mut bytes = [0; 5];
    b.memory().read_bytes(b.scratch.offset(0x440), &mut bytes).unwrap();
    assert_eq!(&bytes, b"0.txt");
    for name in ["0.txt", "A.txt", "b.txt"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::NO_MORE_FILES);
    // A pattern is compared with every name, so one longer than any name is refused.
    for pattern in ["?".repeat(256).as_str(), "*_X3.rkv", "m*_X3.rkv"] {
        std::fs::write(folder.path().join("m_X3.rkv"), b"x").unwrap();
        b.memory().write(b.scratch.offset(0x404), 0x5555_u32).unwrap();
        let refused = b.put_string(0x800, pattern);
        let query = [handle, 0, 0, 0, base + 8, base + 0x400, 0x100, refused, 1];
        assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::INVALID_PARAMETER);
        let block = [b.word(8), b.word(0xC), b.word(0x404)];
        assert_eq!(block, [NtStatus::INVALID_PARAMETER.0, 0, 0x5555]);
    }
}

#[test]
fn listings_of_open_directories_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.txt", "A.txt", "c.bin"] {
        std::fs::write(folder.path().join(name), b"x").unwrap();
    }
    let limits = vec!["enumerator_bytes=400".parse().unwrap()];
    let mut b = Harness::with_config(KernelConfig { limits, ..KernelConfig::default() }, Ports::default());
    b.mount(folder.path());
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"d:\");
    let open = [base, GENERIC_READ, attributes, base + 8, 7, SYNCHRONOUS | 1];
    let handles = [(); 2].map(|()| {
        assert_eq!(b.status("NtOpenFile", &open), NtStatus::SUCCESS);
        u64::from(b.word(0))
    });
    let mut list = |handle: u64| {
        let query = [handle, 0, 0, 0, base + 8, base + 0x400, 0x100, 0, 1];
        b.status("NtQueryDirectoryFile", &query)
    };
    assert_eq!(list(handles[0]), NtStatus::SUCCESS);
    assert_eq!(list(handles[1]), NtStatus::INSUFFICIENT_RESOURCES);
    assert_eq!(list(handles[0]), NtStatus::SUCCESS, "it replaces its own");
    assert_eq!(b.status("NtClose", &[handles[0]]), NtStatus::SUCCESS);
    let query = [handles[1], 0, 0, 0, base + 8, base + 0x400, 0x100, 0, 0];
    assert_eq!(b.status("NtQueryDirectoryFile", &query), NtStatus::SUCCESS);
}

#[test]
fn links_lead_to_files_and_files_are_deleted_by_disposition() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_string(0x100, r"\??\save:");
    let target = b.put_string(0x200, r"\Device\Harddisk0\Cache1");
    assert_eq!(b.status("ObCreateSymbolicLink", &[name, target]), NtStatus::SUCCESS);
    let other = b.put_string(0x200, r"\Device\Cdrom0");
    assert_eq!(b.status("ObCreateSymbolicLink", &[name, other]), NtStatus::OBJECT_NAME_COLLISION);
    let attributes = b.put_attributes(0x300, r"save:\game");
    let create = [base, 0x4000_0000, attributes, base + 8, 0, 0, 4, 2, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    let first = u64::from(b.word(0));
    // As DeleteFile opens: right to delete, share everything, backup intent, not a directory.
    let open = [base, 0x1_0000, attributes, base + 8, 7, 0x4040];
    assert_eq!(b.status("NtOpenFile", &open), NtStatus::SUCCESS);
    let second = u64::from(b.word(0));
    b.memory().write(b.scratch.offset(0x40), 1_u8).unwrap();
    let delete = [second, base + 8, base + 0x40, 1, 13];
    assert_eq!(b.status("NtSetInformationFile", &delete), NtStatus::SUCCESS);
    let pending = [attributes, base + 0x400];
    assert_eq!(b.status("NtQueryFullAttributesFile", &pending), NtStatus::DELETE_PENDING, "as an open");
    b.status("NtClose", &[second]);
    b.status("NtClose", &[first]);
    let gone = [attributes, base + 0x400];
    assert_eq!(b.status("NtQueryFullAttributesFile", &gone), NtStatus::OBJECT_NAME_NOT_FOUND);
    assert_eq!(b.status("ObDeleteSymbolicLink", &[name]), NtStatus::SUCCESS);
    assert_eq!(b.status("NtQueryFullAttributesFile", &gone), NtStatus::OBJECT_PATH_NOT_FOUND);
}

#[test]
fn a_file_renamed_to_a_plain_name_stays_in_its_directory() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"cache:\d");
    let create = [base, GENERIC_READ, attributes, base + 8, 0, 0x10, 7, 2, SYNCHRONOUS | 1];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    let attributes = b.put_attributes(0x100, r"cache:\d\a");
    let create = [base, 0xC001_0000, attributes, base + 8, 0, 0, 7, 2, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    // Don't replace, and no root directory.
    b.memory().write(b.scratch.offset(0x200), 0_u64).unwrap();
    b.put_string(0x208, "b");
    let rename = [u64::from(b.word(0)), base + 8, base + 0x200, 0x10, 10];
    assert_eq!(b.status("NtSetInformationFile", &rename), NtStatus::SUCCESS);
    let attributes = b.put_attributes(0x100, r"cache:\d\b");
    assert_eq!(b.status("NtQueryFullAttributesFile", &[attributes, base + 0x400]), NtStatus::SUCCESS);
}

#[test]
fn an_open_file_honours_sharing_and_gets_and_sets_information() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"cache:\f");
    b.memory().write(b.scratch.offset(0x80), 0x5000_u64).unwrap();
    // Hidden, with 20 KiB allocated, for reading and writing; others may read.
    let create = [base, 0xC001_0000, attributes, base + 8, base + 0x80, 2, 1, 2, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    assert_eq!((b.word(8), b.word(12)), (0, 2), "created");
    let file = u64::from(b.word(0));
    for (access, share, status) in [
        (GENERIC_READ, 7, NtStatus::SUCCESS),
        (GENERIC_READ, 1, NtStatus::SHARING_VIOLATION),
        (0x4000_0000, 7, NtStatus::SHARING_VIOLATION),
        (0x80, 0, NtStatus::SUCCESS),
    ] {
        let open = [base, access, attributes, base + 8, share, 0];
        assert_eq!(b.status("NtOpenFile", &open), status, "{access:#x} {share}");
        assert_eq!((b.word(8), b.word(12)), (status.0, u32::from(status.is_success())));
        if status.is_success() {
            let opened = u64::from(b.word(0));
            b.status("NtClose", &[opened]);
        }
    }
    // Class, length, and the returned words.
    let start = xenia_sched::START_FILETIME;
    let high = (start >> 32) as u32;
    let low = start as u32;
    let zero_size = [0, 0x8000, 0, 0];
    for (class, words) in [
        (4, vec![high, low, high, low, high, low, high, low, 2, 0]),
        (5, [&zero_size[..], &[1, 0]].concat()),
        (9, vec![2, u32::from_be_bytes(*b"\\f\0\0")]),
        (14, vec![0, 0]),
        (16, vec![0x20]),
        (17, vec![0]),
        (19, vec![0, 0x8000]),
        (32, vec![0]),
        (35, vec![2, 0]),
    ] {
        let length = words.len() as u64 * 4;
        let query = [file, base + 8, base + 0x400, length, class];
        b.memory().fill(b.scratch.offset(0x400), 0x100, 0).unwrap();
        assert_eq!(b.status("NtQueryInformationFile", &query), NtStatus::SUCCESS, "{class}");
        let found: Vec<u32> = (0..words.len() as u32).map(|index| b.word(0x400 + 4 * index)).collect();
        assert_eq!(found, words, "class {class}");
        let short = [file, base + 8, base + 0x400, length - 1, class];
        let status = b.status("NtQueryInformationFile", &short);
        assert_eq!(status, NtStatus::INFO_LENGTH_MISMATCH, "class {class}");
    }
    for (class, status) in [(27, NtStatus::INVALID_PARAMETER), (22, NtStatus::INVALID_INFO_CLASS)] {
        let query = [file, base + 8, base + 0x400, 0x100, class];
        assert_eq!(b.status("NtQueryInformationFile", &query), status, "{class}");
    }
    // Class, words, status.
    let invalid = NtStatus::INVALID_PARAMETER;
    for (class, words, status) in [
        (14, vec![0, 0x123], NtStatus::SUCCESS),
        (14, vec![0x8000_0000, 0], invalid),
        (16, vec![0x12], NtStatus::SUCCESS),
        (16, vec![0x30], invalid),
        (16, vec![0], invalid),
        (16, vec![0x1010], invalid),
        (19, vec![0xFFFF_FFFF, 0], invalid),
        (20, vec![0, 0x1000], NtStatus::SUCCESS),
        (20, vec![0x8000_0000, 0], invalid),
        (32, vec![3], NtStatus::SUCCESS),
        (11, vec![0; 4], invalid),
        (4, [&[0, 7][..], &[0; 6], &[0x21, 0]].concat(), NtStatus::SUCCESS),
        (4, [&[0x8000_0000, 7][..], &[0; 8]].concat(), invalid),
        (13, vec![0x0100_0000], NtStatus::CANNOT_DELETE),
    ] {
        for (index, &word) in words.iter().enumerate() {
            b.memory().write::<u32>(b.scratch.offset(0x400 + 4 * index as u32), word).unwrap();
        }
        let set = [file, base + 8, base + 0x400, words.len() as u64 * 4, class];
        assert_eq!(b.status("NtSetInformationFile", &set), status, "{class} {words:x?}");
        assert_eq!(b.word(8), status.0);
    }
    let query = [file, base + 8, base + 0x400, 0x38, 34];
    assert_eq!(b.status("NtQueryInformationFile", &query), NtStatus::SUCCESS);
    assert_eq!((b.word(0x400), b.word(0x404), b.word(0x408)), (0, 7, high));
    assert_eq!((b.word(0x42C), b.word(0x430)), (0x1000, 0x21), "size, attributes");
    assert_eq!(b.status("NtClose", &[file]), NtStatus::SUCCESS);
    let write = [base, 0x4000_0000, attributes, base + 8, 7, 0];
    assert_eq!(b.status("NtOpenFile", &write), NtStatus::ACCESS_DENIED, "read-only");
}

#[test]
fn volumes_report_their_information() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = Harness::new();
    b.mount(folder.path());
    let base = u64::from(b.scratch.0);
    // Device type and characteristics; attributes, maximum length of a name, name of the file
    // system.
    let mut serials = Vec::new();
    for (path, device, attribute) in [
        ("game:", [2, 3], [0x8_0002, 255, 4, u32::from_be_bytes(*b"GDFX")]),
        ("cache:", [7, 0], [2, 42, 4, u32::from_be_bytes(*b"FATX")]),
    ] {
        let attributes = b.put_attributes(0x100, path);
        let open = [base, GENERIC_READ, attributes, base + 8, 3, SYNCHRONOUS];
        assert_eq!(b.status("NtOpenFile", &open), NtStatus::SUCCESS, "{path}");
        let handle = u64::from(b.word(0));
        let mut words = |class: u64, count: u32| -> Vec<u32> {
            let query = [handle, base + 8, base + 0x400, u64::from(count) * 4, class];
            assert_eq!(b.status("NtQueryVolumeInformationFile", &query), NtStatus::SUCCESS);
            (0..count).map(|index| b.word(0x400 + 4 * index)).collect()
        };
        assert_eq!(words(4, 2), device, "{path}");
        assert_eq!(words(5, 4), attribute, "{path}");
        let volume = words(1, 6);
        assert_eq!(volume[3..], [0, 0, 0], "no label");
        serials.push(volume[2]);
        for class in [0, 2, 6, 7, 8] {
            let query = [handle, base + 8, base + 0x400, 0x100, class];
            assert_eq!(b.status("NtQueryVolumeInformationFile", &query), NtStatus::INVALID_INFO_CLASS);
        }
        let status = b.status("NtQueryVolumeInformationFile", &[handle, base + 8, base + 0x400, 7, 4]);
        assert_eq!(status, NtStatus::INFO_LENGTH_MISMATCH);
    }
    assert_ne!(serials[0], serials[1]);
}
