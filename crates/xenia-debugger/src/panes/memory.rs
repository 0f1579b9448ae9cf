//! Memory as bytes and text.

use super::{Pane, PaneRow};
use std::fmt::Write as _;

/// Bytes of a row.
pub const ROW: u32 = 16;

/// The pane, with this number of rows from an address on. `read` fills a buffer and returns the
/// number of bytes before the first that is not mapped.
pub fn pane(at: u32, height: usize, read: &dyn Fn(u32, &mut [u8]) -> usize) -> Pane {
    let mut rows = Vec::new();
    let mut start = Some(at);
    while let Some(at) = start.filter(|_| rows.len() < height) {
        let mut bytes = [0; ROW as usize];
        let count = read(at, &mut bytes).min(bytes.len());
        let mut text = format!("{at:08x} ");
        for (index, byte) in bytes.iter().enumerate() {
            if index % 4 == 0 {
                text.push(' ');
            }
            if index < count {
                let _ = write!(text, "{byte:02x}");
            } else {
                text.push_str("??");
            }
        }
        text.push_str("  ");
        let is_text = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        text.extend(bytes[..count].iter().map(|&byte| if is_text(byte) { char::from(byte) } else { '.' }));
        rows.push(PaneRow::plain(text));
        start = at.checked_add(ROW);
    }
    Pane { title: format!("memory: {at:08x}"), rows, ..Pane::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmapped_bytes_are_question_marks() {
        let read = |at: u32, bytes: &mut [u8]| {
            let count = 0xFFFF_FFFC_u32.saturating_sub(at).min(16) as usize;
            bytes[..count].copy_from_slice(&b"\x1b]0;evil title\0\xFF"[..count]);
            count
        };
        let pane = pane(0xFFFF_FFE0, 5, &read);
        let texts: Vec<&str> = pane.rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "ffffffe0  1b5d303b 6576696c 20746974 6c6500ff  .]0;evil title..",
                "fffffff0  1b5d303b 6576696c 20746974 ????????  .]0;evil tit",
            ]
        );
    }
}
