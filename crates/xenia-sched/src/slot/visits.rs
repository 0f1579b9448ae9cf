//! Scheduling of one slot: picking a thread, quantum accounting, and queueing of ready threads.

use super::{HwSlot, ReadyThread};
use crate::affinity::{others, roams};
use crate::common::{Common, Moment};
use crate::priority::{LOWEST_YIELDED_TO, REAL_TIME};
use crate::queue::QueueEnd;
use crate::{Event, GuestThread, HW_THREADS, Running, SchedError, ThreadRef, ThreadState, Wait};
use std::mem;
use xenia_cpu::PpcContext;

impl HwSlot {
    /// Whether the slot has no running and no ready thread, so that it may take one from another
    /// slot.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_none() && self.spinning.is_none() && !self.has_ready()
    }

    /// Whether a thread runs here, no other is ready, and its priority has no boost that could
    /// decay.
    #[inline]
    pub(crate) fn has_one(&self) -> bool {
        let running = self.running.and_then(|running| self.records.get(running).ok());
        let is_steady =
            |thread: &GuestThread| thread.priority >= REAL_TIME || thread.priority <= thread.base_priority;
        self.spinning.is_none() && !self.has_ready() && running.is_some_and(is_steady)
    }

    /// Picks the slot's thread: the running one stays, unless one of higher priority is ready, or
    /// its quantum is over and one of equal priority is ready, and it does not hold the slot. After
    /// a yield any other ready thread gets the slot, until its quantum is over.
    pub(crate) fn pick(&mut self, common: &Common) -> Option<ThreadRef> {
        if self.spinning.is_some() {
            return None;
        }
        let mut gives_way = None;
        let mut is_yielded_to = false;
        if let Some(running) = self.running {
            let yields = mem::take(&mut self.yields);
            let quantum_over = self.quantum_left <= 0;
            let Some(thread) = self.records.known_mut(running) else {
                // The slot continues with another thread.
                self.running = None;
                return None;
            };
            if thread.holds_slot {
                return Some(running);
            }
            if quantum_over && thread.decay_boost() {
                self.changed_priorities.push(running);
                common.note_priority_changes();
            }
            let priority = thread.priority;
            let others = others(thread.affinity, self.hw_id);
            self.is_yielded_to &= !quantum_over;
            let best = self.highest_ready();
            let give_way = best.is_some_and(|best| {
                (best > priority && !self.is_yielded_to)
                    || (quantum_over && best == priority)
                    || (yields && best >= LOWEST_YIELDED_TO)
            });
            if quantum_over {
                self.quantum_left = i64::from(common.quantum);
            }
            if !give_way {
                return Some(running);
            }
            let end = if quantum_over { QueueEnd::Back } else { QueueEnd::Front };
            gives_way = Some((ReadyThread { thread: running, priority, others }, end));
            is_yielded_to = best.is_some_and(|best| best < priority);
        }
        let next = self.take_ready()?;
        // It is not queued before, because after a yield it may be the first in the queue.
        if let Some((before, end)) = gives_way {
            let thread = self.records.known_mut(before.thread)?;
            thread.state = ThreadState::Ready;
            // With a whole quantum each time, a thread that is preempted within each, such as by
            // one that it wakes, would keep its peers from running for ever.
            thread.quantum_left = self.quantum_left;
            self.make_ready(before, end);
        }
        let thread = self.records.known_mut(next)?;
        thread.state = ThreadState::Running;
        self.running = Some(next);
        self.is_yielded_to = is_yielded_to;
        self.quantum_left = thread.quantum_left;
        debug_assert_eq!(self.places(next), 0, "thread {next:?} runs and is queued");
        self.count_switch(next);
        self.refresh(common);
        Some(next)
    }

    /// Counts a switch to a thread that did not run last on this slot.
    fn count_switch(&mut self, to: ThreadRef) {
        if self.last_ran != Some(to) {
            self.last_ran = Some(to);
            self.counters.switches += 1;
        }
    }

    /// Subtracts executed instructions from the quantum of the slot's thread.
    #[inline]
    pub(crate) fn decrement_quantum(&mut self, instructions: u64) {
        self.quantum_left -= instructions as i64;
    }

    /// Accounts for `instructions` of the slot's thread. They include these whole visits, after
    /// each of which the thread would have been picked again.
    pub(crate) fn renew_quantum(&mut self, common: &Common, whole: WholeVisits, instructions: u64) {
        // The executor has subtracted them already, after each call of the engine.
        self.quantum_left += instructions as i64;
        let after = quantum_after(self.quantum_left, common.quantum.into(), whole);
        self.quantum_left = after.left;
        self.is_yielded_to &= !after.was_over;
        self.decrement_quantum(instructions - whole.instructions());
    }

    /// Makes the slot's thread yield to ready threads of equal priority.
    pub(crate) fn yield_slot(&mut self) {
        self.quantum_left = 0;
    }

    /// Makes the running thread yield to the other ready threads, from priority
    /// [`LOWEST_YIELDED_TO`] on, when its visit ends. Returns whether there is one; `false` if the
    /// thread holds its slot.
    pub(crate) fn yield_thread(&mut self, r: ThreadRef) -> Result<bool, SchedError> {
        let holds_slot = self.records.get(r)?.holds_slot;
        let has_other = self.highest_ready().is_some_and(|best| best >= LOWEST_YIELDED_TO);
        if self.running != Some(r) || holds_slot || !has_other {
            return Ok(false);
        }
        self.yields = true;
        self.yield_slot();
        Ok(true)
    }

    /// Publishes the slot's state, and marks its host thread for notification.
    pub(super) fn refresh(&mut self, common: &Common) {
        let is_runnable = self.running.is_some() || (self.spinning.is_none() && self.has_ready());
        common.set_runnable(self.hw_id, is_runnable);
        self.signals |= 1 << self.hw_id;
        if self.roaming != 0 || self.offered_to != 0 {
            let offered_to = (0..HW_THREADS as u8)
                .map(|hw_id| u8::from(self.first_for(hw_id).is_some()) << hw_id)
                .fold(0, |slots, bit| slots | bit);
            // Any idle slot may take one.
            self.signals |= offered_to & !mem::replace(&mut self.offered_to, offered_to);
            common.set_offered_to(self.hw_id, offered_to);
        }
    }

    /// Adds a new thread.
    pub(crate) fn add(
        &mut self,
        moment: Moment<'_>,
        thread: GuestThread,
        wait: Option<Wait>,
    ) -> Result<(), SchedError> {
        let r = thread.reference;
        let priority = thread.priority;
        let suspended = thread.suspend_count > 0;
        let pc = thread.context().map_or(0, |ctx| ctx.pc);
        let id = thread.id;
        let common = moment.common;
        common.count_roaming(false, roams(thread.affinity));
        if !thread.service {
            common.add_live(id);
        }
        self.records.add(Box::new(thread));
        if !suspended {
            self.enqueue(common, priority, r);
        }
        moment.emit(&Event::Spawn { thread: id, hw_id: self.hw_id, pc, suspended });
        wait.map_or(Ok(()), |wait| self.park(moment, r, wait))
    }

    /// Queues a ready thread. If its registers are out, because it ran on another slot a moment ago
    /// and its executor has not noticed the move yet, it is queued when they are put back, since it
    /// can't run before that.
    pub(super) fn enqueue_or_defer(&mut self, common: &Common, r: ThreadRef) -> Result<(), SchedError> {
        let thread = self.records.get_mut(r)?;
        if thread.ctx.is_none() {
            thread.queues_when_put_back = true;
            return Ok(());
        }
        let priority = thread.priority;
        self.enqueue(common, priority, r);
        Ok(())
    }

    pub(super) fn enqueue(&mut self, common: &Common, priority: u8, thread: ThreadRef) {
        let others = self.records.get(thread).map_or(0, |found| others(found.affinity, self.hw_id));
        self.make_ready(ReadyThread { thread, priority, others }, QueueEnd::Back);
        let running = self.running.and_then(|running| self.records.get(running).ok());
        self.is_yielded_to &= running.is_some_and(|running| priority <= running.priority);
        self.refresh(common);
    }

    /// Removes a thread from the slot or the run queue. Returns whether it was on either.
    pub(super) fn dequeue(&mut self, common: &Common, r: ThreadRef) -> Result<bool, SchedError> {
        let priority = self.records.get(r)?.priority;
        self.end_spin(common, r);
        let found = if self.running == Some(r) {
            self.records.get_mut(r)?.quantum_left = self.quantum_left;
            self.running = None;
            self.yields = false;
            self.is_yielded_to = false;
            true
        } else {
            self.remove_ready(priority, r)
        };
        self.refresh(common);
        Ok(found)
    }

    /// Ends a thread's hold of the slot while it waits for a spin lock, so that others may run.
    pub(super) fn end_spin(&mut self, common: &Common, r: ThreadRef) {
        if self.spinning == Some(r) {
            self.spinning = None;
            self.refresh(common);
        }
    }

    // ---- registers ----

    /// Takes a thread's registers out of its record, for an engine and its system calls.
    pub(crate) fn take(&mut self, r: ThreadRef) -> Result<Running, SchedError> {
        let thread = self.records.get_mut(r)?;
        let ctx = thread.ctx.take().ok_or(SchedError::Running(r))?;
        Ok(Running { thread: r, id: thread.id, hw_id: thread.slot, ctx })
    }

    /// Puts the registers of a thread back. If it has become ready here meanwhile, queues it.
    pub(crate) fn put(&mut self, common: &Common, running: Running) {
        let r = running.thread;
        self.return_registers(running);
        let Ok(thread) = self.records.get_mut(r) else { return };
        let is_ready = thread.state == ThreadState::Ready && thread.suspend_count == 0;
        let priority = thread.priority;
        if mem::take(&mut thread.queues_when_put_back) && is_ready {
            self.enqueue(common, priority, r);
        }
        debug_assert!(!is_ready || self.places(r) == 1, "thread {r:?} is ready and not queued once");
    }

    /// Number of places that a thread has in the run queue.
    fn places(&self, r: ThreadRef) -> usize {
        self.ready().filter(|&ready| ready == r).count()
    }

    /// Puts the registers of a thread back without queueing it.
    pub(super) fn return_registers(&mut self, running: Running) {
        let Running { thread, mut ctx, .. } = running;
        // A thread without a record has ended; its registers are not needed.
        if let Ok(thread) = self.records.get_mut(thread) {
            ctx.hw_id = thread.slot;
            thread.ctx = Some(ctx);
        }
    }

    /// A thread's registers, unless they are out.
    pub(crate) fn context_mut(&mut self, r: ThreadRef) -> Result<&mut PpcContext, SchedError> {
        self.records.get_mut(r)?.ctx.as_deref_mut().ok_or(SchedError::Running(r))
    }

    /// Whether the guest has not been notified of this thread's present slot yet; resets the flag.
    pub(crate) fn take_moved(&mut self, r: ThreadRef) -> bool {
        self.records.get_mut(r).is_ok_and(|thread| mem::take(&mut thread.moved))
    }

    /// Whether this thread's priority must be reported to the guest before it runs, even if another
    /// host thread is about to report it; resets the flag.
    pub(crate) fn take_unreported_priority(&mut self, r: ThreadRef) -> bool {
        self.records.get_mut(r).is_ok_and(|thread| mem::take(&mut thread.has_unreported_priority))
    }

    /// Guest ids of this slot's threads whose priority the scheduler has changed since the last
    /// call.
    pub(crate) fn take_changed_priorities(&mut self) -> Vec<u32> {
        let mut ids = Vec::new();
        for r in mem::take(&mut self.changed_priorities) {
            // A thread that has moved is in the other slot's list.
            if let Ok(thread) = self.records.get_mut(r)
                && mem::take(&mut thread.is_listed_as_changed)
            {
                ids.push(thread.id);
            }
        }
        ids
    }
}

