//! Tests of imports of several packages, and of disks that fail.

use super::super::tests::run;
use super::*;
use xenia_kernel::vfs::{Entry, Existing, FileData, OpenMode, VolumeProperties};

/// Error of a disk that is gone.
const GONE: VfsError = VfsError::Host(io::ErrorKind::NotConnected);

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// No name can be synced.
    Unsynced,
    /// Nothing can be deleted.
    Undeletable,
    /// The disk is gone from the moment at which a file is to be made.
    Lost,
}

/// A folder of the host on a disk that fails.
struct FailingFolder {
    folder: HostFolder,
    fault: Fault,
    is_gone: bool,
}

impl FailingFolder {
    fn store(path: &Path, fault: Fault) -> ContentStore {
        let folder = HostFolder::writable(path, Arc::default()).unwrap();
        ContentStore::new(Box::new(Self { folder, fault, is_gone: false }))
    }
}

impl FileDevice for FailingFolder {
    fn volume(&self) -> VolumeProperties {
        self.folder.volume()
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        self.folder.find(path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.folder.list(path)
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        if self.is_gone { Err(GONE) } else { self.folder.open(path, mode) }
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        self.is_gone |= self.fault == Fault::Lost;
        if self.is_gone { Err(GONE) } else { self.folder.create_file(path) }
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.folder.create_directory(path)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        let fails = self.fault == Fault::Undeletable && self.folder.find(path).is_ok();
        if fails { Err(VfsError::ReadOnly) } else { self.folder.remove(path) }
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        self.folder.rename(from, to, existing)?;
        if self.fault == Fault::Unsynced { Err(VfsError::Full) } else { Ok(()) }
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        self.folder.flush_below(path)
    }
}

#[test]
fn saves_of_two_profiles_do_not_replace_each_other_in_one_import() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for owner in ["E000000000000001", "E000000000000002"] {
        let save = at(&format!("out/{owner}/4D5307D1/00000001/Save"));
        std::fs::create_dir_all(&save).unwrap();
        std::fs::write(format!("{save}/data"), owner).unwrap();
    }
    for _ in 0..2 {
        let done = run(&["import", &at("out"), "--content", &at("two"), "--replace"]);
        let why = format!("{:#}", done.unwrap_err());
        assert!(why.contains("E000000000000002") && why.contains("--owner"), "{why}");
        let store = to_write(Path::new(&at("two"))).unwrap();
        assert_eq!(store.every_package().unwrap().len(), 1);
    }
}

/// Imports the folders A and B, which have this text. Returns the names and warnings that were
/// reported, and the result.
fn import_two(store: &ContentStore, text: &str) -> (Vec<String>, Result<()>) {
    let dir = tempfile::tempdir().unwrap();
    let packages = ["A", "B"].map(|name| dir.path().join(name));
    for package in &packages {
        std::fs::create_dir_all(package).unwrap();
        std::fs::write(package.join("data"), text).unwrap();
    }
    // Content that all profiles share: a saved game's import may make a profile first.
    let choice =
        ImportChoice { title: Some(0x4D53_07D1), kind: Some(2), replaces: true, ..ImportChoice::default() };
    let mut reports = Vec::new();
    let done = import(store, &packages, choice, |_, Imported { name, warnings }| {
        reports.push(format!("{}: {}", name.file(), warnings.join("; ")));
    });
    (reports, done)
}

#[test]
fn packages_are_imported_with_a_warning_if_only_a_later_step_fails() {
    for (fault, warning) in [
        (Fault::Unsynced, "it may not survive a crash of the host: the device is full"),
        (Fault::Undeletable, "its old files could not be deleted: writing is not allowed"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (reports, done) = import_two(&to_write(dir.path()).unwrap(), "old");
        assert!(done.is_ok() && reports == ["A: ", "B: "], "{reports:?}, {done:?}");
        let (reports, done) = import_two(&FailingFolder::store(dir.path(), fault), "new");
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(reports, ["A", "B"].map(|name| format!("{name}: {warning}")));
        let saves = dir.path().join("Content/0000000000000000/4D5307D1/00000002");
        for (folder, text) in [("A=1", "old"), ("A=2", "new"), ("B=1", "old"), ("B=2", "new")] {
            assert_eq!(std::fs::read_to_string(saves.join(folder).join("data")).unwrap(), text, "{folder}");
        }
    }
}

#[test]
fn a_package_whose_files_cannot_be_written_is_not_imported() {
    let dir = tempfile::tempdir().unwrap();
    let (reports, done) = import_two(&FailingFolder::store(dir.path(), Fault::Lost), "new");
    assert!(done.is_err() && reports.is_empty(), "{reports:?}, {done:?}");
}

#[test]
fn advice_for_a_second_shared_package_names_no_profile() {
    let dir = tempfile::tempdir().unwrap();
    let packages = ["a", "b"].map(|folder| dir.path().join(folder).join("Maps"));
    for package in &packages {
        std::fs::create_dir_all(package).unwrap();
        std::fs::write(package.join("data"), "a map").unwrap();
    }
    let choice = ImportChoice { title: Some(0x4D53_07D1), kind: Some(2), ..ImportChoice::default() };
    let store = to_write(&dir.path().join("content")).unwrap();
    let why = format!("{:#}", import(&store, &packages, choice, |_, _| ()).unwrap_err());
    assert!(why.contains("import this one alone") && !why.contains("profile"), "{why}");
}

/// Makes a file below a folder.
fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The header that xenia keeps for a package.
fn foreign_header(display_name: &str) -> Vec<u8> {
    let mut header = vec![0; 0x148];
    let name: Vec<u8> = display_name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    header[8..8 + name.len()].copy_from_slice(&name);
    header
}

#[test]
fn a_stick_that_desktops_have_used_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let stick = dir.path().join("stick");
    let title = "Content/E03000000000BEEF/4D5307D1";
    put(&stick, &format!("{title}/00000001/Save/a"), b"1");
    for name in ["name.txt", ".fseventsd/a", "System Volume Information/a", "Content/.DS_Store"] {
        put(&stick, name, b"");
    }
    for name in ["Thumbs.db", "00000001/._Save", "00000001/Desktop.ini", "00000001/Save/.DS_Store"] {
        put(&stick, &format!("{title}/{name}"), b"\0\x05\x16\x07");
    }
    for folder in ["", "Content"] {
        let store = to_write(&dir.path().join(format!("saves{folder}"))).unwrap();
        let mut warnings = Vec::new();
        let imported = |_: &Path, imported: &Imported| warnings.extend(imported.warnings.clone());
        import(&store, &[stick.join(folder)], ImportChoice::default(), imported).unwrap();
        assert_eq!(warnings, [".DS_Store: left out, because macOS and Windows add such files"]);
        let packages = store.every_package().unwrap();
        assert_eq!(packages.len(), 1, "{packages:?}");
        let (id, header) = &packages[0];
        let files = store.folder(id.files(header.folder)).list(&[]).unwrap();
        assert!(files.len() == 1 && files[0].name == "a", "{files:?}");
    }
}

