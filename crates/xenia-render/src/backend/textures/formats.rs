//! Decoding of guest texture formats: parameters of the decoding shader, and host formats.
//!
//! The format's [`Layout`] gives the positions of fields. Components that a format lacks repeat its
//! last one; each has the sign that the fetch constant sets. The host format is the narrowest that
//! holds the values and can be filtered. It is exact, except for fractions of 5, 6, 10 and 11 bits,
//! gamma and mixed signs, which are rounded to 16 bits (an error of at most 1/131070; 32-bit floats
//! would double the memory of such textures).
//!
//! Where the device has block compression, the guest's blocks are copied to a compressed format,
//! with a fourth to a sixteenth of the bytes. It fits plain fractions only: devices convert neither
//! the chip's gamma curve nor its signs, and they interpolate signed end points in another way. The
//! device may round the colours between end points.

use wgpu::{Features, TextureFormat};
use xenia_gpu::enums::{DepthFormat, Dimension, TextureSign};
use xenia_gpu::texture::{Layout, TexelFormat, TextureInfo};

use super::super::wgsl::listed;

listed! {
    /// Layout of a block's bits.
    pub(super) enum Kind {
        /// Integer bit fields.
        Fields,
        /// Floats of 16 bits.
        Half,
        /// Floats of 32 bits.
        Single,
        /// 24 bits of floating-point depth.
        FloatDepth,
        Dxt1,
        Dxt3,
        Dxt5,
        Dxn,
        Dxt3A,
        /// DXT3's alpha as four components of one bit.
        Dxt3ABits,
        Dxt5A,
        Ctx1,
        /// Two texels with the same first and third component.
        Chroma,
    }
}

impl Kind {
    /// Returns the kind of a layout; `None` for unsupported layouts.
    fn of(layout: Layout) -> Option<Self> {
        Some(match layout {
            // The stencil of a depth format is not fetched.
            Layout::Fields(_) | Layout::Depth(DepthFormat::D24S8) => Self::Fields,
            Layout::Half(_) => Self::Half,
            Layout::Single(_) => Self::Single,
            Layout::Depth(DepthFormat::D24FS8) => Self::FloatDepth,
            Layout::Dxt1 => Self::Dxt1,
            Layout::Dxt3 => Self::Dxt3,
            Layout::Dxt5 => Self::Dxt5,
            Layout::Dxn => Self::Dxn,
            Layout::Dxt3A => Self::Dxt3A,
            Layout::Dxt3A1 => Self::Dxt3ABits,
            Layout::Dxt5A => Self::Dxt5A,
            Layout::Ctx1 => Self::Ctx1,
            Layout::Chroma(_) => Self::Chroma,
            Layout::Unknown => return None,
        })
    }
}

listed! {
    /// Storage of components in the host format.
    pub(super) enum Store {
        Unorm8,
        Snorm8,
        Unorm16,
        Snorm16,
        /// Three components of ten bits and one of two.
        Unorm10,
        Float16,
        Float32,
        /// Blocks of the guest in a compressed format.
        Blocks,
    }
}

listed! {
    /// Interpretation of integer components.
    pub(super) enum Meaning {
        /// Bytes of the host format.
        Bytes,
        /// Fractions of the highest value.
        Fractions,
        /// Interpretation by each component's sign mode.
        Signed,
    }
}

/// Parameters of a texture's decoding.
///
/// Kind, block, store and meaning are constants of a pipeline: software drivers execute all
/// branches of a shader, even if the conditions are uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decoding {
    pub(super) kind: Kind,
    pub(super) block_bytes: u32,
    pub(super) block: [u32; 2],
    pub(super) shifts: [u32; 4],
    pub(super) widths: [u32; 4],
    pub(super) signs: [TextureSign; 4],
    pub(super) integer: bool,
    pub(super) store: Store,
    /// Components of the host format: 1, 2 or 4. Further ones equal the last one.
    pub(super) components: u32,
}

