//! Finds the files in folders that may be titles, by their names.
//!
//! The rule is that of [`xenia_formats::title_files`], for the library, its page and `compat`. A
//! folder with a default.xex is one title, to which its other files belong.
//! [`describe`](crate::title::description::describe) has the second half of the rule, by contents.

use std::fs::{Metadata, ReadDir};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use xenia_formats::title_files::{is_default_executable, is_title_candidate, may_hold_titles};

/// Maximum folder depth below a folder of the library.
const MAX_LEVELS: usize = 12;
/// Maximum number of files and folders examined.
const MAX_ENTRIES: usize = 500_000;
/// Maximum number of candidate files.
const MAX_FILES: usize = 50_000;
/// Maximum number of failures reported one by one.
const MAX_FAILURES: usize = 100;
/// Number of entries between two reports of progress.
const PROGRESS: usize = 256;

/// A file that may be a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Path of the file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Time of its last change, in nanoseconds since 1970.
    pub modified: u128,
}

/// Failures in words. Hostile folders have many, so only the first ones are kept.
#[derive(Debug, Default)]
pub(super) struct Failures {
    texts: Vec<String>,
    more: usize,
}

impl Failures {
    pub(super) fn add(&mut self, text: String) {
        if self.texts.len() < MAX_FAILURES {
            self.texts.push(text);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_texts(mut self) -> Vec<String> {
        if self.more > 0 {
            self.texts.push(format!("and {} more failures", self.more));
        }
        self.texts
    }
}

/// Bounds of a walk.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    levels: usize,
    entries: usize,
    files: usize,
}

const BOUNDS: Bounds = Bounds { levels: MAX_LEVELS, entries: MAX_ENTRIES, files: MAX_FILES };

/// The candidates in the folders, by path. Links to folders are not followed; `progress` receives
/// the number of entries that were looked at.
pub(super) fn walk(folders: &[PathBuf], failures: &mut Failures, progress: &dyn Fn(usize)) -> Vec<Candidate> {
    walk_within(BOUNDS, folders, failures, progress)
}

fn walk_within(
    bounds: Bounds,
    folders: &[PathBuf],
    failures: &mut Failures,
    progress: &dyn Fn(usize),
) -> Vec<Candidate> {
    let mut walk = TitleWalk { bounds, failures, progress, found: Vec::new(), entries: 0, is_full: false };
    let mut ahead: Vec<(PathBuf, usize)> = folders.iter().rev().map(|folder| (folder.clone(), 0)).collect();
    while let Some((folder, level)) = ahead.pop().filter(|_| !walk.is_full) {
        let below = walk.folder(&folder, level);
        ahead.extend(below.into_iter().rev().map(|folder| (folder, level + 1)));
    }
    progress(walk.entries);
    let mut found = walk.found;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

/// A walk under way.
struct TitleWalk<'a> {
    bounds: Bounds,
    failures: &'a mut Failures,
    progress: &'a dyn Fn(usize),
    found: Vec<Candidate>,
    /// Number of entries that were looked at.
    entries: usize,
    /// Whether a bound ended the walk.
    is_full: bool,
}

/// Contents of a folder that may be titles.
#[derive(Default)]
struct FolderContents {
    files: Vec<Candidate>,
    folders: Vec<PathBuf>,
}

impl TitleWalk<'_> {
    /// Adds the candidates in a folder; returns the folders below it that are to be walked, in
    /// order.
    fn folder(&mut self, folder: &Path, level: usize) -> Vec<PathBuf> {
        let FolderContents { mut files, mut folders } = match std::fs::read_dir(folder) {
            Ok(list) => self.contents(folder, list),
            Err(error) => {
                self.failures.add(format!("cannot list {}: {error}", folder.display()));
                return Vec::new();
            }
        };
        // The other files and folders beside a default.xex are that title's.
        if let Some(at) = files.iter().position(|file| is_default_executable(&file.path)) {
            self.found.push(files.swap_remove(at));
            return Vec::new();
        }
        self.found.append(&mut files);
        if level >= self.bounds.levels && !folders.is_empty() {
            self.failures.add(format!(
                "the folders in {} are left out: they are more than {} levels below the folder named",
                folder.display(),
                self.bounds.levels
            ));
            folders.clear();
        }
        folders.sort_unstable();
        folders
    }

