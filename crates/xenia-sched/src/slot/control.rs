//! What is done to a thread: it is suspended, its priority changes, it keeps its slot, it ends.

use super::HwSlot;
use crate::affinity::roams;
use crate::common::{Common, Moment};
use crate::priority::MAX_PRIORITY;
use crate::{Event, GuestThread, SchedError, ThreadRef, ThreadState, Which};
use std::mem;

/// NT's limit of a thread's suspend count.
const MAX_SUSPEND_COUNT: u32 = 127;

impl HwSlot {
    fn live_mut(&mut self, r: ThreadRef) -> Result<&mut GuestThread, SchedError> {
        let thread = self.records.get_mut(r)?;
        if matches!(thread.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        Ok(thread)
    }

    /// Suspends a thread once more; returns the count before. One that keeps the slot goes on, or
    /// waits for its spin lock, until it keeps it no more.
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
        if before == 0 && !is_waiting && !keeps_slot {
            self.stop(common, r)?;
        }
        Ok(before)
    }

    /// Takes a thread that is suspended off its slot or out of its queue.
    fn stop(&mut self, common: &Common, r: ThreadRef) -> Result<(), SchedError> {
        self.dequeue(common, r)?;
        self.records.get_mut(r)?.state = ThreadState::Ready;
        Ok(())
    }

    /// Takes one suspension back; returns the count before. A count of 0 stays.
    pub(crate) fn resume(&mut self, common: &Common, r: ThreadRef) -> Result<u32, SchedError> {
        let thread = self.live_mut(r)?;
        let before = thread.suspend_count;
        thread.suspend_count = before.saturating_sub(1);
        if before == 1 && thread.state == ThreadState::Ready {
            self.line_up(common, r)?;
        }
        Ok(before)
    }

    /// Sets the base priority, 0–31, and ends any boost; returns the base priority before.
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

    /// Sets the priority that a thread has now, 0–31, as a boost would; returns the one before.
    /// What is above the base and below real time decays as boosts do.
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
        let queued = is_ready && self.dequeue(common, r)?;
        let before = mem::replace(&mut self.records.get_mut(r)?.priority, priority);
        if queued {
            self.enqueue(common, priority, r);
        }
        self.signals |= 1 << self.hw_id;
        Ok(before)
    }

    /// Turns boosts on wake off or on; returns whether they were off.
    pub(crate) fn set_boost_disabled(&mut self, r: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        Ok(mem::replace(&mut self.records.get_mut(r)?.boost_disabled, disabled))
    }

    /// Lets a thread keep its slot, or not any more; returns how it was. A thread that keeps its
    /// slot makes way for nobody, and nobody runs there while it waits for a spin lock: what
    /// raised interrupt levels do on the console. As soon as it waits for anything else, moves
    /// or ends, others have the slot. One that was suspended meanwhile stops when it keeps it no
    /// more.
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
            self.spin_no_more(common, r);
            if stops {
                self.stop(common, r)?;
            }
            // Whoever had to wait for that.
            self.signals |= 1 << self.hw_id;
        }
        Ok(before)
    }

    /// Ends a thread. Its waiters are its owner's business, and the topology is to be told.
    pub(crate) fn exit(&mut self, moment: Moment<'_>, r: ThreadRef, code: u32) -> Result<(), SchedError> {
        let common = moment.common;
        self.live_mut(r)?;
        self.dequeue(common, r)?;
        self.forget_deadline(common, r)?;
        // Whoever still has it on a list learns that it does not wait.
        let _ = common.directory.wait_word(r)?.end(Which::Any, 0);
        let thread = self.records.get_mut(r)?;
        thread.state = ThreadState::Exited { code };
        common.count_roaming(roams(thread.affinity), false);
        if !thread.service {
            common.end_live(code);
        }
        common.with_contention(|contention| contention.forget(thread.id));
        moment.emit(&Event::Exit { thread: thread.id, code });
        Ok(())
    }
}
