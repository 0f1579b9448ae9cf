//! Text of the title, made harmless for a terminal: control characters and invisible ones are
//! escaped, and lengths are limited.

use xenia::text_lines::TextLines;

/// Maximum number of characters shown of a name.
pub const MAX_NAME_LENGTH: usize = 40;

/// Whether a terminal shows a character as itself, in one cell or two.
fn is_plain(c: char) -> bool {
    let is_invisible = matches!(
        u32::from(c),
        0xAD | 0x61C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF
            | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF
    );
    !c.is_control() && !is_invisible
}

/// Text with control characters and invisible ones escaped, of at most `most` characters.
pub fn escaped_text(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for c in text.chars() {
        let piece = if is_plain(c) { c.to_string() } else { c.escape_default().to_string() };
        count += piece.chars().count();
        if count > most {
            out.push('…');
            return out;
        }
        out.push_str(&piece);
    }
    out
}

/// Numbers, joined by commas; of many the first ones and the number of the rest.
pub fn list(ids: &[u32]) -> String {
    /// Maximum number of numbers shown.
    const MAX_NUMBERS: usize = 6;
    let mut words: Vec<String> = ids.iter().take(MAX_NUMBERS).map(|id| format!("{id:#x}")).collect();
    if ids.len() > MAX_NUMBERS {
        words.push(format!("and {} more", ids.len() - MAX_NUMBERS));
    }
    words.join(", ")
}

/// Maximum length of a line in bytes; longer lines are broken before a character.
const MAX_LINE_LENGTH: usize = 400;
/// Maximum number of characters of a line, of which each can be a byte: three may continue the last
/// character beyond the length.
const MAX_CHARACTERS: usize = MAX_LINE_LENGTH + 3;

/// Lines of text that the run prints, of which the last ones are kept.
#[derive(Clone, Debug, Default)]
pub struct PrintedLines {
    whole: std::collections::VecDeque<String>,
    lines: TextLines<MAX_LINE_LENGTH>,
    /// Lines that are no longer kept.
    dropped: u64,
}

impl PrintedLines {
    /// Maximum number of lines kept.
    const MAX_LINES: usize = 500;

    /// Adds text, which may end within a line and within a character.
    pub fn add(&mut self, mut text: &[u8]) {
        while let Some(line) = self.lines.next_line(&mut text) {
            self.whole.push_back(escaped_text(&line, MAX_CHARACTERS));
            if self.whole.len() > Self::MAX_LINES {
                self.whole.pop_front();
                self.dropped += 1;
            }
        }
    }

    /// The lines that are kept, and the number of those before them.
    pub fn kept(&self) -> (Vec<String>, u64) {
        let text = self.lines.begun();
        let begun = (!text.is_empty()).then(|| escaped_text(&text, MAX_CHARACTERS));
        (self.whole.iter().cloned().chain(begun).collect(), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        assert_eq!(escaped_text("a\x1b[2Jb", 40), "a\\u{1b}[2Jb");
        assert_eq!(escaped_text("x\u{202e}y\u{200b}z\n\t", 80), "x\\u{202e}y\\u{200b}z\\n\\t");
        assert_eq!(escaped_text("Größe 大", 40), "Größe 大");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(escaped_text(&"n".repeat(1000), 10), format!("{}…", "n".repeat(10)));
        assert_eq!(escaped_text(&"\x07".repeat(9), 10), "\\u{7}\\u{7}…");
    }

    #[test]
    fn the_first_of_many_numbers_are_listed() {
        assert_eq!(list(&[1, 0x20]), "0x1, 0x20");
        assert_eq!(list(&[7; 100]), "0x7, 0x7, 0x7, 0x7, 0x7, 0x7, and 94 more");
    }

    #[test]
    fn the_last_lines_are_kept() {
        let mut lines = PrintedLines::default();
        for n in 0..600 {
            lines.add(format!("line {n}\r\n").as_bytes());
        }
        lines.add(b"begun");
        let (kept, dropped) = lines.kept();
        assert_eq!((kept.len(), dropped), (501, 100));
        assert_eq!((kept[0].as_str(), kept[500].as_str()), ("line 100", "begun"));
        lines.add(&[b'x'; 10_000]);
        assert!(lines.kept().0.iter().all(|line| line.len() <= 400));
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        let mut lines = PrintedLines::default();
        for byte in "Größe\n".bytes() {
            lines.add(&[byte]);
        }
        lines.add(&[b'x'; 399]);
        lines.add("é|\n".as_bytes());
        assert_eq!(lines.kept().0, ["Größe".to_owned(), "x".repeat(399) + "é", "|".to_owned()]);
        // Bytes that only continue characters are broken, too.
        lines.add(&[0x80; 10_000]);
        assert_eq!(lines.kept().0.len(), 3 + 10_000_usize.div_ceil(403));
    }
}
