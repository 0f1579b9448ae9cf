//! Texture formats: one row each, by the number in fetch constants and copy registers.
//!
//! The rows describe layouts only; `decode.rs` and `encode.rs` convert texels.
//! [`TexelFormat::UNKNOWN`] stands for numbers without a row.

use crate::enums::DepthFormat;

/// Layout of the components in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Bit fields by width, starting at the least significant bit; zero for missing ones.
    Fields([u8; 4]),
    /// Half-precision floats: number of components.
    Half(u8),
    /// Single-precision floats: number of components.
    Single(u8),
    /// Depth in the high 24 bits, stencil in the low 8.
    Depth(DepthFormat),
    /// DXT1 colour blocks.
    Dxt1,
    /// DXT3: explicit alpha and colour.
    Dxt3,
    /// DXT5: interpolated alpha and colour.
    Dxt5,
    /// Two DXT5 alpha blocks.
    Dxn,
    /// DXT3's alpha half alone.
    Dxt3A,
    /// DXT3's alpha bits as four one-bit components.
    Dxt3A1,
    /// DXT5's alpha half alone.
    Dxt5A,
    /// Two 8:8 end points with two-bit weights.
    Ctx1,
    /// 4:2:2 chroma: byte positions of the luma of both texels and of the two chroma values.
    Chroma([u8; 4]),
    Unknown,
}

impl Layout {
    /// Number of stored components.
    pub const fn components(self) -> u32 {
        match self {
            Self::Fields([_, 0, ..]) => 1,
            Self::Fields([_, _, 0, _]) => 2,
            Self::Fields([.., 0]) => 3,
            Self::Half(count) | Self::Single(count) => count as u32,
            Self::Depth(_) | Self::Dxt3A | Self::Dxt5A => 1,
            Self::Dxn | Self::Ctx1 => 2,
            Self::Chroma(_) => 3,
            Self::Fields(_) | Self::Dxt1 | Self::Dxt3 | Self::Dxt5 | Self::Dxt3A1 => 4,
            Self::Unknown => 0,
        }
    }

    /// Lowest bit and width of each component's field. Missing components refer to the last one,
    /// except that 4:2:2 chroma has the second texel's luma as the fourth. For compressed blocks
    /// the width is that of a decompressed component.
    pub const fn fields(self) -> [(u32, u32); 4] {
        match self {
            Self::Fields([x, y, z, w]) => Self::side_by_side([x as u32, y as u32, z as u32, w as u32]),
            Self::Half(count) => Self::equal(count, 16),
            Self::Single(count) => Self::equal(count, 32),
            Self::Depth(_) => [(8, 24); 4],
            Self::Chroma([first, second, blue, red]) => {
                [(red as u32 * 8, 8), (first as u32 * 8, 8), (blue as u32 * 8, 8), (second as u32 * 8, 8)]
            }
            _ => [(0, 8); 4],
        }
    }

    const fn equal(count: u8, width: u32) -> [(u32, u32); 4] {
        let mut widths = [0; 4];
        let mut i = 0;
        while i < count as usize {
            widths[i] = width;
            i += 1;
        }
        Self::side_by_side(widths)
    }

    const fn side_by_side(widths: [u32; 4]) -> [(u32, u32); 4] {
        let mut fields = [(0, widths[0]); 4];
        let mut i = 1;
        while i < 4 {
            let (low, width) = fields[i - 1];
            fields[i] = if widths[i] == 0 { (low, width) } else { (low + width, widths[i]) };
            i += 1;
        }
        fields
    }

    /// Words in a vertex element with this layout.
    pub const fn words(self) -> u32 {
        // Missing components refer to the last one, so the fourth field ends the element.
        let (low, width) = self.fields()[3];
        (low + width).div_ceil(32)
    }

    /// Whether the format is depth with stencil.
    pub const fn is_depth(self) -> bool {
        matches!(self, Self::Depth(_))
    }

    /// Layout of a vertex element by its format number; `None` for formats that vertices can't
    /// have, which fetch zeros.
    pub const fn of_vertices(number: u32) -> Option<Self> {
        match (number, TexelFormat::from_number(number)) {
            (6 | 7 | 16 | 17 | 25 | 26 | 31..=38, Some(format)) => Some(format.layout),
            // 32_32_32_FLOAT, which exists only for vertices.
            (57, _) => Some(Self::Single(3)),
            _ => None,
        }
    }
}

