//! Tests of paths, links and dispositions.

use super::*;
use std::sync::Arc;

fn vfs() -> Vfs {
    let mut vfs = Vfs::default();
    vfs.mount(r"\Device\Cdrom0", Box::new(MemoryDevice::new(0x10_0000, Arc::default()))).unwrap();
    vfs.mount(r"\Device\Harddisk0\Partition1", Box::new(MemoryDevice::new(0x10_0000, Arc::default())))
        .unwrap();
    vfs.link("game:", r"\Device\Cdrom0").unwrap();
    vfs.link(r"\??\d:", "game:").unwrap();
    vfs
}

fn request(disposition: CreateDisposition) -> OpenRequest {
    OpenRequest { disposition, kind: WantedKind::Any, write: true, attributes: 0, now: 1 }
}

#[test]
fn links_and_mounts_lead_to_one_place() {
    let vfs = vfs();
    let direct = vfs.resolve(r"\Device\Cdrom0\a").unwrap();
    for path in [r"game:\a", r"GAME:\A", r"\??\D:\a", "d:a", r"\device\CDROM0\x\..\a"] {
        let found = vfs.resolve(path).unwrap();
        assert_eq!(found.mount, direct.mount, "{path}");
        assert!(found.names[0].eq_ignore_ascii_case("a") && found.names.len() == 1, "{path}");
    }
    assert_eq!(vfs.full_name(&direct), r"\Device\Cdrom0\a");
    for (path, error) in [
        (r"x:\a", VfsError::NoDevice),
        ("", VfsError::NoDevice),
        (r"\Device", VfsError::NoDevice),
        (r"game:\..\Harddisk0\Partition1", VfsError::InvalidName),
        (r"game:\a:b", VfsError::InvalidName),
    ] {
        assert_eq!(vfs.resolve(path), Err(error), "{path}");
    }
}

