//! Prefix codes: conversion between ordered leaves and code words.
//!
//! The format orders the leaves of each code; lengths alone then determine the words. Invariant:
//! codes are complete, so any bits are a word, or end too soon.

use super::bits::{Bits, XmaError, XmaFault};
use super::codes::{self, Leaf};
use std::sync::OnceLock;

/// A complete prefix code.
#[derive(Debug)]
pub(super) struct Prefix {
    /// Length of the longest code word.
    longest: u32,
    /// Code words in ascending order, each left-aligned to `longest` bits.
    words: Vec<u32>,
    leaves: &'static [Leaf],
}

impl Prefix {
    fn new(leaves: &'static [Leaf]) -> Self {
        let longest = leaves.iter().map(|&(_, bits)| u32::from(bits)).max().unwrap_or(1);
        let mut next = 0;
        let words = leaves.iter().map(|&(_, bits)| {
            let word = next;
            next += 1 << (longest - u32::from(bits));
            word
        });
        let words = words.collect();
        debug_assert_eq!(next, 1 << longest, "the code is complete");
        Self { longest, words, leaves }
    }

    /// Reads a code word and returns its symbol.
    pub(super) fn take(&self, bits: &mut Bits<'_>) -> Result<u16, XmaError> {
        let seen = bits.peek(self.longest);
        // Words are left-aligned: the last one not above the bits is their prefix.
        let at = self.words.partition_point(|&word| word <= seen);
        // The first code word is 0, so the search always finds one.
        let Some(&(symbol, length)) = at.checked_sub(1).and_then(|at| self.leaves.get(at)) else {
            return Err(bits.fault(XmaFault::End));
        };
        bits.skip(u32::from(length))?;
        Ok(symbol)
    }

    /// The code word of a symbol, and its length in bits.
    #[cfg(test)]
    pub(super) fn word(&self, symbol: u16) -> (u32, u32) {
        let at = self.leaves.iter().position(|&(leaf, _)| leaf == symbol).expect("a symbol of the code");
        let bits = u32::from(self.leaves[at].1);
        (self.words[at] >> (self.longest - bits), bits)
    }
}

/// Run-level pairs, by symbol from 2 on.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) code: Prefix,
    pairs: Vec<(u16, u16)>,
}

impl Runs {
    fn new(leaves: &'static [Leaf], lengths: &[u16]) -> Self {
        let levels = (1..).zip(lengths);
        let pairs = levels.flat_map(|(level, &runs)| (0..runs).map(move |run| (run, level))).collect();
        Self { code: Prefix::new(leaves), pairs }
    }

    /// Run and level of a symbol; (0, 0) for the first two symbols, which have other meanings.
    pub(super) fn pair(&self, symbol: u16) -> (u16, u16) {
        let pair = symbol.checked_sub(2).and_then(|index| self.pairs.get(usize::from(index)));
        pair.copied().unwrap_or_default()
    }

    /// The symbol of a run-level pair.
    #[cfg(test)]
    pub(super) fn symbol(&self, run: u16, level: u16) -> Option<u16> {
        self.pairs.iter().position(|&pair| pair == (run, level)).map(|at| at as u16 + 2)
    }
}

/// All prefix codes of the format.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) scale: Prefix,
    pub(super) scale_runs: Runs,
    pub(super) coefficients: [Runs; 2],
    pub(super) vectors_4: Prefix,
    pub(super) vectors_2: Prefix,
    pub(super) vectors_1: Prefix,
    /// Vectors of four values with a sum of at most 5, in order.
    pub(super) fours: Vec<[u16; 4]>,
    /// Pairs of values with a sum of at most 15, in order.
    pub(super) twos: Vec<[u16; 2]>,
}

