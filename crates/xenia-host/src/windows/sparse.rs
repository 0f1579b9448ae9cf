//! Sparse memory: a large range of zeros that costs only the pages that were touched.
//!
//! Address space is reserved; the handler of memory faults commits a page at its first access, also
//! a load, and resumes the access. System calls do not fault that way: they must not be given
//! addresses of pages that were never touched.

mod ranges;

use crate::HostError;
use std::ops::Range;
use std::ptr;
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, MEMORY_BASIC_INFORMATION, PAGE_NOACCESS,
    PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualQuery,
};

/// Size of the pages in which the host gives memory and takes it back.
pub const HOST_PAGE: usize = 4096;

/// Private memory, released on drop.
pub struct SparseMemory {
    start: *mut u8,
    size: usize,
}

// SAFETY: the pointer names address space that the value owns for its whole life; all methods take
// `&self` and end in system calls, which are safe from any thread.
unsafe impl Send for SparseMemory {}
// SAFETY: methods take `&self` and end in system calls, which are safe from any thread.
unsafe impl Sync for SparseMemory {}

/// Commits the page of an address if it belongs to sparse memory. For the fault handler: takes no
/// lock and allocates nothing.
pub(super) fn commit(address: usize) -> bool {
    ranges::contain(address) && {
        let page = ptr::without_provenance::<core::ffi::c_void>(address & !(HOST_PAGE - 1));
        // SAFETY: a page of a range that a value reserved: accesses to it cannot be in the wrong,
        // and a page that another thread has committed meanwhile keeps its contents.
        let committed = unsafe { VirtualAlloc(page, HOST_PAGE, MEM_COMMIT, PAGE_READWRITE) };
        !committed.is_null()
    }
}

impl SparseMemory {
    /// Reserves `size` bytes; `call` is the purpose in an error.
    pub fn new(size: usize, call: &'static str) -> Result<Self, HostError> {
        super::fault::catch_exceptions()?;
        // SAFETY: a new reservation, which replaces nothing.
        let start = unsafe { VirtualAlloc(ptr::null(), size, MEM_RESERVE, PAGE_NOACCESS) };
        if start.is_null() {
            return Err(HostError::last(call));
        }
        // Dropped, and so released, if there is no room for its range.
        let memory = Self { start: start.cast(), size };
        ranges::add(memory.range()).map_err(|source| HostError { call, source })?;
        Ok(memory)
    }

    /// The first address: the start of a page.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.size
    }

    /// Returns a range, whole pages, to the host; it reads as zeros afterwards. If the host
    /// refuses, it keeps the memory.
    ///
    /// # Safety
    /// All bytes of the range are zero, or not needed any more; references into it are to atomics
    /// only.
    pub unsafe fn give_back(&self, range: Range<usize>) {
        if range.is_empty() || range.end > self.size {
            return;
        }
        // SAFETY: inside the reservation. The next access to the pages commits new ones, which are
        // zero; the caller needs none of the bytes.
        unsafe { VirtualFree(self.start.add(range.start).cast(), range.len(), MEM_DECOMMIT) };
    }

    /// Number of pages among the first `pages` for which the host holds memory. Zero pages that
    /// were only read count, too.
    ///
    /// # Panics
    /// If there are not as many pages, or if the host does not answer.
    pub fn held_pages(&self, pages: usize) -> usize {
        assert!(pages * HOST_PAGE <= self.size, "the memory has fewer pages");
        let mut at = 0;
        let mut held = 0;
        while at < pages * HOST_PAGE {
            let mut found = MEMORY_BASIC_INFORMATION::default();
            // SAFETY: only queries; the structure has the size that is passed.
            let filled = unsafe {
                VirtualQuery(self.start.add(at).cast(), &raw mut found, size_of::<MEMORY_BASIC_INFORMATION>())
            };
            assert!(filled != 0 && found.RegionSize >= HOST_PAGE, "VirtualQuery of sparse memory");
            let end = (at + found.RegionSize).min(pages * HOST_PAGE);
            if found.State == MEM_COMMIT {
                held += (end - at) / HOST_PAGE;
            }
            at = end;
        }
        held
    }
}

impl Drop for SparseMemory {
    fn drop(&mut self) {
        ranges::remove(self.range().start);
        // SAFETY: the reservation is this value's own.
        unsafe { VirtualFree(self.start.cast(), 0, MEM_RELEASE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_touched_pages_cost_memory_until_they_are_released() {
        let memory = SparseMemory::new(1 << 32, "reserving a test's memory").unwrap();
        assert_eq!(memory.held_pages(4), 0);
        // SAFETY: inside the memory.
        let read = |page: usize| unsafe { memory.start().add(page * HOST_PAGE).read_volatile() };
        // SAFETY: the page is inside the memory, and no reference to it exists.
        unsafe { memory.start().add(2 * HOST_PAGE).write_volatile(7) };
        assert_eq!((read(2), memory.held_pages(4)), (7, 1));
        assert_eq!((read(0), memory.held_pages(4)), (0, 2), "a load commits, too");
        // SAFETY: the bytes are not needed any more.
        unsafe { memory.give_back(0..4 * HOST_PAGE) };
        assert_eq!(memory.held_pages(4), 0);
        assert_eq!(read(2), 0);
    }

    #[test]
    #[allow(clippy::cast_ptr_alignment)] // the memory starts at a page
    fn threads_that_touch_a_page_at_once_lose_nothing() {
        use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
        let memory = SparseMemory::new(1 << 20, "reserving a test's memory").unwrap();
        let word = |index: usize| {
            // SAFETY: inside the memory, aligned, and only accessed atomically.
            unsafe { &*memory.start().cast::<AtomicU32>().add(index) }
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || (0..256).for_each(|page| word(page * 1024 + thread).store(1, Relaxed)));
            }
        });
        let all = (0..256).flat_map(|page| (0..4).map(move |thread| page * 1024 + thread));
        assert_eq!(all.map(|index| word(index).load(Relaxed)).sum::<u32>(), 1024);
    }
}
