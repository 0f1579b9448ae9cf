//! Paths of the guest to paths of the host. Nothing outside the folder can be reached: names have no separators, and a
//! symbolic link of the host is followed only if it ends inside the folder.

use super::HostFolder;
use crate::vfs::draft::{Drafts, is_draft};
use crate::vfs::stamp::is_stamp_file;
use crate::vfs::{VfsError, VfsResult};
use std::io;
use std::path::{Path, PathBuf};

/// Whether a name in the folder is none of the guest's.
pub(super) fn is_hidden(name: &str) -> bool {
    is_draft(name) || is_stamp_file(name)
}

/// The name of a host path, as the guest sees it.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl HostFolder {
    /// The host path of a guest path that exists.
    pub(super) fn host_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        let mut at = self.root.clone();
        for (index, name) in path.iter().enumerate() {
            let last = index + 1 == path.len();
            let missing = if last { VfsError::NotFound } else { VfsError::PathNotFound };
            at = match self.child(&at, name) {
                Ok(Some(child)) => child,
                Ok(None) => return Err(missing),
                // `at` is not a directory, or vanished.
                Err(VfsError::NotFound | VfsError::PathNotFound) => return Err(VfsError::PathNotFound),
                Err(error) => return Err(error),
            };
        }
        Ok(at)
    }

    /// The entry of a host directory that goes by this name: the exact one, otherwise the first, in byte order,
    /// that differs in case only.
    fn child(&self, directory: &Path, name: &str) -> VfsResult<Option<PathBuf>> {
        if is_hidden(name) {
            return if directory.is_dir() { Ok(None) } else { Err(VfsError::PathNotFound) };
        }
        if let Some(exact) = self.inside(directory.join(name)) {
            return Ok(Some(exact));
        }
        // The first that guests see: a link that leads outside takes nobody's name.
        let added = self.drafts.as_ref().map_or(0, Drafts::names_added);
        let mut found = self.listings.differing_in_case(directory, name, added)?.into_iter();
        if let Some(path) = found.find_map(|name| self.inside(directory.join(name))) {
            return Ok(Some(path));
        }
        let created = self.created_in(directory, |created| created.eq_ignore_ascii_case(name));
        Ok(created.first().map(|created| directory.join(created)))
    }

    /// Names of files that the guest has made in a host directory and the host does not have yet, of those that are `wanted`.
    pub(super) fn created_in(&self, directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        self.drafts.as_ref().map(|drafts| drafts.created_in(directory, wanted)).unwrap_or_default()
    }

    /// The path, with symbolic links followed; `None` if it is not a plain file or directory inside the root.
    pub(super) fn inside(&self, path: PathBuf) -> Option<PathBuf> {
        let kind = path.symlink_metadata().ok()?.file_type();
        if kind.is_file() || kind.is_dir() {
            return Some(path);
        }
        if !kind.is_symlink() {
            return None;
        }
        let target = path.canonicalize().ok()?;
        let kind = target.symlink_metadata().ok()?.file_type();
        (target.starts_with(&self.root) && (kind.is_file() || kind.is_dir())).then_some(target)
    }

    /// The host path that a new entry gets.
    pub(super) fn new_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        self.drafts()?;
        let Some((name, parent)) = path.split_last() else { return Err(VfsError::Exists) };
        if is_hidden(name) {
            return Err(VfsError::InvalidName);
        }
        match self.host_path(path) {
            Ok(_) => return Err(VfsError::Exists),
            Err(VfsError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let parent = self.host_path(parent).map_err(|_| VfsError::PathNotFound)?;
        if !parent.is_dir() {
            return Err(VfsError::PathNotFound);
        }
        let at = parent.join(name);
        // Something that guests don't see, such as a link that leads outside, may have the name.
        match at.symlink_metadata() {
            Ok(_) => Err(VfsError::Exists),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(at),
            Err(error) => Err(error.into()),
        }
    }

    /// What a rename of `source` replaces, and the host path that `source` gets; it may be the same file, whose name
    /// gets another case.
    pub(super) fn replaced(
        &self,
        source: &Path,
        to: &[String],
        replace: bool,
    ) -> VfsResult<(PathBuf, PathBuf)> {
        // What guests don't see is not replaced, either.
        let (Ok(present), Some(name)) = (self.host_path(to), to.last()) else { return Err(VfsError::Exists) };
        if present != source && (!replace || present.is_dir()) {
            return Err(VfsError::Exists);
        }
        // What has another name was found through a link, and keeps it.
        let renamed = if name_of(&present).eq_ignore_ascii_case(name) {
            present.with_file_name(name)
        } else {
            present.clone()
        };
        let free = renamed == present || renamed.symlink_metadata().is_err();
        if free { Ok((present, renamed)) } else { Err(VfsError::Exists) }
    }
}
