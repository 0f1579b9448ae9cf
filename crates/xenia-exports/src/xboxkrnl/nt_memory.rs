//! Virtual memory (`Nt*VirtualMemory`). The last argument of each call, which selects the debug
//! memory of development kits, is ignored.
//!
//! A call fails without effect if its results can't be stored. If they can't be stored afterwards,
//! because the call has freed the memory of its arguments, it succeeds nevertheless, as on NT. The
//! kernel's pool is not accessible through these calls.

use crate::abi::{Call, Out, Ptr};
use crate::memory::virtual_memory::{self, flags};
use crate::status::failure::Fallible;
use std::ops::RangeInclusive;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{AllocRequest, GuestMemory, Heap, Protect};

/// The exports for virtual memory.
pub struct NtMemory;

/// Maximum size in bytes of an encrypted allocation.
const MAX_ENCRYPTED_SIZE: u32 = 0x100_0000;
/// The region for encrypted memory.
const ENCRYPTED: RangeInclusive<GuestAddr> = GuestAddr(0x8C00_0000)..=GuestAddr(0x8FFF_FFFF);

/// Stores the range that was changed, if possible.
fn report(memory: &GuestMemory, base: Ptr<GuestAddr>, size: Ptr<u32>, changed: Buffer) {
    let stored = base.write(memory, changed.at).and_then(|()| size.write(memory, changed.length));
    if let Err(fault) = stored {
        tracing::debug!(target: "kernel", "a range is not reported: {fault}");
    }
}

#[exports(xboxkrnl)]
impl NtMemory {
    /// Reserves or commits memory; both pointers receive the resulting range.
    #[export(Done)]
    fn NtAllocateVirtualMemory(
        call: &mut Call,
        base: Ptr<GuestAddr>,
        size: Ptr<u32>,
        kind: u32,
        protect: u32,
        _debug: u32,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let at = base.read(memory)?;
        let bytes = size.read(memory)?;
        let allocate = |memory: &_| virtual_memory::allocate(memory, at, bytes, kind, protect);
        let commits = kind & (flags::COMMIT | flags::RESERVE) == flags::COMMIT;
        let taken = if commits && !at.is_null() {
            call.kernel.pool.change_outside(at, allocate)?
        } else {
            allocate(memory)?
        };
        report(memory, base, size, Buffer { at: taken.0, length: taken.1 });
        Ok(NtStatus::SUCCESS)
    }

    /// Decommits (0x4000) or releases (0x8000) memory; both pointers receive the range.
    #[export(Done)]
    fn NtFreeVirtualMemory(
        call: &mut Call,
        base: Ptr<GuestAddr>,
        size: Ptr<u32>,
        kind: u32,
        _debug: u32,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let at = base.read(memory)?;
        let bytes = size.read(memory)?;
        let free = |memory: &_| virtual_memory::free(memory, at, bytes, kind);
        let freed = call.kernel.pool.change_outside(at, free)?;
        report(memory, base, size, Buffer { at: freed.0, length: freed.1 });
        Ok(NtStatus::SUCCESS)
    }

    /// Describes the region that contains an address. Region types 0 to 2 are equivalent.
    #[export(Done)]
    fn NtQueryVirtualMemory(
        call: &mut Call,
        address: GuestAddr,
        information: Ptr<u32>,
        region_type: u32,
    ) -> Fallible<NtStatus> {
        if region_type > 2 {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let words = virtual_memory::query(call.memory(), address)?;
        for (index, word) in words.into_iter().enumerate() {
            information.at(index as u32).write(call.memory(), word)?;
        }
        Ok(NtStatus::SUCCESS)
    }

    /// Changes the protection of committed pages of one allocation, and stores the previous
    /// protection.
    #[export(Done)]
    fn NtProtectVirtualMemory(
        call: &mut Call,
        base: Ptr<GuestAddr>,
        size: Ptr<u32>,
        protect: u32,
        old: Option<Ptr<u32>>,
        _debug: u32,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let at = base.read(memory)?;
        let bytes = size.read(memory)?;
        if let Some(old) = old {
            old.read(memory)?;
        }
        let change = |memory: &_| virtual_memory::protect(memory, at, bytes, protect);
        let (at, changed, before) = call.kernel.pool.change_outside(at, change)?;
        report(memory, base, size, Buffer { at, length: changed });
        if let Some(Err(fault)) = old.map(|old| old.write(memory, before)) {
            tracing::debug!(target: "kernel", "a protection is not reported: {fault}");
        }
        Ok(NtStatus::SUCCESS)
    }

    /// Allocates memory that the console keeps encrypted in its RAM, in a separate range. Here it
    /// is not encrypted, which no access can tell: the console's processor decrypts what it reads.
    #[export(Done)]
    fn NtAllocateEncryptedMemory(
        call: &mut Call,
        _unknown: u32,
        size: u32,
        base: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        if size == 0 || size > MAX_ENCRYPTED_SIZE {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let request = AllocRequest {
            low: *ENCRYPTED.start(),
            high: *ENCRYPTED.end(),
            ..AllocRequest::new(Heap::Image64K, size, Protect::READ_WRITE)
        };
        let memory = call.memory();
        let (at, _) = memory.alloc_with(&request)?;
        let stored = base.set(memory, at);
        if stored.is_err() {
            memory.free(at)?;
        }
        Ok(stored.map(|()| NtStatus::SUCCESS)?)
    }
}
