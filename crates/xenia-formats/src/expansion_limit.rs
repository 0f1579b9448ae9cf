//! Limit on the expansion of compressed archives, against decompression bombs.

use crate::error::{FormatError, limited};

/// Uncompressed size that every archive may have …
const ALWAYS: u64 = 1 << 30;
/// … and largest expansion factor beyond that. Titles never compress that well; bombs do.
const GROWTH: u64 = 100;

/// Refuses an archive of `stored` bytes that claims to expand to `total`.
pub(crate) fn check_growth(
    what: &'static str,
    offset: u64,
    stored: u64,
    total: u64,
) -> Result<(), FormatError> {
    limited("the decompressed size", total, ALWAYS.max(stored.saturating_mul(GROWTH)))
        .map_err(|reason| FormatError::new(what, offset, reason))
}
