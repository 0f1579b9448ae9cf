//! Saves that are whole: what a guest writes goes to a draft beside the file, which replaces the
//! file at once.
//!
//! ```text
//!  open ──► host's file ──first write──► .xenia-draft-PID-N ──flush, last close──► sync, rename over the file
//! ```
//!
//! However the program ends, the host has the old contents or the new ones, never a mixture, and a
//! file that was just made is there with its contents or not at all. All handles of a file share
//! one [`Draft`] ([`open_files`]), so guests see what was written at once, whichever handle they
//! ask; they never see the drafts themselves. A draft is locked while its program runs; one that is
//! not is removed when the folder is opened again ([`names`]).
//!
//! What a run adds to the folder, and how long one file may be, has a limit ([`Quota`]).
//!
//! A write to a package that fails leaves a gap. As long as it is not written again or cut off, the
//! draft is not put in the file's place: the file stays as it was, and whoever looks after what
//! belongs together hears of it ([`Losses`]).

mod copying;
mod handle;
mod names;
mod open_files;

use super::losses::{Gap, Losses};
use super::quota::Quota;
use super::{VfsError, VfsResult};
use copying::Copying;
pub(super) use handle::Shared;
pub(super) use names::{holds_only_drafts, is_draft, sweep};
pub(super) use open_files::Drafts;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is to be known of a file or directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) directory: bool,
    /// Whether the host's user has protected it.
    pub(super) read_only: bool,
    /// Bytes.
    pub(super) size: u64,
}

impl From<&Metadata> for Facts {
    fn from(metadata: &Metadata) -> Self {
        let read_only = metadata.permissions().readonly();
        Self { directory: metadata.is_dir(), read_only, size: metadata.len() }
    }
}

/// A file that is open for the guest, and what it is becoming.
#[derive(Debug)]
pub(super) struct Draft {
    /// The file; `None`: it was removed while it was open.
    target: Option<PathBuf>,
    /// The directory that drafts are made in: the file's own, for only there renaming is sure to
    /// work.
    folder: PathBuf,
    /// What the guest sees.
    content: Arc<File>,
    /// Whether `content` is a draft, and not the host's file.
    own: bool,
    /// What is known of a draft: nobody changes it but us, and titles ask at each access.
    known: Option<Facts>,
    /// The draft's path, unless it has none any more.
    path: Option<PathBuf>,
    /// The draft that is being made of a long file.
    copying: Option<Copying>,
    /// What the guest could not write.
    gap: Gap,
    quota: Arc<Quota>,
    losses: Arc<Losses>,
    names: Arc<AtomicU64>,
}

impl Draft {
    /// What the host knows of it; a draft is as protected as its file.
    pub(super) fn facts(&mut self) -> VfsResult<Facts> {
        if let Some(known) = self.known.filter(|_| self.own) {
            return Ok(known);
        }
        let facts = Facts::from(&self.content.metadata()?);
        self.known = self.own.then_some(facts);
        Ok(facts)
    }

    /// Bytes in the file now.
    pub(super) fn size(&mut self) -> VfsResult<u64> {
        Ok(self.facts()?.size)
    }

    /// It was to get a size; what is known says so, unless that failed.
    fn sized(&mut self, done: bool, size: impl FnOnce(u64) -> u64) {
        self.known = self.known.filter(|_| done).map(|facts| Facts { size: size(facts.size), ..facts });
    }

