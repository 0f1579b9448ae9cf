//! Migration of threads between slots. The caller holds the locks of both slots and the thread
//! table's, so one thread moves at a time.

use super::{HwSlot, ReadyThread};
use crate::affinity::{choose, others, roams};
use crate::common::{Common, Moment};
use crate::{Event, GuestThread, HW_THREADS, SchedError, ThreadRef, ThreadState};
use std::mem;
use std::ops::Deref;
use xenia_guest::ALL_HW_THREADS;

impl HwSlot {
    /// Sets the hardware threads that a thread may run on. Returns the previous mask, and the slot
    /// that the thread must be on, which may be the present one.
    pub(crate) fn set_affinity(
        &mut self,
        common: &Common,
        r: ThreadRef,
        mask: u32,
    ) -> Result<(u8, u8), SchedError> {
        let affinity = mask as u8 & ALL_HW_THREADS;
        let thread = self.records.get_mut(r)?;
        if affinity == 0 {
            return Err(SchedError::NoProcessor(mask));
        }
        let before = mem::replace(&mut thread.affinity, affinity);
        // The caller shows the guest its slot, so an earlier steal has nothing left to report.
        thread.moved = false;
        if !matches!(thread.state, ThreadState::Exited { .. }) {
            common.count_roaming(roams(before), roams(affinity));
        }
        let to = choose(affinity, thread.slot, thread.ideal);
        // A thread that has to leave is queued anew by `migrate`.
        if to == self.hw_id && thread.state == ThreadState::Ready && before != affinity {
            let ready: Vec<_> = self
                .ready()
                .filter_map(|r| self.records.get(r).ok())
                .map(|thread| ReadyThread {
                    thread: thread.reference,
                    priority: thread.priority,
                    others: others(thread.affinity, self.hw_id),
                })
                .collect();
            self.sort_elsewhere(ready.into_iter());
            self.refresh(common);
        }
        Ok((before, to))
    }

    /// Sets a thread's preferred hardware thread; returns the previous one. Takes effect when a
    /// change of affinity migrates the thread.
    pub(crate) fn set_ideal_processor(&mut self, r: ThreadRef, ideal: u8) -> Result<u8, SchedError> {
        let thread = self.records.get_mut(r)?;
        if usize::from(ideal) >= HW_THREADS {
            return Err(SchedError::NoProcessor(u32::from(ideal)));
        }
        Ok(mem::replace(&mut thread.ideal, ideal))
    }

    /// The ready thread that slot `hw_id` would take from here.
    fn offer_for(&self, hw_id: u8) -> Option<&GuestThread> {
        self.records.get(self.first_for(hw_id)?).ok()
    }
}

/// The ready thread of the highest priority that this slot can take from another, and the index of
/// that slot. Of equal priorities, the nearest slot's wins.
pub(crate) fn best_for<S: Deref<Target = HwSlot>>(
    hw_id: u8,
    slots: impl Fn(usize) -> Option<S>,
) -> Option<(usize, ThreadRef)> {
    let mut best: Option<(u8, usize, ThreadRef)> = None;
    for distance in 1..HW_THREADS {
        let index = (usize::from(hw_id) + distance) % HW_THREADS;
        if let Some(slot) = slots(index)
            && let Some(thread) = slot.offer_for(hw_id)
            && best.is_none_or(|(priority, ..)| thread.priority > priority)
        {
            best = Some((thread.priority, index, thread.reference));
        }
    }
    best.map(|(_, index, thread)| (index, thread))
}

/// Moves a thread in any state to another slot.
pub(crate) fn migrate(
    moment: Moment<'_>,
    from: &mut HwSlot,
    to: &mut HwSlot,
    r: ThreadRef,
) -> Result<(), SchedError> {
    let common = moment.common;
    let queued = from.dequeue(common, r)?;
    let mut thread = from.records.remove(r)?;
    // A thread that held its slot may have been running while suspended.
    let id = thread.id;
    let is_suspended = thread.suspend_count > 0;
    thread.slot = to.hw_id;
    // A running thread's registers are updated when they are put back.
    if let Some(ctx) = &mut thread.ctx {
        ctx.hw_id = to.hw_id;
    }
    if thread.state == ThreadState::Running {
        thread.state = ThreadState::Ready;
    }
    if thread.is_listed_as_changed {
        to.changed_priorities.push(r);
        common.note_priority_changes();
    }
    if let Some(key) = thread.deadline()
        // A deadline that has expired is not queued any more, though its wait may still last.
        && from.take_deadline(common, key)
    {
        to.add_deadline(common, key, r);
    }
    to.records.add(thread);
    common.directory.set(r, to.hw_id)?;
    to.counters.migrations += 1;
    if queued && !is_suspended {
        to.enqueue_or_defer(common, r)?;
    }
    moment.emit(&Event::Migrate { thread: id, from: from.hw_id, to: to.hw_id });
    Ok(())
}
