//! Packages that are set aside: the run ended while a title made them in place of older ones, and
//! perhaps before they were complete.
//!
//! The header of such a package is `NAME=header=unsaved-1`, where the number counts up, and names
//! the folder with its files. A user takes the package by renaming its header to `NAME=header`.

use super::{ContentStore, PackageHeader, PackageName};
use std::collections::{BTreeMap, BTreeSet};
use xenia_vfs::VfsResult;

/// Largest number of packages of an owner, title and type that are set aside.
const MAX_SET_ASIDE: usize = 4;
/// Text after the name of a header that is set aside, before its number.
const UNSAVED: &str = "=unsaved-";

/// The header of a package that is set aside.
fn header_of(name: &PackageName, number: u32) -> Vec<String> {
    let mut path = name.header();
    if let Some(last) = path.last_mut() {
        *last = format!("{last}{UNSAVED}{number}");
    }
    path
}

impl ContentStore {
    /// Sets a package aside that has not replaced the older one. Returns the path of its header.
    /// The oldest packages that are set aside make room for it.
    ///
    /// # Errors
    /// Not all of its files could be written, or its header could not.
    pub fn set_aside(&self, name: &PackageName, header: &PackageHeader) -> VfsResult<Vec<String>> {
        self.flush(name, header)?;
        let mut before = self.all_set_aside(name)?;
        let number = before.last_key_value().map_or(1, |(last, _)| last.saturating_add(1));
        let at = header_of(name, number);
        self.replace(&at, &header.to_bytes())?;
        while before.len() >= MAX_SET_ASIDE
            && let Some((number, oldest)) = before.pop_first()
        {
            if let Err(error) = self.remove_set_aside(&oldest, number) {
                let file = header_of(&oldest, number).join("/");
                tracing::warn!(target: "vfs", "the package of {file} is still there: {error}");
            }
        }
        Ok(at)
    }

    /// The folders of files that packages of this name have which are set aside.
    pub(super) fn folders_set_aside(&self, name: &PackageName) -> VfsResult<BTreeSet<u32>> {
        let mut folders = BTreeSet::new();
        for (number, other) in self.all_set_aside(name)? {
            if other.is(name) {
                folders.extend(self.header_set_aside(&other, number)?.map(|header| header.folder));
            }
        }
        Ok(folders)
    }

    /// Packages that are set aside by their numbers, of the owner, title and type of `beside`.
    fn all_set_aside(&self, beside: &PackageName) -> VfsResult<BTreeMap<u32, PackageName>> {
        let &PackageName { owner, title, kind, .. } = beside;
        let package = |file: &str| {
            let (header, number) = file.rsplit_once(UNSAVED)?;
            let number = number.parse().ok()?;
            let name = PackageName::new(owner, title, kind, header.split('=').next()?)?;
            let is_whole = header_of(&name, number).last().is_some_and(|whole| whole == file);
            is_whole.then_some((number, name))
        };
        let entries = self.list(&PackageName::directory(owner, title, kind))?;
        Ok(entries.iter().filter_map(|entry| package(&entry.name)).collect())
    }

    /// The header of a package that is set aside; `None` if it is damaged.
    fn header_set_aside(&self, name: &PackageName, number: u32) -> VfsResult<Option<PackageHeader>> {
        Ok(self.read(&header_of(name, number))?.and_then(|bytes| PackageHeader::parse(&bytes)))
    }

    fn remove_set_aside(&self, name: &PackageName, number: u32) -> VfsResult<()> {
        let header = self.header_set_aside(name, number)?;
        self.remove_file(&header_of(name, number))?;
        // The user may have copied the header. Folder 0 has files without a header.
        match header.filter(|header| header.folder > 0 && !self.may_be_named(name, header)) {
            Some(header) => self.remove_files(name, &header),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Xuid;
    use std::path::Path;
    use std::sync::Arc;
    use xenia_vfs::{Device, HostFolder};

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
        assert_eq!(at.join("/"), format!("{FOLDER}/Save=header=unsaved-1"));
        assert_eq!(store.find(&name), Ok(Some(old)));
        assert_eq!(store.packages(Xuid(1), 2, 1).unwrap().len(), 1);
        // Later saves of the title go round it.
        for folder in [3, 4, 5] {
            let header = made(&store, &name);
            assert_eq!(header.folder, folder);
            let before = store.find(&name).unwrap().unwrap();
            store.commit(&name, &header).unwrap();
            store.remove_files(&name, &before).unwrap();
        }
        let left = ["Save=2", "Save=5", "Save=header", "Save=header=unsaved-1"];
        assert_eq!(names(folder.path()), left);
        let whole = |file: &str| folder.path().join(FOLDER).join(file);
        std::fs::rename(whole("Save=header=unsaved-1"), whole("Save=header")).unwrap();
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
            .flat_map(|(file, number)| [format!("{file}=1"), format!("{file}=header=unsaved-{number}")]);
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
        store.remove_set_aside(&name, 1).unwrap();
        assert_eq!(names(folder.path()), ["Save=1", "Save=header"]);
    }
}