/// Consecutive whole visits of one thread, each of the same length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeVisits {
    pub(crate) count: u64,
    /// Instructions in each.
    pub(crate) length: u64,
}

impl WholeVisits {
    fn instructions(self) -> u64 {
        self.count * self.length
    }
}

/// A quantum after whole visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuantumAfter {
    left: i64,
    /// Whether it was over at the end of one of them.
    was_over: bool,
}

/// The quantum after these visits. A quantum has `quantum` instructions, this one `left` at first;
/// it is renewed after each visit that uses it up.
fn quantum_after(left: i64, quantum: i64, visits: WholeVisits) -> QuantumAfter {
    let WholeVisits { count, length } = visits;
    // At least 1: a quantum that is over at first is renewed after the first visit.
    let visits_in = |quantum: i64| u64::try_from(quantum).unwrap_or_default().div_ceil(length).max(1);
    let first = visits_in(left);
    if count < first {
        return QuantumAfter { left: left - visits.instructions() as i64, was_over: false };
    }
    let used = (count - first) % visits_in(quantum) * length;
    QuantumAfter { left: quantum - used as i64, was_over: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantum_is_renewed_as_after_each_visit() {
        for left in -3..12 {
            for (whole, length) in [(1, 1), (5, 1), (7, 2), (8, 3), (3, 5)] {
                let mut expected = QuantumAfter { left, was_over: false };
                for count in 0..40 {
                    let visits = WholeVisits { count, length };
                    assert_eq!(quantum_after(left, whole, visits), expected, "{left} of {whole}, {visits:?}");
                    expected.left -= length as i64;
                    if expected.left <= 0 {
                        expected = QuantumAfter { left: whole, was_over: true };
                    }
                }
            }
        }
        // In a damaged state, the time used by a visit may have any value.
        assert!(quantum_after(50_000, 50_000, WholeVisits { count: 1 << 50, length: 1 }).was_over);
    }
}
