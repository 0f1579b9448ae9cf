//! Requests of drivers that a title contains (`IoInvalidDeviceRequest`, `IoCompleteRequest`).
//!
//! The kernel sends such drivers no requests: names of files on their devices lead to this
//! emulator's files ([`crate::files::mounts`]), and the functions that make requests
//! (`IoAllocateIrp`, `IoBuild*Request`) are missing. So there is no request to complete.

use crate::abi::Call;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for requests of drivers.
pub struct IoPacket;

#[exports(xboxkrnl)]
impl IoPacket {
    /// Refuses a request that a driver does not handle. Drivers have its address in their tables of
    /// functions.
    #[export(Constant)]
    fn IoInvalidDeviceRequest(_call: &mut Call, _device: GuestAddr, _request: GuestAddr) -> NtStatus {
        NtStatus::INVALID_DEVICE_REQUEST
    }

    /// Completes a request. There is none, so nothing happens.
    #[export(Constant)]
    fn IoCompleteRequest(_call: &mut Call, _request: GuestAddr, _boost: u8) {}
}
