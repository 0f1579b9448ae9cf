//! Waits in milliseconds, as `xam` exports them to system programs under Win32 names.
//!
//! A wait calls the kernel's export, as guest code would, and starts again with the same time when
//! it was alerted, because Win32 has only APCs, and no alerts.

use super::last_error::set_from_status;
use crate::abi::{
    Call, Continuation, ExportResumption, Flow, GuestCall, Handle, IntoFlow, Out, ProcessorMode,
};
use crate::kernel_function::kernel_function;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, MILLISECOND_100NS, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::{Alertable, ticks_to_100ns};

/// Exports of waits.
pub struct Waiting;

/// Milliseconds of a wait without a limit (`INFINITE`, `WSA_INFINITE`).
pub(super) const INFINITE: u32 = 0xFFFF_FFFF;
/// Result of a wait that failed (`WAIT_FAILED`, `WSA_WAIT_FAILED`); the thread's last error has the
/// reason.
pub(super) const WAIT_FAILED: u32 = 0xFFFF_FFFF;
/// The longest interval, which waits for ever where the interval's pointer can't be null.
const MAX_INTERVAL: i64 = i64::MAX;
/// Status after which a wait starts again.
const ALERTED: u32 = NtStatus::ALERTED.0;

/// Converts milliseconds to an interval from now on, in the kernel's units.
pub(super) fn interval(milliseconds: u32) -> i64 {
    -i64::from(milliseconds) * MILLISECOND_100NS as i64
}

/// Encodes an interval as local words of a call, whose address the kernel gets.
fn words(interval: i64) -> Vec<u32> {
    vec![(interval >> 32) as u32, interval as u32]
}

/// Returns the call of the kernel's delay, after which `then` continues.
pub(super) fn delay(
    call: &Call,
    milliseconds: u32,
    alertable: Alertable,
    then: ExportResumption,
) -> Fallible<GuestCall> {
    let pc = kernel_function(call, "KeDelayExecutionThread")?;
    let locals = words(if milliseconds == INFINITE { MAX_INTERVAL } else { interval(milliseconds) });
    let args = vec![ProcessorMode::User.argument(), u64::from(alertable.is_alertable())];
    Ok(GuestCall { args, locals, ..GuestCall::new(pc, Continuation::Export(then)) })
}

/// Delays the calling thread.
fn sleep(call: &Call, milliseconds: u32, alertable: Alertable) -> Fallible<Flow<u32>> {
    let then = ExportResumption::Sleep { milliseconds, alertable };
    Ok(Flow::CallGuest(delay(call, milliseconds, alertable, then)?))
}

/// Continues [`sleep`] after the kernel's delay.
pub(crate) fn after_delay(call: &mut Call, milliseconds: u32, alertable: Alertable, status: u64) -> Flow {
    match status as u32 {
        ALERTED => sleep(call, milliseconds, alertable).into_flow(),
        status if status == NtStatus::USER_APC.0 => status.into_flow(),
        // The delay is over, or there was no thread to yield to.
        _ => 0_u32.into_flow(),
    }
}

/// Waits for an object.
fn wait(call: &mut Call, handle: Handle, milliseconds: u32, alertable: Alertable) -> Fallible<Flow<u32>> {
    let pc = kernel_function(call, "NtWaitForSingleObjectEx")?;
    let mode = ProcessorMode::User.argument();
    let mut args = vec![u64::from(handle.0), mode, u64::from(alertable.is_alertable())];
    let locals = match milliseconds {
        INFINITE => Vec::new(),
        milliseconds => words(interval(milliseconds)),
    };
    if locals.is_empty() {
        args.push(0);
    }
    let then = Continuation::Export(ExportResumption::ObjectWait { handle, milliseconds, alertable });
    Ok(Flow::CallGuest(GuestCall { args, locals, ..GuestCall::new(pc, then) }))
}

/// Continues [`wait`] after the kernel's wait.
pub(crate) fn after_wait(
    call: &mut Call,
    handle: Handle,
    milliseconds: u32,
    alertable: Alertable,
    status: u64,
) -> Flow {
    let status = NtStatus(status as u32);
    if status.0 == ALERTED {
        return wait(call, handle, milliseconds, alertable).into_flow();
    }
    if status.is_success() {
        return status.0.into_flow();
    }
    set_from_status(call, status).map(|_| WAIT_FAILED).into_flow()
}

#[exports(xam)]
impl Waiting {
    /// Delays the thread by milliseconds, for ever if all ones. Returns 0, or `USER_APC` if an APC
    /// ended an alertable delay.
    #[export(Done, RtlSleep)]
    /// Like `RtlSleep`, by its Win32 name.
    #[export(Done, SleepEx)]
    fn alertable_sleep(call: &mut Call, milliseconds: u32, alertable: bool) -> Fallible<Flow<u32>> {
        sleep(call, milliseconds, ProcessorMode::User.interruptions(alertable))
    }

    /// Delays the thread by milliseconds, for ever if all ones.
    #[export(Done)]
    fn Sleep(call: &mut Call, milliseconds: u32) -> Fallible<Flow<()>> {
        Ok(sleep(call, milliseconds, Alertable::No)?.map(|_| ()))
    }

    /// Waits for an object with a limit in milliseconds. Returns the kernel's status; all ones with
    /// the last error if the handle is invalid.
    #[export(Done)]
    fn WaitForSingleObject(call: &mut Call, handle: Handle, milliseconds: u32) -> Fallible<Flow<u32>> {
        wait(call, handle, milliseconds, Alertable::No)
    }

    /// Like `WaitForSingleObject`; an APC may end the wait.
    #[export(Done)]
    fn WaitForSingleObjectEx(
        call: &mut Call,
        handle: Handle,
        milliseconds: u32,
        alertable: bool,
    ) -> Fallible<Flow<u32>> {
        wait(call, handle, milliseconds, ProcessorMode::User.interruptions(alertable))
    }

    /// Converts milliseconds to an interval of the kernel's, stores it and returns its address;
    /// null, which waits for ever, for all ones.
    #[export(Done)]
    fn XapiFormatTimeOut(call: &mut Call, out: Out<i64>, milliseconds: u32) -> Fallible<GuestAddr> {
        if milliseconds == INFINITE {
            return Ok(GuestAddr::NULL);
        }
        out.set(call.memory(), interval(milliseconds))?;
        Ok(out.addr())
    }

    /// Returns the milliseconds since the console was switched on.
    #[export(Done)]
    fn GetTickCount(call: &mut Call) -> u32 {
        (ticks_to_100ns(call.now()) / MILLISECOND_100NS) as u32
    }
}
