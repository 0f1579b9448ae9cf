//! Compiled code: its memory, the cache that publishes and withdraws it, the file that keeps it.

pub(crate) mod cache;
pub(crate) mod epochs;
#[allow(unsafe_code)]
pub(crate) mod memory;
pub(crate) mod peephole;
pub(crate) mod relocation;
pub(crate) mod restore;
pub(crate) mod store;
