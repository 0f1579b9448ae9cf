//! Write-back errors: writes to a host folder that failed and were neither repeated nor abandoned
//! by the title.
//!
//! A disk may be full, or a quota used up. Some programs (databases) then undo their writes or
//! repeat them; others close the file and ignore the error. A failed write is therefore remembered
//! until it is corrected: within an open file as its [`Gap`], after the close as a path in the
//! folder's [`WriteBackErrors`]. This applies to packages only; other files on a disk keep whatever
//! could be written.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use xenia_sync::{Level, Mutex};

/// Directory of packages in a content folder.
pub(super) const PACKAGES: &str = "Content";
/// Number of paths recorded individually; beyond that whole packages count as failed, and beyond as
/// many packages the whole directory.
const MAX_PATHS: usize = 1024;
/// Names of a package's folder below the directory of packages: owner, title, kind and file.
const PACKAGE_NAMES: usize = 4;

/// Range from the first byte of an open file that could not be written to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    missing: Range<u64>,
    /// Whether an extension of the file failed.
    is_short: bool,
}

impl Gap {
    /// Whether any bytes are missing.
    pub(super) fn has_missing_bytes(&self) -> bool {
        self.is_short || !self.missing.is_empty()
    }

    /// Records that these bytes could not be written.
    pub(super) fn note_missed(&mut self, bytes: Range<u64>) {
        self.missing = if self.missing.is_empty() {
            bytes
        } else {
            self.missing.start.min(bytes.start)..self.missing.end.max(bytes.end)
        };
    }

    /// Records that these bytes were written.
    pub(super) fn note_written(&mut self, bytes: Range<u64>) {
        if self.missing.is_empty() {
            return;
        }
        // A write in the middle of the gap does not shrink it.
        if bytes.start <= self.missing.start && bytes.end > self.missing.start {
            self.missing.start = bytes.end.min(self.missing.end);
        } else if bytes.end >= self.missing.end && bytes.start < self.missing.end {
            self.missing.end = bytes.start.max(self.missing.start);
        }
    }

    /// Records a resize of the file, to this many bytes if it succeeded.
    pub(super) fn note_resize<E>(&mut self, size: Result<u64, E>) {
        // A later resize that succeeds makes up for an extension that failed.
        self.is_short = size.is_err();
        if let Ok(size) = size {
            self.missing.end = self.missing.end.min(size);
        }
    }
}

/// Files and directories with write-back errors. Its lock is taken under those of open files.
#[derive(Debug)]
pub(super) struct WriteBackErrors {
    /// Directory whose files are tracked; `None` if none are.
    within: Option<PathBuf>,
    paths: Mutex<BTreeSet<PathBuf>>,
}

impl WriteBackErrors {
    /// No errors yet, for the files in or below a directory; with `None`, errors are not recorded.
    pub(super) fn new(within: Option<PathBuf>) -> Self {
        Self { within, paths: Mutex::numbered(Level::Leaf, 1, BTreeSet::new()) }
    }

    /// The tracked directory, if it contains the path.
    fn tracked(&self, path: &Path) -> Option<&PathBuf> {
        self.within.as_ref().filter(|within| path.starts_with(within))
    }

    /// Whether the file at a path must have either its old or its complete new contents.
    pub(super) fn covers(&self, path: &Path) -> bool {
        self.tracked(path).is_some()
    }

    /// Records a failed creation or write.
    pub(super) fn add(&self, path: &Path) {
        let Some(within) = self.tracked(path) else { return };
        let mut paths = self.paths.lock();
        if paths.iter().any(|lost| path.starts_with(lost)) {
            return;
        }
        paths.insert(path.to_owned());
        if paths.len() > MAX_PATHS {
            *paths = paths.iter().map(|lost| package_of(lost, within)).collect();
        }
        if paths.len() > MAX_PATHS {
            *paths = [within.clone()].into();
        }
    }

    /// Removes the error of a path: the file is complete or was abandoned.
    pub(super) fn clear_error(&self, path: &Path) {
        self.paths.lock().remove(path);
    }

    /// Removes all errors at or below a path.
    pub(super) fn forget(&self, path: &Path) {
        self.paths.lock().retain(|lost| !lost.starts_with(path));
    }

