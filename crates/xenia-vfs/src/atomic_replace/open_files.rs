//! Open files of a folder: one [`OpenHostFile`] per file, shared by all paths and handles.

mod state;

use super::{ClosedFiles, OpenHostFile, folder_of, names, sync_folder};
use crate::VfsResult;
use crate::listings::Listings;
use crate::quota::Quota;
use crate::write_back_errors::{Gap, PACKAGES, WriteBackErrors};
pub(crate) use state::PIECE;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use xenia_host::file::without_links;
use xenia_limits::ResourceLimits;
use xenia_sync::{Level, Mutex};

type WeakHostFile = Weak<Mutex<OpenHostFile>>;

/// The table of open files. A look-up takes no lock of a file.
#[derive(Debug, Default)]
struct OpenTable {
    /// Files by target. Some may be closed already.
    named: BTreeMap<PathBuf, WeakHostFile>,
    /// Files that were removed while open. Some may be closed already.
    nameless: Vec<WeakHostFile>,
    /// Number of named files at which closed ones are dropped.
    tidy_at: usize,
}

impl OpenTable {
    fn insert(&mut self, target: PathBuf, file: WeakHostFile) {
        if self.named.len() >= self.tidy_at {
            self.named.retain(|_, file| file.strong_count() > 0);
            // Doubling keeps the cost of these scans constant per insertion.
            self.tidy_at = 2 * self.named.len() + 64;
        }
        self.named.insert(target, file);
    }

    /// Records the removal of a file's name.
    fn remove(&mut self, target: &Path) {
        self.nameless.retain(|file| file.strong_count() > 0);
        self.nameless.extend(self.named.remove(target));
    }

    /// Records the removal of all names; returns all open files, with those that were removed
    /// before.
    fn take_names(&mut self) -> Vec<Arc<Mutex<OpenHostFile>>> {
        self.nameless.extend(std::mem::take(&mut self.named).into_values());
        self.nameless.retain(|file| file.strong_count() > 0);
        self.nameless.iter().filter_map(Weak::upgrade).collect()
    }

    /// Targets at or below a path.
    fn below(&self, path: &Path) -> impl Iterator<Item = (&PathBuf, &WeakHostFile)> {
        // Paths are ordered by their components, so all below `path` follow it.
        self.named.range(path.to_owned()..).take_while(move |(target, _)| target.starts_with(path))
    }
}

/// Files of a folder that the guest has open.
#[derive(Debug)]
pub(crate) struct OpenHostFiles {
    open: Mutex<OpenTable>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) write_back_errors: Arc<WriteBackErrors>,
    /// Closed files that are not committed yet.
    pub(crate) closed: Arc<ClosedFiles>,
    /// Cached listings of the folder's directories.
    pub(crate) listings: Arc<Listings>,
    /// Whether files are written in place.
    in_place: bool,
}

impl Drop for OpenHostFiles {
    fn drop(&mut self) {
        self.closed.commit_all();
    }
}

impl OpenHostFiles {
    /// An empty table. Removes stale temporary files below `root`.
    pub(crate) fn new(root: &Path, limits: Arc<ResourceLimits>) -> Self {
        names::sweep(root);
        Self {
            open: Mutex::new(Level::Leaf, OpenTable::default()),
            quota: Arc::new(Quota::new(limits)),
            write_back_errors: Arc::new(WriteBackErrors::new(Some(root.join(PACKAGES)))),
            closed: Arc::default(),
            listings: Arc::default(),
            in_place: false,
        }
    }

    /// An empty table of files that are written in place, which count against `quota`.
    pub(crate) fn in_place(quota: Arc<Quota>) -> Self {
        Self {
            open: Mutex::new(Level::Leaf, OpenTable::default()),
            quota,
            // Write-back errors are not tracked here.
            write_back_errors: Arc::new(WriteBackErrors::new(None)),
            closed: Arc::default(),
            listings: Arc::default(),
            in_place: true,
        }
    }

    /// Whether the files are those of a scratch disk.
    pub(crate) fn is_disk(&self) -> bool {
        self.in_place
    }

    /// Size of the scratch disk and its free part, if this is one.
    pub(crate) fn disk_space(&self) -> Option<(u64, u64)> {
        self.in_place.then(|| self.quota.space())
    }

    /// Records the removal of all files; open ones keep their contents without a name, and the room
    /// that they take.
    pub(crate) fn erased(&self) {
        let files = self.open.lock().take_names();
        let mut kept = 0;
        for file in files {
            let mut file = file.lock();
            file.target = None;
            kept += self.quota.taken(file.size().unwrap_or(0));
        }
        self.quota.erased(kept);
        self.listings.forget_all();
    }

    /// Syncs a directory whose entries have changed, so that a crash of the host does not undo it.
    pub(crate) fn sync_folder(&self, folder: &Path) -> VfsResult<()> {
        if self.in_place { Ok(()) } else { sync_folder(folder) }
    }

    /// Opens an existing file to be written in place.
    fn open_in_place(path: &Path) -> VfsResult<File> {
        Ok(without_links(OpenOptions::new().read(true).write(true)).open(path)?)
    }

