//! Which slot a thread is on: its affinity, and the moves that follow from it (decision 0023).
//!
//! A thread is always on a slot that its affinity allows. `roaming` counts the live ones with a choice: as long as it is 0,
//! no slot looks for a thread on another.

use super::Scheduler;
use crate::{Event, HW_THREADS, SchedError, ThreadRef, ThreadState};
use xenia_guest::ALL_HW_THREADS;

impl Scheduler {
    /// The highest of the ready threads that may run on this slot and have to wait on theirs, the nearest slot's first.
    pub(super) fn waiting_for_another_slot(&self, hw_id: u8) -> Option<ThreadRef> {
        if self.roaming == 0 {
            return None;
        }
        let mut best: Option<(u8, ThreadRef)> = None;
        for distance in 1..HW_THREADS {
            let slot = &self.slots[(usize::from(hw_id) + distance) % HW_THREADS];
            let first = slot.first_for(hw_id).and_then(|r| self.thread(r).ok());
            if let Some(thread) = first
                && best.is_none_or(|(priority, _)| thread.priority > priority)
            {
                best = Some((thread.priority, thread.reference));
            }
        }
        best.map(|(_, thread)| thread)
    }

    /// Whether a thread that has got a slot is on another than the guest was told; asked once.
    pub fn take_moved(&mut self, r: ThreadRef) -> bool {
        self.roaming != 0 && self.thread_mut(r).is_ok_and(|thread| std::mem::take(&mut thread.moved))
    }

    /// Sets the hardware threads that a thread may run on, and moves it if it is on another. Returns the mask
    /// before; the caller rewrites the guest-visible processor number.
    pub fn set_affinity(&mut self, r: ThreadRef, mask: u32) -> Result<u8, SchedError> {
        let affinity = mask as u8 & ALL_HW_THREADS;
        if affinity == 0 {
            return Err(SchedError::NoProcessor(mask));
        }
        let thread = self.thread_mut(r)?;
        let before = std::mem::replace(&mut thread.affinity, affinity);
        thread.moved = false;
        let is_ready = thread.state == ThreadState::Ready;
        let (from, to) = (thread.slot, choose(affinity, thread.slot, thread.ideal));
        if !matches!(thread.state, ThreadState::Exited { .. }) {
            self.roaming += usize::from(roams(affinity));
            self.roaming -= usize::from(roams(before));
        }
        if from != to {
            self.migrate(r, to)?;
        } else if is_ready && before != affinity {
            self.sort_elsewhere(from);
        }
        Ok(before)
    }

    /// Files the threads that are ready on a slot under the others that they may run on now.
    fn sort_elsewhere(&mut self, hw_id: u8) {
        let Some(slot) = self.slots.get(usize::from(hw_id)) else { return };
        let ready: Vec<_> = slot
            .ready()
            .filter_map(|r| self.thread(r).ok())
            .map(|thread| (thread.reference, thread.priority, others(thread.affinity, hw_id)))
            .collect();
        self.slots[usize::from(hw_id)].sort_elsewhere(ready.into_iter());
    }

    /// Moves a thread to another slot, whatever it does there.
    pub(super) fn migrate(&mut self, r: ThreadRef, to: u8) -> Result<(), SchedError> {
        let queued = self.dequeue(r)?;
        let thread = self.thread_mut(r)?;
        let from = std::mem::replace(&mut thread.slot, to);
        // One that runs learns it when its registers come back.
        if let Some(ctx) = &mut thread.ctx {
            ctx.hw_id = to;
        }
        if thread.state == ThreadState::Running {
            thread.state = ThreadState::Ready;
        }
        let id = thread.id;
        self.counters.migrations += 1;
        if queued {
            self.line_up(r)?;
        }
        self.emit(&Event::Migrate { thread: id, from, to });
        Ok(())
    }

    /// Sets the hardware thread that a thread prefers; returns the one before. Takes effect when a change of
    /// affinity moves it.
    pub fn set_ideal_processor(&mut self, r: ThreadRef, ideal: u8) -> Result<u8, SchedError> {
        if usize::from(ideal) >= HW_THREADS {
            return Err(SchedError::NoProcessor(u32::from(ideal)));
        }
        Ok(std::mem::replace(&mut self.thread_mut(r)?.ideal, ideal))
    }
}

/// Whether a thread of this affinity may change slots.
pub(super) fn roams(affinity: u8) -> bool {
    affinity.count_ones() > 1
}

/// The slots of an affinity other than this one.
pub(super) fn others(affinity: u8, hw_id: u8) -> u8 {
    affinity & !(1 << hw_id)
}

/// The slot for a thread: where it is if that is allowed, its preferred one if that is, the lowest otherwise.
pub(super) fn choose(affinity: u8, current: u8, ideal: u8) -> u8 {
    let allowed = |slot: u8| usize::from(slot) < HW_THREADS && affinity >> slot & 1 != 0;
    [current, ideal].into_iter().find(|&slot| allowed(slot)).unwrap_or(affinity.trailing_zeros() as u8)
}
