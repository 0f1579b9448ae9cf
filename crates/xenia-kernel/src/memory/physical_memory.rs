//! Physical memory of the kernel calls: allocation in one of the three views, queries by address.

use crate::memory::before_kernel;
use crate::memory::virtual_memory::flags;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{GuestMemory, Heap, NULL_GUARD, Protect};

/// Mask of the protection bits in the flags.
const PROTECT: u32 = 0x7FF;
/// Number of pages of physical memory.
pub const TOTAL_PAGES: u32 = 0x2_0000;

/// Allocates physical memory with addresses from `min` to the end of the page of `max`, aligned to
/// `align` (0 means page alignment). The page size in the protection flags selects the view.
pub fn allocate(
    memory: &GuestMemory,
    size: u32,
    protect: u32,
    min: u32,
    max: u32,
    align: u32,
) -> Fallible<GuestAddr> {
    let heap = if protect & flags::LARGE_PAGES != 0 {
        Heap::Physical64K
    } else if protect & flags::PAGES_16M != 0 {
        Heap::Physical16M
    } else {
        Heap::Physical4K
    };
    if protect & (Protect::READ_ONLY.0 | Protect::READ_WRITE.0) == 0 {
        return Err(NtStatus::INVALID_PAGE_PROTECTION.into());
    }
    let align = align.max(heap.page_size()).checked_next_power_of_two().ok_or(NtStatus::INVALID_PARAMETER)?;
    // The range counts in pages: titles pass `min + size - 1` for a size that is not a multiple.
    // Whether the console counts those of 4 KiB in every view is unknown; these are the view's.
    let max = max | (heap.page_size() - 1);
    Ok(memory.alloc_physical(heap, size, align, min, max, Protect(protect & PROTECT))?)
}

/// Frees the physical allocation that starts at `base`; fails if there is none.
pub fn free(memory: &GuestMemory, base: GuestAddr) -> Fallible<u32> {
    match Heap::of(base) {
        Some(Heap::Physical4K | Heap::Physical64K | Heap::Physical16M) => Ok(memory.free(base)?),
        _ => Err(NtStatus::INVALID_PARAMETER.into()),
    }
}

/// The physical address of a guest address. This machine has no physical address for memory outside
/// the physical views; the low bits are the console's answer for an identity mapping.
pub fn address_of(addr: GuestAddr) -> u32 {
    xenia_memory::physical(addr).unwrap_or(addr.0 & (xenia_memory::PHYSICAL_SIZE - 1))
}

/// Protection of the page that contains `addr`; 0 for unmapped addresses.
pub fn protection_of(memory: &GuestMemory, addr: GuestAddr) -> u32 {
    memory.protection_at(addr).map_or(0, |protect| protect.0)
}

/// Size in bytes of the allocation that contains `addr`; 0 for unmapped addresses.
pub fn allocation_size(memory: &GuestMemory, addr: GuestAddr) -> u32 {
    memory.allocation_size_at(addr)
}

/// Counters of `MmQueryStatistics`, in pages of 4 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCounts {
    /// Pages available to the title.
    pub available: u32,
    /// Pages of executable images.
    pub image: u32,
    /// Pages of virtual memory, of both page sizes.
    pub virtual_memory: u32,
    /// Pages of addresses that virtual memory has taken, committed or only reserved.
    pub reserved: u32,
    /// Pages of physical allocations.
    pub physical: u32,
}

