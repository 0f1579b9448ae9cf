//! A set of backing pages, as a bit map.

use crate::layout::BACKING_PAGES;

/// Pages per word of the map.
const BITS: u32 = u64::BITS;

/// A set of backing pages.
#[derive(Clone)]
pub(crate) struct PageBits(Box<[u64]>);

impl Default for PageBits {
    fn default() -> Self {
        Self(vec![0; BACKING_PAGES.div_ceil(BITS) as usize].into())
    }
}

impl PageBits {
    /// Adds a page.
    pub(crate) fn set(&mut self, page: u32) {
        self.0[(page / BITS) as usize] |= 1 << (page % BITS);
    }

    /// Removes a page.
    pub(crate) fn clear(&mut self, page: u32) {
        self.0[(page / BITS) as usize] &= !(1 << (page % BITS));
    }

    /// Adds all pages.
    pub(crate) fn fill(&mut self) {
        self.0.fill(u64::MAX);
    }

    /// Whether the page is in the set.
    pub(crate) fn has(&self, page: u32) -> bool {
        self.0[(page / BITS) as usize] >> (page % BITS) & 1 != 0
    }

    /// The first page from `page` to `end` that is in this set, or in the other one.
    pub(crate) fn next(&self, other: Option<&Self>, mut page: u32, end: u32) -> Option<u32> {
        while page < end {
            let index = (page / BITS) as usize;
            let word = (self.0[index] | other.map_or(0, |other| other.0[index])) >> (page % BITS);
            if word != 0 {
                page += word.trailing_zeros();
                return (page < end).then_some(page);
            }
            page = (page / BITS + 1) * BITS;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_in_ascending_order() {
        let mut bits = PageBits::default();
        for page in [3, 63, 64, 1000, BACKING_PAGES - 1] {
            bits.set(page);
        }
        bits.clear(64);
        let mut found = Vec::new();
        let mut page = 0;
        while let Some(next) = bits.next(None, page, BACKING_PAGES) {
            assert!(bits.has(next));
            found.push(next);
            page = next + 1;
        }
        assert_eq!(found, [3, 63, 1000, BACKING_PAGES - 1]);
        assert_eq!(bits.next(None, 64, 1000), None);
        let mut other = PageBits::default();
        other.set(70);
        assert_eq!(bits.next(Some(&other), 64, 1000), Some(70));
        assert_eq!(bits.next(Some(&other), 71, 1001), Some(1000));
    }
}