    /// Makes a file to be written in place.
    fn create_in_place(path: &Path) -> VfsResult<File> {
        Ok(without_links(OpenOptions::new().read(true).write(true)).create_new(true).open(path)?)
    }

    /// Open files at or below a path, with their targets.
    fn below(&self, path: &Path) -> Vec<(PathBuf, Arc<Mutex<OpenHostFile>>)> {
        let open = self.open.lock();
        let files = open.below(path).filter_map(|(target, file)| Some((target.clone(), file.upgrade()?)));
        files.collect()
    }

    fn add(&self, path: &Path, file: OpenHostFile) -> Arc<Mutex<OpenHostFile>> {
        let file = Arc::new(Mutex::new(Level::Leaf, file));
        self.open.lock().insert(path.to_owned(), Arc::downgrade(&file));
        file
    }

    /// The open file at this host path.
    pub(crate) fn at(&self, path: &Path) -> Option<Arc<Mutex<OpenHostFile>>> {
        self.open.lock().named.get(path).and_then(Weak::upgrade)
    }

    pub(crate) fn open(&self, path: &Path) -> VfsResult<Arc<Mutex<OpenHostFile>>> {
        if let Some(file) = self.at(path) {
            return Ok(file);
        }
        let content = if self.in_place { Self::open_in_place(path)? } else { File::open(path)? };
        Ok(self.add(path, self.open_host_file(path, folder_of(path), Arc::new(content), None)))
    }

    /// Makes a file; it appears on the host when it is committed.
    pub(crate) fn create(&self, path: &Path) -> VfsResult<Arc<Mutex<OpenHostFile>>> {
        let folder = folder_of(path);
        if self.in_place {
            let create = || Self::create_in_place(path);
            let content = self.quota.enter(|| self.listings.change(&folder, path.file_name(), create))?;
            return Ok(self.add(path, self.open_host_file(path, folder, Arc::new(content), None)));
        }
        let make = || names::make(&folder);
        let made = self.quota.enter(|| self.listings.change(&folder, None, make));
        let (temporary, content) = made.inspect_err(|_| self.write_back_errors.add(path))?;
        Ok(self.add(path, self.open_host_file(path, folder, Arc::new(content), Some(temporary))))
    }

    /// The state of a newly opened file at `target`, with a temporary file at `path` if there is
    /// one.
    fn open_host_file(
        &self,
        target: &Path,
        folder: PathBuf,
        content: Arc<File>,
        path: Option<PathBuf>,
    ) -> OpenHostFile {
        OpenHostFile {
            target: Some(target.to_owned()),
            folder,
            content,
            own: path.is_some() || self.in_place,
            known: None,
            path,
            copying: None,
            gap: Gap::default(),
            quota: self.quota.clone(),
            write_back_errors: self.write_back_errors.clone(),
            listings: self.listings.clone(),
            in_place: self.in_place,
            failure: None,
        }
    }

    /// Names of the files in `folder` that are `wanted` and not yet on the host.
    pub(crate) fn created_in(&self, folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let open = self.open.lock();
        let mut names = Vec::new();
        for (target, file) in open.below(folder) {
            if target.parent() != Some(folder) || file.strong_count() == 0 {
                continue;
            }
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
        self.closed.commit_all();
        self.below(path).into_iter().try_for_each(|(_, file)| file.lock().commit())
    }

    /// Deletes the temporary files of open files, which have no name afterwards and are not
    /// committed. Files that the title has closed are.
    pub(crate) fn discard(&self) {
        self.closed.commit_all();
        let files = self.open.lock().take_names();
        for file in files {
            let mut file = file.lock();
            file.target = None;
            file.copying = None;
            file.discard();
        }
    }

    /// Updates paths after a move of `from` to `to`.
    pub(crate) fn rename(&self, from: &Path, to: &Path) {
        self.write_back_errors.rename(from, to);
        for (old, shared) in self.below(from) {
            let Ok(rest) = old.strip_prefix(from) else { continue };
            let target = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            {
                // Released before the file's lock, which has the same level.
                let mut open = self.open.lock();
                open.named.remove(&old);
                open.insert(target.clone(), Arc::downgrade(&shared));
            }
            let folder = folder_of(&target);
            let mut file = shared.lock();
            // A renamed directory takes unfinished copies along; a renamed file leaves its own
            // behind.
            if let Some(copying) = file.copying.as_mut().filter(|_| target != *to) {
                copying.set_folder(&folder);
            }
            file.folder = folder;
            file.target = Some(target);
        }
    }

    /// Records the removal of the file at `path` with `size` bytes; open handles keep a file
    /// without a name.
    pub(crate) fn note_removal(&self, path: &Path, size: u64) {
        let open = self.at(path);
        // An open file that is written in place takes room until it is closed.
        if !self.in_place || open.is_none() {
            // Shrinking is never refused.
            let _ = self.quota.resize(size, 0);
        }
        self.quota.leave();
        self.write_back_errors.clear_error(path);
        self.open.lock().remove(path);
        if let Some(file) = open {
            let mut file = file.lock();
            file.target = None;
            file.discard();
        }
    }
}
