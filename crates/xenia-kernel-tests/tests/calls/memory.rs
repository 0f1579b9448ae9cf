//! Tests of memory exports: pool, virtual memory, physical memory, stacks, and queries of
//! addresses.

use super::*;
use xenia_kernel::memory::virtual_memory::flags;
use xenia_memory::AllocRequest;

const COMMIT_RESERVE: u64 = (flags::COMMIT | flags::RESERVE) as u64;
const READ_WRITE: u64 = 4;
const READ_ONLY: u64 = 2;

/// Stores a base and a size, which the calls take by pointer and change.
fn put_range(b: &Harness, at: u64, size: u64) -> [u64; 2] {
    b.memory().write(b.scratch, at as u32).unwrap();
    b.memory().write(b.scratch.offset(4), size as u32).unwrap();
    [u64::from(b.scratch.0), u64::from(b.scratch.0) + 4]
}

#[test]
fn pool_blocks_are_zeroed_known_by_size_and_freed_once() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (name, arguments) in
        [("ExAllocatePoolWithTag", vec![0x30, 0x6162_6364]), ("ExAllocatePoolTypeWithTag", vec![0x30, 0, 1])]
    {
        let block = b.kernel_call(name, &arguments);
        assert_eq!(b.memory().read::<u64>(GuestAddr(block as u32)).unwrap(), 0, "{name}");
        b.memory().write(GuestAddr(block as u32), u64::MAX).unwrap();
        b.memory().write(b.scratch, 0xFF_u8).unwrap();
        assert_eq!(b.kernel_call("ExQueryPoolBlockSize", &[block, base]), 0x30);
        assert_eq!(b.word(0) >> 24, 0, "no quota is charged");
        b.kernel_call("ExFreePool", &[block]);
        assert_eq!(b.kernel_call("ExQueryPoolBlockSize", &[block, 0]), 0);
        b.kernel_call("ExFreePool", &[block]);
        assert_eq!(b.kernel_call(name, &arguments), block, "{name}: free again");
        assert_eq!(b.kernel_call(name, &[u64::from(u32::MAX), 0, 0]), 0, "{name}: too much");
    }
}

