//! Saves that are whole: what a guest writes goes to a draft beside the file, which replaces the file at once.
//!
//! ```text
//!  open ──► host's file ──first write──► .xenia-draft-PID-N ──flush, last close──► sync, rename over the file
//! ```
//!
//! However the program ends, the host has the old contents or the new ones, never a mixture, and a file that was just
//! made is there with its contents or not at all. All handles of a file share one [`Draft`], so guests see what
//! was written at once, whichever handle they ask; they never see the drafts themselves. A draft is locked while its
//! program runs; one that is not is removed when the folder is opened again.
//!
//! What a run adds to the folder, and how long one file may be, has a limit ([`Quota`]).
//!
//! A write to a package that fails leaves a gap. As long as it is not written again or cut off, the draft is not put in the file's place: the
//! file stays as it was, and whoever looks after what belongs together hears of it ([`Losses`]).

mod copying;

use super::losses::{Gap, Losses, PACKAGES};
use super::quota::Quota;
use super::{VfsError, VfsResult};
use crate::limits::Limits;
use copying::Copying;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use xenia_sync::{Level, Mutex};

/// How names of drafts begin; guests can't use such names.
const PREFIX: &str = ".xenia-draft-";
/// How the name of a draft begins that could not be put in its file's place: it is the user's, and stays.
const UNSAVED: &str = ".xenia-unsaved-";

/// Whether this is the name of a draft, or of what became of one.
pub(super) fn is_draft(name: &str) -> bool {
    begins(name, PREFIX) || begins(name, UNSAVED)
}

fn begins(name: &str, with: &str) -> bool {
    name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// A file that is open for the guest, and what it is becoming.
#[derive(Debug)]
pub(super) struct Draft {
    /// The file; `None`: it was removed while it was open.
    target: Option<PathBuf>,
    /// The directory that drafts are made in: the file's own, for only there renaming is sure to work.
    folder: PathBuf,
    /// What the guest sees.
    content: Arc<File>,
    /// Whether `content` is a draft, and not the host's file.
    own: bool,
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
    pub(super) fn metadata(&self) -> VfsResult<Metadata> {
        Ok(self.content.metadata()?)
    }

    /// Bytes in the file now.
    pub(super) fn size(&self) -> VfsResult<u64> {
        Ok(self.metadata()?.len())
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
        if written.is_err() && end > size {
            self.quota.correct(end, self.size().unwrap_or(size));
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
        self.quota.correct(self.size().unwrap_or(size), size);
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
                (self.target.as_deref(), self.path.take().map(|path| keep(&self.folder, path)));
            tracing::error!(target: "vfs", "cannot save {target:?}: {error}; what was written is in {kept:?}");
        }
    }
}

/// Gives a draft a name under which it stays when the folder is opened again; where it is.
fn keep(folder: &Path, draft: PathBuf) -> PathBuf {
    let name = draft.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
    let Some(name) = name.filter(|_| check_in_place(folder).is_ok()) else { return draft };
    // Numbers of processes come again.
    let kept = (0..).map(|number| draft.with_file_name(format!("{UNSAVED}{name}-{number}")));
    let kept = kept.take(usize::from(u8::MAX)).find(|kept| kept.symlink_metadata().is_err());
    match kept {
        Some(kept) if fs::rename(&draft, &kept).is_ok() => kept,
        _ => draft,
    }
}

/// Refuses a directory that the host has replaced since it was found, by a link that leads outside for one.
fn check_in_place(folder: &Path) -> VfsResult<()> {
    match folder.canonicalize() {
        Ok(now) if now == folder => Ok(()),
        Ok(_) => Err(VfsError::Host(io::ErrorKind::NotADirectory)),
        Err(error) => Err(VfsError::Host(error.kind())),
    }
}

/// A new, empty draft in `folder`, locked so that others see that it is in use.
fn new_draft(folder: &Path) -> VfsResult<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = folder.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            // Another machine in a container of its own has the same process number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            result => result?,
        };
        // A file system without locks has nobody else who looks at them, either.
        let _ = file.lock_shared();
        // Somebody who swept the folder may have come first.
        if path.symlink_metadata().is_ok() {
            return Ok((path, file));
        }
    }
}

