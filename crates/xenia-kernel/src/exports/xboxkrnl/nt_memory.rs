//! Virtual memory (`Nt*VirtualMemory`). The last argument of each, the debug memory of development kits, is ignored.

use crate::abi::{Call, Out, Ptr};
use crate::memory::virtual_memory;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{AllocRequest, Heap, Protect};

/// See the module's documentation.
pub struct NtMemory;

/// Largest block of encrypted memory.
const ENCRYPTED_LIMIT: u32 = 0x100_0000;
/// Where encrypted memory lies.
const ENCRYPTED: (GuestAddr, GuestAddr) = (GuestAddr(0x8C00_0000), GuestAddr(0x8FFF_FFFF));

#[exports(xboxkrnl)]
impl NtMemory {
    /// Reserves or commits memory; both pointers receive the range that was taken.
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
        let (at, taken) =
            virtual_memory::allocate(memory, base.read(memory)?, size.read(memory)?, kind, protect)?;
        base.write(memory, at)?;
        size.write(memory, taken)?;
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
        let (at, freed) = virtual_memory::free(memory, base.read(memory)?, size.read(memory)?, kind)?;
        base.write(memory, at)?;
        size.write(memory, freed)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Describes the region that holds an address. Region types 0 to 2 are the same.
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

    /// Changes the protection of committed pages of one allocation and stores the one before.
    #[export(Done)]
    fn NtProtectVirtualMemory(
        call: &mut Call,
        base: Ptr<GuestAddr>,
        size: Ptr<u32>,
        protect: u32,
        old: Option<Out<u32>>,
        _debug: u32,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let (at, changed, before) =
            virtual_memory::protect(memory, base.read(memory)?, size.read(memory)?, protect)?;
        base.write(memory, at)?;
        size.write(memory, changed)?;
        if let Some(old) = old {
            old.set(memory, before)?;
        }
        Ok(NtStatus::SUCCESS)
    }

    /// Allocates memory that the console encrypts; it is plain here.
    #[export(Partial)]
    fn NtAllocateEncryptedMemory(
        call: &mut Call,
        _unknown: u32,
        size: u32,
        base: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        if size == 0 || size > ENCRYPTED_LIMIT {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let (low, high) = ENCRYPTED;
        let request =
            AllocRequest { low, high, ..AllocRequest::new(Heap::Image64K, size, Protect::READ_WRITE) };
        let (at, _) = call.memory().alloc_with(&request)?;
        base.set(call.memory(), at)?;
        Ok(NtStatus::SUCCESS)
    }
}
