//! Tasks (`XamTask*`): code of the title's that `xam` runs on a thread of the system's process.
//!
//! A task here is such a thread, and its handle the thread's.

use crate::abi::{Call, Flow, Handle, Out};
use crate::exports::xboxkrnl::ke_thread::{Made, create};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Task;

/// `ExCreateThread` flag: of the system's process.
const OF_SYSTEM: u32 = 2;

#[exports(xam)]
impl Task {
    /// Runs `callback(message)` as a task, and stores its handle. What the options ask for (a
    /// queue, a place) is ignored: each task has a thread of its own.
    #[export(Partial)]
    fn XamTaskSchedule(
        call: &mut Call,
        callback: GuestAddr,
        message: u32,
        _options: GuestAddr,
        handle: Out<u32>,
    ) -> Fallible<Flow<HResult>> {
        let made = Made { handle: Some(handle), id: None };
        let flow = create(call, 0, None, callback, message, OF_SYSTEM, made)?;
        Ok(flow.map(|status| if status == NtStatus::SUCCESS { HResult::OK } else { HResult::FAIL }))
    }

    /// Gives a task's handle back; the task goes on.
    #[export(Done)]
    fn XamTaskCloseHandle(call: &mut Call, handle: Handle) -> Fallible<()> {
        call.kernel.close(handle)
    }

    /// Whether a task is to end early: none is ever told to.
    #[export(Constant)]
    fn XamTaskShouldExit(_call: &mut Call, _handle: Handle) -> bool {
        false
    }
}
