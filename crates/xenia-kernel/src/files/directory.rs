//! Directory enumeration entry by entry, as `NtQueryDirectoryFile` does it.

use serde::{Deserialize, Serialize};
use xenia_vfs::Entry;
use xenia_vfs::path::{self, Pattern};

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

    /// Steps back by one entry, because the entry did not fit in the title's buffer.
    pub fn step_back(&mut self) {
        self.next = self.next.saturating_sub(1);
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