impl Decoding {
    /// Selects the decoding of a fetch constant's texture, on a device with some features.
    pub(super) fn new(info: &TextureInfo, features: Features) -> Option<Self> {
        let &TexelFormat { bytes, block, layout, .. } = info.format;
        let kind = Kind::of(layout)?;
        let fields = layout.fields();
        let count = layout.components() as usize;
        let is_compressed = block != [1, 1];
        // The sign mode doesn't apply to floats and depths.
        let has_signs = !layout.is_depth() && !matches!(kind, Kind::Half | Kind::Single);
        let mut this = Self {
            kind,
            block_bytes: bytes,
            block,
            shifts: fields.map(|field| field.0),
            widths: fields.map(|field| field.1),
            signs: if has_signs { info.signs } else { [TextureSign::Unsigned; 4] },
            integer: info.integer && has_signs && !is_compressed,
            store: Store::Unorm8,
            components: 4,
        };
        this.store =
            if this.keeps_blocks(info, features) { Store::Blocks } else { this.narrowest_store(features) };
        // Repeated components needn't be stored if they have the same sign mode and the same
        // border.
        let same = |first: usize| this.signs[first..].iter().all(|sign| *sign == this.signs[first]);
        if count <= 2 && !info.opaque_border && this.store != Store::Unorm10 && same(count - 1) {
            this.components = count as u32;
        }
        Some(this)
    }

    /// Whether the device has a compressed format for the texture. Its sizes must be whole blocks;
    /// those of smaller levels need not. Volumes would need another feature.
    fn keeps_blocks(&self, info: &TextureInfo, features: Features) -> bool {
        let has_format = match self.kind {
            Kind::Dxt1 | Kind::Dxt3 | Kind::Dxt5 => true,
            // Components that the format lacks repeat the last one, also beyond the border.
            Kind::Dxn | Kind::Dxt5A => !info.opaque_border,
            _ => false,
        };
        let [width, height, _] = info.size;
        let [block_width, block_height] = self.block;
        has_format
            && features.contains(Features::TEXTURE_COMPRESSION_BC)
            && info.dimension != Dimension::D3
            && self.signs == [TextureSign::Unsigned; 4]
            && width.is_multiple_of(block_width)
            && height.is_multiple_of(block_height)
    }

    fn narrowest_store(&self, features: Features) -> Store {
        let float32 =
            if features.contains(Features::FLOAT32_FILTERABLE) { Store::Float32 } else { Store::Float16 };
        let widest = self.widths.into_iter().max().unwrap_or(32);
        if self.kind != Kind::Fields && widest > 8 || widest > 16 {
            return float32;
        }
        if self.integer {
            return if widest <= 8 { Store::Float16 } else { float32 };
        }
        let norm16 = |store| {
            if features.contains(Features::TEXTURE_FORMAT_16BIT_NORM) { store } else { Store::Float16 }
        };
        let any = |sign| self.signs.contains(&sign);
        if any(TextureSign::Signed) || any(TextureSign::UnsignedBiased) {
            let is_plain = self.widths == [8; 4] && self.signs == [TextureSign::Signed; 4];
            return if is_plain { Store::Snorm8 } else { norm16(Store::Snorm16) };
        }
        if any(TextureSign::Gamma) {
            return norm16(Store::Unorm16);
        }
        match self.widths {
            // Fractions of 1, 3 and 15 are exact as fractions of 255.
            widths if widths.iter().all(|width| matches!(width, 1 | 2 | 4 | 8)) => Store::Unorm8,
            [10, 10, 10, 2] => Store::Unorm10,
            _ => norm16(Store::Unorm16),
        }
    }

    /// Conversion of integers in the shader.
    fn meaning(&self) -> Meaning {
        if self.store == Store::Unorm8 && self.widths == [8; 4] {
            Meaning::Bytes
        } else if self.signs == [TextureSign::Unsigned; 4] && !self.integer {
            Meaning::Fractions
        } else {
            Meaning::Signed
        }
    }

