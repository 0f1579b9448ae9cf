//! Handles of sessions; what is done with them are messages.

use crate::abi::{Call, Handle, Out};
use crate::exports::waiting::make_object;
use crate::messages::sessions::KIND;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Sessions;

/// Bytes of a session's object: its handle.
const SIZE: u32 = 4;

#[exports(xam)]
impl Sessions {
    /// Makes the object of a session that is still to be made.
    #[export(Done)]
    fn XamSessionCreateHandle(call: &mut Call, handle: Option<Out<Handle>>) -> Fallible<Win32Error> {
        let Some(out) = handle else { return Ok(Win32Error::INVALID_PARAMETER) };
        out.set(call.memory(), Handle::NULL)?;
        let (handle, _) =
            make_object(call, None, KIND, SIZE, |call, body| Ok(call.memory().fill(body, SIZE, 0)?))?;
        let handle = handle?;
        if let Ok(object) = call.kernel.objects.resolve_kind(handle, KIND) {
            call.memory().write(object.body(), handle)?;
        }
        out.set(call.memory(), handle)?;
        Ok(Win32Error::SUCCESS)
    }

    /// The object of a session, with a reference that the caller gives back.
    #[export(Done)]
    fn XamSessionRefObjByHandle(
        call: &mut Call,
        handle: Handle,
        body: Option<Out<GuestAddr>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = body else { return Ok(Win32Error::INVALID_PARAMETER) };
        out.set(call.memory(), GuestAddr::NULL)?;
        let Ok(object) = call.kernel.objects.resolve_kind(handle, KIND) else {
            return Ok(Win32Error::INVALID_HANDLE);
        };
        call.kernel.objects.reference(object.body())?;
        out.set(call.memory(), object.body())?;
        Ok(Win32Error::SUCCESS)
    }
}
