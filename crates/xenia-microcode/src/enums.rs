//! Enumerations of register fields, fetch constants and microcode.
//!
//! Values that the hardware leaves undefined decode to the variant named in `else`, so that hostile
//! state is defined too.

macro_rules! enums {
    ($($(#[doc = $doc:literal])* $name:ident else $default:ident { $($(#[doc = $vdoc:literal])* $value:literal $variant:ident,)* })*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // the names of the field's values are the documentation
        pub enum $name { $($(#[doc = $vdoc])* $variant = $value,)* }

        impl $name {
            /// All defined values.
            pub const VALUES: &'static [Self] = &[$(Self::$variant,)*];

            /// Decodes a field's bits.
            pub const fn from_bits(bits: u32) -> Self {
                match bits { $($value => Self::$variant,)* _ => Self::$default }
            }

            /// Encodes the field.
            pub const fn bits(self) -> u32 {
                self as u32
            }
        }

        impl Default for $name {
            fn default() -> Self { Self::from_bits(0) }
        }
    )* };
}

enums! {
    /// Primitive types of `VGT_DRAW_INITIATOR`.
    Primitive else None {
        0x00 None,
        0x01 PointList,
        0x02 LineList,
        0x03 LineStrip,
        0x04 TriangleList,
        0x05 TriangleFan,
        0x06 TriangleStrip,
        0x07 TriangleWithFlags,
        0x08 RectangleList,
        0x0c LineLoop,
        0x0d QuadList,
        0x0e QuadStrip,
        0x0f Polygon,
        0x10 CopyRectList0,
        0x11 CopyRectList1,
        0x12 CopyRectList2,
        0x13 CopyRectList3,
        0x14 FillRectList,
        0x15 LineStrip2d,
        0x16 TriangleStrip2d,
    }
    /// Comparison functions of depth, stencil and alpha tests.
    Compare else Always {
        0 Never, 1 Less, 2 Equal, 3 LessEqual, 4 Greater, 5 NotEqual, 6 GreaterEqual, 7 Always,
    }
    /// Operations of the stencil test.
    StencilOp else Keep {
        0 Keep, 1 Zero, 2 Replace, 3 IncrementClamp, 4 DecrementClamp, 5 Invert, 6 IncrementWrap, 7 DecrementWrap,
    }
    /// Factors of the blend equation.
    BlendFactor else Zero {
        0 Zero, 1 One, 4 SrcColor, 5 OneMinusSrcColor, 6 SrcAlpha, 7 OneMinusSrcAlpha,
        8 DstColor, 9 OneMinusDstColor, 10 DstAlpha, 11 OneMinusDstAlpha,
        12 ConstantColor, 13 OneMinusConstantColor, 14 ConstantAlpha, 15 OneMinusConstantAlpha,
        16 SrcAlphaSaturate,
    }
    /// Functions of the blend equation.
    BlendOp else Add {
        0 Add, 1 Subtract, 2 Min, 3 Max, 4 RevSubtract,
    }
    /// Samples per pixel.
    Msaa else X4 {
        0 X1, 1 X2, 2 X4,
    }
    /// Formats of colour render targets.
    ColorTargetFormat else Rgba8 {
        0 Rgba8, 1 Rgba8Gamma, 2 Rgb10A2, 3 Rgb10A2Float, 4 Rg16, 5 Rgba16, 6 Rg16Float, 7 Rgba16Float,
        10 Rgb10A2As10, 12 Rgb10A2FloatAs16, 14 R32Float, 15 Rg32Float,
    }
    /// Formats of depth render targets.
    DepthFormat else D24S8 {
        0 D24S8, 1 D24FS8,
    }
    /// Operation of the render backend (RB) for a draw.
    EdramMode else Ignore {
        0 Ignore, 4 ColorDepth, 5 Depth, 6 Copy,
    }
    /// Conversion of samples in a resolve.
    CopyCommand else Null {
        0 Raw, 1 Convert,
        /// Components become bits, by comparisons with a reference.
        2 Compare,
        3 Null,
    }
    /// Addressing modes of texture coordinates outside 0..1.
    ClampMode else Repeat {
        0 Repeat, 1 MirroredRepeat, 2 ClampToEdge, 3 MirrorClampToEdge, 4 ClampToHalfway,
        5 MirrorClampToHalfway, 6 ClampToBorder, 7 MirrorClampToBorder,
    }
    /// Interpretation of a texture component's sign.
    TextureSign else Unsigned {
        0 Unsigned, 1 Signed, 2 UnsignedBiased, 3 Gamma,
    }
    /// Texture filtering modes.
    TextureFilter else Point {
        0 Point, 1 Linear, 2 BaseMap, 3 UseFetchConstant,
    }
    /// Maximum anisotropy: ratio of a pixel footprint's longer side to its shorter one.
    Anisotropy else Disabled {
        0 Disabled, 1 Max1, 2 Max2, 3 Max4, 4 Max8, 5 Max16, 7 UseFetchConstant,
    }
    /// Polygon fill modes.
    PolygonFill else Triangles {
        0 Points, 1 Lines, 2 Triangles,
    }
    /// Tessellation modes of patches.
    TessellationMode else Discrete {
        0 Discrete, 1 Continuous,
        /// The index buffer holds each edge's level.
        2 Adaptive,
    }
    /// Vertex shader exports besides position and interpolators.
    VertexExportMode else Position {
        0 Position, 2 Sprite, 3 Edge, 4 Kill, 5 SpriteKill, 6 EdgeKill, 7 Multipass,
    }
    /// Interpolation positions of partially covered pixels.
    SampleControl else CentersOnly {
        0 CentroidsOnly, 1 CentersOnly, 2 CentroidsAndCenters,
    }
    /// Dimensions of a texture, and of a fetch: one of three dimensions reads stacks, too.
    Dimension else D2 {
        0 D1, 1 D2, 2 D3, 3 Cube,
    }
}

impl Primitive {
    /// Whether the primitives are lines.
    pub const fn is_line(self) -> bool {
        matches!(self, Self::LineList | Self::LineStrip | Self::LineLoop | Self::LineStrip2d)
    }
}

impl VertexExportMode {
    /// Whether vertices have a kill flag.
    pub const fn has_kill(self) -> bool {
        matches!(self, Self::Kill | Self::SpriteKill | Self::EdgeKill)
    }
}

impl Anisotropy {
    /// Largest ratio; 1 if anisotropic filtering is off.
    pub const fn most(self) -> u32 {
        match self {
            Self::Disabled | Self::Max1 | Self::UseFetchConstant => 1,
            Self::Max2 => 2,
            Self::Max4 => 4,
            Self::Max8 => 8,
            Self::Max16 => 16,
        }
    }

    /// Returns the fetch instruction's setting, or the constant's if the instruction defers to it.
    pub const fn or(self, constant: Self) -> Self {
        if matches!(self, Self::UseFetchConstant) { constant } else { self }
    }
}

impl Compare {
    /// Whether the comparison of `a` with `b` holds; a NaN only passes `NotEqual` and `Always`.
    #[inline]
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Self::Never => false,
            Self::Less => a < b,
            Self::Equal => a == b,
            Self::LessEqual => a <= b,
            Self::Greater => a > b,
            Self::NotEqual => a != b,
            Self::GreaterEqual => a >= b,
            Self::Always => true,
        }
    }
}

impl Msaa {
    /// Samples per pixel.
    pub const fn samples(self) -> u32 {
        1 << self as u32
    }

    /// Sample columns per pixel: the factor by which a surface is wider than one with a single
    /// sample.
    pub const fn columns(self) -> u32 {
        if matches!(self, Self::X4) { 2 } else { 1 }
    }

    /// Sample rows per pixel.
    pub const fn rows(self) -> u32 {
        if matches!(self, Self::X1) { 1 } else { 2 }
    }

    /// Coordinates of a pixel's sample in the grid of samples, which is the pixel with the same
    /// words in a single-sampled surface. Samples of multisampled pixels are spread over blocks of
    /// 4 x 4 (xenia-canary, pull request 1163).
    pub const fn cell(self, x: u32, y: u32, sample: u32) -> (u32, u32) {
        match self {
            Self::X1 => (x, y),
            Self::X2 => (x & !2 | (sample & 1) << 1, (y & !1) << 1 | y & 1 | x & 2),
            Self::X4 => ((x & !1) << 1 | x & 1 | (sample & 1) << 1, (y & !1) << 1 | y & 1 | sample & 2),
        }
    }
}

impl ColorTargetFormat {
    /// Mask of the components in the format: red is bit 0.
    pub const fn components(self) -> u8 {
        match self {
            Self::Rg16 | Self::Rg16Float | Self::Rg32Float => 0b11,
            Self::R32Float => 1,
            _ => 0b1111,
        }
    }

    /// Whether a sample occupies two words of EDRAM.
    pub const fn is_64_bit(self) -> bool {
        matches!(self, Self::Rgba16 | Self::Rgba16Float | Self::Rg32Float)
    }

    /// Lowest and highest values that colour and alpha can hold; blending clamps to them. A range
    /// without ends has NaN as well, which other formats take for zero.
    pub fn range(self) -> [(f32, f32); 2] {
        match self {
            Self::Rgba8 | Self::Rgba8Gamma | Self::Rgb10A2 | Self::Rgb10A2As10 => [(0.0, 1.0); 2],
            Self::Rgb10A2Float | Self::Rgb10A2FloatAs16 => [(0.0, 31.875), (0.0, 1.0)],
            Self::Rg16 | Self::Rgba16 => [(-32.0, 32.0); 2],
            Self::Rg16Float | Self::Rgba16Float => [(-131_008.0, 131_008.0); 2],
            Self::R32Float | Self::Rg32Float => [(f32::NEG_INFINITY, f32::INFINITY); 2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fill_blocks_of_four_by_four() {
        for msaa in [Msaa::X1, Msaa::X2, Msaa::X4] {
            let columns = msaa.columns();
            let rows = msaa.rows();
            let mut seen = [[false; 16]; 8];
            for (x, y) in (0..8 / rows).flat_map(|y| (0..16 / columns).map(move |x| (x, y))) {
                for sample in 0..msaa.samples() {
                    let (u, v) = msaa.cell(x, y, sample);
                    assert_eq!((u / 4, v / 4), (x * columns / 4, y * rows / 4), "{msaa:?} {x} {y} {sample}");
                    assert!(!std::mem::replace(&mut seen[v as usize][u as usize], true));
                }
            }
            assert!(seen.as_flattened().iter().all(|seen| *seen), "{msaa:?}");
        }
        // The rows of a block: pixel (x, y) and sample.
        let four =
            [[(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 0), (1, 1, 0), (0, 1, 1), (1, 1, 1)]];
        for (v, row) in four.into_iter().enumerate() {
            for (u, (x, y, sample)) in row.into_iter().enumerate() {
                assert_eq!(Msaa::X4.cell(x, y, sample), (u as u32, v as u32));
                assert_eq!(Msaa::X4.cell(x, y, sample + 2), (u as u32, v as u32 + 2));
            }
        }
        let two = [(0, 0), (1, 0), (0, 1), (1, 1)];
        for (u, (x, sample)) in two.into_iter().enumerate() {
            assert_eq!(Msaa::X2.cell(x, 1, sample), (u as u32, 1));
            assert_eq!(Msaa::X2.cell(x + 2, 1, sample), (u as u32, 3));
        }
    }
}
