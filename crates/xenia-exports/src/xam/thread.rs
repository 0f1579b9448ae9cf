//! Threads, as `xam` exports them to system programs under Win32 names.
//!
//! Threads are created by a call of the kernel's export, as guest code would make it, because the
//! title's notification routines may run for the thread first.

use super::last_error::failed;
use crate::abi::{Call, Continuation, ExportResumption, Flow, GuestCall, Handle, IntoFlow};
use crate::kernel_function::kernel_function;
use crate::status::failure::Fallible;
use crate::thread::frames::call_frame_locals;
use crate::xboxkrnl::{driver_request, nt_thread};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::HW_THREADS;

/// Exports of threads.
pub struct XamThread;

/// Win32 flag: creates the thread suspended.
const CREATE_SUSPENDED: u32 = 4;
/// The kernel's flag for a suspended thread.
const SUSPENDED: u32 = 1;
/// First bit of the hardware-thread mask in the kernel's flags.
const FIRST_HW_THREAD: u32 = 24;
/// Hardware thread of callers without a choice: the caller's.
const ANY_PROCESSOR: u32 = 0xFFFF_FFFF;
/// Result of a call that succeeds, in place of a status.
const TRUE: NtStatus = NtStatus(1);
/// Suspend count of a thread that could not be resumed.
const RESUME_FAILED: u32 = 0xFFFF_FFFF;

/// Parameters of a thread to be created.
struct NewThread {
    stack_size: u32,
    start: GuestAddr,
    parameter: u32,
    flags: u32,
    processor: u32,
    id: u32,
}

/// Creates a thread; returns its handle, or null.
fn create(call: &mut Call, new: &NewThread) -> Fallible<Flow<Handle>> {
    let processor = match new.processor {
        ANY_PROCESSOR => 0,
        number if (number as usize) < HW_THREADS => 1 << (FIRST_HW_THREAD + number),
        _ => return failed(call, NtStatus::INVALID_PARAMETER.into(), Flow::Return(Handle::NULL)),
    };
    let suspended = if new.flags & CREATE_SUSPENDED != 0 { SUSPENDED } else { 0 };
    let pc = kernel_function(call, "ExCreateThread")?;
    // The handle is stored in a local word of the call's frame.
    let handle = call_frame_locals(call.ctx().gpr[1]);
    let args = [handle.0, new.stack_size, new.id, 0, new.start.0, new.parameter, suspended | processor];
    let then = Continuation::Export(ExportResumption::ThreadCreation);
    let args = args.map(u64::from).to_vec();
    Ok(Flow::CallGuest(GuestCall { args, locals: vec![0], ..GuestCall::new(pc, then) }))
}

/// Continues [`create`] after the kernel's creation of the thread.
pub(crate) fn after_creation(call: &mut Call, status: u64) -> Flow {
    created_handle(call, NtStatus(status as u32)).into_flow()
}

/// Returns the handle of a created thread, from the local word in the call's frame.
fn created_handle(call: &Call, status: NtStatus) -> Fallible<Handle> {
    if !status.is_success() {
        return failed(call, status.into(), Handle::NULL);
    }
    Ok(call.memory().read(call_frame_locals(call.ctx().gpr[1]))?)
}

#[exports(xam)]
impl XamThread {
    /// Creates a thread that calls `start(parameter)`, suspended with flag 4. Returns its handle;
    /// null with the last error on failure.
    #[export(Done)]
    fn CreateThread(
        call: &mut Call,
        _attributes: u32,
        stack_size: u32,
        start: GuestAddr,
        parameter: u32,
        flags: u32,
        id: u32,
    ) -> Fallible<Flow<Handle>> {
        create(call, &NewThread { stack_size, start, parameter, flags, processor: ANY_PROCESSOR, id })
    }

    /// Like `CreateThread`, on a given hardware thread or on the caller's.
    #[export(Done)]
    fn XapipCreateThread(
        call: &mut Call,
        _attributes: u32,
        stack_size: u32,
        start: GuestAddr,
        parameter: u32,
        flags: u32,
        processor: u32,
        id: u32,
    ) -> Fallible<Flow<Handle>> {
        create(call, &NewThread { stack_size, start, parameter, flags, processor, id })
    }

    /// Resumes a thread once. Returns its previous suspend count, or all ones with the last error.
    #[export(Done)]
    fn ResumeThread(call: &mut Call, thread: Handle) -> Fallible<u32> {
        match nt_thread::resume_by_handle(call, thread) {
            Ok(before) => Ok(before),
            Err(why) => failed(call, why, RESUME_FAILED),
        }
    }

    /// Ends the calling thread.
    #[export(Done)]
    fn ExitThread(_call: &mut Call, exit_code: u32) -> Flow<()> {
        Flow::Exit { code: exit_code }
    }

    /// Returns the calling thread's id.
    #[export(Done)]
    fn GetCurrentThreadId(call: &mut Call) -> u32 {
        call.thread_id()
    }

    /// Closes a handle; returns false with the last error if it is invalid.
    #[export(Done)]
    fn CloseHandle(call: &mut Call, handle: Handle) -> Fallible<Flow<bool>> {
        match driver_request::close(call, handle, TRUE) {
            Ok(closed) => Ok(closed.map(|result| result == TRUE)),
            Err(why) => failed(call, why, Flow::Return(false)),
        }
    }
}
