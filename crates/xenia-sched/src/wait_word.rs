//! Where a thread's wait stands: one word per thread, on which whoever ends the wait and the thread
//! that parks agree.
//!
//! ```text
//!            open                    commit
//!   closed ───────► open ──────────────────────────────► parked
//!      ▲             │ end: value kept                      │ end
//!      │             ▼                                      │
//!      └───────── ended (commit: go on with the value)      │
//!      └─────────────────────────────────────────────────────┘
//! ```
//!
//! A thread opens its wait before it stands on any list, under that list's lock, and commits it
//! when its registers are back in its record. A wake that comes first is kept: the commit finds it,
//! and the thread goes on with its value instead of parking. Each wait has a serial number, so that
//! a deadline of one wait ends no later one. A wait ends once, whoever races: all changes are made
//! by compare-and-swap. Only the thread's owner opens and commits.

#[cfg(feature = "wait-model")]
// tests/wait_races.rs runs the word under many orders of its threads' steps
use shuttle::{hint, sync::atomic::AtomicU64, thread};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
#[cfg(not(feature = "wait-model"))]
use std::{hint, sync::atomic::AtomicU64, thread};

const STATE: u64 = 7;
/// Whether an interruption may end the wait.
const ALERTABLE: u64 = 8;
/// Bits of all that; the serial number is above them.
const BITS: u32 = 4;

/// No wait.
const CLOSED: u64 = 0;
/// On its way to a list, or on one; the thread still runs.
const OPEN: u64 = 1;
/// The thread is parked.
const PARKED: u64 = 2;
/// Over before the thread parked; the value is about to be there.
const ENDING: u64 = 3;
/// Over before the thread parked; the value is there.
const ENDED: u64 = 4;

/// Looks at a word that is [`ENDING`] before the host's scheduler is asked to let the other side
/// finish.
const SPINS: u32 = 64;

/// Which wait of its thread's a wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitSerial(u64);

/// Which waits an ending is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Whatever the thread waits for: the caller has taken the wait off its list.
    Any,
    /// One that an interruption may end.
    Alertable,
    /// This one.
    Serial(WaitSerial),
}

/// What a thread finds when it is about to park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// It is parked: whoever ends the wait makes it ready.
    Parked,
    /// The wait is over: it goes on with this value.
    GoOn(u64),
}

/// What came of ending a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// The thread was parked: the caller, and nobody else, sets its registers and makes it ready.
    Parked,
    /// It was about to park: it goes on by itself, with the value.
    BeforePark,
    /// There is no such wait any more.
    Over,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct WaitWord {
    word: AtomicU64,
    value: AtomicU64,
}

impl WaitWord {
    /// Begins a wait; the one before is over. The thread's owner only.
    pub fn open(&self, alertable: bool) -> WaitSerial {
        let serial = (self.word.load(Relaxed) >> BITS) + 1;
        self.word.store(serial << BITS | if alertable { ALERTABLE } else { 0 } | OPEN, Release);
        WaitSerial(serial)
    }

    /// No wait is under way, whatever was: the thread has ended, and another has the word.
    pub(crate) fn close(&self) {
        self.word.store(self.word.load(Relaxed) & !STATE | CLOSED, Release);
    }

    /// Whether a wait has been begun and not committed. Means something to the thread's owner only.
    pub fn is_open(&self) -> bool {
        matches!(self.word.load(Acquire) & STATE, OPEN | ENDING | ENDED)
    }

    /// The wait that is under way, if one is.
    pub fn waiting(&self) -> Option<WaitSerial> {
        let word = self.word.load(Acquire);
        matches!(word & STATE, OPEN | PARKED).then_some(WaitSerial(word >> BITS))
    }

    /// The thread parks, or learns that its wait is over. The thread's owner only, once after each
    /// [`Self::open`].
    pub fn commit(&self) -> Commit {
        // Nobody else opens a wait: whatever the state, serial number and flag stay.
        let open = self.word.load(Relaxed) & !STATE | OPEN;
        if self.word.compare_exchange(open, open & !STATE | PARKED, AcqRel, Acquire).is_ok() {
            return Commit::Parked;
        }
        let mut looks = 0;
        while self.word.load(Acquire) & STATE == ENDING {
            looks += 1;
            if looks < SPINS { hint::spin_loop() } else { thread::yield_now() }
        }
        let value = self.value.load(Relaxed);
        self.word.store(open & !STATE | CLOSED, Release);
        Commit::GoOn(value)
    }

    /// Ends the thread's wait with `value`, if it is one of those.
    pub fn end(&self, which: Which, value: u64) -> Ended {
        let mut word = self.word.load(Acquire);
        loop {
            let meant = match which {
                Which::Any => true,
                Which::Alertable => word & ALERTABLE != 0,
                Which::Serial(WaitSerial(serial)) => word >> BITS == serial,
            };
            let after = match word & STATE {
                OPEN if meant => word & !STATE | ENDING,
                PARKED if meant => word & !STATE | CLOSED,
                _ => return Ended::Over,
            };
            match self.word.compare_exchange_weak(word, after, AcqRel, Acquire) {
                Ok(_) if after & STATE == CLOSED => return Ended::Parked,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        self.value.store(value, Relaxed);
        self.word.store(word & !STATE | ENDED, Release);
        Ended::BeforePark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_once_before_or_after_the_thread_parks() {
        let word = WaitWord::default();
        assert_eq!(word.end(Which::Any, 1), Ended::Over, "no wait");
        let first = word.open(false);
        assert_eq!(word.waiting(), Some(first));
        assert_eq!(word.commit(), Commit::Parked);
        assert_eq!(word.end(Which::Alertable, 1), Ended::Over);
        assert_eq!(word.end(Which::Serial(first), 2), Ended::Parked);
        assert_eq!(word.end(Which::Serial(first), 3), Ended::Over);
        let second = word.open(true);
        assert_eq!(word.end(Which::Serial(first), 4), Ended::Over, "a deadline of the wait before");
        assert_eq!(word.end(Which::Alertable, 5), Ended::BeforePark);
        assert_eq!(word.end(Which::Serial(second), 6), Ended::Over);
        assert!(word.is_open() && word.waiting().is_none());
        assert_eq!(word.commit(), Commit::GoOn(5));
        assert_eq!(word.end(Which::Any, 7), Ended::Over);
        assert!(!word.is_open() && word.waiting().is_none());
    }
}
