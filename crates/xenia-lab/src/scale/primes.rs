//! The work to scale: counts primes segment by segment with the algorithm of guest/primes, on the
//! host.
//!
//! A segment is 65,536 numbers. Its worker follows from its number alone, so workers share nothing
//! and need no order; each computes the small primes again. The checksum is a sum over primes, so
//! the parts' checksums add up to the same value for any number of workers.

use crate::args::WorkPart;
use std::ops::Add;

/// Length of a segment.
pub(super) const LENGTH: u32 = 1 << 16;
/// Largest number of segments that the guest program can count: numbers below 2^31.
pub(super) const MAX_SEGMENTS: u32 = 1 << 15;

/// Result of counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Number of primes.
    pub count: u32,
    /// Checksum: a sum over the primes, modulo 2^32.
    pub checksum: u32,
}

impl Add for Answer {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            count: self.count.wrapping_add(other.count),
            checksum: self.checksum.wrapping_add(other.checksum),
        }
    }
}

impl Answer {
    fn note(&mut self, prime: u32) {
        *self = *self + Self { count: 1, checksum: prime.wrapping_mul(prime ^ (prime >> 5)) };
    }

    /// Parses the line that a worker writes.
    pub(super) fn read(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("primes "))?;
        let (count, checksum) = line.split_once(" checksum ")?;
        Some(Self { count: count.parse().ok()?, checksum: u32::from_str_radix(checksum.trim(), 16).ok()? })
    }

    /// Formats the line that a worker writes.
    pub(super) fn line(self) -> String {
        format!("primes {} checksum {:08X}\n", self.count, self.checksum)
    }
}

/// The odd primes whose squares can be below the end of the last segment.
fn small_primes(segments: u32) -> Vec<u32> {
    let last = (segments * LENGTH).saturating_sub(1);
    let mut primes: Vec<u32> = Vec::new();
    let mut n = 3;
    while n <= last / n {
        if primes.iter().take_while(|&&prime| prime <= n / prime).all(|&prime| n % prime != 0) {
            primes.push(n);
        }
        n += 2;
    }
    primes
}

/// Counts a part of the primes in the first `segments` segments, at most [`MAX_SEGMENTS`].
pub(super) fn count(segments: u32, part: WorkPart) -> Answer {
    let small = small_primes(segments);
    let mut sieve = vec![false; LENGTH as usize / 2];
    let mut answer = Answer::default();
    if part.number == 0 && segments > 0 {
        // The prime 2 is not found by the sieve of odd numbers.
        answer.checksum = 4;
        answer.count = 1;
    }
    for number in (part.number..segments).step_by(part.of.max(1) as usize) {
        let base = number * LENGTH;
        let last = base + (LENGTH - 1);
        sieve.fill(false);
        for &prime in &small {
            let square = prime * prime;
            if square > last {
                break;
            }
            let first = if square >= base {
                square - base
            } else {
                let first = (prime - base % prime) % prime;
                // Only odd multiples are sieved; base is even.
                if first.is_multiple_of(2) { first + prime } else { first }
            };
            for composite in sieve.iter_mut().skip(first as usize / 2).step_by(prime as usize) {
                *composite = true;
            }
        }
        for (index, _) in sieve.iter().enumerate().filter(|(_, composite)| !**composite) {
            let n = base + 2 * index as u32 + 1;
            if n != 1 {
                answer.note(n);
            }
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_tables() {
        for (segments, primes) in [(1, 6542), (16, 82_025), (64, 295_947), (256, 1_077_871)] {
            assert_eq!(count(segments, WorkPart::WHOLE).count, primes, "2^16 times {segments}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let whole = count(37, WorkPart::WHOLE);
        for of in [2, 3, 5, 40] {
            let parts = (0..of).map(|number| count(37, WorkPart { number, of }));
            assert_eq!(parts.fold(Answer::default(), Add::add), whole, "{of} parts");
        }
        assert_eq!(Answer::read(&format!("x\n{}", whole.line())), Some(whole));
        assert_eq!(Answer::read("primes many checksum 0\n"), None);
    }
}
