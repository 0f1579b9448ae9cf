//! Making the draft of a file: the first write after an open or a flush copies what is in it.
//!
//! A file may have gigabytes. A long one is copied in parts, between which whoever wants to write
//! it asks again ([`Draft::prepare`]), so that no call takes as long as all of it, and nobody else
//! waits for the draft's lock meanwhile. The file does not change before the draft is complete:
//! every way to write it ends at [`Draft::make_own`].

use super::{Draft, check_in_place, names};
use crate::vfs::VfsResult;
use crate::vfs::holes::copy_part;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are copied at a time.
pub(super) const PART: u64 = 0x100_0000;

/// A draft that is being made. Its file goes with it if it is given up.
#[derive(Debug)]
pub(super) struct Copying {
    path: PathBuf,
    draft: Option<File>,
    /// Where what is not copied yet begins.
    next: u64,
}

impl Copying {
    /// The directory that it is in has moved here.
    pub(super) fn moved(&mut self, folder: &Path) {
        if let Some(name) = self.path.file_name() {
            self.path = folder.join(name);
        }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if self.draft.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Draft {
    /// Does a part of what is to be done before the file can be written; whether that was all.
    pub(super) fn prepare(&mut self) -> VfsResult<bool> {
        if self.own || self.copying.is_none() && self.size()? <= PART {
            return Ok(true);
        }
        self.copy_part()
    }

    /// Makes a draft of its own, with the file's contents if `copy`.
    pub(super) fn make_own(&mut self, copy: bool) -> VfsResult<()> {
        if self.own {
            return Ok(());
        }
        if copy {
            while !self.copy_part()? {}
            return Ok(());
        }
        self.copying = None;
        let empty = self.begin()?;
        self.become_draft(empty);
        Ok(())
    }

    fn begin(&self) -> VfsResult<Copying> {
        check_in_place(&self.folder)?;
        let (path, draft) = names::make(&self.folder)?;
        let copying = Copying { path, draft: Some(draft), next: 0 };
        if let Some(draft) = &copying.draft {
            draft.set_permissions(self.content.metadata()?.permissions())?;
        }
        Ok(copying)
    }

    /// Copies a part of the file into the draft; whether it was the last.
    fn copy_part(&mut self) -> VfsResult<bool> {
        let mut copying = match self.copying.take() {
            Some(copying) => copying,
            None => self.begin()?,
        };
        let Some(draft) = &mut copying.draft else { return Ok(true) };
        let Some(next) = copy_part(&self.content, draft, copying.next, PART)? else {
            self.become_draft(copying);
            return Ok(true);
        };
        copying.next = next;
        self.copying = Some(copying);
        Ok(false)
    }

    fn become_draft(&mut self, mut copied: Copying) {
        let Some(draft) = copied.draft.take() else { return };
        (self.content, self.own, self.path) = (Arc::new(draft), true, Some(copied.path.clone()));
        self.known = None;
        if self.target.is_none() {
            self.discard();
        }
    }
}
