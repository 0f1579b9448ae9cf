//! Colour output: blending, write masks, storing samples.
//!
//! The results define the colours that reach the guest, so they are the same on every host: a
//! weight of zero makes a product zero, NaNs become canonical, and minimum and maximum are written
//! out, as hosts' instructions differ for NaNs and zeros.

use super::block::BlockPosition;
use super::color::{self, ColorPlace};
use super::memory::Edram;
use super::samples::Samples;
use crate::draw_state::{Blend, DrawCall};
use crate::enums::{BlendFactor, BlendOp, ColorTargetFormat};
use crate::microcode::lanes::{canonical_nan, map, map2, splat};
use crate::microcode::{LANES, Lanes, Mask, Vector};

/// The smaller number; if one is a NaN, the other one. Of two zeros the second: hosts' functions
/// differ.
#[inline(always)]
#[allow(clippy::needless_bitwise_bool)] // a branch would keep loops from being vectorised
fn lesser(a: f32, b: f32) -> f32 {
    if (a < b) | b.is_nan() { a } else { b }
}

/// The larger number; if one is a NaN, the other one. Of two zeros the second.
#[inline(always)]
#[allow(clippy::needless_bitwise_bool)] // a branch would keep loops from being vectorised
fn larger(a: f32, b: f32) -> f32 {
    if (a > b) | b.is_nan() { a } else { b }
}

/// Blend factor of component `c` in all lanes.
#[inline(always)]
fn factor(factor: BlendFactor, source: &Vector, old: &Vector, constant: [f32; 4], c: usize) -> Lanes {
    use BlendFactor::*;
    let complement = |value| 1.0 - value;
    match factor {
        Zero => splat(0.0),
        One => splat(1.0),
        SrcColor => source[c],
        OneMinusSrcColor => map(&source[c], complement),
        SrcAlpha => source[3],
        OneMinusSrcAlpha => map(&source[3], complement),
        DstColor => old[c],
        OneMinusDstColor => map(&old[c], complement),
        DstAlpha => old[3],
        OneMinusDstAlpha => map(&old[3], complement),
        ConstantColor => splat(constant[c]),
        OneMinusConstantColor => splat(1.0 - constant[c]),
        ConstantAlpha => splat(constant[3]),
        OneMinusConstantAlpha => splat(1.0 - constant[3]),
        SrcAlphaSaturate if c == 3 => splat(1.0),
        SrcAlphaSaturate => map2(&source[3], &old[3], |source, old| lesser(source, 1.0 - old)),
    }
}

/// Blends source colours with the stored ones. NaNs become canonical.
#[inline(always)]
fn blend(state: Blend, source: &Vector, old: &Vector, constant: [f32; 4]) -> Vector {
    let mut out = [splat(0.0); 4];
    for (c, out) in out.iter_mut().enumerate() {
        let part = usize::from(c == 3);
        let weigh = |of: BlendFactor, values: &Lanes| {
            let weights = factor(of, source, old, constant, c);
            map2(&weights, values, |weight, value| if weight == 0.0 { 0.0 } else { weight * value })
        };
        let a = weigh(state.source[part], &source[c]);
        let b = weigh(state.destination[part], &old[c]);
        *out = match state.operation[part] {
            BlendOp::Add => map2(&a, &b, |a, b| a + b),
            BlendOp::Subtract => map2(&a, &b, |a, b| a - b),
            BlendOp::RevSubtract => map2(&a, &b, |a, b| b - a),
            BlendOp::Min => map2(&a, &b, lesser),
            BlendOp::Max => map2(&a, &b, larger),
        };
        *out = map(out, canonical_nan);
    }
    out
}

