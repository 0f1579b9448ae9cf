//! State of the kernel, in groups of areas.

mod core;
#[cfg(any(test, feature = "testing"))]
mod reload;

pub use self::core::CoreState;