    /// Updates paths after a move of `from` to `to`.
    pub(super) fn rename(&self, from: &Path, to: &Path) {
        let mut paths = self.paths.lock();
        let moved: Vec<PathBuf> = paths.iter().filter(|lost| lost.starts_with(from)).cloned().collect();
        for lost in moved {
            paths.remove(&lost);
            if let Ok(rest) = lost.strip_prefix(from) {
                paths.insert(if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) });
            }
        }
    }

    /// Whether there are no errors.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.lock().is_empty()
    }

    /// Whether there are errors at or below a path.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.paths.lock().iter().any(|lost| lost.starts_with(path) || path.starts_with(lost))
    }
}

/// The folder of the package that a path below `within` belongs to.
fn package_of(path: &Path, within: &Path) -> PathBuf {
    path.iter().take(within.iter().count() + PACKAGE_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileDevice, HostFolder, VfsError};
    use std::sync::Arc;

    #[test]
    fn undoing_a_failed_write_clears_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let packages = folder.path().join(PACKAGES);
        std::fs::create_dir(&packages).unwrap();
        let mut device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
        for (name, is_cut) in [("taken", false), ("cut", true)] {
            let file = device.create_file(&[PACKAGES.to_owned(), name.to_owned()]).unwrap();
            file.write_at(0, b"1234").unwrap();
            assert_eq!(file.write_at(1 << 40, b"5678"), Err(VfsError::Full));
            if is_cut { file.set_size(4) } else { file.make_room(4) }.unwrap();
            drop(file);
            assert_eq!(packages.join(name).exists(), is_cut, "{name}");
        }
    }

    #[test]
    fn a_gap_lasts_until_it_is_written_or_cut_off() {
        let mut gap = Gap::default();
        gap.note_written(0..10);
        gap.note_resize(Ok::<_, VfsError>(5));
        assert!(!gap.has_missing_bytes());
        gap.note_missed(10..20);
        gap.note_missed(30..40);
        gap.note_written(15..18);
        assert_eq!(gap.missing, 10..40, "what lies in its middle says nothing of its ends");
        gap.note_written(0..15);
        gap.note_written(35..50);
        assert_eq!(gap.missing, 15..35);
        gap.note_resize(Ok::<_, VfsError>(100));
        assert_eq!(gap.missing, 15..35, "zeros are not what was to be written");
        gap.note_resize(Ok::<_, VfsError>(15));
        assert!(!gap.has_missing_bytes());
        gap.note_missed(5..u64::MAX);
        gap.note_written(0..10);
        gap.note_written(10..u64::MAX);
        assert!(!gap.has_missing_bytes());
        gap.note_resize(Err(VfsError::Full));
        gap.note_written(0..200);
        assert!(gap.has_missing_bytes(), "it is not as long as it was to be");
        gap.note_resize(Ok::<_, VfsError>(150));
        assert!(!gap.has_missing_bytes());
    }

    #[test]
    fn write_back_errors_belong_to_paths_and_are_bounded() {
        let errors = WriteBackErrors::new(Some("/r".into()));
        errors.add(Path::new("/s"));
        errors.add(Path::new("/r/a/b"));
        assert!(
            errors.has(Path::new("/r/a"))
                && errors.has(Path::new("/r/a/b/c"))
                && !errors.has(Path::new("/r/b"))
        );
        errors.rename(Path::new("/r/a"), Path::new("/r/c"));
        assert!(!errors.has(Path::new("/r/a")) && errors.has(Path::new("/r/c/b")));
        errors.clear_error(Path::new("/r/c"));
        errors.forget(Path::new("/r/c"));
        assert!(!errors.has(Path::new("/r")));
        for number in 0..2 * MAX_PATHS {
            errors.add(Path::new(&format!("/r/{number}")));
        }
        assert!(errors.has(Path::new("/r/x")) && errors.paths.lock().len() == 1);
    }

    /// A package with many failed files does not make the others fail.
    #[test]
    fn many_errors_of_a_package_are_forgotten_with_it() {
        let errors = WriteBackErrors::new(Some("/r/Content".into()));
        let package = Path::new("/r/Content/E0/4D53/1/save");
        for number in 0..4 * MAX_PATHS {
            errors.add(&package.join(number.to_string()));
        }
        let other = Path::new("/r/Content/E0/4D53/1/other");
        assert!(errors.has(package) && errors.has(&package.join("new")) && !errors.has(other));
        assert_eq!(errors.paths.lock().len(), 1);
        errors.forget(package);
        assert!(errors.is_empty());
    }
}
