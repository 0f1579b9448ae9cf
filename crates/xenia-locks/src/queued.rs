//! The queued lock: a NUMA-aware MCS queue lock in one 32-bit word, with bounded barging and
//! sleeping waiters.
//!
//! The word consists of three atomics: a byte for the lock state, a byte for requests of the
//! queue's head to the holder, 16 bits for the queue's tail. Acquiring a free lock is one
//! compare-and-swap of the first byte; releasing it is a load of the second and a store to the
//! first, without a second locked instruction.
//!
//! **Queue.** A thread that finds the lock taken polls for a short time, then queues as in the lock
//! of Mellor-Crummey and Scott: it swaps itself in as the tail, links itself behind its predecessor
//! and spins on its own [`Node`](crate::node). Only the head of the queue polls the lock. After
//! acquiring it, the head makes the next thread the head and leaves the queue, so a node is in use
//! while its thread waits, not while it holds.
//!
//! **NUMA.** The next head is the first waiter in the queue on the same NUMA node; those before it
//! are put aside. They return to the front of the queue after [`MAX_PASSED`] hand-overs past them,
//! or when no local waiter is in sight (Dice and Kogan, "Compact NUMA-aware locks", 2019). On a
//! single NUMA node, no waiter is put aside.
//!
//! **Bounded barging.** A thread that arrives while the lock is free takes it, even if others
//! queue: a strict queue, in which each waiter must be woken in turn, would stall whenever threads
//! outnumber processors. A head that was woken and was too late lets the others continue for
//! [`REQUEST_DELAY`], then sets a request, and the holder grants the lock to it: no other thread
//! can take a granted lock.
//!
//! **Sleep.** Waiting threads sleep after a few rounds of back-off. A thread behind the head sleeps
//! until it is the head; it is woken when the lock is released, not by the thread that makes it the
//! head while it holds the lock. The head announces its sleep in the second byte and checks the
//! first once more. The holder loads the second, then stores the first, with no fence in between,
//! so it can miss a head that falls asleep at that very moment. A fence in each release would cost
//! as much as the rest of it, so the head sleeps for [`FIRST_NAP`] first, and never for more than
//! [`MAX_NAP`]. No other wake can be lost.

use crate::backoff::Backoff;
use crate::by_address;
use crate::node::{self, NodeClaim, node};
use crate::statistics::{Handover, LockStatistics};
use std::time::Duration;
use xenia_sync::atomic::{self, AtomicU8, AtomicU16, Ordering};

/// Limit of consecutive hand-overs past other waiters to threads on the holder's NUMA node.
pub const MAX_PASSED: u32 = if atomic::MODEL { 1 } else { 64 };
/// Number of queued nodes among which a head looks for such a thread.
const IN_SIGHT: usize = 32;
/// How long a head that came too late once lets other threads take the lock.
pub const REQUEST_DELAY: Duration = Duration::from_micros(100);
/// How long the head first sleeps before it polls again.
pub const FIRST_NAP: Duration = Duration::from_micros(100);
/// Limit of the head's sleep; each sleep is twice as long as the previous one.
pub const MAX_NAP: Duration = Duration::from_millis(4);

/// The lock is free.
const FREE: u8 = 0;
/// A thread holds the lock.
const LOCKED: u8 = 1;
/// The lock is granted to the head, which has not noticed yet.
const GRANTED: u8 = 2;

/// Request of the head: wake it on release.
const WAKE: u8 = 1;
/// Request of the head: grant it the lock on release.
const GRANT: u8 = 2;

/// A NUMA-aware queue lock in one 32-bit word, with bounded barging. Used through
/// [`Mutex::with_lock`](xenia_sync::Mutex::with_lock) or `lock_api`.
#[derive(Debug)]
#[repr(C, align(4))]
pub struct QueuedLock {
    state: AtomicU8,
    /// Requests of the head. Set by the head, or on its behalf by the holder that makes it the
    /// head; cleared by the holder.
    asked: AtomicU8,
    /// Number of the last node in the queue; 0 if it is empty.
    tail: AtomicU16,
    statistics: LockStatistics,
}

#[cfg(not(any(feature = "statistics", feature = "modelled")))]
const _: () = assert!(size_of::<QueuedLock>() == 4);

