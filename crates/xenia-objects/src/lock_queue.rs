//! Wait queues of locks in guest memory (critical sections, spin locks): first come, first served.
//!
//! The lock itself is a word in guest memory; a thread that finds it free takes it without using
//! the queue. A thread that finds it taken reads it again under its shard's lock and joins the
//! queue under the same lock. A thread that releases the lock checks the queue afterwards. So one
//! of the two always sees the other. Each kind of lock defines its word.

mod state;

pub use state::LockQueuesState;

use super::sharded::Sharded;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicUsize, fence};
use xenia_guest::GuestAddr;
use xenia_sched::ThreadRef;
use xenia_sync::{Level, Mutex, MutexGuard};

/// A thread that waits for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockWaiter {
    pub thread: ThreadRef,
    /// The value that the lock word will have as its owner.
    pub owner: GuestAddr,
    /// The result of the thread's call once it has the lock.
    pub result: u64,
}

type Queues = BTreeMap<GuestAddr, VecDeque<LockWaiter>>;

#[derive(Debug)]
struct Shard {
    /// Threads in the queues of this shard, and threads about to join one.
    waiting: AtomicUsize,
    queues: Mutex<Queues>,
}

/// The wait queues of all locks of one kind.
#[derive(Debug)]
pub struct LockQueues {
    shards: Sharded<Shard>,
    /// Threads in all queues.
    parked: AtomicUsize,
}

/// A contended lock.
pub(super) struct ContendedLock {
    /// Address of the lock.
    pub(super) at: GuestAddr,
    /// The first waiter of its queue.
    pub(super) first: LockWaiter,
}

/// One lock's queue, locked: no thread joins or leaves it meanwhile.
pub(super) struct LockQueue<'a> {
    all: &'a LockQueues,
    shard: &'a Shard,
    queues: MutexGuard<'a, Queues>,
    at: GuestAddr,
}

/// A reservation in a lock's queue for a thread that is about to wait. While it exists, a thread
/// that releases the lock checks the queue.
pub(super) struct Place<'a>(LockQueue<'a>);

impl LockQueues {
    /// Creates empty queues. The shards' locks have ordinals from `first` on.
    pub fn new(first: u32) -> Self {
        let shards = Sharded::new(|shard| Shard {
            waiting: AtomicUsize::new(0),
            queues: Mutex::numbered(Level::Dispatcher, first + shard, Queues::new()),
        });
        Self { shards, parked: AtomicUsize::new(0) }
    }

    /// Whether a thread may wait for the lock at `at`. The caller has just released that lock.
    pub(super) fn is_waited_for(&self, at: GuestAddr) -> bool {
        // Pairs with `place`: a waiter counts itself before its last read of the word.
        fence(SeqCst);
        self.shards.shard_at(at).waiting.load(SeqCst) > 0
    }

    /// The queue of the lock at `at`.
    pub(super) fn queue(&self, at: GuestAddr) -> LockQueue<'_> {
        let shard = self.shards.shard_at(at);
        LockQueue { all: self, shard, queues: shard.queues.lock(), at }
    }

    /// Whether any of the queues has a waiter. Takes no lock.
    pub fn has_waiters(&self) -> bool {
        self.parked.load(Relaxed) > 0
    }

    /// Calls `look` with the first waiter of each queue; returning `true` means that this waiter
    /// now has the lock, and removes it. No thread joins or leaves a queue of the shard meanwhile.
    pub(super) fn look_through(&self, mut look: impl FnMut(ContendedLock) -> bool) {
        for shard in self.shards.iter().filter(|shard| shard.waiting.load(SeqCst) > 0) {
            shard.queues.lock().retain(|&at, waiters| {
                if let Some(&first) = waiters.front()
                    && look(ContendedLock { at, first })
                {
                    waiters.pop_front();
                    shard.waiting.fetch_sub(1, Relaxed);
                    self.parked.fetch_sub(1, Relaxed);
                }
                !waiters.is_empty()
            });
        }
    }

    /// Reserves a place at the end of the queue of the lock at `at`. The caller must read the lock
    /// word once more afterwards.
    pub(super) fn place(&self, at: GuestAddr) -> Place<'_> {
        let queue = self.queue(at);
        queue.shard.waiting.fetch_add(1, SeqCst);
        fence(SeqCst);
        Place(queue)
    }

    /// Runs `end` while the queue of the lock at `at` is locked. If `end` returns `true`, it has
    /// ended the thread's wait, and the thread is removed from the queue.
    pub fn end_wait(&self, at: GuestAddr, thread: ThreadRef, end: impl FnOnce() -> bool) {
        let mut queue = self.queue(at);
        if end() {
            queue.leave(thread);
        }
    }
}

impl LockQueue<'_> {
    /// The first waiter.
    pub(super) fn first(&self) -> Option<LockWaiter> {
        self.queues.get(&self.at)?.front().copied()
    }

    /// Removes the first waiter, which has the lock by now.
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
    /// Joins the queue.
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
    fn queues_are_fifo_and_leave_no_entries() {
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

    #[test]
    fn restored_queues_continue_as_the_saved_ones_and_empty_ones_are_refused() {
        let waiter = |idx| LockWaiter {
            thread: ThreadRef { hw_id: 5, generation: 1, idx },
            owner: GuestAddr(u32::from(idx)),
            result: 7,
        };
        let queues = LockQueues::new(0);
        let locks = [0x100, 0x110, 0x2000].map(GuestAddr);
        for idx in 0..6 {
            queues.place(locks[usize::from(idx) % 3]).take(waiter(idx));
        }
        let restored = LockQueues::new(0);
        restored.place(GuestAddr(0x3000)).take(waiter(9));
        restored.restore(queues.state()).unwrap();
        for _ in 0..2 {
            assert_eq!(restored.state(), queues.state());
            assert!(restored.has_waiters() && !restored.is_waited_for(GuestAddr(0x3000)));
            for at in locks {
                assert!(restored.is_waited_for(at));
                let firsts = [&queues, &restored].map(|queues| {
                    let mut queue = queues.queue(at);
                    let first = queue.first();
                    queue.pop();
                    first
                });
                assert_eq!(firsts[0], firsts[1]);
            }
        }
        assert!(!restored.has_waiters());
        assert!(restored.restore(LockQueuesState::of(locks[0], &[])).is_err());
        let elsewhere = LockWaiter { thread: ThreadRef { hw_id: 6, ..waiter(0).thread }, ..waiter(0) };
        assert!(restored.restore(LockQueuesState::of(locks[0], &[elsewhere])).is_err());
    }
}
