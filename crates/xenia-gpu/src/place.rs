//! Places in tables of recent things, found by the words that describe them.

/// Place of words in a table of two to the power of `log2` entries (1 to 32); equal words have the
/// same.
#[inline]
pub fn place_of(words: impl IntoIterator<Item = u32>, log2: u32) -> usize {
    let mix = |hash: u32, word: u32| (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9);
    (words.into_iter().fold(0, mix) >> (u32::BITS - log2)) as usize
}
