//! Tests of imports of several packages, and of disks that fail.

use super::super::tests::run;
use super::*;
use xenia_kernel::vfs::{Entry, Existing, FileData, OpenMode, VfsError, VfsResult, Volume};

/// A folder of the host in which no name can be synced.
struct Unsynced(HostFolder);

impl Device for Unsynced {
    fn volume(&self) -> Volume {
        self.0.volume()
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        self.0.find(path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.0.list(path)
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        self.0.open(path, mode)
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        self.0.create_file(path)
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.0.create_directory(path)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        self.0.remove(path)
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        self.0.rename(from, to, existing)?;
        Err(VfsError::Full)
    }

    fn flush_below(&self, path: &[String]) -> VfsResult<()> {
        self.0.flush_below(path)
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

#[test]
fn packages_whose_headers_are_not_synced_are_imported_and_keep_their_old_files() {
    let dir = tempfile::tempdir().unwrap();
    let content = dir.path().join("content");
    let packages = ["A", "B"].map(|name| dir.path().join(name));
    let choice = ImportChoice {
        title: Some(0x4D53_07D1),
        owner: Some(Xuid::NOBODY),
        replaces: true,
        ..ImportChoice::default()
    };
    let import_into = |store: &ContentStore, text: &str| {
        for package in &packages {
            std::fs::create_dir_all(package).unwrap();
            std::fs::write(package.join("data"), text).unwrap();
        }
        let mut told = Vec::new();
        import(store, &packages, choice, |_, name| told.push(name.file().to_owned())).unwrap();
        assert_eq!(told, ["A", "B"]);
    };
    import_into(&to_write(&content).unwrap(), "old");
    let disk = HostFolder::writable(&content, Arc::default()).unwrap();
    import_into(&ContentStore::new(Box::new(Unsynced(disk))), "new");
    let saves = content.join("Content/0000000000000000/4D5307D1/00000001");
    for (folder, text) in [("A=1", "old"), ("A=2", "new"), ("B=1", "old"), ("B=2", "new")] {
        assert_eq!(std::fs::read_to_string(saves.join(folder).join("data")).unwrap(), text, "{folder}");
    }
}

#[test]
fn a_second_package_that_all_profiles_share_is_not_to_go_to_another_profile() {
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
