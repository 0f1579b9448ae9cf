//! The wait word: one atomic state word per thread, by which a waker and the parking thread agree
//! how a wait ends.
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
//! A thread opens its wait before adding it to a list, under that list's lock, and commits it when
//! its registers are back in its record. A wake before the commit is kept: the commit finds it, and
//! the thread resumes with its value instead of parking. Each wait has a serial number, so that the
//! deadline of one wait can't end a later one.
//!
//! A wait ends exactly once: the owner and wakers race only for transitions out of `open` and
//! `parked`, which are compare-and-swaps. In the other states one thread alone may store: the owner
//! in `closed` and `ended`; the waker that has won while it writes the value (`ending`, between
//! `open` and `ended`).

use serde::{Deserialize, Serialize};
#[cfg(feature = "wait-model")]
// tests/wait_races.rs model-checks the word under many schedules.
use shuttle::{hint, sync::atomic::AtomicU64, thread};
use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
#[cfg(not(feature = "wait-model"))]
use std::{hint, sync::atomic::AtomicU64, thread};

/// Interruptions that may end a wait.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alertable {
    No,
    /// User APCs and all alerts: an alertable wait in user mode.
    InUserMode,
    /// Kernel-mode alerts: an alertable wait in kernel mode.
    InKernelMode,
}

impl Alertable {
    pub fn is_alertable(self) -> bool {
        self != Self::No
    }
}

/// An interruption, by the waits that it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A kernel-mode alert: ends all alertable waits.
    KernelAlert,
    /// A user APC or a user-mode alert: ends alertable waits in user mode.
    User,
}

impl fmt::Debug for Alertable {
    /// Prints a truth value: digests contain waits in this form, and must not change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.is_alertable(), f)
    }
}

const STATE: u64 = 7;
/// Flag: an interruption may end the wait.
const ALERTABLE: u64 = 8;
/// Number of bits for state and [`ALERTABLE`]; the serial number is above them.
const BITS: u32 = 4;
/// Flag: only kernel-mode alerts may end an alertable wait. It is above the serial number.
const KERNEL_MODE: u64 = 1 << 63;
/// Largest serial number in a saved word: half of those that the word has bits for.
const MAX_WAIT_SERIAL: u64 = 1 << 58;

/// State: no wait.
const CLOSED: u64 = 0;
/// State: the wait is on a list, or about to be; the thread still runs.
const OPEN: u64 = 1;
/// State: the thread is parked.
const PARKED: u64 = 2;
/// State: ended before the thread parked; the value is being written.
const ENDING: u64 = 3;
/// State: ended before the thread parked; the value is written.
const ENDED: u64 = 4;

/// Number of polls of an [`ENDING`] word before the thread yields to the host's scheduler, so that
/// the waker can finish.
const SPINS: u32 = 64;

/// Serial number of a wait of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitSerial(u64);

/// The waits that an attempt to end one applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Any wait: the caller has removed the wait from its list.
    Any,
    /// A wait that this interruption may end.
    Alertable(Interruption),
    /// The wait with this serial number.
    Serial(WaitSerial),
}

/// Result of committing a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// The thread is parked: the waker makes it ready.
    Parked,
    /// The wait has ended: the thread resumes with this value.
    GoOn(u64),
}

/// Result of ending a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// The thread was parked: only the caller sets its registers and makes it ready.
    Parked,
    /// The thread was about to park: it resumes by itself, with the value.
    BeforePark,
    /// There is no such wait any more.
    Over,
}

/// State of one thread's waits, changed atomically by its wakers and by the thread when it parks.
#[derive(Debug, Default)]
pub struct WaitWord {
    word: AtomicU64,
    value: AtomicU64,
}

/// A wait word as it is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaitWordState {
    word: u64,
    value: u64,
}

impl WaitWordState {
    /// Whether the word can be that of a thread that waits, or else of one that does not.
    pub(crate) fn suits(self, is_waiting: bool) -> bool {
        self.is_serial_possible() && self.word & STATE == if is_waiting { PARKED } else { CLOSED }
    }

