//! Virtual memory of the kernel calls, on the heaps of `xenia-memory`.
//!
//! Titles can allocate in the two general heaps only: 4 KiB pages below 0x40000000, 64 KiB pages
//! above. Allocations without a requested address are aligned to 64 KiB and have a multiple of that
//! size, as on NT. They leave the ends of the heaps to the kernel's pool and the stacks: otherwise
//! a title that reserves the largest block it can get creates no object or thread afterwards.

use crate::status::failure::{Failure, Fallible};
use std::ops::RangeInclusive;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{AllocKind, AllocRequest, GuestMemory, Heap, HeapError, Protect, RegionState};

/// NT's `MEM_*` flags.
#[allow(missing_docs)] // the names are NT's
pub mod flags {
    pub const COMMIT: u32 = 0x1000;
    pub const RESERVE: u32 = 0x2000;
    pub const DECOMMIT: u32 = 0x4000;
    pub const RELEASE: u32 = 0x8000;
    pub const FREE: u32 = 0x1_0000;
    pub const PRIVATE: u32 = 0x2_0000;
    pub const RESET: u32 = 0x8_0000;
    pub const TOP_DOWN: u32 = 0x10_0000;
    pub const LARGE_PAGES: u32 = 0x2000_0000;
    pub const PAGES_16M: u32 = 0x8000_0000;
}

/// Granularity of allocations without a requested address.
const GRANULE: u32 = 0x1_0000;

/// Address space that titles may use for virtual memory of 4 KiB pages, in bytes.
pub const VIRTUAL_BYTES: u32 = 0x2FFE_0000;

/// The region for stacks.
pub const STACKS: RangeInclusive<GuestAddr> = GuestAddr(0x7000_0000)..=GuestAddr(0x7EFF_FFFF);

/// Last address of an allocation without a requested address. No heap has the first 64 KiB, and
/// those of large pages end below the stacks.
const fn last_of(heap: Heap) -> GuestAddr {
    let end = if matches!(heap, Heap::Virtual4K) { GRANULE + VIRTUAL_BYTES } else { STACKS.start().0 };
    GuestAddr(end - 1)
}

/// The general heap that contains `addr`; titles cannot change other heaps by these calls.
fn general_heap(addr: GuestAddr) -> Fallible<Heap> {
    match Heap::of(addr) {
        Some(heap @ (Heap::Virtual4K | Heap::Virtual64K)) => Ok(heap),
        _ => Err(NtStatus::INVALID_PARAMETER.into()),
    }
}