#[test]
fn virtual_memory_is_reserved_committed_protected_and_released() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let [at, size] = put_range(&b, 0, 0x1_2345);
    let allocate = |kind, protect| [at, size, kind, protect, 0];
    let reserve = allocate(u64::from(flags::RESERVE), READ_WRITE);
    assert_eq!(b.status("NtAllocateVirtualMemory", &reserve), NtStatus::SUCCESS);
    let range = GuestAddr(b.word(0));
    assert_eq!((range.0 % 0x1_0000, b.word(4)), (0, 0x2_0000), "whole granules");
    assert_eq!(b.kernel_call("MmIsAddressValid", &[u64::from(range.0)]), 0, "reserved only");
    put_range(&b, u64::from(range.0) + 0x1001, 0x1000);
    let commit = allocate(u64::from(flags::COMMIT), READ_WRITE);
    assert_eq!(b.status("NtAllocateVirtualMemory", &commit), NtStatus::SUCCESS);
    assert_eq!((b.word(0), b.word(4)), (range.0 + 0x1000, 0x2000), "whole pages");
    assert_eq!(b.kernel_call("MmIsAddressValid", &[u64::from(range.0) + 0x2FFF]), 1);
    b.memory().write(range.offset(0x1000), 1_u8).unwrap();
    // Reservation, commitment and protection around an address.
    let query = [u64::from(range.0) + 0x1800, base + 0x100, 0];
    assert_eq!(b.status("NtQueryVirtualMemory", &query), NtStatus::SUCCESS);
    let words: Vec<u32> = (0..7).map(|index| b.word(0x100 + 4 * index)).collect();
    assert_eq!(
        words,
        [range.0 + 0x1000, range.0, 4, 0x2000, flags::COMMIT, 4, flags::PRIVATE],
        "base, allocation's base and protection, size, state, protection, kind"
    );
    assert_eq!(b.status("NtQueryVirtualMemory", &[query[0], base, 3]), NtStatus::INVALID_PARAMETER);

    put_range(&b, u64::from(range.0) + 0x1000, 0x1000);
    let protect = [at, size, READ_ONLY, base + 8, 0];
    assert_eq!(b.status("NtProtectVirtualMemory", &protect), NtStatus::SUCCESS);
    assert_eq!(b.word(8), 4, "the protection before");
    assert_eq!(b.kernel_call("MmQueryAddressProtect", &[u64::from(range.0) + 0x1000]), READ_ONLY);
    let invalid = [at, size, 0x33, base + 8, 0];
    assert_eq!(b.status("NtProtectVirtualMemory", &invalid), NtStatus::INVALID_PAGE_PROTECTION);
    for (offset, status) in [(0, NtStatus::NOT_COMMITTED), (0x2_0000, NtStatus::CONFLICTING_ADDRESSES)] {
        put_range(&b, u64::from(range.0) + offset, 0x1000);
        assert_eq!(b.status("NtProtectVirtualMemory", &protect), status, "{offset:#x}");
    }

    for kind in [flags::DECOMMIT, flags::RELEASE] {
        put_range(&b, u64::from(range.0) + 0x1000, 0);
        let free = [at, size, u64::from(kind), 0];
        assert_eq!(b.status("NtFreeVirtualMemory", &free), NtStatus::FREE_VM_NOT_AT_BASE, "{kind:#x}");
    }
    for (kind, offset, length, valid) in [(flags::DECOMMIT, 0x1000, 0x1000, 1), (flags::RELEASE, 0, 0, 0)] {
        put_range(&b, u64::from(range.0) + offset, length);
        let free = [at, size, u64::from(kind), 0];
        assert_eq!(b.status("NtFreeVirtualMemory", &free), NtStatus::SUCCESS, "{kind:#x}");
        assert_eq!(b.kernel_call("MmIsAddressValid", &[u64::from(range.0) + 0x1000]), 0);
        assert_eq!(b.kernel_call("MmIsAddressValid", &[u64::from(range.0) + 0x2000]), valid);
    }
    let free = [at, size, u64::from(flags::RELEASE), 0];
    assert!(!b.status("NtFreeVirtualMemory", &free).is_success(), "only once");
    assert_eq!(b.status("NtFreeVirtualMemory", &[at, size, 0, 0]), NtStatus::INVALID_PARAMETER);
    for (length, kind, protect, status) in [
        (0, COMMIT_RESERVE, READ_WRITE, NtStatus::INVALID_PARAMETER),
        (0x1000, 0, READ_WRITE, NtStatus::INVALID_PARAMETER),
        (0x1000, COMMIT_RESERVE, 0x33, NtStatus::INVALID_PAGE_PROTECTION),
        (0x7FFF_F000, COMMIT_RESERVE, READ_WRITE, NtStatus::NO_MEMORY),
        (0x8000_0000, COMMIT_RESERVE, READ_WRITE, NtStatus::NO_MEMORY),
    ] {
        put_range(&b, 0, length);
        assert_eq!(b.status("NtAllocateVirtualMemory", &allocate(kind, protect)), status, "{length:#x}");
    }
    for name in ["NtAllocateVirtualMemory", "NtFreeVirtualMemory", "NtProtectVirtualMemory"] {
        assert_eq!(b.status(name, &[8, 8, 0x1000, 4, 0]), NtStatus::ACCESS_VIOLATION, "{name}");
    }
}