/// Writes a block's colours to the covered samples.
#[inline(always)]
pub(super) fn write(
    place: &ColorPlace,
    edram: &Edram,
    at: BlockPosition,
    coverage: &[Mask; 4],
    colors: &Vector,
    call: &DrawCall,
) {
    let ranges = place.format.range();
    let clamp = |values: &Lanes, c: usize| {
        let (low, high) = ranges[usize::from(c == 3)];
        // Formats of any range hold NaN too.
        if low == f32::NEG_INFINITY {
            return *values;
        }
        map(values, |value| {
            let value = if value.is_nan() { 0.0 } else { value };
            let value = if value > low { value } else { low };
            if value < high { value } else { high }
        })
    };
    let is_copy = place.blend.is_copy() && place.write_mask == 15;
    let mut source = [splat(0.0); 4];
    let mut packed = [[0; LANES]; 2];
    if is_copy && place.format == ColorTargetFormat::Rgba8 {
        packed[0] = color::pack_rgba8(colors, place.scale);
    } else {
        for (c, source) in source.iter_mut().enumerate() {
            *source = clamp(&map(&colors[c], |value| value * place.scale), c);
        }
        if is_copy {
            packed = color::pack_lanes(place.format, &source);
        }
    }
    let is_wide = place.place.words == 2;
    for (sample, &mask) in coverage.iter().enumerate().take(place.msaa.samples() as usize) {
        if mask == 0 {
            continue;
        }
        let samples = Samples::new(place.place, place.msaa, at, sample as u32);
        if !is_copy {
            let stored = samples.load(edram, is_wide);
            let old = color::unpack_lanes(place.format, &stored);
            let mut blended = blend(place.blend, &source, &old, call.blend_constant);
            for (c, blended) in blended.iter_mut().enumerate() {
                *blended = clamp(blended, c);
            }
            packed = color::pack_lanes(place.format, &blended);
            // Bits of the other components are unchanged, even if they are not a valid number of
            // the format.
            let written = color::bits_of(place.format, place.write_mask);
            for ((packed, stored), written) in packed.iter_mut().zip(&stored).zip(written) {
                for (packed, stored) in packed.iter_mut().zip(stored) {
                    *packed = (*packed & written) | (stored & !written);
                }
            }
        }
        samples.store(edram, &packed, is_wide, mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_follows_its_factors_and_its_function() {
        use BlendFactor::*;
        let source = [0.5, 0.25, 1.0, 0.5];
        let old = [0.25, 0.5, 0.0, 0.25];
        let constant = [1.0, 0.5, 0.25, 0.75];
        let state = |s: BlendFactor, d: BlendFactor, o: BlendOp| Blend {
            source: [s; 2],
            destination: [d; 2],
            operation: [o; 2],
        };
        for (s, d, o, expected) in [
            (One, Zero, BlendOp::Add, [0.5, 0.25, 1.0, 0.5]),
            (SrcAlpha, OneMinusSrcAlpha, BlendOp::Add, [0.375, 0.375, 0.5, 0.375]),
            (DstColor, Zero, BlendOp::Add, [0.125, 0.125, 0.0, 0.125]),
            (One, One, BlendOp::Subtract, [0.25, -0.25, 1.0, 0.25]),
            (One, One, BlendOp::RevSubtract, [-0.25, 0.25, -1.0, -0.25]),
            (One, One, BlendOp::Min, [0.25, 0.25, 0.0, 0.25]),
            (One, One, BlendOp::Max, [0.5, 0.5, 1.0, 0.5]),
            (Zero, One, BlendOp::Min, [0.0; 4]),
            (SrcAlpha, One, BlendOp::Min, [0.25, 0.125, 0.0, 0.25]),
            (SrcAlpha, OneMinusSrcAlpha, BlendOp::Max, [0.25, 0.25, 0.5, 0.25]),
            (ConstantColor, Zero, BlendOp::Add, [0.5, 0.125, 0.25, 0.375]),
            (ConstantAlpha, OneMinusConstantAlpha, BlendOp::Add, [0.4375, 0.3125, 0.75, 0.4375]),
            (SrcAlphaSaturate, Zero, BlendOp::Add, [0.25, 0.125, 0.5, 0.5]),
            (OneMinusDstAlpha, DstAlpha, BlendOp::Add, [0.4375, 0.3125, 0.75, 0.4375]),
            (OneMinusSrcColor, SrcColor, BlendOp::Add, [0.375, 0.3125, 0.0, 0.375]),
        ] {
            let blended = blend(state(s, d, o), &source.map(splat), &old.map(splat), constant);
            assert_eq!(blended, expected.map(splat), "{s:?} {d:?} {o:?}");
        }
    }

    /// 32-bit floats are stored with all their bits, and read back by titles.
    #[test]
    fn bits_of_special_values_do_not_depend_on_the_processor() {
        const INF: f32 = f32::INFINITY;
        let signalling = f32::from_bits(0xffa0_0000);
        for (operation, source, old, expected) in [
            (BlendOp::Add, INF, -INF, f32::NAN),
            (BlendOp::Subtract, INF, INF, f32::NAN),
            (BlendOp::RevSubtract, -INF, -INF, f32::NAN),
            (BlendOp::Add, -f32::NAN, 1.0, f32::NAN),
            (BlendOp::Min, 0.0, -0.0, -0.0),
            (BlendOp::Min, -0.0, 0.0, 0.0),
            (BlendOp::Max, 0.0, -0.0, -0.0),
            (BlendOp::Max, -0.0, 0.0, 0.0),
            (BlendOp::Min, signalling, 2.0, 2.0),
            (BlendOp::Min, 2.0, signalling, 2.0),
            (BlendOp::Max, signalling, 2.0, 2.0),
            (BlendOp::Max, 2.0, signalling, 2.0),
            (BlendOp::Max, signalling, signalling, f32::NAN),
        ] {
            let one = [BlendFactor::One; 2];
            let state = Blend { source: one, destination: one, operation: [operation; 2] };
            let blended = blend(state, &[splat(source); 4], &[splat(old); 4], [0.0; 4]);
            let bits = blended.map(|lanes| lanes.map(f32::to_bits));
            assert_eq!(bits, [[expected.to_bits(); LANES]; 4], "{operation:?} of {source} and {old}");
        }
    }
}
