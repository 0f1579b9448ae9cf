//! The library: the titles in the user's folders, with the known facts about each.
//!
//! ```text
//!  folders ──walk──▶ files that may be titles ──describe, on all processors──▶ titles
//!                       ▲ path, size, time                       │
//!                       └────────────── cache file ◀─────────────┘
//! ```
//!
//! A file whose path, size and time are those of the cache is not opened again, unless it lacked a
//! key and there is one now. The record of a title's runs ([`plays`]) is kept apart, because it
//! can't be recreated.

mod cache;
pub mod cover;
mod jpeg;
pub mod plays;
pub mod stored;
mod walk;

use crate::title::description::{DescribedTitle, describe, is_title};
use crate::wording::count;
use cache::{Cache, Known};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use walk::Failures;
pub use walk::{Candidate, holds_executable};
use xenia_formats::KeyRing;

/// Maximum number of threads that read files.
const MAX_THREADS: usize = 16;

/// A title of the library.
#[derive(Clone, Debug)]
pub struct LibraryTitle {
    /// The file that starts it.
    pub path: PathBuf,
    /// Size of this file in bytes.
    pub bytes: u64,
    /// Description of the title.
    pub described: DescribedTitle,
    /// Icon file in the cache folder.
    pub icon: Option<PathBuf>,
}

/// Result of a scan.
#[derive(Debug, Default)]
pub struct LibraryScan {
    /// The titles, by path.
    pub titles: Vec<LibraryTitle>,
    /// Number of files that were opened, because they were not in the cache.
    pub opened: usize,
    /// Folders and files that could not be read, with the reasons.
    pub failures: Vec<String>,
}

/// Progress of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScanProgress {
    /// Folders are listed; this many entries have been looked at.
    Listing(usize),
    /// Files are examined.
    Examining {
        /// Number of files that have been examined.
        done: usize,
        /// Number of all files.
        total: usize,
    },
}

impl ScanProgress {
    /// The progress in words.
    pub fn text(self) -> String {
        match self {
            Self::Listing(entries) => format!("looking for titles: {}", count(entries, "entry")),
            Self::Examining { done, total } => format!("{done} of {} examined", count(total, "file")),
        }
    }
}

/// Scans folders. `cache` is the folder of the cache, `None` for no cache; `progress` receives the
/// progress, from several threads.
pub fn scan(
    folders: &[PathBuf],
    cache: Option<&Path>,
    keys: &KeyRing,
    progress: &(dyn Fn(ScanProgress) + Sync),
) -> LibraryScan {
    let mut scan = LibraryScan::default();
    let mut failures = Failures::default();
    let candidates = walk::walk(folders, &mut failures, &|entries| progress(ScanProgress::Listing(entries)));
    let mut kept = Cache::read(cache);
    let total = candidates.len();
    let examined = |done| progress(ScanProgress::Examining { done, total });
    let (known, new): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|file| kept.has(file, keys));
    examined(known.len());
    scan.opened = new.len();
    let done = AtomicUsize::new(known.len());
    let found = describe_all(&new, keys, &|| examined(done.fetch_add(1, Relaxed) + 1));
    for (file, result) in new.iter().zip(found) {
        match result {
            Ok(title) => kept.add(file, title),
            Err(error) => failures.add(format!("{}: {error:#}", file.path.display())),
        }
    }
    for file in known.iter().chain(&new) {
        let Some(Known { title: Some(title), icon, .. }) = kept.get(file) else { continue };
        scan.titles.push(LibraryTitle {
            path: file.path.clone(),
            bytes: file.bytes,
            described: title.clone(),
            icon: icon.clone(),
        });
    }
    scan.titles.sort_by(|a, b| a.path.cmp(&b.path));
    if let Err(error) = kept.write(folders) {
        failures.add(format!("the cache is not kept: {error:#}"));
    }
    scan.failures = failures.into_texts();
    scan
}

/// The titles that earlier scans found, by path, as they were then. `cache` is the folder of the
/// cache.
pub fn known_titles(cache: &Path) -> Vec<LibraryTitle> {
    Cache::read(Some(cache)).titles()
}

/// The files in folders that are titles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderTitles {
    /// The files, by path.
    pub files: Vec<PathBuf>,
    /// Descriptions of the files and folders that could not be read.
    pub failures: Vec<String>,
}

/// Finds the files in folders that are titles. A file that is damaged counts as a title: running it
/// says why it isn't one.
pub fn titles(folders: &[PathBuf]) -> FolderTitles {
    let mut failures = Failures::default();
    let found = walk::walk(folders, &mut failures, &|_| ()).into_iter().map(|file| file.path);
    let files = found.filter(|path| is_title(path).unwrap_or(true)).collect();
    FolderTitles { files, failures: failures.into_texts() }
}

