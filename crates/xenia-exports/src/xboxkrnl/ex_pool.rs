//! Pool memory (`Ex*Pool*`). Tags and types are ignored: there is one pool.

use crate::abi::{Call, OptionalOut, Out};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for pool memory.
pub struct ExPool;

#[exports(xboxkrnl)]
impl ExPool {
    /// Allocates pool memory; returns null if there is not enough.
    #[export(Done)]
    fn ExAllocatePool(call: &mut Call, size: u32) -> Fallible<GuestAddr> {
        call.kernel.pool.allocate_for_title(size)
    }

    /// Allocates pool memory with a tag; returns null if there is not enough.
    #[export(Done)]
    fn ExAllocatePoolWithTag(call: &mut Call, size: u32, _tag: u32) -> Fallible<GuestAddr> {
        call.kernel.pool.allocate_for_title(size)
    }

    /// Allocates pool memory of a type, with a tag; returns null if there is not enough.
    #[export(Done)]
    fn ExAllocatePoolTypeWithTag(call: &mut Call, size: u32, _tag: u32, _kind: u32) -> Fallible<GuestAddr> {
        call.kernel.pool.allocate_for_title(size)
    }

    /// Frees pool memory.
    #[export(Done)]
    fn ExFreePool(call: &mut Call, base: GuestAddr) {
        if let Err(error) = call.kernel.pool.release_of_title(base) {
            tracing::warn!(target: "kernel", "ExFreePool({base}): {error}");
        }
    }

    /// Returns the size in bytes of a block of pool memory, or 0 if there is no such block. Quotas
    /// are not charged.
    #[export(Done)]
    fn ExQueryPoolBlockSize(
        call: &mut Call,
        base: GuestAddr,
        quota_charged: Option<Out<u8>>,
    ) -> Fallible<u32> {
        quota_charged.set(call.memory(), 0)?;
        Ok(call.kernel.pool.lock().size_of(base).unwrap_or(0))
    }
}
