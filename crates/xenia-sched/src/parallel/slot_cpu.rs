//! The [`Cpu`] of a call that is made while other hardware threads run.
//!
//! Each method takes the scheduler's lock for its own length. Guest time is that of the call's beginning. What happens to a
//! thread that runs elsewhere is noted in its record and its slot's host thread is called: it acts on it at its next boundary.

use super::shared::Shared;
use crate::{
    Contention, Cpu, Event, GuestTicks, Placement, SchedError, Scheduler, SpawnParameters, ThreadRef,
    WaitTicket, Which, Woken,
};
use xenia_cpu::PpcContext;

/// See the module's documentation.
pub(super) struct SlotCpu<'a> {
    shared: &'a Shared,
    now: GuestTicks,
}

impl<'a> SlotCpu<'a> {
    /// For what no guest thread does: guest time is the clock's.
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self::at(shared, shared.clock.now())
    }

    /// For a call at guest time `now`.
    pub(super) fn at(shared: &'a Shared, now: GuestTicks) -> Self {
        Self { shared, now }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Scheduler) -> R) -> R {
        self.shared.with(self.now, f)
    }

    /// Ends a wait of `which`; the scheduler's lock is free while `registers` is called.
    fn end_wait(
        &self,
        thread: ThreadRef,
        which: Which,
        (value, boost): (u64, u8),
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        match self.with(|scheduler| scheduler.begin_wake(thread, which, value))? {
            Err(woken) => Ok(woken),
            Ok(mut running) => {
                registers(&mut running.ctx);
                self.with(|scheduler| scheduler.finish_wake(running, (value, boost)))?;
                Ok(Woken::Yes)
            }
        }
    }
}

impl Cpu for SlotCpu<'_> {
    fn now(&self) -> GuestTicks {
        self.now
    }

    fn logs_events(&self) -> bool {
        self.shared.logs_events
    }

    fn emit(&mut self, event: &Event<'_>) {
        if self.shared.logs_events {
            self.with(|scheduler| scheduler.emit(event));
        }
    }

    fn open_wait(&mut self, thread: ThreadRef, alertable: bool) -> Result<WaitTicket, SchedError> {
        self.with(|scheduler| Cpu::open_wait(scheduler, thread, alertable))
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        Cpu::is_waiting(&*self.shared.look(), wait)
    }

    fn wake(&mut self, thread: ThreadRef, value: u64, boost: u8) -> Result<Woken, SchedError> {
        self.with(|scheduler| Cpu::wake(scheduler, thread, value, boost))
    }

    fn wake_with(
        &mut self,
        thread: ThreadRef,
        value: u64,
        boost: u8,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        self.end_wait(thread, Which::Any, (value, boost), registers)
    }

    fn time_out(&mut self, wait: WaitTicket, value: u64) -> Result<Woken, SchedError> {
        self.with(|scheduler| Cpu::time_out(scheduler, wait, value))
    }

    fn interrupt(
        &mut self,
        thread: ThreadRef,
        value: u64,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        self.end_wait(thread, Which::Alertable, (value, 0), registers)
    }

    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        self.with(|scheduler| Cpu::spawn(scheduler, parameters))
    }

    fn release(&mut self, thread: ThreadRef) -> Result<(), SchedError> {
        self.with(|scheduler| scheduler.release(thread))
    }

    fn exit(&mut self, thread: ThreadRef, code: u32) -> Result<(), SchedError> {
        self.with(|scheduler| scheduler.exit(thread, code))
    }

    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        self.with(|scheduler| scheduler.suspend(thread))
    }

    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        self.with(|scheduler| scheduler.resume(thread))
    }

    fn set_base_priority(&mut self, thread: ThreadRef, base: u8) -> Result<u8, SchedError> {
        self.with(|scheduler| scheduler.set_base_priority(thread, base))
    }

    fn set_priority(&mut self, thread: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        self.with(|scheduler| scheduler.set_priority(thread, priority))
    }

    fn set_boost_disabled(&mut self, thread: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        self.with(|scheduler| scheduler.set_boost_disabled(thread, disabled))
    }

    fn hold_slot(&mut self, thread: ThreadRef, held: bool) -> Result<bool, SchedError> {
        self.with(|scheduler| scheduler.hold_slot(thread, held))
    }

    fn set_affinity(&mut self, thread: ThreadRef, mask: u32) -> Result<Placement, SchedError> {
        self.with(|scheduler| Cpu::set_affinity(scheduler, thread, mask))
    }

    fn time_has_more(&mut self) {
        self.shared.keeper.call();
    }

    fn has_workers(&self) -> bool {
        true
    }

    fn work_has_come(&mut self) {
        self.shared.workers.call();
    }

    fn peek_contention(&mut self, id: u32) -> Option<Contention> {
        // No lock where nothing is counted.
        if self.shared.counts_attempts { self.with(|scheduler| scheduler.peek_contention(id)) } else { None }
    }

    fn records_contention(&self) -> bool {
        self.shared.records_contention
    }

    fn note_contention(&mut self, id: u32, object: u32, owner: u32) {
        self.with(|scheduler| Cpu::note_contention(scheduler, id, object, owner));
    }
}
