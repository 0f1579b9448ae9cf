//! Sparse memory: a large range of zeros that costs only the pages that were written.

use crate::HostError;
use memmap2::{MmapOptions, MmapRaw, UncheckedAdvice};
use std::ops::Range;

/// Size of the pages in which the host gives memory and takes it back.
pub const HOST_PAGE: usize = 4096;

/// Private memory, unmapped on drop.
pub struct SparseMemory(MmapRaw);

impl SparseMemory {
    /// Maps `size` bytes; `call` is the purpose in an error.
    pub fn new(size: usize, call: &'static str) -> Result<Self, HostError> {
        let mapped = MmapOptions::new().len(size).no_reserve_swap().map_anon();
        mapped.map(|mapped| Self(mapped.into())).map_err(|source| HostError { call, source })
    }

    /// The first address: the start of a page.
    pub fn start(&self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    /// Returns a range, whole pages, to the host; it reads as zeros afterwards. If the host
    /// refuses, it keeps the memory.
    ///
    /// # Safety
    /// All bytes of the range are zero, or not needed any more; references into it are to atomics
    /// only.
    pub unsafe fn give_back(&self, range: Range<usize>) {
        // SAFETY: the mapping is private and anonymous, so returned memory reads as zeros; the
        // caller needs none of it.
        let given =
            unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
        drop(given);
    }

    /// Number of pages among the first `pages` for which the host holds memory. Zero pages that
    /// were only read count, too.
    ///
    /// # Panics
    /// If there are not as many pages, or if the host does not answer.
    pub fn held_pages(&self, pages: usize) -> usize {
        assert!(pages * HOST_PAGE <= self.0.len(), "the memory has fewer pages");
        let mut held = vec![0_u8; pages];
        // SAFETY: queries pages of the mapping; the vector has a byte for each.
        let answer = unsafe { libc::mincore(self.start().cast(), pages * HOST_PAGE, held.as_mut_ptr()) };
        assert_eq!(answer, 0, "mincore of sparse memory");
        held.iter().filter(|&&held| held & 1 != 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_written_pages_cost_memory_until_they_are_released() {
        let memory = SparseMemory::new(1 << 32, "mmap of a test's memory").unwrap();
        assert_eq!(memory.held_pages(4), 0);
        // SAFETY: inside the mapping.
        let read = |page: usize| unsafe { memory.start().add(page * HOST_PAGE).read() };
        // SAFETY: the page is inside the mapping, and no reference to it exists.
        unsafe { memory.start().add(2 * HOST_PAGE).write(7) };
        assert_eq!((read(2), memory.held_pages(4)), (7, 1));
        // SAFETY: the byte is not needed any more.
        unsafe { memory.give_back(2 * HOST_PAGE..3 * HOST_PAGE) };
        assert_eq!(memory.held_pages(4), 0);
        assert_eq!(read(2), 0);
    }
}
