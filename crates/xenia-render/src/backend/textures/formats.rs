//! What each guest format means to the decoding shader, and which host format holds its texels.
//!
//! One table, [`row`]. Components that a format lacks repeat its last one; each keeps the sign that the
//! fetch constant gives it. The host's format is the narrowest that holds the values and can be filtered:
//! exactly, but for fractions of 5, 6, 10 and 11 bits, gamma and mixed signs, which are rounded to 16 bits
//! (an error of at most 1/131070; 32-bit floats would double the memory of such textures).

use wgpu::{Features, TextureFormat};
use xenia_gpu::enums::TextureSign;
use xenia_gpu::texture::{Format, TextureInfo};

/// How the bits of a block lie; the numbers are those of `decode.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(super) enum Kind {
    /// Integers.
    Fields = 0,
    /// Floats of 16 bits.
    Half = 1,
    /// Floats of 32 bits.
    Single = 2,
    /// 24 bits of floating point depth.
    FloatDepth = 3,
    Dxt1 = 4,
    Dxt3 = 5,
    Dxt5 = 6,
    Dxn = 7,
    Dxt3A = 8,
    /// DXT3's alpha as four components of one bit.
    Dxt3ABits = 9,
    Dxt5A = 10,
    Ctx1 = 11,
    /// Two texels with the same first and third component.
    Chroma = 12,
}

/// How the host stores components; the numbers are those of `decode.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(super) enum Store {
    Unorm8 = 0,
    Snorm8 = 1,
    Unorm16 = 2,
    Snorm16 = 3,
    /// Three components of ten bits and one of two.
    Unorm10 = 4,
    Float16 = 5,
    Float32 = 6,
}

/// What the integers of components stand for; the numbers are those of `decode.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(super) enum Meaning {
    /// What bytes of the host's format stand for.
    Bytes = 0,
    /// Fractions of the highest one.
    Fractions = 1,
    /// What their signs say.
    Signed = 2,
}

/// A guest format: its kind, how many components it has, and the lowest bit and the width of each field.
struct Row(Kind, usize, &'static [(u32, u32)]);

const BYTES: [(u32, u32); 4] = [(0, 8), (8, 8), (16, 8), (24, 8)];
const HALVES: [(u32, u32); 4] = [(0, 16), (16, 16), (32, 16), (48, 16)];
const WORDS: [(u32, u32); 4] = [(0, 32), (32, 32), (64, 32), (96, 32)];

/// The row of a format number; `None` where it is not known how the format is read.
const fn row(number: u32) -> Option<Row> {
    use Kind::*;
    Some(match number {
        // 8, 8_A, 8_B
        2 | 8 | 9 => Row(Fields, 1, &BYTES),
        // 1_5_5_5
        3 => Row(Fields, 4, &[(0, 5), (5, 5), (10, 5), (15, 1)]),
        // 5_6_5
        4 => Row(Fields, 3, &[(0, 5), (5, 6), (11, 5)]),
        // 6_5_5
        5 => Row(Fields, 3, &[(0, 5), (5, 5), (10, 6)]),
        // 8_8_8_8, 8_8_8_8_A, 8_8_8_8_AS_16_16_16_16, 8_8_8_8_GAMMA_EDRAM
        6 | 14 | 50 | 62 => Row(Fields, 4, &BYTES),
        // 2_10_10_10, and AS_16_16_16_16, FLOAT_EDRAM
        7 | 54 | 63 => Row(Fields, 4, &[(0, 10), (10, 10), (20, 10), (30, 2)]),
        // 8_8
        10 => Row(Fields, 2, &BYTES),
        // Cr_Y1_Cb_Y0_REP: Cr, the first luma, Cb, the second luma
        11 => Row(Chroma, 3, &[(24, 8), (0, 8), (8, 8), (16, 8)]),
        // Y1_Cr_Y0_Cb_REP
        12 => Row(Chroma, 3, &[(16, 8), (8, 8), (0, 8), (24, 8)]),
        // 16_16_EDRAM, 16_16
        13 | 25 => Row(Fields, 2, &HALVES),
        // 4_4_4_4
        15 => Row(Fields, 4, &[(0, 4), (4, 4), (8, 4), (12, 4)]),
        // 10_11_11: named from the highest bit on
        16 | 55 => Row(Fields, 3, &[(0, 11), (11, 11), (22, 10)]),
        // 11_11_10
        17 | 56 => Row(Fields, 3, &[(0, 10), (10, 11), (21, 11)]),
        18 | 51 => Row(Dxt1, 4, &[(0, 8); 4]),
        19 | 52 => Row(Dxt3, 4, &[(0, 8); 4]),
        20 | 53 => Row(Dxt5, 4, &[(0, 8); 4]),
        // 16_16_16_16_EDRAM, 16_16_16_16
        21 | 26 => Row(Fields, 4, &HALVES),
        // 24_8: the depth; the stencil is not fetched
        22 => Row(Fields, 1, &[(8, 24)]),
        // 24_8_FLOAT
        23 => Row(FloatDepth, 1, &[(8, 24)]),
        // 16
        24 => Row(Fields, 1, &HALVES),
        // 16_EXPAND, 16_FLOAT, and with two and four components
        27 | 30 => Row(Half, 1, &HALVES),
        28 | 31 => Row(Half, 2, &HALVES),
        29 | 32 => Row(Half, 4, &HALVES),
        // 32, 32_32, 32_32_32_32
        33 => Row(Fields, 1, &WORDS),
        34 => Row(Fields, 2, &WORDS),
        35 => Row(Fields, 4, &WORDS),
        // 32_FLOAT, 32_32_FLOAT, 32_32_32_32_FLOAT
        36 => Row(Single, 1, &WORDS),
        37 => Row(Single, 2, &WORDS),
        38 => Row(Single, 4, &WORDS),
        49 => Row(Dxn, 2, &[(0, 8); 4]),
        58 => Row(Dxt3A, 1, &[(0, 8); 4]),
        59 => Row(Dxt5A, 1, &[(0, 8); 4]),
        60 => Row(Ctx1, 2, &[(0, 8); 4]),
        61 => Row(Dxt3ABits, 4, &[(0, 8); 4]),
        _ => return None,
    })
}

/// How a texture is decoded.
///
/// Kind, block, store and meaning are constants of a pipeline: software drivers follow all branches of a
/// shader, wherever their conditions come from.
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
    /// Components that the host's format has: 1, 2 or 4. The others are like the last one.
    pub(super) components: u32,
}

