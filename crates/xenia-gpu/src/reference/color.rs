//! Colour formats of the EDRAM: conversion between stored bits and components.
//!
//! This is the oracle of the conversions in shaders of xenia-render. The functions for all lanes
//! give the same bits as those for one, for components within the format's range. Those of 8-bit
//! formats have no branches, so that the compiler vectorises them.

use std::sync::LazyLock;

use crate::draw_state::{Blend, ColorTarget, DrawCall};
use crate::edram::EdramSurface;
use crate::enums::{ColorTargetFormat, Msaa};
use crate::microcode::lanes::{floor, integer};
use crate::microcode::{LANES, Vector};
use crate::texture::{float10_to_single, half_to_single, single_to_half};

/// Colour target of a draw.
pub(super) struct ColorPlace {
    pub(super) place: EdramSurface,
    pub(super) format: ColorTargetFormat,
    pub(super) msaa: Msaa,
    pub(super) scale: f32,
    pub(super) write_mask: u8,
    pub(super) blend: Blend,
}

impl ColorPlace {
    pub(super) fn new(target: &ColorTarget, call: &DrawCall) -> Self {
        let words = if target.format.is_64_bit() { 2 } else { 1 };
        Self {
            place: EdramSurface::color(target.base, call.pitch, call.msaa.columns(), words),
            format: target.format,
            msaa: call.msaa,
            scale: 2.0_f32.powi(target.exponent_bias),
            write_mask: target.write_mask,
            blend: target.blend,
        }
    }
}

#[inline(always)]
fn fraction(value: f32, highest: f32) -> u32 {
    // The comparison is false for NaN, which is stored as zero.
    let value = if value > 0.0 { value.min(1.0) } else { 0.0 };
    (value * highest + 0.5) as u32
}

fn single_to_float10(value: f32) -> u32 {
    let value = if value > 0.0 { value.min(31.875) } else { return 0 };
    let exponent = ((value.to_bits() >> 23) as i32 - 127).max(-2);
    if value < 0.25 {
        // Denormal: units of 2^-9, below the least normal number.
        return (value * 512.0 + 0.5) as u32;
    }
    // With the hidden bit: 128 to 256.
    let mantissa = (value * 2.0_f32.powi(7 - exponent) + 0.5) as u32;
    // A mantissa that rounds up to 256 carries into the exponent.
    (((exponent + 3) as u32) << 7).wrapping_add(mantissa - 128).min(0x3ff)
}

fn fixed16(value: f32) -> u32 {
    // Targets with 16-bit components span -32 to 32.
    let value = (value / 32.0).clamp(-1.0, 1.0) * 32767.0;
    value.round() as i16 as u16 as u32
}

fn from_fixed16(bits: u32) -> f32 {
    // The lowest number means -32, like the one above it.
    (bits as u16 as i16 as f32 / 32767.0).max(-1.0) * 32.0
}

/// Added before rounding down, so that a value that came from a level returns to it, even through
/// 16 bits.
const LEVEL_ERROR: f32 = 0.01;

/// Gamma curve of render targets, linear to stored. It is the inverse of [`gamma_to_linear`], which
/// adds up to 7/8 of a level, so this function rounds down.
///
/// [`gamma_to_linear`]: crate::texture::gamma_to_linear
fn linear_to_gamma(value: f32) -> f32 {
    let value = value.clamp(0.0, 1.0) * 1023.0;
    let level = match value {
        v if v < 64.0 => v,
        v if v < 128.0 => f32::midpoint(v, 64.0),
        v if v < 512.0 => (v + 256.0) / 4.0,
        v => (v + 1024.0) / 8.0,
    };
    (level + LEVEL_ERROR).floor() / 255.0
}

/// [`pack`] of all lanes for the most common format.
#[inline(always)]
pub(super) fn pack_rgba8(colors: &Vector, scale: f32) -> [u32; LANES] {
    let mut levels = [[0; LANES]; 4];
    for (levels, lanes) in levels.iter_mut().zip(colors) {
        for (level, value) in levels.iter_mut().zip(lanes) {
            let value = value * scale;
            // The comparison is false for NaN, so it becomes zero; `clamp` would keep it.
            let value = if value > 0.0 { value } else { 0.0 };
            let value = if value < 1.0 { value } else { 1.0 };
            *level = integer(floor(value * 255.0 + 0.5));
        }
    }
    let [red, green, blue, alpha] = &levels;
    let mut out = [0; LANES];
    for lane in 0..LANES {
        out[lane] = red[lane] | green[lane] << 8 | blue[lane] << 16 | alpha[lane] << 24;
    }
    out
}

