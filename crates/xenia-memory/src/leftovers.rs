//! Pages whose memory was taken away and not given back to the host yet.
//!
//! A title that frees a few pages and takes them again soon would cost the host a hole in the
//! memory object and a fault for each page, time and again; to clear them costs a part of that. So
//! pages of small ranges stay as they are until they are committed again, and are cleared then.
//! Nobody sees what is left in them, for they are not committed. How many there may be is limited.

use crate::layout::BACKING_PAGES;
use parking_lot::Mutex;
use std::ops::Range;

/// Pages of the longest range that is kept: 1 MiB.
const LONGEST: usize = 256;
/// Pages that are kept at most: 8 MiB.
const MOST: u32 = 2048;
/// Pages of a word.
const BITS: u32 = u64::BITS;

/// See the module's documentation.
pub(crate) struct Leftovers(Mutex<Kept>);

struct Kept {
    /// A bit for each backing page.
    bits: Box<[u64]>,
    /// How many are set.
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

    /// Whether the page was kept; it is not any more.
    fn take(&mut self, page: u32) -> bool {
        let (word, bit) = self.bit(page);
        let was = *word & bit != 0;
        *word &= !bit;
        self.count -= u32::from(was);
        was
    }
}

impl Leftovers {
    /// None yet.
    pub(crate) fn new() -> Self {
        let bits = vec![0; BACKING_PAGES.div_ceil(BITS) as usize].into();
        Self(Mutex::new(Kept { bits, count: 0 }))
    }

    /// Keeps what is in pages that are taken away, of those that `had` memory; false if they are
    /// too many: the host is to have them.
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

    /// Lets `clear` have each of these pages that was kept, and is not any more.
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
