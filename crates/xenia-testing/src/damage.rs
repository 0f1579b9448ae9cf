//! Mutation of valid files, as by a defective disk, an interrupted transfer or an attacker.

use crate::Dice;

/// Largest size of a damaged file in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Replacements for numbers.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e999",
    "-1e-999",
    "0x7fffffffffffffffff",
    "1_000_000",
    "nan",
    "007",
    "99999999999999999999999999999999999999999999",
];
/// Tokens of text formats.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\"\"\"",
    b"'",
    b"\\",
    b"\\u001b[2J",
    b"\\ud800",
    b"\x1b]0;a\x07",
    b"\0",
    b"\xff",
    b"\xc2\x9b",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b"=",
    b":",
    b",",
    b"#",
    b"null",
    b"true",
    b"{}",
];
/// Opening and closing delimiters for deep nesting.
const NESTS: &[(&str, &str)] =
    &[("[", "]"), ("[1,", "]"), ("{\"pad\":", "}"), ("{a=", "}"), ("a.", ""), ("\n[a", "]"), ("[[", "]]")];

impl Dice {
    /// Random bytes, fewer than `end`.
    pub fn bytes(&mut self, end: usize) -> Vec<u8> {
        (0..self.below(end)).map(|_| self.next() as u8).collect()
    }

    /// Damages a file at one or more places; `other` is a source of foreign parts.
    pub fn damage(&mut self, file: &mut Vec<u8>, other: &[u8]) {
        loop {
            self.damage_once(file, other);
            file.truncate(MAX_BYTES);
            // Usually once: a file with much damage is refused early.
            if !self.one_in(3) {
                return;
            }
        }
    }

    /// A random range of a file.
    fn part(&mut self, length: usize, longest: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(longest)).min(length)
    }

    fn damage_once(&mut self, file: &mut Vec<u8>, other: &[u8]) {
        let length = file.len();
        let at = self.below(length + 1);
        match self.below(10) {
            0 => file.truncate(at),
            1..=2 if at < length => file[at] ^= 1 << self.below(8),
            3 if at < length => file[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
            4 => {
                let part = self.part(length, 64);
                file.drain(part);
            }
            5 => {
                // Copies a part to another place, sometimes many times.
                let part = self.part(length, 256);
                let times = if self.one_in(8) { 1000 } else { 1 };
                let copy = file[part].repeat(times);
                file.splice(at..at, copy);
            }
            6 => {
                let part = self.part(other.len(), 512);
                file.splice(at..at, other[part].iter().copied());
            }
            7 => {
                let numbers = digits(file);
                let number = self.pick(NUMBERS).unwrap_or_default();
                if let Some(place) = numbers.get(self.below(numbers.len())) {
                    file.splice(place.clone(), number.bytes());
                }
            }
            8 => {
                let token = self.pick(TOKENS).unwrap_or_default();
                file.splice(at..at, token.iter().copied());
            }
            9 => {
                let (open, close) = self.pick(NESTS).unwrap_or_default();
                let depth = 1 << self.below(18);
                let end = if self.one_in(2) { close.repeat(depth) } else { String::new() };
                file.splice(at..at, (open.repeat(depth) + &end).into_bytes());
            }
            _ => {}
        }
    }
}

/// Ranges of decimal numbers in a file.
fn digits(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in file.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_follows_from_the_seed_and_has_an_end() {
        let good = b"retail = \"00\"\nframes = 120\n";
        let damaged = |seed| {
            let mut file = good.to_vec();
            Dice(seed).damage(&mut file, b"other");
            file
        };
        let all: Vec<_> = (0..2000).map(damaged).collect();
        assert_eq!(damaged(7), all[7]);
        assert!(all.iter().filter(|file| file.as_slice() != good).count() > 1800);
        let largest = all.iter().map(Vec::len).max().unwrap();
        assert!((MAX_BYTES / 8..=MAX_BYTES).contains(&largest), "{largest}");
        assert!(all.iter().any(|file| file.ends_with(b"frames = 256\n")));
        let mut nothing = Vec::new();
        for seed in 0..500 {
            Dice(seed).damage(&mut nothing, b"");
            nothing.clear();
        }
    }

    #[test]
    fn ranges_of_digits_are_found() {
        assert_eq!(digits(b"a12 3\n"), [1..3, 4..5]);
    }
}
