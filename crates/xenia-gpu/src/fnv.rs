//! FNV-1a (Fowler, Noll, Vo) over words, for names, caches and checksums: where two alike by
//! somebody's design do no harm.

const PRIME: u64 = 0x100_0000_01b3;
const PRIME_128: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Where a sum of 64 bits begins.
pub const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
/// Where a sum of 128 bits begins.
pub(crate) const BASIS_128: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

/// The sum with these words, each taken whole: any single word that differs makes another sum.
pub fn words(basis: u64, words: impl IntoIterator<Item = u32>) -> u64 {
    words.into_iter().fold(basis, |sum, word| (sum ^ u64::from(word)).wrapping_mul(PRIME))
}

/// The sum of 128 bits with these bytes.
pub(crate) fn bytes_128(basis: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(basis, |sum, &byte| (sum ^ u128::from(byte)).wrapping_mul(PRIME_128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_authors() {
        // http://www.isthe.com/chongo/tech/comp/fnv/: the sums of no byte, and of "a".
        assert_eq!(words(BASIS, []), 0xcbf2_9ce4_8422_2325);
        assert_eq!(words(BASIS, [u32::from(b'a')]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(bytes_128(BASIS_128, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
