//! Decoding of texture levels to plain texels.
//!
//! This is the oracle of the decoding in compute shaders (xenia-render). Invariant: any constant
//! over any memory decodes to an image of bounded size, and only the level's range is read.

use super::format::{Layout, depth_to_single, half_to_single};
use super::layout::{self, LevelLayout};
use super::{FieldNumber, FieldScale, TextureInfo, blocks};
use crate::enums::{Dimension, TextureSign};
use crate::memory::{Endian, PhysicalMemory};

/// Maximum number of texels in a decoded level; larger levels (which don't fit in memory) are
/// black.
const MAX_TEXELS: u64 = 1 << 26;

/// Texels of a level, row by row, slice by slice. Components are as stored, before the fetch
/// constant's swizzle.
pub enum Texels {
    /// 8-bit components in units of 1/255.
    Bytes(Vec<[u8; 4]>),
    /// Components as 32-bit floats.
    Floats(Vec<[f32; 4]>),
}

impl Texels {
    /// Returns a texel; zero if the index is out of range.
    #[inline(always)]
    pub fn get(&self, index: usize) -> [f32; 4] {
        match self {
            Self::Bytes(texels) => match texels.get(index) {
                Some(texel) => texel.map(byte_value),
                None => [0.0; 4],
            },
            Self::Floats(texels) => texels.get(index).copied().unwrap_or([0.0; 4]),
        }
    }

    /// Host memory of the texels in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Bytes(texels) => texels.len() * 4,
            Self::Floats(texels) => texels.len() * 16,
        }
    }
}

