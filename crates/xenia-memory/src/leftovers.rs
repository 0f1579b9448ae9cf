//! Decommitted pages that have not been returned to the host yet.
//!
//! A title that frees memory and soon commits it again would cost the host a hole in the memory
//! object, and a fault for each page that is used again; clearing the pages costs less. So
//! decommitted pages keep their memory, and are cleared when they are committed again. Their old
//! contents are inaccessible, because they are not committed. Pages that the title has never
//! touched have no memory, and get none here. The number of kept pages is limited: the ranges
//! decommitted first are returned to the host.

use crate::error::MemoryError;
use crate::page_bits::PageBits;
use std::collections::VecDeque;
use std::ops::Range;
use xenia_sync::{Level, Mutex};

/// Limit on kept pages: 64 MiB.
const MAX_PAGES: u32 = 16_384;
/// Limit on the kept pages of one range, apart from its front; if there are more, they are returned
/// to the host at once.
const MAX_OF_A_RANGE: u32 = MAX_PAGES / 2;
/// Length in pages of a range's front, which is kept: 1 MiB. Titles fill memory from the front. The
/// rest is kept if at least half of it has memory: to clear pages that the title does not touch
/// again costs more than it saves.
const FRONT: u32 = 256;
/// Limit on remembered ranges.
const MAX_RANGES: usize = 4096;

/// The set of decommitted backing pages that still have host memory.
pub(crate) struct Leftovers(Mutex<FreedPages>);

struct FreedPages {
    pages: PageBits,
    /// Number of pages in the set.
    count: u32,
    /// Decommitted ranges, the oldest first. Each page of the set lies in one of them.
    ranges: VecDeque<Range<u32>>,
}

impl FreedPages {
    fn add(&mut self, run: Range<u32>) {
        for page in run {
            self.count += u32::from(!self.pages.has(page));
            self.pages.set(page);
        }
    }

    /// Removes the first run of kept pages in a range from the set, and returns it.
    fn take(&mut self, range: &Range<u32>) -> Option<Range<u32>> {
        let start = self.pages.next(None, range.start, range.end)?;
        let mut end = start;
        while end < range.end && self.pages.has(end) {
            self.pages.clear(end);
            end += 1;
        }
        self.count -= end - start;
        Some(start..end)
    }
}

impl Leftovers {
    /// Creates an empty set. `ordinal` is that of its lock.
    pub(crate) fn new(ordinal: u32) -> Self {
        let kept = FreedPages { pages: PageBits::default(), count: 0, ranges: VecDeque::new() };
        Self(Mutex::numbered(Level::Memory, ordinal, kept))
    }

    /// Keeps the pages of a decommitted range that have memory. `next_held` returns the first page
    /// at or after its argument that has; `give_back` returns pages to the host, of this range or
    /// of older ones if the limits are exceeded.
    pub(crate) fn keep(
        &self,
        pages: &Range<u32>,
        next_held: impl Fn(u32) -> Option<u32>,
        mut give_back: impl FnMut(Range<u32>) -> Result<(), MemoryError>,
    ) -> Result<(), MemoryError> {
        let mut kept = self.0.lock();
        let front = pages.start..pages.end.min(pages.start.saturating_add(FRONT));
        held_runs(&front, &next_held).for_each(|run| kept.add(run));
        let rest = front.end..pages.end;
        let mut held = 0;
        let mut gaps = 0;
        let mut next = rest.start;
        for run in held_runs(&rest, &next_held) {
            held += run.len() as u32;
            gaps += run.start - next;
            next = run.end;
            if held > MAX_OF_A_RANGE || gaps > rest.len() as u32 / 2 {
                break;
            }
            kept.add(run);
        }
        // After a break this counts pages that nobody queried, but then the range is returned
        // anyway.
        gaps += rest.end - next;
        let is_returned = held > MAX_OF_A_RANGE || held > 0 && gaps > rest.len() as u32 / 2;
        // One call returns the whole range below, so its runs only have to leave the set.
        while is_returned && kept.take(&rest).is_some() {}
        if kept.pages.next(None, pages.start, pages.end).is_some() {
            kept.ranges.push_back(pages.clone());
        }
        if is_returned {
            give_back(rest)?;
        }
        while kept.count > MAX_PAGES || kept.ranges.len() > MAX_RANGES {
            // Each page of the set lies in a range, so there is one while the count is above its
            // limit.
            let Some(oldest) = kept.ranges.pop_front() else { break };
            while let Some(run) = kept.take(&oldest) {
                give_back(run)?;
            }
        }
        Ok(())
    }

    /// Removes the kept pages of a range from the set, and calls `clear` for each run of them.
    pub(crate) fn clear(&self, pages: &Range<u32>, mut clear: impl FnMut(Range<u32>)) {
        let mut kept = self.0.lock();
        while kept.count > 0
            && let Some(run) = kept.take(pages)
        {
            clear(run);
        }
    }
}

