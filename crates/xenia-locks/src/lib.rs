//! Locks for many threads on many processors, which the runtime does not use: nearly all of its
//! locks are free when they are taken, so parking_lot's is as fast there.
//!
//! - [`QueuedLock`]: waiters spin, then queue by NUMA node and sleep. For a lock that many threads
//!   request at once.
//! - [`AdaptiveLock`]: waiters lend the holder their [`priority`]. For a lock that threads of
//!   different priorities share.
//! - [`Token`]: a lock that its holder gives up while it is [`blocking`]. For code that may wait
//!   for long without knowing the locks of its callers.
//! - [`LevelMutex`]: a mutex whose place in the lock order the compiler checks.
//!
//! The first two are raw locks of `lock_api`: `xenia_sync::Mutex<T, QueuedLock>` is a mutex with a
//! place in the lock order. Models of all run with `cargo xtask test --long`; `benches/locks`
//! compares them with other crates' locks.
#![deny(unsafe_code)]

mod adaptive;
mod backoff;
#[allow(unsafe_code)]
mod by_address;
mod held;
mod node;
mod per_process;
mod priority;
mod queued;
#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
#[allow(unsafe_code)]
mod raw;
mod statistics;
mod thread_priorities;
mod token;
mod topology;

pub use adaptive::AdaptiveLock;
pub use held::{HeldLevel, LevelMutex};
pub use priority::{PriorityHook, on_priority, priority, set_priority};
pub use queued::{FIRST_NAP, MAX_NAP, MAX_PASSED, QueuedLock, REQUEST_DELAY};
#[cfg(all(feature = "statistics", not(feature = "modelled")))]
pub use raw::counts_of;
#[cfg(feature = "statistics")]
pub use statistics::AcquisitionCounts;
pub use token::{Hold, Token, blocking};
pub use topology::{Topology, pretend_node};

/// Scales the number of a test's iterations: a few under Miri (`cargo xtask miri`), where each step
/// takes a thousand times as long.
#[cfg(all(test, not(feature = "modelled")))]
const fn rounds(native: u64) -> u64 {
    if cfg!(miri) { 8 } else { native }
}
