//! Tests of objects' references and names, symbolic links, and the remaining file calls.

use super::*;

#[test]
fn objects_live_until_their_last_reference() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, "Named");
    assert_eq!(b.status("NtCreateEvent", &[base, attributes, 0, 1]), NtStatus::SUCCESS);
    let first = u64::from(b.word(0));
    let event_type = b.kernel.imports.variable(Library::xboxkrnl, "ExEventObjectType").unwrap();
    let timer_type = b.kernel.imports.variable(Library::xboxkrnl, "ExTimerObjectType").unwrap();
    let event_type = u64::from(event_type.0);
    let timer_type = u64::from(timer_type.0);
    let name = b.put_string(0x200, "nAMED");
    let by_name = |kind| [name, 0, kind, 0, base + 8];
    let open = |kind| [attributes, kind, 0, base + 12];
    for (kind, status) in [
        (0, NtStatus::SUCCESS),
        (event_type, NtStatus::SUCCESS),
        (timer_type, NtStatus::OBJECT_TYPE_MISMATCH),
    ] {
        assert_eq!(b.status("ObReferenceObjectByName", &by_name(kind)), status);
        assert_eq!(b.status("ObOpenObjectByName", &open(kind)), status);
    }
    // Two handles by name, one by pointer, and two references.
    let object = u64::from(b.word(8));
    assert_eq!(b.status("ObOpenObjectByPointer", &[object, base + 16]), NtStatus::SUCCESS);
    let pointer = u64::from(b.word(16));
    b.kernel_call("ObReferenceObject", &[object]);
    for handle in [first, u64::from(b.word(12)) - 4, u64::from(b.word(12)), pointer] {
        assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS, "{handle:#x}");
    }
    for alive in [true, true, false] {
        b.kernel_call("ObDereferenceObject", &[object]);
        let there = b.status("ObReferenceObjectByName", &by_name(0));
        assert_eq!(there, if alive { NtStatus::SUCCESS } else { NtStatus::OBJECT_NAME_NOT_FOUND });
        if alive {
            b.kernel_call("ObDereferenceObject", &[object]);
        }
    }
    assert_eq!(b.status("ObOpenObjectByName", &open(0)), NtStatus::OBJECT_NAME_NOT_FOUND);
    assert_eq!(b.status("ObOpenObjectByPointer", &[object, base]), NtStatus::INVALID_HANDLE);
    b.kernel_call("ObDereferenceObject", &[0]);
    b.kernel_call("ObReferenceObject", &[object]);
    let nameless = b.put_attributes(0x300, "");
    b.memory().write(GuestAddr(nameless as u32).offset(4), 0_u32).unwrap();
    assert_eq!(b.status("ObOpenObjectByName", &[nameless, 0, 0, base]), NtStatus::OBJECT_NAME_INVALID);
}

#[test]
fn a_failed_duplication_still_closes_its_source() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (options, closed) in [(0, NtStatus::SUCCESS), (1, NtStatus::INVALID_HANDLE)] {
        assert_eq!(b.status("NtCreateEvent", &[base, 0, 0, 1]), NtStatus::SUCCESS);
        let source = u64::from(b.word(0));
        let made = b.status("NtDuplicateObject", &[source, 8, options]);
        assert_eq!(made, NtStatus::ACCESS_VIOLATION);
        assert_eq!(b.status("NtClose", &[source]), closed);
    }
}

