//! Characters of the console's kernel: 8-bit text is Latin-1, its case tables included.

/// Converts a UTF-16 unit to an 8-bit character; others become a question mark.
pub fn narrowed(unit: u16) -> u8 {
    u8::try_from(unit).unwrap_or(b'?')
}

/// Converts an 8-bit character to upper case. The last one has no upper case in Latin-1 and becomes
/// a question mark.
pub fn upper(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | 0xE0..=0xF6 | 0xF8..=0xFE => byte - 0x20,
        0xFF => b'?',
        _ => byte,
    }
}

/// Converts an 8-bit character to lower case.
pub fn lower(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' | 0xC0..=0xD6 | 0xD8..=0xDE => byte + 0x20,
        _ => byte,
    }
}

/// Converts a UTF-16 unit to upper case, if the result is a single unit. NT's table consists of
/// pairs of letters, with the final sigma besides: a letter whose upper case has another lower case
/// (micro sign, dotless i, long s, title case) stays as it is.
pub fn upper_unit(unit: u16) -> u16 {
    const FINAL_SIGMA: u16 = 0x3C2;
    let upper = one_unit(unit, |c| single(c.to_uppercase()));
    if lower_unit(upper) == unit || unit == FINAL_SIGMA { upper } else { unit }
}

/// Converts a UTF-16 unit to lower case, if the result is a single unit.
pub fn lower_unit(unit: u16) -> u16 {
    one_unit(unit, |c| single(c.to_lowercase()))
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    if characters.next().is_some() { None } else { first }
}

fn one_unit(unit: u16, change: impl Fn(char) -> Option<char>) -> u16 {
    char::from_u32(u32::from(unit))
        .and_then(change)
        .and_then(|c| u16::try_from(u32::from(c)).ok())
        .unwrap_or(unit)
}

/// Returns the difference at the first character that differs, or of the lengths in bytes.
pub fn compare<T: Copy + Into<i32>>(first: &[T], second: &[T], fold: impl Fn(T) -> T) -> i32 {
    for (&a, &b) in first.iter().zip(second) {
        let a: i32 = fold(a).into();
        let b: i32 = fold(b).into();
        if a != b {
            return a - b;
        }
    }
    size_of_val(first) as i32 - size_of_val(second) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_tables_are_latin_1() {
        for (small, large) in [(b'a', b'A'), (b'z', b'Z'), (0xE9, 0xC9), (0xFE, 0xDE)] {
            assert_eq!((upper(small), lower(large)), (large, small));
        }
        for same in [b'[', b'@', 0xD7, 0xF7, 0xDF, b'1'] {
            assert_eq!((upper(same), lower(same)), (same, same));
        }
        assert_eq!(upper(0xFF), b'?');
    }

    #[test]
    fn units_change_case_one_to_one() {
        assert_eq!(upper_unit(0xFF), 0x178);
        assert_eq!(upper_unit(0x3B1), 0x391);
        assert_eq!(upper_unit(0xDF), 0xDF, "its upper case is two letters");
        assert_eq!(lower_unit(u16::from(b'Q')), u16::from(b'q'));
        assert_eq!(upper_unit(0xD800), 0xD800, "half a character");
    }

    #[test]
    fn upper_case_is_by_pairs_of_letters() {
        // NT's own results for Latin-1.
        let latin_1 = |unit: u16| match unit {
            0x61..=0x7A | 0xE0..=0xF6 | 0xF8..=0xFE => unit - 0x20,
            0xFF => 0x178,
            _ => unit,
        };
        assert!((0..=0xFF).all(|unit| upper_unit(unit) == latin_1(unit)));
        for unit in [0x131, 0x17F, 0x1C5, 0x3D0] {
            assert_eq!(upper_unit(unit), unit, "{unit:#x} is the lower case of no letter");
        }
        assert_eq!([0x1C6, 0x3C2, 0x3C3].map(upper_unit), [0x1C4, 0x3A3, 0x3A3]);
    }

    #[test]
    fn comparing_ends_at_the_first_difference() {
        assert_eq!(compare(b"abc", b"abd", |c: u8| c), -1);
        assert_eq!(compare(b"ABC", b"abc", upper), 0);
        assert_eq!(compare(b"ab", b"abc", |c: u8| c), -1);
        assert_eq!(compare::<u8>(b"", b"", |c| c), 0);
        assert_eq!(compare(&[1, 2], &[1, 2, 3], |c: u16| c), -2, "lengths are in bytes");
    }
}
