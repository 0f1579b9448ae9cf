//! Records of the threads on one slot, by name: a table for each slot on which threads are created.

use crate::directory::count_look;
use crate::{GuestThread, HW_THREADS, SchedError, ThreadRef};
use std::fmt;

/// The records of the threads on one slot.
#[derive(Default)]
pub(crate) struct Records {
    homes: [Vec<Option<Box<GuestThread>>>; HW_THREADS],
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(GuestThread::reference)).finish()
    }
}

impl Records {
    fn find(&self, r: ThreadRef) -> Option<&GuestThread> {
        count_look();
        let found = self.homes.get(usize::from(r.hw_id))?.get(usize::from(r.idx))?.as_deref();
        found.filter(|thread| thread.reference == r)
    }

    fn place(&mut self, r: ThreadRef) -> Option<&mut Option<Box<GuestThread>>> {
        count_look();
        self.homes.get_mut(usize::from(r.hw_id))?.get_mut(usize::from(r.idx))
    }

    pub(crate) fn has(&self, r: ThreadRef) -> bool {
        self.find(r).is_some()
    }

    pub(crate) fn get(&self, r: ThreadRef) -> Result<&GuestThread, SchedError> {
        self.find(r).ok_or(SchedError::Stale(r))
    }

    pub(crate) fn get_mut(&mut self, r: ThreadRef) -> Result<&mut GuestThread, SchedError> {
        let thread = self.place(r).and_then(Option::as_deref_mut);
        thread.filter(|thread| thread.reference == r).ok_or(SchedError::Stale(r))
    }

    /// The record of a thread that the slot itself names: only a bug of the scheduler can lose it.
    pub(crate) fn known_mut(&mut self, r: ThreadRef) -> Option<&mut GuestThread> {
        let found = self.get_mut(r);
        debug_assert!(found.is_ok(), "a slot has lost the record of thread {r:?}");
        if let Err(error) = &found {
            tracing::error!(target: "sched", "a slot runs or queues a thread without a record: {error}");
        }
        found.ok()
    }

    /// Adds a thread that has arrived on this slot.
    pub(crate) fn add(&mut self, thread: Box<GuestThread>) {
        let ThreadRef { hw_id, idx, .. } = thread.reference;
        debug_assert!(usize::from(hw_id) < HW_THREADS, "no slot has threads of this name");
        let Some(home) = self.homes.get_mut(usize::from(hw_id)) else {
            tracing::error!(target: "sched", "thread {:?} of no slot is lost", thread.reference);
            return;
        };
        let index = usize::from(idx);
        if home.len() <= index {
            home.resize_with(index + 1, || None);
        }
        home[index] = Some(thread);
    }

    /// Removes a thread that leaves this slot.
    pub(crate) fn remove(&mut self, r: ThreadRef) -> Result<Box<GuestThread>, SchedError> {
        // The position may have the record of a thread with another generation.
        self.place(r)
            .and_then(|place| place.take_if(|thread| thread.reference == r))
            .ok_or(SchedError::Stale(r))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut GuestThread> {
        self.homes.iter_mut().flatten().filter_map(|thread| thread.as_deref_mut())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &GuestThread> {
        self.homes.iter().flatten().inspect(|_| count_look()).filter_map(|thread| thread.as_deref())
    }
}
