//! Who waits for a lock in the title's own memory: first come, first served.
//!
//! The lock itself is a word there, which those who find it free take without any of this. Whoever
//! finds it taken looks again under the lock of its shard, and joins the queue under the same;
//! whoever gives it back looks into the queue after that. So one of the two sees the other. Each
//! kind of lock says what its word is.

use super::sharded::Sharded;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicUsize, fence};
use xenia_guest::GuestAddr;
use xenia_sched::ThreadRef;
use xenia_sync::{Level, Mutex, MutexGuard};

/// One who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockWaiter {
    /// The thread.
    pub thread: ThreadRef,
    /// What the lock will name as its owner.
    pub owner: GuestAddr,
    /// What the thread's call returns when it has the lock.
    pub result: u64,
}

type Queues = BTreeMap<GuestAddr, VecDeque<LockWaiter>>;

#[derive(Debug)]
struct Shard {
    /// Threads in its queues, and those on their way there.
    waiting: AtomicUsize,
    queues: Mutex<Queues>,
}

/// The queues of all locks of one kind.
#[derive(Debug)]
pub struct LockQueues {
    shards: Sharded<Shard>,
    /// Threads in all queues.
    parked: AtomicUsize,
}

/// The first of a lock's queue, and where the lock is.
pub(super) type Head = (GuestAddr, LockWaiter);

/// One lock's queue: nobody joins or leaves it meanwhile.
pub(super) struct LockQueue<'a> {
    all: &'a LockQueues,
    shard: &'a Shard,
    queues: MutexGuard<'a, Queues>,
    at: GuestAddr,
}

/// A place in a lock's queue, for one who is about to wait: whoever gives the lock back from now on
/// looks into the queue.
pub(super) struct Place<'a>(LockQueue<'a>);

impl LockQueues {
    /// Nobody waits. The shards' locks have ordinals from `first` on.
    pub(crate) fn new(first: u32) -> Self {
        let shards = Sharded::new(|shard| Shard {
            waiting: AtomicUsize::new(0),
            queues: Mutex::numbered(Level::Dispatcher, first + shard, Queues::new()),
        });
        Self { shards, parked: AtomicUsize::new(0) }
    }

    /// Whether somebody may wait for the lock at `at`, which the caller has given back just now.
    pub(super) fn is_waited_for(&self, at: GuestAddr) -> bool {
        // One who waits has counted before it looked at the word for the last time.
        fence(SeqCst);
        self.shards.of(at).waiting.load(SeqCst) > 0
    }

    /// The queue of the lock at `at`.
    pub(super) fn queue(&self, at: GuestAddr) -> LockQueue<'_> {
        let shard = self.shards.of(at);
        LockQueue { all: self, shard, queues: shard.queues.lock(), at }
    }

    /// Whether somebody stands in any of the queues. Takes no lock.
    pub(crate) fn has_waiters(&self) -> bool {
        self.parked.load(Relaxed) > 0
    }

    /// Shows `look` the first of each queue; one for whom it says yes has the lock, and leaves its
    /// queue. Nobody joins or leaves a queue meanwhile.
    pub(super) fn look_through(&self, mut look: impl FnMut(Head) -> bool) {
        for shard in self.shards.iter().filter(|shard| shard.waiting.load(SeqCst) > 0) {
            shard.queues.lock().retain(|&at, waiters| {
                if let Some(&first) = waiters.front()
                    && look((at, first))
                {
                    waiters.pop_front();
                    shard.waiting.fetch_sub(1, Relaxed);
                    self.parked.fetch_sub(1, Relaxed);
                }
                !waiters.is_empty()
            });
        }
    }

    /// A place at the end of the queue of the lock at `at`. The caller looks at the lock once more.
    pub(super) fn place(&self, at: GuestAddr) -> Place<'_> {
        let queue = self.queue(at);
        queue.shard.waiting.fetch_add(1, SeqCst);
        fence(SeqCst);
        Place(queue)
    }

    /// Runs `end` while nobody joins or leaves the queue of the lock at `at`; if it says that it
    /// has ended a thread's wait, takes the thread off that queue.
    pub(crate) fn end_wait(&self, at: GuestAddr, thread: ThreadRef, end: impl FnOnce() -> bool) {
        let mut queue = self.queue(at);
        if end() {
            queue.leave(thread);
        }
    }
}

impl LockQueue<'_> {
    /// The first in the queue.
    pub(super) fn first(&self) -> Option<LockWaiter> {
        self.queues.get(&self.at)?.front().copied()
    }

    /// Takes the first out of the queue, who has the lock by now.
    pub(super) fn pop(&mut self) {
        let Some(waiters) = self.queues.get_mut(&self.at) else { return };
        if waiters.pop_front().is_some() {
            self.shard.waiting.fetch_sub(1, Relaxed);
            self.all.parked.fetch_sub(1, Relaxed);
        }
        self.forget_empty();
    }

    fn leave(&mut self, thread: ThreadRef) {
        let Some(waiters) = self.queues.get_mut(&self.at) else { return };
        let before = waiters.len();
        waiters.retain(|waiter| waiter.thread != thread);
        let left = before - waiters.len();
        self.shard.waiting.fetch_sub(left, Relaxed);
        self.all.parked.fetch_sub(left, Relaxed);
        self.forget_empty();
    }

    fn forget_empty(&mut self) {
        if self.queues.get(&self.at).is_some_and(VecDeque::is_empty) {
            self.queues.remove(&self.at);
        }
    }
}

impl Place<'_> {
    /// Takes the place; the wait is open.
    pub(super) fn take(mut self, waiter: LockWaiter) {
        self.0.shard.waiting.fetch_add(1, Relaxed);
        self.0.all.parked.fetch_add(1, Relaxed);
        let at = self.0.at;
        self.0.queues.entry(at).or_default().push_back(waiter);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.shard.waiting.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_first_come_first_served_and_leave_nothing_behind() {
        let queues = LockQueues::new(0);
        let at = GuestAddr(0x100);
        let waiter = |idx| LockWaiter {
            thread: ThreadRef { hw_id: 0, generation: 0, idx },
            owner: GuestAddr(u32::from(idx)),
            result: 0,
        };
        assert!(!queues.is_waited_for(at));
        let place = queues.place(at);
        assert!(queues.is_waited_for(at), "before it has the place");
        drop(place);
        assert!(!queues.is_waited_for(at), "it got the lock after all");
        for idx in 0..3 {
            queues.place(at).take(waiter(idx));
        }
        queues.end_wait(at, waiter(1).thread, || false);
        assert_eq!(queues.queue(at).first(), Some(waiter(0)));
        queues.end_wait(at, waiter(0).thread, || true);
        for idx in [1, 2] {
            assert!(queues.is_waited_for(at));
            let mut queue = queues.queue(at);
            assert_eq!(queue.first(), Some(waiter(idx)));
            queue.pop();
        }
        queues.queue(at).pop();
        assert!(!queues.is_waited_for(at));
        assert!(queues.queue(at).queues.is_empty());
    }
}
