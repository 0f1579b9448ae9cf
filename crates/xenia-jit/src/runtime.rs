//! Execution of compiled code: entry and exit, hooks, faults, state that engines share.

#[allow(unsafe_code)]
pub(crate) mod enter;
#[allow(unsafe_code)]
pub(crate) mod hooks;
pub(crate) mod shared;
pub(crate) mod strings;
