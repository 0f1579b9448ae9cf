//! The container: magic, format version, header, sections.
//!
//! ```text
//! 0   8   "XRSTATE" and a zero byte
//! 8   4   format version, little endian
//! 12  4   length of the header in bytes, little endian
//! 16  32  BLAKE3 digest of the header
//! 48  …   the header, JSON, and spaces
//! …   …   the sections, in the order of the header's list, each compressed (LZ4 block)
//! ```
//!
//! Specification: `docs/src/states.md`.

use crate::error::StateError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the container that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Maximum size of a header in bytes.
pub const MAX_HEADER: u32 = 1 << 20;

/// Maximum number of sections in a state.
pub const MAX_SECTIONS: usize = 4096;

/// Maximum size of a section's content in bytes.
pub const MAX_SECTION: u64 = 64 << 20;

pub(crate) const MAGIC: [u8; 8] = *b"XRSTATE\0";
/// Bytes before the header.
pub(crate) const PREFIX: usize = 48;

/// The header of a state, which can be read without the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHeader {
    /// Program that wrote the file, with its version.
    pub program: String,
    /// Conditions that the run which loads the state must share. The program that loads it compares
    /// them.
    pub conditions: serde_json::Map<String, serde_json::Value>,
    /// Facts for people, such as the title's name, guest time and number of frames, by name.
    pub about: BTreeMap<String, String>,
}

/// A row of the header's list of sections.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SectionRow {
    pub(crate) name: String,
    pub(crate) version: u16,
    /// Length of the content in bytes.
    pub(crate) bytes: u64,
    /// Length in the file in bytes.
    pub(crate) stored: u64,
    /// BLAKE3 digest of the bytes in the file, as hexadecimal digits.
    pub(crate) blake3: String,
}

/// The header as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredHeader {
    #[serde(flatten)]
    pub(crate) header: StateHeader,
    pub(crate) sections: Vec<SectionRow>,
}

/// Checks the length of a part of the file.
pub(crate) fn limit(part: &str, length: u64, limit: u64) -> Result<(), StateError> {
    if length <= limit {
        return Ok(());
    }
    Err(StateError::TooLong { part: part.to_owned(), length, limit })
}
