//! Tests of the allocation metadata: gaps, windows, rights, and refusals.

use super::*;

const RW: Protect = Protect::READ_WRITE;

fn alloc(zones: &mut Zones, heap: Heap, size: u32) -> u32 {
    allocated(zones, &AllocRequest::new(heap, size, RW))
}

fn alloc_at_the_top(zones: &mut Zones, heap: Heap, size: u32) -> u32 {
    allocated(zones, &AllocRequest { top_down: true, ..AllocRequest::new(heap, size, RW) })
}

fn allocated(zones: &mut Zones, request: &AllocRequest) -> u32 {
    let (at, ..) = zones.alloc(request).unwrap();
    at.0
}

#[test]
fn gaps_are_found_from_both_ends() {
    let mut z = Zones::new();
    assert_eq!(alloc(&mut z, Heap::Virtual4K, 0x1800), 0);
    assert_eq!(alloc(&mut z, Heap::Virtual4K, 1), 0x2000);
    assert_eq!(alloc_at_the_top(&mut z, Heap::Virtual4K, 0x1000), 0x3FFF_F000);
    assert_eq!(alloc_at_the_top(&mut z, Heap::Virtual64K, 1), 0x7EFF_0000);
    z.release(GuestAddr(0)).unwrap();
    assert_eq!(alloc(&mut z, Heap::Virtual4K, 0x3000), 0x3000);
    assert_eq!(alloc(&mut z, Heap::Virtual4K, 0x2000), 0);
}

#[test]
fn windows_and_alignments_hold() {
    let mut z = Zones::new();
    let mut r = AllocRequest::new(Heap::Virtual64K, 0x2_0000, RW);
    r.low = GuestAddr(0x7000_1000);
    r.high = GuestAddr(0x7005_FFFF);
    assert_eq!(allocated(&mut z, &r), 0x7001_0000);
    assert_eq!(allocated(&mut z, &r), 0x7003_0000);
    assert!(matches!(z.alloc(&r), Err(HeapError::NoSpace { .. })));
    r.align = 3;
    assert!(matches!(z.alloc(&r), Err(HeapError::InvalidSize { .. })));
    let r = AllocRequest { align: 0x10_0000, ..AllocRequest::new(Heap::Physical4K, 0x1000, RW) };
    // Physical 0x100000 appears at 0xE00FF000.
    assert_eq!(allocated(&mut z, &r), 0xE00F_F000);
    let huge = AllocRequest::new(Heap::Physical4K, 0xFFFF_FFFF, RW);
    assert!(matches!(z.alloc(&huge), Err(HeapError::NoSpace { .. })));
}

#[test]
fn an_allocation_changes_the_pages_that_it_commits() {
    let mut z = Zones::new();
    let request = AllocRequest::new(Heap::Virtual64K, 1, RW);
    let change = PageChange { zone: Zone::Virtual64K, range: 0..0x1_0000, to: Some(RW) };
    assert_eq!(z.alloc(&request).unwrap(), (GuestAddr(0x4000_0000), 0x1_0000, Some(change)));
    let reserved = z.alloc(&AllocRequest { commits: false, ..request }).unwrap();
    assert_eq!(reserved, (GuestAddr(0x4001_0000), 0x1_0000, None));
}

#[test]
fn views_of_one_zone_share_its_addresses() {
    let mut z = Zones::new();
    assert_eq!(alloc(&mut z, Heap::Physical64K, 0x1_0000), 0xA000_0000);
    assert_eq!(alloc(&mut z, Heap::Physical4K, 0x1000), 0xE000_F000);
    assert_eq!(alloc(&mut z, Heap::Physical16M, 1), 0xC100_0000);
    let conflict = z.reserve_at(GuestAddr(0xC000_0000), 1, RW);
    assert!(matches!(conflict, Err(HeapError::Conflict { .. })), "{conflict:?}");
    assert_eq!(z.free_bytes(Heap::Physical4K), 0x2000_0000 - 0x1_0000 - 0x1000 - 0x100_0000);
}

#[test]
fn free_region_queries_stop_at_allocations_in_the_view() {
    let mut z = Zones::new();
    assert_eq!(alloc(&mut z, Heap::Physical64K, 0x1_0000), 0xA000_0000);
    assert_eq!(alloc(&mut z, Heap::Physical4K, 0x1000), 0xE000_F000);
    assert_eq!(alloc(&mut z, Heap::Physical16M, 1), 0xC100_0000);
    for (at, base, size) in [
        // Past the heap's own allocation; allocations of other views keep their addresses.
        (0xA001_0234, 0xA001_0000, 0x1FFF_0000),
        (0xC000_0000, 0xC000_0000, 0x100_0000),
        (0xC0FF_FFFF, 0xC000_0000, 0x100_0000),
        (0xC200_0000, 0xC200_0000, 0x1E00_0000),
        (0xE000_1001, 0xE000_1000, 0xE000),
        (0xFFCF_FFFF, 0xFFCF_F000, 0x1000),
    ] {
        let region = z.query(GuestAddr(at)).unwrap();
        assert_eq!((region.base.0, region.size, region.state), (base, size, RegionState::Free), "{at:x}");
        assert_eq!((region.allocation_base, region.allocation_size), (GuestAddr::NULL, 0), "{at:x}");
    }
    assert!(z.query(GuestAddr(0xFFD0_0000)).is_err());
}