/// Some titles pass sizes whose sign is wrong.
#[test]
fn a_negative_size_is_allocated_as_a_positive_one() {
    let mut b = Harness::new();
    let [at, size] = put_range(&b, 0, u64::from(0x1_2000_u32.wrapping_neg()));
    let allocate = [at, size, COMMIT_RESERVE, READ_WRITE, 0];
    assert_eq!(b.status("NtAllocateVirtualMemory", &allocate), NtStatus::SUCCESS);
    let base = b.memory().read::<GuestAddr>(GuestAddr(at as u32)).unwrap();
    assert_eq!(b.memory().read::<u32>(GuestAddr(size as u32)).unwrap(), 0x2_0000);
    assert!(
        b.memory().is_committed(base.offset(0x1_F000)) && !b.memory().is_committed(base.offset(0x2_0000))
    );
    put_range(&b, u64::from(base.0) + 0x2_0000, u64::from(0x1001_u32.wrapping_neg()));
    assert_eq!(b.status("NtAllocateVirtualMemory", &allocate), NtStatus::SUCCESS);
    assert_eq!(b.memory().read::<u32>(GuestAddr(size as u32)).unwrap(), 0x2000);
}

#[test]
fn a_free_range_has_a_base_a_size_and_a_state_in_every_view() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for heap in [Heap::Virtual64K, Heap::Physical64K, Heap::Physical16M, Heap::Physical4K] {
        let page = heap.page_size();
        let request = AllocRequest { top_down: true, ..AllocRequest::new(heap, page, Protect::READ_WRITE) };
        let (first, _) = b.memory().alloc_with(&request).unwrap();
        let high = GuestAddr(first.0 - 2 * page - 1);
        let (second, _) = b.memory().alloc_with(&AllocRequest { high, ..request }).unwrap();
        let at = second.0 + page;
        for address in [at, at + page - 1] {
            let query = [u64::from(address), base + 0x100, 0];
            assert_eq!(b.status("NtQueryVirtualMemory", &query), NtStatus::SUCCESS);
            let words: Vec<u32> = (0..7).map(|index| b.word(0x100 + 4 * index)).collect();
            // No allocation, no access, no type.
            assert_eq!(words, [at, 0, 0, first.0 - at, flags::FREE, 1, 0], "{heap:?}");
        }
    }
    let nowhere = [0xFFD0_0000, base + 0x100, 0];
    assert_eq!(b.status("NtQueryVirtualMemory", &nowhere), NtStatus::INVALID_PARAMETER);
}

#[test]
fn memory_calls_with_bad_result_pointers_change_nothing() {
    const NOWHERE: u64 = 0x3000_0000;
    let mut b = Harness::new();
    let [at, size] = put_range(&b, 0, 0x2_0000);
    let committed = |b: &Harness| b.memory().committed_bytes(Heap::Virtual4K);
    let before = committed(&b);
    for range in [[at, NOWHERE], [NOWHERE, size]] {
        let allocate = [range[0], range[1], COMMIT_RESERVE, READ_WRITE, 0];
        assert_eq!(b.status("NtAllocateVirtualMemory", &allocate), NtStatus::ACCESS_VIOLATION);
        assert_eq!(committed(&b), before, "memory that nobody knows of");
    }
    let allocate = [at, size, COMMIT_RESERVE, READ_WRITE, 0];
    assert_eq!(b.status("NtAllocateVirtualMemory", &allocate), NtStatus::SUCCESS);
    let range = u64::from(b.word(0));
    for kind in [flags::DECOMMIT, flags::RELEASE] {
        let free = [at, NOWHERE, kind.into(), 0];
        assert_eq!(b.status("NtFreeVirtualMemory", &free), NtStatus::ACCESS_VIOLATION);
        assert_eq!(committed(&b), before + 0x2_0000);
    }
    for protect in [[at, NOWHERE, READ_ONLY, 0, 0], [at, size, READ_ONLY, NOWHERE, 0]] {
        assert_eq!(b.status("NtProtectVirtualMemory", &protect), NtStatus::ACCESS_VIOLATION);
        assert_eq!(b.kernel_call("MmQueryAddressProtect", &[range]), READ_WRITE);
    }
    // Memory that the call itself frees is a separate case.
    for (offset, word) in [(0, range as u32), (4, 0)] {
        b.memory().write(GuestAddr(range as u32 + offset), word).unwrap();
    }
    let free = [range, range + 4, flags::RELEASE.into(), 0];
    assert_eq!(b.status("NtFreeVirtualMemory", &free), NtStatus::SUCCESS);
    assert_eq!(committed(&b), before);
}

