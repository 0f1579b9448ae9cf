//! The calling thread's last error (`GetLastError` and its kin), as `xam` offers it.
//!
//! Every thread has a word for it in its object, and all that failed as Win32 functions do leave
//! their error there.

use crate::abi::Call;
use crate::layout::kthread;
use crate::status::dos_error;
use crate::status::failure::{Failure, Fallible};
use xenia_guest::Win32Error;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct LastError;

/// The calling thread's last error.
pub(super) fn last_error(call: &Call) -> Fallible<Win32Error> {
    Ok(Win32Error(call.memory().read(call.kthread()?.offset(kthread::LAST_ERROR))?))
}

/// Makes the Win32 error of a status the last one.
pub(super) fn set_from_status(call: &Call, status: u32) -> Fallible<Win32Error> {
    let error = dos_error::from_status(status);
    call.set_last_error(error)?;
    Ok(Win32Error(error))
}

/// What a call that has failed returns; why is the last error.
pub(super) fn failed<T>(call: &Call, why: Failure, answer: T) -> Fallible<T> {
    set_from_status(call, why.status().0)?;
    Ok(answer)
}

#[exports(xam)]
impl LastError {
    /// The calling thread's last error.
    #[export(Done)]
    fn RtlGetLastError(call: &mut Call) -> Fallible<Win32Error> {
        last_error(call)
    }

    /// The same, by its Win32 name.
    #[export(Done)]
    fn GetLastError(call: &mut Call) -> Fallible<Win32Error> {
        last_error(call)
    }

    /// Sets the calling thread's last error.
    #[export(Done)]
    fn RtlSetLastError(call: &mut Call, error: u32) -> Fallible<()> {
        Ok(call.set_last_error(error)?)
    }

    /// The same, by its Win32 name.
    #[export(Done)]
    fn SetLastError(call: &mut Call, error: u32) -> Fallible<()> {
        Ok(call.set_last_error(error)?)
    }

    /// Makes the Win32 error of a status the last one, and returns it.
    #[export(Done)]
    fn RtlSetLastNTError(call: &mut Call, status: u32) -> Fallible<Win32Error> {
        set_from_status(call, status)
    }
}
