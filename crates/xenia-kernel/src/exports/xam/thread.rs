//! Threads, as `xam` offers them to system programs: by their Win32 names.
//!
//! What makes a thread is the kernel's export, called as guest code calls it: routines of the
//! title's may hear of the thread first.

use super::last_error::failed;
use crate::abi::{Call, Continuation, Flow, GuestCall, Handle, IntoFlow};
use crate::exports::registry::kernel_function;
use crate::exports::xboxkrnl::nt_thread;
use crate::status::failure::Fallible;
use crate::system::call_frame_locals;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::HW_THREADS;

/// See the module's documentation.
pub struct Thread;

/// Win32 flag: the thread waits until it is resumed.
const CREATE_SUSPENDED: u32 = 4;
/// The kernel's flag for the same.
const SUSPENDED: u32 = 1;
/// Its flags from here on are hardware threads.
const FIRST_HW_THREAD: u32 = 24;
/// The hardware thread of who makes no choice: the caller's.
const ANY_PROCESSOR: u32 = 0xFFFF_FFFF;
/// What a thread could not be resumed by.
const RESUME_FAILED: u32 = 0xFFFF_FFFF;

/// What a thread is made of.
struct NewThread {
    stack_size: u32,
    start: GuestAddr,
    parameter: u32,
    flags: u32,
    processor: u32,
    id: u32,
}

/// Makes a thread; its handle, or null.
fn create(call: &mut Call, new: &NewThread) -> Fallible<Flow<Handle>> {
    let processor = match new.processor {
        ANY_PROCESSOR => 0,
        number if (number as usize) < HW_THREADS => 1 << (FIRST_HW_THREAD + number),
        _ => return failed(call, NtStatus::INVALID_PARAMETER.into(), Flow::Return(Handle::NULL)),
    };
    let suspended = if new.flags & CREATE_SUSPENDED != 0 { SUSPENDED } else { 0 };
    let pc = kernel_function(call, "ExCreateThread")?;
    // The handle goes to the word that the call is lent.
    let handle = call_frame_locals(call.ctx().gpr[1]);
    let args = [handle.0, new.stack_size, new.id, 0, new.start.0, new.parameter, suspended | processor];
    let then = Continuation::Export { name: "CreateThread", run: created, state: [0; 4] };
    let args = args.map(u64::from).to_vec();
    Ok(Flow::CallGuest(GuestCall { args, locals: vec![0], ..GuestCall::new(pc, then) }))
}

fn created(call: &mut Call, status: u64, _state: [u64; 4]) -> Flow {
    made(call, NtStatus(status as u32)).into_flow()
}

/// The handle of a thread that was made, whose place the call was lent.
fn made(call: &Call, status: NtStatus) -> Fallible<Handle> {
    if !status.is_success() {
        return failed(call, status.into(), Handle::NULL);
    }
    Ok(call.memory().read(call_frame_locals(call.ctx().gpr[1]))?)
}

#[exports(xam)]
impl Thread {
    /// Makes a thread that calls `start(parameter)`; flag 4: suspended. Its handle; null if it
    /// can't be made, with the last error.
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

    /// The same on a hardware thread, or on the caller's.
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

    /// Resumes a thread once; its suspend count before, or all ones with the last error.
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

    /// The calling thread's id.
    #[export(Done)]
    fn GetCurrentThreadId(call: &mut Call) -> u32 {
        call.thread_id()
    }

    /// Ends a handle; false with the last error if it is none.
    #[export(Done)]
    fn CloseHandle(call: &mut Call, handle: Handle) -> Fallible<bool> {
        match call.kernel.close(handle) {
            Ok(()) => Ok(true),
            Err(why) => failed(call, why, false),
        }
    }
}
