//! What archives of compressed files have in common: how much may come out of how little.

use crate::error::FormatError;

/// A small archive may hold this much …
const ALWAYS: u64 = 1 << 30;
/// … and each of its bytes stands for this many at most. No title is that empty; a bomb is.
const GROWTH: u64 = 100;

/// Refuses an archive of `stored` bytes that says to hold `total`.
pub(crate) fn check_growth(
    what: &'static str,
    offset: u64,
    stored: u64,
    total: u64,
) -> Result<(), FormatError> {
    FormatError::check_limit(what, offset, total, ALWAYS.max(stored.saturating_mul(GROWTH)))
}