    /// Whether the word can be that of a thread that has exited, or of none. A wait that was open
    /// at the exit has ended.
    pub(crate) fn is_over(self) -> bool {
        self.is_serial_possible() && matches!(self.word & STATE, CLOSED | ENDED)
    }

    /// Whether a thread can have had so many waits.
    fn is_serial_possible(self) -> bool {
        serial_of(self.word) <= MAX_WAIT_SERIAL
    }
}

/// The serial number in a word.
fn serial_of(word: u64) -> u64 {
    (word & !KERNEL_MODE) >> BITS
}

impl WaitWord {
    /// The word, for a saved state.
    pub(crate) fn state(&self) -> WaitWordState {
        let Self { word, value } = self;
        WaitWordState { word: word.load(Acquire), value: value.load(Relaxed) }
    }

    /// Restores a saved word, which the caller has checked.
    pub(crate) fn restore(&self, state: WaitWordState) {
        self.value.store(state.value, Relaxed);
        self.word.store(state.word, Release);
    }

    /// Opens a wait; the previous one must be over. For the thread's owner only.
    pub fn open(&self, alertable: Alertable) -> WaitSerial {
        // 59 bits, which never overflow, as a restored word leaves half of the numbers.
        let serial = serial_of(self.word.load(Relaxed)) + 1;
        let flags = match alertable {
            Alertable::No => 0,
            Alertable::InUserMode => ALERTABLE,
            Alertable::InKernelMode => ALERTABLE | KERNEL_MODE,
        };
        self.word.store(serial << BITS | flags | OPEN, Release);
        WaitSerial(serial)
    }

    /// Closes any wait: the thread has ended, and another gets the word. No waker may be about to
    /// store the value: each counts its reference to the thread.
    pub(crate) fn close(&self) {
        let word = self.word.load(Relaxed);
        debug_assert_ne!(word & STATE, ENDING, "a waker still has the word");
        self.word.store(word & !STATE | CLOSED, Release);
    }

    /// Whether a wait is open and not committed. Meaningful to the thread's owner only.
    pub fn is_open(&self) -> bool {
        matches!(self.word.load(Acquire) & STATE, OPEN | ENDING | ENDED)
    }

    /// The current wait, if there is one.
    pub fn waiting(&self) -> Option<WaitSerial> {
        let word = self.word.load(Acquire);
        matches!(word & STATE, OPEN | PARKED).then_some(WaitSerial(serial_of(word)))
    }

    /// Parks the thread, or finds that its wait has ended. For the thread's owner only, once after
    /// each [`Self::open`].
    pub fn commit(&self) -> Commit {
        // No other thread opens a wait, so the serial number and the flags can't change.
        let open = self.word.load(Relaxed) & !STATE | OPEN;
        if self.word.compare_exchange(open, open & !STATE | PARKED, AcqRel, Acquire).is_ok() {
            return Commit::Parked;
        }
        let mut polls = 0;
        while self.word.load(Acquire) & STATE == ENDING {
            polls += 1;
            if polls < SPINS { hint::spin_loop() } else { thread::yield_now() }
        }
        // Relaxed is enough: the loop has acquired the state that was stored after the value.
        let value = self.value.load(Relaxed);
        self.word.store(open & !STATE | CLOSED, Release);
        Commit::GoOn(value)
    }

