//! Execution of compiled code: entry and exit, hooks, faults.

#[allow(unsafe_code)]
pub(crate) mod enter;
#[allow(unsafe_code)]
pub(crate) mod hooks;
pub(crate) mod strings;
