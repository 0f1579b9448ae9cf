//! The scheduler as lockstep's [`Cpu`], and access to the registers of running threads, which are
//! out of their records.

use super::Scheduler;
use crate::parks::Parks;
use crate::{
    Alertable, Contention, Cpu, Disposition, Ended, Event, GuestTicks, NotedContention, Placement, Running,
    SchedError, SpawnParameters, System, ThreadRef, Wait, WaitTicket, WakeResult, Which, Woken,
};
use xenia_cpu::PpcContext;

impl Scheduler {
    /// Takes a thread's registers out of its record, for an engine and its system calls.
    /// [`Self::put`] or [`Self::park_or_resume`] puts them back.
    pub fn take(&mut self, r: ThreadRef) -> Result<Running, SchedError> {
        self.slot_and_moment(r)?.0.take(r)
    }

    /// Puts the registers of a thread back. If it has become ready on a slot meanwhile, queues it
    /// there.
    pub fn put(&mut self, running: Running) {
        // A thread without a record has ended; its registers are not needed.
        if let Ok((slot, moment)) = self.slot_and_moment(running.thread) {
            slot.put(moment.common, running);
        }
    }

    /// Puts a thread's registers back and parks it, after a call that returned this wait. If the
    /// wait has ended already, returns the thread and the disposition of its resumption.
    pub fn park_or_resume(
        &mut self,
        system: &mut impl System,
        running: Running,
        wait: Wait,
    ) -> Option<(Running, Disposition)> {
        Parks::park_or_resume(self, system, running, wait)
    }

    /// Runs `f` for a thread, as the executor runs a system call of the thread; `None` if there is
    /// no such thread, or its registers are out.
    pub fn run_for<S: System>(
        &mut self,
        system: &mut S,
        r: ThreadRef,
        f: impl FnOnce(&mut Self, &mut Running) -> Disposition,
    ) -> Option<Disposition> {
        let mut running = self.take(r).ok()?;
        let mut disposition = f(self, &mut running);
        if let Disposition::Park(wait) = disposition {
            let Some(on) = self.park_or_resume(system, running, wait) else {
                return Some(Disposition::Continue);
            };
            (running, disposition) = on;
        }
        self.put(running);
        Some(disposition)
    }
}

impl Parks for Scheduler {
    fn try_park(&mut self, running: Running, wait: Wait) -> Option<(Running, u64)> {
        let (slot, moment) = self.slot_and_moment(running.thread).ok()?;
        slot.try_park(moment, running, wait)
    }
}

impl Cpu for Scheduler {
    fn now(&self) -> GuestTicks {
        Self::now(self)
    }

    fn logs_events(&self) -> bool {
        self.common.logs_events()
    }

    fn emit(&mut self, event: &Event<'_>) {
        Self::emit(self, event);
    }

    fn open_wait(&mut self, thread: ThreadRef, alertable: Alertable) -> Result<WaitTicket, SchedError> {
        self.common.open_wait(thread, alertable)
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.common.is_waiting(wait)
    }

    fn end_wait(
        &mut self,
        thread: ThreadRef,
        which: Which,
        result: WakeResult,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        match self.common.directory.wait_word(thread)?.end(which, result.value) {
            Ended::Over => return Ok(Woken::NotWaiting),
            Ended::BeforePark => return Ok(Woken::BeforePark),
            Ended::Parked => {}
        }
        let (slot, moment) = self.slot_and_moment(thread)?;
        slot.wake(moment, thread, result, registers)?;
        Ok(Woken::Yes)
    }

    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        let thread = Self::spawn(self, parameters)?;
        self.retain(thread)?;
        Ok(thread)
    }

    fn release(&mut self, thread: ThreadRef) -> Result<(), SchedError> {
        Self::release(self, thread)
    }

    fn exit(&mut self, thread: ThreadRef, code: u32) -> Result<(), SchedError> {
        Self::exit(self, thread, code)
    }

    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        Self::suspend(self, thread)
    }

    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        Self::resume(self, thread)
    }

    fn set_base_priority(&mut self, thread: ThreadRef, base: u8) -> Result<u8, SchedError> {
        Self::set_base_priority(self, thread, base)
    }

    fn set_priority(&mut self, thread: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        Self::set_priority(self, thread, priority)
    }

    fn priority(&mut self, thread: ThreadRef) -> Result<u8, SchedError> {
        Ok(self.thread(thread)?.priority())
    }

    fn set_boost_disabled(&mut self, thread: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        Self::set_boost_disabled(self, thread, disabled)
    }

    fn hold_slot(&mut self, thread: ThreadRef, held: bool) -> Result<bool, SchedError> {
        Self::hold_slot(self, thread, held)
    }

    fn yield_thread(&mut self, thread: ThreadRef) -> Result<bool, SchedError> {
        Self::yield_thread(self, thread)
    }

    fn set_affinity(&mut self, thread: ThreadRef, mask: u32) -> Result<Placement, SchedError> {
        let before = Self::set_affinity(self, thread, mask)?;
        Ok(Placement { before, hw_id: self.thread(thread)?.slot })
    }

    fn peek_contention(&mut self, id: u32) -> Option<Contention> {
        Self::peek_contention(self, id)
    }

    fn records_contention(&self) -> bool {
        self.common.records_contention()
    }

    fn note_contention(&mut self, contention: NotedContention) {
        self.common.with_contention(|points| points.note(contention));
    }
}
