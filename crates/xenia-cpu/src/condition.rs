//! Condition register fields in the form that engines compute with.
//!
//! A field is a 64-bit word in which each condition bit is one test, and which a compare of two
//! 32-bit words writes with one subtraction. This is a *lazy condition register*: the architected
//! nibble is computed only when an instruction or a tool reads the register as a whole.

use std::{fmt, hint};

/// LT in the 64-bit form.
const LT: u32 = 62;
/// SO in the 64-bit form, XORed with LT.
const SO_XOR_LT: u32 = 61;
/// The sign, which is set where GT is clear.
const NOT_GT: u32 = 63;

/// A condition register field in its 64-bit form.
///
/// | bit of the field | in the word |
/// |---|---|
/// | LT | bit 62 |
/// | GT | the word is greater than 0 as a signed number |
/// | EQ | the low 32 bits are 0 |
/// | SO | bit 61 XOR bit 62 |
///
/// The difference of two sign-extended words is therefore the field of their signed compare with SO
/// = 0, and the difference of two zero-extended words that of their unsigned compare.
///
/// Several words represent one nibble; equality compares the nibbles.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct CrField(pub u64);

/// The fields of all nibbles.
const FIELDS: [CrField; 16] = {
    let mut fields = [CrField(0); 16];
    let mut nibble = 0;
    while nibble < 16 {
        let lt = nibble as u64 >> 3 & 1;
        let gt = nibble as u64 >> 2 & 1;
        let eq = nibble as u64 >> 1 & 1;
        let so = nibble as u64 & 1;
        let word = (1 - eq) | lt << LT | (lt ^ so) << SO_XOR_LT | (1 - gt) << NOT_GT;
        // EQ and GT without LT and SO: positive with a low half of 0.
        fields[nibble] = CrField(if word == 0 { 1 << 32 } else { word });
        nibble += 1;
    }
    fields
};

/// The fields of all nibbles, for compiled code.
pub static CR_FIELDS: [CrField; 16] = FIELDS;

impl CrField {
    /// The field of a nibble: LT, GT, EQ, SO from bit 3 to bit 0. The upper half is ignored.
    #[inline(always)]
    pub const fn from_nibble(nibble: u8) -> Self {
        FIELDS[(nibble & 15) as usize]
    }

    /// The field of a compare, from XER\[SO\] and the difference of two sign- or zero-extended
    /// words. Doubleword compares pass −1, 0 or 1, as their difference may overflow.
    #[inline(always)]
    pub fn from_difference(difference: i64, so: u8) -> Self {
        if so == 0 {
            return Self(difference.cast_unsigned());
        }
        hint::cold_path();
        let flipped = difference.cast_unsigned() ^ 1 << SO_XOR_LT;
        // With SO alone the word would be positive, which means GT.
        Self(if difference == 0 { flipped | 1 << NOT_GT } else { flipped })
    }

    /// The nibble: LT, GT, EQ, SO from bit 3 to bit 0.
    #[inline(always)]
    pub const fn nibble(self) -> u8 {
        let lt = self.0 >> LT & 1;
        let gt = self.0.cast_signed() > 0;
        let eq = self.0 as u32 == 0;
        let so = (self.0 >> SO_XOR_LT ^ self.0 >> LT) & 1;
        (lt as u8) << 3 | (gt as u8) << 2 | (eq as u8) << 1 | so as u8
    }

    /// Bit `n & 3` of the field, 0 being LT. A single test of the word if `n` is constant.
    #[inline(always)]
    pub const fn bit(self, n: usize) -> bool {
        self.nibble() >> (3 - (n & 3)) & 1 != 0
    }
}

impl Default for CrField {
    /// The field with all bits clear, which is not the word 0.
    fn default() -> Self {
        Self::from_nibble(0)
    }
}

impl PartialEq for CrField {
    fn eq(&self, other: &Self) -> bool {
        self.nibble() == other.nibble()
    }
}

impl Eq for CrField {}

impl fmt::Debug for CrField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04b}", self.nibble())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nibble_round_trips() {
        for nibble in 0..16 {
            let field = CrField::from_nibble(nibble);
            assert_eq!(field.nibble(), nibble, "{:#x}", field.0);
            assert_eq!(CrField::from_nibble(nibble | 0xF0), field, "the upper half is ignored");
            for n in 0..4 {
                assert_eq!(field.bit(n), nibble >> (3 - n) & 1 != 0, "bit {n} of {nibble:04b}");
            }
        }
        assert_eq!(CrField::default().nibble(), 0);
    }

    #[test]
    fn a_difference_of_words_is_their_compare() {
        fn order<T: Ord>(a: T, b: T) -> u8 {
            u8::from(a < b) << 3 | u8::from(a > b) << 2 | u8::from(a == b) << 1
        }
        let words = [0, 1, 2, 0x7FFF_FFFE, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, u32::MAX];
        for so in [0, 1] {
            for (value, nibble) in [(-1, 8), (0, 2), (1, 4), (i64::from(i32::MIN), 8)] {
                assert_eq!(CrField::from_difference(value, so).nibble(), nibble | so, "{value}");
            }
        }
        for (a, b) in words.iter().flat_map(|&a| words.map(|b| (a, b))) {
            let x = a.cast_signed();
            let y = b.cast_signed();
            for so in [0, 1] {
                let signed = CrField::from_difference(i64::from(x) - i64::from(y), so);
                assert_eq!(signed.nibble(), order(x, y) | so, "{x} {y}");
                let unsigned = CrField::from_difference(i64::from(a) - i64::from(b), so);
                assert_eq!(unsigned.nibble(), order(a, b) | so, "{a} {b}");
            }
        }
    }
}