/// Forgets the descriptions of all files.
///
/// # Errors
/// The file of the cache can't be removed.
pub fn forget(cache: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(cache::file(cache)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

type Description = anyhow::Result<Option<DescribedTitle>>;

/// Describes files on all processors; calls `each` after each.
fn describe_all(files: &[Candidate], keys: &KeyRing, each: &(dyn Fn() + Sync)) -> Vec<Description> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut described = Vec::new();
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(file) = files.get(at) else { return described };
            described.push((at, describe(&file.path, keys)));
            each();
        }
    };
    let mut all: Vec<(usize, Description)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(files.len())).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default());
        results.collect()
    });
    all.sort_by_key(|(at, _)| *at);
    // A thread that panicked has lost its files: they count as failures.
    let mut found = all.into_iter().peekable();
    let missing = || Err(anyhow::anyhow!("internal error: its reader panicked"));
    (0..files.len())
        .map(|at| found.next_if(|(known, _)| *known == at).map_or_else(missing, |(_, title)| title))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const HELLO: &[u8] = include_bytes!("../../../guest/bin/hello.xex");
    const SUITE: &[u8] = include_bytes!("../../../guest/bin/console-suite.xex");

    fn scanned(folder: &Path, cache: &Path) -> LibraryScan {
        scan(&[folder.to_owned()], Some(cache), &KeyRing::development(), &|_| ())
    }

    #[test]
    fn titles_are_found_described_and_not_opened_twice() {
        let dir = tempfile::tempdir().unwrap();
        let games = dir.path().join("games");
        let cache = dir.path().join("cache");
        for (path, bytes) in [
            ("one/default.xex", SUITE),
            ("one/other.xex", HELLO),
            ("one/media/deep/readme.txt", b"x"),
            ("two/Hello.XEX", HELLO),
            ("notes.txt", HELLO),
            ("noise.iso", b"no image at all"),
        ] {
            let path = games.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let seen = Mutex::new(Vec::new());
        let progress = |progress| seen.lock().unwrap().push(progress);
        let first = scan(std::slice::from_ref(&games), Some(&cache), &KeyRing::development(), &progress);
        let paths: Vec<_> = first.titles.iter().map(|title| title.path.clone()).collect();
        assert_eq!(paths, [games.join("one/default.xex"), games.join("two/Hello.XEX")], "{first:?}");
        assert_eq!(first.opened, 3, "the two titles and the noise");
        let suite = &first.titles[0];
        assert_eq!(suite.described.id, crate::title::id_of(Some(&suite.path)));
        assert_eq!((suite.described.format.as_str(), suite.bytes), ("xex", SUITE.len() as u64));
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen.last(), Some(&ScanProgress::Examining { done: 3, total: 3 }));

        let second = scanned(&games, &cache);
        assert_eq!((second.opened, second.titles.len()), (0, 2));
        assert_eq!(second.titles[0].described, suite.described);
        let known: Vec<_> = known_titles(&cache).into_iter().map(|title| title.path).collect();
        assert_eq!(known, paths);

        // Another size, and a file that is gone.
        std::fs::write(games.join("noise.iso"), b"still none").unwrap();
        std::fs::remove_file(games.join("two/Hello.XEX")).unwrap();
        let third = scanned(&games, &cache);
        assert_eq!((third.opened, third.titles.len()), (1, 1));

        // A damaged cache is rebuilt.
        std::fs::write(cache.join("library.json"), b"{").unwrap();
        assert_eq!(scanned(&games, &cache).opened, 2);
    }

    #[test]
    fn scans_end_despite_deep_folders_and_cyclic_links() {
        let dir = tempfile::tempdir().unwrap();
        let mut deep = dir.path().to_owned();
        for _ in 0..40 {
            deep.push("d");
        }
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("default.xex"), HELLO).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("round")).unwrap();
        std::fs::write(dir.path().join("default.xex"), HELLO).unwrap();
        let found = scanned(dir.path(), &dir.path().join("cache"));
        assert_eq!(found.titles.len(), 1, "{found:?}");
        std::fs::remove_file(dir.path().join("default.xex")).unwrap();
        let found = scanned(dir.path(), &dir.path().join("cache"));
        assert!(found.titles.is_empty() && found.failures.len() == 1, "too deep: {found:?}");
        let missing = scanned(&dir.path().join("nowhere"), &dir.path().join("cache"));
        assert!(missing.titles.is_empty() && missing.failures.len() == 1, "{missing:?}");
    }
}