/// Reserves memory, commits it, or both. A null `base` lets the kernel choose the address. A size
/// that is negative as a signed number means its absolute value, because titles pass such sizes.
/// Returns the range, rounded to pages.
pub fn allocate(
    memory: &GuestMemory,
    base: GuestAddr,
    size: u32,
    kind: u32,
    protect: u32,
) -> Fallible<(GuestAddr, u32)> {
    if size == 0 || kind & (flags::COMMIT | flags::RESERVE | flags::RESET) == 0 {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    let size = size.cast_signed().unsigned_abs();
    if kind & flags::RESET != 0 {
        // The contents become undefined, so they may be kept. The flag cannot be combined with
        // others.
        let pages = committed_pages(memory, base, size).filter(|_| kind == flags::RESET);
        return pages.ok_or_else(|| NtStatus::INVALID_PARAMETER.into());
    }
    let protect = Protect(protect);
    if !protect.is_valid() {
        return Err(NtStatus::INVALID_PAGE_PROTECTION.into());
    }
    let commit = kind & flags::COMMIT != 0;
    let reserve = kind & flags::RESERVE != 0;
    if base.is_null() {
        let heap = if kind & flags::LARGE_PAGES != 0 { Heap::Virtual64K } else { Heap::Virtual4K };
        let size = size.checked_next_multiple_of(GRANULE).ok_or(NtStatus::NO_MEMORY)?;
        let request = AllocRequest {
            align: GRANULE,
            high: last_of(heap),
            commits: commit,
            top_down: kind & flags::TOP_DOWN != 0,
            ..AllocRequest::new(heap, size, protect)
        };
        return Ok(memory.alloc_with(&request)?);
    }
    general_heap(base)?;
    let kind = match (reserve, commit) {
        (true, true) => AllocKind::ReserveCommit,
        (true, false) => AllocKind::Reserve,
        (false, _) => AllocKind::Commit,
    };
    memory.alloc_fixed(base, size, kind, protect).map_err(as_conflict)
}

/// The pages of a range in one heap, if all are committed.
fn committed_pages(memory: &GuestMemory, base: GuestAddr, size: u32) -> Option<(GuestAddr, u32)> {
    let heap = Heap::of(base)?;
    let page = heap.page_size();
    let start = base.align_down(page);
    let end = base.0.checked_add(size)?.checked_next_multiple_of(page)?;
    let mut pages = (start.0..end).step_by(page as usize);
    let are_committed = pages.all(|at| memory.is_committed(GuestAddr(at)));
    (are_committed && end - heap.base().0 <= heap.size()).then_some((start, end - start.0))
}

/// NT's status for a range outside of one allocation that is committed or protected.
fn as_conflict(error: HeapError) -> Failure {
    match error {
        HeapError::NotAllocated { .. } => NtStatus::CONFLICTING_ADDRESSES.into(),
        error => error.into(),
    }
}

/// Decommits or releases pages of one allocation, which keeps its other pages. A size of 0 means
/// the allocation that starts in the page of `base`. Returns the range.
pub fn free(memory: &GuestMemory, base: GuestAddr, size: u32, kind: u32) -> Fallible<(GuestAddr, u32)> {
    if base.is_null() {
        return Err(NtStatus::MEMORY_NOT_ALLOCATED.into());
    }
    let start = base.align_down(general_heap(base)?.page_size());
    let size = if size == 0 { 0 } else { size.saturating_add(base.0 - start.0) };
    let freed = match kind {
        flags::DECOMMIT => memory.decommit(start, size),
        flags::RELEASE if size == 0 => memory.free(start),
        flags::RELEASE => memory.free_part(start, size),
        _ => return Err(NtStatus::INVALID_PARAMETER.into()),
    };
    freed.map(|size| (start, size)).map_err(|error| match Failure::from(error) {
        // Without a size the base must be that of the allocation.
        Failure::Status(NtStatus::INVALID_PARAMETER) if size == 0 => NtStatus::FREE_VM_NOT_AT_BASE.into(),
        Failure::Status(NtStatus::MEMORY_NOT_ALLOCATED) if is_too_long(memory, start, size) => {
            NtStatus::UNABLE_TO_FREE_VM.into()
        }
        failure => failure,
    })
}

/// Whether a range begins in an allocation and ends behind it.
fn is_too_long(memory: &GuestMemory, start: GuestAddr, size: u32) -> bool {
    memory.query(start).is_ok_and(|region| {
        // Free memory and the pages that catch null pointers have a null base.
        let base = region.allocation_base;
        let end = u64::from(base.0) + u64::from(region.allocation_size);
        !base.is_null() && u64::from(start.0) + u64::from(size) > end
    })
}

/// Changes the protection of committed pages. Returns the range, rounded to pages, and the old
/// protection.
pub fn protect(
    memory: &GuestMemory,
    base: GuestAddr,
    size: u32,
    protect: u32,
) -> Fallible<(GuestAddr, u32, u32)> {
    if size == 0 {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    let page = general_heap(base)?.page_size();
    let start = base.align_down(page);
    let size = size
        .checked_add(base.0 - start.0)
        .and_then(|size| size.checked_next_multiple_of(page))
        .ok_or(NtStatus::INVALID_PARAMETER)?;
    let old = memory.protect(start, size, Protect(protect)).map_err(as_conflict)?;
    Ok((start, size, old.0))
}

/// The seven words of `MEMORY_BASIC_INFORMATION` for the pages from `addr` on.
pub fn query(memory: &GuestMemory, addr: GuestAddr) -> Fallible<[u32; 7]> {
    let region = memory.query(addr)?;
    let state = match region.state {
        RegionState::Free => flags::FREE,
        RegionState::Reserved => flags::RESERVE,
        RegionState::Committed => flags::COMMIT,
    };
    let protect = match region.state {
        RegionState::Free => Protect::NO_ACCESS.0,
        _ => region.protect.map_or(0, |protect| protect.0),
    };
    Ok([
        region.base.0,
        region.allocation_base.0,
        region.allocation_protect.map_or(0, |protect| protect.0),
        region.size,
        state,
        protect,
        if region.state == RegionState::Free { 0 } else { flags::PRIVATE },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::failure::Failure;

    const READ_WRITE: u32 = 4;
    const BOTH: u32 = flags::RESERVE | flags::COMMIT;

    fn status<T>(result: Fallible<T>) -> Option<NtStatus> {
        result.err().map(Failure::status)
    }

    #[test]
    fn reserving_and_committing_in_steps() {
        let memory = GuestMemory::new().unwrap();
        let (base, size) = allocate(&memory, GuestAddr::NULL, 0x1_2345, flags::RESERVE, READ_WRITE).unwrap();
        assert_eq!((base.0 % 0x1_0000, size), (0, 0x2_0000));
        assert!(memory.read::<u32>(base).is_err());
        let (start, size) = allocate(&memory, base.offset(0x1234), 1, flags::COMMIT, READ_WRITE).unwrap();
        assert_eq!((start, size), (base.offset(0x1000), 0x1000));
        memory.write(start, 7_u32).unwrap();
        allocate(&memory, base, 0x2000, flags::COMMIT, READ_WRITE).unwrap();
        assert_eq!(memory.read::<u32>(start).unwrap(), 7, "committing again keeps contents");
        let information = query(&memory, start).unwrap();
        assert_eq!(information, [start.0, base.0, 4, 0x1000, flags::COMMIT, 4, flags::PRIVATE]);
        assert_eq!(free(&memory, start, 0x800, flags::DECOMMIT).unwrap(), (start, 0x1000));
        assert!(memory.read::<u32>(start).is_err());
        assert_eq!(
            status(free(&memory, base.offset(0x1000), 0, flags::RELEASE)),
            Some(NtStatus::FREE_VM_NOT_AT_BASE)
        );
        // NT compares pages.
        assert_eq!(free(&memory, base.offset(0x10), 0, flags::RELEASE).unwrap(), (base, 0x2_0000));
        assert_eq!(query(&memory, base).unwrap()[4], flags::FREE);
    }

    /// The heap in titles releases the end of a block that becomes smaller.
    #[test]
    fn a_part_of_an_allocation_is_released() {
        let memory = GuestMemory::new().unwrap();
        let (base, _) = allocate(&memory, GuestAddr::NULL, 0x4_0000, BOTH, READ_WRITE).unwrap();
        memory.write(base, 7_u32).unwrap();
        let [middle, end] = [0x1_0000, 0x2_0000].map(|offset| base.offset(offset));
        for kind in [flags::RELEASE, flags::DECOMMIT] {
            assert_eq!(status(free(&memory, end, 0x2_0001, kind)), Some(NtStatus::UNABLE_TO_FREE_VM));
        }
        assert_eq!(free(&memory, end, 0x2_0000, flags::RELEASE).unwrap(), (end, 0x2_0000));
        assert_eq!(free(&memory, middle.offset(0xFFF), 2, flags::RELEASE).unwrap(), (middle, 0x2000));
        assert_eq!(memory.committed_bytes(Heap::Virtual4K), 0x1_E000);
        assert_eq!(
            [base, middle, end].map(|at| query(&memory, at).unwrap()[4] == flags::FREE),
            [false, true, true]
        );
        assert_eq!(memory.read::<u32>(base).unwrap(), 7, "the start keeps its contents");
        let rest = middle.offset(0x2000);
        for (at, size) in [(base, 0x1_0000), (rest, 0xE000)] {
            assert_eq!(free(&memory, at, 0, flags::RELEASE).unwrap(), (at, size), "an allocation of its own");
        }
        assert_eq!(status(free(&memory, base, 0x1000, flags::RELEASE)), Some(NtStatus::MEMORY_NOT_ALLOCATED));
    }

    #[test]
    fn large_pages_and_top_down_choose_the_place() {
        let memory = GuestMemory::new().unwrap();
        let at = |kind| allocate(&memory, GuestAddr::NULL, 1, BOTH | kind, READ_WRITE).unwrap().0;
        assert_eq!(Heap::of(at(flags::LARGE_PAGES)), Some(Heap::Virtual64K));
        let low = at(0);
        let high = at(flags::TOP_DOWN);
        assert!(high > low && high.0 == 0x2FFE_0000);
        assert_eq!(at(flags::LARGE_PAGES | flags::TOP_DOWN), GuestAddr(0x6FFF_0000));
    }

    #[test]
    fn reserving_all_addresses_leaves_room_for_the_kernel() {
        let memory = GuestMemory::new().unwrap();
        for (kind, largest, base) in
            [(0, 0x2FFE_0000, 0x1_0000), (flags::LARGE_PAGES, 0x3000_0000, 0x4000_0000)]
        {
            let reserve = |size| allocate(&memory, GuestAddr::NULL, size, flags::RESERVE | kind, READ_WRITE);
            assert_eq!(status(reserve(largest + GRANULE)), Some(NtStatus::NO_MEMORY));
            assert_eq!(reserve(largest).unwrap(), (GuestAddr(base), largest));
            assert_eq!(status(reserve(1)), Some(NtStatus::NO_MEMORY));
        }
        let request = AllocRequest::new(Heap::Virtual4K, 0x10_0000, Protect::READ_WRITE);
        assert!(memory.alloc_with(&AllocRequest { align: GRANULE, top_down: true, ..request }).is_ok());
        // Titles choose these addresses themselves.
        for base in [0x3000_0000, 0x7000_0000] {
            assert!(allocate(&memory, GuestAddr(base), GRANULE, BOTH, READ_WRITE).is_ok());
        }
    }

    #[test]
    fn invalid_allocations_are_refused_with_their_status() {
        let memory = GuestMemory::new().unwrap();
        let invalid = Some(NtStatus::INVALID_PARAMETER);
        for (base, size, kind, protect, expected) in [
            (0, 0, BOTH, 4, invalid),
            (0, 1, 0, 4, invalid),
            (0, 1, flags::RESET | flags::COMMIT, 4, invalid),
            (0, 1, BOTH, 0, Some(NtStatus::INVALID_PAGE_PROTECTION)),
            (0, 1, BOTH, 6, Some(NtStatus::INVALID_PAGE_PROTECTION)),
            (0, 0x8000_0000, BOTH, 4, Some(NtStatus::NO_MEMORY)),
            (0, 0x7000_0000, BOTH, 4, Some(NtStatus::NO_MEMORY)),
            (0x8200_0000, 0x1000, BOTH, 4, invalid),
            (0xA000_0000, 0x1000, BOTH, 4, invalid),
            (0x7FC8_0000, 0x1000, BOTH, 4, invalid),
            (0x3FFF_F000, 0x2000, BOTH, 4, invalid),
            (0x1000_0000, 0x1000, flags::COMMIT, 4, Some(NtStatus::CONFLICTING_ADDRESSES)),
        ] {
            let result = allocate(&memory, GuestAddr(base), size, kind, protect);
            assert_eq!(status(result), expected, "{base:#x} {size:#x} {kind:#x} {protect}");
        }
        assert_eq!(
            status(free(&memory, GuestAddr(0), 0, flags::RELEASE)),
            Some(NtStatus::MEMORY_NOT_ALLOCATED)
        );
        for addr in [0x1000_0000, 0xA000_0000, 0xFFFF_FFFF] {
            assert!(free(&memory, GuestAddr(addr), u32::MAX, flags::DECOMMIT).is_err());
            assert!(free(&memory, GuestAddr(addr), 0, flags::RELEASE).is_err());
            assert!(protect(&memory, GuestAddr(addr), u32::MAX, 4).is_err());
        }
        assert_eq!(status(query(&memory, GuestAddr(0xFFFF_0000))), invalid);
    }

    #[test]
    fn resetting_returns_the_pages_which_must_be_committed() {
        let memory = GuestMemory::new().unwrap();
        let (base, _) = allocate(&memory, GuestAddr::NULL, 0x4000, flags::RESERVE, READ_WRITE).unwrap();
        allocate(&memory, base, 0x2000, flags::COMMIT, READ_WRITE).unwrap();
        let reset = |at, size| allocate(&memory, at, size, flags::RESET, READ_WRITE);
        assert_eq!(reset(base.offset(0x10), 0x10).unwrap(), (base, 0x1000));
        assert_eq!(reset(base.offset(0xFFF), 0xFFFF_FFFE).unwrap(), (base, 0x2000), "a size of -2");
        let beyond = base.offset(0x2000);
        for (at, size) in [(base, 0x2001), (beyond, 1), (base, 0x7FFF_FFFF), (GuestAddr::NULL, 1)] {
            assert_eq!(status(reset(at, size)), Some(NtStatus::INVALID_PARAMETER), "{at} {size:#x}");
        }
    }

    #[test]
    fn protection_is_rounded_to_pages_and_returns_the_old_one() {
        let memory = GuestMemory::new().unwrap();
        let (base, _) = allocate(&memory, GuestAddr::NULL, 0x4000, BOTH, READ_WRITE).unwrap();
        assert_eq!(protect(&memory, base.offset(0xFFF), 2, 2).unwrap(), (base, 0x2000, 4));
        assert!(!memory.is_writable(base) && memory.is_writable(base.offset(0x2000)));
    }
}
