//! Guest address map: heaps, zones, aliases, device blocks.
//!
//! A *backing page* is 4 KiB of the one memory object behind the address space; a *guest page* is 4
//! KiB of guest addresses. Several guest pages may map one backing page:
//!
//! ```text
//! backing pages            guest ranges that map them
//! 0x00000..0x20000  physical   0xA0000000 (64 KiB pages)  0xC0000000 (16 MiB)
//!                              0xE0000000 (4 KiB, one page on)
//! 0x20000..0x9F200  virtual    0x00000000 (4 KiB)  0x40000000..0x7F000000 (64 KiB)
//!                              0x7F100000..0x7F200000 (4 KiB)
//! 0x9F200..0xAF200  image      0x80000000 (64 KiB)  0x90000000 (4 KiB)
//! ```
//!
//! Invariant: state that belongs to the contents (version, watch, rights) is kept per backing page,
//! so aliases can't disagree.

use std::ops::Range;
use xenia_guest::{GuestAddr, PAGE_SIZE};

/// log2 of the page size.
pub(crate) const PAGE_SHIFT: u32 = PAGE_SIZE.trailing_zeros();
/// Guest pages in 4 GiB.
pub(crate) const GUEST_PAGES: usize = 1 << (32 - PAGE_SHIFT);

pub use xenia_guest::PHYSICAL_SIZE;
/// Default limit on committed bytes, physical and virtual memory together: the console's 512 MiB,
/// plus 64 MiB for memory that the console keeps elsewhere or does not have, such as the guard
/// pages of stacks.
pub const COMMIT_LIMIT: u32 = PHYSICAL_SIZE + 0x400_0000;
/// Addresses below this one are never mapped.
pub const NULL_GUARD: u32 = 0x1_0000;
/// Size of one device's register block in bytes.
pub const DEVICE_BLOCK: u32 = 0x1_0000;
/// First address of the GPU's registers.
pub const GPU_REGISTERS: GuestAddr = GuestAddr(0x7FC8_0000);
/// First address of the XMA decoder's registers.
pub const XMA_REGISTERS: GuestAddr = GuestAddr(0x7FEA_0000);

const PHYSICAL_FIRST: u32 = 0;
const VIRTUAL_FIRST: u32 = PHYSICAL_SIZE >> PAGE_SHIFT;
/// End of the virtual part: the end of the memory locked in the second-level cache.
const VIRTUAL_END: u32 = 0x7F20_0000;
const CACHE_BASE: u32 = 0x7F10_0000;
const CACHE_SIZE: u32 = VIRTUAL_END - CACHE_BASE;
const IMAGE_FIRST: u32 = VIRTUAL_FIRST + (VIRTUAL_END >> PAGE_SHIFT);
const IMAGE_SIZE: u32 = 0x1000_0000;
/// Total number of backing pages.
pub(crate) const BACKING_PAGES: u32 = IMAGE_FIRST + (IMAGE_SIZE >> PAGE_SHIFT);

/// A range of guest addresses for allocations; each has its own page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heap {
    /// 0x00010000..0x40000000, 4 KiB pages: general virtual memory.
    Virtual4K,
    /// 0x40000000..0x7F000000, 64 KiB pages: large-page virtual memory; thread stacks from
    /// 0x70000000.
    Virtual64K,
    /// 0x7F100000..0x7F200000, 4 KiB pages: memory that the kernel locks in the second-level cache.
    Cache,
    /// 0x80000000..0x90000000, 64 KiB pages: executable images.
    Image64K,
    /// 0x90000000..0xA0000000, 4 KiB pages: the same memory as [`Heap::Image64K`].
    Image4K,
    /// 0xA0000000..0xC0000000, 64 KiB pages: physical memory.
    Physical64K,
    /// 0xC0000000..0xE0000000, 16 MiB pages: physical memory.
    Physical16M,
    /// 0xE0000000..0xFFD00000, 4 KiB pages: physical memory from 0x1000 on.
    Physical4K,
}

/// Memory shared by heaps: two heaps of one zone alias each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Virtual4K,
    Virtual64K,
    Cache,
    Image,
    Physical,
}

pub(crate) const ZONES: usize = 5;
pub(crate) const HEAPS: usize = 8;

/// Constants of one heap.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) heap: Heap,
    pub(crate) base: u32,
    pub(crate) size: u32,
    pub(crate) page_size: u32,
    pub(crate) zone: Zone,
    /// Zone offset of the view's first byte.
    pub(crate) zone_offset: u32,
}

const fn view(heap: Heap, base: u32, size: u32, page_size: u32, zone: Zone, zone_offset: u32) -> View {
    View { heap, base, size, page_size, zone, zone_offset }
}

