//! UTF-16, in which titles have names and texts that are shown.

/// The start of a text that fits into `room` units, in whole characters.
#[must_use]
pub fn fitting(text: &str, room: usize) -> Vec<u16> {
    let mut units: Vec<u16> = text.encode_utf16().take(room).collect();
    if units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
        units.pop();
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let text = "a\u{1F600}b";
        assert_eq!(fitting(text, 2), [0x61]);
        assert_eq!(fitting(text, 3), [0x61, 0xD83D, 0xDE00]);
        assert_eq!(fitting(text, 9), [0x61, 0xD83D, 0xDE00, 0x62]);
    }
}
