//! FNV-1a (Fowler, Noll, Vo) hash over words, for names, caches and checksums. Deliberate
//! collisions must be harmless where it is used.

const PRIME: u64 = 0x100_0000_01b3;
const PRIME_128: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Initial value of a 64-bit hash.
pub const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
/// Initial value of a 128-bit hash.
pub const BASIS_128: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

/// Hashes words, each as a unit: changing any single word changes the hash.
pub fn words(basis: u64, words: impl IntoIterator<Item = u32>) -> u64 {
    words.into_iter().fold(basis, |sum, word| (sum ^ u64::from(word)).wrapping_mul(PRIME))
}

/// Hashes bytes to 128 bits.
pub fn bytes_128(basis: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(basis, |sum, &byte| (sum ^ u128::from(byte)).wrapping_mul(PRIME_128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_authors() {
        // Hashes of the empty string and of "a", from http://www.isthe.com/chongo/tech/comp/fnv/.
        assert_eq!(words(BASIS, []), 0xcbf2_9ce4_8422_2325);
        assert_eq!(words(BASIS, [u32::from(b'a')]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(bytes_128(BASIS_128, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
