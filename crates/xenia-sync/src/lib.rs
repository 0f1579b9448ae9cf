//! Ranked locks: locks with a checked order.
//!
//! Every lock of the runtime has a [`Level`], and an ordinal if there are several of one level; a
//! thread may wait only for locks of ascending rank. In debug and test builds a thread that breaks
//! the order panics at once, naming both locks and where they were acquired, instead of causing an
//! occasional deadlock. Release builds compile the check out: a [`Mutex`] is then `parking_lot`'s.
//! The [`watchdog`] finds locks that are held for too long.
//!
//! The second parameter of a [`Mutex`] is the lock that it is built on, any that `lock_api`
//! supports; the runtime's is [`RuntimeLock`]. The crate xenia-locks has others, and a mutex whose
//! level the compiler checks.
#![deny(unsafe_code)]

#[doc(hidden)] // for xenia-locks, whose models replace the same atomics
pub mod atomic;
mod condvar;
mod generation_count;
mod level;
mod mutex;
pub mod order;
#[cfg(any(debug_assertions, feature = "check-order"))]
mod rank;
#[cfg(any(debug_assertions, feature = "check-order"))]
#[allow(unsafe_code)]
mod raw;
#[cfg(any(debug_assertions, feature = "check-order"))]
mod record;
mod rw_lock;
pub mod watchdog;

pub use condvar::Condvar;
pub use generation_count::GenerationCount;
pub use level::{Below, Level, LevelType, levels};
pub use lock_api;
pub use mutex::{Mutex, MutexGuard, RuntimeLock};
pub use rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Scales the number of a test's iterations: a few under Miri (`cargo xtask miri`), where each step
/// takes a thousand times as long.
#[cfg(test)]
const fn rounds(native: u64) -> u64 {
    if cfg!(miri) { 8 } else { native }
}
