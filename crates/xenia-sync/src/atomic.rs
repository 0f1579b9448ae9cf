//! The atomics that the locks are made of: the standard library's, or in a model those of a crate
//! that runs the same code with the steps of its threads in other orders: loom in all orders, and
//! with every value that a load may see (a few threads), shuttle in many random ones (more
//! threads). The models are in `models.rs` and `random_models.rs` beside the code.

#[cfg(not(feature = "modelled"))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

#[cfg(feature = "modelled")]
pub(crate) use explorer::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

#[cfg(feature = "model-loom")]
pub(crate) use loom as explorer;

#[cfg(all(feature = "model-shuttle", not(feature = "model-loom")))]
pub(crate) use shuttle as explorer;

/// Whether a model runs this code. It has no time, so what takes a while otherwise takes one step.
pub(crate) const MODEL: bool = cfg!(feature = "modelled");

/// A static of each thread; in a model, of each of its threads.
#[cfg(not(feature = "modelled"))]
pub(crate) use std::thread_local as per_thread;

#[cfg(feature = "modelled")]
macro_rules! per_thread {
    () => {};
    ($(#[$doc:meta])* static $name:ident: $type:ty = const { $value:expr }; $($rest:tt)*) => {
        $crate::atomic::explorer::thread_local! { $(#[$doc])* static $name: $type = $value; }
        $crate::atomic::per_thread! { $($rest)* }
    };
    ($(#[$doc:meta])* static $name:ident: $type:ty = $value:expr; $($rest:tt)*) => {
        $crate::atomic::explorer::thread_local! { $(#[$doc])* static $name: $type = $value; }
        $crate::atomic::per_thread! { $($rest)* }
    };
}
#[cfg(feature = "modelled")]
pub(crate) use per_thread;

/// A static; in a model, one of each run.
#[cfg(not(feature = "modelled"))]
macro_rules! per_process {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = $value:expr;)+) => {
        $($(#[$doc])* static $name: $type = $value;)+
    };
}
#[cfg(feature = "modelled")]
macro_rules! per_process {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = $value:expr;)+) => {
        $crate::atomic::explorer::lazy_static! { $($(#[$doc])* static ref $name: $type = $value;)+ }
    };
}
pub(crate) use per_process;
