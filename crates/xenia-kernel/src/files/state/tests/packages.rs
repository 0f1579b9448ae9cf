//! Tests of saved packages: those that were open are opened again, and files outside of them stay
//! closed.

use super::*;
use std::path::PathBuf;

/// Refusal of files in no open package, and not on the title's hard disk.
const NOT_OWN: &str = "a file that was being written is not the title's, or its package was replaced";

#[derive(Debug)]
struct Folder(PathBuf);
impl Storage for Folder {
    fn content(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

fn save_name() -> PackageName {
    PackageName::new(Xuid(1), 2, 1, "Save").unwrap()
}

fn save_header() -> PackageHeader {
    PackageHeader::new(Xuid(1), "A game")
}

/// Opens a new package and begins to write a file in it.
fn begin(files: &mut Files, text: &[u8]) {
    files.open_package("save", &save_name(), PackageMode::New, save_header()).unwrap();
    let parameters = OpenParameters {
        access: access::GENERIC_ALL,
        disposition: CreateDisposition::Create,
        ..OpenParameters::to_read(r"save:\data", 1)
    };
    let (file, _) = files.open(&parameters).unwrap();
    file.data().unwrap().write_at(0, text).unwrap();
    files.insert(GuestAddr(0x1000), file);
}

#[test]
fn packages_on_the_host_are_opened_again_unless_they_are_being_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let objects = objects();
    let mut files = fresh(&storage);
    begin(&mut files, b"half of it");
    let state = saved(&files).unwrap();
    files.discard();
    files.close_all();
    drop(files);
    let mut again = restored(&storage, &state, &objects).unwrap();
    assert!(saved(&again).unwrap() == state);
    again.get(GuestAddr(0x1000)).unwrap().data().unwrap().write_at(10, b", and the rest").unwrap();
    again.remove(GuestAddr(0x1000));
    again.close_package("save").unwrap();
    again.open_package("save", &save_name(), PackageMode::Existing, save_header()).unwrap();
    let (file, _) = again.open(&OpenParameters::to_read(r"save:\data", 1)).unwrap();
    let mut bytes = [0; 24];
    assert_eq!(file.data().unwrap().read_at(0, &mut bytes), Ok(24));
    assert_eq!(&bytes, b"half of it, and the rest");
    again.close(file);
    again.close_package("save").unwrap();
    again.open_package("save", &save_name(), PackageMode::Truncate, save_header()).unwrap();
    assert_eq!(saved(&again).unwrap_err().to_string(), "the package Save: the title is replacing it");
}

#[test]
fn packages_that_changed_since_the_state_are_opened_as_they_are() {
    let save = |files: &mut Files, text: &[u8]| {
        let parameters = OpenParameters {
            access: access::GENERIC_ALL,
            disposition: CreateDisposition::OverwriteOrCreate,
            ..OpenParameters::to_read(r"save:\data", 1)
        };
        let (file, _) = files.open(&parameters).unwrap();
        file.data().unwrap().write_at(0, text).unwrap();
        files.close(file);
    };
    for is_deleted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let storage = Folder(folder.path().to_owned());
        let mut files = fresh(&storage);
        files.open_package("save", &save_name(), PackageMode::New, save_header()).unwrap();
        save(&mut files, b"one");
        let state = saved(&files).unwrap();
        files.close_package("save").unwrap();
        if is_deleted {
            files.delete_package(&save_name()).unwrap();
        } else {
            files.open_package("save", &save_name(), PackageMode::Truncate, save_header()).unwrap();
            save(&mut files, b"two");
            files.close_package("save").unwrap();
        }
        drop(files);
        let mut again = restored(&storage, &state, &objects()).unwrap();
        save(&mut again, b"three");
        again.close_package("save").unwrap();
        drop(again);
        let mut files = fresh(&storage);
        files.open_package("save", &save_name(), PackageMode::Existing, save_header()).unwrap();
        let (file, _) = files.open(&OpenParameters::to_read(r"save:\data", 1)).unwrap();
        let mut text = [0; 5];
        assert_eq!(file.data().unwrap().read_at(0, &mut text), Ok(5), "{is_deleted}");
        assert_eq!(&text, b"three");
    }
}