/// [`pack`] of all lanes for 8-bit colours on the gamma curve. Components must lie within 0 to 1.
#[inline(always)]
pub(super) fn pack_rgba8_gamma(colors: &Vector) -> [u32; LANES] {
    let mut curved = *colors;
    // Alpha is linear in gamma targets, too.
    for lanes in &mut curved[..3] {
        for value in lanes {
            let v = *value * 1023.0;
            // All four segments are computed without branches, so that the loop vectorises.
            let low = (v + 64.0) * 0.5;
            let high = (v + 256.0) * 0.25;
            let level = if v < 512.0 { high } else { (v + 1024.0) * 0.125 };
            let level = if v < 128.0 { low } else { level };
            let level = if v < 64.0 { v } else { level };
            *value = floor(level + LEVEL_ERROR) / 255.0;
        }
    }
    pack_rgba8(&curved, 1.0)
}

/// [`unpack`] of all lanes for 8-bit colours on the gamma curve.
#[inline(always)]
pub(super) fn unpack_rgba8_gamma(bits: &[u32; LANES]) -> Vector {
    static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
        std::array::from_fn(|level| unpack(ColorTargetFormat::Rgba8Gamma, [level as u32, 0])[0])
    });
    let linear = &*LINEAR;
    let mut out = unpack_rgba8(bits);
    for (component, lanes) in out[..3].iter_mut().enumerate() {
        for (out, bits) in lanes.iter_mut().zip(bits) {
            *out = linear[(bits >> (8 * component) & 255) as usize];
        }
    }
    out
}

/// [`pack`] of all lanes. Components must lie within the range of the format.
#[inline(always)]
pub(super) fn pack_lanes(format: ColorTargetFormat, colors: &Vector) -> [[u32; LANES]; 2] {
    let mut packed = [[0; LANES]; 2];
    match format {
        ColorTargetFormat::Rgba8 => packed[0] = pack_rgba8(colors, 1.0),
        ColorTargetFormat::Rgba8Gamma => packed[0] = pack_rgba8_gamma(colors),
        _ => {
            for lane in 0..LANES {
                let [low, high] = pack(format, [0, 1, 2, 3].map(|c: usize| colors[c][lane]));
                packed[0][lane] = low;
                packed[1][lane] = high;
            }
        }
    }
    packed
}

/// [`unpack`] of all lanes.
#[inline(always)]
pub(super) fn unpack_lanes(format: ColorTargetFormat, bits: &[[u32; LANES]; 2]) -> Vector {
    match format {
        ColorTargetFormat::Rgba8 => unpack_rgba8(&bits[0]),
        ColorTargetFormat::Rgba8Gamma => unpack_rgba8_gamma(&bits[0]),
        _ => {
            let mut out = [[0.0; LANES]; 4];
            for lane in 0..LANES {
                for (out, value) in out.iter_mut().zip(unpack(format, [bits[0][lane], bits[1][lane]])) {
                    out[lane] = value;
                }
            }
            out
        }
    }
}

/// [`unpack`] of all lanes for the most common format.
#[inline(always)]
pub(super) fn unpack_rgba8(bits: &[u32; LANES]) -> Vector {
    let mut out = [[0.0; LANES]; 4];
    for (component, lanes) in out.iter_mut().enumerate() {
        for (out, bits) in lanes.iter_mut().zip(bits) {
            // Through i32: before AVX-512, x86-64 converts vectors of signed integers only.
            *out = (bits >> (8 * component) & 255) as i32 as f32 * (1.0 / 255.0);
        }
    }
    out
}

