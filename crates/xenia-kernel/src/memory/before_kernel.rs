//! The memory before the image of the console's kernel.
//!
//! Titles can read it: Ninja Gaiden II reads one word, which is the same in several runs of a
//! console (xenia-canary, commit ff9e21b4c). The other words are unknown, and 0 here.

use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{AllocKind, GuestMemory, HeapError, PageBytes, Protect};

const START: GuestAddr = GuestAddr(0x8000_0000);
/// Size in bytes, up to the kernel's image.
const SIZE: u32 = 0x4_0000;
/// Offset of the known word.
const WORD: usize = 0x1C;
const VALUE: u32 = 0x2A6E_3F38;

/// Maps the memory, read-only, unless the title's image lies there. Libraries at these addresses,
/// or at 0x90000000, where the same memory is seen, are refused from then on.
pub(crate) fn map(memory: &GuestMemory) -> Fallible<()> {
    match memory.alloc_fixed(START, SIZE, AllocKind::ReserveCommit, Protect::READ_ONLY) {
        Ok(_) => Ok(memory.write(START.offset(WORD as u32), VALUE)?),
        Err(HeapError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Number of pages of 4 KiB that [`map`] has mapped.
pub(super) fn pages(memory: &GuestMemory) -> u32 {
    if memory.allocation_size_at(START) == SIZE { SIZE / PAGE_SIZE } else { 0 }
}

/// Whether this is a page of the memory with its original content.
pub fn is_original(addr: GuestAddr, page: &PageBytes) -> bool {
    if addr.0.wrapping_sub(START.0) >= SIZE {
        return false;
    }
    let mut original: PageBytes = [0; PAGE_SIZE as usize];
    if addr == START {
        original[WORD..WORD + 4].copy_from_slice(&VALUE.to_be_bytes());
    }
    *page == original
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::physical_memory::page_counts;
    use xenia_memory::Heap;

    #[test]
    fn the_memory_is_no_image_and_original_until_written() {
        let memory = GuestMemory::new().unwrap();
        let before = page_counts(&memory);
        map(&memory).unwrap();
        assert_eq!(page_counts(&memory), before);
        let changed = || {
            let mut changed = Vec::new();
            memory.for_each_committed_page(|addr, page| {
                if Heap::of(addr) == Some(Heap::Image64K) && !is_original(addr, page) {
                    changed.push(addr);
                }
            });
            changed
        };
        assert!(changed().is_empty());
        for offset in [WORD as u32, SIZE - 1] {
            memory.write(START.offset(offset), 1_u8).unwrap();
        }
        assert_eq!(changed(), [START, START.offset(SIZE - PAGE_SIZE)]);
    }

    #[test]
    fn an_image_in_the_range_is_not_replaced() {
        let memory = GuestMemory::new().unwrap();
        let image = START.offset(0x1_0000);
        memory.alloc_fixed(image, 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        map(&memory).unwrap();
        assert_eq!((memory.is_committed(image), memory.is_committed(START)), (true, false));
        assert_eq!(page_counts(&memory).image, 0x10);
    }
}
