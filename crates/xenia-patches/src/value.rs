//! Values of writes: what a type's `value` becomes in guest memory. Invariant: a value that does
//! not fit its type is an error; xenia-canary truncates it.

use crate::quotation::quoted;
use toml::de::{DeInteger, DeValue};

/// Types of writes, by the name of their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteType {
    /// A big-endian integer of this many bits.
    Integer(u32),
    /// A single-precision number.
    Single,
    /// A double-precision number.
    Double,
    /// UTF-8 text without a terminator.
    Text,
    /// UTF-16 text without a terminator, big-endian as titles read it.
    WideText,
    /// Bytes as hexadecimal text.
    Bytes,
}

/// Names of the types.
const TYPES: [(&str, WriteType); 9] = [
    ("be8", WriteType::Integer(8)),
    ("be16", WriteType::Integer(16)),
    ("be32", WriteType::Integer(32)),
    ("be64", WriteType::Integer(64)),
    ("f32", WriteType::Single),
    ("f64", WriteType::Double),
    ("string", WriteType::Text),
    ("u16string", WriteType::WideText),
    ("array", WriteType::Bytes),
];

impl WriteType {
    /// The type with this name in lower case.
    pub(crate) fn of(name: &str) -> Option<Self> {
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The bytes of a value, or the reason why it is not a value of this type.
    pub(crate) fn bytes(self, value: &DeValue<'_>) -> Result<Vec<u8>, String> {
        let bytes = match (self, value) {
            (Self::Integer(bits), DeValue::Integer(number)) => integer(number, bits)?,
            (Self::Integer(bits), _) => return Err(format!("expected a whole number of {bits} bits")),
            (Self::Single, _) => {
                let wide = number(value)?;
                let single = wide as f32;
                if single.is_infinite() && wide.is_finite() {
                    return Err(format!("{wide} is more than an f32 holds"));
                }
                single.to_be_bytes().to_vec()
            }
            (Self::Double, _) => number(value)?.to_be_bytes().to_vec(),
            (Self::Text, DeValue::String(text)) => text.as_bytes().to_vec(),
            (Self::WideText, DeValue::String(text)) => {
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }
            (Self::Bytes, DeValue::String(text)) => hexadecimal(text)?,
            (Self::Text | Self::WideText, _) => return Err("expected a text".to_owned()),
            (Self::Bytes, _) => return Err("expected a text of hexadecimal digits".to_owned()),
        };
        if bytes.is_empty() { Err("it is empty".to_owned()) } else { Ok(bytes) }
    }
}

/// An integer of any radix, if 128 bits hold it.
fn whole(number: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A guest address: four bytes.
pub(crate) fn address(value: &DeValue<'_>) -> Result<u32, String> {
    let DeValue::Integer(number) = value else { return Err("expected an address".to_owned()) };
    whole(number)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("{} is not an address of 32 bits", quoted(&number.to_string())))
}

fn integer(number: &DeInteger<'_>, bits: u32) -> Result<Vec<u8>, String> {
    // Negative numbers are in two's complement.
    let least = -(1_i128 << (bits - 1));
    let most = (1_i128 << bits) - 1;
    let value = whole(number).filter(|value| (least..=most).contains(value));
    let value =
        value.ok_or_else(|| format!("{} does not fit into {bits} bits", quoted(&number.to_string())))?;
    let bytes = value.to_be_bytes();
    Ok(bytes[bytes.len() - bits as usize / 8..].to_vec())
}

/// A number with or without a point.
fn number(value: &DeValue<'_>) -> Result<f64, String> {
    match value {
        DeValue::Float(number) => {
            let text = number.as_str();
            // A number beyond the range is read as infinity.
            let fits = |parsed: &f64| parsed.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit());
            text.parse()
                .ok()
                .filter(fits)
                .ok_or_else(|| format!("{} is more than an f64 holds", quoted(text)))
        }
        DeValue::Integer(number) => whole(number)
            .map(|number| number as f64)
            .ok_or_else(|| format!("{} is too large", quoted(&number.to_string()))),
        _ => Err("expected a number".to_owned()),
    }
}

/// Bytes of hexadecimal text, with or without `0x`.
fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("{} hexadecimal digits are not whole bytes", digits.len()));
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
    digits.chunks(2).map(pair).collect::<Option<_>>().ok_or_else(|| "it is not hexadecimal text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(kind: &str, value: &str) -> Result<Vec<u8>, String> {
        WriteType::of(kind).unwrap().bytes(DeValue::parse(value).unwrap().get_ref())
    }

    #[test]
    fn values_become_what_titles_read() {
        for (kind, value, expected) in [
            ("be8", "0xff", &[0xFF][..]),
            ("be8", "-1", &[0xFF]),
            ("be16", "0x4_800", &[0x48, 0]),
            ("be32", "1", &[0, 0, 0, 1]),
            ("be64", "0xFFFFFFFFFFFFFFFE", &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]),
            ("f32", "60.0", &[0x42, 0x70, 0, 0]),
            ("f32", "60", &[0x42, 0x70, 0, 0]),
            ("f32", "-inf", &[0xFF, 0x80, 0, 0]),
            ("f64", "-2", &[0xC0, 0, 0, 0, 0, 0, 0, 0]),
            ("string", "\"aé\"", &[0x61, 0xC3, 0xA9]),
            ("u16string", "\"aé\"", &[0, 0x61, 0, 0xE9]),
            ("array", "\"0x0aFf\"", &[0x0A, 0xFF]),
            ("array", "\"0aff\"", &[0x0A, 0xFF]),
        ] {
            assert_eq!(bytes(kind, value).as_deref(), Ok(expected), "{kind} {value}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused() {
        for (kind, value, reason) in [
            ("be8", "256", "256 does not fit into 8 bits"),
            ("be8", "-129", "does not fit"),
            ("be32", "0x1_0000_0000", "0x100000000 does not fit into 32 bits"),
            ("be32", "1.5", "expected a whole number of 32 bits"),
            ("be64", "0x1ffffffffffffffffffffffffffffffffff", "does not fit"),
            ("f32", "1e39", "more than an f32"),
            ("f64", "1e999", "more than an f64"),
            ("f64", "\"1\"", "expected a number"),
            ("string", "1", "expected a text"),
            ("string", "\"\"", "empty"),
            ("array", "\"0x123\"", "3 hexadecimal digits are not whole bytes"),
            ("array", "\"0xé\"", "not hexadecimal"),
            ("array", "\"\"", "empty"),
        ] {
            let error = bytes(kind, value).unwrap_err();
            assert!(error.contains(reason), "{kind} {value}: {error}");
        }
        let at = |text: &str| address(DeValue::parse(text).unwrap().get_ref());
        assert_eq!(at("0x8250fa48"), Ok(0x8250_FA48));
        assert!(at("0x18340043c").unwrap_err().contains("not an address of 32 bits"));
        assert!(at("-1").is_err() && at("\"0x82000000\"").is_err());
        assert_eq!(WriteType::of("be24"), None);
    }
}
