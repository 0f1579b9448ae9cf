//! Allocation of thread names: positions with a generation and a reference count each, in one list
//! for each slot on which threads are created.
//!
//! A thread gets the lowest free position, found without searching. Exited threads whose reference
//! count is 0 are listed in `unreferenced`, so that pruning visits only those. The slots have the
//! records of threads ([`crate::slot`]); the [`ThreadDirectory`] finds a record by its name.

pub(crate) mod state;

use crate::directory::{ThreadDirectory, count_look};
use crate::{HW_THREADS, SchedError, SchedulerCounters, ThreadRef};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Number of exited threads of a slot above which unreferenced ones are freed.
const PRUNE_AT: usize = 4;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    generation: u8,
    references: u32,
    state: Use,
    /// Whether it is in `unreferenced`.
    listed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Use {
    #[default]
    Free,
    Live,
    Exited,
}

impl Position {
    /// Whether its thread has exited and has no references.
    fn may_be_freed(&self) -> bool {
        self.references == 0 && self.state == Use::Exited
    }
}

/// The threads created on one slot.
#[derive(Default)]
struct SlotTable {
    positions: Vec<Position>,
    /// Free positions, lowest first.
    free: BinaryHeap<Reverse<u16>>,
    /// Number of exited threads that are not freed yet.
    exited: usize,
    /// Positions that were unreferenced when they were added; some may have references again.
    unreferenced: Vec<u16>,
}

/// The positions of all slots.
#[derive(Default)]
pub(crate) struct ThreadTable {
    slots: [SlotTable; HW_THREADS],
    /// Counters of created and refused threads.
    pub(crate) counters: SchedulerCounters,
}

impl ThreadTable {
    fn slot_table(&mut self, r: ThreadRef) -> Result<&mut SlotTable, SchedError> {
        self.slots.get_mut(usize::from(r.hw_id)).ok_or(SchedError::Stale(r))
    }

    /// Allocates a name for a new thread on `slot`, after freeing unreferenced exited threads if
    /// there are several. `free` drops the record of a thread; its second argument is the slot that
    /// the directory has for it.
    pub(crate) fn add(
        &mut self,
        slot: u8,
        directory: &ThreadDirectory,
        free: impl FnMut(ThreadRef, u8),
    ) -> Result<ThreadRef, SchedError> {
        let table = self.slots.get_mut(usize::from(slot)).ok_or(SchedError::NoProcessor(u32::from(slot)))?;
        let made = table.add(slot, directory, free);
        match made {
            Ok(_) => self.counters.spawn_ok += 1,
            Err(_) => self.counters.spawn_rejected += 1,
        }
        made
    }

    /// Counts a reference.
    pub(crate) fn retain(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.slot_table(r)?.position(r)?.references += 1;
        Ok(())
    }

    /// Releases a counted reference.
    pub(crate) fn release(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let table = self.slot_table(r)?;
        let position = table.position(r)?;
        position.references = position.references.checked_sub(1).ok_or(SchedError::Stale(r))?;
        table.list(r)
    }

    /// Records that a thread has exited.
    pub(crate) fn note_exit(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let table = self.slot_table(r)?;
        table.position(r)?.state = Use::Exited;
        table.exited += 1;
        table.list(r)
    }
}

impl SlotTable {
    fn position(&mut self, r: ThreadRef) -> Result<&mut Position, SchedError> {
        count_look();
        self.positions
            .get_mut(usize::from(r.idx))
            .filter(|position| position.generation == r.generation && position.state != Use::Free)
            .ok_or(SchedError::Stale(r))
    }

    fn add(
        &mut self,
        hw_id: u8,
        directory: &ThreadDirectory,
        free: impl FnMut(ThreadRef, u8),
    ) -> Result<ThreadRef, SchedError> {
        if self.exited >= PRUNE_AT {
            self.prune(hw_id, directory, free);
        }
        let idx = if let Some(Reverse(idx)) = self.free.pop() {
            idx
        } else {
            let idx = u16::try_from(self.positions.len()).map_err(|_| SchedError::Full(hw_id))?;
            self.positions.push(Position::default());
            idx
        };
        let position = &mut self.positions[usize::from(idx)];
        position.state = Use::Live;
        let reference = ThreadRef { hw_id, generation: position.generation, idx };
        directory.add(reference, hw_id)?;
        Ok(reference)
    }

    /// Adds a thread to `unreferenced` if it may be freed.
    fn list(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let position = self.position(r)?;
        if position.may_be_freed() && !position.listed {
            position.listed = true;
            self.unreferenced.push(r.idx);
        }
        Ok(())
    }

    /// Frees exited threads that have no references.
    fn prune(&mut self, hw_id: u8, directory: &ThreadDirectory, mut free: impl FnMut(ThreadRef, u8)) {
        for idx in self.unreferenced.drain(..) {
            count_look();
            let position = &mut self.positions[usize::from(idx)];
            position.listed = false;
            if position.may_be_freed() {
                let r = ThreadRef { hw_id, generation: position.generation, idx };
                if let Ok(slot) = directory.slot_of(r) {
                    free(r, slot);
                }
                directory.remove(r);
                position.state = Use::Free;
                // 8 bits: after 256 threads at one position, a name kept without a reference is
                // valid again.
                position.generation = position.generation.wrapping_add(1);
                self.exited -= 1;
                self.free.push(Reverse(idx));
            }
        }
    }
}
