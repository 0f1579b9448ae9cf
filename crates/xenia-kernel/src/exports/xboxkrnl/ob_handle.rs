//! Handles (`NtClose`, `NtDuplicateObject`).

use crate::abi::{Call, Handle, Out};
use crate::objects::ObjectRef;
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ObHandle;

/// Option: the handle that is duplicated is closed.
const CLOSE_SOURCE: u32 = 1;

/// The object of a handle, the current-thread handle included.
pub(super) fn named<'a>(call: &Call<'a>, handle: Handle) -> Fallible<ObjectRef<'a>> {
    if handle == Handle::CURRENT_THREAD {
        let object = call.kernel.objects.by_pointer(call.kthread()?);
        return Ok(object.ok_or(NtStatus::INVALID_HANDLE)?);
    }
    call.kernel.objects.resolve(handle)
}

fn duplicated(call: &Call, handle: Handle, duplicate: Option<Out<Handle>>) -> Fallible<()> {
    let object = named(call, handle)?;
    let Some(out) = duplicate else { return Ok(()) };
    let opened = call.kernel.objects.open(object.body())?;
    Ok(out.set(call.memory(), opened)?)
}

#[exports(xboxkrnl)]
impl ObHandle {
    /// Ends a handle.
    #[export(Done)]
    fn NtClose(call: &mut Call, handle: Handle) -> Fallible<NtStatus> {
        call.kernel.close(handle)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Makes another handle to the same object; option 1 closes the first.
    #[export(Done)]
    fn NtDuplicateObject(
        call: &mut Call,
        handle: Handle,
        duplicate: Option<Out<Handle>>,
        options: u32,
    ) -> Fallible<NtStatus> {
        let made = duplicated(call, handle, duplicate);
        // Whatever came of the other one.
        let closed = if options & CLOSE_SOURCE != 0 { call.kernel.close(handle) } else { Ok(()) };
        made.and(closed)?;
        Ok(NtStatus::SUCCESS)
    }
}
