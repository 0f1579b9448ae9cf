//! Order of the titles in the library, and the selection by the search text. Both are computed
//! again only when the library, the text or the sorting has changed.

use crate::{LibraryEntry, LibrarySort};
use std::cmp::Reverse;
use std::sync::Arc;

/// The titles shown, by their indices in the library. They are sorted when something has changed.
#[derive(Debug, Default)]
pub(super) struct Order {
    made_of: Option<(Arc<Vec<LibraryEntry>>, String, LibrarySort)>,
    titles: Vec<usize>,
}

impl Order {
    /// The titles that are shown.
    pub(super) fn titles(&self) -> &[usize] {
        &self.titles
    }

    /// The title at a position.
    pub(super) fn entry(&self, position: usize) -> Option<&LibraryEntry> {
        self.made_of.as_ref()?.0.get(*self.titles.get(position)?)
    }

    /// Sorts the titles that match the search text, if that is not done. Returns the new position
    /// of the title at this one.
    pub(super) fn update(
        &mut self,
        entries: &Arc<Vec<LibraryEntry>>,
        search: &str,
        sort: LibrarySort,
        position: usize,
    ) -> usize {
        let is_done = self.made_of.as_ref().is_some_and(|(made_of, text, by)| {
            Arc::ptr_eq(made_of, entries) && text == search && *by == sort
        });
        if is_done {
            return position.min(self.titles.len().saturating_sub(1));
        }
        let is_same_view = self.made_of.as_ref().is_some_and(|(_, text, by)| text == search && *by == sort);
        // A scan that adds titles must not move the choice to another one.
        let kept = self.entry(position).filter(|_| is_same_view).map(|entry| entry.path.clone());
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let matches = |entry: &LibraryEntry| {
            let text = format!("{} {}", entry.name, entry.kind).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        self.titles = (0..entries.len()).filter(|&index| matches(&entries[index])).collect();
        let name = |index: usize| (entries[index].path.is_some(), entries[index].name.to_lowercase());
        self.titles.sort_by_cached_key(|&index| name(index));
        // Both sorts are stable: titles that are alike stay sorted by name.
        match sort {
            LibrarySort::Name => {}
            LibrarySort::LastPlayed => self.titles.sort_by_key(|&index| Reverse(entries[index].last_played)),
            LibrarySort::TimePlayed => {
                self.titles.sort_by_key(|&index| Reverse(entries[index].seconds_played));
            }
        }
        self.made_of = Some((entries.clone(), search.to_owned(), sort));
        let is_kept = |index: &usize| kept.as_ref().is_some_and(|path| *path == entries[*index].path);
        let moved = self.titles.iter().position(is_kept);
        moved.unwrap_or_else(|| position.min(self.titles.len().saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn entry(name: &str, last_played: Option<u64>, seconds_played: u64) -> LibraryEntry {
        LibraryEntry {
            name: name.to_owned(),
            path: Some(PathBuf::from(name)),
            kind: "4D5307D1, xex".to_owned(),
            last_played,
            seconds_played,
            ..LibraryEntry::default()
        }
    }

    #[test]
    fn titles_are_sorted_and_found() {
        let demo = LibraryEntry { path: None, ..entry("Demo", None, 0) };
        let entries =
            vec![entry("fog", Some(5), 9), entry("Alpine", Some(7), 2), demo, entry("Égal", None, 0)];
        let entries = Arc::new(entries);
        let mut order = Order::default();
        let mut names = |search: &str, sort| -> Vec<String> {
            order.update(&entries, search, sort, 0);
            order.titles().iter().map(|&index| entries[index].name.clone()).collect()
        };
        assert_eq!(names("", LibrarySort::Name), ["Demo", "Alpine", "fog", "Égal"], "the demo is first");
        assert_eq!(names("", LibrarySort::LastPlayed), ["Alpine", "fog", "Demo", "Égal"]);
        assert_eq!(names("", LibrarySort::TimePlayed), ["fog", "Alpine", "Demo", "Égal"]);
        assert_eq!(names("É", LibrarySort::Name), ["Égal"], "in either case");
        assert_eq!(names("4d53 AL", LibrarySort::Name), ["Alpine", "Égal"], "all words, the id too");
        assert!(names("x-men", LibrarySort::Name).is_empty());
        assert_eq!(order.update(&entries, "", LibrarySort::Name, 2), 2);
        let mut larger = entries.clone();
        Arc::make_mut(&mut larger).push(entry("Bravo", None, 0));
        assert_eq!(order.update(&larger, "", LibrarySort::Name, 2), 3, "where the fog is now");
        assert_eq!(order.update(&larger, "bravo", LibrarySort::Name, 3), 0);
    }
}