#[test]
fn devices_are_taken_without_one_and_old_locations_lead_nowhere() {
    let mut vfs = vfs();
    let disc = vfs.resolve(r"\Device\Cdrom0").unwrap();
    let disk = vfs.resolve(r"\Device\Harddisk0\Partition1").unwrap();
    let taken = vfs.take_all_but(r"\device\cdrom0\");
    for old in [disc, disk] {
        assert_eq!(vfs.volume(&old).err(), Some(VfsError::NoDevice));
    }
    assert_eq!(taken.resolve(r"\Device\Cdrom0"), Err(VfsError::NoDevice));
    let disk = taken.resolve(r"\Device\Harddisk0\Partition1").unwrap();
    assert_eq!(taken.full_name(&disk), r"\Device\Harddisk0\Partition1");
    assert!(taken.volume(&disk).is_ok());
}

#[test]
fn links_may_not_circle_nor_change_silently() {
    let mut vfs = vfs();
    assert_eq!(vfs.link("GAME:", r"\Device\Cdrom0"), Ok(()), "the same link again");
    assert_eq!(vfs.link("game:", r"\Device\Harddisk0"), Err(VfsError::Exists));
    vfs.link("a:", "b:").unwrap();
    vfs.link("b:", r"a:\x").unwrap();
    assert_eq!(vfs.resolve(r"a:\file"), Err(VfsError::TooManyLinks));
    assert_eq!(vfs.link_target("D:"), Ok("game:"));
    vfs.unlink("game:").unwrap();
    assert_eq!(vfs.unlink("game:"), Err(VfsError::NotFound));
    assert_eq!(vfs.resolve(r"d:\x"), Err(VfsError::NoDevice));
}

#[test]
fn dispositions_open_create_or_overwrite() {
    // Columns: number, result if the file exists, result if it does not.
    let exists = Err(VfsError::Exists);
    let missing = Err(VfsError::NotFound);
    for (number, there, absent) in [
        (0, Ok(OpenAction::Superseded), Ok(OpenAction::Created)),
        (1, Ok(OpenAction::Opened), missing),
        (2, exists, Ok(OpenAction::Created)),
        (3, Ok(OpenAction::Opened), Ok(OpenAction::Created)),
        (4, Ok(OpenAction::Overwritten), missing),
        (5, Ok(OpenAction::Overwritten), Ok(OpenAction::Created)),
    ] {
        let mut vfs = vfs();
        let at = vfs.resolve(r"game:\f").unwrap();
        let request = request(CreateDisposition::of(number).unwrap());
        assert_eq!(vfs.open(&at, &request).map(|opened| opened.action), absent, "{number} absent");
        let file = match vfs.open(&at, &self::request(CreateDisposition::OpenOrCreate)) {
            Ok(opened) => opened.data.unwrap(),
            Err(error) => panic!("{error}"),
        };
        file.set_size(3).unwrap();
        assert_eq!(vfs.open(&at, &request).map(|opened| opened.action), there, "{number} there");
        let kept = matches!(there, Ok(OpenAction::Opened) | Err(_));
        assert_eq!(vfs.find(&at).unwrap().size, if kept { 3 } else { 0 }, "{number}");
    }
    assert_eq!(CreateDisposition::of(6), None);
}

#[test]
fn kinds_are_checked_and_renames_stay_on_their_device() {
    let mut vfs = vfs();
    let directory = vfs.resolve(r"game:\d").unwrap();
    let make = OpenRequest { kind: WantedKind::Directory, ..request(CreateDisposition::Create) };
    assert!(vfs.open(&directory, &make).unwrap().data.is_none());
    let as_file = OpenRequest { kind: WantedKind::File, ..request(CreateDisposition::Open) };
    assert_eq!(vfs.open(&directory, &as_file).err(), Some(VfsError::IsDirectory));
    let below = vfs.resolve_below(&directory, r"..\f").unwrap();
    assert_eq!(below, vfs.resolve(r"game:\f").unwrap());
    assert_eq!(vfs.resolve_below(&directory, r"..\..\f"), Err(VfsError::InvalidName));
    vfs.open(&below, &request(CreateDisposition::Create)).unwrap();
    let as_directory = OpenRequest { kind: WantedKind::Directory, ..request(CreateDisposition::Open) };
    assert_eq!(vfs.open(&below, &as_directory).err(), Some(VfsError::NotDirectory));
    let other = vfs.resolve(r"\Device\Harddisk0\Partition1\f").unwrap();
    assert_eq!(vfs.rename(&below, &other, Existing::Replace), Err(VfsError::OtherDevice));
}

#[test]
fn new_names_on_a_disk_are_those_of_its_file_system() {
    let mut vfs = vfs();
    let old = vfs.resolve(r"game:\old").unwrap();
    vfs.open(&old, &request(CreateDisposition::Create)).unwrap();
    for name in ["a=b", "a+b", "a;b", "a,b", "\u{100}", "\u{99}", &"a".repeat(43)] {
        let at = vfs.resolve(&format!(r"game:\{name}")).unwrap();
        assert!(!is_fatx_name(name), "{name}");
        for kind in [WantedKind::Any, WantedKind::Directory] {
            let request = OpenRequest { kind, ..request(CreateDisposition::OpenOrCreate) };
            assert_eq!(vfs.open(&at, &request).err(), Some(VfsError::InvalidName), "{name}");
        }
        assert_eq!(vfs.rename(&old, &at, Existing::Replace), Err(VfsError::InvalidName), "{name}");
        assert_eq!(vfs.find(&at), Err(VfsError::NotFound));
    }
    for name in ["..", "a\\b", "a ", "a\n", "a\u{7f}"] {
        assert!(!is_fatx_name(name), "{name}");
    }
    for name in
        ["a", "save.dat", "[x] {y} ~1'`!@#$%^&()-_", "\u{192}e\u{192}X", "Game\u{2122}", &"\u{e9}".repeat(42)]
    {
        let at = vfs.resolve(&format!(r"game:\{name}")).unwrap();
        assert_eq!(vfs.rename(&old, &at, Existing::Replace), Ok(()), "{name}");
        vfs.rename(&at, &old, Existing::Replace).unwrap();
    }
}
