//! Saved state of the thread table. Free positions and counts are found again from the positions.

use super::{Position, SlotTable, ThreadTable, Use};
use crate::counters::CountersState;
use crate::{HW_THREADS, SchedulerCounters, ThreadRef};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use xenia_state::{Impossible, check};

/// Maximum number of counted references to one thread.
const MAX_REFERENCES: u32 = 1 << 24;

/// The names of threads, as they are saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ThreadTableState {
    slots: [SlotTableState; HW_THREADS],
    counters: CountersState,
}

/// The names of threads created on one slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SlotTableState {
    positions: Vec<Position>,
    unreferenced: Vec<u16>,
}

impl ThreadTable {
    /// The table, for a saved state.
    pub(crate) fn state(&self) -> ThreadTableState {
        let Self { slots, counters } = self;
        ThreadTableState { slots: slots.each_ref().map(SlotTable::state), counters: counters.state() }
    }

    /// A table from a saved state.
    pub(crate) fn restored(state: ThreadTableState) -> Result<Self, Impossible> {
        let ThreadTableState { slots, counters } = state;
        let mut table = Self { counters: SchedulerCounters::restored(counters)?, ..Self::default() };
        for (slot, state) in table.slots.iter_mut().zip(slots) {
            *slot = SlotTable::restored(state)?;
        }
        Ok(table)
    }

    /// Number of positions of a slot's table.
    pub(crate) fn positions(&self, hw_id: u8) -> usize {
        self.slots.get(usize::from(hw_id)).map_or(0, |slot| slot.positions.len())
    }

    /// All positions, each with its present name, and whether that thread has exited; `None` if the
    /// position is free.
    pub(crate) fn names(&self) -> impl Iterator<Item = (ThreadRef, Option<bool>)> {
        self.slots.iter().zip(0..).flat_map(|(slot, hw_id)| {
            slot.positions.iter().zip(0..=u16::MAX).map(move |(position, idx)| {
                let has_exited = match position.state {
                    Use::Free => None,
                    Use::Live => Some(false),
                    Use::Exited => Some(true),
                };
                (ThreadRef { hw_id, generation: position.generation, idx }, has_exited)
            })
        })
    }
}

impl SlotTable {
    fn state(&self) -> SlotTableState {
        // Both are rebuilt from the positions.
        let Self { positions, free: _, exited: _, unreferenced } = self;
        SlotTableState { positions: positions.clone(), unreferenced: unreferenced.clone() }
    }

    fn restored(state: SlotTableState) -> Result<Self, Impossible> {
        let SlotTableState { positions, unreferenced } = state;
        check(positions.len() <= usize::from(u16::MAX) + 1, "a slot has too many positions of threads")?;
        let is_possible = |position: &Position| position.references <= MAX_REFERENCES;
        check(positions.iter().all(is_possible), "a thread has too many references")?;
        let mut listed = vec![false; positions.len()];
        for &idx in &unreferenced {
            let found = listed.get_mut(usize::from(idx)).filter(|listed| !**listed);
            *found.ok_or("an unreferenced thread is listed twice, or has no position")? = true;
        }
        let is_right = positions.iter().map(|position| position.listed).eq(listed);
        check(is_right, "the list of unreferenced threads is not that of their marks")?;
        let used =
            |state| positions.iter().zip(0..=u16::MAX).filter(move |(position, _)| position.state == state);
        let free = used(Use::Free).map(|(_, idx)| Reverse(idx)).collect();
        let exited = used(Use::Exited).count();
        Ok(Self { positions, free, exited, unreferenced })
    }
}
