//! Time, and waiting for it to pass (`Ke*Time`, `KeDelayExecutionThread`).

use crate::abi::{Call, Flow, Out};
use crate::exports::waiting::{Timeout, deadline, interruption};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;
use xenia_sched::{BlockReason, TICKS_PER_SECOND, Wait, ticks_to_100ns};

/// See the module's documentation.
pub struct KeTime;

#[exports(xboxkrnl)]
impl KeTime {
    /// Ticks of the time base per second.
    #[export(Done)]
    fn KeQueryPerformanceFrequency(_call: &mut Call) -> u32 {
        TICKS_PER_SECOND as u32
    }

    /// System time: units of 100 ns since 1601.
    #[export(Done)]
    fn KeQuerySystemTime(call: &mut Call, time: Option<Out<u64>>) -> Fallible<()> {
        match time {
            Some(out) => Ok(out.set(call.memory(), call.kernel.clock.system_time(call.now()))?),
            None => Ok(()),
        }
    }

    /// Time since the console was switched on, in units of 100 ns; as the time stamp bundle, it
    /// goes on by milliseconds.
    #[export(Done)]
    fn KeQueryInterruptTime(call: &mut Call) -> u64 {
        ticks_to_100ns(call.now()) / 10_000 * 10_000
    }

    /// Waits for an interval; of 0, lets others run. Ends early, with `USER_APC`, if alertable and
    /// there is one.
    #[export(Done)]
    fn KeDelayExecutionThread(
        call: &mut Call,
        _mode: u32,
        alertable: bool,
        interval: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let deadline = deadline(call, interval)?;
        // Held from the look for an interruption until the wait can be interrupted.
        let mut turn = call.kernel.dispatcher.turn(call.thread());
        if alertable && let Some(flow) = interruption(call, &mut turn)? {
            return Ok(flow);
        }
        if deadline.is_some_and(|deadline| deadline <= call.now()) {
            return Ok(Flow::Yield(NtStatus::SUCCESS));
        }
        let thread = call.thread();
        call.cpu.open_wait(thread, alertable)?;
        Ok(Flow::Block(Wait { reason: BlockReason::Delay, deadline, alertable }))
    }

    /// Lets threads of equal priority run.
    #[export(Done)]
    fn NtYieldExecution(_call: &mut Call) -> Flow<NtStatus> {
        Flow::Yield(NtStatus::SUCCESS)
    }
}
