//! Threads by handle (`Nt*Thread`).

use super::ke_thread::{resume, suspend};
use crate::abi::{Call, Handle, OptionalOut, Out};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// The exports for threads by handle.
pub struct NtThread;

/// Resumes a thread once; returns the previous suspend count.
pub(crate) fn resume_by_handle(call: &mut Call, thread: Handle) -> Fallible<u32> {
    let (id, _object) = call.kernel.thread_life().resolve(thread, call.thread_id())?;
    resume(call, id)
}

#[exports(xboxkrnl)]
impl NtThread {
    /// Resumes a thread once, and stores the previous suspend count.
    #[export(Done)]
    fn NtResumeThread(call: &mut Call, thread: Handle, previous: Option<Out<u32>>) -> Fallible<NtStatus> {
        let before = resume_by_handle(call, thread)?;
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Suspends a thread once, and stores the previous suspend count.
    #[export(Done)]
    fn NtSuspendThread(call: &mut Call, thread: Handle, previous: Option<Out<u32>>) -> Fallible<NtStatus> {
        let (id, _object) = call.kernel.thread_life().resolve(thread, call.thread_id())?;
        let before = suspend(call, id)?;
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }
}
