//! A large array of atomic words, which costs only the host pages that were written.
//!
//! # Safety rules
//! - The mapping lives as long as [`SparseWords`]; its address leaves this module as a number only,
//!   for compiled code, which reads aligned words.
//! - Every access is atomic.

use crate::JitError;
use std::sync::atomic::AtomicU32;
use xenia_host::sparse::{HOST_PAGE, SparseMemory};

/// Words in a host page.
pub(crate) const WORDS_IN_PAGE: usize = HOST_PAGE / size_of::<AtomicU32>();

/// `LEN` words, 0 at first.
pub(crate) struct SparseWords<const LEN: usize>(SparseMemory);

impl<const LEN: usize> SparseWords<LEN> {
    /// Reserves the array.
    pub(crate) fn new() -> Result<Self, JitError> {
        Ok(Self(SparseMemory::new(LEN * size_of::<AtomicU32>(), "mmap of the tables of code memory")?))
    }

    /// The address that compiled code uses.
    pub(crate) fn base(&self) -> u64 {
        self.0.start() as u64
    }

    /// A word. Reading one of an untouched page costs a page fault, as it does for compiled code.
    ///
    /// # Panics
    /// If there are not as many words, which is a bug in this crate.
    #[inline]
    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    pub(crate) fn word(&self, index: usize) -> &AtomicU32 {
        assert!(index < LEN, "no such word");
        // SAFETY: the mapping starts at a page, holds `LEN` words, as just checked, and is only
        // accessed atomically.
        unsafe { &*self.0.start().cast::<AtomicU32>().add(index) }
    }

    /// Returns the memory of the page with this number to the host. All its words are 0 then.
    ///
    /// # Panics
    /// If there are not as many pages, which is a bug in this crate.
    pub(crate) fn give_back(&self, page: usize) {
        assert!(page < LEN / WORDS_IN_PAGE, "no such page");
        // SAFETY: the page is inside the mapping, as just checked; references into it are to
        // atomics only, and the caller needs none of its words.
        unsafe { self.0.give_back(page * HOST_PAGE..(page + 1) * HOST_PAGE) };
    }

    /// Number of pages among the first `pages` that are resident in the host's memory.
    #[cfg(test)]
    pub(crate) fn resident(&self, pages: usize) -> usize {
        self.0.held_pages(pages)
    }
}
