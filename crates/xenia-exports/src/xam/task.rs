//! Tasks (`XamTask*`): title code that `xam` runs on a thread of the system's process.
//!
//! Each task is such a thread, and the task's handle is the thread's.

use crate::abi::{Call, Flow, Handle, Out};
use crate::status::failure::Fallible;
use crate::xboxkrnl::driver_request;
use crate::xboxkrnl::ke_thread::{CreatedThread, ThreadStart, create};
use xenia_guest::layout::kprocess;
use xenia_guest::{GuestAddr, HResult, NtStatus};
use xenia_kernel_macros::exports;

/// Exports of tasks.
pub struct Task;

/// Flag of `ExCreateThread`: a thread of the system's process.
const OF_SYSTEM: u32 = 2;
/// Flag of `ExCreateThread`: a thread on hardware thread 5.
const ON_LAST_HW_THREAD: u32 = 1 << (24 + 5);

#[exports(xam)]
impl Task {
    /// Runs `callback(message)` as a task, and stores its handle. The options, such as a queue, are
    /// ignored: each task has a separate thread on hardware thread 5, with a stack of the title's
    /// size.
    #[export(Partial)]
    fn XamTaskSchedule(
        call: &mut Call,
        callback: GuestAddr,
        message: u32,
        _options: GuestAddr,
        handle: Out<u32>,
    ) -> Fallible<Flow<HResult>> {
        let made = CreatedThread { handle: Some(handle), id: None };
        // The code is the title's, which the system's small stacks are not made for.
        let title = call.kernel.threads.lock().processes.title;
        let stack = call.memory().read(title.offset(kprocess::KERNEL_STACK_SIZE))?;
        // On its caller's hardware thread it would starve while that polls at a higher priority.
        let flags = OF_SYSTEM | ON_LAST_HW_THREAD;
        let start = ThreadStart { startup: None, address: callback, context: message };
        let flow = create(call, stack, start, flags, made)?;
        Ok(flow.map(|status| if status == NtStatus::SUCCESS { HResult::OK } else { HResult::FAIL }))
    }

    /// Closes a task's handle; the task continues.
    #[export(Done)]
    fn XamTaskCloseHandle(call: &mut Call, handle: Handle) -> Fallible<Flow<()>> {
        Ok(driver_request::close(call, handle, NtStatus::SUCCESS)?.map(|_| ()))
    }

    /// Returns whether a task should end early: never.
    #[export(Constant)]
    fn XamTaskShouldExit(_call: &mut Call, _handle: Handle) -> bool {
        false
    }
}
