//! Typed access and engine access through the public interface: byte order, aliases, rights,
//! faults, devices.

use std::io::{Seek, Write};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_memory::{
    AccessKind, AllocKind, AllocRequest, DeviceQueue, FaultKind, GuestMemory, Heap, MemoryFault, MmioDevice,
    Protect,
};

const RW: Protect = Protect::READ_WRITE;

fn space() -> Arc<GuestMemory> {
    GuestMemory::new().unwrap()
}

fn page_at(memory: &GuestMemory, addr: u32, size: u32, protect: Protect) {
    memory.alloc_fixed(GuestAddr(addr), size, AllocKind::ReserveCommit, protect).unwrap();
}

/// Every pair of addresses that show the same byte, for each way to commit it.
#[test]
fn every_alias_pair_shows_the_same_bytes() {
    let cases: [(u32, &[u32]); 6] = [
        (0x8234_0000, &[0x8234_0000, 0x9234_0000]),
        (0x9345_6000, &[0x8345_6000, 0x9345_6000]),
        (0xA345_0000, &[0xA345_0000, 0xC345_0000, 0xE344_F000]),
        (0xC500_0000, &[0xA500_0000, 0xC500_0000, 0xE4FF_F000]),
        (0xE600_0000, &[0xA600_1000, 0xC600_1000, 0xE600_0000]),
        // The last page that the third view maps.
        (0xFFCF_F000, &[0xBFD0_0000, 0xDFD0_0000, 0xFFCF_F000]),
    ];
    let memory = space();
    let mut dev = DeviceQueue::new();
    let mut value = 0x0102_0304_u32;
    for (commit, aliases) in cases {
        page_at(&memory, commit, 1, RW);
        for &to in aliases {
            for &from in aliases {
                for offset in [0, 0x7FC, 0xFFC] {
                    value = value.wrapping_mul(0x9E37_79B1).wrapping_add(1);
                    memory.write(GuestAddr(to + offset), value).unwrap();
                    assert_eq!(memory.read::<u32>(GuestAddr(from + offset)), Ok(value), "{to:#x} {from:#x}");
                    assert_eq!(memory.load_u32(from + offset, &mut dev), Ok(value));
                    memory.store_u32(to + offset, !value, &mut dev).unwrap();
                    assert_eq!(memory.read::<u32>(GuestAddr(from + offset)), Ok(!value));
                    // An access as compiled code makes it.
                    let host = memory.guest_base().wrapping_add((from + offset) as usize).cast::<[u8; 4]>();
                    // SAFETY: the page is committed with read rights.
                    assert_eq!(unsafe { host.read_volatile() }, (!value).to_be_bytes());
                }
                let index = GuestMemory::page_index(GuestAddr(to));
                assert!(index.is_some());
                assert_eq!(index, GuestMemory::page_index(GuestAddr(from)));
            }
        }
    }
}

#[test]
fn values_are_big_endian_in_every_width() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    page_at(&memory, 0x1_0000, 0x2000, RW);
    // Once inside a page, once across two.
    for base in [0x1_0101_u32, 0x1_0FF9] {
        let a = GuestAddr(base);
        let bytes: Vec<u8> = (1..=16).collect();
        memory.write_bytes(a, &bytes).unwrap();
        let whole = u128::from_be_bytes(bytes.clone().try_into().unwrap());
        assert_eq!(memory.read::<u8>(a), Ok(1));
        assert_eq!(memory.read::<u16>(a), Ok(0x0102));
        assert_eq!(memory.read::<u32>(a), Ok(0x0102_0304));
        assert_eq!(memory.read::<u64>(a), Ok(0x0102_0304_0506_0708));
        assert_eq!(memory.read::<u128>(a), Ok(whole));
        assert_eq!(memory.load_u8(base, &mut dev), Ok(1));
        assert_eq!(memory.load_u16(base + 6, &mut dev), Ok(0x0708));
        assert_eq!(memory.load_u32(base + 5, &mut dev), Ok(0x0607_0809));
        assert_eq!(memory.load_u64(base + 3, &mut dev), Ok(0x0405_0607_0809_0A0B));
        assert_eq!(memory.load_u128(base, &mut dev), Ok(whole));
        memory.store_u16(base + 6, 0xA1A2, &mut dev).unwrap();
        memory.store_u8(base + 1, 0xB1, &mut dev).unwrap();
        memory.store_u32(base + 8, 0xC1C2_C3C4, &mut dev).unwrap();
        let mut back = [0; 16];
        memory.read_bytes(a, &mut back).unwrap();
        assert_eq!(back, [1, 0xB1, 3, 4, 5, 6, 0xA1, 0xA2, 0xC1, 0xC2, 0xC3, 0xC4, 13, 14, 15, 16]);
        memory.store_u64(base + 2, 0xD1D2_D3D4_D5D6_D7D8, &mut dev).unwrap();
        assert_eq!(memory.load_u64(base + 2, &mut dev), Ok(0xD1D2_D3D4_D5D6_D7D8));
        memory.store_u128(base, !whole, &mut dev).unwrap();
        assert_eq!(memory.read::<u128>(a), Ok(!whole));
        memory.write(a, 1.5_f32).unwrap();
        assert_eq!(memory.read::<f32>(a), Ok(1.5));
        assert_eq!(memory.read::<u32>(a), Ok(0x3FC0_0000));
    }
}