/// Row of a texture format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TexelFormat {
    /// Number in fetch constants.
    pub number: u32,
    /// Name in the hardware's documentation.
    pub name: &'static str,
    /// Bytes in a block.
    pub bytes: u32,
    /// Texels in a block: width and height.
    pub block: [u32; 2],
    /// Layout of the components.
    pub layout: Layout,
}

impl TexelFormat {
    /// Whether resolves and memory exports can write colours in this format
    /// (`resolve_or_memexport_dest` of the table of formats).
    pub const fn is_color_destination(&self) -> bool {
        matches!(self.number, 2..=10 | 14..=17 | 24..=26 | 30..=32 | 36..=38 | 50 | 54..=56)
    }
}

macro_rules! formats {
    ($($number:literal $name:literal $bytes:literal [$width:literal, $height:literal] $layout:expr;)*) => {
        impl TexelFormat {
            /// Row of a format number (0 to 63).
            pub const fn from_number(number: u32) -> Option<&'static Self> {
                use Layout::*;
                match number {
                    $($number => {
                        const ROW: TexelFormat = TexelFormat {
                            number: $number,
                            name: $name,
                            bytes: $bytes,
                            block: [$width, $height],
                            layout: $layout,
                        };
                        Some(&ROW)
                    })*
                    _ => None,
                }
            }
        }
    };
}

formats! {
    2 "8" 1 [1, 1] Fields([8, 0, 0, 0]);
    3 "1_5_5_5" 2 [1, 1] Fields([5, 5, 5, 1]);
    4 "5_6_5" 2 [1, 1] Fields([5, 6, 5, 0]);
    5 "6_5_5" 2 [1, 1] Fields([5, 5, 6, 0]);
    6 "8_8_8_8" 4 [1, 1] Fields([8, 8, 8, 8]);
    7 "2_10_10_10" 4 [1, 1] Fields([10, 10, 10, 2]);
    8 "8_A" 1 [1, 1] Fields([8, 0, 0, 0]);
    9 "8_B" 1 [1, 1] Fields([8, 0, 0, 0]);
    10 "8_8" 2 [1, 1] Fields([8, 8, 0, 0]);
    11 "Cr_Y1_Cb_Y0_REP" 4 [2, 1] Chroma([0, 2, 1, 3]);
    12 "Y1_Cr_Y0_Cb_REP" 4 [2, 1] Chroma([1, 3, 0, 2]);
    13 "16_16_EDRAM" 4 [1, 1] Fields([16, 16, 0, 0]);
    14 "8_8_8_8_A" 4 [1, 1] Fields([8, 8, 8, 8]);
    15 "4_4_4_4" 2 [1, 1] Fields([4, 4, 4, 4]);
    16 "10_11_11" 4 [1, 1] Fields([11, 11, 10, 0]);
    17 "11_11_10" 4 [1, 1] Fields([10, 11, 11, 0]);
    18 "DXT1" 8 [4, 4] Dxt1;
    19 "DXT2_3" 16 [4, 4] Dxt3;
    20 "DXT4_5" 16 [4, 4] Dxt5;
    21 "16_16_16_16_EDRAM" 8 [1, 1] Fields([16, 16, 16, 16]);
    22 "24_8" 4 [1, 1] Depth(DepthFormat::D24S8);
    23 "24_8_FLOAT" 4 [1, 1] Depth(DepthFormat::D24FS8);
    24 "16" 2 [1, 1] Fields([16, 0, 0, 0]);
    25 "16_16" 4 [1, 1] Fields([16, 16, 0, 0]);
    26 "16_16_16_16" 8 [1, 1] Fields([16, 16, 16, 16]);
    27 "16_EXPAND" 2 [1, 1] Half(1);
    28 "16_16_EXPAND" 4 [1, 1] Half(2);
    29 "16_16_16_16_EXPAND" 8 [1, 1] Half(4);
    30 "16_FLOAT" 2 [1, 1] Half(1);
    31 "16_16_FLOAT" 4 [1, 1] Half(2);
    32 "16_16_16_16_FLOAT" 8 [1, 1] Half(4);
    33 "32" 4 [1, 1] Fields([32, 0, 0, 0]);
    34 "32_32" 8 [1, 1] Fields([32, 32, 0, 0]);
    35 "32_32_32_32" 16 [1, 1] Fields([32, 32, 32, 32]);
    36 "32_FLOAT" 4 [1, 1] Single(1);
    37 "32_32_FLOAT" 8 [1, 1] Single(2);
    38 "32_32_32_32_FLOAT" 16 [1, 1] Single(4);
    39 "32_AS_8" 4 [4, 1] Unknown;
    40 "32_AS_8_8" 4 [2, 1] Unknown;
    41 "16_MPEG" 2 [1, 1] Unknown;
    42 "16_16_MPEG" 4 [1, 1] Unknown;
    49 "DXN" 16 [4, 4] Dxn;
    50 "8_8_8_8_AS_16_16_16_16" 4 [1, 1] Fields([8, 8, 8, 8]);
    51 "DXT1_AS_16_16_16_16" 8 [4, 4] Dxt1;
    52 "DXT2_3_AS_16_16_16_16" 16 [4, 4] Dxt3;
    53 "DXT4_5_AS_16_16_16_16" 16 [4, 4] Dxt5;
    54 "2_10_10_10_AS_16_16_16_16" 4 [1, 1] Fields([10, 10, 10, 2]);
    55 "10_11_11_AS_16_16_16_16" 4 [1, 1] Fields([11, 11, 10, 0]);
    56 "11_11_10_AS_16_16_16_16" 4 [1, 1] Fields([10, 11, 11, 0]);
    58 "DXT3A" 8 [4, 4] Dxt3A;
    59 "DXT5A" 8 [4, 4] Dxt5A;
    60 "CTX1" 8 [4, 4] Ctx1;
    61 "DXT3A_AS_1_1_1_1" 8 [4, 4] Dxt3A1;
    62 "8_8_8_8_GAMMA_EDRAM" 4 [1, 1] Fields([8, 8, 8, 8]);
    63 "2_10_10_10_FLOAT_EDRAM" 4 [1, 1] Fields([10, 10, 10, 2]);
}

