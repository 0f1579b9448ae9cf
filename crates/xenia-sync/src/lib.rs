//! Ranked locks: locks with a checked order.
//!
//! Every lock of the runtime has a [`Level`], and an ordinal if there are several of one level; a
//! thread may wait only for locks of ascending rank. In debug and test builds a thread that breaks
//! the order panics at once, naming both locks and where they were acquired, instead of causing an
//! occasional deadlock. Release builds compile the check out: a [`Mutex`] is then `parking_lot`'s.
//! Where levels are known statically, [`LevelMutex`] lets the compiler check them. The [`watchdog`]
//! reports locks that are held for too long.
//!
//! The second parameter of a [`Mutex`] is the lock that it is built on, any that `lock_api`
//! supports: [`RuntimeLock`], or this crate's [`QueuedLock`] and [`AdaptiveLock`].
//! docs/src/internals/locks.md compares them.
#![deny(unsafe_code)]

mod adaptive;
mod atomic;
mod backoff;
mod condvar;
mod counted;
mod held;
mod level;
mod mutex;
mod node;
mod order;
mod priority;
mod queued;
#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
#[allow(unsafe_code)]
mod raw;
#[cfg(any(debug_assertions, feature = "check-order"))]
mod record;
mod rw_lock;
mod statistics;
mod token;
mod topology;
pub mod watchdog;

pub use adaptive::AdaptiveLock;
pub use condvar::Condvar;
pub use counted::Counted;
pub use held::{Held, LevelMutex};
pub use level::{Below, Level, Place, levels};
pub use lock_api;
pub use mutex::{Mutex, MutexGuard, RuntimeLock};
pub use priority::{PriorityHook, on_priority, priority, set_priority};
pub use queued::{FIRST_NAP, LONGEST_NAP, MOST_PASSED, PATIENCE, QueuedLock};
pub use rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(feature = "statistics")]
pub use statistics::AcquisitionCounts;
pub use token::{Hold, Token, blocking};
pub use topology::{Topology, pretend_node};

/// Scales the number of a test's iterations: a few under Miri (`cargo xtask miri`), where each step
/// takes a thousand times as long.
#[cfg(test)]
const fn rounds(native: u64) -> u64 {
    if cfg!(miri) { 8 } else { native }
}
