//! Free ranges of a zone, coalesced when they touch.
//!
//! A title may have one allocation per page of its memory. The search for space therefore walks the
//! free ranges, which are then few, instead of the allocations.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

/// The free ranges of a zone. No range is empty, and no two touch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gaps {
    /// Start offset to end offset.
    ranges: BTreeMap<u32, u32>,
    /// Sum of the ranges' lengths.
    bytes: u32,
}

impl Gaps {
    /// A zone of `size` bytes, all of them free.
    pub(crate) fn new(size: u32) -> Self {
        Self { ranges: BTreeMap::from([(0, size)]), bytes: size }
    }

    /// Marks a free range as taken.
    pub(crate) fn take(&mut self, taken: &Range<u32>) {
        let Some((&start, &end)) = self.ranges.range(..=taken.start).next_back() else { return };
        if start == taken.start {
            self.ranges.remove(&start);
        } else {
            self.ranges.insert(start, taken.start);
        }
        if taken.end < end {
            self.ranges.insert(taken.end, end);
        }
        self.bytes -= taken.end - taken.start;
    }

    /// Marks a taken range as free.
    pub(crate) fn give_back(&mut self, free: &Range<u32>) {
        let before = self.ranges.range(..free.start).next_back().filter(|&(_, &end)| end == free.start);
        let start = before.map_or(free.start, |(&start, _)| start);
        let end = self.ranges.remove(&free.end).unwrap_or(free.end);
        self.ranges.insert(start, end);
        self.bytes += free.end - free.start;
    }

    /// Total number of free bytes.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// The first (or last) multiple of `align` in `window` that starts `size` free bytes.
    pub(crate) fn find(&self, window: &Range<u32>, size: u32, align: u32, top_down: bool) -> Option<u32> {
        let fit = |(&start, &end): (&u32, &u32)| {
            let start = start.max(window.start);
            let end = end.min(window.end);
            let room = end.checked_sub(size)?;
            let at = if top_down { room & !(align - 1) } else { start.checked_next_multiple_of(align)? };
            (start..=room).contains(&at).then_some(at)
        };
        if window.is_empty() {
            return None;
        }
        // Of the gaps that begin before the window, only the last can reach into it.
        let before = self.ranges.range(..=window.start).next_back();
        let after = self.ranges.range((Bound::Excluded(window.start), Bound::Excluded(window.end)));
        if top_down {
            after.rev().chain(before).find_map(fit)
        } else {
            before.into_iter().chain(after).find_map(fit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Size of the test's zone in units of its smallest ranges.
    const SIZE: u32 = 64;

    /// The expected result, by exhaustive search.
    fn looked_up(taken: &[bool], window: &Range<u32>, size: u32, align: u32, top_down: bool) -> Option<u32> {
        let is_free = |&at: &u32| {
            at.is_multiple_of(align)
                && at + size <= window.end
                && !taken[at as usize..(at + size) as usize].contains(&true)
        };
        let mut places = window.clone();
        if top_down { places.rev().find(is_free) } else { places.find(is_free) }
    }

    proptest! {
        #[test]
        fn gaps_find_room_like_an_exhaustive_search(
            steps in proptest::collection::vec(
                (0..SIZE, 1..=SIZE, 1..12_u32, 0..4_u32, any::<bool>(), any::<prop::sample::Index>()),
                1..60,
            ),
        ) {
            let mut gaps = Gaps::new(SIZE);
            let mut taken = vec![false; SIZE as usize];
            let mut ranges: Vec<Range<u32>> = Vec::new();
            for (low, high, size, align, top_down, which) in steps {
                let window = low..high.max(low + 1);
                let align = 1 << align;
                let found = gaps.find(&window, size, align, top_down);
                prop_assert_eq!(found, looked_up(&taken, &window, size, align, top_down));
                match found {
                    Some(at) => {
                        gaps.take(&(at..at + size));
                        taken[at as usize..(at + size) as usize].fill(true);
                        ranges.push(at..at + size);
                    }
                    None if ranges.is_empty() => {}
                    None => {
                        let range = ranges.swap_remove(which.index(ranges.len()));
                        gaps.give_back(&range);
                        taken[range.start as usize..range.end as usize].fill(false);
                    }
                }
                prop_assert_eq!(gaps.bytes() as usize, taken.iter().filter(|&&taken| !taken).count());
            }
            for range in ranges {
                gaps.give_back(&range);
            }
            prop_assert_eq!(gaps, Gaps::new(SIZE));
        }
    }

    #[test]
    fn gaps_that_become_adjacent_are_merged() {
        let mut gaps = Gaps::new(SIZE);
        for at in 0..SIZE {
            gaps.take(&(at..at + 1));
        }
        assert_eq!((gaps.ranges.len(), gaps.bytes()), (0, 0));
        for at in (0..SIZE).step_by(2).chain((1..SIZE).step_by(2)) {
            gaps.give_back(&(at..at + 1));
        }
        assert_eq!(gaps, Gaps::new(SIZE));
    }
}