impl Decoding {
    /// How the texture of a fetch constant is decoded on a device with some features.
    pub(super) fn new(info: &TextureInfo, format: &Format, features: Features) -> Option<Self> {
        let Row(kind, count, fields) = row(info.format)?;
        let is_compressed = format.block != [1, 1];
        // Chroma has a field more than components: the second texel's.
        let fields = [0, 1, 2, 3].map(|i| {
            let last = if kind == Kind::Chroma { 3 } else { count - 1 };
            fields[i.min(last)]
        });
        // Floats and depths have no sign to choose.
        let is_depth = matches!(info.format, 22 | 23);
        let has_signs = !is_depth && !matches!(kind, Kind::Half | Kind::Single);
        let mut this = Self {
            kind,
            block_bytes: format.bytes,
            block: format.block,
            shifts: fields.map(|field| field.0),
            widths: fields.map(|field| field.1),
            signs: if has_signs { info.signs } else { [TextureSign::Unsigned; 4] },
            integer: info.integer && has_signs && !is_compressed,
            store: Store::Unorm8,
            components: 4,
        };
        this.store = this.narrowest_store(features);
        // Repeated components needn't be stored if they are read with the same sign.
        let same = |first: usize| this.signs[first..].iter().all(|sign| *sign == this.signs[first]);
        if count <= 2 && this.store != Store::Unorm10 && same(count - 1) {
            this.components = count as u32;
        }
        Some(this)
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
            // Fractions of 1, 3 and 15 are fractions of 255, too.
            widths if widths.iter().all(|width| matches!(width, 1 | 2 | 4 | 8)) => Store::Unorm8,
            [10, 10, 10, 2] => Store::Unorm10,
            _ => norm16(Store::Unorm16),
        }
    }

    /// What the shader has to do with integers.
    pub(super) fn meaning(&self) -> Meaning {
        if self.store == Store::Unorm8 && self.widths == [8; 4] {
            Meaning::Bytes
        } else if self.signs == [TextureSign::Unsigned; 4] && !self.integer {
            Meaning::Fractions
        } else {
            Meaning::Signed
        }
    }

    /// The host's format.
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
        };
        match self.components {
            1 => one,
            2 => two,
            _ => four,
        }
    }

    /// Bytes of a texel of the host's format.
    pub(super) fn texel_bytes(&self) -> u32 {
        self.components
            * match self.store {
                Store::Unorm8 | Store::Snorm8 | Store::Unorm10 => 1,
                Store::Unorm16 | Store::Snorm16 | Store::Float16 => 2,
                Store::Float32 => 4,
            }
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
            let row = Format::from_number(format).unwrap();
            let decoding = Decoding::new(&info, &row, features).unwrap();
            assert_eq!(decoding.host_format(), expected, "format {format}, signs {signs:#x}");
            assert_eq!(Some(decoding.texel_bytes()), expected.block_copy_size(None));
        }
    }
}