/// Packs components into stored bits: one or two words.
#[inline]
pub(super) fn pack(format: ColorTargetFormat, c: [f32; 4]) -> [u32; 2] {
    use ColorTargetFormat::*;
    let halves = |a: f32, b: f32| single_to_half(a) as u32 | (single_to_half(b) as u32) << 16;
    match format {
        Rgba8 => {
            let level = |c: f32| fraction(c, 255.0);
            [level(c[0]) | level(c[1]) << 8 | level(c[2]) << 16 | level(c[3]) << 24, 0]
        }
        Rgba8Gamma => {
            let [r, g, b] = [c[0], c[1], c[2]].map(|v| fraction(linear_to_gamma(v), 255.0));
            [r | g << 8 | b << 16 | fraction(c[3], 255.0) << 24, 0]
        }
        Rgb10A2 | Rgb10A2As10 => {
            let [r, g, b] = [c[0], c[1], c[2]].map(|v| fraction(v, 1023.0));
            [r | g << 10 | b << 20 | fraction(c[3], 3.0) << 30, 0]
        }
        Rgb10A2Float | Rgb10A2FloatAs16 => {
            let [r, g, b] = [c[0], c[1], c[2]].map(single_to_float10);
            [r | g << 10 | b << 20 | fraction(c[3], 3.0) << 30, 0]
        }
        Rg16 => [fixed16(c[0]) | fixed16(c[1]) << 16, 0],
        Rgba16 => [fixed16(c[0]) | fixed16(c[1]) << 16, fixed16(c[2]) | fixed16(c[3]) << 16],
        Rg16Float => [halves(c[0], c[1]), 0],
        Rgba16Float => [halves(c[0], c[1]), halves(c[2], c[3])],
        R32Float => [c[0].to_bits(), 0],
        Rg32Float => [c[0].to_bits(), c[1].to_bits()],
    }
}

/// Bits of a sample that hold the components of a mask.
pub(super) fn bits_of(format: ColorTargetFormat, components: u8) -> [u32; 2] {
    use ColorTargetFormat::*;
    let fields: [[u32; 2]; 4] = match format {
        Rgba8 | Rgba8Gamma => [[0xff, 0], [0xff00, 0], [0xff_0000, 0], [0xff00_0000, 0]],
        Rgb10A2 | Rgb10A2As10 | Rgb10A2Float | Rgb10A2FloatAs16 => {
            [[0x3ff, 0], [0xf_fc00, 0], [0x3ff0_0000, 0], [0xc000_0000, 0]]
        }
        Rg16 | Rg16Float => [[0xffff, 0], [0xffff_0000, 0], [0; 2], [0; 2]],
        Rgba16 | Rgba16Float => [[0xffff, 0], [0xffff_0000, 0], [0, 0xffff], [0, 0xffff_0000]],
        R32Float => [[u32::MAX, 0], [0; 2], [0; 2], [0; 2]],
        Rg32Float => [[u32::MAX, 0], [0, u32::MAX], [0; 2], [0; 2]],
    };
    let mut bits = [0; 2];
    for (c, field) in fields.iter().enumerate() {
        if components >> c & 1 != 0 {
            bits = [bits[0] | field[0], bits[1] | field[1]];
        }
    }
    bits
}