    /// Ends the thread's wait with `value`, if it matches `which`.
    pub fn end(&self, which: Which, value: u64) -> Ended {
        let mut word = self.word.load(Acquire);
        loop {
            let meant = match which {
                Which::Any => true,
                Which::Alertable(Interruption::KernelAlert) => word & ALERTABLE != 0,
                Which::Alertable(Interruption::User) => word & (ALERTABLE | KERNEL_MODE) == ALERTABLE,
                Which::Serial(WaitSerial(serial)) => serial_of(word) == serial,
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
        // `ENDING` keeps the thread from reading the value before it is stored.
        self.value.store(value, Relaxed);
        self.word.store(word & !STATE | ENDED, Release);
        Ended::BeforePark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockReason, Wait};
    use xenia_guest::GuestAddr;

    #[test]
    fn waits_in_digests_have_a_truth_value() {
        let wait = Wait { alertable: Alertable::InUserMode, ..Wait::forever(BlockReason::Delay) };
        assert_eq!(format!("{wait:?}"), "Wait { reason: Delay, deadline: None, alertable: true }");
    }

    #[test]
    fn objects_of_waits_in_digests_are_plain_numbers() {
        let objects = vec![GuestAddr(16), GuestAddr(0x8000_0000)].into();
        let wait = Wait::forever(BlockReason::Objects { objects, all: true });
        let text = "Wait { reason: Objects { objects: [16, 2147483648], all: true }, deadline: None, \
                    alertable: false }";
        assert_eq!(format!("{wait:?}"), text);
    }

    #[test]
    fn a_wait_ends_once_before_or_after_the_thread_parks() {
        let word = WaitWord::default();
        assert_eq!(word.end(Which::Any, 1), Ended::Over, "no wait");
        let first = word.open(Alertable::No);
        assert_eq!(word.waiting(), Some(first));
        assert_eq!(word.commit(), Commit::Parked);
        assert_eq!(word.end(Which::Alertable(Interruption::KernelAlert), 1), Ended::Over);
        assert_eq!(word.end(Which::Serial(first), 2), Ended::Parked);
        assert_eq!(word.end(Which::Serial(first), 3), Ended::Over);
        let second = word.open(Alertable::InUserMode);
        assert_eq!(word.end(Which::Serial(first), 4), Ended::Over, "a deadline of the wait before");
        assert_eq!(word.end(Which::Alertable(Interruption::User), 5), Ended::BeforePark);
        assert_eq!(word.end(Which::Serial(second), 6), Ended::Over);
        assert!(word.is_open() && word.waiting().is_none());
        assert_eq!(word.commit(), Commit::GoOn(5));
        assert_eq!(word.end(Which::Any, 7), Ended::Over);
        assert!(!word.is_open() && word.waiting().is_none());
    }

    #[test]
    fn a_saved_serial_number_leaves_room_for_later_waits() {
        let of = |serial: u64, state| WaitWordState { word: serial << BITS | state, value: 0 };
        for (serial, is_possible) in [(0, true), (MAX_WAIT_SERIAL, true), (MAX_WAIT_SERIAL + 1, false)] {
            assert_eq!(of(serial, PARKED).suits(true), is_possible, "{serial:#x}");
            assert_eq!(of(serial, CLOSED).suits(false), is_possible, "{serial:#x}");
            assert_eq!(of(serial, ENDED).is_over(), is_possible, "{serial:#x}");
        }
    }

    #[test]
    fn a_wait_in_kernel_mode_ends_by_kernel_mode_alerts_only() {
        let word = WaitWord::default();
        let first = word.open(Alertable::InKernelMode);
        assert_eq!(word.waiting(), Some(first));
        assert_eq!(word.end(Which::Alertable(Interruption::User), 1), Ended::Over);
        assert_eq!(word.commit(), Commit::Parked);
        assert_eq!(word.end(Which::Alertable(Interruption::User), 2), Ended::Over);
        assert_eq!(word.end(Which::Alertable(Interruption::KernelAlert), 3), Ended::Parked);
        let second = word.open(Alertable::InKernelMode);
        assert_eq!(word.end(Which::Serial(first), 4), Ended::Over, "a deadline of the wait before");
        assert_eq!(word.end(Which::Serial(second), 5), Ended::BeforePark);
        assert_eq!(word.commit(), Commit::GoOn(5));
        // The next wait's mode is its own.
        let third = word.open(Alertable::InUserMode);
        assert_eq!(word.waiting(), Some(third));
        assert_eq!(word.end(Which::Alertable(Interruption::User), 6), Ended::BeforePark);
    }
}
