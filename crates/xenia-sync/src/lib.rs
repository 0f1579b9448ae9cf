//! Locks with an order.
//!
//! Every lock of the runtime has a [`Level`], and an ordinal where there are several of one level; a thread may only wait
//! for locks of rising rank. In debug and test builds a thread that breaks the order panics at once, with both locks and
//! where they were taken, instead of deadlocking one day. Release builds compile the check out: a [`Mutex`] is then
//! `parking_lot`'s. Where levels are known while writing, [`LevelMutex`] lets the compiler check them.
#![forbid(unsafe_code)]

mod condvar;
mod held;
mod level;
mod mutex;
mod order;
mod rw_lock;

pub use condvar::Condvar;
pub use held::{Held, LevelMutex};
pub use level::{Below, Level, Place, levels};
pub use mutex::{Mutex, MutexGuard};
pub use rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
