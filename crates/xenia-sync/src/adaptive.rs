//! The adaptive lock: who waits for it spins while the holder runs, and sleeps otherwise; who
//! sleeps lends the holder its priority, and the one of the highest priority is woken first.
//!
//! The word is the holder's number, and a bit that says that somebody may sleep. Those who sleep
//! lie in a queue by the lock's address, the turnstile, which belongs to no lock while nobody does.
//! A release with the bit set frees the lock and wakes one. Who was woken, or came to sleep, takes
//! the lock with the bit set: of those still asleep, the next is woken by its release. So while
//! anybody sleeps, either the bit is set or somebody awake is about to set it.
//!
//! Whether the holder runs is known as far as these locks know: a holder that sleeps for another of
//! them doesn't. One that the host has put aside looks as if it ran, so the spinning has a bound.
//! There is none on barging: a waiter of low priority can wait for as long as others come. Where
//! that matters, take the queued lock.

use crate::atomic::{AtomicU32, Ordering};
use crate::backoff::Backoff;
use crate::node::thread_number;
use crate::{priority, raw};

/// Somebody may sleep.
const SLEEPERS: u32 = 1;
/// A holder whose thread has no number.
const NAMELESS: u32 = 0xFFFF_0000;
/// How often the rounds of back-off are gone through while the holder runs.
const SPINS: u32 = 8;

/// A lock; see the module. Used through [`Mutex::with_lock`](crate::Mutex::with_lock) or
/// `lock_api`.
#[derive(Debug)]
pub struct AdaptiveLock {
    word: AtomicU32,
}

impl AdaptiveLock {
    /// A free lock.
    #[cfg(not(feature = "modelled"))]
    pub const fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// A free lock.
    #[cfg(feature = "modelled")]
    pub fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Takes the lock, waiting for it.
    #[inline]
    pub(crate) fn acquire(&self) {
        let me = name(thread_number());
        if !self.take(me) {
            self.acquire_slow(me);
        }
        priority::holds_one_more();
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        let taken = self.take(name(thread_number()));
        if taken {
            priority::holds_one_more();
        }
        taken
    }

    /// Gives the lock back. The caller has it.
    #[inline]
    pub(crate) fn release(&self) {
        let key = std::ptr::from_ref(self);
        // The lock may be gone after this: who takes it may free it.
        if self.word.swap(0, Ordering::Release) & SLEEPERS != 0 {
            wake_first(key);
        }
        priority::holds_one_less();
    }

    /// Whether nobody has it at this moment.
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
        let (mut backoff, mut spins) = (Backoff::default(), 0);
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word == 0 {
                if self.take(mine) {
                    return;
                }
                continue;
            }
            if !priority::is_asleep(number(word)) {
                if backoff.wait() {
                    continue;
                }
                spins += 1;
                if spins < SPINS && !crate::atomic::MODEL {
                    backoff.reset();
                    continue;
                }
            }
            let marked = word | SLEEPERS;
            if word == marked
                || self.word.compare_exchange(word, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            {
                self.sleep(marked, number(me));
                mine = me | SLEEPERS;
                backoff.reset();
            }
        }
    }

    /// Sleeps until woken, unless the word has changed by then.
    fn sleep(&self, marked: u32, me: u16) {
        let owner = number(marked);
        priority::begin_wait(me, owner);
        // Nobody can give the lock back between this look and the loan without waking this thread after it:
        // a loan to a thread that no longer holds the lock would stay with it.
        let stays = || self.word.load(Ordering::Relaxed) == marked;
        raw::sleep(self, me, stays, || priority::lend(priority::priority_of(me), owner), None);
        priority::end_wait(me);
    }
}

impl Default for AdaptiveLock {
    fn default() -> Self {
        Self::new()
    }
}

/// Wakes the first of those with the highest priority.
#[cold]
fn wake_first(key: *const AdaptiveLock) {
    loop {
        let mut highest = None;
        raw::wake(key, |number| {
            highest = highest.max(Some(priority::priority_of(number)));
            false
        });
        let Some(highest) = highest else { return };
        let mut woken = false;
        raw::wake(key, |number| {
            let this = !woken && priority::priority_of(number) >= highest;
            woken |= this;
            this
        });
        // Otherwise somebody else has woken it, or its priority has sunk meanwhile.
        if woken {
            return;
        }
    }
}

fn name(number: u16) -> u32 {
    if number == 0 { NAMELESS } else { u32::from(number) << 1 }
}

fn number(word: u32) -> u16 {
    if word & NAMELESS == NAMELESS { 0 } else { (word >> 1) as u16 }
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests;

#[cfg(all(test, feature = "model-loom"))]
mod models;

#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
