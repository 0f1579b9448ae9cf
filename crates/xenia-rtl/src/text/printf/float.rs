//! Formatting of doubles, digit for digit as in the console's C runtime.
//!
//! The runtime converts to 17 significant decimal digits first and rounds those, half up, to the
//! requested precision. So `%.0f` of 0.5 is 1, and digits beyond the 17th are zeros. The text
//! `1.#INF` of infinities, and those of NaNs, are rounded in the same way as if they were digits.

use std::fmt::Write;

/// Number of significant digits before rounding.
const DIGITS: usize = 17;

/// A number's significant digits: `d.ddd… × 10^exponent`.
struct Decimal {
    digits: Vec<u8>,
    exponent: i32,
    /// The digits are the letters of an infinity or a NaN.
    special: bool,
}

impl Decimal {
    fn new(value: f64) -> Self {
        let special = |text: &str| Self { digits: text.as_bytes().to_vec(), exponent: 0, special: true };
        if value.is_infinite() {
            return special("1#INF");
        }
        if value.is_nan() {
            const QUIET: u64 = 1 << 51;
            let bits = value.to_bits();
            return special(match (bits & QUIET != 0, bits << 12 == QUIET << 12 && bits >> 63 != 0) {
                (true, true) => "1#IND",
                (true, false) => "1#QNAN",
                (false, _) => "1#SNAN",
            });
        }
        if value == 0.0 {
            return Self { digits: vec![b'0'; DIGITS], exponent: 0, special: false };
        }
        let text = format!("{:.*e}", DIGITS - 1, value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        Self {
            digits: mantissa.bytes().filter(u8::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or(0),
            special: false,
        }
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|&digit| digit == b'0')
    }

    /// Keeps `count` digits, rounding half up; a carry out of the first digit moves the exponent.
    fn round(&mut self, count: i64) {
        let Ok(count) = usize::try_from(count) else {
            // Not even the digit before the first is kept.
            *self = Self { digits: Vec::new(), exponent: self.exponent, special: self.special };
            return;
        };
        if count >= self.digits.len() {
            return;
        }
        let up = self.digits[count] >= b'5';
        self.digits.truncate(count);
        if !up {
            return;
        }
        for digit in self.digits.iter_mut().rev() {
            if self.special || *digit != b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits.insert(0, b'1');
        self.digits.truncate(count.max(1));
        self.exponent += 1;
    }

    fn digit(&self, index: i64) -> char {
        let digit = usize::try_from(index).ok().and_then(|index| self.digits.get(index));
        char::from(digit.copied().unwrap_or(b'0'))
    }
}

/// Formats a number by type letter, without its sign.
pub(super) fn format(value: f64, letter: u8, precision: Option<u32>, alternate: bool) -> String {
    let text = match letter.to_ascii_lowercase() {
        b'a' => hexadecimal(value.abs(), precision, alternate),
        b'e' => exponential(Decimal::new(value), precision.unwrap_or(6), alternate),
        b'f' => fixed(Decimal::new(value), precision.unwrap_or(6), alternate),
        _ => general(Decimal::new(value), precision.unwrap_or(6), alternate),
    };
    if letter.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

fn fixed(mut decimal: Decimal, precision: u32, alternate: bool) -> String {
    decimal.round(i64::from(decimal.exponent) + 1 + i64::from(precision));
    let exponent = i64::from(decimal.exponent);
    let mut text = String::new();
    if decimal.digits.is_empty() || exponent < 0 {
        text.push('0');
    } else {
        text.extend((0..=exponent).map(|index| decimal.digit(index)));
    }
    if precision > 0 || alternate {
        text.push('.');
    }
    text.extend((1..=i64::from(precision)).map(|place| decimal.digit(exponent + place)));
    text
}

fn exponential(mut decimal: Decimal, precision: u32, alternate: bool) -> String {
    decimal.round(1 + i64::from(precision));
    let mut text = String::new();
    text.push(decimal.digit(0));
    if precision > 0 || alternate {
        text.push('.');
    }
    text.extend((1..=i64::from(precision)).map(|index| decimal.digit(index)));
    let sign = if decimal.exponent < 0 { '-' } else { '+' };
    let _ = write!(text, "e{sign}{:03}", decimal.exponent.unsigned_abs());
    text
}

fn general(mut decimal: Decimal, precision: u32, alternate: bool) -> String {
    let precision = precision.max(1);
    let zero = decimal.is_zero();
    decimal.round(i64::from(precision));
    let exponent = if zero { 0 } else { decimal.exponent };
    let text = if exponent < -4 || i64::from(exponent) >= i64::from(precision) {
        exponential(decimal, precision - 1, alternate)
    } else {
        let places = (i64::from(precision) - 1 - i64::from(exponent)) as u32;
        fixed(decimal, places, alternate)
    };
    if alternate {
        return text;
    }
    let (mantissa, exponent) = match text.find('e') {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}{exponent}")
}

/// Formats as `0xh.hhhp±d`, with 13 places by default.
fn hexadecimal(value: f64, precision: Option<u32>, alternate: bool) -> String {
    const PLACES: u32 = 13;
    if !value.is_finite() {
        return fixed(Decimal::new(value), precision.unwrap_or(6), alternate);
    }
    let bits = value.to_bits();
    let raw = (bits >> 52) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let mut mantissa = if raw == 0 { fraction } else { fraction | 1 << 52 };
    let exponent = match (raw, fraction) {
        (0, 0) => 0,
        (0, _) => -1022,
        _ => raw - 1023,
    };
    let precision = precision.unwrap_or(PLACES);
    if precision < PLACES {
        let dropped = 4 * (PLACES - precision);
        mantissa = (mantissa + (1 << (dropped - 1))) >> dropped << dropped;
    }
    let mut text = format!("0x{}", mantissa >> 52);
    if precision > 0 || alternate {
        text.push('.');
    }
    let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    text.push_str(&digits[..precision.min(PLACES) as usize]);
    text.extend((PLACES..precision).map(|_| '0'));
    let _ = write!(text, "p{exponent:+}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64, letter: char, precision: Option<u32>) -> String {
        let digits = format(value, letter as u8, precision, false);
        format!("{}{digits}", if value.is_sign_negative() { "-" } else { "" })
    }

    #[test]
    fn finite_numbers_are_printed_as_the_console_prints_them() {
        for (value, letter, precision, expected) in [
            (0.0, 'f', None, "0.000000"),
            (-0.0, 'f', None, "-0.000000"),
            (1.5, 'f', Some(2), "1.50"),
            (0.5, 'f', Some(0), "1"),
            (2.5, 'f', Some(0), "3"),
            (0.05, 'f', Some(1), "0.1"),
            (0.04, 'f', Some(1), "0.0"),
            (0.004, 'f', Some(1), "0.0"),
            (9.99, 'f', Some(1), "10.0"),
            (0.99, 'f', Some(1), "1.0"),
            (0.1, 'f', Some(20), "0.10000000000000001000"),
            (1e20, 'f', Some(1), "100000000000000000000.0"),
            (123456.789, 'e', None, "1.234568e+005"),
            (0.0, 'e', None, "0.000000e+000"),
            (1e-300, 'E', Some(0), "1E-300"),
            (9.9999999, 'e', Some(2), "1.00e+001"),
            (100000.0, 'g', None, "100000"),
            (1000000.0, 'g', None, "1e+006"),
            (999999.5, 'g', None, "1e+006"),
            (0.0001, 'g', None, "0.0001"),
            (0.00001, 'G', None, "1E-005"),
            (0.0, 'g', None, "0"),
            (3.25, 'g', Some(2), "3.3"),
            (1.0, 'a', None, "0x1.0000000000000p+0"),
            (-3.0, 'a', Some(1), "-0x1.8p+1"),
            (1.0, 'A', Some(0), "0X1P+0"),
            (0.0, 'a', Some(2), "0x0.00p+0"),
        ] {
            assert_eq!(text(value, letter, precision), expected, "{value} {letter} {precision:?}");
        }
    }

    #[test]
    fn infinities_and_nans_are_letters_rounded_like_digits() {
        for (value, letter, precision, expected) in [
            (f64::INFINITY, 'f', None, "1.#INF00"),
            (f64::NEG_INFINITY, 'f', None, "-1.#INF00"),
            (f64::from_bits(0xFFF8_0000_0000_0000), 'f', None, "-1.#IND00"),
            (f64::from_bits(0x7FF8_0000_0000_0000), 'g', None, "1.#QNAN"),
            (f64::INFINITY, 'e', None, "1.#INF00e+000"),
            (f64::INFINITY, 'g', None, "1.#INF"),
            // The runtime rounds the letters as if they were digits.
            (f64::INFINITY, 'f', Some(2), "1.#J"),
            (f64::INFINITY, 'f', Some(0), "1"),
        ] {
            assert_eq!(text(value, letter, precision), expected, "{value} {letter} {precision:?}");
        }
    }

    #[test]
    fn the_alternate_form_keeps_point_and_zeros() {
        assert_eq!(format(1.0, b'f', Some(0), true), "1.");
        assert_eq!(format(1.0, b'g', None, true), "1.00000");
        assert_eq!(format(0.0, b'g', None, true), "0.00000");
    }
}