    /// Writes all of `from` at `offset`.
    pub(super) fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.saturating_add(from.len() as u64);
        let written = self.write_all(offset, end, from);
        match written {
            Ok(()) => self.gap.written(offset..end),
            Err(_) => self.gap.missed(offset..end),
        }
        written
    }

    fn write_all(&mut self, offset: u64, end: u64, from: &[u8]) -> VfsResult<()> {
        offset.checked_add(from.len() as u64).ok_or(VfsError::Full)?;
        let size = self.size()?;
        if end > size {
            self.quota.resize(size, end)?;
        }
        let written = self.make_own(true).and_then(|()| Ok(self.content.write_all_at(from, offset)?));
        self.sized(written.is_ok(), |size| size.max(end));
        if written.is_err() && end > size {
            let now = self.size().unwrap_or(size);
            self.quota.correct(end, now);
        }
        written
    }

    /// Cuts the file, or lengthens it with zeros.
    pub(super) fn set_size(&mut self, size: u64) -> VfsResult<()> {
        let cut = self.resize(size);
        self.gap.resized(size, cut.is_ok());
        cut
    }

    fn resize(&mut self, size: u64) -> VfsResult<()> {
        let old = self.size()?;
        if size == old {
            return Ok(());
        }
        self.quota.resize(old, size)?;
        let resized = self.make_own(size > 0).and_then(|()| Ok(self.content.set_len(size)?));
        self.sized(resized.is_ok(), |_| size);
        if resized.is_err() {
            self.quota.correct(size, old);
        }
        resized
    }

    /// Whether something is missing in it that keeps it from the file's place.
    fn has_gap(&self) -> bool {
        self.gap.is_there() && self.target.as_ref().is_some_and(|target| self.losses.covers(target))
    }

    /// Puts the draft in the file's place, if there is one.
    pub(super) fn commit(&mut self) -> VfsResult<()> {
        if self.has_gap() {
            return Err(VfsError::Full);
        }
        let (true, Some(target), Some(path)) = (self.own, &self.target, &self.path) else { return Ok(()) };
        check_in_place(&self.folder)?;
        self.content.sync_all()?;
        fs::rename(path, target)?;
        self.names.fetch_add(1, Relaxed);
        // The draft has become the host's file: writing on makes another.
        (self.own, self.path) = (false, None);
        File::open(&self.folder)?.sync_all()?;
        if let Some(target) = &self.target {
            self.losses.made_good(target);
        }
        Ok(())
    }

    /// The file stays as it was, if there was one; what was added to it takes no room any more.
    fn give_up(&mut self) {
        let before = self.target.as_ref().and_then(|target| target.symlink_metadata().ok());
        let size = before.as_ref().map_or(0, Metadata::len);
        let now = self.size().unwrap_or(size);
        self.quota.correct(now, size);
        if before.is_none() {
            self.quota.leave();
        }
        self.discard();
    }

    /// The draft will never be needed by name.
    fn discard(&mut self) {
        let Some(path) = self.path.take() else { return };
        let removed = check_in_place(&self.folder).and_then(|()| Ok(fs::remove_file(&path)?));
        if let Err(error) = removed {
            tracing::warn!(target: "vfs", "cannot remove {}: {error}", path.display());
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.copying = None;
        let Err(error) = self.commit() else { return };
        if let Some(target) = &self.target {
            self.losses.add(target);
        }
        if self.has_gap() {
            tracing::error!(
                target: "vfs",
                "not all could be written to {:?}: it stays as it was",
                self.target.as_deref()
            );
            self.give_up();
        } else {
            let (target, kept) =
                (self.target.as_deref(), self.path.take().map(|path| names::keep(&self.folder, path)));
            tracing::error!(target: "vfs", "cannot save {target:?}: {error}; what was written is in {kept:?}");
        }
    }
}

/// Refuses a directory that the host has replaced since it was found, by a link that leads outside
/// for one.
fn check_in_place(folder: &Path) -> VfsResult<()> {
    match folder.canonicalize() {
        Ok(now) if now == folder => Ok(()),
        Ok(_) => Err(VfsError::Host(io::ErrorKind::NotADirectory)),
        Err(error) => Err(VfsError::Host(error.kind())),
    }
}

/// Gives a file of the host the contents that `fill` writes, at once and whole.
pub(super) fn replace(file: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> VfsResult<()> {
    let (path, mut draft) = names::make(&folder_of(file))?;
    let replaced = fill(&mut draft)
        .and_then(|()| draft.sync_all())
        .and_then(|()| fs::rename(&path, file))
        .and_then(|()| File::open(folder_of(file))?.sync_all());
    if let Err(error) = replaced {
        let _ = fs::remove_file(&path);
        return Err(error.into());
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}