/// Pages in use. All of them come out of the console's 512 MiB.
pub fn page_counts(memory: &GuestMemory) -> PageCounts {
    let pages =
        |heaps: &[Heap]| -> u32 { heaps.iter().map(|&heap| memory.committed_bytes(heap) >> 12).sum() };
    // The kernel's memory is not the title's.
    let kernel = before_kernel::pages(memory);
    let image = pages(&[Heap::Image64K, Heap::Image4K]).saturating_sub(kernel);
    let virtual_memory = pages(&[Heap::Virtual4K, Heap::Virtual64K]);
    let taken = |heap: Heap| (heap.size() - memory.free_bytes(heap)) >> 12;
    let reserved = taken(Heap::Virtual4K) + taken(Heap::Virtual64K) - (NULL_GUARD >> 12);
    let physical = pages(&[Heap::Physical4K, Heap::Physical64K, Heap::Physical16M]);
    let free = memory.free_bytes(Heap::Physical64K) >> 12;
    PageCounts {
        available: free.saturating_sub(image + virtual_memory).min(TOTAL_PAGES),
        image,
        virtual_memory,
        reserved,
        physical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_WRITE: u32 = 4;

    #[test]
    fn the_protection_chooses_the_view() {
        let memory = GuestMemory::new().unwrap();
        for (flags, heap) in [
            (READ_WRITE, Heap::Physical4K),
            (READ_WRITE | flags::LARGE_PAGES, Heap::Physical64K),
            (READ_WRITE | flags::PAGES_16M, Heap::Physical16M),
            (READ_WRITE | 0x400, Heap::Physical4K),
        ] {
            let at = allocate(&memory, 0x1000, flags, 0, u32::MAX, 0).unwrap();
            assert_eq!(Heap::of(at), Some(heap));
            assert_eq!(allocation_size(&memory, at), heap.page_size());
            assert_eq!(protection_of(&memory, at), flags & PROTECT);
            assert_eq!(free(&memory, at).unwrap(), heap.page_size());
            assert!(free(&memory, at).is_err());
            assert_eq!((allocation_size(&memory, at), protection_of(&memory, at)), (0, 0));
        }
    }

    #[test]
    fn ranges_and_alignment_are_physical() {
        let memory = GuestMemory::new().unwrap();
        let at = allocate(&memory, 0x2000, READ_WRITE, 0x200_0000, 0x2FF_FFFF, 0x1_0000).unwrap();
        let physical = address_of(at);
        assert!(
            (0x200_0000..=0x2FF_E000).contains(&physical) && physical.is_multiple_of(0x1_0000),
            "{physical:#x}"
        );
        let exact = allocate(&memory, 0x1800, READ_WRITE, 0x100_0000, 0x100_17FF, 0).unwrap();
        assert_eq!(address_of(exact), 0x100_0000, "the last page is part of the range");
        let large = READ_WRITE | flags::PAGES_16M;
        let exact = allocate(&memory, 0x100_0000, large, 0x400_0000, 0x400_0000, 0).unwrap();
        assert_eq!(address_of(exact), 0x400_0000, "a page of 16 MiB belongs to it as a whole");
        for (size, protect, min, max, align) in [
            (0, READ_WRITE, 0, u32::MAX, 0),
            (u32::MAX, READ_WRITE, 0, u32::MAX, 0),
            (0x1000, 0, 0, u32::MAX, 0),
            (0x1000, 6, 0, u32::MAX, 0),
            (0x1000, READ_WRITE, 0x300_0000, 0x200_0000, 0),
            (0x1000, READ_WRITE, 0, u32::MAX, u32::MAX),
            (0x1000, READ_WRITE, u32::MAX, u32::MAX, 0x8000_0000),
        ] {
            assert!(
                allocate(&memory, size, protect, min, max, align).is_err(),
                "{size:#x} {protect} {align:#x}"
            );
        }
    }

    #[test]
    fn physical_addresses_follow_the_memory_map() {
        for (addr, physical) in [
            (0xA000_1234, 0x1234),
            (0xC000_1234, 0x1234),
            (0xE000_0234, 0x1234),
            (0x8200_0000, 0x0200_0000),
            (0xFFFF_FFFF, 0x1FFF_FFFF),
        ] {
            assert_eq!(address_of(GuestAddr(addr)), physical, "{addr:#x}");
        }
    }

    #[test]
    fn allocations_reduce_available_pages() {
        let memory = GuestMemory::new().unwrap();
        let before = page_counts(&memory);
        allocate(&memory, 0x10_0000, READ_WRITE, 0, u32::MAX, 0).unwrap();
        memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
        let after = page_counts(&memory);
        assert_eq!(before.available - after.available, 0x110);
        assert_eq!(after.virtual_memory - before.virtual_memory, 0x10);
    }
}
