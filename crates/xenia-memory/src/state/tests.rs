//! Memory saved and restored: allocations, rights, contents, registers; impossible states.

use super::*;
use crate::layout::Heap;
use crate::{AllocKind, AllocRequest};
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_state::StoredSection;

fn saved(memory: &GuestMemory) -> (MemoryState, Vec<PagesState>) {
    let mut pages = Vec::new();
    let pushed = memory.pages_state(|piece| {
        pages.push(piece);
        Ok::<_, Infallible>(())
    });
    assert!(pushed.is_ok() && pages.len() <= memory.max_pieces());
    (memory.state(), pages)
}

fn through_bytes<S: StateSection>(state: &S) -> S {
    StoredSection::encode(state).and_then(|stored| stored.decode()).expect("plain data")
}

/// Checks the allocation metadata's committed pages against the page table.
fn check_committed(memory: &GuestMemory) {
    let by_page = (0..BACKING_PAGES).filter(|&page| memory.pages.backing_flags(page) & COMMITTED != 0);
    let by_zone = |zone| memory.zones.lock().committed_in(zone);
    let mut by_zone: Vec<u32> = Zone::ALL.into_iter().flat_map(by_zone).flatten().collect();
    by_zone.sort_unstable();
    assert!(by_page.eq(by_zone));
}

fn restored(memory: &GuestMemory) -> Arc<GuestMemory> {
    check_committed(memory);
    let (state, pages) = saved(memory);
    let state: MemoryState = through_bytes(&state);
    let pages: Vec<PagesState> = pages.iter().map(through_bytes).collect();
    let other = GuestMemory::new().expect("memory");
    // The contents of a title that was loaded before, which must be gone.
    let request = AllocRequest::new(Heap::Virtual4K, 0x9000, Protect::READ_WRITE);
    let (old, _) = other.alloc_with(&AllocRequest { top_down: true, ..request }).expect("room");
    other.write(old, 0x1234_5678_u32).expect("committed");
    other.restore(&state, pages).expect("a possible state");
    check_committed(&other);
    assert_eq!(memory.compare(&other), None);
    assert_eq!(saved(&other), saved(memory));
    other
}

#[test]
fn restored_memory_is_equal_and_behaves_identically() {
    let memory = GuestMemory::new().expect("memory");
    memory.guest_base();
    let image = GuestAddr(0x8200_0000);
    memory.alloc_fixed(image, 0x2_0000, AllocKind::ReserveCommit, Protect::EXECUTE_READ).expect("free");
    memory.write(image.offset(0x1_0004), 0x6000_0000_u32).expect("committed");
    let reserve = AllocRequest {
        commits: false,
        ..AllocRequest::new(Heap::Virtual64K, 0x10_0000, Protect::READ_WRITE)
    };
    let (stack, _) = memory.alloc_with(&reserve).expect("room");
    memory
        .alloc_fixed(stack.offset(0x4_0000), 0x2_0000, AllocKind::Commit, Protect::READ_WRITE)
        .expect("reserved");
    memory.write(stack.offset(0x5_FFFC), 7_u32).expect("committed");
    let physical = memory
        .alloc_physical(Heap::Physical4K, 0x3000, 0x1000, 0, u32::MAX, Protect::READ_WRITE)
        .expect("room");
    memory.write(physical.offset(0x2FFC), 9_u32).expect("committed");
    memory.protect(physical.offset(0x1000), 0x1000, Protect::READ_ONLY).expect("committed");
    memory.device_registers(MmioDevice::Gpu).store(0x1C5, 0xABCD);
    memory.decommit(stack.offset(0x4_0000), 0x1_0000).expect("committed");

    let other = restored(&memory);
    assert_eq!(other.read::<u32>(stack.offset(0x5_FFFC)), Ok(7));
    assert!(!other.is_writable(physical.offset(0x1000)) && other.is_writable(physical));
    assert_eq!(other.device_registers(MmioDevice::Gpu).load(0x1C5), 0xABCD);
    assert!(!other.is_committed(stack.offset(0x4_0000)));
    for memory in [&memory, &other] {
        let next = memory.alloc(Heap::Virtual4K, 0x5000, 0x1000, Protect::READ_WRITE);
        assert_eq!(next.ok(), Some(GuestAddr(0x1_0000)), "the first free address");
        assert_eq!(memory.free(stack).ok(), Some(0x10_0000));
        assert!(memory.free(GuestAddr(0)).is_err(), "permanent");
    }
    assert_eq!(memory.compare(&other), None);
    assert_eq!(memory.free_bytes(Heap::Virtual64K), other.free_bytes(Heap::Virtual64K));
    assert_eq!(memory.committed_bytes(Heap::Physical4K), other.committed_bytes(Heap::Physical4K));
}