#[test]
fn reserve_commit_protect_decommit_release_and_query() {
    let mut z = Zones::new();
    let (base, size) = z.reserve_at(GuestAddr(0x1_0234), 0x2800, RW).unwrap();
    assert_eq!((base.0, size), (0x1_0000, 0x3000));
    let region = z.query(GuestAddr(0x1_1FFF)).unwrap();
    assert_eq!((region.state, region.base.0, region.size), (RegionState::Reserved, 0x1_1000, 0x2000));
    assert!(matches!(
        z.protect(base, 1, Protect::READ_ONLY),
        Err(HeapError::NotCommitted { addr: GuestAddr(0x1_0000) })
    ));
    let (at, len, change) = z.commit(GuestAddr(0x1_1000), 1, RW).unwrap();
    assert_eq!((at.0, len, change.to), (0x1_1000, 0x1000, Some(RW)));
    let region = z.query(GuestAddr(0x1_1000)).unwrap();
    assert_eq!((region.state, region.size, region.protect), (RegionState::Committed, 0x1000, Some(RW)));
    assert_eq!((region.allocation_base.0, region.allocation_size), (0x1_0000, 0x3000));
    assert_eq!(z.protect(GuestAddr(0x1_1000), 1, Protect::READ_ONLY).unwrap().0, RW);
    let pages = [0x1_0FFF, 0x1_1000, 0x1_3000, 0x7F00_0000].map(|at| z.page(GuestAddr(at)));
    assert_eq!(pages, [Some((0x3000, None)), Some((0x3000, Some(Protect::READ_ONLY))), None, None]);
    assert_eq!(z.committed_bytes(Heap::Virtual4K), 0x1000);
    assert!(matches!(z.commit(GuestAddr(0x1_2000), 0x2000, RW), Err(HeapError::NotAllocated { .. })));
    assert!(matches!(z.release(GuestAddr(0x1_1000)), Err(HeapError::NotAllocationBase { .. })));
    assert_eq!(z.decommit(GuestAddr(0x1_0000), 0).unwrap().0, 0x3000);
    assert_eq!(z.release(GuestAddr(0x1_0000)).unwrap().0, 0x3000);
    let region = z.query(GuestAddr(0x1_1000)).unwrap();
    assert_eq!((region.state, region.size), (RegionState::Free, 0x3FFE_F000));
}

#[test]
fn system_regions_cannot_be_committed_or_released() {
    let mut z = Zones::new();
    let (guard, _) = z.reserve_at(GuestAddr(0), 0x1_0000, Protect::NO_ACCESS).unwrap();
    let (area, ..) = z.alloc(&AllocRequest::new(Heap::Physical16M, 1, RW)).unwrap();
    z.keep();
    let (title, _) = z.reserve_at(GuestAddr(0x1_0000), 0x1000, RW).unwrap();
    assert!(matches!(z.commit(GuestAddr(0x1000), 0x1000, RW), Err(HeapError::NotAllocated { .. })));
    for at in [guard, area] {
        for size in [0, 0x1000] {
            assert!(matches!(z.decommit(at, size), Err(HeapError::NotAllocated { .. })), "{at}");
        }
        assert!(matches!(z.release(at), Err(HeapError::NotAllocated { .. })), "{at}");
        assert_ne!(z.query(at).unwrap().state, RegionState::Free);
    }
    assert_eq!(z.committed_bytes(Heap::Physical16M), 0x100_0000);
    z.commit(title, 0x1000, RW).unwrap();
    z.release(title).unwrap();
}

#[test]
fn kept_memory_is_committed_only_by_the_machine() {
    let mut z = Zones::new();
    let (guard, _) = z.reserve_at(GuestAddr(0), 0x1_0000, Protect::NO_ACCESS).unwrap();
    z.keep();
    z.commit_permanent(guard, 0x1_0000, Protect::READ_ONLY).unwrap();
    assert_eq!(z.committed_bytes(Heap::Virtual4K), 0x1_0000);
    assert!(matches!(z.decommit(guard, 0x1000), Err(HeapError::NotAllocated { .. })));
    assert!(matches!(z.commit(guard, 0x1000, RW), Err(HeapError::NotAllocated { .. })));
    assert!(z.commit_permanent(GuestAddr(0x1_0000), 0x1000, RW).is_err());
}

