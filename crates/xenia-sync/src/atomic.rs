//! The atomics that the locks are made of: the standard library's, or with the feature `model` those of loom, which runs
//! the same code under every order of its threads' steps and with every value that a load may see (`queued/models.rs`).

#[cfg(not(feature = "model"))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

#[cfg(feature = "model")]
pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

/// Whether a model runs this code. It has no time, so what takes a while otherwise takes one step.
pub(crate) const MODEL: bool = cfg!(feature = "model");
