//! Waiting by milliseconds, as `xam` offers it to system programs: by Win32 names.
//!
//! Who waits calls the kernel, as guest code calls it, and waits again for as long when it was
//! alerted: Win32 knows APCs only.

use super::last_error::set_from_status;
use crate::abi::{Call, Continuation, Flow, GuestCall, Handle, IntoFlow, Out};
use crate::exports::registry::kernel_function;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::ticks_to_100ns;

/// See the module's documentation.
pub struct Waiting;

/// Milliseconds of a wait that has no end.
const INFINITE: u32 = 0xFFFF_FFFF;
/// What a wait returns that has failed; why is the last error.
const WAIT_FAILED: u32 = 0xFFFF_FFFF;
/// The kernel's units in a millisecond.
const UNITS: i64 = 10_000;
/// The longest interval, which is how to wait for ever where no pointer says so.
const LONGEST: i64 = i64::MAX;
/// Who waits.
const USER_MODE: u64 = 1;
/// What begins a wait again.
const ALERTED: u32 = NtStatus::ALERTED.0;

/// An interval from now on, in the kernel's units.
fn interval(milliseconds: u32) -> i64 {
    -i64::from(milliseconds) * UNITS
}

/// An interval as words that a call is lent; the kernel gets the first one's address.
fn words(interval: i64) -> Vec<u32> {
    vec![(interval >> 32) as u32, interval as u32]
}

/// Lets time pass.
fn sleep(call: &mut Call, milliseconds: u32, alertable: bool) -> Fallible<Flow<u32>> {
    let pc = kernel_function(call, "KeDelayExecutionThread")?;
    let locals = words(if milliseconds == INFINITE { LONGEST } else { interval(milliseconds) });
    let state = [u64::from(milliseconds), u64::from(alertable), 0, 0];
    let then = Continuation::Export { name: "SleepEx", run: slept, state };
    let args = vec![USER_MODE, u64::from(alertable)];
    Ok(Flow::CallGuest(GuestCall { args, locals, ..GuestCall::new(pc, then) }))
}

fn slept(call: &mut Call, status: u64, [milliseconds, alertable, ..]: [u64; 4]) -> Flow {
    match status as u32 {
        ALERTED => sleep(call, milliseconds as u32, alertable != 0).into_flow(),
        0 => 0_u32.into_flow(),
        _ => NtStatus::USER_APC.0.into_flow(),
    }
}

/// Waits for an object.
fn wait(call: &mut Call, handle: Handle, milliseconds: u32, alertable: bool) -> Fallible<Flow<u32>> {
    let pc = kernel_function(call, "NtWaitForSingleObjectEx")?;
    let mut args = vec![u64::from(handle.0), USER_MODE, u64::from(alertable)];
    let locals = match milliseconds {
        INFINITE => Vec::new(),
        milliseconds => words(interval(milliseconds)),
    };
    if locals.is_empty() {
        args.push(0);
    }
    let state = [u64::from(handle.0), u64::from(milliseconds), u64::from(alertable), 0];
    let then = Continuation::Export { name: "WaitForSingleObjectEx", run: waited, state };
    Ok(Flow::CallGuest(GuestCall { args, locals, ..GuestCall::new(pc, then) }))
}

fn waited(call: &mut Call, status: u64, [handle, milliseconds, alertable, _]: [u64; 4]) -> Flow {
    let status = NtStatus(status as u32);
    if status.0 == ALERTED {
        return wait(call, Handle(handle as u32), milliseconds as u32, alertable != 0).into_flow();
    }
    if status.is_success() {
        return status.0.into_flow();
    }
    set_from_status(call, status.0).map(|_| WAIT_FAILED).into_flow()
}

#[exports(xam)]
impl Waiting {
    /// Lets milliseconds pass; all ones: for ever. 0, or `USER_APC` if it is alertable and an APC
    /// has ended it.
    #[export(Done)]
    fn RtlSleep(call: &mut Call, milliseconds: u32, alertable: bool) -> Fallible<Flow<u32>> {
        sleep(call, milliseconds, alertable)
    }

    /// The same, by its Win32 name.
    #[export(Done)]
    fn SleepEx(call: &mut Call, milliseconds: u32, alertable: bool) -> Fallible<Flow<u32>> {
        sleep(call, milliseconds, alertable)
    }

    /// Lets milliseconds pass; all ones: for ever.
    #[export(Done)]
    fn Sleep(call: &mut Call, milliseconds: u32) -> Fallible<Flow<()>> {
        Ok(sleep(call, milliseconds, false)?.map(|_| ()))
    }

    /// Waits for an object, so many milliseconds at most. What it came to, as the kernel's status;
    /// all ones with the last error if there is nothing to wait for.
    #[export(Done)]
    fn WaitForSingleObject(call: &mut Call, handle: Handle, milliseconds: u32) -> Fallible<Flow<u32>> {
        wait(call, handle, milliseconds, false)
    }

    /// The same, and an APC may end it.
    #[export(Done)]
    fn WaitForSingleObjectEx(
        call: &mut Call,
        handle: Handle,
        milliseconds: u32,
        alertable: bool,
    ) -> Fallible<Flow<u32>> {
        wait(call, handle, milliseconds, alertable)
    }

    /// Stores milliseconds as an interval of the kernel's, and returns where; null, which waits for
    /// ever, for all ones.
    #[export(Done)]
    fn XapiFormatTimeOut(call: &mut Call, out: Out<i64>, milliseconds: u32) -> Fallible<GuestAddr> {
        if milliseconds == INFINITE {
            return Ok(GuestAddr::NULL);
        }
        out.set(call.memory(), interval(milliseconds))?;
        Ok(out.addr())
    }

    /// Milliseconds since the console was switched on.
    #[export(Done)]
    fn GetTickCount(call: &mut Call) -> u32 {
        (ticks_to_100ns(call.now()) / UNITS.unsigned_abs()) as u32
    }
}