impl Codes {
    /// The codes, computed once.
    pub(super) fn get() -> &'static Self {
        static CODES: OnceLock<Codes> = OnceLock::new();
        CODES.get_or_init(Self::new)
    }

    fn new() -> Self {
        let twos = (0..16).flat_map(|a| (0..16 - a).map(move |b| [a, b])).collect();
        // The digits of numbers in base 6 are all vectors of values up to 5, in order.
        let fours = (0..6_u16.pow(4)).map(|n| [n / 216, n / 36 % 6, n / 6 % 6, n % 6]);
        Self {
            scale: Prefix::new(&codes::SCALE),
            scale_runs: Runs::new(&codes::SCALE_RUNS, &codes::SCALE_RUN_LENGTHS),
            coefficients: [
                Runs::new(&codes::COEFFICIENTS_0, &codes::RUN_LENGTHS_0),
                Runs::new(&codes::COEFFICIENTS_1, &codes::RUN_LENGTHS_1),
            ],
            vectors_4: Prefix::new(&codes::VECTORS_4),
            vectors_2: Prefix::new(&codes::VECTORS_2),
            vectors_1: Prefix::new(&codes::VECTORS_1),
            fours: fours.filter(|four| four.iter().sum::<u16>() <= 5).collect(),
            twos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// The first eight bytes of the SHA-256 of the numbers as big-endian words.
    fn hash(numbers: impl Iterator<Item = u32>) -> u64 {
        let bytes: Vec<u8> = numbers.flat_map(u32::to_be_bytes).collect();
        u64::from_be_bytes(*Sha256::digest(bytes).first_chunk().unwrap())
    }

    #[test]
    fn the_codes_are_those_of_the_format() {
        let all = Codes::get();
        for (code, size, words, lengths) in [
            (&all.scale, 121, 0x3861_1B32_AD92_CDFC, 0x115E_474F_E522_C021),
            (&all.scale_runs.code, 120, 0x9661_D3B4_07D0_4159, 0x6618_5C72_DE51_F38F),
            (&all.coefficients[0].code, 272, 0xB214_8141_53F1_14DA, 0xB225_7037_DB54_ED4B),
            (&all.coefficients[1].code, 244, 0x2D06_A709_2657_6AE8, 0x225F_999C_03C5_A1F6),
            (&all.vectors_4, 127, 0x2EAE_8CE5_DFB9_3BC9, 0x332E_AA19_3F6E_90B3),
            (&all.vectors_2, 137, 0x81C9_B135_B756_38AB, 0xAA06_A5DC_4A2E_D0F9),
            (&all.vectors_1, 101, 0xB275_D972_BBE8_D4B4, 0xE3EC_1BAE_4BF8_9BC3),
        ] {
            assert_eq!(hash((0..size).map(|symbol| code.word(symbol).0)), words);
            assert_eq!(hash((0..size).map(|symbol| code.word(symbol).1)), lengths);
        }
        for (runs, size, run, level) in [
            (&all.scale_runs, 120, 0xE0A6_D1C7_5E8A_35CF, 0xC2C1_6DDC_3B20_0F96),
            (&all.coefficients[0], 272, 0xC545_E237_A2F4_5BD1, 0x9EB5_B95E_C1FD_C92F),
            (&all.coefficients[1], 244, 0x60A8_5DB9_4C5C_1AD6, 0x337A_C116_33ED_4A4F),
        ] {
            assert_eq!(hash((0..size).map(|symbol| u32::from(runs.pair(symbol).0))), run);
            assert_eq!(hash((0..size).map(|symbol| u32::from(runs.pair(symbol).1))), level);
        }
        let fours = all.fours.iter().map(|&[a, b, c, d]| u32::from(a << 12 | b << 8 | c << 4 | d)).chain([0]);
        let twos = all.twos.iter().map(|&[a, b]| u32::from(a << 4 | b)).chain([0]);
        assert_eq!((hash(fours), hash(twos)), (0xEA17_635A_BDC6_0751, 0x0016_7C49_8689_CF80));
    }

    #[test]
    fn every_word_is_read_as_its_symbol() {
        let all = Codes::get();
        for code in
            [&all.scale, &all.scale_runs.code, &all.coefficients[1].code, &all.vectors_4, &all.vectors_1]
        {
            for &(symbol, _) in code.leaves {
                let (word, length) = code.word(symbol);
                let bytes = (word << (32 - length)).to_be_bytes();
                let mut bits = Bits::new(&bytes, length);
                assert_eq!((code.take(&mut bits), bits.at()), (Ok(symbol), length));
                assert!(code.take(&mut Bits::new(&bytes, length - 1)).is_err() || length == 1);
            }
        }
    }
}
