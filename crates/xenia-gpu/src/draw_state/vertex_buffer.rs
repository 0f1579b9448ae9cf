//! Vertex fetch constants.

use crate::memory::{Endian, PHYSICAL_SIZE};

/// Decoded vertex fetch constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexBuffer {
    /// Physical address, word-aligned.
    pub physical: u32,
    /// Size in words; words beyond it read as zero.
    pub words: u32,
    pub endian: Endian,
}

impl VertexBuffer {
    /// Decodes a constant's two words.
    pub const fn decode([first, second]: [u32; 2]) -> Self {
        Self {
            physical: first & (PHYSICAL_SIZE - 1) & !3,
            words: second >> 2 & 0xff_ffff,
            endian: Endian::from_bits(second),
        }
    }

    /// Whether the first word's type field marks a vertex fetch constant, not a texture's.
    pub const fn is_named_by(first: u32) -> bool {
        first & 3 == 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vertex_buffer_fields_are_decoded() {
        let decoded = VertexBuffer::decode([0xe123_4567, 0xfc00_0013]);
        assert_eq!(decoded, VertexBuffer { physical: 0x0123_4564, words: 4, endian: Endian::Half32 });
        let whole = VertexBuffer::decode([0, u32::MAX]);
        assert_eq!((whole.words, VertexBuffer::decode([0, 2]).endian), (0xff_ffff, Endian::In32));
    }
}