#[test]
fn a_file_that_was_being_written_is_gone_with_a_package_that_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let mut files = fresh(&storage);
    begin(&mut files, b"one");
    let state = saved(&files).unwrap();
    files.remove(GuestAddr(0x1000));
    files.close_package("save").unwrap();
    files.open_package("save", &save_name(), PackageMode::Always, save_header()).unwrap();
    files.close_package("save").unwrap();
    drop(files);
    assert_eq!(restored(&storage, &state, &objects()).err().unwrap().to_string(), NOT_OWN);
}

#[test]
fn a_package_in_one_file_that_is_gone_hinders_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let name = PackageName::new(Xuid::NOBODY, TITLES[0], MARKETPLACE, "Maps").unwrap();
    let at = folder.path().join(name.files(0).join("/"));
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(at, package()).unwrap();
    let mut files = fresh(&storage);
    files.open_package("maps", &name, PackageMode::Existing, PackageHeader::new(Xuid::NOBODY, "")).unwrap();
    assert!(saved(&files).is_ok());
    files.packages.store.device().lock().remove(&name.files(0)).unwrap();
    let reason = "the package Maps: it is open, and is not there any more";
    assert_eq!(saved(&files).unwrap_err().to_string(), reason);
}

#[test]
fn packages_on_the_disc_are_opened_again_and_downloads_written() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let on_disk = PackageName::new(Xuid::NOBODY, TITLES[0], MARKETPLACE, "Maps").unwrap();
    let on_disc = on_disk.on_disc();
    let mut files = fresh(&storage);
    let header = || PackageHeader::new(Xuid::NOBODY, "");
    files.open_package("maps", &on_disc, PackageMode::Existing, header()).unwrap();
    // The title copies the package to the hard disk.
    let path = files.path_of_package(&on_disk, true).unwrap();
    assert_eq!(path, r"\Device\Harddisk0\Partition1\Content\0000000000000000\4D5307D1\00000002\Maps");
    let parameters = OpenParameters {
        access: access::GENERIC_ALL,
        disposition: CreateDisposition::Create,
        ..OpenParameters::to_read(&path, 1)
    };
    let (file, _) = files.open(&parameters).unwrap();
    let bytes = package();
    file.data().unwrap().write_at(0, &bytes[..0x1000]).unwrap();
    files.insert(GuestAddr(0x1000), file);
    assert_eq!(files.packages.find(&on_disk), Ok(None), "it is not there yet");
    let state = saved(&files).unwrap();
    files.disc = Some(2);
    let reason = "the package Maps: it is on the disc that was in the drive before";
    assert_eq!(saved(&files).unwrap_err().to_string(), reason);
    files.discard();
    files.close_all();
    drop(files);
    let mut again = restored(&storage, &state, &objects()).unwrap();
    assert!(saved(&again).unwrap() == state);
    let (file, _) = again.open(&OpenParameters::to_read(r"maps:\one", 1)).unwrap();
    assert_eq!(file.data().unwrap().size(), Ok(5));
    again.close(file);
    again.close_package("maps").unwrap();
    again.get(GuestAddr(0x1000)).unwrap().data().unwrap().write_at(0x1000, &bytes[0x1000..]).unwrap();
    again.remove(GuestAddr(0x1000));
    let listed = again.packages.store.packages(Xuid::NOBODY, TITLES[0], MARKETPLACE).unwrap();
    assert!(listed.len() == 1 && listed[0].0.is(&on_disk), "{listed:?}");
    for name in [&on_disk, &on_disc] {
        again.open_package("maps", name, PackageMode::Existing, header()).unwrap();
        assert!(again.packages.is_open(name));
        again.close_package("maps").unwrap();
    }
}

