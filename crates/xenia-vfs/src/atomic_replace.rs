//! Atomic replacement of files: guest writes go to a temporary file beside the file, which is
//! renamed over it.
//!
//! ```text
//!  open ──► host's file ──first write──► .xenia-draft-PID-N ──flush, last close──► sync, rename
//! ```
//!
//! Small files that are closed in quick succession are committed together ([`closed`]).
//!
//! However the program ends, the host has either the old or the new contents, and a new file exists
//! completely or not at all. All handles of a file share one [`OpenHostFile`] ([`open_files`]), so
//! a write is visible through every handle at once; temporary files are hidden from guests. A
//! temporary file is locked while its program runs; one without a lock is removed when the folder
//! is next opened ([`names`]).
//!
//! The bytes that a run adds to the folder and the size of a file are bounded ([`Quota`]).
//!
//! Files of a scratch disk are written in place instead: they have no temporary file and are not
//! synced. A scratch disk has only what its title can make again.
//!
//! A failed write to a package leaves a gap. Until the gap is written again or cut off, the
//! temporary file does not replace the file: the file keeps its old contents, and the write-back
//! error is recorded ([`WriteBackErrors`]).

mod closed;
mod copying;
mod handle;
mod names;
mod open_files;

use super::listings::Listings;
use super::quota::Quota;
use super::write_back_errors::{Gap, WriteBackErrors};
use super::{VfsError, VfsResult};
pub(super) use closed::ClosedFiles;
use copying::Copying;
pub(super) use handle::HostFileHandle;
pub(super) use names::{is_temporary, remove_open, sweep};
pub(super) use open_files::{OpenHostFiles, PIECE};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_host::file;

/// Host metadata of a file or directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) directory: bool,
    /// Whether the file is write-protected on the host.
    pub(super) read_only: bool,
    /// Size in bytes.
    pub(super) size: u64,
}

impl From<&Metadata> for Facts {
    fn from(metadata: &Metadata) -> Self {
        let read_only = metadata.permissions().readonly();
        Self { directory: metadata.is_dir(), read_only, size: metadata.len() }
    }
}

/// An open file of the guest and its pending contents.
#[derive(Debug)]
pub(super) struct OpenHostFile {
    /// Path of the file; `None` if it was removed while open.
    target: Option<PathBuf>,
    /// Directory of the temporary file: the file's directory, because rename is reliable only
    /// within it.
    folder: PathBuf,
    /// Contents that the guest sees.
    content: Arc<File>,
    /// Whether `content` is a temporary file rather than the host's file.
    own: bool,
    /// Cached metadata of the temporary file: only this program changes it, and titles query it at
    /// each access.
    known: Option<Facts>,
    /// Path of the temporary file, if it still has one.
    path: Option<PathBuf>,
    /// A copy of a long file in progress.
    copying: Option<Copying>,
    /// Byte range that the guest could not write.
    gap: Gap,
    quota: Arc<Quota>,
    write_back_errors: Arc<WriteBackErrors>,
    listings: Arc<Listings>,
    /// Whether the file is written in place.
    in_place: bool,
    /// Error of the commit of its group. A second sync would not repeat it.
    failure: Option<VfsError>,
}

impl OpenHostFile {
    /// Metadata; a temporary file inherits the protection of its file.
    pub(super) fn facts(&mut self) -> VfsResult<Facts> {
        if let Some(known) = self.known.filter(|_| self.own) {
            return Ok(known);
        }
        let facts = Facts::from(&self.content.metadata()?);
        self.known = self.own.then_some(facts);
        Ok(facts)
    }

    /// Current size in bytes.
    pub(super) fn size(&mut self) -> VfsResult<u64> {
        Ok(self.facts()?.size)
    }

    /// Updates the cached metadata after a resize; discards it if the resize failed.
    fn sized(&mut self, done: bool, size: impl FnOnce(u64) -> u64) {
        self.known = self.known.filter(|_| done).map(|facts| Facts { size: size(facts.size), ..facts });
    }

