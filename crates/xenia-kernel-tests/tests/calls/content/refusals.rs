//! Tests of refused requests: names that lead outside, excessive sizes, and asynchronous calls.

use super::*;

#[test]
fn no_name_leads_out_of_the_content_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("content");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(outer.path().join("secret"), b"secret").unwrap();
    let mut b = harness(Some(&folder));
    let mut tried = 0;
    for file in [
        "",
        ".",
        "..",
        r"..\..\..\..\..\secret",
        "../../../../../secret",
        r"\secret",
        "/secret",
        r"a\b",
        "a/b",
        "c:",
        "a:b",
        "con.",
        "NUL.",
        "com1:sav",
        "a.",
        " ",
        "a=1",
        "a=header",
        "=header",
        "a+b",
        "a;b",
        "a,b",
        "a*",
        "a?",
        "a\"",
        "a<b",
        "a>b",
        "a|b",
        "a\n",
        "\u{1}",
    ] {
        assert_eq!(create(&mut b, "s", file, 4), (INVALID_NAME, 0), "{file:?}");
        tried += 1;
    }
    // Bytes that are not valid in the code page, and a name that fills its field without a
    // terminator.
    let root = b.put_text(ROOT, "s");
    let data = describe(&b, 1, &[0xFF; 4], "");
    assert_eq!(b.xam_call("XamContentCreate", &[0, root, data, 4, 0, 0, 0]), 0);
    assert_eq!(close(&mut b, "s"), 0);
    let data = describe(&b, 1, &[b'a'; 44], "");
    assert_eq!(b.xam_call("XamContentCreate", &[0, root, data, 4, 0, 0, 0]), 0);
    assert_eq!(close(&mut b, "s"), 0);
    for root in ["", ":", "a\\b", "..\\", "a:b", "a b", r"\Device\Cdrom0", &"r".repeat(300)] {
        assert_eq!(create(&mut b, root, "a", 4).0, INVALID_NAME, "{root:?}");
        tried += 1;
    }
    for root in ["game", "D", "cache", "hdd", "CACHE1:"] {
        assert_eq!(create(&mut b, root, "a", 4), (ALREADY_EXISTS, 0), "{root:?}");
        tried += 1;
    }
    assert_eq!(create(&mut b, "s", "a", 4), (0, 1));
    let files = files_of(&folder);
    assert!(files.is_dir());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outer.path(), files.join("link")).unwrap();
        for path in [r"s:\link\secret", r"s:\link"] {
            assert!(!write(&mut b, path, b"out").is_success(), "{path}");
        }
    }
    for path in [
        r"s:\..\secret",
        r"s:\..\..\..\..\..\..\secret",
        r"s:\..",
        r"s:\..\a=header",
        r"s:\x\..\..\a=header",
        r"s:\/..\..\secret",
        r"s:\.\..\secret",
        r"s:..\secret",
        r"s:\con.",
        r"s:\a:b",
        r"s:\a=header",
        r"s:\a\..\..\b",
        r"\Device\Package0\..\a=header",
        r"\Device\Package1\x",
        r"\Device\Package\x",
        r"\??\s:\..\secret",
        r"s:\a.",
        "s:\\a\u{1}",
        r"s:\a*",
        r"s:\a?b",
    ] {
        let status = write(&mut b, path, b"out");
        assert!(!status.is_success(), "{path}: {status:?}");
        tried += 1;
    }
    let long = format!(r"s:\{}", "l".repeat(43));
    assert!(!write(&mut b, &long, b"out").is_success());
    assert!(tried >= 62, "{tried}");
    assert_eq!(close(&mut b, "s"), 0);
    assert_eq!(std::fs::read(outer.path().join("secret")).unwrap(), b"secret");
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 2);
}

/// Creates and returns the folder of the package "a".
fn files_of(folder: &Path) -> PathBuf {
    let user = format!("{:016X}", Profile::made_for(0).xuid.0);
    let at = folder.join("Content").join(user).join("00000000/00000001/a=1");
    std::fs::create_dir_all(&at).unwrap();
    at
}

