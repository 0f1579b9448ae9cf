//! Tests of downloads that are a single package file.

use super::*;
use xenia_formats::Volume;
use xenia_formats::stfs::{PackageInfo, Signer};

/// Builds a package that contains `maps/one`.
fn package(signer: Signer, title: u32, kind: u32) -> Vec<u8> {
    let mut volume = Volume::default();
    let maps = volume.add_directory(Volume::ROOT, "maps").unwrap();
    volume.add_file(maps, "one", Arc::new(b"a map".to_vec())).unwrap();
    let info = PackageInfo {
        signer,
        is_unsigned: true,
        content_type: kind,
        title_id: TitleId(title),
        license: 5,
        display_name: "Map pack".to_owned(),
        pictures: [b"\x89PNG".to_vec(), Vec::new()],
        ..PackageInfo::default()
    };
    let mut bytes = Vec::new();
    xenia_formats::stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    bytes
}

/// Lists the files of a type's packages on a device.
fn listed(b: &mut Harness, device: u64, kind: u64) -> Vec<String> {
    let results = at(b, RESULTS);
    let buffer = at(b, BUFFER);
    let arguments = [0, device, kind, 0, 8, results, results + 4];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), 0);
    let handle = u64::from(b.word(RESULTS + 4));
    let read = b.xam_call("XamEnumerate", &[handle, 0, buffer, 8 * 0x134, results, 0]);
    let count = b.word(RESULTS);
    assert_eq!(read == 0, count > 0);
    b.status("NtClose", &[handle]);
    let name = |index| {
        let mut file = [0; 42];
        b.memory().read_bytes(b.scratch.offset(BUFFER + 0x134 * index + 0x108), &mut file).unwrap();
        file.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
    };
    (0..count).map(name).collect()
}

#[test]
fn a_download_in_one_file_is_listed_opened_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let of_type = folder.path().join("Content/0000000000000000/00000000/00000002");
    std::fs::create_dir_all(&of_type).unwrap();
    for (name, title, kind) in [("MAPS", 0, 2), ("OTHER", 7, 2), ("THEME", 0, 0x3_0000)] {
        std::fs::write(of_type.join(name), package(Signer::Live, title, kind)).unwrap();
    }
    std::fs::write(of_type.join("NOISE"), "CON noise").unwrap();
    std::fs::write(of_type.join("SHORT"), &package(Signer::Live, 0, 2)[..0x9000]).unwrap();
    let mut b = harness(Some(folder.path()));
    assert_eq!(listed(&mut b, 1, 2), ["MAPS", "SHORT"], "of this title and type alone");
    let display_name = b.memory().read_wide_string(b.scratch.offset(BUFFER + 8), 128).unwrap();
    assert_eq!(String::from_utf16_lossy(&display_name), "Map pack");
    let data = describe(&b, 2, b"MAPS", "");
    let root = b.put_text(ROOT, "dlc");
    let results = at(&b, RESULTS);
    let open = |mode| [0, root, data, mode, results, results + 4, 0, 0, 0];
    for mode in [2, 5] {
        assert_eq!(b.xam_call("XamContentCreateEx", &open(mode)), ACCESS_DENIED, "not made anew");
    }
    assert_eq!(b.xam_call("XamContentCreateEx", &open(3)), 0);
    assert_eq!((b.word(RESULTS), b.word(RESULTS + 4)), (2, 5));
    assert_eq!(read(&mut b, r"dlc:\MAPS\one"), Ok(b"a map".to_vec()));
    for path in [r"dlc:\maps\two", r"dlc:\maps\one"] {
        assert_eq!(write(&mut b, path, b"x"), NtStatus::ACCESS_DENIED);
    }
    assert_eq!(b.xam_call("XamContentGetThumbnail", &[0, data, 0, results, 0]), 0);
    assert_eq!(b.word(RESULTS), 4);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), ACCESS_DENIED, "it is open");
    assert_eq!(close(&mut b, "dlc"), 0);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), 0);
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), FILE_NOT_FOUND);
    assert!(!of_type.join("MAPS").exists() && of_type.join("OTHER").exists());
    describe(&b, 2, b"SHORT", "");
    assert_eq!(b.xam_call("XamContentCreateEx", &open(3)), FILE_CORRUPT);
    assert_eq!(b.xam_call("XamContentCreateEx", &open(1)), ALREADY_EXISTS);
}

#[test]
fn saved_game_as_a_package_file_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let owner = format!("{:016X}", Profile::made_for(0).xuid.0);
    let of_type = folder.path().join("Content").join(owner).join("00000000/00000001");
    std::fs::create_dir_all(&of_type).unwrap();
    std::fs::write(of_type.join("Slot 1"), package(Signer::Console, 0, 1)).unwrap();
    let mut b = harness(Some(folder.path()));
    assert_eq!(listed(&mut b, 1, 1), [""; 0]);
    assert_eq!(create(&mut b, "save", "Slot 1", 3), (PATH_NOT_FOUND, 0));
}

/// A disc with the package `EXTRA`.
fn disc() -> tempfile::TempDir {
    let disc = tempfile::tempdir().unwrap();
    let of_type = disc.path().join("content/0000000000000000/00000000/00000002");
    std::fs::create_dir_all(&of_type).unwrap();
    std::fs::write(of_type.join("EXTRA"), package(Signer::Live, 0, 2)).unwrap();
    disc
}

