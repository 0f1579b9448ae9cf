//! Texture fetch constants: six words, decoded to plain fields.
//!
//! Invariant: any words decode to a description or to `None`. Sizes and addresses are those of the
//! words; code that reads memory checks them.

use super::constant::{
    TextureSize1, TextureSize2, TextureSize3, TextureWord0, TextureWord1, TextureWord3, TextureWord4,
    TextureWord5,
};
use super::{Layout, TexelFormat, layout};
use crate::enums::{Anisotropy, ClampMode, Dimension, TextureFilter, TextureSign};
use crate::memory::Endian;

/// Decoded texture fetch constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextureInfo {
    /// Sign mode of each stored component.
    pub signs: [TextureSign; 4],
    /// Addressing modes of the coordinates.
    pub clamp: [ClampMode; 3],
    /// Texels from one row to the next at the base level.
    pub pitch: u32,
    /// Tiled; else linear.
    pub tiled: bool,
    pub format: &'static TexelFormat,
    pub endian: Endian,
    /// Physical address of the base level.
    pub base: u32,
    /// Physical address of the other mip levels. It is the base's for small textures whose levels
    /// are all packed and for which the constant has no address.
    pub mips: u32,
    /// Number of dimensions, or cube map.
    pub dimension: Dimension,
    /// Width, height, and depth or number of slices.
    pub size: [u32; 3],
    /// Components are integers; else fractions.
    pub integer: bool,
    /// Source of each result component: 0 to 3 stored components, 4 zero, 5 one.
    pub swizzle: [u8; 4],
    /// Values are multiplied by two to this power.
    pub exponent: i32,
    pub mag: TextureFilter,
    pub min: TextureFilter,
    /// Filter between mip levels; `BaseMap` uses one level only.
    pub mip: TextureFilter,
    /// Filters between slices or layers, of magnified and minified texels: point or linear.
    pub slices: [TextureFilter; 2],
    /// Anisotropy of fetches that defer to the constant.
    pub anisotropy: Anisotropy,
    /// Lowest and highest level.
    pub levels: [u32; 2],
    /// Bias added to the level of detail.
    pub lod_bias: f32,
    /// Powers of two by which gradients along rows and columns of the image are multiplied.
    pub gradient_exponents: [i32; 2],
    pub border: u32,
    /// Point filters take the nearest texel where modes would show the border.
    pub nearest_clamp: bool,
    /// The border's alpha is one, whatever its colour.
    pub opaque_border: bool,
    /// Small levels share a tile.
    pub packed_mips: bool,
}

impl TextureInfo {
    /// Decodes the six words; `None` if they are not a texture fetch constant.
    pub fn decode(words: &[u32; 6]) -> Option<Self> {
        if !Self::is_texture(words) {
            return None;
        }
        let a = TextureWord0(words[0]);
        let b = TextureWord1(words[1]);
        let d = TextureWord3(words[3]);
        let e = TextureWord4(words[4]);
        let f = TextureWord5(words[5]);
        let dimension = f.dimension();
        let plane = TextureSize2(words[2]);
        let size = match dimension {
            Dimension::D1 => [TextureSize1(words[2]).width() + 1, 1, 1],
            Dimension::D2 => {
                let slices = if b.stacked() { plane.depth() + 1 } else { 1 };
                [plane.width() + 1, plane.height() + 1, slices]
            }
            Dimension::D3 => {
                let volume = TextureSize3(words[2]);
                [volume.width() + 1, volume.height() + 1, volume.depth() + 1]
            }
            Dimension::Cube => [plane.width() + 1, plane.height() + 1, 6],
        };
        let [base, mips] = [b.base_page(), f.mip_page()].map(|page| page << 12 & 0x1fff_ffff);
        let packed_mips = f.packed_mips();
        // The tail that holds level 0 is at the base, with all other levels, without another one.
        let is_base_tail = packed_mips && dimension != Dimension::D1 && layout::is_tail(size);
        let mips = if mips == 0 && is_base_tail { base } else { mips };
        // Without a base address there are only the other levels.
        let lowest = e.lowest_level().max(u32::from(base == 0 && mips != 0));
        let [mag, min, mip] = Self::decode_filters(words);
        let swizzle = [d.swizzle_x(), d.swizzle_y(), d.swizzle_z(), d.swizzle_w()];
        Some(Self {
            signs: [a.sign_x(), a.sign_y(), a.sign_z(), a.sign_w()],
            clamp: [a.clamp_x(), a.clamp_y(), a.clamp_z()],
            pitch: a.pitch() * 32,
            tiled: a.tiled(),
            format: TexelFormat::from_number(b.format()).unwrap_or(&TexelFormat::UNKNOWN),
            endian: b.endian(),
            base,
            mips,
            dimension,
            size,
            integer: d.integer(),
            swizzle: swizzle.map(|select| select as u8),
            exponent: d.exponent(),
            mag,
            min,
            mip,
            slices: [e.slice_mag_filter(), e.slice_min_filter()],
            anisotropy: d.anisotropy(),
            levels: [lowest, e.highest_level().max(lowest)],
            lod_bias: e.lod_bias() as f32 / 32.0,
            gradient_exponents: [e.gradient_exponent_h(), e.gradient_exponent_v()],
            border: f.border(),
            nearest_clamp: b.nearest_clamp_policy(),
            opaque_border: f.opaque_border(),
            packed_mips,
        })
    }

