//! Locks with an order.
//!
//! Every lock of the runtime has a [`Level`], and an ordinal where there are several of one level;
//! a thread may only wait for locks of rising rank. In debug and test builds a thread that breaks
//! the order panics at once, with both locks and where they were taken, instead of deadlocking one
//! day. Release builds compile the check out: a [`Mutex`] is then `parking_lot`'s. Where levels are
//! known while writing, [`LevelMutex`] lets the compiler check them. The [`watchdog`] names who
//! holds a lock for too long.
//!
//! What a [`Mutex`] is made of is its second parameter, anything that `lock_api` knows:
//! [`RuntimeLock`], or this crate's own [`QueuedLock`] and [`AdaptiveLock`]. docs/src/locks.md
//! compares them.
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
pub use statistics::Counts;
pub use token::{Hold, Token, blocking};
pub use topology::{Topology, pretend_node};

/// How often a test does what it counts: a few times under Miri (`cargo xtask miri`), where each
/// step takes a thousand times as long.
#[cfg(test)]
const fn rounds(native: u64) -> u64 {
    if cfg!(miri) { 8 } else { native }
}