#[test]
fn packages_on_the_disc_are_listed_opened_and_not_written() {
    let mut b = harness(None);
    assert_eq!(listed(&mut b, 2, 2), [""; 0], "there is no disc");
    let disc = disc();
    b.mount(disc.path());
    let extra: [&[&str]; 3] = [&["EXTRA"], &[], &["EXTRA"]];
    for (device, files) in extra.into_iter().enumerate() {
        assert_eq!(listed(&mut b, device as u64, 2), files, "{device}");
    }
    assert_eq!(b.word(BUFFER), 2, "the device");
    let data = describe(&b, 2, b"EXTRA", "");
    let root = b.put_text(ROOT, "dlc");
    let open = |b: &mut Harness, device: u32, mode| {
        b.memory().write(b.scratch.offset(DATA), device).unwrap();
        b.xam_call("XamContentCreate", &[0, root, data, mode, 0, 0, 0])
    };
    for (mode, answer) in [(1, ALREADY_EXISTS), (2, ACCESS_DENIED), (5, ACCESS_DENIED)] {
        assert_eq!(open(&mut b, 2, mode), answer, "{mode}");
    }
    assert_eq!(open(&mut b, 1, 3), PATH_NOT_FOUND);
    for device in [0, 2] {
        assert_eq!(open(&mut b, device, 3), 0, "{device}");
        assert_eq!(read(&mut b, r"dlc:\maps\one"), Ok(b"a map".to_vec()));
        assert_eq!(write(&mut b, r"dlc:\maps\one", b"x"), NtStatus::ACCESS_DENIED);
        assert_eq!(volume_device_type(&mut b), 4);
        assert_eq!(close(&mut b, "dlc"), 0);
    }
    assert_eq!(b.xam_call("XamContentDelete", &[0, data, 0]), ACCESS_DENIED);
    assert_eq!(b.xam_call("XamContentSetThumbnail", &[0, data, data, 4, 0]), ACCESS_DENIED);
    describe(&b, 2, b"OTHER", "");
    assert_eq!(open(&mut b, 2, 4), ACCESS_DENIED, "nothing is made on a disc");
    // On any device a title creates its package on the hard disk.
    describe(&b, 2, b"EXTRA", "");
    assert_eq!(open(&mut b, 0, 5), PATH_NOT_FOUND);
    assert_eq!(open(&mut b, 0, 2), 0);
    assert_eq!(volume_device_type(&mut b), 1);
    assert_eq!(write(&mut b, r"dlc:\own", b"x"), NtStatus::SUCCESS);
}

/// The device type of the root `dlc`, by the system application's message.
fn volume_device_type(b: &mut Harness) -> u32 {
    let mut words = [0; 19];
    words[0] = u32::from_be_bytes(*b"dlc\0");
    words[17] = at(b, RESULTS) as u32;
    for (index, word) in (0_u32..).zip(words) {
        b.memory().write(b.scratch.offset(BUFFER + 4 * index), word).unwrap();
    }
    let message = [0xFE, 0x2_0021, at(b, BUFFER), 4 * 19];
    assert_eq!(b.xam_call("XMsgInProcessCall", &message), 0);
    b.word(RESULTS)
}

#[test]
fn paths_of_packages_are_those_of_their_files() {
    let mut b = harness(None);
    let disc = disc();
    b.mount(disc.path());
    let resolve = |b: &mut Harness, device: u32, kind, file: &[u8], length| {
        let data = describe(b, kind, file, "");
        b.memory().write(b.scratch.offset(DATA), device).unwrap();
        b.xam_call("XamContentResolve", &[0, data, at(b, BUFFER), length, 1, 0, 0])
    };
    let path = |b: &Harness| b.memory().read_c_string(b.scratch.offset(BUFFER), 260).unwrap();
    assert_eq!(resolve(&mut b, 2, 2, b"EXTRA", 260), 0);
    let on_disc = br"\Device\Cdrom0\Content\0000000000000000\00000000\00000002\EXTRA";
    assert_eq!(path(&b), on_disc);
    assert_eq!(resolve(&mut b, 2, 2, b"EXTRA", on_disc.len() as u64), INSUFFICIENT_BUFFER);
    let on_disk = br"\Device\Harddisk0\Partition1\Content\0000000000000000\00000000\00000002\EXTRA";
    assert_eq!(resolve(&mut b, 1, 2, b"EXTRA", 260), 0);
    assert_eq!(path(&b), on_disk);
    for (device, kind) in [(2, 2), (1, 1), (2, 1)] {
        assert_eq!(resolve(&mut b, device, kind, b"OTHER", 260), FILE_NOT_FOUND, "{device} {kind}");
    }
    assert_eq!(resolve(&mut b, 9, 2, b"EXTRA", 260), NOT_CONNECTED);
    // The same by the owner and the title of the description.
    let data = describe(&b, 2, b"EXTRA", "");
    let to = at(&b, BUFFER);
    for (title, length, answer) in [
        (0, on_disk.len() as u64, INSUFFICIENT_BUFFER),
        (0x5841_0001, 260, ACCESS_DENIED),
        (0, 260, 0),
        (u32::MAX, 260, 0),
    ] {
        b.memory().fill(b.scratch.offset(BUFFER), 260, 0).unwrap();
        b.memory().write(b.scratch.offset(DATA), 1_u32).unwrap();
        b.memory().write(b.scratch.offset(DATA + 0x138), 0_u64).unwrap();
        b.memory().write(b.scratch.offset(DATA + 0x140), title).unwrap();
        let found = b.xam_call("XamContentResolveInternal", &[data, to, length, 1, 0, 0]);
        assert_eq!(found, answer, "{title:x}");
        assert_eq!(path(&b), if answer == 0 { &on_disk[..] } else { b"" }, "{title:x}");
    }
}
