//! Listing a directory entry by entry, as `NtQueryDirectoryFile` does.

use crate::vfs::Entry;
use crate::vfs::path::Pattern;

/// A listing under way: what was there when it began, in sorted order.
#[derive(Debug)]
pub struct Scan {
    entries: Vec<Entry>,
    next: usize,
}

impl Scan {
    /// The entries that match `pattern`.
    pub fn new(entries: Vec<Entry>, pattern: &Pattern) -> Self {
        let entries = entries.into_iter().filter(|entry| pattern.matches(&entry.name)).collect();
        Self { entries, next: 0 }
    }

    /// The next entry and its index; the one after it is next.
    pub fn advance(&mut self) -> Option<(u32, &Entry)> {
        let index = self.next;
        let entry = self.entries.get(index)?;
        self.next += 1;
        Some((index as u32, entry))
    }

    /// Whether nothing matched at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Begins again.
    pub fn restart(&mut self) {
        self.next = 0;
    }

    /// Takes the last step back: there was no room for the entry.
    pub fn step_back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::Stamp;

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