/// Runs of pages that contain all pages of a range that have memory. The host is queried page by
/// page where only scattered pages have memory. In a run without a gap, the next eighth of its
/// length is taken to have memory too, without a query.
fn held_runs(pages: &Range<u32>, next_held: impl Fn(u32) -> Option<u32>) -> impl Iterator<Item = Range<u32>> {
    /// Part of a run by which it grows without a query.
    const PART: u32 = 8;
    let mut next = pages.start;
    let end = pages.end;
    let mut run = next..next;
    std::iter::from_fn(move || {
        let start = if next < end { next_held(next).filter(|&page| page < end)? } else { return None };
        if start != run.end {
            run.start = start;
        }
        run.end = end.min(start + 1 + (start - run.start) / PART);
        next = run.end;
        Some(start..run.end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_testing::Dice;

    /// Memory of the pages below 64 Ki, and the set of those that are kept.
    struct Host {
        held: Vec<bool>,
        leftovers: Leftovers,
    }

    impl Host {
        fn new() -> Self {
            Self { held: vec![false; 1 << 16], leftovers: Leftovers::new(0) }
        }

        fn touch(&mut self, pages: Range<u32>) {
            self.held[pages.start as usize..pages.end as usize].fill(true);
        }

        /// Decommits a range; returns start and end of the runs given back.
        fn keep(&mut self, pages: Range<u32>) -> Vec<[u32; 2]> {
            let mut back = Vec::new();
            let held = &self.held;
            let next = |from: u32| {
                held.iter().skip(from as usize).position(|&held| held).map(|place| from + place as u32)
            };
            let give_back = |run: Range<u32>| {
                back.push([run.start, run.end]);
                Ok(())
            };
            self.leftovers.keep(&pages, next, give_back).unwrap();
            for run in &back {
                self.held[run[0] as usize..run[1] as usize].fill(false);
            }
            back
        }

        /// Commits a range again; returns start and end of the runs cleared.
        fn clear(&self, pages: Range<u32>) -> Vec<[u32; 2]> {
            let mut cleared = Vec::new();
            self.leftovers.clear(&pages, |run| cleared.push([run.start, run.end]));
            cleared
        }
    }

    fn pages_of([start, end]: [u32; 2]) -> Range<u32> {
        start..end
    }

    #[test]
    fn pages_with_memory_are_kept_and_cleared_once() {
        let mut host = Host::new();
        host.touch(60..65);
        host.touch(66..70);
        assert!(host.keep(50..100).is_empty());
        assert!(host.clear(70..90).is_empty());
        assert_eq!(host.clear(50..68), [[60, 65], [66, 68]]);
        assert_eq!(host.clear(0..1 << 16), [[68, 70]]);
        assert!(host.clear(60..70).is_empty());
    }

    #[test]
    fn after_its_front_a_range_is_kept_if_its_memory_is_moderate() {
        let much = FRONT + MAX_OF_A_RANGE + 2;
        for (end, touched) in [(much, much), (2000, FRONT + 700)] {
            let mut host = Host::new();
            host.touch(600..610);
            assert!(host.keep(600..610).is_empty());
            host.touch(10..touched);
            assert_eq!(host.keep(0..end), [[FRONT, end]]);
            assert_eq!(host.clear(0..end), [[10, FRONT]], "the pages kept before were returned too");
        }
        let mut host = Host::new();
        host.touch(10..FRONT + 1000);
        assert!(host.keep(0..2000).is_empty());
        let cleared = host.clear(0..2000).into_iter().flat_map(pages_of).count() as u32;
        assert!((FRONT + 990..(FRONT + 990) * 9 / 8).contains(&cleared), "{cleared}");
        let mut host = Host::new();
        host.touch(0..10);
        assert!(host.keep(0..20_000).is_empty(), "nothing behind the front has memory");
        assert_eq!(host.clear(0..20_000), [[0, 10]]);
    }

    #[test]
    fn the_oldest_ranges_are_returned_at_the_limits() {
        let mut host = Host::new();
        host.touch(0..MAX_PAGES + 8);
        for first in (0..MAX_PAGES).step_by(1024) {
            assert!(host.keep(first..first + 1024).is_empty());
        }
        assert_eq!(host.clear(8..1024).len(), 1);
        assert!(host.keep(MAX_PAGES..MAX_PAGES + 8).is_empty());
        host.touch(MAX_PAGES + 100..MAX_PAGES + 100 + 1024);
        assert_eq!(host.keep(MAX_PAGES + 100..MAX_PAGES + 100 + 1024), [[0, 8], [1024, 2048]]);
        let mut host = Host::new();
        host.touch(0..2);
        assert!(host.keep(0..1).is_empty());
        for _ in 1..MAX_RANGES {
            assert!(host.keep(1..2).is_empty());
            assert_eq!(host.clear(1..2), [[1, 2]]);
        }
        assert_eq!(host.keep(1..2), [[0, 1]]);
    }

    #[test]
    fn no_page_with_memory_is_missed() {
        for seed in 0..64 {
            let mut host = Host::new();
            let mut dice = Dice(seed);
            for _ in 0..dice.below(30) {
                let first = dice.below(4000) as u32;
                host.touch(first..first + 1 + dice.below(1 + 40 * (seed as usize % 3)) as u32);
            }
            let before = host.held.clone();
            let start = dice.below(1000) as u32;
            let range = start..start + dice.below(3000) as u32;
            let back: Vec<u32> = host.keep(range.clone()).into_iter().flat_map(pages_of).collect();
            let cleared: Vec<u32> = host.clear(0..1 << 16).into_iter().flat_map(pages_of).collect();
            let held = range.clone().filter(|&page| before[page as usize]);
            assert!(held.clone().all(|page| cleared.contains(&page) != back.contains(&page)), "seed {seed}");
            assert!(cleared.iter().all(|page| range.contains(page)), "seed {seed}");
            assert!(cleared.len() <= held.count() * 5 / 4, "seed {seed}");
        }
    }
}