#[test]
fn a_handle_that_cannot_be_stored_is_closed() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let own = b.kthread();
    let file = b.put_attributes(0x100, r"cache:\file");
    let link = b.put_attributes(0x200, r"\??\cache:");
    let directory = b.put_attributes(0x300, r"\??");
    let before = b.kernel.objects.list();
    for (name, arguments) in [
        ("NtCreateEvent", &[8, 0, 0, 1][..]),
        ("NtCreateFile", &[8, GENERIC_READ, file, base, 0, 0, 7, 3, SYNCHRONOUS]),
        ("NtOpenSymbolicLinkObject", &[8, link]),
        ("NtOpenDirectoryObject", &[8, directory]),
        ("NtCreateMutant", &[8, 0, 0]),
        ("NtCreateSemaphore", &[8, 0, 0, 1]),
        ("NtCreateTimer", &[8, 0, 0]),
        ("NtCreateIoCompletion", &[8, 0, 0, 0]),
    ] {
        assert_eq!(b.status(name, arguments), NtStatus::ACCESS_VIOLATION, "{name}");
        assert_eq!(b.kernel.objects.list(), before, "{name}");
    }
    let handles = |b: &Harness| b.kernel.objects.counts(GuestAddr(own as u32)).unwrap();
    let before = handles(&b);
    for (name, arguments) in
        [("NtDuplicateObject", &[0xFFFF_FFFE, 8, 0][..]), ("ObOpenObjectByPointer", &[own, 8])]
    {
        assert_eq!(b.status(name, arguments), NtStatus::ACCESS_VIOLATION, "{name}");
        assert_eq!(handles(&b), before, "{name}");
    }
}

#[test]
fn nothing_is_kept_for_a_missing_result_pointer() {
    let mut b = Harness::new();
    let before = b.kernel.objects.list();
    for (name, arguments) in [
        ("NtCreateEvent", &[0, 0, 0, 1][..]),
        ("NtCreateMutant", &[0, 0, 0]),
        ("NtCreateSemaphore", &[0, 0, 0, 1]),
        ("NtCreateTimer", &[0, 0, 0]),
        ("NtCreateIoCompletion", &[0, 0, 0, 0]),
    ] {
        assert_eq!(b.status(name, arguments), NtStatus::SUCCESS, "{name}");
        assert_eq!(b.kernel.objects.list(), before, "{name}");
    }
    let own = GuestAddr(b.kthread() as u32);
    let counts = b.kernel.objects.counts(own);
    let refused = b.status("ObReferenceObjectByHandle", &[0xFFFF_FFFE, 0, 0]);
    assert_eq!((refused, b.kernel.objects.counts(own)), (NtStatus::INVALID_PARAMETER, counts));
}

#[test]
fn links_are_opened_and_asked_for_their_target() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_string(0x100, r"\??\save:");
    let target = b.put_string(0x200, r"\Device\Harddisk0\Cache1");
    assert_eq!(b.status("ObCreateSymbolicLink", &[name, target]), NtStatus::SUCCESS);
    let attributes = b.put_attributes(0x300, r"\??\save:");
    assert_eq!(b.status("NtOpenSymbolicLinkObject", &[base, attributes]), NtStatus::SUCCESS);
    let link = u64::from(b.word(0));
    for (room, status) in [(24, NtStatus::SUCCESS), (23, NtStatus::BUFFER_TOO_SMALL)] {
        b.memory().write::<u32>(b.scratch.offset(0x40), room).unwrap();
        b.memory().write(b.scratch.offset(0x44), b.scratch.offset(0x400)).unwrap();
        b.memory().write(b.scratch.offset(0x50), u32::MAX).unwrap();
        let query = [link, base + 0x40, base + 0x50];
        assert_eq!(b.status("NtQuerySymbolicLinkObject", &query), status);
        assert_eq!(b.word(0x50), 24, "the length, whether it fits or not");
    }
    let mut text = [0; 24];
    b.memory().read_bytes(b.scratch.offset(0x400), &mut text).unwrap();
    assert_eq!(&text, br"\Device\Harddisk0\Cache1");
    assert_eq!(b.status("NtQuerySymbolicLinkObject", &[8, base + 0x40, 0]), NtStatus::INVALID_HANDLE);
    assert_eq!(b.status("NtOpenSymbolicLinkObject", &[base, 0]), NtStatus::INVALID_PARAMETER);
    let missing = b.put_attributes(0x300, r"\??\nothing:");
    let status = b.status("NtOpenSymbolicLinkObject", &[base, missing]);
    assert_eq!(status, NtStatus::OBJECT_NAME_NOT_FOUND);
    assert_eq!(b.status("NtClose", &[link]), NtStatus::SUCCESS);
    assert!(b.kernel.files.lock().open_paths.is_empty());
}

