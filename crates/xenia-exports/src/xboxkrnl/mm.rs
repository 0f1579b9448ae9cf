//! Physical memory, kernel stacks and queries of addresses (`Mm*`), and locks of the second-level
//! cache (`Ke*L2`).

use crate::abi::{Call, Ptr};
use crate::memory::physical_memory;
use crate::memory::second_level_cache::Lock;
use crate::memory::virtual_memory::{STACKS, VIRTUAL_BYTES};
use crate::status::failure::Fallible;
use crate::thread::records::Stack;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{AllocRequest, GuestMemory, Heap, MmioDevice, PHYSICAL_SIZE, Protect, physical_to_view};

/// The exports for physical memory.
pub struct Mm;

/// Size of `MM_STATISTICS`, which the caller must store in its first word.
const STATISTICS: u32 = 104;
/// Pages that the console's kernel reserves for itself.
const KERNEL_PAGES: u32 = 0x100;

/// Converts bytes to pages of 4 KiB, rounded up.
fn pages(bytes: u32) -> u32 {
    bytes.div_ceil(0x1000)
}

/// The stack whose low end is `end`, or whose high end is `base` and that contains `end`.
fn stack_of(memory: &GuestMemory, base: GuestAddr, end: GuestAddr) -> Option<GuestAddr> {
    let in_range = STACKS.contains(&end);
    let found = memory.query(end).ok().filter(|found| in_range && found.allocation_size > 0)?;
    let low = found.allocation_base;
    (end == low || base == low.offset(found.allocation_size)).then_some(low)
}

#[exports(xboxkrnl)]
impl Mm {
    /// Allocates physical memory within a range of physical addresses; returns null if there is not
    /// enough.
    #[export(Done)]
    fn MmAllocatePhysicalMemoryEx(
        call: &mut Call,
        _kind: u32,
        size: u32,
        protect: u32,
        min: u32,
        max: u32,
        align: u32,
    ) -> Fallible<GuestAddr> {
        physical_memory::allocate(call.memory(), size, protect, min, max, align)
    }

    /// Allocates physical memory at any address; returns null if there is not enough.
    #[export(Done)]
    fn MmAllocatePhysicalMemory(call: &mut Call, _kind: u32, size: u32, protect: u32) -> Fallible<GuestAddr> {
        physical_memory::allocate(call.memory(), size, protect, 0, u32::MAX, 0)
    }

    /// Frees physical memory.
    #[export(Done)]
    fn MmFreePhysicalMemory(call: &mut Call, _kind: u32, base: GuestAddr) {
        if let Err(error) = physical_memory::free(call.memory(), base) {
            tracing::warn!(target: "kernel", "MmFreePhysicalMemory({base}): {error}");
        }
    }

    /// Translates an address to a physical address.
    #[export(Done)]
    fn MmGetPhysicalAddress(_call: &mut Call, address: GuestAddr) -> GuestAddr {
        GuestAddr(physical_memory::address_of(address))
    }

    /// Returns the protection of a page; 0 if it is not mapped.
    #[export(Done)]
    fn MmQueryAddressProtect(call: &mut Call, address: GuestAddr) -> u32 {
        physical_memory::protection_of(call.memory(), address)
    }

    /// Changes the protection of memory, except that of executables and of the kernel's pool.
    /// Invalid requests are ignored.
    #[export(Done)]
    fn MmSetAddressProtect(call: &mut Call, base: GuestAddr, size: u32, protect: u32) {
        let protect = Protect(protect & 0x7FF);
        if matches!(Heap::of(base), None | Some(Heap::Image64K | Heap::Image4K)) || !protect.is_valid() {
            return;
        }
        let change = |memory: &GuestMemory| Ok(memory.protect(base, size, protect)?);
        if let Err(error) = call.kernel.pool.change_outside(base, change) {
            tracing::warn!(target: "kernel", "MmSetAddressProtect({base}, {size:#x}): {error}");
        }
    }

    /// Returns the size in bytes of the allocation that contains an address; 0 if there is none.
    #[export(Done)]
    fn MmQueryAllocationSize(call: &mut Call, base: GuestAddr) -> u32 {
        physical_memory::allocation_size(call.memory(), base)
    }

    /// Returns whether memory is committed at an address.
    #[export(Done)]
    fn MmIsAddressValid(call: &mut Call, address: GuestAddr) -> bool {
        call.memory().is_committed(address)
    }

