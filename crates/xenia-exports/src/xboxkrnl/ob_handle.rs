//! Handles (`NtClose`, `NtDuplicateObject`).

use super::driver_request;
use crate::abi::{Call, Flow, Handle, Out};
use crate::named_objects::store_handle;
use crate::objects::ObjectRef;
use crate::status::failure::{Failure, Fallible};
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// The exports for handles.
pub struct ObHandle;

/// Option: close the source handle.
const CLOSE_SOURCE: u32 = 1;

/// The object of a handle, or of the current-thread pseudo handle.
pub(super) fn resolve<'a>(call: &Call<'a>, handle: Handle) -> Fallible<ObjectRef<'a>> {
    if handle == Handle::CURRENT_THREAD {
        let object = call.kernel.objects.by_pointer(call.kthread()?);
        return Ok(object.ok_or(NtStatus::INVALID_HANDLE)?);
    }
    call.kernel.objects.resolve(handle)
}

fn store_duplicate(call: &Call, handle: Handle, duplicate: Option<Out<Handle>>) -> Fallible<()> {
    let object = resolve(call, handle)?;
    let Some(out) = duplicate else { return Ok(()) };
    let opened = call.kernel.objects.open(object.body())?;
    store_handle(call, opened, out)
}

#[exports(xboxkrnl)]
impl ObHandle {
    /// Closes a handle.
    #[export(Done)]
    fn NtClose(call: &mut Call, handle: Handle) -> Fallible<Flow<NtStatus>> {
        driver_request::close(call, handle, NtStatus::SUCCESS)
    }

    /// Duplicates a handle; option 1 closes the source handle.
    #[export(Done)]
    fn NtDuplicateObject(
        call: &mut Call,
        handle: Handle,
        duplicate: Option<Out<Handle>>,
        options: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let made = store_duplicate(call, handle, duplicate);
        // The source handle is closed even if the duplication failed.
        let closed = if options & CLOSE_SOURCE != 0 {
            let result = made.err().map_or(NtStatus::SUCCESS, Failure::status);
            driver_request::close(call, handle, result)
        } else {
            Ok(Flow::Return(NtStatus::SUCCESS))
        };
        match (made, closed?) {
            (Err(failure), Flow::Return(_)) => Err(failure),
            (_, closed) => Ok(closed),
        }
    }
}
