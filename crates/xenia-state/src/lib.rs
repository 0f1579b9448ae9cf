//! Files of saved states: a header, and sections with versions, lengths and digests.
//!
//! This crate implements the container only. The subsystems declare their sections: plain structs
//! with `serde`, made from the live types by exhaustive destructuring, so that a new field that is
//! not saved does not compile. The format is specified in `docs/src/states.md`.
//!
//! Invariants: a file is untrusted. Every length and the memory of every section's values have a
//! bound, every stored byte is covered by a digest, and a section is decoded only if its version is
//! known. Values inside a section are checked by their subsystem, with [`check`].
#![forbid(unsafe_code)]

mod compressed;
mod counted;
mod error;
mod file;
mod format;
mod section;
#[cfg(test)]
mod tests;
pub mod whole_bytes;
pub mod whole_words;
mod writer;

pub use compressed::{Packed, exclusive_or};
pub use error::{Impossible, StateError, Unsaveable, check, is_count};
pub use file::{SectionBound, StateFile};
pub use format::{FORMAT_VERSION, MAX_HEADER, MAX_SECTION, MAX_SECTIONS, StateHeader};
pub use section::{StateSection, StoredSection, find, get};
pub use writer::StateWriter;
