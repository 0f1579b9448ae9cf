//! Completion of requests by drivers that a title contains (`IoCompleteRequest`,
//! `IoInvalidDeviceRequest`), and requests without a file.

use super::driver_request::{complete, is_callable, plain, refuse, send_to_device};
use crate::abi::{Call, Flow};
use crate::files::drivers::{NewRequest, RequestPurpose};
use crate::status::failure::Fallible;
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for requests of drivers.
pub struct IoPacket;

#[exports(xboxkrnl)]
impl IoPacket {
    /// Refuses a request that a driver does not handle, and completes it. Drivers have its address
    /// in their tables of functions.
    #[export(Done)]
    fn IoInvalidDeviceRequest(
        call: &mut Call,
        _device: GuestAddr,
        packet: GuestAddr,
    ) -> Fallible<Flow<NtStatus>> {
        refuse(call, packet)
    }

    /// Completes a request: its status and information are in the IRP. The completion routines of
    /// the drivers that have passed it on are called first. Threads that its events wake get a
    /// priority boost of `boost`.
    #[export(Done)]
    fn IoCompleteRequest(call: &mut Call, packet: GuestAddr, boost: u8) -> Fallible<Flow<()>> {
        Ok(complete(call, packet, boost, NtStatus::SUCCESS)?.map(|_| ()))
    }

    /// Sends a device control request to the driver of a title's device, and waits for its end. The
    /// driver of a scratch disk's device is never called, so that is refused.
    #[export(Done)]
    fn IoSynchronousDeviceIoControlRequest(
        call: &mut Call,
        code: u32,
        device: GuestAddr,
        input: GuestAddr,
        input_length: u32,
        output: GuestAddr,
        output_length: u32,
        returned: GuestAddr,
    ) -> Fallible<Flow<NtStatus>> {
        if !is_callable(call, device) {
            return Ok(Flow::Return(NtStatus::INVALID_DEVICE_REQUEST));
        }
        let purpose = RequestPurpose::Internal { returned };
        let new = NewRequest {
            parameters: [output_length, input.0, input_length, code],
            buffer: Buffer { at: output, length: output_length },
            ..plain(call, device, GuestAddr::NULL, major::DEVICE_CONTROL, purpose)?
        };
        send_to_device(call, &new)
    }
}