#[test]
fn refused_accesses_name_address_and_reason_and_change_nothing() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    page_at(&memory, 0x2_0000, 0x1000, RW);
    page_at(&memory, 0x3_0000, 0x1000, Protect::READ_ONLY);
    page_at(&memory, 0x4_0000, 0x1000, Protect::NO_ACCESS);
    let fault = |addr, kind, access| Err(MemoryFault { addr: GuestAddr(addr), kind, access });
    use AccessKind::*;
    use FaultKind::*;
    for addr in [0, 0xFFFC, 0x5_0000, 0x7F00_0000, 0x7FFF_FFFC, 0xFFD0_0000, 0xFFFF_FFFC] {
        assert_eq!(memory.load_u32(addr, &mut dev).map(|_| ()), fault(addr, Unmapped, Load));
        assert_eq!(memory.store_u32(addr, 1, &mut dev), fault(addr, Unmapped, Store));
        assert_eq!(memory.read::<u32>(GuestAddr(addr)).map(|_| ()), fault(addr, Unmapped, Load));
        assert_eq!(memory.write(GuestAddr(addr), 1_u32), fault(addr, Unmapped, Store));
        assert_eq!(memory.fetch_u32(addr).map(|_| ()), fault(addr, Unmapped, Load));
    }
    assert_eq!(memory.store_u8(0x3_0000, 1, &mut dev), fault(0x3_0000, WriteProtected, Store));
    assert_eq!(memory.load_u8(0x4_0000, &mut dev).map(|_| ()), fault(0x4_0000, ReadProtected, Load));
    // HLE is not bound by the guest's rights.
    assert_eq!(memory.write(GuestAddr(0x3_0000), 7_u32), Ok(()));
    assert_eq!(memory.write(GuestAddr(0x4_0000), 7_u32), Ok(()));
    // Across the end of a mapped page: the first refused byte, and no partial store.
    assert_eq!(memory.store_u64(0x2_0FFC, u64::MAX, &mut dev), fault(0x2_1000, Unmapped, Store));
    assert_eq!(memory.write_bytes(GuestAddr(0x2_0FFC), &[9; 100]), fault(0x2_1000, Unmapped, Store));
    assert_eq!(memory.load_u32(0x2_0FFC, &mut dev), Ok(0));
    // Around the end of the address space.
    assert_eq!(memory.load_u64(0xFFFF_FFFC, &mut dev).map(|_| ()), fault(0xFFFF_FFFC, Unmapped, Load));
    assert_eq!(memory.fill(GuestAddr(0x2_0000), u32::MAX, 0), fault(0x2_1000, Unmapped, Store));
    assert_eq!(memory.fetch_u32(0x2_0002).map(|_| ()), fault(0x2_0002, Misaligned, Load));
    assert_eq!(
        memory.compare_exchange_u32(0x2_0002, 0, 1),
        fault(0x2_0002, Misaligned, Store).map(|()| true)
    );
    assert_eq!(memory.compare_exchange_u32(0x2_0004, 0, 1), Ok(true));
    assert_eq!(memory.compare_exchange_u32(0x2_0004, 0, 2), Ok(false));
    assert_eq!(memory.load_u32(0x2_0004, &mut dev), Ok(1));
}

