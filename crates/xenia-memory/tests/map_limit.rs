//! Watches and allocations near the host's limit on mappings. A separate test program: the limit is
//! the process's.

mod common;

use common::{RW, commit, hook_own_code, host_load, host_store, space, version};
use std::sync::Mutex;
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, FaultKind, GuestMemory, Heap, Protect, Watch};

/// The tests count the process's mappings.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

fn host_limit() -> usize {
    std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap()
}

/// Scattered pages of every view: 20,000 each of virtual, image and physical memory.
fn scattered() -> Vec<(u32, u32)> {
    let mut pages = Vec::new();
    for i in 0..20_000_u32 {
        let virtual_page = 0x1000_0000 + i * 0x2000;
        pages.push((virtual_page, virtual_page));
        let image = i * 0x3000;
        pages.push((0x8000_0000 + image, 0x9000_0000 + image));
        let physical = 0x200_0000 + i * 0x5000;
        let views = [0xA000_0000 + physical, 0xC000_0000 + physical, 0xE000_0000 + physical - 0x1000];
        pages.push((views[i as usize % 3], views[(i as usize + 1) % 3]));
    }
    pages
}

fn commit_all(memory: &GuestMemory) {
    // More than the console's limit.
    memory.set_commit_limit(u32::MAX);
    commit(memory, 0x1000_0000, 0xA00_0000, RW);
    commit(memory, 0x8000_0000, 0x1000_0000, RW);
    commit(memory, 0xA200_0000, 0x1A00_0000, RW);
}

#[test]
fn sixty_thousand_single_page_watches_over_all_views() {
    let _guard = ONE_AT_A_TIME.lock();
    let memory = space();
    commit_all(&memory);
    // Watches cost mappings only once the guest view is in use.
    memory.guest_base();
    let pages = scattered();
    assert_eq!(pages.len(), 60_000);
    for &(watched, _) in &pages {
        assert_eq!(memory.watch(GuestAddr(watched), 4), Ok(Watch::Protected), "{watched:#x}");
    }
    let limit = host_limit();
    assert!(mappings() < limit * 9 / 10, "{} of {limit} mappings", mappings());
    let before: Vec<u32> = pages.iter().map(|&(watched, _)| version(&memory, watched)).collect();
    // From the far end, so that ends of watches split the coarse ones.
    for (&(watched, stored), before) in pages.iter().zip(before).rev() {
        host_store(&memory, stored + 0x10, 1);
        assert_ne!(version(&memory, watched), before, "{watched:#x}");
    }
    assert!(mappings() < limit * 9 / 10);
    assert_eq!(memory.counters().watches_refused, 0);
    assert!(memory.counters().watch_faults <= 60_000);
}

#[test]
fn watches_set_before_the_guest_view_is_used_hold_or_are_ended() {
    let _guard = ONE_AT_A_TIME.lock();
    let memory = space();
    commit_all(&memory);
    let pages = scattered();
    let before: Vec<u32> = pages.iter().map(|&(watched, _)| version(&memory, watched)).collect();
    for &(watched, _) in &pages {
        assert_eq!(memory.watch(GuestAddr(watched), 4), Ok(Watch::Protected));
    }
    for (&(watched, stored), before) in pages.iter().zip(before).step_by(7) {
        host_store(&memory, stored, 1);
        assert_ne!(version(&memory, watched), before, "{watched:#x}");
    }
    assert!(mappings() < 40_000);
}

#[test]
fn without_room_watches_are_refused_and_stores_succeed() {
    let _guard = ONE_AT_A_TIME.lock();
    hook_own_code();
    let memory = GuestMemory::with_map_limit(Some(600)).unwrap();
    commit_all(&memory);
    memory.guest_base();
    let mut refused = 0;
    for (watched, stored) in scattered().into_iter().take(3_000) {
        let before = version(&memory, watched);
        match memory.watch(GuestAddr(watched), 4).unwrap() {
            Watch::Unprotected => refused += 1,
            Watch::Protected if watched % 0x7000 == 0 => {
                host_store(&memory, stored, 1);
                assert_ne!(version(&memory, watched), before, "{watched:#x}");
            }
            Watch::Protected => {}
        }
        host_store(&memory, stored, 2);
    }
    assert_eq!(memory.counters().watches_refused, refused);
    assert!(mappings() < 1_000, "{}", mappings());
}