#[test]
fn paths_are_translated_to_those_of_devices() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (path, room, status, text) in [
        (r"\??\cache:\", 0x40, NtStatus::SUCCESS, r"\Device\Harddisk0\Cache0"),
        (r"cache:\a\b", 0x40, NtStatus::SUCCESS, r"\Device\Harddisk0\Cache0\a\b"),
        (r"cache:\a\b", 4, NtStatus::BUFFER_TOO_SMALL, ""),
        (r"\??\nothing:\", 0x40, NtStatus::OBJECT_PATH_NOT_FOUND, ""),
    ] {
        let attributes = b.put_attributes(0x300, path);
        b.memory().write::<u32>(b.scratch, room).unwrap();
        b.memory().write(b.scratch.offset(4), b.scratch.offset(0x400)).unwrap();
        assert_eq!(b.status("ObTranslateSymbolicLink", &[attributes, base]), status, "{path}");
        let mut found = vec![0; (b.word(0) >> 16) as usize];
        b.memory().read_bytes(b.scratch.offset(0x400), &mut found).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), text, "{path}");
    }
    assert_eq!(b.status("ObTranslateSymbolicLink", &[0, base]), NtStatus::INVALID_PARAMETER);
}

#[test]
fn pages_are_gathered_into_a_file_scattered_out_of_it_and_the_file_deleted() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, r"cache:\pages");
    let create = [base, 0xC000_0000, attributes, base + 8, 0, 0, 0, 2, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
    let file = u64::from(b.word(0));
    for (index, page) in [0x2000_u32, 0x8000, 0x4000, 0x6000].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x40 + 4 * index as u32), b.scratch.offset(page)).unwrap();
    }
    b.memory().fill(b.scratch.offset(0x2000), 0x1000, 1).unwrap();
    b.memory().fill(b.scratch.offset(0x8000), 0x1000, 2).unwrap();
    let transfer = |pages, length| [file, 0, 0, 0, base + 8, base + pages, length, base + 0x80];
    b.memory().write(b.scratch.offset(0x80), 0_u64).unwrap();
    assert_eq!(b.status("NtWriteFileGather", &transfer(0x40, 0x1800)), NtStatus::SUCCESS);
    assert_eq!((b.word(8), b.word(12)), (0, 0x1800));
    assert_eq!(b.status("NtReadFileScatter", &transfer(0x48, 0x1800)), NtStatus::SUCCESS);
    assert_eq!(b.word(12), 0x1800);
    let words = [b.word(0x4000), b.word(0x4FFC), b.word(0x6000), b.word(0x67FC), b.word(0x6800)];
    assert_eq!(words, [0x0101_0101, 0x0101_0101, 0x0202_0202, 0x0202_0202, 0]);
    assert_eq!(b.status("NtFlushBuffersFile", &[file, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(8), b.word(12)), (0, 0));
    assert_eq!(b.status("NtDeleteFile", &[attributes]), NtStatus::SHARING_VIOLATION, "open");
    assert_eq!(b.status("NtClose", &[file]), NtStatus::SUCCESS);
    assert_eq!(b.status("NtDeleteFile", &[attributes]), NtStatus::SUCCESS);
    assert_eq!(b.status("NtDeleteFile", &[attributes]), NtStatus::OBJECT_NAME_NOT_FOUND);
    for name in ["NtWriteFileGather", "NtReadFileScatter"] {
        assert_eq!(b.status(name, &transfer(0x40, 0x1800)), NtStatus::INVALID_HANDLE, "{name}");
    }
    assert_eq!(b.status("NtFlushBuffersFile", &[file, base + 8]), NtStatus::INVALID_HANDLE);
}