#[test]
fn decommitted_memory_is_zero_when_committed_again() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    let request = AllocRequest { top_down: true, ..AllocRequest::new(Heap::Virtual64K, 0x3_0000, RW) };
    let refused = memory.alloc_with(&AllocRequest { align: 0, ..request }).unwrap_err();
    assert!(refused.to_string().contains("alignment 0x0"), "{refused}");
    let (at, _) = memory.alloc_with(&request).unwrap();
    memory.fill(at, 0x3_0000, 0xAA).unwrap();
    memory.decommit(at.offset(0x1_0000), 0x1_0000).unwrap();
    assert!(memory.load_u32(at.0 + 0x1_0000, &mut dev).is_err());
    assert_eq!(memory.load_u8(at.0 + 0xFFFF, &mut dev), Ok(0xAA));
    memory.alloc_fixed(at.offset(0x1_0000), 0x1_0000, AllocKind::Commit, RW).unwrap();
    assert_eq!(memory.load_u64(at.0 + 0x1_0000, &mut dev), Ok(0));
    memory.free(at).unwrap();
    assert!(memory.load_u32(at.0, &mut dev).is_err());
    page_at(&memory, at.0, 0x3_0000, RW);
    assert_eq!(memory.load_u64(at.0 + 0x2_0000, &mut dev), Ok(0));
}

#[test]
fn reallocated_memory_reads_as_zero() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    // Kept until committed again up to the longest range, and returned at once above it.
    for size in [0x1_0000, 0x4_0000, 0x10_0000] {
        let mut bytes = vec![1; size as usize];
        for _ in 0..3 {
            let at = memory.alloc(Heap::Virtual64K, size, 0x1_0000, RW).unwrap();
            memory.read_bytes(at, &mut bytes).unwrap();
            assert!(bytes.iter().all(|&byte| byte == 0), "{size:#x}");
            memory.fill(at, size, 0xAA).unwrap();
            memory.free(at).unwrap();
            assert!(memory.load_u32(at.0, &mut dev).is_err());
        }
    }
}

#[test]
fn physical_memory_is_given_out_within_its_bounds() {
    let memory = space();
    let at = memory.alloc_physical(Heap::Physical4K, 0x5000, 0x1_0000, 0, u32::MAX, RW).unwrap();
    let physical = xenia_memory::physical(at).unwrap();
    assert_eq!(physical % 0x1_0000, 0);
    assert_eq!(memory.read::<u32>(xenia_memory::physical_to_view(physical)), Ok(0));
    let low = memory.alloc_physical(Heap::Physical64K, 1, 1, 0x200_0000, 0x2FF_FFFF, RW).unwrap();
    assert_eq!(low, GuestAddr(0xA2FF_0000));
    assert!(memory.alloc_physical(Heap::Physical64K, 0x1000_0000, 1, 0, 0xFFF_FFFF, RW).is_err());
    // The GPU's write-back area exists from the start.
    assert_eq!(memory.read::<u32>(GuestAddr(0xC000_0000)), Ok(0));
    let stack = AllocRequest {
        low: GuestAddr(0x7000_0000),
        high: GuestAddr(0x7EFF_FFFF),
        ..AllocRequest::new(Heap::Virtual64K, 0x4_0000, RW)
    };
    assert_eq!(memory.alloc_with(&stack).unwrap(), (GuestAddr(0x7000_0000), 0x4_0000));
}

/// Strings that end in any part of any length, and at the end of what is mapped.
#[test]
fn strings_of_all_lengths_are_read_up_to_their_ends() {
    let memory = space();
    page_at(&memory, 0x1_0000, 0x2000, RW);
    for length in (0..300).chain([0xFFF, 0x1000, 0x1001, 0x1FFF]) {
        let text: Vec<u8> = (b'a'..=b'z').cycle().take(length as usize).collect();
        // The terminator is the last mapped byte.
        let at = GuestAddr(0x1_1FFF - length);
        memory.write_bytes(at, &text).unwrap();
        memory.write(at.offset(length), 0_u8).unwrap();
        assert_eq!(memory.read_c_string(at, u32::MAX).unwrap(), text);
        assert_eq!(memory.read_c_string(at, length).unwrap(), text);
        let shorter = length / 2;
        assert_eq!(memory.read_c_string(at, shorter).unwrap(), text[..shorter as usize]);
        memory.write(at.offset(length), 1_u8).unwrap();
        let fault = memory.read_c_string(at, u32::MAX).unwrap_err();
        assert_eq!(fault.addr, GuestAddr(0x1_2000), "{length}");
    }
    memory.write_bytes(GuestAddr(0x1_0000), b"short\0").unwrap();
    let short = memory.read_c_string(GuestAddr(0x1_0000), u32::MAX).unwrap();
    assert!(short == b"short" && short.capacity() < 0x1000, "no page is copied");
}

