//! The error type of all readers: what was being read, the offset, and the reason for refusal.

use std::borrow::Cow;
use std::io;

/// A file that does not have the expected format.
///
/// Displays as one line: `XEX security info at offset 0x90: needs 388 bytes, 12 available`.
#[derive(Debug, thiserror::Error)]
#[error("{what} at offset {offset:#x}: {reason}")]
pub struct FormatError {
    /// The structure or field that was being read.
    pub what: Cow<'static, str>,
    /// Offset in the file (or, for data inside a decompressed image, in that image).
    pub offset: u64,
    /// Reason for the refusal. It is part of the message, so it is not the `source`: a report would
    /// repeat it.
    pub reason: Reason,
}

/// Reasons for refusing a file.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The file ends too early.
    #[error("needs {needed} bytes, {available} available")]
    Truncated {
        /// Size of the structure in bytes.
        needed: u64,
        /// Number of bytes that remain.
        available: u64,
    },
    /// A field has a value that the format does not define.
    #[error("found {found:#x}, expected {expected}")]
    Unexpected {
        /// The value found.
        found: u64,
        /// Description of the permitted values.
        expected: Cow<'static, str>,
    },
    /// A size or count larger than a console could load.
    #[error("{of} {value:#x} exceeds the limit of {limit:#x}")]
    TooLarge {
        /// Name of the size or count, with its article.
        of: &'static str,
        /// The value found.
        value: u64,
        /// The largest value accepted.
        limit: u64,
    },
    /// Contradictory fields, or data that cannot be decoded.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// A well-formed variant that is not supported.
    #[error("not supported: {0}")]
    Unsupported(Cow<'static, str>),
    /// The payload doesn't open with the development key and the caller has no retail key.
    #[error("the payload does not open with the development key; a retail title needs your own key")]
    RetailKeyMissing,
    /// The payload cannot be decrypted with the available keys, which include a retail key.
    #[error("the payload opens neither with the development key nor with the retail key given")]
    NoKeyFits,
    /// Error of the host when reading the file.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl FormatError {
    /// An error about `what` at `offset`.
    pub fn new(what: impl Into<Cow<'static, str>>, offset: u64, reason: Reason) -> Self {
        Self { what: what.into(), offset, reason }
    }

    pub(crate) fn truncated(what: impl Into<Cow<'static, str>>, offset: u64, needed: u64, size: u64) -> Self {
        Self::new(what, offset, Reason::Truncated { needed, available: size.saturating_sub(offset) })
    }

    pub(crate) fn invalid(
        what: impl Into<Cow<'static, str>>,
        offset: u64,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(what, offset, Reason::Invalid(why.into()))
    }

    pub(crate) fn unsupported(
        what: impl Into<Cow<'static, str>>,
        offset: u64,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(what, offset, Reason::Unsupported(why.into()))
    }

    pub(crate) fn unexpected(
        what: impl Into<Cow<'static, str>>,
        offset: u64,
        found: impl Into<u64>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(what, offset, Reason::Unexpected { found: found.into(), expected: expected.into() })
    }

    /// Fails if the field `what` has a `value` that exceeds `limit`.
    pub(crate) fn check_limit(
        what: &'static str,
        offset: u64,
        value: u64,
        limit: u64,
    ) -> Result<(), FormatError> {
        limited("the value", value, limit).map_err(|reason| Self::new(what, offset, reason))
    }
}

/// Fails if `value`, which is called `of`, exceeds `limit`.
pub(crate) fn limited(of: &'static str, value: u64, limit: u64) -> Result<(), Reason> {
    if value > limit { Err(Reason::TooLarge { of, value, limit }) } else { Ok(()) }
}
