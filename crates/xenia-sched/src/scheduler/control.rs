//! What is done to a thread, on the slot that it is on.

use super::Scheduler;
use crate::{SchedError, ThreadRef};

impl Scheduler {
    /// Suspends a thread once more; returns the count before.
    pub fn suspend(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.suspend(moment.common, r)
    }

    /// Takes one suspension back; returns the count before. A count of 0 stays.
    pub fn resume(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.resume(moment.common, r)
    }

    /// Sets the base priority, 0–31, and ends any boost; returns the base priority before.
    pub fn set_base_priority(&mut self, r: ThreadRef, base: u8) -> Result<u8, SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.set_base_priority(moment.common, r, base)
    }

    /// Sets the priority that a thread has now, 0–31, as a boost would; returns the one before.
    /// What is above the base and below real time decays as boosts do.
    pub fn set_priority(&mut self, r: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.set_priority(moment.common, r, priority)
    }

    /// Turns boosts on wake off or on; returns whether they were off.
    pub fn set_boost_disabled(&mut self, r: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        self.on(r)?.0.set_boost_disabled(r, disabled)
    }

    /// See [`crate::Cpu::hold_slot`].
    pub fn hold_slot(&mut self, r: ThreadRef, held: bool) -> Result<bool, SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.hold_slot(moment.common, r, held)
    }

    /// Ends a thread. Its waiters are its owner's business.
    pub fn exit(&mut self, r: ThreadRef, code: u32) -> Result<(), SchedError> {
        let (slot, moment) = self.on(r)?;
        slot.exit(moment, r, code)?;
        self.topology.note_exit(r)
    }

    /// Sets the hardware threads that a thread may run on, and moves it if it is on another.
    /// Returns the mask before; the caller rewrites the guest-visible processor number.
    pub fn set_affinity(&mut self, r: ThreadRef, mask: u32) -> Result<u8, SchedError> {
        let from = self.common.directory.slot_of(r)?;
        let (slot, moment) = self.on(r)?;
        let (before, to) = slot.set_affinity(moment.common, r, mask)?;
        if from != to {
            self.migrate(usize::from(from), usize::from(to), r)?;
        }
        Ok(before)
    }

    /// Sets the hardware thread that a thread prefers; returns the one before. Takes effect when a
    /// change of affinity moves it.
    pub fn set_ideal_processor(&mut self, r: ThreadRef, ideal: u8) -> Result<u8, SchedError> {
        self.on(r)?.0.set_ideal_processor(r, ideal)
    }
}
