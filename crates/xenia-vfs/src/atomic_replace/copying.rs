//! Copy on first write: the first write after an open or a flush copies the file to a temporary
//! file.
//!
//! A file can have gigabytes. A long file is copied in parts; between them the writer retries
//! ([`OpenHostFile::prepare`]), so that no call takes as long as the whole copy and other threads
//! do not wait for the lock. The file does not change before the copy is complete: every write path
//! ends at [`OpenHostFile::make_own_copy`].

use super::{OpenHostFile, check_in_place, names};
use crate::VfsResult;
use crate::sparse_copy::copy_part;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes copied at a time.
pub(super) const PART: u64 = 0x100_0000;

/// A copy in progress. Dropping it deletes its file.
#[derive(Debug)]
pub(super) struct Copying {
    path: PathBuf,
    temporary: Option<File>,
    /// Offset of the first byte that is not copied yet.
    next: u64,
}

impl Copying {
    /// Updates the path after a move of its directory.
    pub(super) fn set_folder(&mut self, folder: &Path) {
        if let Some(name) = self.path.file_name() {
            self.path = folder.join(name);
        }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if self.temporary.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl OpenHostFile {
    /// Does a part of the work before the file can be written; returns whether it is complete.
    pub(super) fn prepare(&mut self) -> VfsResult<bool> {
        if self.own || self.copying.is_none() && self.size()? <= PART {
            return Ok(true);
        }
        self.copy_part()
    }

    /// Makes a temporary file with the file's contents, unless there is one.
    pub(super) fn make_own_copy(&mut self) -> VfsResult<()> {
        while !self.own && !self.copy_part()? {}
        Ok(())
    }

    /// Makes an empty temporary file, unless there is one.
    pub(super) fn make_own_empty(&mut self) -> VfsResult<()> {
        if self.own {
            return Ok(());
        }
        self.copying = None;
        let empty = self.begin()?;
        self.become_temporary(empty);
        Ok(())
    }

    fn begin(&self) -> VfsResult<Copying> {
        check_in_place(&self.folder)?;
        let make = || names::make(&self.folder);
        let (path, temporary) = self.listings.change(&self.folder, None, make)?;
        let copying = Copying { path, temporary: Some(temporary), next: 0 };
        // The temporary file replaces the file, so it needs the same permissions.
        if let Some(temporary) = &copying.temporary {
            temporary.set_permissions(self.content.metadata()?.permissions())?;
        }
        Ok(copying)
    }

    /// Copies a part of the file; returns whether it was the last.
    fn copy_part(&mut self) -> VfsResult<bool> {
        // Taken out, so that an error drops it and deletes its file.
        let mut copying = match self.copying.take() {
            Some(copying) => copying,
            None => self.begin()?,
        };
        let Some(temporary) = &mut copying.temporary else { return Ok(true) };
        let Some(next) = copy_part(&self.content, temporary, copying.next, PART)? else {
            self.become_temporary(copying);
            return Ok(true);
        };
        copying.next = next;
        self.copying = Some(copying);
        Ok(false)
    }

    fn become_temporary(&mut self, mut copied: Copying) {
        let Some(temporary) = copied.temporary.take() else { return };
        self.content = Arc::new(temporary);
        self.own = true;
        self.path = Some(copied.path.clone());
        // It may be that of an earlier temporary file, from before a flush.
        self.known = None;
        // The file was removed meanwhile: its handles need the contents, but nobody the name.
        if self.target.is_none() {
            self.discard();
        }
    }
}
