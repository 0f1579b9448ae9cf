//! Compiled code: its memory, the cache that publishes and withdraws it, the file that keeps it.

pub(crate) mod cache;
pub(crate) mod entries;
pub(crate) mod epochs;
#[allow(unsafe_code)]
pub(crate) mod memory;
pub(crate) mod pages;
#[allow(unsafe_code)]
pub(crate) mod sparse_words;
pub(crate) mod store;
pub(crate) mod tables_in_use;

/// The size of compiled code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeSize {
    /// Bytes of code memory in use.
    pub bytes: u64,
    /// Number of regions, or of units of the baseline tier, with those that are withdrawn and not
    /// yet freed.
    pub regions: u64,
}
