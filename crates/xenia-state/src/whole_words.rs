//! Words in a section, for serde's `with`: encoded as bytes, four for each word with the lowest
//! first, at once and not one by one.
//!
//! [`to_bytes`] and [`from_bytes`] are not generic, and not inlined, so that development builds
//! optimise them as they do this crate: a state has millions of words.

use crate::whole_bytes;
use serde::de::Error;
use serde::{Deserializer, Serializer};

/// Encodes words.
///
/// # Errors
/// The serializer's errors.
pub fn serialize<S: Serializer>(words: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    whole_bytes::serialize(&to_bytes(words), serializer)
}

/// Decodes words.
///
/// # Errors
/// The deserializer's errors; bytes that are not whole words.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let bytes = whole_bytes::deserialize(deserializer)?;
    from_bytes(&bytes).ok_or_else(|| D::Error::custom("a word is cut"))
}

/// The bytes of words.
#[must_use]
#[inline(never)]
pub fn to_bytes(words: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0; 4 * words.len()];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    bytes
}

/// The words with these bytes; `None` if the last word is cut.
#[must_use]
#[inline(never)]
pub fn from_bytes(bytes: &[u8]) -> Option<Vec<u32>> {
    let (words, []) = bytes.as_chunks() else { return None };
    Some(words.iter().map(|&word| u32::from_le_bytes(word)).collect())
}
