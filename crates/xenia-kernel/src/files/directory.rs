//! Directory enumeration entry by entry, as `NtQueryDirectoryFile` does it.

use serde::{Deserialize, Serialize};
use xenia_vfs::Entry;
use xenia_vfs::path::{self, Pattern};

/// An enumeration in progress: a sorted snapshot of the entries at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    entries: Vec<Entry>,
    next: u32,
}

impl Scan {
    /// An enumeration of the entries that match `pattern`.
    pub fn new(entries: Vec<Entry>, pattern: &Pattern) -> Self {
        let entries = entries.into_iter().filter(|entry| pattern.matches(&entry.name)).collect();
        Self { entries, next: 0 }
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

    /// Whether a saved state can have it.
    pub(super) fn is_possible(&self) -> bool {
        let is_listed = |entry: &Entry| path::is_valid(&entry.name);
        self.next as usize <= self.entries.len() && self.entries.iter().all(is_listed)
    }

    /// Restarts the enumeration.
    pub fn restart(&mut self) {
        self.next = 0;
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
            Scan::new(vec![entry("a.x"), entry("b.y"), entry("c.x")], &Pattern::new("*.X").unwrap());
        let next = |scan: &mut Scan| scan.advance().map(|(index, entry)| (index, entry.name.clone()));
        assert_eq!(next(&mut scan), Some((0, "a.x".to_owned())));
        assert_eq!(next(&mut scan), Some((1, "c.x".to_owned())));
        scan.step_back();
        assert_eq!(next(&mut scan), Some((1, "c.x".to_owned())));
        assert_eq!(next(&mut scan), None);
        scan.restart();
        assert!(next(&mut scan).is_some() && !scan.is_empty());
    }
}
