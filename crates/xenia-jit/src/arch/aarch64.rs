//! The engine's part that is AArch64's.

#[allow(unsafe_code)]
pub(crate) mod conditions;
#[allow(unsafe_code)]
pub(crate) mod enter;
pub(crate) mod fault_exit;
pub(crate) mod features;
#[allow(unsafe_code)]
pub(crate) mod float;
#[allow(unsafe_code)]
pub(crate) mod hooks;
pub(crate) mod inspect;
pub(crate) mod peephole;
pub(crate) mod relocation;
