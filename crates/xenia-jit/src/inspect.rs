//! Views of compiled code for developers: differential testing, text and size of code.

#[cfg(feature = "arm64")]
mod aarch64;
pub(crate) mod cost;
pub(crate) mod cross_check;
pub(crate) mod dump;