#[test]
fn the_content_folders_of_other_emulators_and_consoles_are_imported() {
    let dir = tempfile::tempdir().unwrap();
    let from = |name: &str| dir.path().join(name);
    let owner = "E03000000000BEEF";
    for (root, title) in [("canary", format!("{owner}/4D5307D1")), ("xenia", "4D5307D1".to_owned())] {
        put(&from(root), &format!("{title}/00000001/Save/a"), b"1");
        put(&from(root), &format!("{title}/00000001/Save/__thumbnail.png"), b"\x89PNG 3");
        put(&from(root), &format!("{title}/Headers/00000001/Save.header"), &foreign_header("Kapitel 3"));
        put(&from(root), &format!("{title}/profile/User/63E83FFF"), b"");
    }
    put(&from("canary"), &format!("{owner}/FFFE07D1/00010000/{owner}/Account"), b"");
    put(&from("canary"), "0000000000000000/4D5307D1/00007000/GAME.data/Data0000", b"");
    let imported_as = |name: &str, title: Option<u32>| {
        let store = to_write(&from("saves")).unwrap();
        let choice = ImportChoice { title, replaces: true, ..ImportChoice::default() };
        import(&store, &[from(name)], choice, |_, _| ()).unwrap();
        let mut packages = store.every_package().unwrap();
        assert_eq!(packages.len(), 1, "{name}");
        let (id, header) = packages.remove(0);
        let files = store.folder(id.files(header.folder)).list(&[]).unwrap();
        assert!(files.len() == 1 && files[0].name == "a", "{name}: {files:?}");
        let picture = store.thumbnail(&id).unwrap().unwrap_or_default();
        ((id.title, id.kind, id.file().to_owned()), header.display_name().to_owned(), picture)
    };
    let imported = |name: &str| imported_as(name, None);
    let save = (0x4D53_07D1, 1, "Save".to_owned());
    let expected = (save.clone(), "Kapitel 3".to_owned(), b"\x89PNG 3".to_vec());
    let of_kind = format!("canary/{owner}/4D5307D1/00000001");
    let of_owner = format!("canary/{owner}");
    for folder in ["canary", &of_owner, &of_kind, "xenia", "xenia/4D5307D1", "xenia/4D5307D1/00000001"] {
        assert_eq!(imported(folder), expected, "{folder}");
    }
    assert_eq!(imported_as(&format!("{of_kind}/Save"), Some(save.0)), expected, "named itself");
    // Later versions keep the header of a content package.
    let info = PackageInfo {
        content_type: SAVED_GAME,
        display_name: "Kapitel 4".to_owned(),
        pictures: [b"\x89PNG".to_vec(), Vec::new()],
        ..PackageInfo::default()
    };
    let mut package = Vec::new();
    stfs::write(&Volume::default(), &info, &mut package, &mut |_| ()).unwrap();
    put(&from("canary"), &format!("{owner}/4D5307D1/Headers/00000001/Save.header"), &package[..0xA000]);
    assert_eq!(imported("canary"), (save, "Kapitel 4".to_owned(), b"\x89PNG".to_vec()));
    let store = to_write(&from("saves")).unwrap();
    put(&from("settings"), "4D5307D1/profile/User/63E83FFF", b"");
    for left_out in ["settings", &format!("canary/{owner}/FFFE07D1")] {
        let why = import(&store, &[from(left_out)], ImportChoice::default(), |_, _| ()).unwrap_err();
        assert!(format!("{why:#}").contains("settings and installed titles"), "{why:#}");
    }
}