#[test]
fn the_kernels_and_the_machines_memory_is_not_a_titles_to_change() {
    let mut b = Harness::new();
    let block = b.kernel_call("ExAllocatePool", &[0x30]);
    let arena = b.memory().query(GuestAddr(block as u32)).unwrap().allocation_base;
    b.memory().write(GuestAddr(block as u32), 42_u32).unwrap();
    for (address, status) in [
        (arena.0, NtStatus::MEMORY_NOT_ALLOCATED),
        (block as u32 & !0xFFF, NtStatus::MEMORY_NOT_ALLOCATED),
        (0x1000, NtStatus::MEMORY_NOT_ALLOCATED),
    ] {
        for (name, last) in [
            ("NtFreeVirtualMemory", [flags::RELEASE, 0]),
            ("NtFreeVirtualMemory", [flags::DECOMMIT, 0]),
            ("NtAllocateVirtualMemory", [flags::COMMIT, 2]),
            ("NtProtectVirtualMemory", [1, 0]),
        ] {
            let bytes = if last[0] == flags::RELEASE { 0 } else { 0x1000 };
            let [at, size] = put_range(&b, address.into(), bytes);
            let arguments = [at, size, last[0].into(), last[1].into(), 0];
            let status = match (address, name) {
                // The pages that catch null pointers are reserved.
                (0x1000, "NtProtectVirtualMemory") => NtStatus::NOT_COMMITTED,
                (0x1000, "NtAllocateVirtualMemory") => NtStatus::CONFLICTING_ADDRESSES,
                _ => status,
            };
            assert_eq!(b.status(name, &arguments), status, "{name} {address:x}");
        }
        b.kernel_call("MmSetAddressProtect", &[address.into(), 0x1000, 1]);
    }
    b.memory().write(GuestAddr(block as u32 + 4), 43_u32).unwrap();
    assert_eq!(b.memory().read::<u32>(GuestAddr(block as u32)), Ok(42));
    assert_eq!(b.kernel_call("MmIsAddressValid", &[0x1000]), 0, "null pointers are caught");
    // The GPU's write-back memory, and the end of physical memory.
    for (address, valid) in [(0xC000_0000, 1), (0xBFFF_0000, 0)] {
        b.kernel_call("MmFreePhysicalMemory", &[0, address]);
        assert_eq!(b.kernel_call("MmIsAddressValid", &[address]), valid);
        assert_ne!(b.kernel_call("MmQueryAllocationSize", &[address]), 0, "{address:x}");
    }
}

#[test]
fn encrypted_memory_is_plain_in_a_separate_range() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtAllocateEncryptedMemory", &[0, 0x1_0000, base]), NtStatus::SUCCESS);
    let at = GuestAddr(b.word(0));
    assert!((0x8C00_0000..0x9000_0000).contains(&at.0));
    b.memory().write(at, 0x1234_u16).unwrap();
    for size in [0, 0x100_0001, u64::from(u32::MAX)] {
        let status = b.status("NtAllocateEncryptedMemory", &[0, size, base]);
        assert_eq!(status, NtStatus::INVALID_PARAMETER, "{size:#x}");
    }
}

