//! Key of decoded textures: the settings of a fetch constant that affect texels and levels.

use super::TextureInfo;
use crate::enums::{Dimension, TextureSign};
use crate::memory::Endian;

/// Settings that decoded texels depend on. Clamp modes, filters, swizzle, exponent and the border's
/// colour are applied when sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextureKey {
    base: u32,
    mips: u32,
    format: u32,
    size: [u32; 3],
    pitch: u32,
    signs: [TextureSign; 4],
    dimension: Dimension,
    endian: Endian,
    /// Highest existing level: the number of levels of a decoded texture. It depends on both ends
    /// of the constant's range.
    max_level: u32,
    tiled: bool,
    integer: bool,
    packed_mips: bool,
    /// Components that repeat another one need not be stored, unless their border differs.
    opaque_border: bool,
}

impl From<&TextureInfo> for TextureKey {
    fn from(info: &TextureInfo) -> Self {
        Self {
            base: info.base,
            mips: info.mips,
            format: info.format.number,
            size: info.size,
            pitch: info.pitch,
            signs: info.signs,
            dimension: info.dimension,
            endian: info.endian,
            max_level: info.max_level(),
            tiled: info.tiled,
            integer: info.integer,
            packed_mips: info.packed_mips,
            opaque_border: info.opaque_border,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_where_texels_or_levels_differ() {
        let words = [2 | 1 << 22, 6 | 0x1000, 7 | 7 << 13, 0, 0, 1 << 9 | 0x2000];
        let key = |words: &[u32; 6]| TextureKey::from(&TextureInfo::decode(words).unwrap());
        let with = |word: usize, bits: u32| {
            let mut words = words;
            words[word] ^= bits;
            key(&words)
        };
        let own = key(&words);
        // Clamp modes, an unused bit, swizzle, filters, bias, colour of the border.
        for (word, bits) in [(0, 0x000f_fc00), (3, 0x1ffe), (3, 0x3f << 19), (4, 0x3ff << 12), (5, 3)] {
            assert_eq!(with(word, bits), own, "word {word}, {bits:x}");
        }
        // Signs, pitch, tiling; format, byte order, address; size; integers; both ends of the
        // range of levels; opaque border; packing.
        for (word, bits) in [
            (0, 4),
            (0, 1 << 22),
            (0, 1 << 31),
            (1, 4),
            (1, 1 << 6),
            (1, 0x1000),
            (2, 1),
            (3, 1),
            (4, 1 << 2),
            (4, 1 << 6),
            (5, 1 << 2),
            (5, 1 << 11),
            (5, 0x1000),
        ] {
            assert_ne!(with(word, bits), own, "word {word}, {bits:x}");
        }
    }
}
