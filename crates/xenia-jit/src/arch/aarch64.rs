//! The engine's part that is AArch64's.

#[allow(unsafe_code)]
pub(crate) mod conditions;
#[allow(unsafe_code)]
pub(crate) mod enter;
#[allow(unsafe_code)]
pub(crate) mod float;
#[allow(unsafe_code)]
pub(crate) mod hooks;
pub(crate) mod inspect;

/// Whether the baseline tier has code for this processor.
pub const HAS_BASELINE: bool = false;
