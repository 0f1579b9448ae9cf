//! Byte arrays in saved states, of lengths that serde does not derive.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Writes the bytes as a sequence.
pub(super) fn serialize<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    bytes[..].serialize(serializer)
}

/// Reads a sequence that has the array's length.
pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| D::Error::invalid_length(bytes.len(), &"another number of bytes"))
}
