//! Packages that are set aside: the run ended while a title made them in place of older ones, and
//! perhaps before they were complete.
//!
//! The header of such a package is `NAME=header=unsaved-1-2`: the first number counts up, the
//! second is that of the folder with its files, which stay even if the header can't be read. A user
//! takes the package by renaming its header to `NAME=header`.

use super::{ContentStore, PackageHeader, PackageName};
use crate::profile::Xuid;
use std::collections::{BTreeSet, VecDeque};
use xenia_vfs::{VfsError, VfsResult};

/// Largest number of packages of an owner, title and type that are set aside.
const MAX_SET_ASIDE: usize = 4;
/// Text after the name of a header that is set aside, before its numbers.
const UNSAVED: &str = "=unsaved-";

/// A package that is set aside.
#[derive(Debug)]
pub struct SetAside {
    /// The name of the package, which the older one has.
    pub name: PackageName,
    /// Later packages have larger numbers. Two have one number if the user has put them together.
    number: u32,
    /// Number of the folder with its files.
    folder: u32,
}

impl SetAside {
    /// The package of an owner, title and type whose header has this file name.
    fn of(file: &str, owner: Xuid, title: u32, kind: u32) -> Option<Self> {
        let (header, numbers) = file.rsplit_once(UNSAVED)?;
        let (number, folder) = numbers.split_once('-')?;
        let name = PackageName::new(owner, title, kind, header.split('=').next()?)?;
        let found = Self { name, number: number.parse().ok()?, folder: folder.parse().ok()? };
        // A file in another form, such as a number with leading zeros, was not made here.
        let is_whole = found.header().last().is_some_and(|whole| whole == file);
        is_whole.then_some(found)
    }

    /// Path of its header.
    pub fn header(&self) -> Vec<String> {
        let Self { name, number, folder } = self;
        let mut path = name.header();
        if let Some(last) = path.last_mut() {
            *last = format!("{last}{UNSAVED}{number}-{folder}");
        }
        path
    }
}

