//! Statuses as errors (`RtlNtStatusToDosError`), and the bounds of a stack.

use crate::abi::{Call, Out};
use crate::layout::kpcr;
use crate::status::dos_error;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct RtlError;

#[exports(xboxkrnl)]
impl RtlError {
    /// The Win32 error number of a status.
    #[export(Done)]
    fn RtlNtStatusToDosError(_call: &mut Call, status: u32) -> Win32Error {
        Win32Error(dos_error::from_status(status))
    }

    /// The bounds of the calling thread's stack: low end, high end.
    #[export(Done)]
    fn RtlGetStackLimits(call: &mut Call, low: Out<GuestAddr>, high: Out<GuestAddr>) -> Fallible<()> {
        let (memory, kpcr) = (call.memory(), call.kpcr());
        low.set(memory, memory.read(kpcr.offset(kpcr::STACK_END))?)?;
        high.set(memory, memory.read(kpcr.offset(kpcr::STACK_BASE))?)?;
        Ok(())
    }
}
