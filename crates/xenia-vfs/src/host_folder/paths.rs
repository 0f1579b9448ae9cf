//! Maps guest paths to host paths. No file outside the folder is reachable: names have no
//! separators, and host symlinks are followed only if they end inside the folder.
//!
//! Look-ups are frequent, and each component needs a system call. The metadata of the last
//! component is therefore returned with the look-up ([`Found`]), and the paths of open files are
//! found without system calls.

use super::HostFolder;
use super::host_names::{below, host_name, is_refused, name_of};
use crate::atomic_replace::{Facts, OpenHostFile, is_temporary};
use crate::listings::DirectoryState;
use crate::path::text_of;
use crate::{Existing, VfsError, VfsResult};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use xenia_host::file;
use xenia_sync::Mutex;

/// Result of a path look-up.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The open file, if the guest has it open.
    pub(super) file: Option<Arc<Mutex<OpenHostFile>>>,
    /// Metadata from the host; `None` if it was not queried.
    metadata: Option<Metadata>,
    /// Path of the link whose target this is, if the path's last component is one.
    pub(super) link: Option<PathBuf>,
}

impl Found {
    /// A result without metadata.
    fn unseen(path: PathBuf) -> Self {
        Self { path, file: None, metadata: None, link: None }
    }

    /// Metadata; for an open file, including pending changes.
    pub(super) fn facts(&self) -> VfsResult<Facts> {
        match (&self.file, &self.metadata) {
            (Some(file), _) => file.lock().facts(),
            (None, Some(metadata)) => Ok(Facts::from(metadata)),
            (None, None) => Ok(Facts::from(&self.path.metadata()?)),
        }
    }

    /// Modification time of a directory.
    fn modified(&self) -> VfsResult<SystemTime> {
        Ok(match &self.metadata {
            Some(metadata) => metadata.modified()?,
            None => self.path.metadata()?.modified()?,
        })
    }
}

/// Removes a link of the host. Windows removes one to a directory as a directory.
pub(super) fn remove_host_link(link: &Path) -> io::Result<()> {
    fs::remove_file(link).or_else(|error| fs::remove_dir(link).map_err(|_| error))
}

