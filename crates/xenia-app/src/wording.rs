//! Numbers in sentences: grouped by thousands, and one is one.

/// A number with a comma at each thousand.
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

/// So many of what is called `one` where there is one.
pub fn count(number: impl TryInto<u64>, one: &str) -> String {
    // What is counted fits: it is in memory, or a counter of 64 bits.
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {one}") } else { format!("{} {}", grouped(number), plural(one)) }
}

/// How often.
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
    }
}
