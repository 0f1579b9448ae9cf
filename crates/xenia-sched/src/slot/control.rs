//! Control of threads: suspension, priority, holding of slots, and exit. The rules are those of NT
//! (docs/src/decisions/0008-threads-timers-waits.md).
//!
//! The caller has the slot to itself; in parallel mode it holds the slot's lock. A change that lets
//! another thread run takes effect at the slot's next boundary.

use super::HwSlot;
use crate::affinity::roams;
use crate::common::{Common, Moment};
use crate::priority::MAX_PRIORITY;
use crate::{Event, GuestThread, SchedError, ThreadRef, ThreadState, Which};
use std::mem;

/// NT's limit of a thread's suspend count.
pub(super) const MAX_SUSPEND_COUNT: u32 = 127;

impl HwSlot {
    fn live_mut(&mut self, r: ThreadRef) -> Result<&mut GuestThread, SchedError> {
        let thread = self.records.get_mut(r)?;
        if matches!(thread.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        Ok(thread)
    }

    /// Increments a thread's suspend count; returns the previous count. A thread that holds the
    /// slot continues, or waits for its spin lock, until it releases the slot.
    pub(crate) fn suspend(&mut self, common: &Common, r: ThreadRef) -> Result<u32, SchedError> {
        let is_running = self.running == Some(r);
        let thread = self.live_mut(r)?;
        let before = thread.suspend_count;
        if before >= MAX_SUSPEND_COUNT {
            return Err(SchedError::SuspendCount(r));
        }
        thread.suspend_count += 1;
        let keeps_slot = thread.holds_slot && is_running;
        let is_waiting = matches!(thread.state, ThreadState::Waiting { .. });
        // A waiting thread is in no queue, and its wake finds the suspend count.
        if before == 0 && !is_waiting && !keeps_slot {
            self.stop(common, r)?;
        }
        Ok(before)
    }

    /// Removes a suspended thread from its slot or its queue.
    fn stop(&mut self, common: &Common, r: ThreadRef) -> Result<(), SchedError> {
        self.dequeue(common, r)?;
        self.records.get_mut(r)?.state = ThreadState::Ready;
        Ok(())
    }

    /// Decrements a thread's suspend count, unless it is 0; returns the previous count.
    pub(crate) fn resume(&mut self, common: &Common, r: ThreadRef) -> Result<u32, SchedError> {
        let thread = self.live_mut(r)?;
        let before = thread.suspend_count;
        thread.suspend_count = before.saturating_sub(1);
        // The wake queues a waiting thread, and one that holds its slot still has it.
        if before == 1 && thread.state == ThreadState::Ready {
            self.enqueue_or_defer(common, r)?;
        }
        Ok(before)
    }

    /// Sets the base priority, 0–31, and ends any boost; returns the previous base priority.
    pub(crate) fn set_base_priority(
        &mut self,
        common: &Common,
        r: ThreadRef,
        base: u8,
    ) -> Result<u8, SchedError> {
        let base = base.min(MAX_PRIORITY);
        self.change_priority(common, r, base)?;
        Ok(mem::replace(&mut self.records.get_mut(r)?.base_priority, base))
    }

    /// Sets a thread's current priority, 0–31, as a boost would; returns the previous one. A
    /// priority above the base and below real time decays as boosts do.
    pub(crate) fn set_priority(
        &mut self,
        common: &Common,
        r: ThreadRef,
        priority: u8,
    ) -> Result<u8, SchedError> {
        self.change_priority(common, r, priority.min(MAX_PRIORITY))
    }

    fn change_priority(&mut self, common: &Common, r: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        let is_ready = self.records.get(r)?.state == ThreadState::Ready;
        // `dequeue` would take the slot from a running thread.
        let queued = is_ready && self.dequeue(common, r)?;
        let before = mem::replace(&mut self.records.get_mut(r)?.priority, priority);
        // At a lower priority it no longer precedes the threads that waited for its quantum to end.
        self.is_yielded_to &= self.running != Some(r) || priority >= before;
        if queued {
            self.enqueue(common, priority, r);
        }
        self.signals |= 1 << self.hw_id;
        Ok(before)
    }

    /// Disables or enables boosts on wake; returns whether they were disabled.
    pub(crate) fn set_boost_disabled(&mut self, r: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        Ok(mem::replace(&mut self.records.get_mut(r)?.boost_disabled, disabled))
    }

    /// Lets a thread hold its slot, or ends that; returns the previous state. A thread that holds
    /// its slot is not preempted, and no other thread runs there while it waits for a spin lock,
    /// which models raised interrupt levels of the console. If it waits for anything else, migrates
    /// or ends, other threads get the slot. If it was suspended meanwhile, it stops when it
    /// releases the slot.
    pub(crate) fn hold_slot(
        &mut self,
        common: &Common,
        r: ThreadRef,
        held: bool,
    ) -> Result<bool, SchedError> {
        let thread = self.records.get_mut(r)?;
        let before = mem::replace(&mut thread.holds_slot, held);
        if before && !held {
            let stops = thread.suspend_count > 0 && self.running == Some(r);
            self.end_spin(common, r);
            if stops {
                self.stop(common, r)?;
            }
            // Threads that had to wait for the slot may run now.
            self.signals |= 1 << self.hw_id;
        }
        Ok(before)
    }

    /// Ends a thread. The caller handles its waiters and informs the thread table.
    pub(crate) fn exit(&mut self, moment: Moment<'_>, r: ThreadRef, code: u32) -> Result<(), SchedError> {
        let common = moment.common;
        self.live_mut(r)?;
        self.dequeue(common, r)?;
        self.forget_deadline(common, r)?;
        // Code that finds it on a wait list later determines that it does not wait.
        let _ = common.directory.wait_word(r)?.end(Which::Any, 0);
        let thread = self.records.get_mut(r)?;
        thread.state = ThreadState::Exited { code };
        common.count_roaming(roams(thread.affinity), false);
        if !thread.service {
            common.end_live(thread.id, code);
        }
        common.with_contention(|contention| contention.forget(thread.id));
        moment.emit(&Event::Exit { thread: thread.id, code });
        Ok(())
    }
}
