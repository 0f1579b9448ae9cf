//! Handles (`NtClose`, `NtDuplicateObject`).

use crate::abi::{Call, Handle, Out};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ObHandle;

/// Option: the handle that is duplicated is closed.
const CLOSE_SOURCE: u32 = 1;

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
        let body = if handle == Handle::CURRENT_THREAD {
            call.kthread()?
        } else {
            call.kernel.objects.lock().resolve(handle)?
        };
        if let Some(out) = duplicate {
            let opened = call.kernel.objects.lock().open(call.memory(), body)?;
            out.set(call.memory(), opened)?;
        }
        if options & CLOSE_SOURCE != 0 {
            call.kernel.close(handle)?;
        }
        Ok(NtStatus::SUCCESS)
    }
}