pub(crate) static VIEWS: [View; 8] = [
    view(Heap::Virtual4K, 0, 0x4000_0000, 0x1000, Zone::Virtual4K, 0),
    view(Heap::Virtual64K, 0x4000_0000, 0x3F00_0000, 0x1_0000, Zone::Virtual64K, 0),
    view(Heap::Cache, CACHE_BASE, CACHE_SIZE, 0x1000, Zone::Cache, 0),
    view(Heap::Image64K, 0x8000_0000, IMAGE_SIZE, 0x1_0000, Zone::Image, 0),
    view(Heap::Image4K, 0x9000_0000, IMAGE_SIZE, 0x1000, Zone::Image, 0),
    view(Heap::Physical64K, 0xA000_0000, PHYSICAL_SIZE, 0x1_0000, Zone::Physical, 0),
    view(Heap::Physical16M, 0xC000_0000, PHYSICAL_SIZE, 0x100_0000, Zone::Physical, 0),
    view(Heap::Physical4K, 0xE000_0000, 0x1FD0_0000, 0x1000, Zone::Physical, 0x1000),
];

impl Heap {
    pub(crate) fn view(self) -> &'static View {
        &VIEWS[self as usize]
    }

    /// Page size of the heap in bytes: sizes are rounded up, and addresses down, to it.
    pub fn page_size(self) -> u32 {
        self.view().page_size
    }

    /// First address of the heap.
    pub fn base(self) -> GuestAddr {
        GuestAddr(self.view().base)
    }

    /// Size of the heap's address range in bytes.
    pub fn size(self) -> u32 {
        self.view().size
    }

    /// The heap that contains `addr`; `None` in the device window and above the last heap.
    pub fn of(addr: GuestAddr) -> Option<Self> {
        VIEWS.iter().find(|v| addr.0.wrapping_sub(v.base) < v.size).map(|v| v.heap)
    }
}

impl View {
    /// Zone offset of `addr`, which must lie in the view.
    pub(crate) fn offset_of(&self, addr: u32) -> u32 {
        addr - self.base + self.zone_offset
    }

    /// Guest address of a zone offset that the view maps.
    pub(crate) fn addr_of(&self, offset: u32) -> u32 {
        offset - self.zone_offset + self.base
    }

    /// Zone offsets that the view maps.
    pub(crate) fn offsets(&self) -> Range<u32> {
        self.zone_offset..self.zone_offset + self.size
    }
}

impl Zone {
    /// Every zone, in the order of their numbers and of their lowest addresses.
    pub(crate) const ALL: [Self; ZONES] =
        [Self::Virtual4K, Self::Virtual64K, Self::Cache, Self::Image, Self::Physical];

    pub(crate) fn first_backing_page(self) -> u32 {
        match self {
            Self::Physical => PHYSICAL_FIRST,
            Self::Virtual4K => VIRTUAL_FIRST,
            Self::Virtual64K => VIRTUAL_FIRST + (0x4000_0000 >> PAGE_SHIFT),
            Self::Cache => VIRTUAL_FIRST + (CACHE_BASE >> PAGE_SHIFT),
            Self::Image => IMAGE_FIRST,
        }
    }

    pub(crate) fn size(self) -> u32 {
        match self {
            Self::Physical => PHYSICAL_SIZE,
            Self::Virtual4K => 0x4000_0000,
            Self::Virtual64K => 0x3F00_0000,
            Self::Cache => CACHE_SIZE,
            Self::Image => IMAGE_SIZE,
        }
    }

    /// Backing pages of a range of zone offsets (both multiples of 4 KiB).
    pub(crate) fn backing(self, offsets: Range<u32>) -> Range<u32> {
        let first = self.first_backing_page();
        first + (offsets.start >> PAGE_SHIFT)..first + (offsets.end >> PAGE_SHIFT)
    }
}

/// The backing page at `addr`, whether mapped or not.
#[inline]
pub(crate) fn backing_page(addr: u32) -> Option<u32> {
    Some(match addr >> 28 {
        0..=6 => VIRTUAL_FIRST + (addr >> PAGE_SHIFT),
        7 if addr < 0x7F00_0000 || addr.wrapping_sub(CACHE_BASE) < CACHE_SIZE => {
            VIRTUAL_FIRST + (addr >> PAGE_SHIFT)
        }
        7 => return None,
        8 | 9 => IMAGE_FIRST + ((addr & 0x0FFF_FFFF) >> PAGE_SHIFT),
        0xA..=0xD => (addr & (PHYSICAL_SIZE - 1)) >> PAGE_SHIFT,
        _ if addr < 0xFFD0_0000 => ((addr & (PHYSICAL_SIZE - 1)) + 0x1000) >> PAGE_SHIFT,
        _ => return None,
    })
}

