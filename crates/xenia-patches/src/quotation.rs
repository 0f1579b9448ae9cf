//! Quotations of a patch file in messages.

use crate::MAX_QUOTED;

/// Text of the file for a message, shortened.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
