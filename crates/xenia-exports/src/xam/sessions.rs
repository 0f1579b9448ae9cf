//! Handles of sessions; all other operations on sessions are messages.

use crate::abi::{Call, Handle, Out};
use crate::messages::sessions::KIND;
use crate::named_objects::{make_nameless, store_handle, store_object};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of sessions.
pub struct XamSessions;

/// Size in bytes of a session's object: its handle.
const SIZE: u32 = 4;

#[exports(xam)]
impl XamSessions {
    /// Creates the object of a session; a message creates the session itself.
    #[export(Done)]
    fn XamSessionCreateHandle(call: &mut Call, handle: Option<Out<Handle>>) -> Fallible<Win32Error> {
        let Some(out) = handle else { return Ok(Win32Error::INVALID_PARAMETER) };
        out.set(call.memory(), Handle::NULL)?;
        let handle = make_nameless(call, KIND, SIZE, |call, body| Ok(call.memory().fill(body, SIZE, 0)?))?;
        if let Ok(object) = call.kernel.objects.resolve_kind(handle, KIND) {
            call.memory().write(object.body(), handle)?;
        }
        store_handle(call, handle, out)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the object of a session, with a reference that the caller must release.
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
        store_object(call, object.body(), out)?;
        Ok(Win32Error::SUCCESS)
    }
}