#[test]
fn packages_that_were_opened_by_their_paths_are_opened_again() {
    let mut files = fresh(&NoStorage);
    let path = r"\??\game:\Content\0000000000000000\4D5307D1\00000002\Maps";
    files.open_package_file("maps", path).unwrap();
    let (file, _) = files.open(&OpenParameters::to_read(r"maps:\one", 1)).unwrap();
    files.insert(GuestAddr(0x1000), file);
    let state = saved(&files).unwrap();
    let mut again = restored(&NoStorage, &state, &objects()).unwrap();
    assert!(saved(&again).unwrap() == state);
    assert_eq!(again.get(GuestAddr(0x1000)).unwrap().data().unwrap().size(), Ok(5));
    again.close_package("maps").unwrap();
    assert!(again.vfs.resolve(r"maps:\one").is_err());
    files.disc = Some(2);
    assert!(saved(&files).is_err(), "it is on the first disc");
    files.release_all();
    let at = files.vfs.resolve(r"maps:\one").unwrap();
    assert!(files.vfs.find(&at).is_err());
}

#[test]
fn a_package_whose_file_has_changed_hinders_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let at = folder.path().join("Disk/4D5307D1/maps");
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(&at, package()).unwrap();
    let mut files = fresh(&storage);
    files.open_package_file("maps", r"hdd:\maps").unwrap();
    let state = saved(&files).unwrap();
    assert!(restored(&storage, &state, &objects()).is_ok());
    std::fs::write(&at, [package(), vec![0]].concat()).unwrap();
    assert!(restored(&storage, &state, &objects()).is_err(), "it has another size");
    for bytes in [package_with(b"a log"), vec![0; package().len()]] {
        std::fs::write(&at, bytes).unwrap();
        let reason = saved(&files).unwrap_err().to_string();
        assert!(reason.ends_with(": its file has changed"), "{reason}");
    }
    // Another root does not get what the file had before.
    std::fs::write(&at, package_with(b"a log")).unwrap();
    files.open_package_file("other", r"hdd:\maps").unwrap();
    let (file, _) = files.open(&OpenParameters::to_read(r"other:\one", 1)).unwrap();
    let mut text = [0; 5];
    assert_eq!(file.data().unwrap().read_at(0, &mut text), Ok(5));
    assert_eq!(&text, b"a log");
    files.close(file);
}

#[test]
fn the_place_of_a_package_stays_free_while_one_in_it_is_open() {
    let mut files = fresh(&NoStorage);
    for (root, text) in [("one", package()), ("two", b"no package".to_vec())] {
        let name = PackageName::new(Xuid(1), 2, 1, root).unwrap();
        files.open_package(root, &name, PackageMode::New, save_header()).unwrap();
        let path = format!(r"{root}:\inner");
        let parameters = OpenParameters {
            access: access::GENERIC_ALL,
            disposition: CreateDisposition::Create,
            ..OpenParameters::to_read(&path, 1)
        };
        let (file, _) = files.open(&parameters).unwrap();
        file.data().unwrap().write_at(0, &text).unwrap();
        files.close(file);
        if root == "one" {
            files.open_package_file("maps", &path).unwrap();
            files.close_package(root).unwrap();
        }
    }
    let reason = saved(&files).unwrap_err().to_string();
    assert!(reason.ends_with(": it is open, and is not there any more"), "{reason}");
}