#[test]
fn a_title_may_not_open_packages_without_end() {
    let mut b = harness(None);
    let limit = xenia_limits::Limit::OpenPackages.row().value;
    for index in 0..=limit {
        let answer = create(&mut b, &format!("s{index}"), &format!("a{index}"), 4);
        assert_eq!(answer, if index < limit { (0, 1) } else { (4, 0) });
    }
    assert_eq!(close(&mut b, "s3"), 0);
    assert_eq!(create(&mut b, "t", "a", 4), (0, 1));
    // An open file of the closed package must not be visible under the root name of the next one.
    let attributes = b.put_attributes(0x400, r"t:\f");
    let open =
        [at(&b, RESULTS + 0x10), 0xC010_0000, attributes, at(&b, RESULTS + 0x20), 0, 0, 0, 5, SYNCHRONOUS];
    assert_eq!(b.status("NtCreateFile", &open), NtStatus::SUCCESS);
    assert_eq!(close(&mut b, "t"), 0);
    assert_eq!(create(&mut b, "t", "b", 4), (0, 1));
    assert_eq!(read(&mut b, r"t:\f"), Err(NtStatus::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn asynchronous_content_failures_reach_the_overlapped() {
    let mut b = harness(None);
    let data = describe(&b, 1, b"a", "");
    let root = b.put_text(ROOT, "s");
    let overlapped = at(&b, OVERLAPPED);
    let fields = |b: &Harness| [0, 4, 0x18].map(|field| b.word(OVERLAPPED + field));
    b.call_in_background("XamContentCreate", &[0, root, data, 3, 0, 0, overlapped]);
    assert_eq!(fields(&b), [0x65B, 0, 0x8007_0003]);
    b.call_in_background("XamContentCreate", &[1, root, data, 4, 0, 0, overlapped]);
    assert_eq!(fields(&b), [0x65B, u32::MAX, 0x8007_0525]);
    b.call_in_background("XamContentCreate", &[0, root, data, 4, 0, 0, overlapped]);
    assert_eq!(fields(&b), [0, 1, 0], "the length says that it is new");
    b.memory().write(b.scratch.offset(DATA), 9_u32).unwrap();
    b.call_in_background("XamContentDelete", &[0, data, overlapped]);
    assert_eq!(fields(&b), [0x65B, u32::MAX, 0x8007_048F]);
    // Wrong arguments fail the call itself.
    b.memory().write(b.scratch.offset(DATA), 1_u32).unwrap();
    b.memory().fill(b.scratch.offset(OVERLAPPED), 0x1C, 0x55).unwrap();
    for arguments in [[0, 0, overlapped], [9, data, overlapped]] {
        assert_eq!(b.xam_call("XamContentDelete", &arguments), INVALID_PARAMETER, "{arguments:x?}");
        assert_eq!(fields(&b), [0x5555_5555; 3]);
    }
    for arguments in [[0, 0, data, 4, 0, 0, 0], [0, root, 0, 4, 0, 0, 0], [4, root, data, 4, 0, 0, 0]] {
        b.memory().write(b.scratch.offset(DATA), 1_u32).unwrap();
        assert_eq!(b.xam_call("XamContentCreate", &arguments), INVALID_PARAMETER, "{arguments:x?}");
    }
}

#[test]
fn a_call_whose_event_is_invalid_does_nothing() {
    const INVALID_HANDLE: u64 = 6;
    let mut b = harness(None);
    let data = describe(&b, 1, b"a", "A save");
    let root = b.put_text(ROOT, "s");
    let overlapped = at(&b, OVERLAPPED);
    let open = [0, root, data, 1, at(&b, RESULTS), 0, overlapped];
    b.memory().fill(b.scratch.offset(OVERLAPPED), 0x1C, 0).unwrap();
    for (event, answer, is_open) in [(8_u32, INVALID_HANDLE, false), (0, IO_PENDING, true)] {
        b.memory().write(b.scratch.offset(OVERLAPPED + 0xC), event).unwrap();
        assert_eq!(b.xam_call("XamContentCreate", &open), answer, "{event}");
        assert_eq!(b.kernel.files.lock().package_is_on_disc("s").is_some(), is_open, "{event}");
    }
    b.end_background_calls();
    assert_eq!([0, 4].map(|field| b.word(OVERLAPPED + field)), [0, 1], "created");
    b.memory().write(b.scratch.offset(OVERLAPPED + 0xC), 8_u32).unwrap();
    assert_eq!(b.xam_call("XamContentClose", &[root, overlapped]), INVALID_HANDLE);
    assert!(b.kernel.files.lock().package_is_on_disc("s").is_some());
    assert_eq!(close(&mut b, "s"), 0);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, overlapped]), INVALID_HANDLE);
    assert_eq!(create(&mut b, "s", "a", 3), (0, 2), "it is still there");
    // The items of a list are not skipped.
    let list = [0, 0, 1, 0, 1, 0, at(&b, RESULTS)];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &list), 0);
    let list = u64::from(b.word(RESULTS));
    let next = [list, 0, at(&b, BUFFER), 0x1000, 0, overlapped];
    assert_eq!(b.xam_call("XamEnumerate", &next), INVALID_HANDLE);
    b.memory().write(b.scratch.offset(OVERLAPPED + 0xC), 0_u32).unwrap();
    b.call_in_background("XamEnumerate", &next);
    assert_eq!([0, 4].map(|field| b.word(OVERLAPPED + field)), [0, 1]);
}

#[test]
fn items_that_do_not_fit_the_buffer_stay_in_the_list() {
    let mut b = harness(None);
    assert_eq!(create(&mut b, "s", "a", 1), (0, 1));
    assert_eq!(close(&mut b, "s"), 0);
    let list = [0, 0, 1, 0, 1, 0, at(&b, RESULTS)];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &list), 0);
    let list = u64::from(b.word(RESULTS));
    let last = b.scratch.offset(BUFFER + 0x133);
    b.memory().write(last, 0xEE_u8).unwrap();
    for (size, answer, count, byte) in [(0x133, INSUFFICIENT_BUFFER, 0, 0xEE_u8), (0x134, 0, 1, 0)] {
        let next = [list, 0, at(&b, BUFFER), size, at(&b, RESULTS), 0];
        assert_eq!(b.xam_call("XamEnumerate", &next), answer, "{size:#x}");
        assert_eq!((b.word(RESULTS), b.memory().read(last)), (count, Ok(byte)), "{size:#x}");
    }
}

#[test]
fn nothing_is_opened_for_a_bad_pointer_to_the_license() {
    let mut b = harness(None);
    let data = describe(&b, 1, b"a", "A save");
    let root = b.put_text(ROOT, "s");
    for (license, answer) in [(8, INVALID_PARAMETER), (0, 0)] {
        let create = [0, root, data, 1, 0, license, 0];
        assert_eq!(b.xam_call("XamContentCreate", &create), answer, "{license:#x}");
    }
}
