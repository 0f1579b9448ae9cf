//! The [`Cpu`] for calls of a parallel run, which run concurrently with other hardware threads.
//!
//! Each method holds the lock of the affected thread's slot while it runs, or no lock; creating,
//! ending and moving threads also takes the thread table's lock. Guest time is the clock's at the
//! call's first use of it. A change to a thread that runs elsewhere is recorded in its record, and
//! its slot's host thread is notified: it applies the change at its next boundary.
//!
//! A guest thread's call wakes others under the dispatcher's locks, for which they might then wait.
//! The host threads of the woken ones are therefore notified at the end of the call. No call waits
//! for another guest thread before it ends, and [`Shared::is_idle`] sees a woken thread at once.

use super::shared::Shared;
use crate::common::Moment;
use crate::parks::Parks;
use crate::{
    Alertable, Contention, Cpu, Event, GuestTicks, HwSlot, NotedContention, Placement, Running, SchedError,
    SpawnParameters, ThreadRef, Wait, WaitTicket, WakeResult, Which, Woken,
};
use std::cell::OnceCell;
use xenia_cpu::PpcContext;

/// The [`Cpu`] of a parallel run: shared state and the guest time of the call.
pub(super) struct SlotCpu<'a> {
    shared: &'a Shared,
    /// Guest time of the call, once it has been read. It stays the same for the whole call.
    now: OnceCell<GuestTicks>,
    /// Guest time before which the call does not take place.
    not_before: GuestTicks,
    /// Whether the host threads of woken guest threads are notified at the end.
    defers: bool,
    /// The host threads that are notified at the end: a bit per slot, and that of the time-keeper.
    signals: u8,
}

impl Drop for SlotCpu<'_> {
    fn drop(&mut self) {
        self.shared.slots.notify(self.signals);
    }
}

impl<'a> SlotCpu<'a> {
    /// Creates one for actions that no guest thread causes: guest time is the clock's.
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self::at(shared, shared.clock.now())
    }

    /// Creates one for a call at guest time `now`.
    pub(super) fn at(shared: &'a Shared, now: GuestTicks) -> Self {
        Self { shared, now: OnceCell::from(now), not_before: now, defers: false, signals: 0 }
    }

    /// Creates one for a call of a guest thread whose own time is `not_before`: guest time is the
    /// clock's. A thread's own time counts instructions since its visit began, so it falls behind
    /// the clock when the host delays the thread, and a timeout relative to it ends too early. It
    /// must be dropped before the host thread does anything but the call.
    pub(super) fn since(shared: &'a Shared, not_before: GuestTicks) -> Self {
        Self { shared, now: OnceCell::new(), not_before, defers: true, signals: 0 }
    }

    /// Runs a part of a wake on the slot of the woken thread.
    fn run_wake<R>(
        &mut self,
        thread: ThreadRef,
        f: impl FnOnce(&mut HwSlot, Moment<'_>) -> Result<R, SchedError>,
    ) -> Result<R, SchedError> {
        let now = self.now();
        let slots = &self.shared.slots;
        if self.defers {
            slots.run_on_slot_quietly(thread, now, &mut self.signals, f)
        } else {
            slots.run_on_slot(thread, now, f)
        }
    }
}

impl Parks for SlotCpu<'_> {
    fn try_park(&mut self, running: Running, wait: Wait) -> Option<(Running, u64)> {
        self.shared.slots.try_park(running, wait, self.now())
    }
}