    pub(super) fn host_format(&self) -> TextureFormat {
        use TextureFormat as F;
        let [one, two, four] = match self.store {
            Store::Unorm8 => [F::R8Unorm, F::Rg8Unorm, F::Rgba8Unorm],
            Store::Snorm8 => [F::R8Snorm, F::Rg8Snorm, F::Rgba8Snorm],
            Store::Unorm16 => [F::R16Unorm, F::Rg16Unorm, F::Rgba16Unorm],
            Store::Snorm16 => [F::R16Snorm, F::Rg16Snorm, F::Rgba16Snorm],
            Store::Unorm10 => [F::Rgb10a2Unorm; 3],
            Store::Float16 => [F::R16Float, F::Rg16Float, F::Rgba16Float],
            Store::Float32 => [F::R32Float, F::Rg32Float, F::Rgba32Float],
            Store::Blocks => {
                let four = match self.kind {
                    Kind::Dxt1 => F::Bc1RgbaUnorm,
                    Kind::Dxt3 => F::Bc2RgbaUnorm,
                    _ => F::Bc3RgbaUnorm,
                };
                [F::Bc4RUnorm, F::Bc5RgUnorm, four]
            }
        };
        match self.components {
            1 => one,
            2 => two,
            _ => four,
        }
    }

    /// Constants of the decoding pipeline, in the order of the decoder's names for them.
    pub(super) fn constants(&self) -> [u32; 7] {
        let &Self { kind, block_bytes, block: [width, height], store, components, .. } = self;
        if store == Store::Blocks {
            // A block is copied as a texel with one component for each word.
            let words = block_bytes / 4;
            return [Kind::Fields as u32, block_bytes, 1, 1, store as u32, Meaning::Bytes as u32, words];
        }
        [kind as u32, block_bytes, width, height, store as u32, self.meaning() as u32, components]
    }

    /// Size of a level of so many texels in units of the host format, which are texels or blocks.
    pub(super) fn units(&self, [width, height, slices]: [u32; 3]) -> [u32; 3] {
        let [unit_width, unit_height] = if self.store == Store::Blocks { self.block } else { [1, 1] };
        [width.div_ceil(unit_width), height.div_ceil(unit_height), slices]
    }

    /// Bytes of a unit of the host format.
    pub(super) fn unit_bytes(&self) -> u32 {
        match self.store {
            Store::Unorm8 | Store::Snorm8 | Store::Unorm10 => self.components,
            Store::Unorm16 | Store::Snorm16 | Store::Float16 => 2 * self.components,
            Store::Float32 => 4 * self.components,
            Store::Blocks => self.block_bytes,
        }
    }

