//! DPCs and APCs of timers that have expired.

use crate::abi::ProcessorMode;
use crate::objects::dispatcher::Dispatcher;
use crate::objects::dispatcher::timer::Expiry;
use crate::ports::Clock;
use crate::status::failure::{Failure, Fallible, housekeeping};
use crate::thread::apc::{Apc, ApcQueues, ApcSource};
use crate::thread::service::ServiceThreads;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, GuestTicks};

/// Timers, and the queues of their calls.
#[derive(Clone, Copy)]
pub struct TimerCalls<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) clock: Clock,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) services: ServiceThreads<'k>,
    pub(crate) apcs: ApcQueues<'k>,
}

impl TimerCalls<'_> {
    /// Expires the timers that are due.
    pub fn expire(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        let expiries = self.dispatcher.expire_timers(self.memory, cpu, now);
        self.queue_calls_of(cpu, &expiries)
    }

    /// Expires a timer that has just been set to this due time, if it is due already.
    pub fn expire_if_due(&self, cpu: &mut dyn Cpu, timer: GuestAddr, due: GuestTicks) {
        let now = cpu.now();
        let expiry = self.dispatcher.expire_if_due(self.memory, cpu, now, timer);
        housekeeping("a timer's calls", self.queue_calls_of(cpu, expiry.as_slice()));
        cpu.note_timed_event(due);
    }

    fn queue_calls_of(&self, cpu: &mut dyn Cpu, expiries: &[Expiry]) -> Fallible<()> {
        let mut result = Ok(());
        for expiry in expiries {
            // A timer whose DPC or APC can't be queued must not prevent those of the others.
            match self.queue_calls(cpu, expiry) {
                Err(Failure::Fault(fault)) => result = Err(fault.into()),
                // The thread has ended, or a limit was reached, which has been reported.
                Ok(()) | Err(Failure::Status(_)) => {}
            }
        }
        result
    }

    /// Queues the DPC and the APC of a timer that has expired.
    fn queue_calls(&self, cpu: &mut dyn Cpu, expiry: &Expiry) -> Fallible<()> {
        let Expiry { timer, setting } = *expiry;
        let due = self.clock.system_time(setting.due);
        if !setting.dpc.is_null() {
            self.services.queue_dpc(cpu, setting.dpc, due as u32, (due >> 32) as u32, 0)?;
        }
        let Some(apc) = setting.apc else { return Ok(()) };
        let source = ApcSource::Timer(timer);
        let args = [u64::from(apc.context), due & 0xFFFF_FFFF, due >> 32];
        self.apcs
            .queue(cpu, apc.thread_id, ProcessorMode::User, Apc::new(source, apc.routine, args))
            .map(|_| ())
    }
}
