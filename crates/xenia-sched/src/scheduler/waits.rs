//! Waits, on the slot of the thread that waits.

use super::Scheduler;
use crate::{Ended, GuestTicks, HwSlot, SchedError, System, ThreadRef, Wait, WaitTicket, Which, Woken};
use xenia_cpu::PpcContext;

impl Scheduler {
    /// The slot's running thread begins to wait. Returns its name, or `None` if nothing runs there.
    pub fn park_current(&mut self, hw_id: u8, wait: Wait) -> Option<ThreadRef> {
        let current = self.running(hw_id)?;
        self.park(current, wait).ok()?;
        Some(current)
    }

    /// A thread that runs or is ready waits, for what nobody has been told of yet.
    pub fn park(&mut self, r: ThreadRef, wait: Wait) -> Result<(), SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.park(moment, r, wait)
    }

    /// Ends a wait: the thread receives `value` in r3 and becomes ready, its priority raised by
    /// `boost`.
    pub fn wake_ref(&mut self, r: ThreadRef, value: u64, boost: u8) -> Result<Woken, SchedError> {
        self.end_wait(r, Which::Any, (value, boost), None)
    }

    /// As [`Self::wake_ref`], if the wait is one of `which`; `registers` may change the thread's
    /// registers.
    pub(super) fn end_wait(
        &mut self,
        r: ThreadRef,
        which: Which,
        (value, boost): (u64, u8),
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        match self.common.directory.wait_word(r)?.end(which, value) {
            Ended::Over => return Ok(Woken::NotWaiting),
            Ended::BeforePark => return Ok(Woken::BeforePark),
            Ended::Parked => {}
        }
        let (slot, moment) = self.on(r)?;
        slot.wake(moment, r, (value, boost), registers)?;
        Ok(Woken::Yes)
    }

    /// Lets the system end a thread's wait as its deadline does; `false` if it does not wait.
    pub fn time_out(&mut self, system: &mut impl System, r: ThreadRef) -> bool {
        let Some((ticket, wait)) = self.waits_for(r) else { return false };
        system.timed_out(self, ticket, &wait);
        true
    }

    fn waits_for(&mut self, r: ThreadRef) -> Option<(WaitTicket, Wait)> {
        let (slot, moment) = self.on(r).ok()?;
        slot.waits_for(moment.common, r)
    }

    /// The earliest deadline of a wait.
    pub fn next_deadline(&self) -> Option<GuestTicks> {
        self.slots.iter().filter_map(HwSlot::first_deadline).min().map(|(deadline, _)| deadline)
    }

    /// The next thread whose deadline is not after `now`; it still waits, but without a deadline.
    pub fn pop_expired(&mut self, now: GuestTicks) -> Option<ThreadRef> {
        // Only one that has a deadline, so that the least is somebody's.
        let timed = self.slots.iter_mut().filter_map(|slot| Some((slot.first_deadline()?, slot)));
        let (_, slot) = timed.min_by_key(|(first, _)| *first)?;
        slot.pop_expired(&self.common, now)
    }
}