impl ContentStore {
    /// Sets a package aside that has not replaced the older one. Returns the path of its header.
    /// The oldest packages that are set aside make room for it.
    ///
    /// # Errors
    /// Not all of its files could be written, or its header could not. The header may be there
    /// nevertheless: its last step is a sync.
    pub fn set_aside(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<Vec<String>> {
        self.flush(name, header)?;
        let mut before = VecDeque::from(self.all_set_aside(name.owner, name.title, name.kind)?);
        let last = before.back().map_or(0, |package| package.number);
        let number = last.checked_add(1).ok_or(VfsError::Full)?;
        let at = SetAside { name: name.clone(), number, folder: header.folder }.header();
        self.replace(&at, &header.to_bytes())?;
        // Only now: if the new header can't be written, the older packages stay.
        while before.len() >= MAX_SET_ASIDE
            && let Some(oldest) = before.pop_front()
        {
            if let Err(error) = self.remove_one_set_aside(&oldest) {
                let file = oldest.header().join("/");
                tracing::warn!(target: "vfs", "the package of {file} is still there: {error}");
            }
        }
        Ok(at)
    }

    /// Removes the packages of a title and type that are set aside, of all owners.
    ///
    /// # Errors
    /// A folder can't be read, or one of them can't be removed.
    pub fn remove_set_aside(&self, title: u32, kind: u32) -> VfsResult<()> {
        let mut packages = self.every_set_aside(title, kind)?.into_iter();
        packages.try_for_each(|package| self.remove_one_set_aside(&package))
    }

    /// The number of packages of a title and type that are set aside, of all owners.
    ///
    /// # Errors
    /// A folder can't be read.
    pub fn count_set_aside(&self, title: u32, kind: u32) -> VfsResult<usize> {
        Ok(self.every_set_aside(title, kind)?.len())
    }

    /// All packages that are set aside, sorted by owner, title and type, the oldest first.
    ///
    /// # Errors
    /// A folder can't be read.
    pub fn every_package_set_aside(&self) -> VfsResult<Vec<SetAside>> {
        self.of_every_kind(|owner, title, kind| self.all_set_aside(owner, title, kind))
    }

    /// The header of a package that is set aside; `None` if it can't be read.
    pub fn header_set_aside(&self, package: &SetAside) -> Option<PackageHeader> {
        PackageHeader::parse(&self.read(&package.header()).ok()??)
    }

    /// Packages of a title and type that are set aside, of all owners.
    fn every_set_aside(&self, title: u32, kind: u32) -> VfsResult<Vec<SetAside>> {
        let mut packages = Vec::new();
        for (_, owner) in self.ids(&["Content".to_owned()], 16)? {
            packages.extend(self.all_set_aside(Xuid(owner), title, kind)?);
        }
        Ok(packages)
    }

    /// The folders of files that packages of this name have which are set aside.
    pub(super) fn folders_set_aside(&self, name: &PackageName) -> VfsResult<BTreeSet<u32>> {
        let packages = self.all_set_aside(name.owner, name.title, name.kind)?.into_iter();
        Ok(packages.filter(|package| package.name.is(name)).map(|package| package.folder).collect())
    }

    /// Packages of an owner, title and type that are set aside, oldest first.
    fn all_set_aside(&self, owner: Xuid, title: u32, kind: u32) -> VfsResult<Vec<SetAside>> {
        let entries = self.list(&PackageName::directory(owner, title, kind))?.into_iter();
        let packages = entries.filter_map(|entry| SetAside::of(&entry.name, owner, title, kind));
        let mut packages: Vec<SetAside> = packages.collect();
        packages.sort_by_key(|package| package.number);
        Ok(packages)
    }

    fn remove_one_set_aside(&self, package: &SetAside) -> VfsResult<()> {
        self.remove_file(&package.header())?;
        let name = &package.name;
        let header = PackageHeader::new(name.owner, "").in_folder(package.folder);
        // The user may have copied the header. Folder 0 has files without a header.
        if package.folder == 0 || self.may_be_named(name, &header) {
            return Ok(());
        }
        self.remove_files(name, &header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::Arc;
    use xenia_vfs::{FileDevice, HostFolder};

    const FOLDER: &str = "Content/0000000000000001/00000002/00000001";

    fn store(folder: &Path) -> ContentStore {
        ContentStore::new(Box::new(HostFolder::writable(folder, Arc::default()).unwrap()))
    }

    fn name(file: &str) -> PackageName {
        PackageName::new(Xuid(1), 2, 1, file).unwrap()
    }

    /// Makes a package with a file, in place of the one of this name. Returns its header.
    fn made(store: &ContentStore, name: &PackageName) -> PackageHeader {
        let old = store.find(name).unwrap();
        let header = store.prepare(name, old.as_ref(), PackageHeader::new(Xuid(1), "A game")).unwrap();
        store.folder(name.files(header.folder)).create_file(&["data".to_owned()]).unwrap();
        header
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(FOLDER)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_package_that_is_set_aside_is_hidden_and_kept_until_its_header_is_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let name = name("Save");
        let old = made(&store, &name);
        store.commit(&name, &old).unwrap();
        let new = made(&store, &name);
        let at = store.set_aside(&name, &new).unwrap();
        assert_eq!(at.join("/"), format!("{FOLDER}/Save=header=unsaved-1-2"));
        assert_eq!(store.find(&name), Ok(Some(old)));
        assert_eq!(store.packages(Xuid(1), 2, 1).unwrap().len(), 1);
        let listed = store.every_package_set_aside().unwrap();
        let [listed] = &listed[..] else { panic!("{listed:?}") };
        assert!(listed.header() == at && listed.name.is(&name));
        assert_eq!(store.header_set_aside(listed), Some(new.clone()));
        // Later saves of the title go round it.
        for folder in [3, 4, 5] {
            let header = made(&store, &name);
            assert_eq!(header.folder, folder);
            let before = store.find(&name).unwrap().unwrap();
            store.commit(&name, &header).unwrap();
            store.remove_files(&name, &before).unwrap();
        }
        let left = ["Save=2", "Save=5", "Save=header", "Save=header=unsaved-1-2"];
        assert_eq!(names(folder.path()), left);
        let whole = |file: &str| folder.path().join(FOLDER).join(file);
        std::fs::rename(whole("Save=header=unsaved-1-2"), whole("Save=header")).unwrap();
        assert_eq!(store.find(&name), Ok(Some(new)));
    }

    #[test]
    fn the_oldest_of_too_many_packages_that_are_set_aside_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let files: Vec<String> = (0..=MAX_SET_ASIDE).map(|number| format!("Save {number}")).collect();
        for file in &files {
            let header = made(&store, &name(file));
            store.set_aside(&name(file), &header).unwrap();
        }
        let expected = files.iter().zip(1..).skip(1);
        let expected = expected
            .flat_map(|(file, number)| [format!("{file}=1"), format!("{file}=header=unsaved-{number}-1")]);
        assert_eq!(names(folder.path()), expected.collect::<Vec<_>>());
    }

    #[test]
    fn files_that_a_copied_header_names_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let name = name("Save");
        let header = made(&store, &name);
        store.set_aside(&name, &header).unwrap();
        store.commit(&name, &header).unwrap();
        store.remove_set_aside(2, 1).unwrap();
        assert_eq!(names(folder.path()), ["Save=1", "Save=header"]);
    }

    #[test]
    fn files_stay_with_the_original_of_a_copied_header() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let name = name("Save");
        let header = made(&store, &name);
        store.set_aside(&name, &header).unwrap();
        store.commit(&name, &header).unwrap();
        store.remove(&name, &header).unwrap();
        assert_eq!(names(folder.path()), ["Save=1", "Save=header=unsaved-1-1"]);
        store.remove_set_aside(2, 1).unwrap();
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn neither_another_of_its_number_nor_damage_hides_a_package_that_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        for file in ["Save", "Other"] {
            let header = made(&store, &name(file));
            store.set_aside(&name(file), &header).unwrap();
        }
        let whole = |file: &str| folder.path().join(FOLDER).join(file);
        std::fs::rename(whole("Other=header=unsaved-2-1"), whole("Other=header=unsaved-1-1")).unwrap();
        std::fs::write(whole("Save=header=unsaved-1-1"), "of a later version").unwrap();
        for file in ["Save", "Other"] {
            assert_eq!(made(&store, &name(file)).folder, 2, "{file}");
        }
    }
}
