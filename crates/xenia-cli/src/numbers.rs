//! Parsers of numbers on the command line.

use std::num::IntErrorKind;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Parses a number in decimal or 0x-hexadecimal, underscores allowed.
pub fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => format!("{text:?} is more than {}", u64::MAX),
        _ => format!("{text:?} is not a number (decimal or 0x…, underscores allowed)"),
    })
}

/// Parses a [`number`] that fits into 32 bits.
pub fn small_number(text: &str) -> Result<u32, String> {
    u32::try_from(number(text)?).map_err(|_| format!("{text:?} is more than {}", u32::MAX))
}

/// Parses a [`number`] that is at least 1, for counts where 0 would do no work.
pub fn positive(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("must be at least 1".to_owned()),
        number => Ok(number),
    }
}

/// Parses a [`number`] of this type in a range.
pub fn number_in<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let value = number(text)?;
        let inside = T::try_from(value).ok().filter(|_| range.contains(&value));
        inside.ok_or_else(|| format!("{value} is not in {}..={}", range.start(), range.end()))
    }
}

/// Parses a guest code address: 32 bits, a multiple of 4.
pub fn code_address(text: &str) -> Result<u32, String> {
    match u32::try_from(number(text)?) {
        Ok(address) if address.is_multiple_of(4) => Ok(address),
        Ok(_) => Err("instruction addresses are multiples of 4".to_owned()),
        Err(_) => Err("not a guest address: guest addresses have 32 bits".to_owned()),
    }
}

/// Parses a number of frames to run, at least 1. 0 is refused because it could mean either no limit
/// or no frames.
pub fn number_of_frames(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("must be at least 1; omit the flag for a run without a limit".to_owned()),
        frames => Ok(frames),
    }
}

/// Parses a number of seconds, fractions allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.replace('_', "").parse::<f64>().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    parsed.ok_or_else(|| format!("{text:?} is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_parse_numbers_with_separators_and_refuse_others() {
        assert_eq!(number("2_000_000"), Ok(2_000_000));
        assert_eq!(number("0x8201_0000"), Ok(0x8201_0000));
        assert!(number("12k").is_err_and(|said| said.contains("not a number")));
        assert!(
            number("99999999999999999999")
                .is_err_and(|said| said.ends_with("is more than 18446744073709551615"))
        );
        assert_eq!(small_number("1_000"), Ok(1000));
        assert!(small_number("0x1_0000_0000").is_err());
        let percent = number_in::<u8>(0..=300);
        assert_eq!((percent("1_0"), percent("0x10")), (Ok(10), Ok(16)));
        assert_eq!(percent("301"), Err("301 is not in 0..=300".to_owned()));
        assert!(percent("300").is_err() && percent("-1").is_err());
        assert_eq!(number_of_frames("1_0"), Ok(10));
        assert!(number_of_frames("0").is_err_and(|said| said.contains("without a limit")));
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert!(seconds("-1").is_err() && seconds("x").is_err() && seconds("inf").is_err());
        assert_eq!(code_address("0x8201_0004"), Ok(0x8201_0004));
        assert_eq!(
            code_address("0x1_0000_0000").unwrap_err(),
            "not a guest address: guest addresses have 32 bits"
        );
    }
}
