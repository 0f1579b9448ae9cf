//! Cache of host directory listings, for case-insensitive look-ups.
//!
//! The host looks up exact names. For a name in another case, and for each missing name, the whole
//! directory has to be read. Titles ask for missing files repeatedly, so listings are cached until
//! the directory changes. A title that creates many files changes it each time, so a first name is
//! only looked for, and a second one in the same state makes the listing.

use super::host_names::text_of;
use crate::VfsResult;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest number of cached directories.
const MAX_DIRECTORIES: usize = 64;
/// Largest total number of cached names; larger directories are read each time.
const MAX_CACHED_NAMES: usize = 0x1_0000;

/// Cached listings by host path.
#[derive(Debug, Default)]
pub(super) struct Listings(Mutex<BTreeMap<PathBuf, Listing>>);

/// State of a directory, as far as it is known: equal states have equal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirectoryState {
    /// Modification time according to the host.
    pub(super) changed: SystemTime,
    /// Number of names that the guest has added to any directory: the host's times are too coarse
    /// to reveal each of these changes.
    pub(super) added: u64,
}

/// A cached listing.
#[derive(Debug)]
struct Listing {
    state: DirectoryState,
    names: Names,
}

/// Names by lower-case name.
#[derive(Debug)]
enum Names {
    /// The spellings found for one looked-up name.
    One(String, Vec<OsString>),
    All(BTreeMap<String, Vec<OsString>>),
}

impl Listing {
    fn length(&self) -> usize {
        match &self.names {
            Names::One(..) => 1,
            Names::All(names) => names.len(),
        }
    }
}

impl Listings {
    /// Names in a directory that differ from this one only in case, in byte order.
    pub(super) fn differing_in_case(
        &self,
        directory: &Path,
        name: &str,
        state: DirectoryState,
    ) -> VfsResult<Vec<OsString>> {
        let key = name.to_ascii_lowercase();
        let must_read_all = match self.0.lock().get(directory) {
            Some(listing) if listing.state == state => match &listing.names {
                Names::All(names) => return Ok(names.get(&key).cloned().unwrap_or_default()),
                Names::One(known, names) if *known == key => return Ok(names.clone()),
                Names::One(..) => true,
            },
            _ => false,
        };
        // The lock is free here, as the host's disk may be slow.
        let (names, found) = if must_read_all {
            let names = read(directory)?;
            let found = names.get(&key).cloned().unwrap_or_default();
            (Names::All(names), found)
        } else {
            let found = twins_in(directory, name)?;
            (Names::One(key, found.clone()), found)
        };
        self.keep(directory, Listing { state, names });
        Ok(found)
    }

    fn keep(&self, directory: &Path, listing: Listing) {
        if listing.length() > MAX_CACHED_NAMES {
            return;
        }
        let mut kept = self.0.lock();
        // Its old names must not count when the limit is checked.
        kept.remove(directory);
        let names: usize = kept.values().map(Listing::length).sum();
        if kept.len() >= MAX_DIRECTORIES || names + listing.length() > MAX_CACHED_NAMES {
            kept.clear();
        }
        kept.insert(directory.to_owned(), listing);
    }
}

/// Names in a directory that differ from this one only in case, in byte order.
fn twins_in(directory: &Path, name: &str) -> VfsResult<Vec<OsString>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let candidate = entry?.file_name();
        if text_of(&candidate).is_some_and(|candidate| candidate.eq_ignore_ascii_case(name)) {
            found.push(candidate);
        }
    }
    found.sort();
    Ok(found)
}

/// All names in a directory, by lower-case name.
fn read(directory: &Path) -> VfsResult<BTreeMap<String, Vec<OsString>>> {
    let mut names: BTreeMap<String, Vec<OsString>> = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let candidate = entry?.file_name();
        let Some(key) = text_of(&candidate).map(|text| text.to_ascii_lowercase()) else { continue };
        names.entry(key).or_default().push(candidate);
    }
    for twins in names.values_mut() {
        twins.sort();
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: usize) -> Listing {
        let names = (0..names).map(|name| (name.to_string(), Vec::new())).collect();
        let state = DirectoryState { changed: SystemTime::UNIX_EPOCH, added: 0 };
        Listing { state, names: Names::All(names) }
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_read_again_when_it_or_the_guest_has_changed_something() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let listings = Listings::default();
        let look = |name: &str, seconds, added| {
            let changed = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            fs::File::open(at).unwrap().set_modified(changed).unwrap();
            listings.differing_in_case(at, name, DirectoryState { changed, added }).unwrap()
        };
        fs::write(at.join("First"), "").unwrap();
        // The look-up of a second name keeps all.
        assert_eq!((look("FIRST", 1, 0), look("OTHER", 1, 0)), (vec!["First".into()], Vec::new()));
        fs::write(at.join("Second"), "").unwrap();
        fs::write(at.join("second"), "").unwrap();
        assert!(look("SECOND", 1, 0).is_empty(), "what was read is kept");
        assert_eq!(look("SECOND", 1, 1), ["Second", "second"]);
        fs::write(at.join("Third"), "").unwrap();
        assert_eq!(look("THIRD", 2, 1), ["Third"]);
    }

    #[test]
    fn listing_cache_is_bounded() {
        let listings = Listings::default();
        let kept = || listings.0.lock().len();
        for number in 0..MAX_DIRECTORIES {
            listings.keep(Path::new(&number.to_string()), listing(1));
        }
        assert_eq!(kept(), MAX_DIRECTORIES);
        listings.keep(Path::new("one more"), listing(MAX_CACHED_NAMES - 1));
        assert_eq!(kept(), 1);
        listings.keep(Path::new("large"), listing(MAX_CACHED_NAMES + 1));
        assert_eq!(kept(), 1);
        listings.keep(Path::new("two names"), listing(2));
        assert_eq!(kept(), 1);
        assert!(listings.0.lock().contains_key(Path::new("two names")));
    }
}