    /// Whether the words are a texture fetch constant: by their type, or by an address. Some titles
    /// fetch from constants without a type, which the chip does not check.
    fn is_texture([a, b, .., f]: &[u32; 6]) -> bool {
        match TextureWord0(*a).kind() {
            // The pages of the base and of the other levels.
            0 => (b | f) & 0x1fff_f000 != 0,
            kind => kind == 2,
        }
    }

    /// Decodes the anisotropy alone; `None` if the words are not a texture fetch constant.
    pub fn decode_anisotropy(words: &[u32; 6]) -> Option<Anisotropy> {
        Self::is_texture(words).then(|| TextureWord3(words[3]).anisotropy())
    }

    /// Decodes the dimension alone; `None` if the words are not a texture fetch constant.
    pub fn decode_dimension(words: &[u32; 6]) -> Option<Dimension> {
        Self::is_texture(words).then(|| TextureWord5(words[5]).dimension())
    }

    /// Whether all filters of a fetch constant are linear, so that it can be filtered
    /// anisotropically.
    pub fn decode_is_linear(words: &[u32; 6]) -> bool {
        Self::decode_filters(words) == [TextureFilter::Linear; 3]
    }

    /// Filters of a fetch constant: magnification, minification, mip.
    fn decode_filters(words: &[u32; 6]) -> [TextureFilter; 3] {
        let word = TextureWord3(words[3]);
        [word.mag_filter(), word.min_filter(), word.mip_filter()]
    }

    /// Size of a level in texels; the number of stacked slices or faces is constant.
    pub fn level_size(&self, level: u32) -> [u32; 3] {
        let [width, height, depth] = self.size;
        let smaller = |size: u32| (size >> level.min(31)).max(1);
        let depth = if self.dimension == Dimension::D3 { smaller(depth) } else { depth };
        [smaller(width), smaller(height), depth]
    }

    /// Level that unnormalised coordinates of a 2D texture refer to: the only one if the range has
    /// one level, else the base level.
    pub fn locked_level(&self) -> u32 {
        let is_locked = self.dimension == Dimension::D2 && self.levels[0] == self.levels[1];
        if is_locked { self.level_range()[0] } else { 0 }
    }

    /// Stored components, one bit each, that a fetch returns with 16 fraction bits: unsigned
    /// fractions of at most 16 bits. Titles compare them with such numbers (xenia-canary, pull
    /// request 1158). **Unsure** for filtered ones.
    pub fn short_fractions(&self) -> u8 {
        let is_compressed = self.format.block != [1, 1];
        let widths = match self.format.layout {
            Layout::Fields(_) if !self.integer => self.format.layout.fields().map(|(_, width)| width),
            Layout::Fields(_) | Layout::Unknown => return 0,
            _ if is_compressed => [8; 4],
            _ => return 0,
        };
        let is_short = |c: usize| self.signs[c] == TextureSign::Unsigned && (1..=16).contains(&widths[c]);
        (0..4).fold(0, |mask, c| mask | u8::from(is_short(c)) << c)
    }

    /// Widths of the stored components that point filters return as their bits twice, in units of
    /// 1 / 2^2w: unsigned fractions of 4 to 7 bits. Zero for other components. Virtual textures
    /// take pages from such fractions (xenia-canary, pull request 1250).
    pub fn repeated_fractions(&self) -> [u8; 4] {
        let short = self.short_fractions();
        let widths = self.format.layout.fields().map(|(_, width)| width as u8);
        [0, 1, 2, 3].map(|c: usize| match widths[c] {
            width @ 4..=7 if short >> c & 1 != 0 => width,
            _ => 0,
        })
    }

    /// Whether there is a level 0. Without it, titles leave the base's address at zero or at that
    /// of the other levels, unless these are packed with it. The range of levels does not matter:
    /// it limits what fetches choose by the level of detail.
    pub fn has_base(&self) -> bool {
        self.base != 0 && (self.base != self.mips || self.packed_mips && layout::is_tail(self.size))
    }

    /// Lowest and highest existing level of the constant's range.
    pub fn level_range(&self) -> [u32; 2] {
        let highest = self.max_level();
        [self.levels[0].min(highest), highest]
    }

