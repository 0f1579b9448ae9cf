//! Directory enumeration entry by entry, as `NtQueryDirectoryFile` does it.

use super::Files;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_vfs::Entry;
use xenia_vfs::path::{self, Pattern};

/// Host memory of an entry of a listing, with the name that FATX allows.
const ENTRY_BYTES: u64 = (size_of::<Entry>() + path::MAX_FATX_NAME) as u64;

/// An enumeration in progress: a sorted snapshot of the entries at its last start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    pattern: Pattern,
    entries: Vec<Entry>,
    next: u32,
}

impl Scan {
    /// An enumeration of the entries that match `pattern`.
    pub fn new(mut entries: Vec<Entry>, pattern: Pattern) -> Self {
        entries.retain(|entry| pattern.matches(&entry.name));
        entries.shrink_to_fit();
        Self { pattern, entries, next: 0 }
    }

    /// The pattern that its entries match.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Returns the next entry and its index, and advances.
    pub fn advance(&mut self) -> Option<(u32, &Entry)> {
        let index = self.next;
        let entry = self.entries.get(index as usize)?;
        self.next += 1;
        Some((index, entry))
    }

    /// Whether no entry matched.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Validates a listing that comes from a saved state.
    pub(super) fn is_valid(&self) -> bool {
        let is_listed = |entry: &Entry| path::is_valid(&entry.name);
        let is_listed = self.entries.iter().all(is_listed);
        self.next as usize <= self.entries.len() && is_listed && self.pattern.is_valid()
    }

    /// Host memory of the listing.
    fn bytes(&self) -> u64 {
        self.entries.len() as u64 * ENTRY_BYTES
    }

    /// Steps back by one entry, because the entry did not fit in the title's buffer.
    pub fn step_back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }
}

impl Files {
    /// Restarts an open directory's enumeration. Returns whether any entry matches.
    ///
    /// # Errors
    /// The directory cannot be read, or the listings of all open directories would take too much
    /// memory: each directory can be open many times.
    pub fn start_scan(&mut self, body: GuestAddr, pattern: Pattern) -> Fallible<bool> {
        let found = self.vfs.list_matching(&self.get(body)?.location, &pattern)?;
        let scan = Scan::new(found, pattern);
        let others = self.open.iter().filter(|&(&other, _)| other != body);
        let held = others.filter_map(|(_, file)| file.scan.as_ref()).map(Scan::bytes).sum();
        self.limits.admit_amount(Limit::EnumeratorBytes, held, scan.bytes())?;
        let has_entries = !scan.is_empty();
        self.get_mut(body)?.scan = Some(scan);
        Ok(has_entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_vfs::Stamp;

    #[test]
    fn only_matching_entries_one_by_one() {
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            directory: false,
            size: 1,
            read_only: true,
            stamp: Stamp::default(),
        };
        let mut scan =
            Scan::new(vec![entry("a.x"), entry("b.y"), entry("c.x")], Pattern::new("*.X").unwrap());
        let next = |scan: &mut Scan| scan.advance().map(|(index, entry)| (index, entry.name.clone()));
        assert_eq!(next(&mut scan), Some((0, "a.x".to_owned())));
        assert_eq!(next(&mut scan), Some((1, "c.x".to_owned())));
        scan.step_back();
        assert_eq!(next(&mut scan), Some((1, "c.x".to_owned())));
        assert_eq!(next(&mut scan), None);
        assert!(!scan.is_empty() && scan.is_valid());
    }
}
