//! The checksum of `XeCryptRotSum`, over big-endian 64-bit words.
//!
//! Source: the public implementations of the console's cryptography (XeCrypt), which agree.

use serde::{Deserialize, Serialize};

/// State of the checksum: two sums of the words, one with additions, one with subtractions. Each
/// has a count of its carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotSum {
    carries: u64,
    sum: u64,
    borrows: u64,
    difference: u64,
}

impl RotSum {
    /// Adds the whole words of `bytes`; a part of a word at the end is ignored.
    pub fn update(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        for &word in words {
            let word = u64::from_be_bytes(word);
            let (sum, carry) = self.sum.overflowing_add(word);
            self.carries = self.carries.wrapping_add(u64::from(carry));
            self.sum = sum.rotate_left(29);
            let difference = self.difference.wrapping_sub(word);
            // Not the borrow of the subtraction: the console compares its result with the word.
            self.borrows = self.borrows.wrapping_sub(u64::from(word < difference));
            self.difference = difference.rotate_left(31);
        }
    }

    /// The checksum's bytes.
    pub fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let words = [self.carries, self.sum, self.borrows, self.difference];
        for (part, word) in bytes.chunks_exact_mut(8).zip(words) {
            part.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_depend_on_every_word_and_its_place() {
        let mut input = [0; 40];
        input[..16].fill(0xFF);
        let mut sum = RotSum::default();
        sum.update(&input[..16]);
        sum.update(&input[16..]);
        let expected: [u64; 4] = [1, 0xFFEF_FFFF_FFFF_FFFF, u64::MAX - 2, 0x1000_0000_0800_0000];
        assert_eq!(sum.bytes(), expected.map(u64::to_be_bytes).concat()[..]);
        let mut ragged = RotSum::default();
        ragged.update(&[1; 7]);
        assert_eq!(ragged, RotSum::default(), "no whole word");
    }
}