/// Calls a function with each block of a level and its position. The bytes are already swapped.
fn for_each_block(
    info: &TextureInfo,
    level: &LevelLayout,
    memory: &dyn PhysicalMemory,
    mut take: impl FnMut([u32; 3], &[u8]),
) {
    let format = info.format;
    let bytes = format.bytes as usize;
    let log2 = format.bytes.ilog2();
    let mut raw = vec![0; level.bytes as usize];
    memory.read(level.physical, &mut raw);
    // The swap exchanges bytes at a fixed distance within four-byte words.
    let exchange = match info.endian {
        Endian::None => 0,
        Endian::In16 => 1,
        Endian::In32 => 3,
        Endian::Half32 => 2,
    };
    if exchange != 0 {
        for word in raw.chunks_exact_mut(4) {
            let old = [word[0], word[1], word[2], word[3]];
            for (i, byte) in word.iter_mut().enumerate() {
                *byte = old[i ^ exchange];
            }
        }
    }
    let [width, height, slices] = level.blocks;
    let [ox, oy, oz] = level.origin;
    let d3 = info.dimension == Dimension::D3;
    for z in 0..slices {
        // The offset of a volume's block includes its slice.
        let slice = if d3 { 0 } else { z.wrapping_mul(level.slice_bytes) };
        for y in 0..height {
            for x in 0..width {
                let bx = x + ox;
                let by = y + oy;
                let bz = z + oz;
                let offset = match (info.tiled, d3) {
                    (true, true) => layout::tiled_3d(bx, by, bz, level.pitch, level.rows, log2),
                    (true, false) => layout::tiled_2d(bx, by, level.pitch, log2),
                    (false, _) => {
                        let row = if d3 { by + bz * level.rows } else { by };
                        row.wrapping_mul(level.pitch).wrapping_add(bx).wrapping_mul(format.bytes)
                    }
                };
                let start = slice.wrapping_add(offset) as usize;
                // Pitches and origins are the guest's: blocks beyond the level's range stay zero.
                if let Some(block) = raw.get(start..start + bytes) {
                    take([x, y, z], block);
                }
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Extracts a raw field of up to 32 bits, starting at bit `low`.
fn field(bytes: &[u8], low: u32, width: u32) -> u32 {
    let mut value = 0_u64;
    let first = low as usize / 8;
    // A field of 32 bits that does not start at a byte spans five.
    for (i, &byte) in bytes[first..].iter().take(5).enumerate() {
        value |= (byte as u64) << (8 * i);
    }
    (value >> (low % 8)) as u32 & (u32::MAX >> (32 - width))
}

/// Piecewise linear curve of stored gamma components, in units of 1/255 and 1/1023. The linear
/// pieces reach only 1016; a truncated term makes up the difference to 1023.
pub(crate) fn gamma_to_linear(value: f32) -> f32 {
    gamma_level_to_linear(value.clamp(0.0, 1.0) * 255.0)
}

/// [`gamma_to_linear`] of a value in units of 1/255. Stored values are whole numbers there and have
/// exact positions on the curve.
pub(crate) fn gamma_level_to_linear(level: f32) -> f32 {
    let (slope, below) = match level {
        l if l < 64.0 => (1.0, 0.0),
        l if l < 96.0 => (2.0, 64.0),
        l if l < 192.0 => (4.0, 256.0),
        _ => (8.0, 1024.0),
    };
    let linear = level * slope - below;
    (linear + (linear * slope / 1024.0).trunc()) / 1023.0
}

/// Scale of integer components. Bit 19 of a constant does not select fractions without a zero: only
/// vertex fetches have them (the chip's document library, change 133990, by xenia-canary).
fn scale(info: &TextureInfo) -> FieldScale {
    if info.integer { FieldScale::Integers } else { FieldScale::Fractions }
}

/// Value of a component's field with its sign mode.
fn number(raw: u32, width: u32, sign: TextureSign, scale: FieldScale) -> f32 {
    let value = FieldNumber { is_signed: sign == TextureSign::Signed, scale }.value(raw, width);
    let integer = scale == FieldScale::Integers;
    match sign {
        TextureSign::UnsignedBiased if integer => value - (1_u32 << (width - 1)) as f32,
        TextureSign::UnsignedBiased => value * 2.0 - 1.0,
        TextureSign::Gamma if !integer => gamma_to_linear(value),
        _ => value,
    }
}

/// Copies the last present component to the missing ones.
fn replicate(mut texel: [f32; 4], present: usize) -> [f32; 4] {
    for c in present..4 {
        texel[c] = texel[present.max(1) - 1];
    }
    texel
}

fn single(layout: Layout, info: &TextureInfo, bytes: &[u8]) -> [f32; 4] {
    match layout {
        Layout::Fields(_) => {
            // Missing components are copies of the last present one, converted with their own sign
            // mode.
            let fields = layout.fields();
            std::array::from_fn(|c| {
                let (low, width) = fields[c];
                number(field(bytes, low, width), width, info.signs[c], scale(info))
            })
        }
        Layout::Half(count) => {
            let mut texel = [0.0; 4];
            for (c, value) in texel.iter_mut().enumerate().take(count as usize) {
                *value = half_to_single(u16::from_le_bytes([bytes[2 * c], bytes[2 * c + 1]]));
            }
            replicate(texel, count as usize)
        }
        Layout::Single(count) => {
            let mut texel = [0.0; 4];
            for (c, value) in texel.iter_mut().enumerate().take(count as usize) {
                *value = f32::from_bits(word(bytes, 4 * c));
            }
            replicate(texel, count as usize)
        }
        Layout::Depth(format) => [depth_to_single(format, word(bytes, 0) >> 8); 4],
        _ => [0.0; 4],
    }
}

fn block(layout: Layout, bytes: &[u8]) -> Option<blocks::Block> {
    Some(match layout {
        Layout::Dxt1 => blocks::dxt1(bytes),
        Layout::Dxt3 => blocks::dxt3(bytes),
        Layout::Dxt5 => blocks::dxt5(bytes),
        Layout::Dxn => blocks::dxn(bytes),
        Layout::Dxt3A => blocks::dxt3a(bytes),
        Layout::Dxt3A1 => blocks::dxt3a_1(bytes),
        Layout::Dxt5A => blocks::dxt5a(bytes),
        Layout::Ctx1 => blocks::ctx1(bytes),
        _ => return None,
    })
}

/// Whether 8-bit components are plain unsigned fractions.
fn is_plain(info: &TextureInfo) -> bool {
    info.signs == [TextureSign::Unsigned; 4] && !info.integer
}

/// Value of component `c` of `width` bits, as [`decode_level`] and [`Texels::get`] return it.
pub(crate) fn component(info: &TextureInfo, width: u8, c: usize, raw: u32) -> f32 {
    if width == 8 && is_plain(info) {
        return byte_value(raw as u8);
    }
    number(raw, u32::from(width), info.signs[c], scale(info))
}

/// Converts a byte to a fraction of 255.
#[inline(always)]
fn byte_value(byte: u8) -> f32 {
    byte as f32 * (1.0 / 255.0)
}

/// Applies the sign modes to decompressed texels.
fn with_signs(info: &TextureInfo, texels: Vec<[u8; 4]>) -> Texels {
    if is_plain(info) {
        return Texels::Bytes(texels);
    }
    // Decompression interpolates fractions, so `info.integer` does not apply to its results.
    let number = |byte: u8, c: usize| number(byte as u32, 8, info.signs[c], FieldScale::Fractions);
    let convert = |texel: [u8; 4]| [0, 1, 2, 3].map(|c| number(texel[c], c));
    Texels::Floats(texels.into_iter().map(convert).collect())
}

/// Upper bound of the host memory needed to decode a level, in bytes: the texels and their source.
pub(crate) fn decoding_bytes(info: &TextureInfo, level: u32) -> u64 {
    let format = info.format;
    if format.layout == Layout::Unknown {
        return 0;
    }
    let level = level.min(info.max_level());
    let texels: u64 = info.level_size(level).into_iter().map(u64::from).product();
    let is_bytes = match format.layout {
        Layout::Fields(widths) => widths.iter().all(|width| matches!(width, 0 | 8)),
        layout => matches!(layout, Layout::Chroma(_)) || format.block != [1, 1],
    };
    let each = if is_bytes && is_plain(info) { 4 } else { 16 };
    texels.saturating_mul(each).saturating_add(u64::from(layout::level(info, level).bytes))
}

/// Texel whose components are bytes. Missing components have the value of the last one.
#[inline]
fn texel_of_bytes(bytes: &[u8]) -> [u8; 4] {
    match *bytes {
        [x] => [x; 4],
        [x, y] => [x, y, y, y],
        [x, y, z, w, ..] => [x, y, z, w],
        _ => [0; 4],
    }
}

/// Decodes a level; `None` for unknown formats.
pub fn decode_level(info: &TextureInfo, level: u32, memory: &dyn PhysicalMemory) -> Option<Texels> {
    let format = info.format;
    if format.layout == Layout::Unknown {
        return None;
    }
    let level = level.min(info.max_level());
    let [width, height, depth] = info.level_size(level);
    let count = u64::from(width) * u64::from(height) * u64::from(depth);
    if count > MAX_TEXELS {
        return None;
    }
    let at = |x: u32, y: u32, z: u32| (x + (y + z * height) * width) as usize;
    let place = layout::level(info, level);
    let [bw, bh] = format.block;
    let inside = |x: u32, y: u32| x < width && y < height;
    match format.layout {
        Layout::Fields([8, g, b, a]) if is_plain(info) && [g, b, a].iter().all(|w| *w == 8 || *w == 0) => {
            let mut texels = vec![[0; 4]; count as usize];
            for_each_block(info, &place, memory, |[x, y, z], bytes| {
                texels[at(x, y, z)] = texel_of_bytes(bytes);
            });
            Some(Texels::Bytes(texels))
        }
        Layout::Chroma([y0, y1, blue, red]) => {
            let mut texels = vec![[0; 4]; count as usize];
            for_each_block(info, &place, memory, |[x, y, z], bytes| {
                // Components as the hardware returns them: Cr, Y, Cb, and the last one again.
                for (i, luma) in [y0, y1].into_iter().enumerate() {
                    let x = x * 2 + i as u32;
                    if inside(x, y) {
                        let [red, luma, blue] = [red, luma, blue].map(|at| bytes[at as usize]);
                        texels[at(x, y, z)] = [red, luma, blue, blue];
                    }
                }
            });
            Some(with_signs(info, texels))
        }
        layout if format.block != [1, 1] => {
            let mut texels = vec![[0; 4]; count as usize];
            for_each_block(info, &place, memory, |[x, y, z], bytes| {
                let Some(block) = block(layout, bytes) else { return };
                for (i, texel) in block.into_iter().enumerate() {
                    let x = x * bw + i as u32 % bw;
                    let y = y * bh + i as u32 / bw;
                    if inside(x, y) {
                        texels[at(x, y, z)] = texel;
                    }
                }
            });
            Some(with_signs(info, texels))
        }
        layout => {
            let mut texels = vec![[0.0; 4]; count as usize];
            for_each_block(info, &place, memory, |[x, y, z], bytes| {
                texels[at(x, y, z)] = single(layout, info, bytes);
            });
            Some(Texels::Floats(texels))
        }
    }
}

#[cfg(test)]
mod tests;
