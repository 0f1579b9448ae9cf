//! Error codes of statuses (`RtlNtStatusToDosError`), and the bounds of a stack.

use crate::abi::{Call, Out};
use crate::status::dos_error;
use crate::status::failure::Fallible;
use xenia_guest::layout::kpcr;
use xenia_guest::{GuestAddr, NtStatus, Win32Error};
use xenia_kernel_macros::exports;

/// The exports for error codes and stack bounds.
pub struct RtlError;

#[exports(xboxkrnl)]
impl RtlError {
    /// Converts a status to a Win32 error code.
    #[export(Done)]
    fn RtlNtStatusToDosError(_call: &mut Call, status: u32) -> Win32Error {
        dos_error::from_status(NtStatus(status))
    }

    /// Stores the low and high end of the calling thread's stack.
    #[export(Done)]
    fn RtlGetStackLimits(call: &mut Call, low: Out<GuestAddr>, high: Out<GuestAddr>) -> Fallible<()> {
        let memory = call.memory();
        let kpcr = call.kpcr();
        low.set(memory, memory.read(kpcr.offset(kpcr::STACK_END))?)?;
        high.set(memory, memory.read(kpcr.offset(kpcr::STACK_BASE))?)?;
        Ok(())
    }
}
