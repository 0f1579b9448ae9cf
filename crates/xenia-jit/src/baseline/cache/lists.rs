//! The lists of a unit, in one allocation: most have one to six members.

/// The lists of a unit, one behind the other.
pub(super) struct Lists {
    all: Box<[u32]>,
    /// Ends of the first two lists.
    ends: [u32; 2],
}

impl Lists {
    pub(super) fn new(
        entries: impl IntoIterator<Item = u32>,
        links: impl IntoIterator<Item = u32>,
        pages: impl IntoIterator<Item = u32>,
    ) -> Self {
        let mut all: Vec<u32> = entries.into_iter().collect();
        let entries = all.len();
        all.extend(links);
        let links = all.len();
        all.extend(pages);
        Self { all: all.into(), ends: [entries, links].map(|end| end as u32) }
    }

    /// Addresses of the unit that have entries in the table of entries.
    pub(super) fn entries(&self) -> &[u32] {
        self.list(0)
    }

    /// Numbers of the unit's links.
    pub(super) fn links(&self) -> &[u32] {
        self.list(1)
    }

    /// The guest pages that its words were read from.
    pub(super) fn pages(&self) -> &[u32] {
        self.list(2)
    }

    fn list(&self, n: usize) -> &[u32] {
        let at = |n: usize| self.ends.get(n).map_or(self.all.len(), |&end| end as usize);
        &self.all[if n == 0 { 0 } else { at(n - 1) }..at(n)]
    }

    /// Removes an address from the entries.
    pub(super) fn remove_entry(&mut self, pc: u32) {
        let entries = self.entries().iter().copied().filter(|&entry| entry != pc);
        let [links, pages] = [self.links(), self.pages()].map(<[u32]>::to_vec);
        *self = Self::new(entries.collect::<Vec<_>>(), links, pages);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_apart_and_entries_can_be_removed() {
        let mut lists = Lists::new([4, 8, 12], [16, 20], [4096]);
        lists.remove_entry(8);
        assert_eq!((lists.entries(), lists.links()), (&[4, 12][..], &[16, 20][..]));
        assert_eq!(lists.pages(), [4096]);
        lists.remove_entry(4);
        lists.remove_entry(12);
        assert!(lists.entries().is_empty() && lists.links().len() == 2);
    }
}
