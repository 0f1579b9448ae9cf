//! Words of texture fetch constants, with named fields.

use crate::enums::{Anisotropy, ClampMode, Dimension, TextureFilter, TextureSign};
use crate::memory::Endian;
use crate::registers::{check_fields, field_type};

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($field:ident: $lo:literal..=$hi:literal $ty:ident,)* })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(super) struct $name(pub(super) u32);

            impl $name {
                $(
                    pub(super) const fn $field(self) -> $ty {
                        field_type!($ty, self.0, $lo, $hi)
                    }
                )*
            }

            check_fields!($($lo..=$hi,)*);
        )*
    };
}

words! {
    /// First word: signs, addressing modes, pitch.
    TextureWord0 {
        kind: 0..=1 u32,
        sign_x: 2..=3 TextureSign,
        sign_y: 4..=5 TextureSign,
        sign_z: 6..=7 TextureSign,
        sign_w: 8..=9 TextureSign,
        clamp_x: 10..=12 ClampMode,
        clamp_y: 13..=15 ClampMode,
        clamp_z: 16..=18 ClampMode,
        pitch: 22..=30 u32,
        tiled: 31..=31 bool,
    }
    /// Second word: format and base level.
    TextureWord1 {
        format: 0..=5 u32,
        endian: 6..=7 Endian,
        stacked: 10..=10 bool,
        nearest_clamp_policy: 11..=11 bool,
        base_page: 12..=31 u32,
    }
    /// Third word of a line, less one texel like all sizes.
    TextureSize1 {
        width: 0..=23 u32,
    }
    /// Third word of a plane, a stack or a cube.
    TextureSize2 {
        width: 0..=12 u32,
        height: 13..=25 u32,
        depth: 26..=31 u32,
    }
    /// Third word of a volume.
    TextureSize3 {
        width: 0..=10 u32,
        height: 11..=21 u32,
        depth: 22..=31 u32,
    }
    /// Fourth word: components and filters.
    TextureWord3 {
        integer: 0..=0 bool,
        swizzle_x: 1..=3 u32,
        swizzle_y: 4..=6 u32,
        swizzle_z: 7..=9 u32,
        swizzle_w: 10..=12 u32,
        exponent: 13..=18 i32,
        mag_filter: 19..=20 TextureFilter,
        min_filter: 21..=22 TextureFilter,
        mip_filter: 23..=24 TextureFilter,
        anisotropy: 25..=27 Anisotropy,
    }
    /// Fifth word: levels.
    TextureWord4 {
        slice_mag_filter: 0..=0 TextureFilter,
        slice_min_filter: 1..=1 TextureFilter,
        lowest_level: 2..=5 u32,
        highest_level: 6..=9 u32,
        lod_bias: 12..=21 i32,
        gradient_exponent_h: 22..=26 i32,
        gradient_exponent_v: 27..=31 i32,
    }
    /// Sixth word: border, dimension, other levels.
    TextureWord5 {
        border: 0..=1 u32,
        opaque_border: 2..=2 bool,
        dimension: 9..=10 Dimension,
        packed_mips: 11..=11 bool,
        mip_page: 12..=31 u32,
    }
}