#[test]
fn references_and_devices_for_bad_pointers_are_released() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, "Named");
    assert_eq!(b.status("NtCreateEvent", &[base, attributes, 0, 1]), NtStatus::SUCCESS);
    let objects = b.kernel.objects.list();
    let counts = |b: &Harness| {
        let objects = b.kernel.objects.list();
        objects.iter().map(|&(_, body)| b.kernel.objects.counts(body)).collect::<Vec<_>>()
    };
    let before = counts(&b);
    let name = b.put_string(0x200, "Named");
    for (call, arguments) in [
        ("ObReferenceObjectByName", vec![name, 0, 0, 0, 8]),
        ("ObLookupThreadByThreadId", vec![1, 8]),
        ("ObLookupAnyThreadByThreadId", vec![1, 8]),
        ("IoCreateDevice", vec![0x8200_1000, 0, 4, 0x22, 0, base]),
        ("IoCreateDevice", vec![0x8200_1000, 0, 0, 0x22, 0, 8]),
    ] {
        assert_eq!(b.status(call, &arguments), NtStatus::ACCESS_VIOLATION, "{call}");
        assert_eq!((b.kernel.objects.list(), counts(&b)), (objects.clone(), before.clone()), "{call}");
    }
}

/// Opens a directory of the object namespace, below another one or null.
fn open_directory(b: &mut Harness, below: u32, path: &str) -> Result<u64, NtStatus> {
    let attributes = b.put_attributes(0x100, path);
    b.memory().write(b.scratch.offset(0x100), below).unwrap();
    let base = u64::from(b.scratch.0);
    match b.status("NtOpenDirectoryObject", &[base, attributes]) {
        NtStatus::SUCCESS => Ok(u64::from(b.word(0))),
        status => Err(status),
    }
}

/// Names and types in a directory, until there are no more.
fn names_in(b: &mut Harness, directory: u64) -> Vec<(String, u32)> {
    let base = u64::from(b.scratch.0);
    let mut names = Vec::new();
    b.memory().write(b.scratch.offset(0x40), 0_u32).unwrap();
    loop {
        let query = [directory, base + 0x400, 0x100, 0, base + 0x40, base + 0x44];
        match b.status("NtQueryDirectoryObject", &query) {
            NtStatus::SUCCESS => {}
            status => {
                assert_eq!((status, b.word(0x44)), (NtStatus::NO_MORE_ENTRIES, 0));
                return names;
            }
        }
        assert_eq!(b.word(0x40) as usize, names.len() + 1, "the context");
        let length = b.word(0x400) >> 16;
        assert_eq!((b.word(0x400) & 0xFFFF, b.word(0x44)), (length + 1, 12 + length + 1));
        assert_eq!(b.word(0x404), b.scratch.0 + 0x40C);
        let mut name = vec![0; length as usize + 1];
        b.memory().read_bytes(b.scratch.offset(0x40C), &mut name).unwrap();
        assert_eq!(name.pop(), Some(0));
        names.push((String::from_utf8(name).unwrap(), b.word(0x408)));
    }
}

#[test]
fn directories_list_the_names_of_objects_devices_and_links() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (create, name) in [("NtCreateMutant", "Second"), ("NtCreateTimer", r"\BaseNamedObjects\first")] {
        let attributes = b.put_attributes(0x100, name);
        assert_eq!(b.status(create, &[base, attributes, 0]), NtStatus::SUCCESS);
    }
    let below = b.put_attributes(0x100, r"\BaseNamedObjects\deep\third");
    assert_eq!(b.status("NtCreateEvent", &[base, below, 0, 0]), NtStatus::SUCCESS);
    let tag = |tag: &[u8; 4]| u32::from_be_bytes(*tag);
    let named = |names: &[(&str, &[u8; 4])]| -> Vec<(String, u32)> {
        names.iter().map(|&(name, kind)| (name.to_owned(), tag(kind))).collect()
    };
    let objects = open_directory(&mut b, 0, r"\basenamedobjects").unwrap();
    let expected = named(&[("deep", b"eriD"), ("first", b"emiT"), ("Second", b"atuM")]);
    assert_eq!(names_in(&mut b, objects), expected);
    let deep = open_directory(&mut b, objects as u32, "Deep").unwrap();
    assert_eq!(names_in(&mut b, deep), named(&[("third", b"vevE")]));
    let root = open_directory(&mut b, 0, r"\").unwrap();
    let roots = named(&[("??", b"eriD"), ("BaseNamedObjects", b"eriD"), ("Device", b"eriD")]);
    assert_eq!(names_in(&mut b, root), roots);
    let disks = open_directory(&mut b, root as u32, r"Device\Harddisk0").unwrap();
    assert!(names_in(&mut b, disks).contains(&("Cache1".to_owned(), tag(b"iveD"))));
    let links = open_directory(&mut b, 0xFFFF_FFFD, "").unwrap();
    assert!(names_in(&mut b, links).contains(&("cache:".to_owned(), tag(b"mybS"))));
    for handle in [objects, deep, root, disks, links] {
        assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
    }
    assert!(b.kernel.files.lock().open_paths.is_empty());
}