/// Each hole is a mapping of its own in every view: a title must not take all that the process may
/// have.
#[test]
fn scattered_holes_leave_mappings_to_the_process() {
    let _guard = ONE_AT_A_TIME.lock();
    hook_own_code();
    let memory = GuestMemory::with_map_limit(Some(600)).unwrap();
    memory.guest_base();
    let allocate = || memory.alloc_physical(Heap::Physical4K, 0x1000, 0x1000, 0, u32::MAX, RW).unwrap();
    let pages: Vec<GuestAddr> = (0..2_000).map(|_| allocate()).collect();
    for page in pages.iter().step_by(2) {
        memory.free(*page).unwrap();
    }
    assert!(mappings() < 1_000, "{}", mappings());
    let kept = || (0..).zip(&pages).skip(1).step_by(2);
    for (number, page) in kept() {
        host_store(&memory, page.0, number);
    }
    for (number, page) in kept() {
        assert_eq!(host_load(&memory, page.0), number);
    }
    for (number, at) in (0..1_000).map(|number| (number, allocate())) {
        assert_eq!(host_load(&memory, at.0), 0);
        host_store(&memory, at.0, number);
        assert_eq!(memory.read(at), Ok(number));
    }
    // Pages that lose rights one by one are mappings, not holes.
    for page in pages.iter().step_by(2) {
        assert_eq!(memory.protect(*page, 0x1000, Protect::READ_ONLY).unwrap(), RW);
    }
    assert!(mappings() < 1_000, "{}", mappings());
    for page in pages {
        memory.free(page).unwrap();
    }
    assert!(mappings() < 600, "{}", mappings());
}

/// With nearly all host mappings used up, system calls fail; stores must not.
#[test]
fn stores_succeed_without_free_host_mappings() {
    let _guard = ONE_AT_A_TIME.lock();
    let memory = space();
    commit(&memory, 0x1000_0000, 0x40_0000, RW);
    memory.guest_base();
    let pages: Vec<u32> = (0..0x400).map(|i| 0x1000_0000 + i * 0x1000).collect();
    assert_eq!(memory.watch(GuestAddr(0x1000_0000), 0x40_0000), Ok(Watch::Protected));
    let before: Vec<u32> = pages.iter().map(|&p| version(&memory, p)).collect();
    let hog = Hog::take_all();
    for (i, &page) in pages.iter().enumerate().step_by(2) {
        host_store(&memory, page + 4, i as u32);
    }
    drop(hog);
    for (i, &page) in pages.iter().enumerate().step_by(2) {
        assert_eq!(memory.read::<u32>(GuestAddr(page + 4)), Ok(i as u32));
        assert_ne!(version(&memory, page), before[i], "{page:#x}");
    }
}

/// Otherwise a unit that runs on the code's page could store to itself unnoticed.
#[test]
fn stores_beside_code_keep_its_watch_without_free_host_mappings() {
    const CODE: u32 = 0x1008_0000;
    let _guard = ONE_AT_A_TIME.lock();
    let memory = space();
    commit(&memory, 0x1000_0000, 0x40_0000, RW);
    memory.guest_base();
    assert_eq!(memory.watch(GuestAddr(0x1000_0000), 0x40_0000), Ok(Watch::Protected));
    assert_eq!(memory.watch_code(GuestAddr(CODE), 4), Ok(Watch::Protected));
    let before = version(&memory, CODE);
    let hog = Hog::take_all();
    for page in [CODE - 0x1000, CODE + 0x1000] {
        host_store(&memory, page, page);
    }
    drop(hog);
    for page in [CODE - 0x1000, CODE + 0x1000] {
        assert_eq!(memory.read::<u32>(GuestAddr(page)), Ok(page));
    }
    assert_eq!(version(&memory, CODE), before);
    let refused = memory.store_u32(CODE, 1, &mut DeviceQueue::new()).unwrap_err();
    assert_eq!(refused.kind, FaultKind::HoldsCode);
}

/// Takes every mapping that the host grants.
struct Hog {
    at: *mut libc::c_void,
    len: usize,
}

impl Hog {
    fn take_all() -> Self {
        let limit = host_limit();
        let len = limit * 2 * 4096;
        // SAFETY: a new mapping, then changes of rights inside it.
        unsafe {
            let at = libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            assert_ne!(at, libc::MAP_FAILED);
            let refused =
                (0..limit).any(|i| libc::mprotect(at.byte_add(i * 2 * 4096), 4096, libc::PROT_READ) != 0);
            assert!(refused);
            Self { at, len }
        }
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        // SAFETY: mapped by `take_all`.
        unsafe { libc::munmap(self.at, self.len) };
    }
}