    /// Highest existing level.
    pub fn max_level(&self) -> u32 {
        // Without an address, levels after the base do not exist, whatever the constant's range.
        if self.mips == 0 {
            return 0;
        }
        let [width, height, depth] = self.size;
        let depth = if self.dimension == Dimension::D3 { depth } else { 1 };
        self.levels[1].min(width.max(height).max(depth).ilog2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_each_other_and_begin_where_there_is_memory() {
        for (base, mips, least, most, expected) in [
            (0x1000, 0x2000, 0, 3, [0, 3]),
            (0, 0x2000, 0, 3, [1, 3]),
            (0, 0x2000, 0, 0, [1, 1]),
            (0, 0, 0, 3, [0, 3]),
            (0x1000, 0x2000, 4, 2, [4, 4]),
        ] {
            let words = [2, 6 | base, 31 | 31 << 13, 0, least << 2 | most << 6, 1 << 9 | mips];
            assert_eq!(TextureInfo::decode(&words).unwrap().levels, expected, "{base:#x} {mips:#x}");
        }
    }

    #[test]
    fn constants_without_a_type_are_textures_if_they_have_an_address() {
        let decode = |kind: u32, base: u32, mips: u32| {
            let words = [kind | 1 << 22, 6 | base, 31 | 31 << 13, 3 << 25, 0, 1 << 9 | mips];
            let info = TextureInfo::decode(&words).map(|info| format!("{info:?}"));
            assert_eq!(TextureInfo::decode_anisotropy(&words).is_some(), info.is_some());
            info
        };
        for addresses in [[0x1000, 0], [0, 0x2000]] {
            let [base, mips] = addresses;
            assert!(decode(0, base, mips).is_some());
            assert_eq!(decode(0, base, mips), decode(2, base, mips));
            assert_eq!([1, 3].map(|kind| decode(kind, base, mips)), [None, None]);
        }
        assert!(decode(0, 0, 0).is_none() && decode(2, 0, 0).is_some());
    }

    #[test]
    fn levels_of_a_packed_base_follow_it_unless_they_have_an_address() {
        let decode = |side: u32, dimension: u32, packed: u32, mips: u32| {
            let size = if dimension == 0 { side - 1 } else { (side - 1) | (side - 1) << 13 };
            let words = [2, 6 | 0x1000, size, 0, 9 << 6, dimension << 9 | packed << 11 | mips];
            let info = TextureInfo::decode(&words).unwrap();
            (info.mips, info.max_level(), info.has_base())
        };
        assert_eq!(decode(16, 1, 1, 0), (0x1000, 4, true));
        assert_eq!(decode(16, 3, 1, 0), (0x1000, 4, true));
        assert_eq!(decode(16, 1, 1, 0x2000), (0x2000, 4, true));
        assert_eq!(decode(17, 1, 1, 0), (0, 0, true), "level 0 is not packed");
        assert_eq!(decode(16, 1, 0, 0), (0, 0, true));
        assert_eq!(decode(16, 0, 1, 0), (0, 0, true), "lines are not packed");
        assert_eq!(decode(64, 1, 1, 0x1000), (0x1000, 6, false));
    }

    #[test]
    fn fractions_of_few_bits_are_short() {
        for (format, signs, integer, expected) in [
            (6, 0, 0, 0b1111),
            (6, 0, 1, 0),                  // integers
            (6, 0b11_10_01_00, 0, 0b0001), // unsigned, signed, biased, gamma
            (18, 0, 1, 0b1111),            // DXT1 has only fractions
            (24, 0, 0, 0b1111),            // 16 bits
            (22, 0, 0, 0),                 // depth
            (33, 0, 0, 0),                 // 32 bits
            (30, 0, 0, 0),                 // floats
        ] {
            let words = [2 | signs << 2, format, 0, integer, 0, 1 << 9];
            let info = TextureInfo::decode(&words).unwrap();
            assert_eq!(
                info.short_fractions(),
                expected,
                "format {format}, signs {signs:#x}, integer {integer}"
            );
        }
    }

    #[test]
    fn fractions_of_four_to_seven_bits_are_repeated() {
        for (format, signs, integer, expected) in [
            (4, 0, 0, [5, 6, 5, 5]),
            (3, 0, 0, [5, 5, 5, 0]),
            (15, 0, 0, [4; 4]),
            (15, 0, 1, [0; 4]),                   // integers
            (15, 0b11_10_01_00, 0, [4, 0, 0, 0]), // unsigned, signed, biased, gamma
            (6, 0, 0, [0; 4]),
            (7, 0, 0, [0; 4]),
            (18, 0, 0, [0; 4]), // DXT1 has 8 bits
        ] {
            let words = [2 | signs << 2, format, 0, integer, 0, 1 << 9];
            let info = TextureInfo::decode(&words).unwrap();
            assert_eq!(info.repeated_fractions(), expected, "format {format}, signs {signs:#x}");
        }
    }
}
