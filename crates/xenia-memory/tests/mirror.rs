//! The mirror repeats writes; comparison and iteration see all of memory.

use crate::common::{RW, commit, host_store, space};
use std::io::Write as _;
use xenia_guest::GuestAddr;
use xenia_memory::{AllocKind, AllocRequest, Comparison, DeviceQueue, GuestMemory, Heap, Protect};

#[test]
fn comparisons_ignore_which_pages_engines_have_read_code_from() {
    let memory = space();
    let other = space();
    for space in [&memory, &other] {
        commit(space, 0x1_0000, 0x1_0000, RW);
    }
    let _watch = memory.watch_code(GuestAddr(0x1_0000), 1).unwrap();
    assert_eq!((memory.compare(&other), other.compare(&memory)), (None, None));
}

#[test]
fn the_mirror_follows_hle_and_mapping_but_not_engines() {
    let memory = space();
    let mirror = GuestMemory::new_mirror().unwrap();
    let mut dev = DeviceQueue::new();
    memory.set_mirror(Some(mirror.clone()));
    let request = AllocRequest { top_down: true, ..AllocRequest::new(Heap::Virtual4K, 0x5000, RW) };
    let (at, _) = memory.alloc_with(&request).unwrap();
    let physical = memory.alloc_physical(Heap::Physical4K, 0x3000, 0x1000, 0, u32::MAX, RW).unwrap();
    memory.alloc_fixed(GuestAddr(0x8200_0000), 0x4_0000, AllocKind::Reserve, RW).unwrap();
    memory.alloc_fixed(GuestAddr(0x8201_0000), 0x1_0000, AllocKind::Commit, RW).unwrap();
    memory.write(at, 1_u64).unwrap();
    memory.write_bytes(physical, b"some bytes").unwrap();
    memory.fill(GuestAddr(0x8201_8000), 0x100, 7).unwrap();
    memory.atomic_u32(at.offset(8), |v| Some(v + 3)).unwrap().unwrap();
    memory.write(at.offset(12), 4_u32).unwrap();
    memory.protect(at.offset(0x1000), 0x1000, Protect::READ_ONLY).unwrap();
    memory.decommit(at.offset(0x4000), 0x1000).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"from a file").unwrap();
    assert_eq!(memory.read_file_into(at.offset(0x100), 100, &file, 5).unwrap(), 6);
    assert_eq!(mirror.read_c_string(at.offset(0x100), 10).unwrap(), b"a file");
    assert_eq!(memory.compare(&mirror), None);
    assert_eq!(mirror.compare(&memory), None);
    // Engines' writes are not mirrored.
    memory.store_u32(at.0 + 0x2FFC, 9, &mut dev).unwrap();
    assert_eq!(memory.compare(&mirror), Some(at.offset(0x2FFF)));
    mirror.store_u32(at.0 + 0x2FFC, 9, &mut dev).unwrap();
    assert_eq!(memory.compare(&mirror), None);
    host_store(&mirror, physical.0 + 0x1000, 1);
    let lowest = xenia_memory::physical_to_view(xenia_memory::physical(physical).unwrap());
    assert_eq!(memory.compare(&mirror), Some(lowest.offset(0x1003)), "at the lowest view");
    host_store(&memory, physical.0 + 0x1000, 1);
    memory.free(at).unwrap();
    assert_eq!(memory.compare(&mirror), None);
    // Rights count too.
    mirror.free(physical).unwrap();
    assert_eq!(memory.compare(&mirror), Some(lowest));
    memory.set_mirror(None);
    memory.write(GuestAddr(0xC000_0000), 1_u32).unwrap();
    assert_eq!(mirror.read::<u32>(GuestAddr(0xC000_0000)), Ok(0));
}