#[test]
fn only_pages_whose_flags_change_are_remapped() {
    let before = [(0..4, 1), (4..6, 2), (10..20, 1)];
    let after = [(2..5, 1), (5..6, 2), (8..12, 3), (15..20, 1), (30..31, 4)];
    let expected = [(0..2, 0), (4..5, 1), (8..12, 3), (12..15, 0), (30..31, 4)];
    assert_eq!(changed_flags(&before, &after), expected);
    assert_eq!(changed_flags(&before, &before), []);
    assert_eq!(changed_flags(&[], &before), before);
}

#[test]
fn restoring_changes_the_versions_of_pages_that_were_watched() {
    let memory = GuestMemory::new().expect("memory");
    let at = GuestAddr(0x8200_0000);
    memory.alloc_fixed(at, 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE).expect("free");
    memory.write(at, 1_u32).expect("committed");
    let (state, pages) = saved(&memory);
    memory.write(at, 2_u32).expect("committed");
    let page = GuestMemory::page_index(at).expect("an image address");
    let (version, _) = memory.watch_code_page(page).expect("committed");
    memory.restore(&state, pages).expect("a possible state");
    assert_ne!(memory.page_version(page), version);
    assert_eq!(memory.read::<u32>(at), Ok(1));
}

#[test]
fn impossible_states_are_refused() {
    let memory = GuestMemory::new().expect("memory");
    memory.alloc(Heap::Virtual4K, 0x9000, 0x1000, Protect::READ_WRITE).expect("room");
    memory.write(GuestAddr(0x1_0000), 1_u32).expect("committed");
    let (state, pages) = saved(&memory);
    let change = |change: &dyn Fn(&mut MemoryState)| {
        let mut changed = state.clone();
        change(&mut changed);
        let other = GuestMemory::new().expect("memory");
        other.restore(&changed, pages.clone()).expect_err("impossible").to_string()
    };
    // The second allocation of the first zone, after the null page.
    assert_eq!(change(&|s| s.zones[0][1].at = 0), "two allocations overlap, or are not in order");
    assert_eq!(change(&|s| s.zones[0][1].len = 0), "an allocation is outside of its heap");
    assert_eq!(change(&|s| s.zones[0][1].len = u32::MAX), "an allocation is outside of its heap");
    assert_eq!(change(&|s| s.zones[0][1].at += 1), "an allocation is not aligned to its heap's pages");
    assert_eq!(change(&|s| s.zones[0][1].heap = 99), "no such heap");
    assert_eq!(change(&|s| s.zones[0][1].heap = 1), "an allocation is in another zone than its heap");
    assert_eq!(change(&|s| s.zones[0][1].pages = vec![(u32::MAX, None), (2, None)]), {
        "an allocation's number of pages does not match its length"
    });
    assert_eq!(change(&|s| s.zones[0][1].pages[0].1 = Some(6)), "a protection is invalid");
    assert_eq!(change(&|s| s.zones[0][1].pages[0].1 = None), "a page has contents and is not committed");
    assert_eq!(change(&|s| s.registers[0].push((1 << 20, 1))), "a device has no such register");
    assert_eq!(change(&|s| drop(s.zones.pop())), "memory has another number of zones");
    let pages = |runs, bytes| {
        let other = GuestMemory::new().expect("memory");
        other.restore(&state, [PagesState { runs, bytes }]).expect_err("impossible").to_string()
    };
    assert_eq!(pages(vec![(u32::MAX, 2)], vec![0; 8192]), "there is no such page");
    assert_eq!(pages(vec![(0, 1)], vec![0; 4095]), "a page has no contents");
    assert_eq!(pages(vec![(0, 1)], vec![0; 4097]), "contents belong to no page");
    let check = |count| PagesState { runs: vec![(0, 0); count], bytes: Vec::new() }.check().is_ok();
    assert_eq!((check(MAX_PAGES), check(MAX_PAGES + 1)), (true, false));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_memory_is_restored(
        steps in proptest::collection::vec((0..8_usize, 1..0x8_0000_u32, any::<u32>(), 0..6_u8), 1..40),
    ) {
        let memory = GuestMemory::new().expect("memory");
        let mut made: Vec<(GuestAddr, u32)> = Vec::new();
        for (which, size, word, step) in steps {
            let heap = VIEWS[which].heap;
            let picked = (!made.is_empty()).then(|| made[word as usize % made.len().max(1)]);
            match (step, picked) {
                (0..=2, _) | (_, None) => {
                    let commits = step != 2;
                    let request = AllocRequest::new(heap, size, Protect::READ_WRITE);
                    let request = AllocRequest { commits, ..request };
                    made.extend(memory.alloc_with(&request));
                }
                (3, Some((at, size))) => {
                    let inside = at.offset((word % size) & !3);
                    let _ = memory.write(inside, word | 1);
                }
                (4, Some((at, _))) => drop(memory.protect(at, 1, Protect::READ_ONLY)),
                (_, Some((at, _))) => {
                    drop(memory.free(at));
                    made.retain(|&(other, _)| other != at);
                }
            }
        }
        restored(&memory);
    }
}
