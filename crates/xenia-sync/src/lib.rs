//! Locks with an order.
//!
//! Every lock of the runtime has a [`Level`]; a thread may only take locks of rising level. In debug
//! and test builds a thread that breaks the order panics at once, with both levels named, instead of
//! deadlocking one day. Release builds compile the check out: a [`Mutex`] is then `parking_lot`'s.
#![forbid(unsafe_code)]

mod mutex;
mod order;

pub use mutex::{Mutex, MutexGuard};
pub use order::Level;
