//! Timers in the title's own memory (`Ke*Timer*`).

use crate::abi::{Call, Ptr};
use crate::objects::dispatcher::kind;
use crate::objects::dispatcher::timer::TimerSetting;
use crate::status::failure::Fallible;
use crate::thread::waiting::deadline_of;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for timers by address.
pub struct KeTimer;

fn set(call: &mut Call, timer: GuestAddr, due: i64, period_ms: u32, dpc: GuestAddr) -> Fallible<bool> {
    let due = deadline_of(call.kernel.clock, call.now(), due);
    let setting = TimerSetting { due, period_ms, dpc, apc: None };
    let before = call.kernel.dispatcher.set_timer(call.memory(), timer, setting)?;
    call.kernel.timer_calls().expire_if_due(call.cpu, timer, due);
    Ok(before)
}

#[exports(xboxkrnl)]
impl KeTimer {
    /// Initialises a timer: kind 0 stays signalled, kind 1 is consumed by one waiter.
    #[export(Done)]
    fn KeInitializeTimerEx(call: &mut Call, timer: Ptr<()>, timer_kind: u32) -> Fallible<()> {
        let kind = if timer_kind == 0 { kind::MANUAL_TIMER } else { kind::AUTO_TIMER };
        call.kernel.dispatcher.initialize_timer(call.memory(), timer.addr(), kind)
    }

    /// Sets a timer, optionally with a DPC; returns whether it was set before.
    #[export(Done)]
    fn KeSetTimer(call: &mut Call, timer: Ptr<()>, due: i64, dpc: GuestAddr) -> Fallible<bool> {
        set(call, timer.addr(), due, 0, dpc)
    }

    /// Sets a timer that repeats every `period_ms` milliseconds; returns whether it was set before.
    #[export(Done)]
    fn KeSetTimerEx(
        call: &mut Call,
        timer: Ptr<()>,
        due: i64,
        period_ms: u32,
        dpc: GuestAddr,
    ) -> Fallible<bool> {
        set(call, timer.addr(), due, period_ms, dpc)
    }

    /// Cancels a timer; returns whether it was set.
    #[export(Done)]
    fn KeCancelTimer(call: &mut Call, timer: Ptr<()>) -> Fallible<bool> {
        call.kernel.dispatcher.cancel_timer(call.memory(), timer.addr())
    }
}