    /// The files and folders of a list that may be titles, up to the walk's bounds.
    fn contents(&mut self, folder: &Path, list: ReadDir) -> FolderContents {
        let mut contents = FolderContents::default();
        for entry in list {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.failures.add(format!("cannot list all of {}: {error}", folder.display()));
                    break;
                }
            };
            self.entries += 1;
            if self.entries.is_multiple_of(PROGRESS) {
                (self.progress)(self.entries);
            }
            if self.is_beyond_bounds(contents.files.len()) {
                self.end_at(folder);
                break;
            }
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if may_hold_titles(&path) {
                    contents.folders.push(path);
                }
            } else if is_title_candidate(&path, u64::MAX) {
                // Only likely names are worth a system call.
                let metadata = std::fs::metadata(&path).ok();
                contents.files.extend(metadata.and_then(|metadata| candidate(path, &metadata)));
            }
        }
        contents
    }

    /// Whether the entry at hand is one too many; `files` of its folder are candidates.
    fn is_beyond_bounds(&self, files: usize) -> bool {
        self.entries > self.bounds.entries || self.found.len() + files >= self.bounds.files
    }

    /// Ends the walk in this folder, because of its bounds.
    fn end_at(&mut self, folder: &Path) {
        let Bounds { entries, files, .. } = self.bounds;
        self.failures.add(format!(
            "{} and what follows are left out: the limit is {entries} entries or {files} files; \
             name folders with fewer",
            folder.display()
        ));
        self.is_full = true;
    }
}

/// Whether a folder has an executable in itself, so that it is a title and no folder of titles.
pub fn holds_executable(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(MAX_ENTRIES).flatten();
    entries.into_iter().any(|entry| has_extension(&entry.path(), "xex"))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn candidate(path: PathBuf, metadata: &Metadata) -> Option<Candidate> {
    if !metadata.is_file() || !is_title_candidate(&path, metadata.len()) {
        return None;
    }
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Some(Candidate { path, bytes: metadata.len(), modified })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use xenia_formats::FORMATS;
    use xenia_formats::title_files::MIN_PACKAGE_SIZE;

    fn walked(bounds: Bounds, folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
        let mut failures = Failures::default();
        let found = walk_within(bounds, &[folder.to_owned()], &mut failures, &|_| ());
        let names = found.into_iter().map(|file| file.path.strip_prefix(folder).unwrap().to_owned());
        (names.collect(), failures.into_texts())
    }

    fn with_files(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![0; MIN_PACKAGE_SIZE as usize]).unwrap();
        }
        dir
    }

    #[test]
    fn names_decide_which_files_may_be_titles() {
        let dir = with_files(&[
            "a.iso",
            "b.LIVE",
            "c.txt",
            ".d.xex",
            "E0000B0B",
            "game/Default.xex",
            "game/e.xex",
            "game/sub/f.xex",
            ".hidden/g.xex",
            "h.data/i.xex",
            "j/k.zip",
        ]);
        std::fs::write(dir.path().join("small"), "x").unwrap();
        let (found, failures) = walked(BOUNDS, dir.path());
        let relative = |path: &PathBuf| path.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "/");
        let names: Vec<String> = found.iter().map(relative).collect();
        assert_eq!(names, ["E0000B0B", "a.iso", "b.LIVE", "game/Default.xex", "j/k.zip"]);
        assert!(failures.is_empty(), "{failures:?}");
        assert!(holds_executable(&dir.path().join("game")) && !holds_executable(&dir.path().join("j")));
    }

    #[test]
    fn the_book_lists_the_extensions_of_titles() {
        let page = include_str!("../../../../docs/src/using/playing.md");
        for extension in FORMATS.iter().flat_map(|format| format.extensions) {
            assert!(
                page.contains(&format!("*.{extension}")),
                "docs/src/using/playing.md lacks *.{extension}"
            );
        }
    }

    #[test]
    fn hostile_folders_are_bounded_and_reported() {
        let files: Vec<String> = (0..40).map(|n| format!("{n:02}.xex")).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let dir = with_files(&files);
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("round")).unwrap();
        assert_eq!(walked(BOUNDS, dir.path()).0.len(), 40, "a link leads nowhere");
        let (found, failures) = walked(Bounds { files: 7, ..BOUNDS }, dir.path());
        assert_eq!(found.len(), 7);
        assert!(failures.len() == 1 && failures[0].contains("or 7 files"), "{failures:?}");
        let (found, failures) = walked(Bounds { entries: 5, ..BOUNDS }, dir.path());
        assert_eq!((found.len(), failures.len()), (5, 1));

        let dir = with_files(&["a/b/c/d.xex", "a/b/e.xex"]);
        let (found, failures) = walked(Bounds { levels: 2, ..BOUNDS }, dir.path());
        assert_eq!(found, [Path::new("a/b/e.xex")]);
        assert!(failures.len() == 1 && failures[0].contains("2 levels"), "{failures:?}");
    }

    #[test]
    fn failures_are_counted_once_there_are_many() {
        let folders: Vec<PathBuf> = (0..250).map(|n| PathBuf::from(format!("/nowhere/{n}"))).collect();
        let mut failures = Failures::default();
        let last = AtomicUsize::new(7);
        assert!(walk(&folders, &mut failures, &|entries| last.store(entries, Relaxed)).is_empty());
        let texts = failures.into_texts();
        assert_eq!(texts.len(), MAX_FAILURES + 1);
        assert_eq!(texts.last().unwrap(), "and 150 more failures");
        assert_eq!(last.into_inner(), 0);
    }
}