    /// Stores counts of pages by use. The system has no pages besides those of the kernel.
    /// Reserved addresses are those of both page sizes, up to the total.
    #[export(Done)]
    fn MmQueryStatistics(call: &mut Call, statistics: Option<Ptr<u32>>) -> Fallible<NtStatus> {
        let Some(statistics) = statistics else { return Ok(NtStatus::INVALID_PARAMETER) };
        let memory = call.memory();
        if statistics.read(memory)? != STATISTICS {
            return Ok(NtStatus::BUFFER_TOO_SMALL);
        }
        let counts = physical_memory::page_counts(memory);
        let reserved_bytes = (counts.reserved << 12).min(VIRTUAL_BYTES);
        let stack_bytes = |stack: Stack| stack.base.0.saturating_sub(stack.limit.0);
        let stacks = call
            .kernel
            .threads
            .lock()
            .iter()
            .filter(|record| !record.ended)
            .map(|record| stack_bytes(record.stack))
            .fold(0, u32::saturating_add);
        let stacks = pages(stacks);
        let pool = pages(call.kernel.pool.lock().bytes());
        let words: [u32; 14] = [
            STATISTICS,
            physical_memory::TOTAL_PAGES,
            KERNEL_PAGES,
            counts.available.saturating_sub(KERNEL_PAGES),
            VIRTUAL_BYTES,
            reserved_bytes,
            counts.physical,
            pool,
            stacks,
            counts.image,
            0,
            counts.virtual_memory.saturating_sub(pool + stacks),
            0,
            0,
        ];
        memory.fill(statistics.addr(), STATISTICS, 0)?;
        for (index, word) in words.into_iter().enumerate() {
            statistics.at(index as u32).write(memory, word)?;
        }
        statistics.at(STATISTICS / 4 - 1).write(memory, physical_memory::TOTAL_PAGES - 1)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Allocates a kernel stack; returns its high end.
    #[export(Done)]
    fn MmCreateKernelStack(call: &mut Call, size: u32, _unknown: u32) -> Fallible<GuestAddr> {
        let request = AllocRequest {
            low: *STACKS.start(),
            high: *STACKS.end(),
            ..AllocRequest::new(Heap::Virtual64K, size, Protect::READ_WRITE)
        };
        let (at, taken) = call.memory().alloc_with(&request)?;
        debug_assert!(pages(taken) >= pages(size));
        Ok(at.offset(taken))
    }

    /// Frees a kernel stack by its high and its low end. The low one may follow from the size with
    /// which the stack was requested: the stack may have more pages below.
    #[export(Done)]
    fn MmDeleteKernelStack(call: &mut Call, base: GuestAddr, end: GuestAddr) -> Fallible<NtStatus> {
        let stack = stack_of(call.memory(), base, end);
        if stack.is_none_or(|stack| call.memory().free(stack).is_err()) {
            return Ok(NtStatus::UNSUCCESSFUL);
        }
        Ok(NtStatus::SUCCESS)
    }

    /// Maps memory by its physical address, as titles do with contexts of the sound decoder. All of
    /// it is mapped already, so the address in a view is returned; those of device registers and in
    /// views are returned unchanged. Null for anything else.
    #[export(Done)]
    fn MmMapIoSpace(
        call: &mut Call,
        _bus: u32,
        address: GuestAddr,
        size: u32,
        _protect: u32,
    ) -> Fallible<GuestAddr> {
        let start = if address.0 < PHYSICAL_SIZE { physical_to_view(address.0) } else { address };
        let last = size.checked_sub(1).and_then(|size| start.0.checked_add(size));
        let last = GuestAddr(last.ok_or(NtStatus::INVALID_PARAMETER)?);
        let is_mapped = |at| MmioDevice::of(at).is_some() || call.memory().is_committed(at);
        Ok(if is_mapped(start) && is_mapped(last) { start } else { GuestAddr::NULL })
    }

    /// Confines a range of memory to ways of the second-level cache; `index` is 0 for Direct3D and
    /// 1 for the title. Memory that exists in the cache only (Direct3D's lock, at 0x7F100000, of
    /// up to 256 KiB) exists until the lock ends.
    #[export(Done)]
    fn KeLockL2(
        call: &mut Call,
        index: u32,
        start: GuestAddr,
        size: u32,
        exclusive: u32,
        kept: u32,
    ) -> Fallible<NtStatus> {
        let lock = Lock { start, size, ways: [exclusive, kept] };
        call.kernel.title.lock().cache.lock(call.memory(), index, lock)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Ends a lock of the second-level cache, if there is one.
    #[export(Done)]
    fn KeUnlockL2(call: &mut Call, index: u32) {
        if call.kernel.title.lock().cache.unlock(call.memory(), index).is_none() {
            tracing::debug!(target: "kernel", "KeUnlockL2({index}): not locked");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::harness::Harness;
    use xenia_guest::{GuestAddr, NtStatus};

    #[test]
    fn device_memory_stays_where_it_is() {
        let mut b = Harness::new();
        let view = b.kernel_call("MmAllocatePhysicalMemoryEx", &[0, 0x1000, 4, 0, 0xFFFF_FFFF, 0]);
        for (address, size, mapped) in [
            (0x7FC8_0000, 0x1_0000, true),
            (0x7FEA_0000, 4, true),
            (view, 0x40, true),
            (view, 0, false),
            (view, 0xFFFF_FFFF, false),
            (0x7F00_0000, 4, false),
            (0xFFFF_FFFF, 1, false),
        ] {
            let expected = if mapped { address } else { 0 };
            assert_eq!(b.kernel_call("MmMapIoSpace", &[2, address, size, 0x404]), expected, "{address:#x}");
        }
    }

    #[test]
    fn a_context_of_the_sound_decoder_is_mapped_by_its_physical_address() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        assert_eq!(b.kernel_call("XMACreateContext", &[base]), 0);
        let context = GuestAddr(b.word(0));
        let physical = b.kernel_call("MmGetPhysicalAddress", &[context.0.into()]);
        let mapped = b.kernel_call("MmMapIoSpace", &[2, physical, 0x40, 0x404]);
        b.memory().write(GuestAddr(mapped as u32).offset(0x3C), 0x1234_5678_u32).unwrap();
        assert_eq!(b.memory().read::<u32>(context.offset(0x3C)).unwrap(), 0x1234_5678);
        assert_eq!(b.kernel_call("MmMapIoSpace", &[2, 0x0800_0000, 0x40, 0x404]), 0, "not allocated");
    }

    #[test]
    fn statistics_separate_pool_and_stacks_from_other_memory() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        b.memory().write(b.scratch, 104_u32).unwrap();
        assert_eq!(b.status("MmQueryStatistics", &[base]), NtStatus::SUCCESS);
        let words: Vec<u32> = (0..14).map(|index| b.word(4 * index)).collect();
        let [total, pool, stacks, others] = [words[5] >> 12, words[7], words[8], words[11]];
        assert_eq!(stacks, 0x40, "the thread's 256 KiB");
        assert!(pool >= 0x10 && others >= 0x20, "{words:x?}");
        assert_eq!(pool + stacks + others, total);
        b.kernel_call("ExAllocatePool", &[0x20_0000]);
        assert_eq!(b.status("MmQueryStatistics", &[base]), NtStatus::SUCCESS);
        assert_eq!((b.word(4 * 7) - pool, b.word(4 * 11)), (0x200, others));
        b.memory().write(b.scratch, 103_u32).unwrap();
        assert_eq!(b.status("MmQueryStatistics", &[base]), NtStatus::BUFFER_TOO_SMALL);
    }

    #[test]
    fn reserved_addresses_count_before_they_are_committed() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        let query = |b: &mut Harness| {
            b.memory().write(b.scratch, 104_u32).unwrap();
            assert_eq!(b.status("MmQueryStatistics", &[base]), NtStatus::SUCCESS);
            [4, 5, 3].map(|index| b.word(4 * index))
        };
        let reserve = |b: &mut Harness, size: u32, kind| {
            b.memory().write(b.scratch.offset(0x80), 0_u32).unwrap();
            b.memory().write(b.scratch.offset(0x84), size).unwrap();
            b.status("NtAllocateVirtualMemory", &[base + 0x80, base + 0x84, kind, 4, 0])
        };
        let [total, before, available] = query(&mut b);
        assert_eq!(reserve(&mut b, 0x100_0000, 0x2000), NtStatus::SUCCESS);
        assert_eq!(query(&mut b), [total, before + 0x100_0000, available]);
        assert_eq!(reserve(&mut b, 0x3000_0000, 0x2000_2000), NtStatus::SUCCESS);
        assert_eq!(query(&mut b), [total, total, available], "large pages count, too");
    }

    #[test]
    fn a_locked_range_is_memory_as_before() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        b.memory().write(b.scratch, 42_u32).unwrap();
        assert_eq!(b.status("KeLockL2", &[1, base, 0x2_0000, 0, 4]), NtStatus::SUCCESS);
        assert_eq!(b.word(0), 42);
        assert_eq!(b.status("KeLockL2", &[1, base, 0x2_0000, 0, 4]), NtStatus::UNSUCCESSFUL);
        for _ in 0..2 {
            b.kernel_call("KeUnlockL2", &[1]);
            b.kernel_call("KeUnlockL2", &[7]);
        }
        assert_eq!(b.status("KeLockL2", &[1, base, 1, 4, 4]), NtStatus::SUCCESS);
        assert_eq!(b.status("KeLockL2", &[0, 0x7F10_0000, 0x4_0000, 3, 3]), NtStatus::SUCCESS);
        assert_eq!(b.memory().read(GuestAddr(0x7F13_FFFC)), Ok(0_u32));
        b.kernel_call("KeUnlockL2", &[0]);
        assert!(b.memory().read::<u32>(GuestAddr(0x7F10_0000)).is_err());
    }
}
