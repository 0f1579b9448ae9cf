//! Time and delays (`Ke*Time`, `KeDelayExecutionThread`).

use crate::abi::{Call, Flow, Out, ProcessorMode};
use crate::ports::clock::interrupt_time;
use crate::status::failure::Fallible;
use crate::thread::waiting::{Timeout, deadline, interruption};
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;
use xenia_sched::{Alertable, BlockReason, GuestTicks, TICKS_PER_SECOND, Wait, ticks_from_100ns};

/// The exports for time and delays.
pub struct KeTime;

/// Yields to the other ready threads of the caller's hardware thread.
fn yield_to_others(call: &mut Call) -> Flow<NtStatus> {
    let thread = call.thread();
    let has_yielded = call.cpu.yield_thread(thread) == Ok(true);
    Flow::Yield(if has_yielded { NtStatus::SUCCESS } else { NtStatus::NO_YIELD_PERFORMED })
}

/// Waits until a guest time; `None` means for ever.
fn delay(call: &mut Call, deadline: Option<GuestTicks>, alertable: Alertable) -> Fallible<Flow<NtStatus>> {
    let thread = call.thread();
    call.cpu.open_wait(thread, alertable)?;
    Ok(Flow::Block(Wait { reason: BlockReason::Delay, deadline, alertable }))
}

#[exports(xboxkrnl)]
impl KeTime {
    /// Returns the frequency of the time base in ticks per second.
    #[export(Done)]
    fn KeQueryPerformanceFrequency(_call: &mut Call) -> u32 {
        TICKS_PER_SECOND as u32
    }

    /// Stores the system time in units of 100 ns since 1601. Like the time stamp bundle, it
    /// advances in steps of a millisecond.
    #[export(Done)]
    fn KeQuerySystemTime(call: &mut Call, time: Option<Out<u64>>) -> Fallible<()> {
        match time {
            Some(out) => Ok(out.set(call.memory(), call.kernel.clock.stamped_time(call.now()))?),
            None => Ok(()),
        }
    }

    /// Returns the time since the console was switched on, in units of 100 ns. Like the time stamp
    /// bundle, it advances in steps of a millisecond.
    #[export(Done)]
    fn KeQueryInterruptTime(call: &mut Call) -> u64 {
        interrupt_time(call.now())
    }

    /// Waits for an interval; an interval of 0 yields as `NtYieldExecution` does. An alertable wait
    /// ends early by the alerts and user APCs that its mode allows (`KeAlertThread`).
    #[export(Done)]
    fn KeDelayExecutionThread(
        call: &mut Call,
        mode: u32,
        alertable: bool,
        interval: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let yields = interval.map(|interval| interval.read(call.memory())).transpose()? == Some(0);
        let deadline = deadline(call, interval)?;
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        // Held from the check for an interruption until the wait can be interrupted.
        let mut turn = call.kernel.dispatcher.turn(call.thread());
        if let Some(flow) = interruption(call, &mut turn, alertable)? {
            return Ok(flow);
        }
        if yields {
            drop(turn);
            return Ok(yield_to_others(call));
        }
        if deadline.is_some_and(|deadline| deadline <= call.now()) {
            return Ok(Flow::Yield(NtStatus::SUCCESS));
        }
        delay(call, deadline, alertable)
    }

    /// Passes microseconds of time. The thread does not spin: threads of lower priority may run,
    /// too, which titles can't rule out on a console of six hardware threads.
    #[export(Done)]
    fn KeStallExecutionProcessor(call: &mut Call, microseconds: u32) -> Fallible<Flow<()>> {
        if microseconds == 0 {
            return Ok(Flow::Return(()));
        }
        let length = ticks_from_100ns(u64::from(microseconds) * 10);
        let deadline = call.now().saturating_add(length);
        let _turn = call.kernel.dispatcher.turn(call.thread());
        Ok(delay(call, Some(deadline), Alertable::No)?.map(|_| ()))
    }

    /// Yields to the other ready threads of the hardware thread, also those of lower priority. The
    /// result is `NO_YIELD_PERFORMED` if there is none.
    #[export(Done)]
    fn NtYieldExecution(call: &mut Call) -> Flow<NtStatus> {
        yield_to_others(call)
    }
}