#[test]
fn all_names_of_the_directory_of_links_lead_to_it() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let event = b.put_attributes(0x100, r"\dosdevices\event");
    assert_eq!(b.status("NtCreateEvent", &[base, event, 0, 0]), NtStatus::SUCCESS);
    for path in [r"\??", r"\DosDevices", r"\system??"] {
        let directory = open_directory(&mut b, 0, path).unwrap();
        let names: Vec<String> = names_in(&mut b, directory).into_iter().map(|(name, _)| name).collect();
        assert!(["cache:", "event"].iter().all(|&name| names.iter().any(|other| other == name)), "{path}");
    }
}

#[test]
fn an_entry_that_does_not_fit_is_not_counted() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let directory = open_directory(&mut b, 0, r"\").unwrap();
    b.memory().write(b.scratch.offset(0x40), 9_u32).unwrap();
    // The first name is `??`; a restart ignores the context.
    for (room, status, context) in [(14, NtStatus::BUFFER_TOO_SMALL, 9), (15, NtStatus::SUCCESS, 1)] {
        let query = [directory, base + 0x400, room, 1, base + 0x40, base + 0x44];
        assert_eq!(b.status("NtQueryDirectoryObject", &query), status);
        assert_eq!((b.word(0x40), b.word(0x44)), (context, 15), "{room}");
    }
    assert_eq!(b.status("NtQueryDirectoryObject", &[8, base, 0, 1, base, 0]), NtStatus::INVALID_HANDLE);
}

#[test]
fn directories_that_do_not_exist_are_refused_as_on_nt() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let event = b.put_attributes(0x100, "event");
    assert_eq!(b.status("NtCreateEvent", &[base, event, 0, 0]), NtStatus::SUCCESS);
    let objects = open_directory(&mut b, 0, r"\BaseNamedObjects").unwrap() as u32;
    for (below, path, status) in [
        (0, "", NtStatus::OBJECT_PATH_SYNTAX_BAD),
        (0, "BaseNamedObjects", NtStatus::OBJECT_PATH_SYNTAX_BAD),
        (0, r"\BaseNamedObjects\", NtStatus::OBJECT_NAME_INVALID),
        (0, r"\\BaseNamedObjects", NtStatus::OBJECT_NAME_INVALID),
        (0, r"\BaseNamedObjects\\x", NtStatus::OBJECT_NAME_INVALID),
        (0, r"\BaseNamedObjects\x\", NtStatus::OBJECT_PATH_NOT_FOUND),
        (0, r"\BaseNamedObjects\x", NtStatus::OBJECT_NAME_NOT_FOUND),
        (0, r"\BaseNamedObjects\event", NtStatus::OBJECT_TYPE_MISMATCH),
        (0, r"\??\cache:\x", NtStatus::OBJECT_TYPE_MISMATCH),
        (objects, r"\x", NtStatus::OBJECT_PATH_SYNTAX_BAD),
        (objects, r"x\", NtStatus::OBJECT_PATH_NOT_FOUND),
        (8, "x", NtStatus::INVALID_HANDLE),
    ] {
        assert_eq!(open_directory(&mut b, below, path), Err(status), "{path}");
    }
    assert_eq!(b.status("NtOpenDirectoryObject", &[base, 0]), NtStatus::INVALID_PARAMETER);
}