/// Gives a file of the host the contents that `fill` writes, at once and whole.
pub(super) fn replace(file: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> VfsResult<()> {
    let (path, mut draft) = new_draft(&folder_of(file))?;
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

/// The files of a folder that are open for the guest.
#[derive(Debug)]
pub(super) struct Drafts {
    open: Mutex<Vec<Weak<Mutex<Draft>>>>,
    pub(super) quota: Arc<Quota>,
    pub(super) losses: Arc<Losses>,
    /// How often a name was added to a directory of the host.
    names: Arc<AtomicU64>,
}

impl Drafts {
    /// None yet. Removes what programs that ended by force have left below `root`.
    pub(super) fn new(root: &Path, limits: Arc<Limits>) -> Self {
        sweep(root);
        Self {
            open: Mutex::new(Level::Leaf, Vec::new()),
            quota: Arc::new(Quota::new(limits)),
            losses: Arc::new(Losses::new(&root.join(PACKAGES))),
            names: Arc::default(),
        }
    }

    /// How often names were added: what was read of a directory is old when this has changed.
    pub(super) fn names_added(&self) -> u64 {
        self.names.load(Relaxed)
    }

    /// A name was added to a directory.
    pub(super) fn add_name(&self) {
        self.names.fetch_add(1, Relaxed);
    }

    fn all(&self) -> Vec<Arc<Mutex<Draft>>> {
        let mut open = self.open.lock();
        open.retain(|draft| draft.strong_count() > 0);
        open.iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, draft: Draft) -> Arc<Mutex<Draft>> {
        let draft = Arc::new(Mutex::new(Level::Leaf, draft));
        self.open.lock().push(Arc::downgrade(&draft));
        draft
    }

    /// The open file at this host path.
    pub(super) fn at(&self, path: &Path) -> Option<Arc<Mutex<Draft>>> {
        self.all().into_iter().find(|draft| draft.lock().target.as_deref() == Some(path))
    }

    /// Opens a file of the host.
    pub(super) fn open(&self, path: &Path) -> VfsResult<Arc<Mutex<Draft>>> {
        if let Some(draft) = self.at(path) {
            return Ok(draft);
        }
        let (content, folder) = (Arc::new(File::open(path)?), folder_of(path));
        Ok(self.add(self.draft(path, folder, content, None)))
    }

    /// Makes a file; the host has it when it is committed.
    pub(super) fn create(&self, path: &Path) -> VfsResult<Arc<Mutex<Draft>>> {
        let folder = folder_of(path);
        let made = self.quota.enter(|| new_draft(&folder));
        let (draft, content) = made.inspect_err(|_| self.losses.add(path))?;
        Ok(self.add(self.draft(path, folder, Arc::new(content), Some(draft))))
    }

    /// The file at `target` as it is opened, from a draft at `path` if there is one.
    fn draft(&self, target: &Path, folder: PathBuf, content: Arc<File>, path: Option<PathBuf>) -> Draft {
        Draft {
            target: Some(target.to_owned()),
            folder,
            content,
            own: path.is_some(),
            path,
            copying: None,
            gap: Gap::default(),
            quota: self.quota.clone(),
            losses: self.losses.clone(),
            names: self.names.clone(),
        }
    }

    /// Names of files in `folder` that the host does not have yet, of those that are `wanted`.
    pub(super) fn created_in(&self, folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let all = self.all();
        let mut names = Vec::new();
        for draft in &all {
            let draft = draft.lock();
            let Some(target) = draft.target.as_deref().filter(|target| target.parent() == Some(folder))
            else {
                continue;
            };
            let name = target.file_name().and_then(|name| name.to_str()).filter(|name| wanted(name));
            if let Some(name) = name
                && target.symlink_metadata().is_err()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        names
    }

    /// Commits what is open at `path` or below.
    pub(super) fn commit_below(&self, path: &Path) -> VfsResult<()> {
        for draft in self.all() {
            let mut draft = draft.lock();
            if draft.target.as_ref().is_some_and(|target| target.starts_with(path)) {
                draft.commit()?;
            }
        }
        Ok(())
    }

    /// What was at `from`, or below, is at `to` now.
    pub(super) fn moved(&self, from: &Path, to: &Path) {
        self.losses.moved(from, to);
        for draft in self.all() {
            let mut draft = draft.lock();
            let rest = draft.target.as_ref().and_then(|target| target.strip_prefix(from).ok());
            if let Some(rest) = rest {
                let target = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
                let folder = folder_of(&target);
                if let Some(copying) = draft.copying.as_mut().filter(|_| target != *to) {
                    copying.moved(&folder);
                }
                draft.folder = folder;
                draft.target = Some(target);
            }
        }
    }

    /// The file at `path`, of `size` bytes, is gone; who has it open goes on with a file that has no name.
    pub(super) fn removed(&self, path: &Path, size: u64) {
        // Shrinking is never refused.
        let _ = self.quota.resize(size, 0);
        self.quota.leave();
        self.losses.made_good(path);
        if let Some(draft) = self.at(path) {
            let mut draft = draft.lock();
            draft.target = None;
            draft.discard();
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// Whether nothing but drafts is in a directory.
pub(super) fn holds_only_drafts(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_draft)))
    })
}

/// Removes drafts whose programs are gone, or that were given up.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        if kind.is_dir() {
            sweep(&entry.path());
        } else if kind.is_file() && begins(&name, PREFIX) {
            // Whoever uses it holds the lock, in whatever container.
            let unused = File::open(entry.path()).is_ok_and(|draft| draft.try_lock().is_ok());
            if unused {
                tracing::warn!(target: "vfs", "removing {}, left by a run that was cut short, or a save that failed", entry.path().display());
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// One handle's view of a file.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) draft: Arc<Mutex<Draft>>,
    pub(super) write: bool,
}

impl super::FileData for Shared {
    fn size(&self) -> VfsResult<u64> {
        self.draft.lock().size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        // Read outside the lock: a host that takes its time stops nobody else.
        let content = self.draft.lock().content.clone();
        super::host_folder::read_at(&content, offset, into)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().write_at(offset, from)
    }

    fn set_size(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().set_size(size)
    }

    fn make_room(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().resize(size)
    }

    fn prepare(&self) -> VfsResult<bool> {
        // Between the parts of a long copy others have their turn at the file.
        if self.write { self.draft.lock().prepare() } else { Ok(true) }
    }

    fn missed(&self, bytes: Range<u64>) {
        self.draft.lock().gap.missed(bytes);
    }

    fn flush(&self) -> VfsResult<()> {
        self.draft.lock().commit()
    }
}
