//! Texture sampling: which texels of which levels a fetch reads, and what becomes of them.

mod level;

use super::Binding;
use crate::enums::{ClampMode, Dimension, TextureFilter};
use crate::microcode::{LANES, Lanes, Mask, Sampling, TextureFetch, TextureOp, Vector};
use crate::texture::TextureLevel;
use level::{Level, plane_lanes, snap};

/// Derivatives within quads: horizontal in x and z, vertical in y and w, of the first two coordinates.
pub(super) fn gradients(coordinates: &[Lanes; 3]) -> Vector {
    let [horizontal, vertical] = [0, 1].map(|axis| derivative(coordinates, axis));
    [horizontal[0], vertical[0], horizontal[1], vertical[1]]
}

/// The differences of each coordinate between the two columns (0) or rows (1) of each quad.
fn derivative(coordinates: &[Lanes; 3], axis: usize) -> [Lanes; 3] {
    let mut out = [[0.0; LANES]; 3];
    for (out, value) in out.iter_mut().zip(coordinates) {
        for (lane, out) in out.iter_mut().enumerate() {
            // Lanes are 8 x 2 pixels.
            let (near, far) = if axis == 0 { (lane & !1, lane | 1) } else { (lane & 7, lane | 8) };
            *out = value[far] - value[near];
        }
    }
    out
}

/// What fetches of three dimensions and of stacks have as their dimension.
const STACKED: u8 = 2;

