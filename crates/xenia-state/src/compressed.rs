//! Bytes that are kept in memory, compressed.

use crate::error::StateError;

/// Makes `into` the exclusive or of both.
pub fn exclusive_or(into: &mut [u8], other: &[u8]) {
    into.iter_mut().zip(other).for_each(|(into, other)| *into ^= other);
}

/// Compressed bytes (LZ4 block).
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    bytes: Vec<u8>,
    /// Number of bytes without compression.
    length: usize,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes in {}", self.length, self.bytes.len())
    }
}

impl Packed {
    /// Compresses all of `plain`.
    pub fn new(plain: &[u8]) -> Self {
        let mut bytes = lz4_flex::block::compress(plain);
        bytes.shrink_to_fit();
        Self { bytes, length: plain.len() }
    }

    /// Number of bytes that it takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes without compression.
    ///
    /// # Errors
    /// The bytes in memory are damaged.
    pub fn unpack(&self) -> Result<Vec<u8>, StateError> {
        let plain = lz4_flex::block::decompress(&self.bytes, self.length).ok();
        let plain = plain.filter(|plain| plain.len() == self.length);
        plain.ok_or_else(|| StateError::Damaged("a state in memory".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacked_bytes_are_those_that_were_packed() {
        let plain: Vec<u8> = (0..10_000_u32).map(|index| (index / 700) as u8).collect();
        let packed = Packed::new(&plain);
        assert!(packed.size() < 1000, "{packed:?}");
        assert_eq!(packed.unpack().unwrap(), plain);
        assert!(Packed::new(&[]).unpack().unwrap().is_empty());
    }
}
