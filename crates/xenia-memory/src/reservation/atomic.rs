//! The atomics of the table of reservations: the standard library's, or in a model loom's, which
//! explores every order of a few threads' steps and every value that a load may see.

use crate::arch::accesses::UPDATES_ARE_FENCES;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

#[cfg(not(feature = "model"))]
pub(super) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence},
    thread::yield_now,
};

#[cfg(feature = "model")]
pub(super) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence},
    thread::yield_now,
};

/// Number of banks; a model needs two.
pub(super) const BANKS: usize = if cfg!(feature = "model") { 2 } else { 4096 };
/// Polls of a busy bank before the thread yields the processor.
pub(super) const SPINS: u32 = if cfg!(feature = "model") { 0 } else { 64 };

/// Orders all accesses before it before all after it, on a thread that has just made an atomic
/// read-modify-write, which suffices on some processors.
#[inline(always)]
pub(super) fn fence_after_update() {
    if UPDATES_ARE_FENCES && !cfg!(feature = "model") {
        compiler_fence(SeqCst);
    } else if !is_omitted() {
        fence(SeqCst);
    }
}

#[cfg(not(feature = "model"))]
const fn is_omitted() -> bool {
    false
}

#[cfg(feature = "model")]
loom::thread_local! {
    /// Whether this thread of a model is faulty, and omits these fences.
    pub(super) static OMITTED: std::cell::Cell<bool> = std::cell::Cell::new(false);
}

#[cfg(feature = "model")]
fn is_omitted() -> bool {
    OMITTED.with(std::cell::Cell::get)
}
