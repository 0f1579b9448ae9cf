//! Words in a section, for serde's `with`: encoded as bytes, four for each word with the lowest
//! first, at once and not one by one.

use crate::whole_bytes;
use serde::de::Error;
use serde::{Deserializer, Serializer};

/// Encodes words.
///
/// # Errors
/// The serializer's errors.
pub fn serialize<S: Serializer>(words: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = vec![0; 4 * words.len()];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    whole_bytes::serialize(&bytes, serializer)
}

/// Decodes words.
///
/// # Errors
/// The deserializer's errors; bytes that are no whole words.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let bytes = whole_bytes::deserialize(deserializer)?;
    let (words, []) = bytes.as_chunks() else { return Err(D::Error::custom("a word is cut")) };
    Ok(words.iter().map(|&word| u32::from_le_bytes(word)).collect())
}