/// The guest page ranges (page numbers, `addr >> 12`) that map backing pages `pages`, which must
/// lie in one of the three parts of the table above. Unused elements are empty ranges.
pub(crate) fn guest_pages(pages: &Range<u32>) -> [Range<u32>; 3] {
    let a = pages.start;
    let b = pages.end;
    if a >= IMAGE_FIRST {
        let a = a - IMAGE_FIRST;
        let b = b - IMAGE_FIRST;
        [0x80000 + a..0x80000 + b, 0x90000 + a..0x90000 + b, 0..0]
    } else if a >= VIRTUAL_FIRST {
        [a - VIRTUAL_FIRST..b - VIRTUAL_FIRST, 0..0, 0..0]
    } else {
        let e = 0xE0000 + a.saturating_sub(1)..(0xE0000 + b.saturating_sub(1)).min(0xFFD00);
        [0xA0000 + a..0xA0000 + b, 0xC0000 + a..0xC0000 + b, if e.is_empty() { 0..0 } else { e }]
    }
}

/// The part of the backing table that contains `page`; callers keep ranges inside one part.
pub(crate) fn part_of(page: u32) -> Range<u32> {
    if page >= IMAGE_FIRST {
        IMAGE_FIRST..BACKING_PAGES
    } else if page >= VIRTUAL_FIRST {
        VIRTUAL_FIRST..IMAGE_FIRST
    } else {
        0..VIRTUAL_FIRST
    }
}

/// The first guest page, in address order, that maps `page`.
pub(crate) fn canonical_guest_page(page: u32) -> u32 {
    guest_pages(&(page..page + 1))[0].start
}

/// The address at which HLE and devices access physical address `physical` (taken modulo 512 MiB).
pub fn physical_to_view(physical: u32) -> GuestAddr {
    GuestAddr(0xA000_0000 | (physical & (PHYSICAL_SIZE - 1)))
}

/// The physical address behind `addr`, if `addr` lies in one of the views of physical memory.
pub fn physical(addr: GuestAddr) -> Option<u32> {
    match addr.0 {
        0xA000_0000..=0xDFFF_FFFF => Some(addr.0 & (PHYSICAL_SIZE - 1)),
        0xE000_0000..=0xFFCF_FFFF => Some((addr.0 & (PHYSICAL_SIZE - 1)) + 0x1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_and_zones_agree_with_the_backing_table() {
        for v in &VIEWS {
            for addr in [v.base, v.base + 0x2_3000, v.base + v.size - PAGE_SIZE] {
                let offset = v.offset_of(addr);
                assert_eq!(v.addr_of(offset), addr);
                assert_eq!(
                    backing_page(addr),
                    Some(v.zone.first_backing_page() + (offset >> PAGE_SHIFT)),
                    "{addr:#x}"
                );
                assert_eq!(Heap::of(GuestAddr(addr)), Some(v.heap));
            }
            assert_eq!(v.heap.view().base, v.base, "the order of the table");
        }
        for addr in
            [0x7F00_0000, 0x7F0F_FFFF, 0x7F20_0000, 0x7FC8_0000, 0x7FFF_FFFF, 0xFFD0_0000, 0xFFFF_FFFF]
        {
            assert_eq!(backing_page(addr), None, "{addr:#x}");
            assert_eq!(Heap::of(GuestAddr(addr)), None, "{addr:#x}");
        }
    }

    #[test]
    fn every_guest_page_is_among_the_pages_of_its_backing_page() {
        for guest in (0..GUEST_PAGES as u32).step_by(7).chain([0xE0000, 0xFFCFF, 0xA0000, 0xDFFFF]) {
            let Some(page) = backing_page(guest << PAGE_SHIFT) else { continue };
            let ranges = guest_pages(&(page..page + 1));
            assert!(ranges.iter().any(|r| r.contains(&guest)), "{guest:#x} {ranges:x?}");
            for alias in ranges.into_iter().flatten() {
                assert_eq!(backing_page(alias << PAGE_SHIFT), Some(page), "{alias:#x}");
            }
        }
    }

    #[test]
    fn physical_addresses_follow_the_rule_of_the_memory_map() {
        assert_eq!(physical(GuestAddr(0xA000_1234)), Some(0x1234));
        assert_eq!(physical(GuestAddr(0xC000_1234)), Some(0x1234));
        assert_eq!(physical(GuestAddr(0xE000_0234)), Some(0x1234));
        assert_eq!(physical(GuestAddr(0x8200_0000)), None);
        assert_eq!(physical_to_view(0x1234), GuestAddr(0xA000_1234));
    }
}
