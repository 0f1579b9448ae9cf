//! Open files of a folder: one [`Draft`] per file, shared by all paths and handles.

use super::{Draft, folder_of, names};
use crate::VfsResult;
use crate::losses::{Gap, Losses, PACKAGES};
use crate::quota::Quota;
use std::fs::File;
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
        }
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
        let (content, folder) = (Arc::new(File::open(path)?), folder_of(path));
        Ok(self.add(self.draft(path, folder, content, None)))
    }

    /// Makes a file; it appears on the host when it is committed.
    pub(crate) fn create(&self, path: &Path) -> VfsResult<Arc<Mutex<Draft>>> {
        let folder = folder_of(path);
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
            own: path.is_some(),
            known: None,
            path,
            copying: None,
            gap: Gap::default(),
            quota: self.quota.clone(),
            losses: self.losses.clone(),
            names: self.names.clone(),
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