#[test]
fn files_left_open_in_a_closed_package_hinder_no_state() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let name = PackageName::new(Xuid(1), 2, 1, "Save").unwrap();
    let mut files = fresh(&storage);
    files.open_package("save", &name, PackageMode::New, PackageHeader::new(Xuid(1), "A game")).unwrap();
    for body in [0x1000, 0x2000] {
        let parameters = OpenParameters {
            access: access::GENERIC_ALL,
            disposition: CreateDisposition::OpenOrCreate,
            ..OpenParameters::to_read(r"save:\data", 1)
        };
        let (file, _) = files.open(&parameters).unwrap();
        files.insert(GuestAddr(body), file);
    }
    files.set_delete(GuestAddr(0x1000), true).unwrap();
    files.close_package("save").unwrap();
    let saves = folder.path().join("Content/0000000000000001/00000002/00000001/Save=1");
    assert_eq!(std::fs::read_dir(saves).unwrap().count(), 0, "it was to be deleted");
    let state = saved(&files).unwrap();
    let mut again = restored(&storage, &state, &objects()).unwrap();
    assert!(saved(&again).unwrap() == state);
    for files in [&mut files, &mut again] {
        assert!(files.get(GuestAddr(0x1000)).unwrap().data().is_none());
        assert!(
            files.set_delete(GuestAddr(0x2000), true).is_err() && files.entry(GuestAddr(0x2000)).is_err()
        );
        files.close_all();
        assert_eq!(files.shared_count(), 0);
    }
}

#[test]
fn a_state_opens_and_writes_no_files_of_other_titles() {
    const OTHER: u32 = 0x4D53_0999;
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    let name = PackageName::new(Xuid(1), OTHER, 1, "Save").unwrap();
    let header = || PackageHeader::new(Xuid(1), "A game");
    let create = |path| OpenParameters {
        access: access::GENERIC_ALL,
        disposition: CreateDisposition::OverwriteOrCreate,
        ..OpenParameters::to_read(path, 1)
    };
    // The other title saves in a package and on its hard disk.
    let of_other = || {
        let mut files = fresh(&storage);
        files.mount_hard_disk(OTHER).unwrap();
        files.open_package("save", &name, PackageMode::OpenAlways, header()).unwrap();
        files
    };
    let mut files = of_other();
    for path in [r"save:\data", r"hdd:\data"] {
        let (file, _) = files.open(&create(path)).unwrap();
        file.data().unwrap().write_at(0, b"the other's").unwrap();
        files.close(file);
    }
    files.close_package("save").unwrap();
    drop(files);
    let saved_files = ["Content/0000000000000001/4D530999/00000001/Save=1/data", "Disk/4D530999/data"];
    let contents = || saved_files.map(|path| std::fs::read(folder.path().join(path)).unwrap());
    assert_eq!(contents(), [b"the other's"; 2]);
    let reasons = ["an open package is of another title", NOT_OWN];
    for (path, reason) in [r"save:\data", r"hdd:\data"].into_iter().zip(reasons) {
        let mut files = of_other();
        let (file, _) = files.open(&create(path)).unwrap();
        file.data().unwrap().write_at(0, b"an attack").unwrap();
        files.insert(GuestAddr(0x1000), file);
        if path.starts_with("hdd") {
            files.close_package("save").unwrap();
        }
        let state = saved(&files).unwrap();
        files.discard();
        files.close_all();
        drop(files);
        assert_eq!(restored(&storage, &state, &objects()).err().unwrap().to_string(), reason, "{path}");
        assert_eq!(contents(), [b"the other's"; 2], "{path}");
    }
}

#[test]
fn a_publishers_package_of_another_title_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder(folder.path().to_owned());
    for (title, kind, is_opened) in [
        (TITLES[0] ^ 1, 3, true),
        (TITLES[0] ^ 1, 1, false),
        (TITLES[0] ^ 0x1_0000, 3, false),
        (TITLES[1] ^ 1, 3, false),
    ] {
        let name = PackageName::new(Xuid(1), title, kind, "Save").unwrap();
        let mut files = fresh(&storage);
        let header = PackageHeader::new(Xuid(1), "A game");
        files.open_package("save", &name, PackageMode::OpenAlways, header).unwrap();
        files.flush_package("save").unwrap();
        let state = saved(&files).unwrap();
        drop(files);
        assert_eq!(restored(&storage, &state, &objects()).is_ok(), is_opened, "{title:x} {kind}");
    }
}
