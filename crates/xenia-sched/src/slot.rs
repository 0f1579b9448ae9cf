//! One hardware thread: the threads that are on it, who runs, and who waits for it. Where threads
//! run at once, all of it is behind the slot's lock.
//!
//! A ready thread is in `queues`, and for each other hardware thread that it may run on in
//! `elsewhere`'s queue of that one, in the same order: so a hardware thread with nobody finds whom
//! it may take without looking at who must stay.

mod control;
pub(crate) mod moves;
mod records;
mod visits;
mod waits;

use crate::{GuestTicks, HW_THREADS, RunQueues, SchedulerCounters, ThreadRef};
use records::Records;
use std::collections::BTreeMap;

/// Beside the bits of the slots among the signals: the time-keeper sleeps for too long.
pub(crate) const KEEPER: u8 = 1 << 6;

/// A hardware thread of the console.
#[derive(Debug, Default)]
pub struct HwSlot {
    /// Its number.
    hw_id: u8,
    /// The threads that are here.
    pub(crate) records: Records,
    /// The thread that has the slot; it is in no queue.
    running: Option<ThreadRef>,
    /// A thread that keeps the slot while it waits for a spin lock. Nobody runs then.
    spinning: Option<ThreadRef>,
    /// Instructions left until the running thread makes way for its equal-priority peers.
    quantum_left: i64,
    /// Threads that are ready to run here.
    queues: RunQueues,
    /// Of them, those that may run on another, by that one.
    elsewhere: [RunQueues; HW_THREADS],
    /// Threads in `elsewhere`, each counted once.
    roaming: usize,
    /// A bit per other slot that could take one of those.
    on_offer: u8,
    /// Waits of threads here that have a deadline, by it and their number.
    timed: BTreeMap<(GuestTicks, u64), ThreadRef>,
    /// Threads whose priority has changed by itself since the guest was told, each once, and some
    /// that have left.
    news: Vec<ThreadRef>,
    last_ran: Option<ThreadRef>,
    /// A bit per slot whose owner is to look at what has changed, and [`KEEPER`].
    signals: u8,
    /// What was done here.
    pub(crate) counters: SchedulerCounters,
}

/// The hardware threads of a mask, a bit each.
fn of(mask: u8) -> impl Iterator<Item = usize> {
    (0..HW_THREADS).filter(move |hw_id| mask >> hw_id & 1 != 0)
}

impl HwSlot {
    pub(crate) fn new(hw_id: u8) -> Self {
        Self { hw_id, ..Self::default() }
    }

    /// Who has to be told of what has changed since this was last asked, for an executor: a bit per
    /// slot, and [`KEEPER`].
    pub(crate) fn take_signals(&mut self) -> u8 {
        std::mem::take(&mut self.signals)
    }

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
    fn highest_ready(&self) -> Option<u8> {
        self.queues.highest()
    }

    /// A thread is ready to run here, before or behind its peers; `others`: a bit per other
    /// hardware thread that it may run on.
    fn make_ready(&mut self, thread: ThreadRef, priority: u8, others: u8, front: bool) {
        self.queues.push(priority, thread, front);
        for hw_id in of(others) {
            self.elsewhere[hw_id].push(priority, thread, front);
        }
        self.roaming += usize::from(others != 0);
    }

    /// Takes the thread that is to run next.
    fn take_ready(&mut self) -> Option<ThreadRef> {
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
    fn remove_ready(&mut self, priority: u8, thread: ThreadRef) -> bool {
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

    /// Where threads may run has changed: these are those that are ready here, in their order, with
    /// their priorities and the other hardware threads that they may run on.
    fn sort_elsewhere(&mut self, ready: impl Iterator<Item = (ThreadRef, u8, u8)>) {
        self.elsewhere = Default::default();
        self.roaming = 0;
        for (thread, priority, others) in ready {
            for hw_id in of(others) {
                self.elsewhere[hw_id].push(priority, thread, false);
            }
            self.roaming += usize::from(others != 0);
        }
    }

    /// The first of those that are ready here, may run on `hw_id` as well, and have to wait:
    /// whoever is next on a slot that nobody has stays there.
    fn first_for(&self, hw_id: u8) -> Option<ThreadRef> {
        if self.roaming == 0 {
            return None;
        }
        let queues = self.elsewhere.get(usize::from(hw_id))?;
        let first = queues.first()?;
        let stays = self.running.is_none() && self.queues.first() == Some(first);
        if stays { queues.iter().nth(1) } else { Some(first) }
    }
}
