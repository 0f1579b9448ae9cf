//! A set of backing pages, as a bit map.

use crate::layout::BACKING_PAGES;

/// Pages per word of the map.
const BITS: u32 = u64::BITS;

/// A set of backing pages.
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

    /// Whether the page is in the set.
    pub(crate) fn has(&self, page: u32) -> bool {
        self.0[(page / BITS) as usize] >> (page % BITS) & 1 != 0
    }
}