impl TexelFormat {
    /// Placeholder for undefined format numbers.
    pub const UNKNOWN: Self =
        Self { number: 0, name: "unknown", bytes: 1, block: [1, 1], layout: Layout::Unknown };
}

/// Converts the 10-bit float of render targets, in the low bits: 7 mantissa and 3 exponent bits, 0
/// to 31.875.
pub fn float10_to_single(bits: u32) -> f32 {
    let exponent = (bits >> 7 & 7) as i32;
    let mantissa = (bits & 127) as f32;
    // The bias of 3 and the 7 mantissa bits; denormals have the step of exponent 1.
    if exponent == 0 { mantissa * 2.0_f32.powi(-9) } else { (128.0 + mantissa) * 2.0_f32.powi(exponent - 10) }
}

/// Converts the chip's 16-bit float: it has no infinities and NaNs; the largest exponent is an
/// ordinary one.
pub fn half_to_single(bits: u16) -> f32 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = (bits >> 10 & 31) as i32;
    let mantissa = (bits & 0x3ff) as f32;
    // The bias of 15 and the 10 mantissa bits; denormals have the step of exponent 1.
    let value = if exponent == 0 {
        mantissa * 2.0_f32.powi(-24)
    } else {
        (1024.0 + mantissa) * 2.0_f32.powi(exponent - 25)
    };
    sign * value
}

/// Converts to the chip's nearest 16-bit float: the inverse of [`half_to_single`]. Too large values
/// become the largest one, NaN becomes zero.
pub fn single_to_half(value: f32) -> u16 {
    let sign = ((value.to_bits() >> 31) as u16) << 15;
    let magnitude = value.abs();
    if magnitude.is_nan() {
        return 0;
    }
    // The largest number, 2047 * 2^6: exponent 31 is an ordinary one.
    if magnitude >= 131_008.0 {
        return sign | 0x7fff;
    }
    if magnitude < 2.0_f32.powi(-14) {
        // Denormal: units of 2^-24. Rounding up the largest one gives the least normal number.
        return sign | (magnitude * 2.0_f32.powi(24) + 0.5) as u16;
    }
    let bits = magnitude.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    // Half of the lowest bit that stays. A carry out of the mantissa increments the exponent below.
    let rounded = (bits & 0x7f_ffff) + 0x1000;
    sign | ((((exponent + 15) as u32) << 10) + (rounded >> 13)).min(0x7fff) as u16
}

/// Converts a depth value of 24 bits to a float.
pub fn depth_to_single(format: DepthFormat, bits: u32) -> f32 {
    match format {
        DepthFormat::D24S8 => bits as f32 / 16_777_215.0,
        DepthFormat::D24FS8 => depth_float_to_single(bits),
    }
}