#[test]
fn committed_pages_come_once_each_in_order() {
    let memory = space();
    commit(&memory, 0x1_0000, 0x2000, RW);
    commit(&memory, 0x9200_0000, 0x1000, RW);
    commit(&memory, 0x7000_0000, 0x1_0000, Protect::NO_ACCESS);
    commit(&memory, 0xE200_0000, 0x1000, RW);
    memory.write(GuestAddr(0x1_1000), 0x1122_3344_u32).unwrap();
    memory.write(GuestAddr(0xE200_0FFF), 5_u8).unwrap();
    let mut seen = Vec::new();
    let mut nonzero = Vec::new();
    memory.for_each_committed_page(|addr, page| {
        seen.push(addr.0);
        if page.iter().any(|&b| b != 0) {
            nonzero.push((addr.0, page[0], page[0xFFF]));
        }
    });
    assert!(seen.is_sorted_by(|a, b| a < b));
    let expected: Vec<u32> = [0x1_0000, 0x1_1000]
        .into_iter()
        .chain((0..16).map(|i| 0x7000_0000 + i * 0x1000))
        .chain([0x8200_0000])
        .chain((0..0x1000).map(|i| 0xA000_0000 + i * 0x1000))
        .chain([0xA200_1000])
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(nonzero, [(0x1_1000, 0x11, 0), (0xA200_1000, 0, 5)]);
}

type Write<'a> = dyn FnMut(&GuestMemory) + 'a;

#[test]
fn an_incremental_comparison_finds_all_writes_and_reads_little() {
    let a = space();
    let b = space();
    let mut dev = DeviceQueue::new();
    for memory in [&a, &b] {
        commit(memory, 0x1_0000, 0x40_0000, RW);
        commit(memory, 0xE200_0000, 0x10_0000, RW);
        memory.fill(GuestAddr(0x1_0000), 0x40_0000, 7).unwrap();
    }
    let mut comparison = Comparison::new(a.clone(), b.clone());
    if !comparison.is_incremental() {
        println!("the host can't track writes: comparing all of memory each time");
    }
    assert_eq!(comparison.first_difference(), None);
    assert_eq!(comparison.first_difference(), None);
    let before = comparison.pages_compared();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[9; 8]).unwrap();
    let writes: [(&str, u32, &mut Write<'_>); 5] = [
        ("interpreter", 0x1_2003, &mut |m| m.store_u32(0x1_2000, 0x0707_0708, &mut dev).unwrap()),
        ("compiled code", 0x2_0003, &mut |m| host_store(m, 0x2_0000, 0x0707_0708)),
        ("HLE", 0xA200_1000, &mut |m| m.write(GuestAddr(0xE200_0000), 1_u8).unwrap()),
        ("another view", 0xA200_5003, &mut |m| host_store(m, 0xC200_5000, 1)),
        ("a file", 0x3_0000, &mut |m| {
            assert_eq!(m.read_file_into(GuestAddr(0x3_0000), 8, &file, 0).unwrap(), 8);
        }),
    ];
    for (what, addr, write) in writes {
        write(&b);
        assert_eq!(comparison.first_difference(), Some(GuestAddr(addr)), "{what}");
        assert_eq!(comparison.first_difference(), Some(GuestAddr(addr)), "{what}: still");
        write(&a);
        assert_eq!(comparison.first_difference(), None, "{what}");
    }
    a.protect(GuestAddr(0x1_0000), 0x1000, Protect::READ_ONLY).unwrap();
    assert_eq!(comparison.first_difference(), Some(GuestAddr(0x1_0000)));
    b.protect(GuestAddr(0x1_0000), 0x1000, Protect::READ_ONLY).unwrap();
    assert_eq!(comparison.first_difference(), None);
    a.free(GuestAddr(0x1_0000)).unwrap();
    b.free(GuestAddr(0x1_0000)).unwrap();
    assert_eq!(comparison.first_difference(), None);
    // Committed and written since the last comparison, far from all other memory.
    for memory in [&a, &b] {
        commit(memory, 0x6000_0000, 0x1_0000, RW);
    }
    host_store(&b, 0x6000_8000, 3);
    assert_eq!(comparison.first_difference(), Some(GuestAddr(0x6000_8003)));
    host_store(&a, 0x6000_8000, 3);
    assert_eq!(comparison.first_difference(), None);
    if comparison.is_incremental() {
        let looked_at = comparison.pages_compared() - before;
        assert!(looked_at < 100, "{looked_at} pages");
    }
}
