//! Compiled code: its memory, the cache that publishes and withdraws it, the file that keeps it.

pub(crate) mod cache;
pub(crate) mod entries;
pub(crate) mod epochs;
#[allow(unsafe_code)]
pub(crate) mod memory;
pub(crate) mod restore;
#[allow(unsafe_code)]
pub(crate) mod sparse_words;
pub(crate) mod store;
pub(crate) mod tables_in_use;
