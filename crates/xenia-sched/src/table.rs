//! The thread table of one slot: positions with a generation and a count of references each.

use crate::thread::ThreadState;
use crate::{GuestThread, SchedError, ThreadRef};

/// Exited threads that a table keeps before it frees those nobody refers to.
const PRUNE_AT: usize = 4;

struct Position {
    generation: u8,
    references: u32,
    thread: Option<GuestThread>,
}

/// Threads spawned on one slot.
#[derive(Default)]
pub(crate) struct ThreadTable {
    positions: Vec<Position>,
    exited: usize,
}

impl ThreadTable {
    fn position(&self, r: ThreadRef) -> Result<&Position, SchedError> {
        self.positions
            .get(usize::from(r.idx))
            .filter(|p| p.generation == r.generation && p.thread.is_some())
            .ok_or(SchedError::Stale(r))
    }

    fn position_mut(&mut self, r: ThreadRef) -> Result<&mut Position, SchedError> {
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
        let idx = match self.positions.iter().position(|p| p.thread.is_none() && p.references == 0) {
            Some(idx) => idx,
            None if u16::try_from(self.positions.len()).is_ok() => {
                self.positions.push(Position { generation: 0, references: 0, thread: None });
                self.positions.len() - 1
            }
            None => return Err(SchedError::Full(hw_id)),
        };
        let position = &mut self.positions[idx];
        let reference = ThreadRef { hw_id, generation: position.generation, idx: idx as u16 };
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
        Ok(())
    }

    /// Notes that one more thread has exited.
    pub(crate) fn note_exit(&mut self) {
        self.exited += 1;
    }

    /// Frees exited threads that nobody refers to.
    pub(crate) fn prune(&mut self) {
        for position in &mut self.positions {
            let gone = matches!(&position.thread, Some(t) if matches!(t.state, ThreadState::Exited { .. }));
            if gone && position.references == 0 {
                position.thread = None;
                position.generation = position.generation.wrapping_add(1);
                self.exited -= 1;
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &GuestThread> {
        self.positions.iter().filter_map(|p| p.thread.as_ref())
    }
}
