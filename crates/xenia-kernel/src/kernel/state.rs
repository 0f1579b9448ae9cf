//! State of the kernel, in groups of areas.

mod areas;
mod core;
mod files;
#[cfg(any(test, feature = "testing"))]
pub mod reload;
#[cfg(test)]
mod through;

pub use self::areas::AreasState;
pub use self::core::CoreState;
#[cfg(test)]
pub(crate) use self::through::round_trip;
