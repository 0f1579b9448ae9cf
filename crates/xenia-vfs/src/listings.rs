//! Cache of host directory listings, for case-insensitive look-ups.
//!
//! The host looks up exact names. For a name in another case, and for each missing name, the whole
//! directory has to be read. Titles ask for missing files repeatedly, so listings are cached until
//! the directory changes. A first name is only looked for, and a second one in the same state makes
//! the listing. Changes by the guest itself update it ([`Listings::change`]): a title that creates
//! many files looks for each one first.

use super::VfsResult;
use super::path::text_of;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

/// Largest number of cached directories.
const MAX_DIRECTORIES: usize = 64;
/// Largest total number of cached names; larger directories are read each time.
const MAX_CACHED_NAMES: usize = 0x1_0000;
/// Largest number of spellings of a name that changes by the guest leave in a listing. Those of
/// removed files count as well.
const MAX_SPELLINGS: usize = 16;

/// Cached listings of a folder's directories.
#[derive(Debug, Default)]
pub(crate) struct Listings {
    cached: Mutex<CachedListings>,
    /// Number of times that a directory was read.
    #[cfg(test)]
    reads: AtomicUsize,
}

/// State of a directory, as far as it is known: equal states have equal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirectoryState {
    /// Modification time according to the host.
    pub(super) modified: SystemTime,
    /// Number of the guest's last change: the host's times are too coarse to reveal each one.
    pub(super) change: u64,
}

/// A cached listing.
#[derive(Debug)]
struct Listing {
    state: DirectoryState,
    names: Names,
    /// Number of the guest's change in progress, if any. Meanwhile the listing is not used.
    in_change: Option<u64>,
}

/// Names by lower-case name. Names that were removed meanwhile may be among them.
#[derive(Debug)]
enum Names {
    /// The spellings found for one looked-up name.
    One(String, Vec<OsString>),
    All(BTreeMap<String, Vec<OsString>>),
}

impl Names {
    fn length(&self) -> usize {
        match self {
            Self::One(..) => 1,
            Self::All(names) => names.len(),
        }
    }

    /// Adds a name that the guest has made. Returns false if it has too many spellings.
    fn add(&mut self, name: &OsStr) -> bool {
        let Some(key) = key_of(name) else { return true };
        let twins = match self {
            Self::One(known, twins) if *known == key => twins,
            Self::One(..) => return true,
            Self::All(names) => names.entry(key).or_default(),
        };
        if twins.iter().any(|twin| twin == name) {
            return true;
        }
        if twins.len() >= MAX_SPELLINGS {
            return false;
        }
        twins.push(name.to_owned());
        twins.sort();
        true
    }
}

/// Listings by host path.
#[derive(Debug, Default)]
struct CachedListings {
    directories: BTreeMap<PathBuf, Listing>,
    /// Number of the guest's last change of any directory.
    changes: u64,
    /// Number of a change after which no directory without a listing was changed.
    others: u64,
}

impl CachedListings {
    /// Number of the last change of a directory.
    fn last_change(&self, directory: &Path) -> u64 {
        self.directories.get(directory).map_or(self.others, |listing| listing.state.change)
    }

    /// Numbers the next change.
    fn next_change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// Removes a listing.
    fn forget(&mut self, directory: &Path) {
        self.directories.remove(directory);
        self.others = self.changes;
    }

    /// Removes all listings.
    fn clear(&mut self) {
        self.directories.clear();
        self.others = self.changes;
    }

    /// Total number of names.
    fn names(&self) -> usize {
        self.directories.values().map(|listing| listing.names.length()).sum()
    }
}

impl Listings {
    /// Number of the guest's last change of a directory, for its [`DirectoryState`].
    pub(super) fn last_change(&self, directory: &Path) -> u64 {
        self.cached.lock().last_change(directory)
    }