#[test]
fn hostile_arguments_are_errors() {
    let mut z = Zones::new();
    for (addr, size) in [
        (0x7F00_0000, 1),
        (0x3FFF_F000, 0x2000),
        (0xFFFF_FFFF, 0xFFFF_FFFF),
        (0xFFCF_F000, 0x2000),
        (0x1000, 0xFFFF_FFFF),
        (0x1000, 0),
    ] {
        assert!(z.reserve_at(GuestAddr(addr), size, RW).is_err(), "{addr:#x}+{size:#x}");
        assert!(z.commit(GuestAddr(addr), size, RW).is_err());
        assert!(z.protect(GuestAddr(addr), size, RW).is_err());
        assert!(z.decommit(GuestAddr(addr), size).is_err());
    }
    assert!(matches!(z.reserve_at(GuestAddr(0x1_0000), 1, Protect(6)), Err(HeapError::InvalidProtect(_))));
}

#[test]
fn all_heaps_together_commit_no_more_than_the_machine_has() {
    let mut zones = Zones::new();
    let half = COMMIT_LIMIT / 2;
    let request = |heap, size| AllocRequest::new(heap, size, Protect::READ_WRITE);
    let (first, ..) = zones.alloc(&request(Heap::Virtual64K, half)).unwrap();
    zones.alloc(&request(Heap::Physical64K, half - 0x1_0000)).unwrap();
    let (reserved, ..) =
        zones.alloc(&AllocRequest { commits: false, ..request(Heap::Virtual4K, half) }).unwrap();
    let refused = zones.alloc(&request(Heap::Virtual4K, 0x1_1000)).unwrap_err();
    assert!(matches!(refused, HeapError::CommitLimit { size: 0x1_1000 }), "{refused}");
    let refused = zones.commit(reserved, 0x1_1000, Protect::READ_WRITE).unwrap_err();
    assert!(matches!(refused, HeapError::CommitLimit { size: 0x1_1000 }), "{refused}");
    zones.commit(reserved, 0x1_0000, Protect::READ_WRITE).unwrap();
    zones.commit(reserved, 0x1_0000, Protect::READ_ONLY).unwrap();
    assert_eq!(zones.committed.iter().sum::<u32>(), COMMIT_LIMIT, "what is committed already costs nothing");
    zones.decommit(reserved, 0x8000).unwrap();
    zones.decommit(reserved, 0x8000).unwrap();
    assert_eq!(zones.committed.iter().sum::<u32>(), COMMIT_LIMIT - 0x8000);
    zones.release(first).unwrap();
    assert_eq!(zones.committed.iter().sum::<u32>(), half - 0x8000);
}

/// A region's size is that of a run, however many pages the run has.
#[test]
fn the_parts_of_an_allocation_are_regions() {
    let mut z = Zones::new();
    let (at, size) = z.reserve_at(GuestAddr(0x10_0000), 1000 * 0x1000, RW).unwrap();
    z.commit(at.offset(0x1000), 998 * 0x1000, RW).unwrap();
    z.protect(at.offset(0x2000), 0x1000, Protect::READ_ONLY).unwrap();
    let place = ZoneRange::new(at, size).unwrap();
    assert_eq!(z.find(&place).unwrap().allocation.pages.runs().count(), 5);
    let region = |z: &Zones, offset| {
        let region = z.query(at.offset(offset)).unwrap();
        (region.size, region.protect)
    };
    let expected = [
        (0, 0x1000, None),
        (0x1000, 0x1000, Some(RW)),
        (0x2000, 0x1000, Some(Protect::READ_ONLY)),
        (0x3000, 996 * 0x1000, Some(RW)),
        (0x4FFF, 995 * 0x1000, Some(RW)),
        (999 * 0x1000, 0x1000, None),
    ];
    for (offset, size, protect) in expected {
        assert_eq!(region(&z, offset), (size, protect), "{offset:#x}");
    }
    assert!(matches!(z.protect(at, size, RW), Err(HeapError::NotCommitted { addr }) if addr == at));
    let last = at.offset(999 * 0x1000);
    let refused = z.protect(at.offset(0x1000), size - 0x1000, RW);
    assert!(matches!(refused, Err(HeapError::NotCommitted { addr }) if addr == last));
    assert_eq!(z.committed_bytes(Heap::Virtual4K), 998 * 0x1000);
    z.release_part(at.offset(0x4000), 0x1000).unwrap();
    assert_eq!(region(&z, 0x3000), (0x1000, Some(RW)));
    assert_eq!(region(&z, 0x5000), (994 * 0x1000, Some(RW)));
    assert_eq!(z.committed_bytes(Heap::Virtual4K), 997 * 0x1000);
}
