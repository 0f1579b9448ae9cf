//! Lines of a title's text, which arrives in pieces of any bytes.

use std::borrow::Cow;

/// Largest number of bytes in a character after the first.
const MAX_CONTINUATION: usize = 3;

/// Splits text into lines without their ends; carriage returns are left out. A line of `MAX` bytes
/// is broken before the next character. At most three bytes more continue its last one; bytes that
/// continue none are broken as well.
#[derive(Clone, Debug, Default)]
pub struct TextLines<const MAX: usize> {
    /// Bytes of a line, which may end within a character.
    begun: Vec<u8>,
}

impl<const MAX: usize> TextLines<MAX> {
    /// Takes bytes from `text` up to the end of a line, which is returned; `None` once all are
    /// taken. Bytes that are not UTF-8 become U+FFFD.
    pub fn next_line(&mut self, text: &mut &[u8]) -> Option<String> {
        while let [byte, rest @ ..] = *text {
            let continues = byte & 0xC0 == 0x80;
            let max = MAX + if continues { MAX_CONTINUATION } else { 0 };
            match byte {
                b'\n' => {
                    *text = rest;
                    return Some(self.take());
                }
                b'\r' => {}
                _ if self.begun.len() >= max => return Some(self.take()),
                byte => self.begun.push(*byte),
            }
            *text = rest;
        }
        None
    }

    /// The line that has begun; empty if the text ends with a line.
    #[must_use]
    pub fn begun(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.begun)
    }

    /// Takes the line that has begun.
    pub fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(lines: &mut TextLines<4>, mut text: &[u8]) -> Vec<String> {
        std::iter::from_fn(|| lines.next_line(&mut text)).collect()
    }

    #[test]
    fn lines_are_broken_between_characters() {
        let mut lines = TextLines::default();
        assert_eq!(split(&mut lines, b"a\r\n\nb"), ["a", ""]);
        assert_eq!(lines.begun(), "b");
        assert_eq!(split(&mut lines, "cdé\n".as_bytes()), ["bcdé"]);
        // Four bytes end a line, unless the next one continues a character.
        assert_eq!(split(&mut lines, "cdeéfgh".as_bytes()), ["cdeé"]);
        assert_eq!(lines.take(), "fgh");
        assert_eq!(split(&mut lines, &[0x80; 20]), ["\u{FFFD}".repeat(7), "\u{FFFD}".repeat(7)]);
        assert_eq!((lines.take(), lines.take()), ("\u{FFFD}".repeat(6), String::new()));
    }
}
