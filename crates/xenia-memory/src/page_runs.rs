//! States of an allocation's pages, as runs of pages with one state.
//!
//! Most allocations have a single run. A search for the end of a region, or a count of its pages,
//! therefore costs the same for a large region as for a small one.

use crate::protect::Protect;
use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;

/// The states of an allocation's pages: each is committed with a protection, or reserved (`None`).
#[derive(Debug)]
pub(crate) struct PageRuns {
    /// State of each run by its first page. Consecutive runs differ, and the first begins at page
    /// 0.
    runs: BTreeMap<u32, Option<Protect>>,
    /// Number of pages.
    count: u32,
}

impl PageRuns {
    /// Creates `count` pages with one state.
    pub(crate) fn new(count: u32, state: Option<Protect>) -> Self {
        Self { runs: BTreeMap::from([(0, state)]), count }
    }

    /// State of a page.
    pub(crate) fn get(&self, page: u32) -> Option<Protect> {
        self.runs.range(..=page).next_back().and_then(|(_, &state)| state)
    }

    /// All runs in ascending order, each with its state.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (Range<u32>, Option<Protect>)> {
        self.within(0..self.count)
    }

    /// The parts of runs that are in `pages`, in ascending order, each with its state.
    pub(crate) fn within(&self, pages: Range<u32>) -> impl Iterator<Item = (Range<u32>, Option<Protect>)> {
        let Range { start, end } = pages;
        let first = (start < end).then(|| (start, self.get(start)));
        let second = start.saturating_add(1);
        let others = self.runs.range(second..end.max(second)).map(|(&start, &state)| (start, state));
        let mut starts = first.into_iter().chain(others).peekable();
        iter::from_fn(move || {
            let (start, state) = starts.next()?;
            let next = starts.peek().map_or(end, |&(next, _)| next);
            Some((start..next, state))
        })
    }

    /// The pages from `page` on that have its state.
    pub(crate) fn run_from(&self, page: u32) -> Range<u32> {
        let next = self.runs.range(page.saturating_add(1)..).next();
        page..next.map_or(self.count, |(&start, _)| start)
    }

    /// Number of committed pages in `pages`.
    pub(crate) fn committed_count_in(&self, pages: &Range<u32>) -> u32 {
        let committed = self.within(pages.clone()).filter(|(_, state)| state.is_some());
        committed.map(|(run, _)| run.end - run.start).sum()
    }

    /// Number of committed pages.
    pub(crate) fn committed_count(&self) -> u32 {
        self.committed_count_in(&(0..self.count))
    }

    /// Gives `pages` a state.
    pub(crate) fn fill(&mut self, pages: &Range<u32>, state: Option<Protect>) {
        if pages.is_empty() {
            return;
        }
        let before = pages.start.checked_sub(1).map(|page| self.get(page));
        let behind = (pages.end < self.count).then(|| self.get(pages.end));
        let inside: Vec<u32> = self.runs.range(pages.start..=pages.end).map(|(&start, _)| start).collect();
        for start in inside {
            self.runs.remove(&start);
        }
        if before != Some(state) {
            self.runs.insert(pages.start, state);
        }
        if let Some(behind) = behind
            && behind != state
        {
            self.runs.insert(pages.end, behind);
        }
    }

    /// Removes the pages from `page` on, and returns them.
    pub(crate) fn split_off(&mut self, page: u32) -> Self {
        let behind = self.within(page..self.count).map(|(run, state)| (run.start - page, state));
        let behind = Self { runs: behind.collect(), count: self.count - page };
        self.runs.retain(|&start, _| start < page);
        self.count = page;
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGES: u32 = 24;

    const STATES: [Option<Protect>; 3] = [None, Some(Protect::READ_ONLY), Some(Protect::READ_WRITE)];

    /// The state of each page.
    fn states(runs: &PageRuns) -> Vec<Option<Protect>> {
        runs.runs().flat_map(|(run, state)| iter::repeat_n(state, run.len())).collect()
    }

    proptest! {
        #[test]
        fn runs_are_those_of_a_vector_of_pages(
            steps in proptest::collection::vec((0..PAGES, 1..=PAGES, 0..STATES.len()), 1..40),
            cut in 0..=PAGES,
        ) {
            let mut runs = PageRuns::new(PAGES, None);
            let mut pages: Vec<Option<Protect>> = vec![None; PAGES as usize];
            for (start, length, state) in steps {
                let range = start..(start + length).min(PAGES);
                let places = range.start as usize..range.end as usize;
                let committed = pages[places.clone()].iter().flatten().count();
                prop_assert_eq!(runs.committed_count_in(&range) as usize, committed);
                let within: Vec<_> = runs.within(range.clone()).collect();
                prop_assert_eq!(within.len(), pages[places.clone()].chunk_by(PartialEq::eq).count());
                runs.fill(&range, STATES[state]);
                pages[places].fill(STATES[state]);
                prop_assert_eq!(&states(&runs), &pages);
                prop_assert_eq!(runs.runs.len(), pages.chunk_by(PartialEq::eq).count());
                prop_assert_eq!(runs.committed_count() as usize, pages.iter().flatten().count());
                for page in 0..PAGES {
                    let rest = &pages[page as usize..];
                    let alike = rest.iter().take_while(|&state| *state == rest[0]).count();
                    prop_assert_eq!(runs.run_from(page).len(), alike);
                    prop_assert_eq!(runs.get(page), rest[0]);
                }
            }
            let behind = runs.split_off(cut);
            prop_assert_eq!(states(&runs), &pages[..cut as usize]);
            prop_assert_eq!(states(&behind), &pages[cut as usize..]);
        }
    }
}
