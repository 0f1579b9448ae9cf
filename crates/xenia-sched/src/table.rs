//! The thread table of one slot: positions with a generation and a count of references each.
//!
//! A thread gets the lowest free position, found without looking at the others; of those kept after their threads' end
//! only the ones that nobody refers to are looked at. Every exited thread that nobody refers to is in `unreferenced`.

use crate::thread::ThreadState;
use crate::{GuestThread, SchedError, ThreadRef};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Exited threads that a table keeps before it frees those nobody refers to.
const PRUNE_AT: usize = 4;

#[derive(Default)]
struct Position {
    generation: u8,
    references: u32,
    thread: Option<GuestThread>,
    /// Whether it is in `unreferenced`.
    listed: bool,
}

impl Position {
    /// Whether its thread has ended, and nobody refers to it.
    fn may_be_freed(&self) -> bool {
        self.references == 0
            && matches!(&self.thread, Some(t) if matches!(t.state, ThreadState::Exited { .. }))
    }
}

/// Threads spawned on one slot.
#[derive(Default)]
pub(crate) struct ThreadTable {
    positions: Vec<Position>,
    /// Positions without a thread.
    free: BinaryHeap<Reverse<u16>>,
    /// Threads that have exited and are kept.
    exited: usize,
    /// Positions that could be freed when they came here; some may be referred to again.
    unreferenced: Vec<u16>,
}

impl ThreadTable {
    fn position(&self, r: ThreadRef) -> Result<&Position, SchedError> {
        count_look();
        self.positions
            .get(usize::from(r.idx))
            .filter(|p| p.generation == r.generation && p.thread.is_some())
            .ok_or(SchedError::Stale(r))
    }

    fn position_mut(&mut self, r: ThreadRef) -> Result<&mut Position, SchedError> {
        count_look();
        self.positions
            .get_mut(usize::from(r.idx))
            .filter(|p| p.generation == r.generation && p.thread.is_some())
            .ok_or(SchedError::Stale(r))
    }

    pub(crate) fn get(&self, r: ThreadRef) -> Result<&GuestThread, SchedError> {
        self.position(r)?.thread.as_ref().ok_or(SchedError::Stale(r))
    }

    pub(crate) fn get_mut(&mut self, r: ThreadRef) -> Result<&mut GuestThread, SchedError> {
        self.position_mut(r)?.thread.as_mut().ok_or(SchedError::Stale(r))
    }

    /// Finds a free position and puts there what `make` builds for its name.
    pub(crate) fn insert(
        &mut self,
        hw_id: u8,
        make: impl FnOnce(ThreadRef) -> GuestThread,
    ) -> Result<ThreadRef, SchedError> {
        if self.exited >= PRUNE_AT {
            self.prune();
        }
        let idx = if let Some(Reverse(idx)) = self.free.pop() {
            idx
        } else {
            let idx = u16::try_from(self.positions.len()).map_err(|_| SchedError::Full(hw_id))?;
            self.positions.push(Position::default());
            idx
        };
        let position = &mut self.positions[usize::from(idx)];
        let reference = ThreadRef { hw_id, generation: position.generation, idx };
        position.thread = Some(make(reference));
        Ok(reference)
    }

    /// Counts a reference.
    pub(crate) fn retain(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.position_mut(r)?.references += 1;
        Ok(())
    }

    /// Takes a counted reference back.
    pub(crate) fn release(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let position = self.position_mut(r)?;
        position.references = position.references.checked_sub(1).ok_or(SchedError::Stale(r))?;
        self.list(r)
    }

    /// Notes that a thread has exited.
    pub(crate) fn note_exit(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.exited += 1;
        self.list(r)
    }

    /// Remembers a thread that may be freed, if this one may.
    fn list(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let position = self.position_mut(r)?;
        if position.may_be_freed() && !position.listed {
            position.listed = true;
            self.unreferenced.push(r.idx);
        }
        Ok(())
    }

    /// Frees exited threads that nobody refers to.
    fn prune(&mut self) {
        for idx in self.unreferenced.drain(..) {
            count_look();
            let position = &mut self.positions[usize::from(idx)];
            position.listed = false;
            if position.may_be_freed() {
                position.thread = None;
                position.generation = position.generation.wrapping_add(1);
                self.exited -= 1;
                self.free.push(Reverse(idx));
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &GuestThread> {
        self.positions.iter().inspect(|_| count_look()).filter_map(|p| p.thread.as_ref())
    }
}

#[cfg(test)]
thread_local! {
    /// Positions that were looked at, of all tables of this host thread: what tests of costs count.
    pub(crate) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

fn count_look() {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
}
