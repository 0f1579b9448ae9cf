//! Control of threads: suspension, priority, affinity and exit.

use super::Scheduler;
use crate::{SchedError, ThreadRef};

impl Scheduler {
    /// Increments a thread's suspend count; returns the previous count.
    pub fn suspend(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.suspend(moment.common, r)
    }

    /// Decrements a thread's suspend count, unless it is 0; returns the previous count.
    pub fn resume(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.resume(moment.common, r)
    }

    /// Sets the base priority, 0–31, and ends any boost; returns the previous base priority.
    pub fn set_base_priority(&mut self, r: ThreadRef, base: u8) -> Result<u8, SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.set_base_priority(moment.common, r, base)
    }

    /// Sets a thread's current priority, 0–31, as a boost would; returns the previous one. A
    /// priority above the base and below real time decays as boosts do.
    pub fn set_priority(&mut self, r: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.set_priority(moment.common, r, priority)
    }

    /// Disables or enables boosts on wake; returns whether they were disabled.
    pub fn set_boost_disabled(&mut self, r: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        self.slot_and_moment(r)?.0.set_boost_disabled(r, disabled)
    }

    /// Lets a thread hold its slot, or ends that ([`crate::Cpu::hold_slot`]).
    pub fn hold_slot(&mut self, r: ThreadRef, held: bool) -> Result<bool, SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.hold_slot(moment.common, r, held)
    }

    /// Ends a thread. The caller handles its waiters.
    pub fn exit(&mut self, r: ThreadRef, code: u32) -> Result<(), SchedError> {
        let (slot, moment) = self.slot_and_moment(r)?;
        slot.exit(moment, r, code)?;
        self.thread_table.note_exit(r)
    }

    /// Sets the hardware threads that a thread may run on, and migrates it if necessary. Returns
    /// the previous mask; the caller updates the processor number that the guest sees.
    pub fn set_affinity(&mut self, r: ThreadRef, mask: u32) -> Result<u8, SchedError> {
        let from = self.common.directory.slot_of(r)?;
        let (slot, moment) = self.slot_and_moment(r)?;
        let (before, to) = slot.set_affinity(moment.common, r, mask)?;
        if from != to {
            self.migrate(usize::from(from), usize::from(to), r)?;
        }
        Ok(before)
    }

    /// Sets a thread's preferred hardware thread; returns the previous one. Takes effect when a
    /// change of affinity migrates the thread.
    pub fn set_ideal_processor(&mut self, r: ThreadRef, ideal: u8) -> Result<u8, SchedError> {
        self.slot_and_moment(r)?.0.set_ideal_processor(r, ideal)
    }
}
