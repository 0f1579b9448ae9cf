//! Errors: why a state cannot be saved, and why a file or a value in it is refused.

use std::borrow::Cow;
use thiserror::Error;

/// Reason why a value in a state is refused: no machine can be in that state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Impossible(pub Cow<'static, str>);

impl From<&'static str> for Impossible {
    fn from(reason: &'static str) -> Self {
        Self(reason.into())
    }
}

impl From<String> for Impossible {
    fn from(reason: String) -> Self {
        Self(reason.into())
    }
}

/// Refuses a value with `reason` unless `holds`.
pub fn check(holds: bool, reason: &'static str) -> Result<(), Impossible> {
    if holds { Ok(()) } else { Err(reason.into()) }
}

/// Whether a counter of a state has a value that a machine can reach, so that it can be counted on
/// for as long as any run lasts. The same goes for guest times.
pub const fn is_count(count: u64) -> bool {
    count < 1 << 62
}

/// Reason why a machine's state cannot be saved at this moment, such as an open socket of the host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unsaveable(pub Cow<'static, str>);

impl From<&'static str> for Unsaveable {
    fn from(reason: &'static str) -> Self {
        Self(reason.into())
    }
}

impl From<String> for Unsaveable {
    fn from(reason: String) -> Self {
        Self(reason.into())
    }
}

/// Error of reading or writing the file of a state.
#[derive(Debug, Error)]
pub enum StateError {
    /// The file does not begin as a state does.
    #[error("it is not a saved state: it does not begin with the bytes `XRSTATE`")]
    NotAState,
    /// The container's version is unknown.
    #[error("its format has version {found}, and this program reads version {reads}")]
    FormatVersion {
        /// Version in the file.
        found: u32,
        /// Version that this program reads.
        reads: u32,
    },
    /// The file ends early.
    #[error("it ends at byte {file_length}, inside {part}")]
    Truncated {
        /// Length of the file, in bytes.
        file_length: u64,
        /// Name of the part that is cut off.
        part: String,
    },
    /// Bytes follow the last section.
    #[error("{0} bytes follow its last section")]
    TrailingBytes(u64),
    /// A length is above its bound.
    #[error("{part} has {length} bytes, above the limit of {limit}")]
    TooLong {
        /// Name of the part.
        part: String,
        /// Its length in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A part does not match its digest in the file.
    #[error("{0} is damaged: its digest differs")]
    Damaged(String),
    /// The header is not a valid document.
    #[error("its header is invalid: {0}")]
    Header(String),
    /// A section is missing.
    #[error("section `{0}` is missing")]
    MissingSection(&'static str),
    /// A section has an unknown name.
    #[error("section `{0}` is unknown to this program")]
    UnknownSection(String),
    /// A section occurs twice, or has a name that is not allowed.
    #[error("the section name `{0}` is invalid or occurs twice")]
    SectionName(String),
    /// A section has another version than the one that this program reads.
    #[error("section `{section}` has version {found}, and this program reads version {reads}")]
    SectionVersion {
        /// Name of the section.
        section: &'static str,
        /// Version in the file.
        found: u16,
        /// Version that this program reads.
        reads: u16,
    },
    /// The content of a section cannot be decoded, or is a state that no machine can be in.
    #[error("section `{section}`: {reason}")]
    Contents {
        /// Name of the section.
        section: &'static str,
        /// Reason of the refusal.
        reason: String,
    },
}

impl StateError {
    /// The error for a section whose content is refused.
    pub fn contents(section: &'static str, reason: &dyn std::fmt::Display) -> Self {
        Self::Contents { section, reason: reason.to_string() }
    }
}
