//! Timers by handle (`Nt*Timer*`).

use crate::abi::{Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::named_objects::create_object;
use crate::objects::ObjectKind;
use crate::objects::dispatcher::timer::{TimerApc, TimerSetting};
use crate::objects::dispatcher::{kind, signal_state};
use crate::ports::clock::interrupt_time;
use crate::status::failure::Fallible;
use crate::thread::waiting::deadline_of;
use xenia_guest::layout::ktimer;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for timers by handle.
pub struct NtTimer;

#[exports(xboxkrnl)]
impl NtTimer {
    /// Creates a timer (kind 0 stays signalled, kind 1 is consumed by one waiter), or opens the
    /// timer with this name.
    #[export(Done)]
    fn NtCreateTimer(
        call: &mut Call,
        handle: Option<Out<Handle>>,
        attributes: Option<Ptr<ObjectAttributes>>,
        timer_kind: u32,
    ) -> Fallible<NtStatus> {
        if timer_kind > 1 {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let size = ktimer::SIZE;
        create_object(call, handle, attributes, ObjectKind::Timer, size, |call, timer| {
            let kind = if timer_kind == 0 { kind::MANUAL_TIMER } else { kind::AUTO_TIMER };
            call.kernel.dispatcher.initialize_timer(call.memory(), timer, kind)
        })
    }

    /// Sets a timer, once or every `period_ms` milliseconds, optionally with an APC to the caller;
    /// stores whether it was signalled. A pending APC of an earlier setting is removed.
    #[export(Done)]
    fn NtSetTimerEx(
        call: &mut Call,
        timer: Handle,
        due: Ptr<i64>,
        routine: Option<GuestAddr>,
        _mode: u32,
        context: u32,
        resume: bool,
        period_ms: i32,
        previous: Option<Out<u8>>,
    ) -> Fallible<NtStatus> {
        let Ok(period_ms) = u32::try_from(period_ms) else { return Ok(NtStatus::INVALID_PARAMETER) };
        let object = call.kernel.objects.resolve_kind(timer, ObjectKind::Timer)?;
        let timer = object.body();
        let due = deadline_of(call.kernel.clock, call.now(), due.read(call.memory())?);
        let thread_id = call.thread_id();
        let apc = routine.map(|routine| TimerApc { thread_id, routine, context });
        let setting = TimerSetting { due, period_ms, dpc: GuestAddr::NULL, apc };
        let before = {
            // Held while the APC is removed too, so that an APC of the new setting is kept.
            let mut held = call.kernel.dispatcher.hold(&[timer]);
            let before = signal_state(call.memory(), timer)?;
            held.set_timer(call.memory(), timer, setting)?;
            call.kernel.threads.lock().forget_timer_apc(timer);
            before
        };
        call.kernel.timer_calls().expire_if_due(call.cpu, timer, due);
        previous.set(call.memory(), u8::from(before != 0))?;
        // No timer wakes the console from standby.
        Ok(if resume { NtStatus::TIMER_RESUME_IGNORED } else { NtStatus::SUCCESS })
    }

    /// Cancels a timer, removes its pending APC, and stores whether it is signalled.
    #[export(Done)]
    fn NtCancelTimer(call: &mut Call, timer: Handle, current: Option<Out<u8>>) -> Fallible<NtStatus> {
        let object = call.kernel.objects.resolve_kind(timer, ObjectKind::Timer)?;
        let timer = object.body();
        let state = {
            let mut held = call.kernel.dispatcher.hold(&[timer]);
            held.cancel_timer(call.memory(), timer)?;
            call.kernel.threads.lock().forget_timer_apc(timer);
            signal_state(call.memory(), timer)?
        };
        current.set(call.memory(), u8::from(state != 0))?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores the time until a timer is due (not above 0 if it is not set), and a byte: whether it
    /// is signalled.
    #[export(Done)]
    fn NtQueryTimer(call: &mut Call, timer: Handle, information: Ptr<i64>) -> Fallible<NtStatus> {
        let object = call.kernel.objects.resolve_kind(timer, ObjectKind::Timer)?;
        let timer = object.body();
        let memory = call.memory();
        let due: i64 = memory.read(timer.offset(ktimer::DUE_TIME))?;
        information.write(memory, due.wrapping_sub(interrupt_time(call.now()) as i64))?;
        memory.write(information.addr().offset(8), u8::from(signal_state(memory, timer)? != 0))?;
        Ok(NtStatus::SUCCESS)
    }
}
