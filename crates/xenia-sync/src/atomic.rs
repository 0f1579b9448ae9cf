//! The atomics that the locks use: the standard library's, or in a model those of a model checker
//! that runs the same code under other schedules. Loom explores all schedules of a few
//! threads, with every value that a load may see; shuttle explores many random ones of more
//! threads. The models are in `models.rs` and `random_models.rs` beside the code.

#[cfg(not(feature = "modelled"))]
pub use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

#[cfg(feature = "modelled")]
pub use explorer::{
    hint::spin_loop,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence},
    thread::yield_now,
};

#[cfg(feature = "model-loom")]
pub use loom as explorer;

#[cfg(all(feature = "model-shuttle", not(feature = "model-loom")))]
pub use shuttle as explorer;

/// Whether this is a model. A model has no time, so operations that take time take one step.
pub const MODEL: bool = cfg!(feature = "modelled");

/// A thread-local static; in a model, per thread of the model.
#[cfg(not(feature = "modelled"))]
pub use std::thread_local as per_thread;

/// A thread-local static of the model.
#[cfg(feature = "modelled")]
#[macro_export]
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
pub use crate::per_thread;
