//! Decommitted pages that have not been returned to the host yet.
//!
//! A title that frees a few pages and soon commits them again would cost the host a hole in the
//! memory object and a fault for each page, every time; clearing the pages costs a fraction of
//! that. So pages of small ranges keep their memory, and are cleared when they are committed again.
//! Their old contents are inaccessible, because they are not committed. Their number is limited.

use crate::layout::BACKING_PAGES;
use parking_lot::Mutex;
use std::ops::Range;

/// Length in pages of the longest range that is kept: 1 MiB.
const LONGEST: usize = 256;
/// Limit on kept pages: 8 MiB.
const MOST: u32 = 2048;
/// Pages per word of the bit map.
const BITS: u32 = u64::BITS;

/// The set of decommitted backing pages that still have host memory.
pub(crate) struct Leftovers(Mutex<Kept>);

struct Kept {
    /// One bit per backing page.
    bits: Box<[u64]>,
    /// Number of set bits.
    count: u32,
}

impl Kept {
    fn bit(&mut self, page: u32) -> (&mut u64, u64) {
        (&mut self.bits[(page / BITS) as usize], 1 << (page % BITS))
    }

    fn set(&mut self, page: u32) {
        let (word, bit) = self.bit(page);
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u32::from(new);
    }

    /// Removes `page` from the set; returns whether it was in it.
    fn take(&mut self, page: u32) -> bool {
        let (word, bit) = self.bit(page);
        let was = *word & bit != 0;
        *word &= !bit;
        self.count -= u32::from(was);
        was
    }
}

impl Leftovers {
    /// Creates an empty set.
    pub(crate) fn new() -> Self {
        let bits = vec![0; BACKING_PAGES.div_ceil(BITS) as usize].into();
        Self(Mutex::new(Kept { bits, count: 0 }))
    }

    /// Keeps the decommitted `pages` for which `had` is true. False if the limits are exceeded: the
    /// caller must return the pages to the host.
    pub(crate) fn keep(&self, pages: &Range<u32>, had: impl Fn(u32) -> bool) -> bool {
        let mut kept = self.0.lock();
        if pages.len() > LONGEST || kept.count + pages.len() as u32 > MOST {
            for page in pages.clone() {
                kept.take(page);
            }
            return false;
        }
        for page in pages.clone().filter(|&page| had(page)) {
            kept.set(page);
        }
        true
    }

    /// Removes the kept pages of a range from the set, and calls `clear` for each.
    pub(crate) fn clear(&self, pages: &Range<u32>, mut clear: impl FnMut(u32)) {
        let mut kept = self.0.lock();
        for page in pages.clone() {
            if kept.count == 0 {
                break;
            }
            if kept.take(page) {
                clear(page);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleared(leftovers: &Leftovers, pages: Range<u32>) -> Vec<u32> {
        let mut cleared = Vec::new();
        leftovers.clear(&pages, |page| cleared.push(page));
        cleared
    }

    #[test]
    fn small_ranges_are_kept_and_cleared_once() {
        let leftovers = Leftovers::new();
        assert!(leftovers.keep(&(60..70), |page| page != 65));
        assert!(cleared(&leftovers, 70..90).is_empty());
        assert_eq!(cleared(&leftovers, 50..68), [60, 61, 62, 63, 64, 66, 67]);
        assert_eq!(cleared(&leftovers, 0..BACKING_PAGES), [68, 69]);
        assert!(cleared(&leftovers, 60..70).is_empty());
    }

    #[test]
    fn long_ranges_and_too_many_are_the_hosts() {
        let leftovers = Leftovers::new();
        let long = LONGEST as u32 + 1;
        assert!(leftovers.keep(&(0..10), |_| true));
        assert!(!leftovers.keep(&(0..long), |_| true));
        assert!(cleared(&leftovers, 0..long).is_empty(), "what was kept of them is the host's, too");
        let runs = MOST / LONGEST as u32;
        let run = |number: u32| number * 2 * LONGEST as u32..(2 * number + 1) * LONGEST as u32;
        assert!((0..runs).all(|number| leftovers.keep(&run(number), |_| true)));
        assert!(!leftovers.keep(&run(runs), |_| true));
        assert_eq!(cleared(&leftovers, run(3)).len(), LONGEST);
        assert!(leftovers.keep(&run(runs), |_| true));
    }
}