#[test]
fn physical_memory_answers_questions_about_itself() {
    let mut b = Harness::new();
    let at = b.kernel_call("MmAllocatePhysicalMemoryEx", &[0, 0x5000, READ_WRITE, 0, 0xFFFF_FFFF, 0]);
    assert_eq!(b.kernel_call("MmQueryAddressProtect", &[at + 0x4FFF]), READ_WRITE);
    assert_eq!(b.kernel_call("MmQueryAllocationSize", &[at + 0x1234]), 0x5000);
    assert_eq!(b.kernel_call("MmIsAddressValid", &[at]), 1);
    b.kernel_call("MmSetAddressProtect", &[at, 0x1000, READ_ONLY]);
    assert_eq!(b.kernel_call("MmQueryAddressProtect", &[at]), READ_ONLY);
    assert_eq!(b.kernel_call("MmQueryAddressProtect", &[at + 0x1000]), READ_WRITE, "the pages named");
    // Invalid protections and unmapped addresses have no effect.
    for (address, protect) in [(at, 0x33), (0x8200_0000, READ_WRITE), (0x3000_0000, READ_WRITE)] {
        b.kernel_call("MmSetAddressProtect", &[address, 0x1000, protect]);
        assert_eq!(b.kernel_call("MmQueryAddressProtect", &[at]), READ_ONLY);
    }
    b.kernel_call("MmFreePhysicalMemory", &[0, at]);
    for name in ["MmQueryAddressProtect", "MmQueryAllocationSize", "MmIsAddressValid"] {
        assert_eq!(b.kernel_call(name, &[at]), 0, "{name}");
    }
}

#[test]
fn stacks_are_made_downwards_and_deleted_by_their_low_end() {
    let mut b = Harness::new();
    let high = b.kernel_call("MmCreateKernelStack", &[0x8000, 0]);
    assert!((0x7000_0000..0x7F00_0000).contains(&high));
    assert_eq!(b.kernel_call("MmIsAddressValid", &[high - 1]), 1);
    let low = high - b.kernel_call("MmQueryAllocationSize", &[high - 1]);
    assert_eq!(b.status("MmDeleteKernelStack", &[high, low]), NtStatus::SUCCESS);
    assert_eq!(b.kernel_call("MmIsAddressValid", &[high - 1]), 0);
    for end in [low, 0, u64::from(b.scratch.0)] {
        assert_eq!(b.status("MmDeleteKernelStack", &[high, end]), NtStatus::UNSUCCESSFUL, "{end:#x}");
    }
    assert_eq!(b.kernel_call("MmCreateKernelStack", &[0x4000_0000, 0]), 0);
}

/// A title computes the low end from the size that it has asked for, whatever pages the stack has.
#[test]
fn a_stack_is_deleted_by_its_requested_size() {
    let mut b = Harness::new();
    for size in [0x4000, 0x1_0000, 0x1_8000] {
        let high = b.kernel_call("MmCreateKernelStack", &[size, 0]);
        for (base, end) in [(high - 0x1000, high - 0x2000), (high, high), (0, high - 0x1000)] {
            let status = b.status("MmDeleteKernelStack", &[base, end]);
            assert_eq!(status, NtStatus::UNSUCCESSFUL, "{size:#x}: {base:#x} {end:#x}");
        }
        assert_eq!(b.status("MmDeleteKernelStack", &[high, high - size]), NtStatus::SUCCESS, "{size:#x}");
        assert_eq!(b.kernel_call("MmIsAddressValid", &[high - 1]), 0, "{size:#x}");
    }
}

#[test]
fn nothing_is_allocated_for_a_bad_result_pointer() {
    let mut b = Harness::new();
    let heaps = [Heap::Virtual4K, Heap::Virtual64K, Heap::Image64K, Heap::Physical4K, Heap::Physical64K];
    let committed = |b: &Harness| heaps.map(|heap| b.memory().committed_bytes(heap));
    let before = committed(&b);
    let status = b.status("NtAllocateEncryptedMemory", &[0, 0x100_0000, 8]);
    assert_eq!(status, NtStatus::ACCESS_VIOLATION);
    for flags in [0, 0x4000_0000] {
        assert_eq!(b.xam_call("XamAllocEx", &[0, flags, 0x100_0000, 8]) as u32, 0x8007_0057, "{flags:#x}");
    }
    assert_eq!(b.xam_call("XamAlloc", &[0, 0x100_0000, 8]) as u32, 0x8007_0057);
    assert_eq!(committed(&b), before);
}