/// Carries out a fetch for the lanes of a mask.
pub(super) fn sample(binding: &Binding, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector {
    let coordinates = at.coordinates;
    let info = &binding.info;
    let size = binding.levels[0].size.map(|s| s as f32);
    let choose = |fetched: TextureFilter, constant: TextureFilter| {
        if fetched == TextureFilter::UseFetchConstant { constant } else { fetched }
    };
    let (mag, min, mip) =
        (choose(fetch.mag, info.mag), choose(fetch.min, info.min), choose(fetch.mip, info.mip));
    let is_linear = |filter| filter == TextureFilter::Linear;
    let dimension = info.dimension;
    let scale = match dimension {
        _ if fetch.unnormalized => [1.0; 3],
        // Layers of a stack are measured like slices; faces are counted.
        Dimension::D3 | Dimension::D2 => size,
        Dimension::D1 | Dimension::Cube => [size[0], size[1], 1.0],
    };
    let max_level = binding.levels.len() as f32 - 1.0;
    let needs_lod = max_level > 0.0
        || is_linear(mag) != is_linear(min)
        || matches!(fetch.operation, TextureOp::ComputedLod | TextureOp::Weights);
    let mut lods = [0.0; LANES];
    if needs_lod {
        lods = levels_of_detail(fetch, at, scale);
        for lod in &mut lods {
            *lod += info.lod_bias + fetch.lod_bias;
        }
    }
    if fetch.operation == TextureOp::ComputedLod {
        return [lods; 4];
    }
    // Black, white, and black of video: Cr, Y, Cb and Y, Cr, Cb, of which the colours are zero in the middle.
    let border = match info.border {
        1 => [1.0; 4],
        2 => [0.5, 0.0, 0.5, 0.0],
        3 => [0.0, 0.5, 0.5, 0.0],
        _ => [0.0; 4],
    };
    let exponent = 2.0_f32.powi(info.exponent);
    let mut result = [[0.0; LANES]; 4];
    if let Some(plain) = plain(binding, fetch, &lods, mask, [mag, min, mip]) {
        let mut stored = [[0.0; LANES]; 4];
        let mut next = [[0.0; LANES]; 4];
        let read = |image: &TextureLevel, out: &mut Vector| {
            let mut at = [[0.0; LANES]; 2];
            for (axis, at) in at.iter_mut().enumerate() {
                let shrink = image.size[axis] as f32 / size[axis];
                let (scale, offset) = (scale[axis], fetch.offset[axis]);
                for (at, value) in at.iter_mut().zip(&coordinates[axis]) {
                    *at = snap(value * scale + offset) * shrink;
                }
            }
            let level = Level { image, clamp: info.clamp, border };
            plane_lanes(&level, &at[0], &at[1], plain.linear, out);
        };
        read(plain.images[0], &mut stored);
        if let Some(fractions) = &plain.fractions {
            read(plain.images[1], &mut next);
            for (stored, next) in stored.iter_mut().zip(&next) {
                for lane in 0..LANES {
                    stored[lane] += (next[lane] - stored[lane]) * fractions[lane];
                }
            }
        }
        for (result, select) in result.iter_mut().zip(info.swizzle) {
            match select {
                0..=3 => {
                    for (result, value) in result.iter_mut().zip(&stored[select as usize]) {
                        *result = value * exponent;
                    }
                }
                5 => *result = [1.0; LANES],
                _ => {}
            }
        }
        return result;
    }
    for lane in 0..LANES {
        if mask >> lane & 1 == 0 {
            continue;
        }
        let lod = lods[lane];
        let linear = is_linear(if lod > 0.0 { min } else { mag });
        let lod = lod.max(info.levels[0] as f32).clamp(0.0, max_level);
        let cube = if dimension == Dimension::Cube { 1.0 } else { 0.0 };
        let mut at = [0.0; 3];
        for axis in 0..3 {
            // Cube coordinates come from the cube operation with one added.
            let value = coordinates[axis][lane] - if axis < 2 { cube } else { 0.0 };
            at[axis] = snap(value * scale[axis] + fetch.offset[axis]);
        }
        if dimension == Dimension::D2 && fetch.dimension != STACKED {
            at[2] = 0.0; // such a fetch has no third coordinate
        }
        let level_at = |index: usize| {
            let image = &binding.levels[index.min(binding.levels.len() - 1)];
            let shrink = [0, 1, 2].map(|axis| image.size[axis] as f32 / size[axis]);
            let clamp = if dimension == Dimension::Cube { [ClampMode::ClampToEdge; 3] } else { info.clamp };
            let w = if dimension == Dimension::D3 { at[2] * shrink[2] } else { at[2] };
            Level { image, clamp, border }.sample(dimension, at[0] * shrink[0], at[1] * shrink[1], w, linear)
        };
        let texel = match fetch.operation {
            TextureOp::Weights => {
                let fraction = |axis: usize| (at[axis] - 0.5) - (at[axis] - 0.5).floor();
                [fraction(0), fraction(1), fraction(2), lod - lod.floor()]
            }
            // How much of the border is mixed in: the weight of texels outside.
            TextureOp::BorderFraction => {
                let inside = [0, 1].iter().all(|&axis| at[axis] >= 0.0 && at[axis] <= size[axis]);
                [if inside { 0.0 } else { 1.0 }; 4]
            }
            _ => {
                let stored = if is_linear(mip) && lod > 0.0 {
                    let (low, high) = (level_at(lod as usize), level_at(lod as usize + 1));
                    let f = lod - lod.floor();
                    [0, 1, 2, 3].map(|i| low[i] + (high[i] - low[i]) * f)
                } else {
                    level_at((lod + 0.5) as usize)
                };
                info.swizzle.map(|select| match select {
                    0..=3 => stored[select as usize] * exponent,
                    5 => 1.0,
                    _ => 0.0,
                })
            }
        };
        for (result, value) in result.iter_mut().zip(texel) {
            result[lane] = value;
        }
    }
    result
}

/// A fetch that all lanes do from the same one or two levels of a 2D texture.
struct Plain<'a> {
    /// The level, and the one after it.
    images: [&'a TextureLevel; 2],
    linear: bool,
    /// How much of the second level goes in, where the filter mixes them.
    fractions: Option<Lanes>,
}

/// Whether the fetch of the lanes of a mask is such a plain one.
fn plain<'a>(
    binding: &'a Binding,
    fetch: &TextureFetch,
    lods: &Lanes,
    mask: Mask,
    [mag, min, mip]: [TextureFilter; 3],
) -> Option<Plain<'a>> {
    let info = &binding.info;
    let bordered =
        |mode: &ClampMode| matches!(mode, ClampMode::ClampToBorder | ClampMode::MirrorClampToBorder);
    if fetch.operation != TextureOp::Fetch
        || info.dimension != Dimension::D2
        || info.size[2] != 1
        || info.clamp[..2].iter().any(bordered)
    {
        return None;
    }
    let last = binding.levels.len() - 1;
    let mixes = mip == TextureFilter::Linear;
    let mut levels = [0.0; LANES];
    for (level, lod) in levels.iter_mut().zip(lods) {
        *level = lod.max(info.levels[0] as f32).clamp(0.0, last as f32);
    }
    let choice = |lane: usize| {
        let linear = if lods[lane] > 0.0 { min } else { mag } == TextureFilter::Linear;
        let level = if mixes { levels[lane] } else { levels[lane] + 0.5 };
        (level as usize, linear)
    };
    let mut lanes = (0..LANES).filter(|lane| (mask >> lane) & 1 != 0);
    let first = choice(lanes.next()?);
    if !lanes.all(|lane| choice(lane) == first) {
        return None;
    }
    let (level, linear) = first;
    let image = |index: usize| &*binding.levels[index.min(last)];
    let mut fractions = [0.0; LANES];
    for (fraction, value) in fractions.iter_mut().zip(&levels) {
        *fraction = value - level as f32;
    }
    let is_mixed = mixes && (0..LANES).any(|lane| (mask >> lane) & 1 != 0 && fractions[lane] != 0.0);
    Some(Plain { images: [image(level), image(level + 1)], linear, fractions: is_mixed.then_some(fractions) })
}

/// The level of detail of each lane, without biases.
fn levels_of_detail(fetch: &TextureFetch, at: &Sampling<'_>, scale: [f32; 3]) -> Lanes {
    let mut lods = [0.0; LANES];
    if fetch.computed_lod || fetch.register_gradients {
        let gradients = if fetch.register_gradients {
            *at.gradients
        } else {
            [derivative(at.coordinates, 0), derivative(at.coordinates, 1)]
        };
        for (lane, lod) in lods.iter_mut().enumerate() {
            let length = |gradient: &[Lanes; 3]| {
                [0, 1].iter().map(|&axis: &usize| (gradient[axis][lane] * scale[axis]).powi(2)).sum::<f32>()
            };
            let longest = length(&gradients[0]).max(length(&gradients[1]));
            *lod = if longest > 0.0 { 0.5 * libm::log2f(longest) } else { -16.0 };
        }
    }
    if fetch.register_lod {
        for (lod, register) in lods.iter_mut().zip(at.lod) {
            *lod += register;
        }
    }
    lods
}
