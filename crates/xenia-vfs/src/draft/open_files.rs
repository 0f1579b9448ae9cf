//! Open files of a folder: one [`Draft`] per file, shared by all paths and handles.

use super::{Draft, folder_of, names};
use crate::VfsResult;
use crate::losses::{Gap, Losses, PACKAGES};
use crate::quota::Quota;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use xenia_limits::Limits;
use xenia_sync::{Level, Mutex};

/// Files of a folder that the guest has open.
#[derive(Debug)]
pub(crate) struct Drafts {
    open: Mutex<Vec<Weak<Mutex<Draft>>>>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) losses: Arc<Losses>,
    /// Number of names added to host directories.
    names: Arc<AtomicU64>,
    /// Whether files are written in place.
    in_place: bool,
}

impl Drafts {
    /// An empty table. Removes stale temporary files below `root`.
    pub(crate) fn new(root: &Path, limits: Arc<Limits>) -> Self {
        names::sweep(root);
        Self {
            open: Mutex::new(Level::Leaf, Vec::new()),
            quota: Arc::new(Quota::new(limits)),
            losses: Arc::new(Losses::new(&root.join(PACKAGES))),
            names: Arc::default(),
            in_place: false,
        }
    }

    /// An empty table of files that are written in place, which count against `quota`.
    pub(crate) fn in_place(root: &Path, quota: Arc<Quota>) -> Self {
        Self {
            open: Mutex::new(Level::Leaf, Vec::new()),
            quota,
            // No file must be complete.
            losses: Arc::new(Losses::nowhere(root)),
            names: Arc::default(),
            in_place: true,
        }
    }

    /// Size of the scratch disk and its free part, if this is one.
    pub(crate) fn disk_space(&self) -> Option<(u64, u64)> {
        self.in_place.then(|| self.quota.space())
    }

    /// Records the removal of all files; open ones keep their contents without a name, and the room
    /// that they take.
    pub(crate) fn erased(&self) {
        let mut kept = 0;
        for draft in self.all() {
            let mut draft = draft.lock();
            draft.target = None;
            kept += self.quota.taken(draft.size().unwrap_or(0));
        }
        self.quota.erased(kept);
        self.add_name();
    }

    /// Syncs a directory whose entries have changed, so that a crash of the host does not undo it.
    pub(crate) fn sync_folder(&self, folder: &Path) -> VfsResult<()> {
        if self.in_place { Ok(()) } else { Ok(File::open(folder)?.sync_all()?) }
    }

    /// Opens a file to be written in place.
    fn open_in_place(path: &Path, is_new: bool) -> VfsResult<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        Ok(options.create_new(is_new).open(path)?)
    }

    /// Number of names added so far: a cached directory listing is stale when this has changed.
    pub(crate) fn names_added(&self) -> u64 {
        self.names.load(Relaxed)
    }

    /// Counts a name added to a directory.
    pub(crate) fn add_name(&self) {
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
    pub(crate) fn at(&self, path: &Path) -> Option<Arc<Mutex<Draft>>> {
        self.all().into_iter().find(|draft| draft.lock().target.as_deref() == Some(path))
    }

    pub(crate) fn open(&self, path: &Path) -> VfsResult<Arc<Mutex<Draft>>> {
        if let Some(draft) = self.at(path) {
            return Ok(draft);
        }
        let content = if self.in_place { Self::open_in_place(path, false)? } else { File::open(path)? };
        Ok(self.add(self.draft(path, folder_of(path), Arc::new(content), None)))
    }

    /// Makes a file; it appears on the host when it is committed.
    pub(crate) fn create(&self, path: &Path) -> VfsResult<Arc<Mutex<Draft>>> {
        let folder = folder_of(path);
        if self.in_place {
            let content = self.quota.enter(|| Self::open_in_place(path, true))?;
            self.add_name();
            return Ok(self.add(self.draft(path, folder, Arc::new(content), None)));
        }
        let made = self.quota.enter(|| names::make(&folder));
        let (draft, content) = made.inspect_err(|_| self.losses.add(path))?;
        Ok(self.add(self.draft(path, folder, Arc::new(content), Some(draft))))
    }

    /// The state of a newly opened file at `target`, with a temporary file at `path` if there is
    /// one.
    fn draft(&self, target: &Path, folder: PathBuf, content: Arc<File>, path: Option<PathBuf>) -> Draft {
        Draft {
            target: Some(target.to_owned()),
            folder,
            content,
            own: path.is_some() || self.in_place,
            known: None,
            path,
            copying: None,
            gap: Gap::default(),
            quota: self.quota.clone(),
            losses: self.losses.clone(),
            names: self.names.clone(),
            in_place: self.in_place,
        }
    }

    /// Names of the files in `folder` that are `wanted` and not yet on the host.
    pub(crate) fn created_in(&self, folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
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

    /// Commits the open files at or below `path`.
    pub(crate) fn commit_below(&self, path: &Path) -> VfsResult<()> {
        for draft in self.all() {
            let mut draft = draft.lock();
            if draft.target.as_ref().is_some_and(|target| target.starts_with(path)) {
                draft.commit()?;
            }
        }
        Ok(())
    }

    /// Deletes all temporary files: open files have no name, and are not committed.
    pub(crate) fn discard(&self) {
        for draft in self.all() {
            let mut draft = draft.lock();
            (draft.target, draft.copying) = (None, None);
            draft.discard();
        }
    }

    /// Updates paths after a move of `from` to `to`.
    pub(crate) fn moved(&self, from: &Path, to: &Path) {
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

    /// Records the removal of the file at `path` with `size` bytes; open handles keep a file
    /// without a name.
    pub(crate) fn removed(&self, path: &Path, size: u64) {
        let open = self.at(path);
        // An open file that is written in place takes room until it is closed.
        if !self.in_place || open.is_none() {
            // Shrinking is never refused.
            let _ = self.quota.resize(size, 0);
        }
        self.quota.leave();
        self.losses.made_good(path);
        if let Some(draft) = open {
            let mut draft = draft.lock();
            draft.target = None;
            draft.discard();
        }
    }
}
