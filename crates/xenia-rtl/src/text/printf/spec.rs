//! Parser of a format specification between `%` and its type, with the prefixes of Microsoft's C
//! runtime (`I64`, `w`).

/// The flag characters of a specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `-`: padded on the right.
    pub(super) left: bool,
    /// `+`: a sign before numbers that are not negative.
    pub(super) plus: bool,
    /// Space: a blank before numbers that are not negative.
    pub(super) space: bool,
    /// `#`: a prefix, or a decimal point always.
    pub(super) alternate: bool,
    /// `0`: padded with zeros.
    pub(super) zero: bool,
}

/// Size of the argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Size {
    /// No size prefix.
    #[default]
    Default,
    /// The prefix `h`.
    Short,
    /// The prefixes `l` and `w`.
    Long,
    /// The prefixes `ll` and `I64`.
    LongLong,
}

/// A format specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) flags: Flags,
    pub(super) width: u32,
    /// The width is an argument.
    pub(super) star_width: bool,
    pub(super) precision: Option<u32>,
    /// The precision is an argument.
    pub(super) star_precision: bool,
    pub(super) size: Size,
}

/// Position in a format; reads its 8-bit characters.
struct Cursor<'a> {
    format: &'a [u16],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).and_then(|&unit| u8::try_from(unit).ok())
    }

    fn eat(&mut self, text: &str) -> bool {
        let matches = text
            .bytes()
            .enumerate()
            .all(|(index, byte)| self.format.get(self.at + index) == Some(&u16::from(byte)));
        if matches {
            self.at += text.len();
        }
        matches
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            value = Some(value.unwrap_or(0_u32).saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        }
        value
    }
}

impl Spec {
    /// Parses a specification up to its type. Returns it and its length in units.
    pub(super) fn parse(format: &[u16]) -> (Self, usize) {
        let mut spec = Self::default();
        let mut cursor = Cursor { format, at: 0 };
        loop {
            let flag = match cursor.peek() {
                Some(b'-') => &mut spec.flags.left,
                Some(b'+') => &mut spec.flags.plus,
                Some(b' ') => &mut spec.flags.space,
                Some(b'#') => &mut spec.flags.alternate,
                Some(b'0') => &mut spec.flags.zero,
                _ => break,
            };
            *flag = true;
            cursor.at += 1;
        }
        spec.star_width = cursor.eat("*");
        if !spec.star_width {
            spec.width = cursor.number().unwrap_or(0);
        }
        if cursor.eat(".") {
            spec.star_precision = cursor.eat("*");
            if !spec.star_precision {
                spec.precision = Some(cursor.number().unwrap_or(0));
            }
        }
        loop {
            spec.size = if cursor.eat("I64") || cursor.eat("ll") {
                Size::LongLong
            } else if cursor.eat("I32") || cursor.eat("l") || cursor.eat("w") {
                Size::Long
            } else if cursor.eat("h") {
                Size::Short
            } else if cursor.eat("I") || cursor.eat("L") {
                // `I` is the size of a pointer. For `L`, long doubles are doubles.
                Size::Default
            } else {
                break;
            };
        }
        (spec, cursor.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_order() {
        for (text, length, expected) in [
            ("d", 0, Spec::default()),
            (
                "-08.3I64d",
                8,
                Spec {
                    flags: Flags { left: true, zero: true, ..Flags::default() },
                    width: 8,
                    precision: Some(3),
                    size: Size::LongLong,
                    ..Spec::default()
                },
            ),
            (
                "*.*ws",
                4,
                Spec { star_width: true, star_precision: true, size: Size::Long, ..Spec::default() },
            ),
            (".f", 1, Spec { precision: Some(0), ..Spec::default() }),
            ("99999999999d", 11, Spec { width: u32::MAX, ..Spec::default() }),
            (
                "+ #hx",
                4,
                Spec {
                    flags: Flags { plus: true, space: true, alternate: true, ..Flags::default() },
                    size: Size::Short,
                    ..Spec::default()
                },
            ),
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(Spec::parse(&units), (expected, length), "{text}");
        }
    }
}
