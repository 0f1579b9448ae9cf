//! One hardware thread: who runs on it, and who waits for it.
//!
//! A ready thread is in `queues`, and for each other hardware thread that it may run on in `elsewhere`'s queue of that one,
//! in the same order: so a hardware thread with nobody finds whom it may take without looking at who must stay.

use crate::{HW_THREADS, RunQueues, ThreadRef};

/// A hardware thread of the console.
#[derive(Debug, Default)]
pub struct HwSlot {
    /// The thread that has the slot; it is in no queue.
    pub(crate) running: Option<ThreadRef>,
    /// A thread that keeps the slot while it waits for a spin lock. Nobody runs then.
    pub(crate) spinning: Option<ThreadRef>,
    /// Instructions left until the running thread makes way for its equal-priority peers.
    pub(crate) quantum_left: i64,
    /// Threads that are ready to run here.
    queues: RunQueues,
    /// Of them, those that may run on another, by that one.
    elsewhere: [RunQueues; HW_THREADS],
    /// Threads in `elsewhere`, each counted once.
    roaming: usize,
}

/// The hardware threads of a mask, a bit each.
fn of(mask: u8) -> impl Iterator<Item = usize> {
    (0..HW_THREADS).filter(move |hw_id| mask >> hw_id & 1 != 0)
}

impl HwSlot {
    /// The thread that has the slot.
    pub fn running(&self) -> Option<ThreadRef> {
        self.running
    }

    /// The thread that keeps the slot while it waits for a spin lock.
    pub fn spinning(&self) -> Option<ThreadRef> {
        self.spinning
    }

    /// Threads that are ready to run here, in the order they would.
    pub fn ready(&self) -> impl Iterator<Item = ThreadRef> + '_ {
        self.queues.iter()
    }

    /// Whether somebody is ready to run here.
    pub(crate) fn has_ready(&self) -> bool {
        !self.queues.is_empty()
    }

    /// The highest priority that has a ready thread.
    pub(crate) fn highest_ready(&self) -> Option<u8> {
        self.queues.highest()
    }

    /// A thread is ready to run here, before or behind its peers; `others`: a bit per other hardware thread that it may run
    /// on.
    pub(crate) fn make_ready(&mut self, thread: ThreadRef, priority: u8, others: u8, front: bool) {
        self.queues.push(priority, thread, front);
        for hw_id in of(others) {
            self.elsewhere[hw_id].push(priority, thread, front);
        }
        self.roaming += usize::from(others != 0);
    }

    /// Takes the thread that is to run next.
    pub(crate) fn take_ready(&mut self) -> Option<ThreadRef> {
        let priority = self.queues.highest()?;
        let thread = self.queues.pop()?;
        if self.roaming != 0 {
            let mut roams = false;
            for queues in &mut self.elsewhere {
                roams |= queues.pop_if_first(priority, thread);
            }
            self.roaming -= usize::from(roams);
        }
        Some(thread)
    }

    /// Takes one thread out, wherever it stands; `false` if it isn't ready here at that priority.
    pub(crate) fn remove_ready(&mut self, priority: u8, thread: ThreadRef) -> bool {
        let found = self.queues.remove(priority, thread);
        if found && self.roaming != 0 {
            let mut roams = false;
            for queues in &mut self.elsewhere {
                roams |= queues.remove(priority, thread);
            }
            self.roaming -= usize::from(roams);
        }
        found
    }

    /// Where threads may run has changed: these are those that are ready here, in their order, with their priorities and
    /// the other hardware threads that they may run on.
    pub(crate) fn sort_elsewhere(&mut self, ready: impl Iterator<Item = (ThreadRef, u8, u8)>) {
        self.elsewhere = Default::default();
        self.roaming = 0;
        for (thread, priority, others) in ready {
            for hw_id in of(others) {
                self.elsewhere[hw_id].push(priority, thread, false);
            }
            self.roaming += usize::from(others != 0);
        }
    }

    /// The first of those that are ready here, may run on `hw_id` as well, and have to wait: whoever is next on a slot
    /// that nobody has stays there.
    pub(crate) fn first_for(&self, hw_id: u8) -> Option<ThreadRef> {
        if self.roaming == 0 {
            return None;
        }
        let next = if self.running.is_none() { self.queues.iter().next() } else { None };
        self.elsewhere.get(usize::from(hw_id))?.iter().find(|&thread| Some(thread) != next)
    }
}