impl HostFolder {
    /// The host path of an existing guest path.
    pub(super) fn host_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        self.look_up(path).map(|found| found.path)
    }

    /// Looks up a guest path.
    pub(super) fn look_up(&self, path: &[String]) -> VfsResult<Found> {
        let exact = below(&self.root, path);
        if let Some(file) = self.open_at(&exact) {
            return Ok(Found { file: Some(file), ..Found::unseen(exact) });
        }
        let mut at = Found::unseen(self.root.clone());
        for (index, name) in path.iter().enumerate() {
            let last = index + 1 == path.len();
            let missing = if last { VfsError::NotFound } else { VfsError::PathNotFound };
            at = match self.child(&at, name) {
                Ok(Some(child)) => child,
                Ok(None) => return Err(missing),
                // `at` is not a directory, or was removed meanwhile.
                Err(VfsError::NotFound | VfsError::PathNotFound) => return Err(VfsError::PathNotFound),
                Err(error) => return Err(error),
            };
        }
        // For the exact path the table has nothing, as was found above.
        if at.path != exact {
            at.file = self.open_at(&at.path);
        }
        Ok(at)
    }

    /// Renames a file or directory on the host.
    pub(super) fn rename_on_host(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.listings.change(self.parent_of(to), to.file_name(), || file::rename(from, to))
    }

    /// The directory of an entry of the folder.
    pub(super) fn parent_of<'a>(&'a self, path: &'a Path) -> &'a Path {
        path.parent().unwrap_or(&self.root)
    }

    /// The open file at a host path, if any.
    pub(super) fn open_at(&self, path: &Path) -> Option<Arc<Mutex<OpenHostFile>>> {
        self.open_files.as_ref()?.at(path)
    }

    /// The entry of a host directory with this name: an exact match, otherwise the first in byte
    /// order that differs only in case.
    fn child(&self, directory: &Found, name: &str) -> VfsResult<Option<Found>> {
        let folder = &directory.path;
        if is_refused(name) {
            return if folder.is_dir() { Ok(None) } else { Err(VfsError::PathNotFound) };
        }
        let name = &*host_name(name);
        if let Some(exact) = self.inside(folder.join(name)) {
            return Ok(Some(exact));
        }
        // Read before the host's names, because a group commit moves names to the host.
        let created = self.created_in(folder, |created| created.eq_ignore_ascii_case(name));
        // The first entry visible to guests: a link that leads outside does not occupy a name.
        let change = self.listings.last_change(folder);
        let state = DirectoryState { modified: directory.modified()?, change };
        let found = self.listings.differing_in_case(folder, name, state)?.into_iter();
        let mut found = found.filter(|name| self.shown_text(name).is_some());
        if let Some(path) = found.find_map(|name| self.inside(folder.join(name))) {
            return Ok(Some(path));
        }
        Ok(created.first().map(|created| Found::unseen(folder.join(created))))
    }

    /// The text of a name on the host; `None` if guests don't see it. Names that are not UTF-8 are
    /// those of an extracted disc, and are hidden in folders that are written to.
    pub(super) fn shown_text<'a>(&self, name: &'a OsStr) -> Option<Cow<'a, str>> {
        text_of(name).filter(|_| self.open_files.is_none() || name.to_str().is_some())
    }

    /// Names of the files in a host directory that are `wanted` and not yet on the host.
    pub(super) fn created_in(&self, directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        self.open_files
            .as_ref()
            .map(|open_files| open_files.created_in(directory, wanted))
            .unwrap_or_default()
    }

    /// The links in a directory whose entries are all temporary files or links hidden from guests;
    /// `None` if it has other entries.
    pub(super) fn unseen_in(&self, directory: &Path) -> Option<Vec<PathBuf>> {
        let mut links = Vec::new();
        for entry in fs::read_dir(directory).ok()? {
            let entry = entry.ok()?;
            if entry.file_type().ok()?.is_symlink() && self.inside(entry.path()).is_none() {
                links.push(entry.path());
            } else if !entry.file_name().to_str().is_some_and(is_temporary) {
                return None;
            }
        }
        Some(links)
    }

    /// Looks up a host path from a listing.
    pub(super) fn shown(&self, path: PathBuf) -> Option<Found> {
        let found = self.inside(path)?;
        Some(Found { file: self.open_at(&found.path), ..found })
    }

    /// The canonical path; `None` if it is not a regular file or directory inside the root.
    fn inside(&self, path: PathBuf) -> Option<Found> {
        let found = |path: PathBuf, metadata| Found { metadata: Some(metadata), ..Found::unseen(path) };
        let metadata = path.symlink_metadata().ok()?;
        let kind = metadata.file_type();
        if kind.is_file() || kind.is_dir() {
            return Some(found(file::as_stored(path), metadata));
        }
        if !kind.is_symlink() {
            return None;
        }
        let target = path.canonicalize().ok()?;
        let metadata = target.symlink_metadata().ok()?;
        let kind = metadata.file_type();
        let shown = target.starts_with(&self.root) && (kind.is_file() || kind.is_dir());
        shown.then(|| Found { link: Some(path), ..found(target, metadata) })
    }

    /// A file that the guest has made and that is not yet on the host.
    pub(super) fn made(&self, path: PathBuf) -> Found {
        Found { file: self.open_at(&path), ..Found::unseen(path) }
    }

    /// Whether the host has an entry at a path whose last name is hidden from guests.
    pub(super) fn is_hidden(&self, path: &[String]) -> bool {
        let Some((name, parent)) = path.split_last() else { return false };
        let is_missing = matches!(self.host_path(path), Err(VfsError::NotFound));
        let parent = self.host_path(parent).ok().filter(|_| is_missing);
        parent.is_some_and(|parent| parent.join(&*host_name(name)).symlink_metadata().is_ok())
    }

    /// The host path for a new entry.
    pub(super) fn new_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        self.open_files()?;
        let Some((name, parent)) = path.split_last() else { return Err(VfsError::Exists) };
        if is_refused(name) {
            return Err(VfsError::InvalidName);
        }
        if self.open_at(&below(&self.root, path)).is_some() {
            return Err(VfsError::Exists);
        }
        // Looked up once, for the name and as the place of the new entry.
        let in_path =
            |error: VfsError| if error == VfsError::NotFound { VfsError::PathNotFound } else { error };
        let parent = self.look_up(parent).map_err(in_path)?;
        if self.child(&parent, name).map_err(in_path)?.is_some() {
            return Err(VfsError::Exists);
        }
        if !parent.path.is_dir() {
            return Err(VfsError::PathNotFound);
        }
        let at = parent.path.join(&*host_name(name));
        // A hidden entry, such as a link that leads outside, may have the name.
        match at.symlink_metadata() {
            Ok(_) => Err(VfsError::Exists),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(at),
            Err(error) => Err(error.into()),
        }
    }

    /// The file that a rename of `source` replaces, and the host path that `source` gets. Both can
    /// be the same file, if only the case of its name changes.
    pub(super) fn replaced(
        &self,
        source: &Path,
        to: &[String],
        existing: Existing,
    ) -> VfsResult<(PathBuf, PathBuf)> {
        // Hidden entries are not replaced, either.
        let (Ok(present), Some(name)) = (self.host_path(to), to.last()) else { return Err(VfsError::Exists) };
        if present != source && (existing == Existing::Refuse || present.is_dir()) {
            return Err(VfsError::Exists);
        }
        // An entry with another name was found through a link and keeps its name.
        let renamed = if name_of(&present).eq_ignore_ascii_case(name) {
            present.with_file_name(&*host_name(name))
        } else {
            present.clone()
        };
        let free = file::as_stored(renamed.clone()) == present || renamed.symlink_metadata().is_err();
        if free { Ok((present, renamed)) } else { Err(VfsError::Exists) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_stays_has_the_error_of_its_removal_as_a_file() {
        // A folder with a file stands for it: both removals are refused to every user.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let error = remove_host_link(folder.path()).unwrap_err();
        assert_eq!(error.kind(), fs::remove_file(folder.path()).unwrap_err().kind());
        assert_ne!(error.kind(), io::ErrorKind::DirectoryNotEmpty);
    }
}