impl Cpu for SlotCpu<'_> {
    fn now(&self) -> GuestTicks {
        *self.now.get_or_init(|| self.shared.clock.now().max(self.not_before))
    }

    fn logs_events(&self) -> bool {
        self.shared.slots.common.logs_events()
    }

    fn emit(&mut self, event: &Event<'_>) {
        self.shared.slots.common.emit(self.now(), event);
    }

    fn open_wait(&mut self, thread: ThreadRef, alertable: Alertable) -> Result<WaitTicket, SchedError> {
        self.shared.slots.common.open_wait(thread, alertable)
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.shared.slots.common.is_waiting(wait)
    }

    fn end_wait(
        &mut self,
        thread: ThreadRef,
        which: Which,
        result: WakeResult,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        if let Some(woken) = self.shared.slots.win_wait(thread, which, result.value)? {
            return Ok(woken);
        }
        let Some(registers) = registers else {
            self.run_wake(thread, |slot, moment| slot.wake(moment, thread, result, None))?;
            return Ok(Woken::Yes);
        };
        let mut running =
            self.run_wake(thread, |slot, moment| slot.begin_wake(moment.common, thread, result.value))?;
        // Without a lock. No other code accesses the thread meanwhile: its wait is over, and it is
        // not ready.
        registers(&mut running.ctx);
        self.run_wake(thread, |slot, moment| slot.finish_wake(moment, running, result))?;
        Ok(Woken::Yes)
    }

    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        self.shared.slots.spawn(parameters, self.now())
    }

    fn release(&mut self, thread: ThreadRef) -> Result<(), SchedError> {
        self.shared.slots.release(thread)
    }

    fn exit(&mut self, thread: ThreadRef, code: u32) -> Result<(), SchedError> {
        self.shared.slots.exit(thread, code, self.now())
    }

    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, common| slot.suspend(common, thread))
    }

    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, common| slot.resume(common, thread))
    }

    fn set_base_priority(&mut self, thread: ThreadRef, base: u8) -> Result<u8, SchedError> {
        let slots = &self.shared.slots;
        slots.run_untimed_on_slot(thread, |slot, common| slot.set_base_priority(common, thread, base))
    }

    fn set_priority(&mut self, thread: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        let slots = &self.shared.slots;
        slots.run_untimed_on_slot(thread, |slot, common| slot.set_priority(common, thread, priority))
    }

    fn priority(&mut self, thread: ThreadRef) -> Result<u8, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, _| Ok(slot.records.get(thread)?.priority()))
    }

    fn set_boost_disabled(&mut self, thread: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, _| slot.set_boost_disabled(thread, disabled))
    }

    fn hold_slot(&mut self, thread: ThreadRef, held: bool) -> Result<bool, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, common| slot.hold_slot(common, thread, held))
    }

    fn yield_thread(&mut self, thread: ThreadRef) -> Result<bool, SchedError> {
        self.shared.slots.run_untimed_on_slot(thread, |slot, _| slot.yield_thread(thread))
    }

    fn set_affinity(&mut self, thread: ThreadRef, mask: u32) -> Result<Placement, SchedError> {
        self.shared.slots.set_affinity(thread, mask, self.now())
    }

    fn notify_time_keeper(&mut self) {
        self.shared.slots.keeper.notify();
    }

    fn note_timed_event(&mut self, due: GuestTicks) {
        let slots = &self.shared.slots;
        if slots.common.is_before_sleep_end(due) {
            slots.keeper.notify();
        }
    }

    fn has_workers(&self) -> bool {
        true
    }

    fn notify_workers(&mut self) {
        self.shared.workers.notify();
    }

    fn peek_contention(&mut self, id: u32) -> Option<Contention> {
        self.shared.slots.common.with_contention(|contention| contention.peek(id))?
    }

    fn records_contention(&self) -> bool {
        self.shared.records_contention
    }

    fn note_contention(&mut self, contention: NotedContention) {
        self.shared.slots.common.with_contention(|points| points.note(contention));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activity, BlockReason, Scheduler, SchedulerConfig};
    use std::sync::Arc;

    /// A machine with a thread on the first slot, which is in this wait.
    fn with_thread(wait: Option<Wait>) -> (Shared, ThreadRef) {
        let mut scheduler = Scheduler::new(SchedulerConfig::default());
        let parameters = SpawnParameters {
            ctx: Box::default(),
            id: 1,
            priority: 8,
            affinity: 1,
            ideal: 0,
            suspended: false,
            service: false,
            wait,
        };
        let thread = scheduler.spawn(parameters).unwrap();
        (Shared::new(scheduler, 1.0, 0, Arc::new(Activity::default())), thread)
    }

    /// The dispatcher's locks, under which it is woken, have been released by then.
    #[test]
    fn the_host_thread_of_a_woken_thread_is_notified_at_the_end_of_the_call() {
        for defers in [true, false] {
            let (shared, thread) = with_thread(Some(Wait::forever(BlockReason::Delay)));
            let owner = &shared.slots.owners[0];
            owner.clear();
            let mut cpu = if defers { SlotCpu::since(&shared, 0) } else { SlotCpu::new(&shared) };
            assert_eq!(cpu.wake(thread, WakeResult::unboosted(7)), Ok(Woken::Yes));
            assert_eq!(shared.slots.common.runnable(), 1, "it is ready at once");
            assert_eq!(owner.is_notified(), !defers);
            drop(cpu);
            assert!(owner.is_notified());
        }
    }

    #[test]
    fn operations_without_guest_time_do_not_read_the_clock() {
        let (shared, thread) = with_thread(None);
        let mut cpu = SlotCpu::since(&shared, 7);
        assert_eq!(cpu.hold_slot(thread, true), Ok(false));
        assert_eq!(cpu.hold_slot(thread, false), Ok(true));
        assert_eq!(cpu.set_base_priority(thread, 9), Ok(8));
        assert_eq!(cpu.set_priority(thread, 10), Ok(9));
        assert_eq!(cpu.priority(thread), Ok(10));
        assert_eq!(cpu.set_boost_disabled(thread, true), Ok(false));
        assert_eq!(cpu.suspend(thread), Ok(0));
        assert_eq!(cpu.resume(thread), Ok(1));
        assert_eq!(cpu.yield_thread(thread), Ok(false));
        assert_eq!(cpu.now.get(), None);
        assert!(cpu.now() >= 7 && cpu.now.get().is_some());
    }

    #[test]
    fn an_event_after_the_end_of_its_sleep_does_not_wake_the_time_keeper() {
        let shared = Shared::new(Scheduler::default(), 1.0, 0, Arc::new(Activity::default()));
        let slots = &shared.slots;
        let mut cpu = SlotCpu::since(&shared, 0);
        slots.common.set_sleep_end(100);
        (100..1100).for_each(|due| cpu.note_timed_event(due));
        assert!(!slots.keeper.is_notified());
        cpu.note_timed_event(99);
        assert!(slots.keeper.is_notified());
        slots.keeper.clear();
        slots.common.note_awake();
        cpu.note_timed_event(GuestTicks::MAX - 1);
        assert!(slots.keeper.is_notified(), "it may have read the events already");
    }
}
