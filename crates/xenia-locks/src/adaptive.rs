//! The adaptive lock: waiters spin while the holder runs, and sleep otherwise. Sleepers lend the
//! holder their priority (priority inheritance), and the one with the highest priority is woken
//! first.
//!
//! The lock word has the holder's number, and a bit that is set while a thread may be sleeping.
//! Sleepers are in a queue keyed by the lock's address, the turnstile, which the lock does not own.
//! A release with the bit set frees the lock and wakes one sleeper. A thread that was woken, or was
//! about to sleep, takes the lock with the bit set, so that its release wakes the next sleeper. So
//! while there is a sleeper, either the bit is set or an awake thread is about to set it.
//!
//! Only these locks track whether the holder runs: it does not if it sleeps for another of them. A
//! holder that the host has preempted seems to run, so the spinning is bounded. Barging is not
//! bounded: a waiter of low priority can wait for as long as others arrive. Where that matters, use
//! the queued lock.

use crate::backoff::Backoff;
use crate::node::thread_number;
use crate::thread_priorities::priority_of;
use crate::{by_address, priority};
use xenia_sync::atomic::{AtomicU32, Ordering};

/// Bit of the word: a thread may be sleeping.
const SLEEPERS: u32 = 1;
/// The word of a holder whose thread has no number.
const NAMELESS: u32 = 0xFFFF_0000;
/// Limit of complete back-off sequences while the holder runs.
const MAX_SPINS: u32 = 8;

/// A lock whose waiters spin while the holder runs and sleep otherwise, with priority inheritance.
/// Used through [`Mutex::with_lock`](xenia_sync::Mutex::with_lock) or `lock_api`.
#[derive(Debug)]
pub struct AdaptiveLock {
    word: AtomicU32,
}

impl AdaptiveLock {
    /// Creates a free lock.
    #[cfg(not(feature = "modelled"))]
    pub const fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Creates a free lock.
    #[cfg(feature = "modelled")]
    pub fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Acquires the lock, waiting for it.
    #[inline]
    pub(crate) fn acquire(&self) {
        let me = word_of(thread_number());
        if !self.take(me) {
            self.acquire_slow(me);
        }
        priority::holds_one_more();
    }

    /// Acquires the lock if it is free.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        let taken = self.take(word_of(thread_number()));
        if taken {
            priority::holds_one_more();
        }
        taken
    }

    /// Releases the lock, which the caller holds.
    #[inline]
    pub(crate) fn release(&self) {
        let key = std::ptr::from_ref(self);
        // The lock's memory may be freed after this, by the next holder.
        if self.word.swap(0, Ordering::Release) & SLEEPERS != 0 {
            wake_first(key);
        }
        priority::holds_one_less();
    }

    /// Whether the lock is free at this moment.
    pub(crate) fn is_free(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0
    }

    #[inline]
    fn take(&self, word: u32) -> bool {
        self.word.compare_exchange(0, word, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn acquire_slow(&self, me: u32) {
        let mut mine = me;
        let mut backoff = Backoff::default();
        let mut spins = 0;
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word == 0 {
                if self.take(mine) {
                    return;
                }
                continue;
            }
            if !priority::is_asleep(holder_of(word)) {
                if backoff.wait() {
                    continue;
                }
                spins += 1;
                if spins < MAX_SPINS && !xenia_sync::atomic::MODEL {
                    backoff.reset();
                    continue;
                }
            }
            let marked = word | SLEEPERS;
            if word == marked
                || self.word.compare_exchange(word, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            {
                self.sleep(marked, holder_of(me));
                // Other threads may still sleep, so this one must wake the next when it releases.
                mine = me | SLEEPERS;
                backoff.reset();
            }
        }
    }

    /// Sleeps until woken, unless the word has changed already.
    fn sleep(&self, marked: u32, me: u16) {
        let owner = holder_of(marked);
        priority::begin_wait(me, owner);
        // Between this check and the loan, no release can happen that does not wake this thread
        // afterwards. Otherwise the loan would stay with a thread that no longer holds the lock.
        let stays = || self.word.load(Ordering::Relaxed) == marked;
        by_address::sleep(self, me, stays, || priority::lend(priority_of(me), owner), None);
        priority::end_wait(me);
    }
}

impl Default for AdaptiveLock {
    fn default() -> Self {
        Self::new()
    }
}

/// Wakes the first sleeper of those with the highest priority.
#[cold]
fn wake_first(key: *const AdaptiveLock) {
    loop {
        let mut highest = None;
        by_address::wake(key, |number| {
            highest = highest.max(Some(priority_of(number)));
            false
        });
        let Some(highest) = highest else { return };
        let mut woken = false;
        by_address::wake(key, |number| {
            let is_first = !woken && priority_of(number) >= highest;
            woken |= is_first;
            is_first
        });
        // Otherwise another thread has woken it, or its priority has dropped meanwhile.
        if woken {
            return;
        }
    }
}

/// The lock's word while the thread with this number holds it; 0: a thread without a number.
fn word_of(number: u16) -> u32 {
    if number == 0 { NAMELESS } else { u32::from(number) << 1 }
}

/// The number of the thread that holds a lock with this word; 0 if it has none. Inverse of
/// [`word_of`], with or without [`SLEEPERS`].
fn holder_of(word: u32) -> u16 {
    if word & NAMELESS == NAMELESS { 0 } else { (word >> 1) as u16 }
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests;

#[cfg(all(test, feature = "model-loom"))]
mod models;

#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
