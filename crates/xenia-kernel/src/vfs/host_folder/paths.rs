//! Paths of the guest to paths of the host. Nothing outside the folder can be reached: names have
//! no separators, and a symbolic link of the host is followed only if it ends inside the folder.
//!
//! Paths are asked for all the time, and each component is a call of the host's. What it has said
//! of the last one is kept for whoever has looked it up ([`Found`]); a file that the guest has open
//! is where it is, without asking.

use super::HostFolder;
use crate::vfs::draft::{Draft, Drafts, Facts, is_draft};
use crate::vfs::stamp::is_stamp_file;
use crate::vfs::{VfsError, VfsResult};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use xenia_sync::Mutex;

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The file, if the guest has it open.
    pub(super) draft: Option<Arc<Mutex<Draft>>>,
    /// What the host has said of it; `None`: it was not asked.
    metadata: Option<Metadata>,
}

impl Found {
    /// Of which nothing is known yet.
    fn unseen(path: PathBuf) -> Self {
        Self { path, draft: None, metadata: None }
    }

    /// What is to be known of it: of a file that is open, what it is becoming.
    pub(super) fn facts(&self) -> VfsResult<Facts> {
        match (&self.draft, &self.metadata) {
            (Some(draft), _) => draft.lock().facts(),
            (None, Some(metadata)) => Ok(Facts::from(metadata)),
            (None, None) => Ok(Facts::from(&self.path.metadata()?)),
        }
    }

    /// When a directory last changed.
    fn changed(&self) -> VfsResult<SystemTime> {
        Ok(match &self.metadata {
            Some(metadata) => metadata.modified()?,
            None => self.path.metadata()?.modified()?,
        })
    }
}

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
        self.look_up(path).map(|found| found.path)
    }

    /// What a guest path leads to.
    pub(super) fn look_up(&self, path: &[String]) -> VfsResult<Found> {
        let exact = self.root.join(path.iter().collect::<PathBuf>());
        if let Some(draft) = self.open_at(&exact) {
            return Ok(Found { draft: Some(draft), ..Found::unseen(exact) });
        }
        let mut at = Found::unseen(self.root.clone());
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
        if at.path != exact {
            at.draft = self.open_at(&at.path);
        }
        Ok(at)
    }

    /// The file at a host path, if the guest has it open.
    pub(super) fn open_at(&self, path: &Path) -> Option<Arc<Mutex<Draft>>> {
        self.drafts.as_ref()?.at(path)
    }

    /// The entry of a host directory that goes by this name: the exact one, otherwise the first, in
    /// byte order, that differs in case only.
    fn child(&self, directory: &Found, name: &str) -> VfsResult<Option<Found>> {
        let folder = &directory.path;
        if is_hidden(name) {
            return if folder.is_dir() { Ok(None) } else { Err(VfsError::PathNotFound) };
        }
        if let Some(exact) = self.inside(folder.join(name)) {
            return Ok(Some(exact));
        }
        // The first that guests see: a link that leads outside takes nobody's name.
        let added = self.drafts.as_ref().map_or(0, Drafts::names_added);
        let state = (directory.changed()?, added);
        let mut found = self.listings.differing_in_case(folder, name, state)?.into_iter();
        if let Some(path) = found.find_map(|name| self.inside(folder.join(name))) {
            return Ok(Some(path));
        }
        let created = self.created_in(folder, |created| created.eq_ignore_ascii_case(name));
        Ok(created.first().map(|created| Found::unseen(folder.join(created))))
    }

    /// Names of files that the guest has made in a host directory and the host does not have yet,
    /// of those that are `wanted`.
    pub(super) fn created_in(&self, directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        self.drafts.as_ref().map(|drafts| drafts.created_in(directory, wanted)).unwrap_or_default()
    }

    /// What is at a host path that a listing has.
    pub(super) fn shown(&self, path: PathBuf) -> Option<Found> {
        let found = self.inside(path)?;
        Some(Found { draft: self.open_at(&found.path), ..found })
    }

    /// The path, with symbolic links followed; `None` if it is not a plain file or directory inside
    /// the root.
    fn inside(&self, path: PathBuf) -> Option<Found> {
        let found = |path: PathBuf, metadata| Found { metadata: Some(metadata), ..Found::unseen(path) };
        let metadata = path.symlink_metadata().ok()?;
        let kind = metadata.file_type();
        if kind.is_file() || kind.is_dir() {
            return Some(found(path, metadata));
        }
        if !kind.is_symlink() {
            return None;
        }
        let target = path.canonicalize().ok()?;
        let metadata = target.symlink_metadata().ok()?;
        let kind = metadata.file_type();
        let shown = target.starts_with(&self.root) && (kind.is_file() || kind.is_dir());
        shown.then(|| found(target, metadata))
    }

    /// A file that the guest has made and the host does not have yet.
    pub(super) fn made(&self, path: PathBuf) -> Found {
        Found { draft: self.open_at(&path), ..Found::unseen(path) }
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

    /// What a rename of `source` replaces, and the host path that `source` gets; it may be the same
    /// file, whose name gets another case.
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
