//! Priorities of threads by number: their own, and the highest lent to them.

use crate::per_process::per_process;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use xenia_sync::atomic;

/// Limit of threads that have numbers, from 1 on.
pub(crate) const MAX_THREADS: usize = if atomic::MODEL { MODELLED } else { 1024 };
const MODELLED: usize = if cfg!(feature = "model-loom") { 4 } else { 8 };

per_process! {
    /// Threads' own priorities by number; 0 stands for all threads without a number.
    static OWN: [AtomicU8; MAX_THREADS + 1] = [const { AtomicU8::new(0) }; MAX_THREADS + 1];
    static LENT: [AtomicU8; MAX_THREADS + 1] = [const { AtomicU8::new(0) }; MAX_THREADS + 1];
}

/// The effective priority of a thread.
pub(crate) fn priority_of(number: u16) -> u8 {
    let number = usize::from(number);
    OWN[number].load(Relaxed).max(LENT[number].load(Relaxed))
}

/// Sets a thread's own priority.
pub(crate) fn set_own(number: u16, priority: u8) {
    OWN[usize::from(number)].store(priority, Relaxed);
}

/// Lends a priority to a thread.
pub(crate) fn lend_to(number: u16, priority: u8) {
    LENT[usize::from(number)].fetch_max(priority, Relaxed);
}

/// Whether a priority is lent to a thread.
pub(crate) fn has_loan(number: u16) -> bool {
    LENT[usize::from(number)].load(Relaxed) != 0
}

/// Ends the loans to a thread.
pub(crate) fn end_loans(number: u16) {
    LENT[usize::from(number)].store(0, Relaxed);
}

/// Resets a number, which another thread will get.
#[cfg(not(feature = "modelled"))]
pub(crate) fn forget(number: u16) {
    set_own(number, 0);
    end_loans(number);
}