    /// Names in a directory that differ from this one only in case, in byte order.
    pub(super) fn differing_in_case(
        &self,
        directory: &Path,
        name: &str,
        state: DirectoryState,
    ) -> VfsResult<Vec<OsString>> {
        let key = name.to_ascii_lowercase();
        let must_read_all = match self.cached.lock().directories.get(directory) {
            Some(listing) if listing.state == state && listing.in_change.is_none() => match &listing.names {
                Names::All(names) => return Ok(names.get(&key).cloned().unwrap_or_default()),
                Names::One(known, names) if *known == key => return Ok(names.clone()),
                Names::One(..) => true,
            },
            _ => false,
        };
        #[cfg(test)]
        self.reads.fetch_add(1, Relaxed);
        // The lock is free here, as the host's disk may be slow.
        let (names, found) = if must_read_all {
            let names = read(directory)?;
            let found = names.get(&key).cloned().unwrap_or_default();
            (Names::All(names), found)
        } else {
            let found = twins_in(directory, name)?;
            (Names::One(key, found.clone()), found)
        };
        self.keep(directory, Listing { state, names, in_change: None });
        Ok(found)
    }

    fn keep(&self, directory: &Path, listing: Listing) {
        let length = listing.names.length();
        if length > MAX_CACHED_NAMES {
            return;
        }
        let mut cached = self.cached.lock();
        // The guest may have changed the directory since it was read.
        let is_changing = cached.directories.get(directory).is_some_and(|old| old.in_change.is_some());
        if is_changing || cached.last_change(directory) != listing.state.change {
            return;
        }
        // Its old names must not count when the limit is checked.
        cached.directories.remove(directory);
        if cached.directories.len() >= MAX_DIRECTORIES || cached.names() + length > MAX_CACHED_NAMES {
            cached.clear();
        }
        cached.directories.insert(directory.to_owned(), listing);
    }

    /// Performs a change of a directory by the guest, which makes the name `made`, if any. If the
    /// host has not changed the directory since it was listed, its listing stays in use.
    pub(crate) fn change<T, E>(
        &self,
        directory: &Path,
        made: Option<&OsStr>,
        change: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let number = self.begin(directory);
        let result = change();
        // A change that fails may have been done in part.
        self.end(directory, number.filter(|_| result.is_ok()), made);
        result
    }

    /// Marks a listing before a change; returns the number of the change. `None`: the directory has
    /// no listing, or one that is out of date or being changed, which is removed.
    fn begin(&self, directory: &Path) -> Option<u64> {
        if !self.cached.lock().directories.contains_key(directory) {
            return None;
        }
        let modified = modified(directory);
        let mut cached = self.cached.lock();
        let number = cached.next_change();
        let listing = cached.directories.get_mut(directory)?;
        if listing.in_change.is_some() || modified != Some(listing.state.modified) {
            cached.forget(directory);
            return None;
        }
        listing.in_change = Some(number);
        Some(number)
    }

    /// Updates a listing after the change with this number, or removes it.
    fn end(&self, directory: &Path, number: Option<u64>, made: Option<&OsStr>) {
        let modified = number.and_then(|_| modified(directory));
        let mut cached = self.cached.lock();
        let change = cached.next_change();
        let listing = cached.directories.get_mut(directory);
        let listing = listing.filter(|listing| number.is_some() && listing.in_change == number);
        let Some((listing, modified)) = listing.zip(modified) else {
            cached.forget(directory);
            return;
        };
        listing.state = DirectoryState { modified, change };
        listing.in_change = None;
        if made.is_some_and(|made| !listing.names.add(made)) {
            cached.forget(directory);
            return;
        }
        if cached.names() > MAX_CACHED_NAMES {
            cached.clear();
        }
    }

    /// Removes the listing of a directory that the guest has made: it may be that of an earlier one
    /// with its name.
    pub(super) fn forget(&self, directory: &Path) {
        let mut cached = self.cached.lock();
        cached.next_change();
        cached.forget(directory);
    }

    /// Removes all listings, after a change that gives directories other paths or names.
    pub(crate) fn forget_all(&self) {
        let mut cached = self.cached.lock();
        cached.next_change();
        cached.clear();
    }
}

/// Modification time of a directory, if the host has it.
fn modified(directory: &Path) -> Option<SystemTime> {
    directory.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The lower-case form of a name; `None` if it has no text.
fn key_of(name: &OsStr) -> Option<String> {
    text_of(name).map(|text| text.to_ascii_lowercase())
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
        let Some(key) = key_of(&candidate) else { continue };
        names.entry(key).or_default().push(candidate);
    }
    for twins in names.values_mut() {
        twins.sort();
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
