//! Vertex fetch constants.

use crate::memory::{Endian, PhysicalRange, address_on_bus};

/// Decoded vertex fetch constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexBuffer {
    /// Physical address, or one in the [second-level cache](crate::memory::is_locked),
    /// word-aligned.
    pub physical: u32,
    /// Size in words; words beyond it read as zero.
    pub words: u32,
    pub endian: Endian,
}

impl VertexBuffer {
    /// Decodes a constant's two words.
    pub const fn decode([first, second]: [u32; 2]) -> Self {
        Self {
            physical: address_on_bus(first) & !3,
            words: second >> 2 & 0xff_ffff,
            endian: Endian::from_bits(second),
        }
    }

    /// Memory that holds the vertices.
    pub const fn memory(&self) -> PhysicalRange {
        PhysicalRange { start: self.physical, length: self.words.saturating_mul(4) }
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
        let locked = [0x7f10_0003, 0x7f1f_ffff, 0x7f20_0003].map(|first| VertexBuffer::decode([first, 2]));
        assert_eq!(locked.map(|buffer| buffer.physical), [0x7f10_0000, 0x7f1f_fffc, 0x1f20_0000]);
        let whole = VertexBuffer::decode([0, u32::MAX]);
        assert_eq!((whole.words, VertexBuffer::decode([0, 2]).endian), (0xff_ffff, Endian::In32));
    }
}
