//! Formats numbers, plurals and dates in messages.

#![forbid(unsafe_code)]

pub mod nearest;

use xenia_rtl::calendar::TimeFields;

/// A number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and a noun; `one` is the noun's singular.
pub fn count(number: impl TryInto<u64>, one: &str) -> String {
    // Counts of items in memory or of 64-bit counters always fit.
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {one}") } else { format!("{} {}", grouped(number), plural(one)) }
}

/// A number of bytes in the largest unit that fits, such as `12 MiB`.
pub fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..0x400 => count(bytes, "byte"),
        0x400..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", grouped(bytes >> 30)),
    }
}

/// The date of a time in units of 100 ns since 1601, such as `2008-11-22`.
pub fn date_text(time: u64) -> String {
    let TimeFields { year, month, day, .. } = TimeFields::new(time);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A number of repetitions in words.
pub fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

fn plural(one: &str) -> String {
    if let Some(stem) = one.strip_suffix('y') {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "ch", "sh"].iter().any(|end| one.ends_with(end));
    format!("{one}{}", if hisses { "es" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_one_is_one() {
        assert_eq!([0, 7, 999, 1000, 1_234_567].map(grouped), ["0", "7", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2].map(|n: u64| count(n, "frame")), ["1 frame", "2 frames"]);
        assert_eq!([0, 1].map(|n: u64| count(n, "mismatch")), ["0 mismatches", "1 mismatch"]);
        assert_eq!([1, 5000].map(|n: usize| count(n, "copy")), ["1 copy", "5,000 copies"]);
        assert_eq!([times(1), times(4096)], ["once", "4,096 times"]);
        assert_eq!([0, 128_718_234_000_000_000].map(date_text), ["1601-01-01", "2008-11-22"]);
        assert_eq!(date_text(u64::MAX).len(), "60056-05-28".len(), "a hostile time");
        let sizes = [1, 1023, 1024, (1 << 20) - 1, 5 << 20, 2000 << 30].map(bytes_text);
        assert_eq!(sizes, ["1 byte", "1,023 bytes", "1 KiB", "1023 KiB", "5 MiB", "2,000 GiB"]);
    }
}
