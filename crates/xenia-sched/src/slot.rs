//! One hardware thread (slot): its threads, the running one, and the run queues. In parallel runs,
//! the slot's lock protects all of it.
//!
//! A ready thread is in `queues`, and for each other hardware thread that it may run on also in
//! that thread's queue in `elsewhere`, in the same order. So an idle hardware thread finds a thread
//! to take without searching threads that can't migrate.

mod control;
pub(crate) mod moves;
mod records;
pub(crate) mod state;
mod visits;
mod waits;

use crate::queue::{QueueEnd, RunQueues};
use crate::thread::DeadlineKey;
use crate::{HW_THREADS, SchedulerCounters, ThreadRef};
use records::Records;
use std::collections::BTreeMap;
pub(crate) use visits::WholeVisits;

/// Bit of the signals, above those of the slots: the time-keeper must wake up earlier than planned.
pub(crate) const KEEPER: u8 = 1 << 6;

/// A hardware thread of the console: its threads and run queues.
#[derive(Debug, Default)]
pub struct HwSlot {
    /// Number of the hardware thread.
    hw_id: u8,
    /// Records of the threads that are on this slot.
    pub(crate) records: Records,
    /// The running thread; it is in no queue.
    running: Option<ThreadRef>,
    /// A thread that holds the slot while it waits for a spin lock. No other thread runs then.
    spinning: Option<ThreadRef>,
    /// Instructions left of the running thread's quantum. After it, the thread yields to ready ones
    /// of equal priority.
    quantum_left: i64,
    /// Whether the running thread has yielded to the other ready threads and is still to be
    /// replaced.
    yields: bool,
    /// Whether the running thread was chosen by the yield of a thread of higher priority. Ready
    /// threads of higher priority then wait until its quantum ends, or another one becomes ready.
    is_yielded_to: bool,
    /// Ready threads of this slot.
    queues: RunQueues,
    /// Ready threads that may also run on another slot, by that slot.
    elsewhere: [RunQueues; HW_THREADS],
    /// Number of threads in `elsewhere`, each counted once.
    roaming: usize,
    /// A bit per other slot that could take one of those.
    offered_to: u8,
    /// Deadlines of waits of this slot's threads.
    timed: BTreeMap<DeadlineKey, ThreadRef>,
    /// Threads whose priority the scheduler has changed and not reported to the guest yet, without
    /// duplicates; threads that have left may be among them.
    changed_priorities: Vec<ThreadRef>,
    last_ran: Option<ThreadRef>,
    /// A bit per slot whose host thread must be notified, and [`KEEPER`].
    signals: u8,
    /// Counters of this slot.
    pub(crate) counters: SchedulerCounters,
}

/// A ready thread, as it is queued.
#[derive(Clone, Copy)]
struct ReadyThread {
    thread: ThreadRef,
    priority: u8,
    /// A bit per other hardware thread that it may run on.
    others: u8,
}

/// The hardware threads in a mask, which has a bit for each.
fn hw_ids_in(mask: u8) -> impl Iterator<Item = usize> {
    (0..HW_THREADS).filter(move |hw_id| mask >> hw_id & 1 != 0)
}

impl HwSlot {
    pub(crate) fn new(hw_id: u8) -> Self {
        Self { hw_id, ..Self::default() }
    }

    /// Takes the pending notifications: a bit per slot, and [`KEEPER`].
    pub(crate) fn take_signals(&mut self) -> u8 {
        std::mem::take(&mut self.signals)
    }

    /// The running thread.
    pub fn running(&self) -> Option<ThreadRef> {
        self.running
    }

    /// The thread that holds the slot while it waits for a spin lock.
    pub fn spinning(&self) -> Option<ThreadRef> {
        self.spinning
    }

    /// Ready threads, in the order in which they would run.
    pub fn ready(&self) -> impl Iterator<Item = ThreadRef> + '_ {
        self.queues.iter()
    }

    /// Whether a thread is ready on this slot.
    pub(crate) fn has_ready(&self) -> bool {
        !self.queues.is_empty()
    }

    /// The highest priority of the ready threads.
    fn highest_ready(&self) -> Option<u8> {
        self.queues.highest()
    }

    /// Queues a ready thread, before or after threads of equal priority.
    fn make_ready(&mut self, ready: ReadyThread, end: QueueEnd) {
        self.queues.push(ready.priority, ready.thread, end);
        self.queue_elsewhere(ready, end);
    }

    /// Queues a ready thread in `elsewhere`, for each other hardware thread that it may run on.
    fn queue_elsewhere(&mut self, ready: ReadyThread, end: QueueEnd) {
        let ReadyThread { thread, priority, others } = ready;
        for hw_id in hw_ids_in(others) {
            self.elsewhere[hw_id].push(priority, thread, end);
        }
        self.roaming += usize::from(others != 0);
    }

    /// Removes and returns the next thread to run.
    fn take_ready(&mut self) -> Option<ThreadRef> {
        // Before the removal, which may leave that queue empty.
        let priority = self.queues.highest()?;
        let thread = self.queues.pop()?;
        if self.roaming != 0 {
            let mut roams = false;
            for queues in &mut self.elsewhere {
                // `elsewhere` has the same order, so the thread is first wherever it is.
                roams |= queues.pop_if_first(priority, thread);
            }
            self.roaming -= usize::from(roams);
        }
        Some(thread)
    }

    /// Removes a thread from any place; returns `false` if it isn't ready here at that priority.
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

    /// Rebuilds `elsewhere` after a change of affinity, from the ready threads in their order.
    fn sort_elsewhere(&mut self, ready: impl Iterator<Item = ReadyThread>) {
        self.elsewhere = Default::default();
        self.roaming = 0;
        for thread in ready {
            self.queue_elsewhere(thread, QueueEnd::Back);
        }
    }

    /// The first ready thread that may run on `hw_id` as well and can't run here at once: the next
    /// thread of a slot without a running one stays.
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