    /// Bytes of a texture's levels in the host format, at the guest's resolution.
    pub(super) fn texture_bytes(&self, info: &TextureInfo) -> u64 {
        let levels = (0..=info.max_level()).map(|level| self.units(info.level_size(level)));
        let units: u64 = levels.map(|size| size.into_iter().map(u64::from).product::<u64>()).sum();
        units * u64::from(self.unit_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_formats_are_the_narrowest() {
        use TextureFormat as F;
        let all = Features::all();
        let none = Features::empty();
        for (format, signs, integer, features, expected) in [
            (6, 0, false, none, F::Rgba8Unorm),
            (6, 0x55, false, none, F::Rgba8Snorm),
            (6, 0x3f, false, all, F::Rgba16Unorm),
            (6, 0x3f, false, none, F::Rgba16Float),
            (6, 0x02, false, all, F::Rgba16Snorm),
            (6, 0, true, all, F::Rgba16Float),
            (2, 0, false, none, F::R8Unorm),
            // The second to fourth components are the first one's bits with other signs.
            (2, 0x01, false, all, F::Rgba16Snorm),
            (10, 0, false, none, F::Rg8Unorm),
            (4, 0, false, all, F::Rgba16Unorm),
            (15, 0, false, none, F::Rgba8Unorm),
            (7, 0, false, none, F::Rgb10a2Unorm),
            (24, 0x55, false, all, F::R16Snorm),
            (24, 0, true, all, F::R32Float),
            (22, 0x55, false, all, F::R32Float),
            (31, 0, false, all, F::Rg32Float),
            (38, 0, false, none, F::Rgba16Float),
            (18, 0, false, none, F::Rgba8Unorm),
            (49, 0, false, none, F::Rg8Unorm),
            (59, 0, false, none, F::R8Unorm),
            (11, 0, false, none, F::Rgba8Unorm),
        ] {
            let words = [2 | signs << 2, format, 0, u32::from(integer), 0, 1 << 9];
            let info = TextureInfo::decode(&words).unwrap();
            let decoding = Decoding::new(&info, features).unwrap();
            assert_eq!(decoding.host_format(), expected, "format {format}, signs {signs:#x}");
            assert_eq!(Some(decoding.unit_bytes()), expected.block_copy_size(None));
        }
    }

    #[test]
    fn blocks_of_plain_fractions_stay_compressed() {
        use TextureFormat as F;
        // Bits of the constant: gamma, integers, 8 x 6 texels, an opaque border, 8 x 8 x 4 texels.
        const GAMMA: [u32; 6] = [3 << 2, 0, 0, 0, 0, 0];
        const INTEGER: [u32; 6] = [0, 0, 0, 1, 0, 0];
        const PARTS: [u32; 6] = [0, 0, 2 << 13, 0, 0, 0];
        const OPAQUE: [u32; 6] = [0, 0, 0, 0, 0, 1 << 2];
        const VOLUME: [u32; 6] = [0, 0, 7 << 13 ^ 7 << 11 ^ 3 << 22, 0, 0, 3 << 9];
        let all = Features::all();
        let others = all - Features::TEXTURE_COMPRESSION_BC;
        for (format, changes, features, expected) in [
            (18, [0; 6], all, F::Bc1RgbaUnorm),
            (19, [0; 6], all, F::Bc2RgbaUnorm),
            (20, [0; 6], all, F::Bc3RgbaUnorm),
            (49, [0; 6], all, F::Bc5RgUnorm),
            (51, [0; 6], all, F::Bc1RgbaUnorm),
            (52, [0; 6], all, F::Bc2RgbaUnorm),
            (53, [0; 6], all, F::Bc3RgbaUnorm),
            (59, [0; 6], all, F::Bc4RUnorm),
            // Hosts have no format for these blocks.
            (58, [0; 6], all, F::R8Unorm),
            (60, [0; 6], all, F::Rg8Unorm),
            (61, [0; 6], all, F::Rgba8Unorm),
            (18, INTEGER, all, F::Bc1RgbaUnorm),
            (18, OPAQUE, all, F::Bc1RgbaUnorm),
            (49, OPAQUE, all, F::Rgba8Unorm),
            (59, OPAQUE, all, F::Rgba8Unorm),
            (20, GAMMA, all, F::Rgba16Unorm),
            (20, PARTS, all, F::Rgba8Unorm),
            (20, VOLUME, all, F::Rgba8Unorm),
            (20, [0; 6], others, F::Rgba8Unorm),
        ] {
            let plain = [2, format, 7 | 7 << 13, 0, 0, 1 << 9];
            let words = [0, 1, 2, 3, 4, 5].map(|i: usize| plain[i] ^ changes[i]);
            let decoding = Decoding::new(&TextureInfo::decode(&words).unwrap(), features).unwrap();
            assert_eq!(decoding.host_format(), expected, "format {format}, {changes:x?}");
            assert_eq!(Some(decoding.unit_bytes()), expected.block_copy_size(None));
            assert_eq!(u32::from(expected.components()), decoding.components, "format {format}");
        }
    }

    #[test]
    fn levels_are_measured_in_blocks_where_these_stay_compressed() {
        // 16 x 8 texels, with all levels: 4 x 2 blocks, 2 x 1 and three of a block.
        let words = [2, 18, 15 | 7 << 13, 0, 4 << 6, 1 << 9 | 0x1000];
        let info = TextureInfo::decode(&words).unwrap();
        let bytes = |features| Decoding::new(&info, features).unwrap().texture_bytes(&info);
        assert_eq!(bytes(Features::all()), (8 + 2 + 3) * 8);
        assert_eq!(bytes(Features::empty()), (128 + 32 + 8 + 2 + 1) * 4);
    }
}
