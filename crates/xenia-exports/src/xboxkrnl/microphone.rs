//! Microphones that titles read without the voice library, as singing games do. None is ever
//! connected.

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// Exports of microphones.
pub struct Microphone;

/// Number of the request for the state. It is the first half word of every request, before the
/// user's number.
const GET_STATE: u16 = 0;
/// Offset of the state in a request.
const STATE: u32 = 4;
/// State of a user without a microphone.
const NOT_CONNECTED: u32 = 0;

#[exports(xboxkrnl)]
impl Microphone {
    /// Stores the state of a user's microphone: there is none. All other requests fail, with the
    /// state stored.
    #[export(Constant)]
    fn MicDeviceRequest(call: &mut Call, request: Option<GuestAddr>) -> Fallible<NtStatus> {
        let Some(request) = request else { return Ok(NtStatus::INVALID_PARAMETER) };
        let memory = call.memory();
        let number: u16 = memory.read(request)?;
        memory.write(request.offset(STATE), NOT_CONNECTED)?;
        Ok(if number == GET_STATE { NtStatus::SUCCESS } else { NtStatus::DEVICE_NOT_CONNECTED })
    }
}