impl QueuedLock {
    /// Creates a free lock.
    #[cfg(not(feature = "modelled"))]
    pub const fn new() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            asked: AtomicU8::new(0),
            tail: AtomicU16::new(0),
            statistics: LockStatistics::new(),
        }
    }

    /// Creates a free lock.
    #[cfg(feature = "modelled")]
    pub fn new() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            asked: AtomicU8::new(0),
            tail: AtomicU16::new(0),
            statistics: LockStatistics::new(),
        }
    }

    /// The lock's statistics.
    #[cfg(feature = "statistics")]
    pub fn counts(&self) -> crate::AcquisitionCounts {
        self.statistics.counts()
    }

    /// Acquires the lock, waiting for it.
    #[inline]
    pub(crate) fn acquire(&self) {
        if self.take(FREE) {
            self.statistics.count_fast();
        } else {
            self.acquire_slow();
        }
    }

    /// Acquires the lock if it is free.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        let taken = self.take(FREE);
        if taken {
            self.statistics.count_fast();
        }
        taken
    }

    /// Releases the lock, which the caller holds.
    #[inline]
    pub(crate) fn release(&self) {
        self.statistics.end_hold();
        // Without a fence, this can miss a head that is falling asleep; its sleep is short.
        if self.asked.load(Ordering::Relaxed) == 0 {
            self.state.store(FREE, Ordering::Release);
        } else {
            self.release_slow();
        }
    }

    /// Whether the lock is free at this moment.
    pub(crate) fn is_free(&self) -> bool {
        self.state.load(Ordering::Relaxed) == FREE
    }

    #[inline]
    fn take(&self, from: u8) -> bool {
        self.state.compare_exchange(from, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn release_slow(&self) {
        let key = std::ptr::from_ref(self);
        let asked = self.asked.swap(0, Ordering::Acquire);
        let state = if asked & GRANT == 0 { FREE } else { GRANTED };
        self.state.store(state, Ordering::Release);
        // The lock's memory may be freed from here on, by the next holder.
        if asked & WAKE != 0 {
            by_address::wake(key, |number| node(number).turn.load(Ordering::Relaxed) == node::HEAD);
        }
    }

    #[cold]
    fn acquire_slow(&self) {
        let began = self.statistics.start_wait();
        if self.barge() {
            self.statistics.count_barge();
        } else if let Some(claim) = NodeClaim::new() {
            self.queue(&claim);
        } else {
            self.acquire_unqueued();
            self.statistics.count_barge();
        }
        self.statistics.end_wait(began);
    }

    /// Polls for a short time, and takes the lock if it is free.
    fn barge(&self) -> bool {
        let mut backoff = Backoff::default();
        loop {
            if self.is_free() && self.take(FREE) {
                return true;
            }
            if !backoff.wait() {
                return false;
            }
        }
    }

    /// Acquires the lock without a node: only barges, and sleeps without being woken.
    fn acquire_unqueued(&self) {
        while !self.barge() {
            if atomic::MODEL { atomic::yield_now() } else { std::thread::sleep(FIRST_NAP) }
        }
    }

    fn queue(&self, claim: &NodeClaim) {
        let before = self.tail.swap(claim.number, Ordering::AcqRel);
        self.statistics.enter_queue();
        let mut slept = false;
        if before != 0 {
            node(before).next.store(claim.number, Ordering::Release);
            slept = self.await_turn(claim);
        }
        self.acquire_as_head(claim, slept);
        // All pending requests were this thread's.
        if self.asked.load(Ordering::Relaxed) != 0 {
            self.asked.store(0, Ordering::Relaxed);
        }
        self.pass_on(claim);
        self.statistics.leave_queue();
    }

    /// Waits behind other threads, until this one is the head. Returns whether it slept.
    fn await_turn(&self, claim: &NodeClaim) -> bool {
        let turn = &claim.node().turn;
        let mut backoff = Backoff::default();
        let mut slept = false;
        while turn.load(Ordering::Acquire) != node::HEAD {
            if backoff.wait() {
                continue;
            }
            let asleep =
                turn.compare_exchange(node::WAITS, node::SLEEPS, Ordering::Relaxed, Ordering::Relaxed);
            if asleep.is_ok() {
                self.statistics.count_sleep();
                slept = true;
                while turn.load(Ordering::Acquire) != node::HEAD {
                    let stays = || turn.load(Ordering::Relaxed) != node::HEAD;
                    by_address::sleep(self, claim.number, stays, || (), None);
                }
            }
        }
        slept
    }

    /// Waits as the head of the queue, for the lock alone. `slept`: it was just woken.
    fn acquire_as_head(&self, claim: &NodeClaim, mut slept: bool) {
        let mut backoff = Backoff::default();
        let mut nap = FIRST_NAP;
        let mut wish = WAKE;
        loop {
            match self.state.load(Ordering::Relaxed) {
                GRANTED if self.take(GRANTED) => return self.statistics.count_grant(),
                FREE if self.take(FREE) => return,
                _ => {}
            }
            if backoff.wait() {
                continue;
            }
            backoff.reset();
            self.statistics.count_sleep();
            let woken = slept && (atomic::MODEL || self.asked.load(Ordering::Relaxed) & WAKE == 0);
            if woken && wish == WAKE {
                // It was woken, and another thread was faster. The others may continue for a while;
                // then the lock must be granted to this thread, which sets the request while awake,
                // because a granted lock must not wait for a sleeper.
                by_address::sleep(self, claim.number, || true, || (), Some(REQUEST_DELAY));
                wish = WAKE | GRANT;
                self.asked.fetch_or(GRANT, Ordering::SeqCst);
                continue;
            }
            self.asked.fetch_or(wish, Ordering::SeqCst);
            // If the request is gone, a thread is about to wake this one, or has tried to before it
            // slept.
            let stays = || {
                self.asked.load(Ordering::SeqCst) & WAKE != 0 && self.state.load(Ordering::SeqCst) == LOCKED
            };
            by_address::sleep(self, claim.number, stays, || (), Some(nap));
            slept = true;
            nap = MAX_NAP.min(nap * 2);
        }
    }

    /// Leaves the queue and makes another thread its head. This thread holds the lock.
    fn pass_on(&self, claim: &NodeClaim) {
        let me = claim.node();
        let mut aside = [me.aside[0].load(Ordering::Relaxed), me.aside[1].load(Ordering::Relaxed)];
        let passed = me.passed.load(Ordering::Relaxed);
        let mut next = me.next.load(Ordering::Acquire);
        if next == 0 {
            // If no other thread queues, those put aside become the queue.
            let left =
                self.tail.compare_exchange(claim.number, aside[1], Ordering::AcqRel, Ordering::Relaxed);
            if left.is_ok() {
                if aside[0] != 0 {
                    self.make_head(aside[0], [0; 2], 0);
                }
                return;
            }
            next = wait_for_successor(claim);
        }
        let found = if aside[0] != 0 && passed >= MAX_PASSED {
            None
        } else {
            local_in_sight(next, me.place.load(Ordering::Relaxed))
        };
        match found {
            // It is the next in the queue, so no waiter is passed over.
            Some(local) if local.number == next && aside[0] == 0 => {
                self.make_head(local.number, aside, 0);
            }
            Some(LocalNode { number, before }) => {
                if number != next {
                    node(before).next.store(0, Ordering::Relaxed);
                    if aside[0] == 0 {
                        aside[0] = next;
                    } else {
                        node(aside[1]).next.store(next, Ordering::Release);
                    }
                    aside[1] = before;
                }
                self.make_head(number, aside, passed + 1);
            }
            None if aside[0] != 0 => {
                node(aside[1]).next.store(next, Ordering::Release);
                self.make_head(aside[0], [0; 2], 0);
            }
            None => self.make_head(next, [0; 2], 0),
        }
        self.statistics.count_handover(if found.is_some() { Handover::Local } else { Handover::Remote });
    }

    fn make_head(&self, number: u16, aside: [u16; 2], passed: u32) {
        let head = node(number);
        head.aside[0].store(aside[0], Ordering::Relaxed);
        head.aside[1].store(aside[1], Ordering::Relaxed);
        head.passed.store(passed, Ordering::Relaxed);
        if head.turn.swap(node::HEAD, Ordering::AcqRel) == node::SLEEPS {
            // This thread wakes it on release; no ordering is needed, because it reads its own
            // store.
            self.asked.fetch_or(WAKE, Ordering::Relaxed);
        }
    }
}

impl Default for QueuedLock {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for the node after this one, whose thread has swapped the tail and is about to link
/// itself.
fn wait_for_successor(claim: &NodeClaim) -> u16 {
    let mut backoff = Backoff::default();
    loop {
        match claim.node().next.load(Ordering::Acquire) {
            0 if backoff.wait() => {}
            0 => atomic::yield_now(),
            next => return next,
        }
    }
}

/// A node of the queue on a wanted NUMA node.
#[derive(Clone, Copy)]
struct LocalNode {
    /// Number of the node.
    number: u16,
    /// Number of its predecessor; its own if it is the first.
    before: u16,
}

/// The first node from `first` on that is on NUMA node `place`.
fn local_in_sight(first: u16, place: u16) -> Option<LocalNode> {
    let mut before = first;
    let mut at = first;
    for _ in 0..IN_SIGHT {
        if at == 0 {
            return None;
        }
        if node(at).place.load(Ordering::Relaxed) == place {
            return Some(LocalNode { number: at, before });
        }
        before = at;
        at = node(at).next.load(Ordering::Acquire);
    }
    None
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests;

#[cfg(all(test, feature = "model-loom"))]
mod models;

#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
