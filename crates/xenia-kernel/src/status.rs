//! How calls fail: what ends a call early, and status codes as DOS errors.

pub mod dos_error;
pub(crate) mod failure;