    /// Writes all of `from` at `offset`.
    pub(super) fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.saturating_add(from.len() as u64);
        let written = self.write_all(offset, end, from);
        match written {
            Ok(()) => self.gap.note_written(offset..end),
            Err(_) => self.gap.note_missed(offset..end),
        }
        written
    }

    fn write_all(&mut self, offset: u64, end: u64, from: &[u8]) -> VfsResult<()> {
        offset.checked_add(from.len() as u64).ok_or(VfsError::Full)?;
        let size = self.size()?;
        if end > size {
            self.quota.resize(size, end)?;
        }
        let written =
            self.make_own_copy().and_then(|()| Ok(file::write_all_at(&self.content, from, offset)?));
        self.sized(written.is_ok(), |size| size.max(end));
        if written.is_err() && end > size {
            // A failed write may have grown the file by a part.
            let now = self.size().unwrap_or(size);
            self.quota.correct(end, now);
        }
        written
    }

    /// Truncates the file, or extends it with zeros.
    pub(super) fn set_size(&mut self, size: u64) -> VfsResult<()> {
        let cut = self.resize(size);
        self.gap.note_resize(cut.map(|()| size));
        cut
    }

    fn resize(&mut self, size: u64) -> VfsResult<()> {
        let old = self.size()?;
        if size == old {
            return Ok(());
        }
        self.quota.resize(old, size)?;
        // A file that is emptied first needs no copy of the contents that go.
        let made = if size > 0 { self.make_own_copy() } else { self.make_own_empty() };
        let resized = made.and_then(|()| Ok(self.content.set_len(size)?));
        self.sized(resized.is_ok(), |_| size);
        if resized.is_err() {
            self.quota.correct(size, old);
        }
        resized
    }

    /// Whether a gap prevents it from replacing the file.
    fn has_gap(&self) -> bool {
        self.gap.has_missing_bytes()
            && self.target.as_ref().is_some_and(|target| self.write_back_errors.covers(target))
    }

    /// Whether a commit would change the host's file.
    fn is_pending(&self) -> bool {
        self.own && self.target.is_some() && self.path.is_some()
    }

    /// Syncs the temporary file, if any, and renames it over the file.
    pub(super) fn commit(&mut self) -> VfsResult<()> {
        if self.has_gap() {
            return Err(VfsError::Full);
        }
        if let Some(error) = self.failure {
            return Err(error);
        }
        if !self.is_pending() {
            return Ok(());
        }
        check_in_place(&self.folder)?;
        // Sync the data first: after a crash the name must not refer to incomplete contents.
        self.content.sync_all()?;
        if let Some(folder) = self.replace_target()? {
            // Without this the host may lose the rename in a crash.
            sync_folder(&folder)?;
        }
        self.clear_error();
        Ok(())
    }

    /// Renames the synced temporary file, if any, over the file; returns the directory to sync.
    fn replace_target(&mut self) -> VfsResult<Option<PathBuf>> {
        let (true, Some(target), Some(path)) = (self.own, &self.target, &self.path) else {
            return Ok(None);
        };
        check_in_place(&self.folder)?;
        let replace = || file::rename(path, target);
        self.listings.change(&self.folder, target.file_name(), replace)?;
        // The temporary file is now the host's file; the next write makes another one.
        self.own = false;
        self.path = None;
        Ok(Some(self.folder.clone()))
    }

    /// Removes the record of a write-back error: the file is complete.
    fn clear_error(&self) {
        if let Some(target) = &self.target {
            self.write_back_errors.clear_error(target);
        }
    }

    /// Discards the new contents: the file keeps the old ones, and the quota is refunded.
    fn discard_contents(&mut self) {
        let before = self.target.as_ref().and_then(|target| target.symlink_metadata().ok());
        let size = before.as_ref().map_or(0, Metadata::len);
        let now = self.size().unwrap_or(size);
        self.quota.correct(now, size);
        // A file that the host does not have yet was counted as an entry when it was made.
        if before.is_none() {
            self.quota.leave();
        }
        self.discard();
    }

    /// Deletes the temporary file.
    fn discard(&mut self) {
        let Some(path) = self.path.take() else { return };
        let remove = || fs::remove_file(&path);
        let removed = check_in_place(&self.folder)
            .and_then(|()| Ok(self.listings.change(&self.folder, None, remove)?));
        if let Err(error) = removed {
            tracing::warn!(target: "vfs", "cannot remove {}: {error}", path.display());
        }
    }
}

impl Drop for OpenHostFile {
    fn drop(&mut self) {
        self.copying = None;
        if self.in_place {
            // A removed file takes room until its last handle is closed.
            if self.target.is_none()
                && let Ok(size) = self.size()
            {
                self.quota.correct(size, 0);
            }
            return;
        }
        let Err(error) = self.commit() else { return };
        // A file that was removed has nothing to save.
        let Some(target) = &self.target else { return };
        self.write_back_errors.add(target);
        if self.has_gap() {
            let shown = target.display();
            tracing::error!(target: "vfs", "not all could be written to {shown}: it stays as it was");
            self.discard_contents();
        } else {
            let kept = self.path.take().map(|path| names::keep(&self.folder, path));
            // Only the sync of the directory can fail after the file was replaced.
            tracing::error!(target: "vfs", "{}", unsaved(target, error, kept.as_deref().unwrap_or(target)));
        }
    }
}

/// The message about a file that could not be saved.
fn unsaved(target: &Path, error: VfsError, kept: &Path) -> String {
    format!("cannot save {}: {error}; the written data is in {}", target.display(), kept.display())
}

/// Syncs a directory, so that the host keeps its entries in a crash.
fn sync_folder(folder: &Path) -> VfsResult<()> {
    Ok(file::sync_folder(folder)?)
}

/// Refuses a directory that the host has replaced since it was found, for example by a link that
/// leads outside.
fn check_in_place(folder: &Path) -> VfsResult<()> {
    let is_in_place = match folder.canonicalize() {
        Ok(now) => now == folder,
        // Some hosts have no canonical form of a long path.
        Err(_) => leads_through_folders(folder)?,
    };
    if is_in_place { Ok(()) } else { Err(VfsError::Host(io::ErrorKind::NotADirectory)) }
}

/// Whether all parts of a path are directories, and none a link.
fn leads_through_folders(path: &Path) -> io::Result<bool> {
    for at in path.ancestors().filter(|at| at.file_name().is_some()) {
        if !at.symlink_metadata()?.is_dir() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives a file of the host the contents that `fill` writes, at once and whole.
pub(super) fn replace(file: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> VfsResult<()> {
    let (path, mut temporary) = names::make(&folder_of(file))?;
    let replaced = fill(&mut temporary)
        .and_then(|()| temporary.sync_all())
        .and_then(|()| file::rename(&path, file))
        .and_then(|()| file::sync_folder(&folder_of(file)));
    if let Err(error) = replaced {
        let _ = fs::remove_file(&path);
        return Err(error.into());
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsaved_file_is_reported_with_plain_paths() {
        let message = unsaved(Path::new("a/save"), VfsError::Full, Path::new("a/.xenia-unsaved-save-0"));
        let kept = "the written data is in a/.xenia-unsaved-save-0";
        assert_eq!(message, format!("cannot save a/save: the device is full; {kept}"));
    }
}
