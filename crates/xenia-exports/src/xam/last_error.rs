//! The calling thread's last error (`GetLastError` and related functions), as `xam` exports it.
//!
//! Each thread's object has a word for it, in which all functions that fail as Win32 functions do
//! store their error.

use crate::abi::Call;
use crate::status::dos_error;
use crate::status::failure::{Failure, Fallible};
use xenia_guest::layout::kthread;
use xenia_guest::{NtStatus, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of the last error.
pub struct LastError;

/// Reads the calling thread's last error.
pub(super) fn last_error(call: &Call) -> Fallible<Win32Error> {
    Ok(Win32Error(call.memory().read(call.kthread()?.offset(kthread::LAST_ERROR))?))
}

/// Converts a status to a Win32 error and sets it as the last error.
pub(super) fn set_from_status(call: &Call, status: NtStatus) -> Fallible<Win32Error> {
    let error = dos_error::from_status(status);
    call.set_last_error(error)?;
    Ok(error)
}

/// Returns `answer` from a call that failed, after setting the last error.
pub(super) fn failed<T>(call: &Call, why: Failure, answer: T) -> Fallible<T> {
    set_from_status(call, why.status())?;
    Ok(answer)
}

#[exports(xam)]
impl LastError {
    /// Returns the calling thread's last error.
    #[export(Done, RtlGetLastError)]
    /// Like `RtlGetLastError`, by its Win32 name.
    #[export(Done, GetLastError)]
    fn last_error(call: &mut Call) -> Fallible<Win32Error> {
        last_error(call)
    }

    /// Sets the calling thread's last error.
    #[export(Done, RtlSetLastError)]
    /// Like `RtlSetLastError`, by its Win32 name.
    #[export(Done, SetLastError)]
    fn set_last_error(call: &mut Call, error: u32) -> Fallible<()> {
        Ok(call.set_last_error(Win32Error(error))?)
    }

    /// Converts a status to a Win32 error, sets it as the last error and returns it.
    #[export(Done)]
    fn RtlSetLastNTError(call: &mut Call, status: u32) -> Fallible<Win32Error> {
        set_from_status(call, NtStatus(status))
    }
}