#[test]
fn wide_strings_end_before_pages_that_are_not_mapped() {
    let memory = space();
    page_at(&memory, 0x1_0000, 0x2000, RW);
    for (odd, len) in [0, 1].into_iter().flat_map(|odd| [1, 31, 32, 33, 64, 100].map(|len| (odd, len))) {
        // The terminator is the last unit of the memory, or the last but one byte before its end.
        let at = GuestAddr(0x1_2000 - 2 * (len + 1) - odd);
        memory.fill(at, 2 * len, 0x41).unwrap();
        memory.write(at.offset(2 * len), 0_u16).unwrap();
        let text = memory.read_wide_string(at, u32::MAX).unwrap();
        assert_eq!(text, vec![0x4141; len as usize], "{odd} {len}");
        assert_eq!(memory.read_wide_string(at, len - 1).unwrap().len() as u32, len - 1, "{odd} {len}");
    }
    memory.fill(GuestAddr(0x1_0FF1), 0x100F, 0x41).unwrap();
    let over_a_page_end = memory.read_wide_string(GuestAddr(0x1_0FF1), 20).unwrap();
    assert_eq!(over_a_page_end, [0x4141; 20]);
    assert!(memory.read_wide_string(GuestAddr(0x1_1FF0), 9).is_err(), "runs off the end");
}

#[test]
fn strings_files_atomics_and_counters() {
    let memory = space();
    page_at(&memory, 0x1_0000, 0x2000, RW);
    memory.write_bytes(GuestAddr(0x1_0FFE), b"name\0rest").unwrap();
    assert_eq!(memory.read_c_string(GuestAddr(0x1_0FFE), 100).unwrap(), b"name");
    assert_eq!(memory.read_c_string(GuestAddr(0x1_0FFE), 3).unwrap(), b"nam");
    memory.fill(GuestAddr(0x1_1FF0), 16, b'x').unwrap();
    assert!(memory.read_c_string(GuestAddr(0x1_1FF0), 100).is_err(), "runs off the end");
    assert_eq!(memory.read_c_string(GuestAddr(0x1_1FF0), 16).unwrap(), [b'x'; 16]);
    memory.write_bytes(GuestAddr(0x1_0000), &[0, b'A', 1, 2, 0, 0]).unwrap();
    assert_eq!(memory.read_wide_string(GuestAddr(0x1_0000), 9).unwrap(), [0x41, 0x102]);

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[7; 0x1800]).unwrap();
    file.rewind().unwrap();
    assert_eq!(memory.read_file_into(GuestAddr(0x1_0100), 0x1900, &file, 0x800).unwrap(), 0x1000);
    assert_eq!(memory.read::<u64>(GuestAddr(0x1_10F8)), Ok(0x0707_0707_0707_0707));
    assert_eq!(memory.read::<u8>(GuestAddr(0x1_1100)), Ok(0));
    assert!(memory.read_file_into(GuestAddr(0x1_0100), 0x2000, &file, 0).is_err());
    let named = tempfile::NamedTempFile::new().unwrap();
    let unreadable = std::fs::File::options().write(true).open(named.path()).unwrap();
    assert!(memory.read_file_into(GuestAddr(0x1_0100), 1, &unreadable, 0).is_err());

    let word = GuestAddr(0x1_0000);
    memory.write(word, 5_u32).unwrap();
    assert_eq!(memory.atomic_u32(word, |v| Some(v + 1)), Ok(Ok(5)));
    assert_eq!(memory.atomic_u32(word, |_| None), Ok(Err(6)));
    assert_eq!(memory.atomic_u64(word, |v| Some(v + 1)), Ok(Ok(0x6_0000_0000)));
    assert_eq!(memory.read::<u64>(word), Ok(0x6_0000_0001));
    let before = memory.counters().writes_total;
    memory.write(word, 0_u8).unwrap();
    assert_eq!(memory.counters().writes_total, before + 1);
}

#[test]
fn the_interpreter_reaches_devices() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    memory.device_registers(MmioDevice::Gpu).store(0x1951, 1);
    assert_eq!(memory.load_u32(0x7FC8_6544, &mut dev), Ok(1));
    memory.store_u32(0x7FC8_0714, 0x1234, &mut dev).unwrap();
    assert_eq!(memory.load_u16(0x7FC8_0716, &mut dev), Ok(0x1234));
    assert_eq!(dev.stores().len(), 1);
    assert_eq!(dev.stores()[0].register(), Some((MmioDevice::Gpu, 0x1C5)));
    assert_eq!(
        memory.load_u32(0x7FC8_FFFE, &mut dev).unwrap_err().addr,
        GuestAddr(0x7FC9_0000),
        "off the end of the block"
    );
    assert!(memory.read::<u32>(GuestAddr(0x7FC8_0000)).is_err(), "not memory for HLE");
    assert!(memory.compare_exchange_u32(0x7FC8_0000, 0, 1).is_err());
}
