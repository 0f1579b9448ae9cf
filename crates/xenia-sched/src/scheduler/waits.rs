//! Waits: parking, waking and deadlines of threads.

use super::Scheduler;
use crate::{Cpu, GuestTicks, HwSlot, SchedError, System, ThreadRef, Wait, WaitTicket, WakeResult, Woken};

impl Scheduler {
    /// Makes a running or ready thread wait, in a wait that was not opened before.
    pub fn park(&mut self, r: ThreadRef, wait: Wait) -> Result<(), SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.park(moment, r, wait)
    }

    /// Ends a wait, as [`Cpu::wake`].
    pub fn wake_ref(&mut self, r: ThreadRef, value: u64, boost: u8) -> Result<Woken, SchedError> {
        self.wake(r, WakeResult { value, boost })
    }

    /// Lets the system end a thread's wait as by its deadline. Returns `false` if it does not wait.
    pub fn time_out(&mut self, system: &mut impl System, r: ThreadRef) -> bool {
        let Some((ticket, wait)) = self.waits_for(r) else { return false };
        system.timed_out(self, ticket, &wait);
        true
    }

    fn waits_for(&mut self, r: ThreadRef) -> Option<(WaitTicket, Wait)> {
        let (slot, moment) = self.slot_and_moment(r).ok()?;
        slot.waits_for(moment.common, r)
    }

    /// The earliest deadline of a wait.
    pub fn next_deadline(&self) -> Option<GuestTicks> {
        self.slots.iter().filter_map(HwSlot::first_deadline).min().map(|first| first.deadline)
    }

    /// Removes the next deadline that is not after `now`. Returns its thread, which still waits.
    pub fn pop_expired(&mut self, now: GuestTicks) -> Option<ThreadRef> {
        // Slots without deadlines are skipped, so the minimum is a deadline.
        let timed = self.slots.iter_mut().filter_map(|slot| Some((slot.first_deadline()?, slot)));
        let (_, slot) = timed.min_by_key(|(first, _)| *first)?;
        slot.pop_expired(&self.common, now)
    }
}
