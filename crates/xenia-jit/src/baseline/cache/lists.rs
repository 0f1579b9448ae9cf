//! The lists of a unit, in one allocation: most have one to six members.

/// The lists of a unit, one after the other: the entries, two to a word, the links, the pages.
pub(super) struct Lists {
    all: Box<[u32]>,
    /// Numbers of entries and of links.
    entries: u16,
    links: u16,
}

impl Lists {
    /// A unit has as many instructions as [`super::super::unit::MAX_INSTRUCTIONS`] at most, so
    /// that the numbers fit.
    pub(super) fn new(entries: &[u16], links: &[u32], pages: impl IntoIterator<Item = u32>) -> Self {
        let half = |half: Option<&u16>| half.copied().map_or(0, u32::from);
        let packed = entries.chunks(2).map(|pair| half(pair.first()) | half(pair.get(1)) << 16);
        let all = packed.chain(links.iter().copied()).chain(pages).collect();
        Self { all, entries: entries.len() as u16, links: links.len() as u16 }
    }

    /// Indices of the unit's words that have entries, from its start.
    pub(super) fn entries(&self) -> impl Iterator<Item = u16> {
        (0..usize::from(self.entries)).map(|n| (self.all[n / 2] >> (16 * (n % 2))) as u16)
    }

    /// Whether no word has an entry.
    pub(super) fn has_no_entry(&self) -> bool {
        self.entries == 0
    }

    /// Numbers of the unit's links.
    pub(super) fn links(&self) -> &[u32] {
        let start = usize::from(self.entries).div_ceil(2);
        &self.all[start..start + usize::from(self.links)]
    }

    /// The guest pages that its words were read from.
    pub(super) fn pages(&self) -> &[u32] {
        &self.all[usize::from(self.entries).div_ceil(2) + usize::from(self.links)..]
    }

    /// Removes an index from the entries.
    pub(super) fn remove_entry(&mut self, index: u16) {
        let entries: Vec<u16> = self.entries().filter(|&entry| entry != index).collect();
        *self = Self::new(&entries, self.links(), self.pages().iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_apart_and_entries_can_be_removed() {
        let mut lists = Lists::new(&[0, 7, 0xFFFF], &[16, 20], [4096]);
        for removed in [7, 0xFFFF, 3, 0] {
            let left: Vec<u16> = lists.entries().filter(|&entry| entry != removed).collect();
            lists.remove_entry(removed);
            assert_eq!(lists.entries().collect::<Vec<_>>(), left);
            assert_eq!((lists.links(), lists.pages()), (&[16, 20][..], &[4096][..]));
        }
        assert!(lists.has_no_entry() && Lists::new(&[], &[], []).pages().is_empty());
    }
}
