//! The code page of names: Windows-1252, in which discs, packages and titles have the names of
//! files, one byte for each character.
//!
//! The five bytes that the page leaves open are the control characters of the same numbers, as in
//! the index `windows-1252` of the WHATWG Encoding Standard. So each byte has a distinct character,
//! and names survive the way from the guest to the host and back, also those of a title that uses
//! another code page.

/// Characters of the bytes from 0x80 to 0x9F; all other bytes are their own numbers.
const MIDDLE: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', //
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The first byte of [`MIDDLE`].
const FIRST: u8 = 0x80;

/// The character of a byte.
pub fn character(byte: u8) -> char {
    let middle = byte.checked_sub(FIRST).and_then(|index| MIDDLE.get(usize::from(index)));
    middle.copied().unwrap_or(char::from(byte))
}

/// The byte of a character, if the code page has it.
pub fn byte(character: char) -> Option<u8> {
    let index = MIDDLE.iter().position(|&other| other == character);
    match index {
        Some(index) => Some(FIRST + index as u8),
        None => u8::try_from(character).ok().filter(|&byte| self::character(byte) == character),
    }
}

/// The text of these bytes.
pub fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| character(byte)).collect()
}

/// The bytes of a text, if the code page has all of its characters.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte).collect()
}

/// The bytes of a text, with `?` for characters that the code page lacks.
pub fn encode_lossy(text: &str) -> Vec<u8> {
    text.chars().map(|character| byte(character).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_byte_has_a_unique_character() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let text = decode(&all);
        assert_eq!(encode(&text).unwrap(), all);
        assert_eq!(text.chars().collect::<BTreeSet<_>>().len(), 256);
    }

    #[test]
    fn characters_are_those_of_windows_1252() {
        for (byte, expected) in [
            (b'A', 'A'),
            (0x80, '\u{20AC}'),
            (0x83, '\u{192}'),
            (0x85, '\u{2026}'),
            (0x8A, '\u{160}'),
            (0x91, '\u{2018}'),
            (0x95, '\u{2022}'),
            (0x99, '\u{2122}'),
            (0x9C, '\u{153}'),
            (0x9F, '\u{178}'),
            (0xA0, '\u{A0}'),
            (0xA9, '\u{A9}'),
            (0xFF, '\u{FF}'),
        ] {
            assert_eq!((character(byte), super::byte(expected)), (expected, Some(byte)));
        }
    }

    #[test]
    fn characters_that_the_page_lacks_have_no_byte() {
        for lacking in ['\u{99}', '\u{100}', '\u{3042}', '\u{10000}'] {
            assert_eq!(byte(lacking), None, "{lacking:?}");
        }
        assert_eq!(encode("a\u{3042}"), None);
        assert_eq!(encode_lossy("a\u{3042}\u{2122}"), b"a?\x99");
    }
}
