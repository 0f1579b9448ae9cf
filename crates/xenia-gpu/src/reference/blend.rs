//! Colour output: blending, write masks, storing samples.

use super::block::Surface;
use super::color::{self, ColorPlace};
use super::depth::sample_cell;
use super::edram::Edram;
use crate::draw_state::{Blend, DrawCall};
use crate::enums::{BlendFactor, BlendOp, ColorTargetFormat};
use crate::microcode::{LANES, Mask, Vector};

/// A factor for the component `c` of a colour.
#[inline]
fn factor(factor: BlendFactor, source: [f32; 4], old: [f32; 4], constant: [f32; 4], c: usize) -> f32 {
    use BlendFactor::*;
    match factor {
        Zero => 0.0,
        One => 1.0,
        SrcColor => source[c],
        OneMinusSrcColor => 1.0 - source[c],
        SrcAlpha => source[3],
        OneMinusSrcAlpha => 1.0 - source[3],
        DstColor => old[c],
        OneMinusDstColor => 1.0 - old[c],
        DstAlpha => old[3],
        OneMinusDstAlpha => 1.0 - old[3],
        ConstantColor => constant[c],
        OneMinusConstantColor => 1.0 - constant[c],
        ConstantAlpha => constant[3],
        OneMinusConstantAlpha => 1.0 - constant[3],
        SrcAlphaSaturate => {
            if c == 3 {
                1.0
            } else {
                source[3].min(1.0 - old[3])
            }
        }
    }
}

/// Blends a colour with the one that is there.
#[inline]
fn blend(state: Blend, source: [f32; 4], old: [f32; 4], constant: [f32; 4]) -> [f32; 4] {
    [0, 1, 2, 3].map(|c| {
        let part = usize::from(c == 3);
        let weigh = |of: BlendFactor, value: f32| {
            let weight = factor(of, source, old, constant, c);
            if weight == 0.0 { 0.0 } else { weight * value }
        };
        let a = weigh(state.source[part], source[c]);
        let b = weigh(state.destination[part], old[c]);
        match state.operation[part] {
            BlendOp::Add => a + b,
            BlendOp::Subtract => a - b,
            BlendOp::RevSubtract => b - a,
            BlendOp::Min => source[c].min(old[c]),
            BlendOp::Max => source[c].max(old[c]),
        }
    })
}

/// Writes a block's colours to the samples covered.
pub(super) fn write(
    place: &ColorPlace,
    edram: &mut Edram,
    at: Surface,
    coverage: &[Mask; 4],
    colors: &Vector,
    call: &DrawCall,
) {
    let ranges = color::range(place.format);
    let clamp = |value: f32, c: usize| {
        let (low, high) = ranges[usize::from(c == 3)];
        // Not clamp(): NaN has to become something.
        if value > low { value.min(high) } else { low }
    };
    let source = |lane: usize| [0, 1, 2, 3].map(|c: usize| clamp(colors[c][lane] * place.scale, c));
    let is_copy = place.blend.is_copy() && place.write_mask == 15;
    let mut packed = [[0; 2]; LANES];
    if is_copy && place.format == ColorTargetFormat::Rgba8 {
        for (packed, bits) in packed.iter_mut().zip(color::pack_rgba8(colors, place.scale)) {
            packed[0] = bits;
        }
    } else if is_copy {
        for (lane, packed) in packed.iter_mut().enumerate() {
            *packed = color::pack(place.format, source(lane));
        }
    }
    let words = place.place.words;
    let columns = place.msaa.columns();
    for (sample, &mask) in coverage.iter().enumerate().take(place.msaa.samples() as usize) {
        if mask == 0 {
            continue;
        }
        let (column, row) = sample_cell(place.msaa, sample as u32);
        for half in 0..2 {
            let mut lanes = mask >> (8 * half) & 0xff;
            if lanes == 0 {
                continue;
            }
            let y = (at.y as u32 + half) * place.msaa.rows() + row;
            // 64-bit samples of a 4x surface make runs of 32 words, which may cross a tile.
            let split = words == 2 && columns == 2;
            let start = place.place.row(at.x as u32 * columns, y);
            let second = if split { place.place.row((at.x as u32 + 4) * columns, y) } else { start };
            while lanes != 0 {
                let i = lanes.trailing_zeros();
                lanes &= lanes - 1;
                let lane = (half * 8 + i) as usize;
                let (run, ahead) = if split && i >= 4 { (second, i - 4) } else { (start, i) };
                let index = run.word((ahead * columns + column) * words);
                if is_copy {
                    edram.set(index, packed[lane][0]);
                    if words == 2 {
                        edram.set(index + 1, packed[lane][1]);
                    }
                    continue;
                }
                let bits = [edram.get(index), if words == 2 { edram.get(index + 1) } else { 0 }];
                let old = color::unpack(place.format, bits);
                let blended = blend(place.blend, source(lane), old, call.blend_constant);
                let result = [0, 1, 2, 3]
                    .map(|c| if place.write_mask >> c & 1 != 0 { clamp(blended[c], c) } else { old[c] });
                let result = color::pack(place.format, result);
                edram.set(index, result[0]);
                if words == 2 {
                    edram.set(index + 1, result[1]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_and_functions() {
        use BlendFactor::*;
        let (source, old, constant) = ([0.5, 0.25, 1.0, 0.5], [0.25, 0.5, 0.0, 0.25], [1.0, 0.5, 0.25, 0.75]);
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
            (Zero, Zero, BlendOp::Min, [0.25, 0.25, 0.0, 0.25]),
            (Zero, Zero, BlendOp::Max, [0.5, 0.5, 1.0, 0.5]),
            (ConstantColor, Zero, BlendOp::Add, [0.5, 0.125, 0.25, 0.375]),
            (ConstantAlpha, OneMinusConstantAlpha, BlendOp::Add, [0.4375, 0.3125, 0.75, 0.4375]),
            (SrcAlphaSaturate, Zero, BlendOp::Add, [0.25, 0.125, 0.5, 0.5]),
            (OneMinusDstAlpha, DstAlpha, BlendOp::Add, [0.4375, 0.3125, 0.75, 0.4375]),
            (OneMinusSrcColor, SrcColor, BlendOp::Add, [0.375, 0.3125, 0.0, 0.375]),
        ] {
            assert_eq!(blend(state(s, d, o), source, old, constant), expected, "{s:?} {d:?} {o:?}");
        }
    }
}