/// Unpacks stored bits to components; missing ones are 0, missing alpha is 1.
#[inline]
pub(super) fn unpack(format: ColorTargetFormat, [low, high]: [u32; 2]) -> [f32; 4] {
    use ColorTargetFormat::*;
    let half = |word: u32, at: u32| half_to_single((word >> at) as u16);
    match format {
        Rgba8 => [0, 8, 16, 24].map(|at| (low >> at & 255) as f32 * (1.0 / 255.0)),
        Rgba8Gamma => {
            let [r, g, b, a] = [0, 8, 16, 24].map(|at| (low >> at & 255) as f32);
            let [r, g, b] = [r, g, b].map(crate::texture::gamma_level_to_linear);
            [r, g, b, a * (1.0 / 255.0)]
        }
        Rgb10A2 | Rgb10A2As10 => {
            let [r, g, b] = [0, 10, 20].map(|at| (low >> at & 1023) as f32 * (1.0 / 1023.0));
            [r, g, b, (low >> 30) as f32 / 3.0]
        }
        Rgb10A2Float | Rgb10A2FloatAs16 => {
            let [r, g, b] = [0, 10, 20].map(|at| float10_to_single(low >> at & 1023));
            [r, g, b, (low >> 30) as f32 / 3.0]
        }
        Rg16 => [from_fixed16(low), from_fixed16(low >> 16), 0.0, 1.0],
        Rgba16 => [low, low >> 16, high, high >> 16].map(from_fixed16),
        Rg16Float => [half(low, 0), half(low, 16), 0.0, 1.0],
        Rgba16Float => [half(low, 0), half(low, 16), half(high, 0), half(high, 16)],
        R32Float => [f32::from_bits(low), 0.0, 0.0, 1.0],
        Rg32Float => [f32::from_bits(low), f32::from_bits(high), 0.0, 1.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_host::simd;

    #[test]
    fn stored_bits_survive_unpacking_and_packing() {
        use ColorTargetFormat::*;
        let mut dice = xenia_testing::Dice(7);
        for _ in 0..2000 {
            let [bits, other] = [dice.next() as u32, dice.next() as u32];
            for format in [Rgba8, Rgb10A2, Rgb10A2Float, Rg16Float, Rgba16Float] {
                let bits = [bits, if format.is_64_bit() { other } else { 0 }];
                let again = pack(format, unpack(format, bits));
                // The 16-bit float's largest value is preserved; so is minus zero.
                assert_eq!(again, bits, "{format:?}");
            }
        }
        let lanes: [u32; LANES] = std::array::from_fn(|lane| 0x0123_4567_u32.rotate_left(lane as u32 * 3));
        assert_eq!(pack_rgba8(&unpack_rgba8(&lanes), 1.0), lanes);
        for (lane, bits) in lanes.into_iter().enumerate() {
            assert_eq!(unpack_rgba8(&lanes).map(|component| component[lane]), unpack(Rgba8, [bits, 0]));
            let linear = unpack_rgba8_gamma(&lanes).map(|component| component[lane]);
            assert_eq!(linear, unpack(Rgba8Gamma, [bits, 0]));
        }
        for step in 0..=70_000_u32 {
            let c = [0.0, 0.25, 0.5, 0.75].map(|start| (step as f32 / 280_000.0 + start).min(1.0));
            let lanes = pack_rgba8_gamma(&c.map(|value| [value; LANES]));
            assert_eq!(lanes[5], pack(Rgba8Gamma, c)[0], "{c:?}");
        }
        for value in 0..=255_u32 {
            let bits = [value | value << 8 | value << 16 | value << 24, 0];
            let linear = unpack(Rgba8Gamma, bits);
            assert_eq!(pack(Rgba8Gamma, linear), bits);
            // Every level is a multiple of 1/1023.
            assert_eq!(linear[0], (linear[0] * 1023.0).round() / 1023.0, "level {value}");
        }
        for value in -32767..=32767_i32 {
            let bits = [value as u16 as u32, 0];
            assert_eq!(pack(Rg16, unpack(Rg16, bits))[0] & 0xffff, bits[0]);
        }
    }

    #[test]
    fn all_lanes_convert_as_one_does() {
        let mut dice = xenia_testing::Dice(8);
        for _ in 0..2000 {
            let bits: [[u32; LANES]; 2] =
                std::array::from_fn(|_| std::array::from_fn(|_| dice.next() as u32));
            for &format in ColorTargetFormat::VALUES {
                let is_wide = format.is_64_bit();
                let least = unpack_lanes(format, &bits);
                let widest = simd::dispatch(
                    #[inline(always)]
                    || unpack_lanes(format, &bits),
                );
                let packed = simd::dispatch(
                    #[inline(always)]
                    || pack_lanes(format, &least),
                );
                assert_eq!(packed, pack_lanes(format, &least), "{format:?}");
                for lane in 0..LANES {
                    let expected = unpack(format, [bits[0][lane], bits[1][lane]]);
                    for found in [&least, &widest] {
                        let found = [0, 1, 2, 3].map(|c: usize| found[c][lane].to_bits());
                        assert_eq!(found, expected.map(f32::to_bits), "{format:?}");
                    }
                    let high = if is_wide { packed[1][lane] } else { 0 };
                    assert_eq!([packed[0][lane], high], pack(format, expected), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn components_have_the_bits_that_packing_sets() {
        for format in ColorTargetFormat::VALUES {
            for c in 0..4 {
                let mut ones = [0.0; 4];
                ones[c] = f32::MAX;
                let [set, clear] = [pack(*format, ones), pack(*format, [0.0; 4])];
                let bits = bits_of(*format, 1 << c);
                let outside = [0, 1].map(|word: usize| (set[word] ^ clear[word]) & !bits[word]);
                assert_eq!(outside, [0; 2], "{format:?}, component {c}");
                assert_eq!(set != clear, bits != [0; 2], "{format:?}, component {c}");
            }
        }
    }

    #[test]
    fn values_beyond_the_range_are_clamped() {
        assert_eq!(pack(ColorTargetFormat::Rgba8, [2.0, -1.0, f32::NAN, 1.0])[0], 0xff00_00ff);
        assert_eq!(pack(ColorTargetFormat::Rgb10A2Float, [99.0, 1.0, 0.0, 0.0])[0], 0x3ff | 3 << 17);
    }
}