/// Converts a depth value of 20 mantissa and 4 exponent bits to a float from 0 to just below 2.
pub fn depth_float_to_single(bits: u32) -> f32 {
    let exponent = (bits >> 20 & 15) as i32;
    let mantissa = (bits & 0xf_ffff) as f32;
    if exponent == 0 {
        mantissa * 2.0_f32.powi(-34)
    } else {
        (1_048_576.0 + mantissa) * 2.0_f32.powi(exponent - 35)
    }
}

/// Inverse of [`depth_float_to_single`], rounding to the nearest (ties to even); clamped to the
/// range of the format.
pub fn single_to_depth_float(value: f32) -> u32 {
    if value.is_nan() || value <= 0.0 {
        return 0;
    }
    // From the largest depth on, and below the least one with an exponent.
    const LARGEST: u32 = 0x3fff_fff8;
    const NORMAL: u32 = 113 << 23;
    let bits = value.to_bits();
    if bits >= LARGEST {
        return 0xff_ffff;
    }
    if bits < NORMAL {
        // Denormal: units of 2^-34. Rounding up the largest one gives the least normal depth.
        return (value * 2.0_f32.powi(34)).round_ties_even() as u32;
    }
    // From a float's bias of 127 to the format's of 15.
    let rebiased = bits - (112 << 23);
    // Three mantissa bits are dropped. Ties are rounded up only if the lowest bit that stays is
    // odd.
    (rebiased + 3 + (rebiased >> 3 & 1)) >> 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_in_their_blocks_side_by_side() {
        for format in (0..64).filter_map(TexelFormat::from_number) {
            let TexelFormat { number, bytes, block, layout, .. } = *format;
            let fields = layout.fields();
            let count = layout.components() as usize;
            assert_eq!(count == 0, layout == Layout::Unknown, "format {number}");
            if count == 0 || block == [4, 4] {
                continue;
            }
            let used = fields.map(|(low, width)| (u128::MAX >> (128 - width)) << low);
            let all = used.iter().fold(0, |all, bits| all | bits);
            let padding = if layout.is_depth() { 0xff } else { 0 };
            assert_eq!(all | padding, u128::MAX >> (128 - 8 * bytes), "format {number} has bits of no field");
            for (i, bits) in used[..count].iter().enumerate() {
                assert!(used[..i].iter().all(|other| other & bits == 0), "format {number}");
            }
            let last = used[count - 1];
            let others = if let Layout::Chroma(_) = layout { 4 } else { count };
            assert!(used[others..].iter().all(|bits| *bits == last), "format {number}");
        }
    }

    #[test]
    fn vertices_have_whole_words() {
        let words = |number| Layout::of_vertices(number).map(Layout::words);
        assert_eq!([6, 25, 26, 31, 32, 35, 37, 57, 38].map(words), [1, 1, 2, 1, 2, 4, 2, 3, 4].map(Some));
        assert_eq!([0, 2, 18, 22, 30, 58, 64].map(words), [None; 7]);
    }

    #[test]
    fn halves_have_no_infinity() {
        for (bits, value) in
            [(0, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x7c00, 65536.0), (1, 5.9604645e-8)]
        {
            assert_eq!(half_to_single(bits), value, "{bits:#x}");
            assert_eq!(single_to_half(value), bits, "{value}");
        }
        assert_eq!([1e9, -1e9, f32::NAN].map(single_to_half), [0x7fff, 0xffff, 0]);
    }

    #[test]
    fn float_depth_round_trips() {
        for bits in [0, 1, 0xf_ffff, 0x10_0000, 0x12_3456, 0xef_ffff, 0xf0_0000, 0xff_ffff] {
            assert_eq!(single_to_depth_float(depth_float_to_single(bits)), bits, "{bits:#x}");
        }
        assert_eq!(depth_float_to_single(0xf0_0000), 1.0);
        // Rounded to the nearest; the last ones are ties.
        for (value, bits) in [
            (0.9, 0xec_cccd),
            (0.7, 0xe6_6666),
            (f32::from_bits(0x3f80_0004), 0xf0_0000),
            (f32::from_bits(0x3f80_000c), 0xf0_0002),
            (1_048_575.5 * 2.0_f32.powi(-34), 0x10_0000),
            (2.5 * 2.0_f32.powi(-34), 2),
        ] {
            assert_eq!(single_to_depth_float(value), bits, "{value}");
        }
        assert_eq!(single_to_depth_float(7.0), 0xff_ffff);
        assert_eq!(single_to_depth_float(f32::NAN), 0);
    }
}
