//! Texture sampling: addressing, filtering, level selection.

use super::Binding;
use crate::enums::{ClampMode, Dimension, TextureFilter};
use crate::microcode::{LANES, Lanes, Mask, Sampling, TextureFetch, TextureOp, Vector};
use crate::texture::{Texels, TextureLevel};

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

/// Brings a texel number into range; `None` means the border.
#[inline(always)]
fn wrap(at: i32, size: i32, mode: ClampMode) -> Option<i32> {
    if (at as u32) < size as u32 {
        return Some(at);
    }
    let mirrored = |at: i32| if at < 0 { -1 - at } else { at };
    Some(match mode {
        // Most textures have sides of a power of two, and dividing is slow.
        ClampMode::Repeat if size & (size - 1) == 0 => at & (size - 1),
        ClampMode::Repeat => at.rem_euclid(size),
        ClampMode::MirroredRepeat => {
            let at = at.rem_euclid(size * 2);
            if at < size { at } else { size * 2 - 1 - at }
        }
        ClampMode::ClampToEdge | ClampMode::ClampToHalfway => at.clamp(0, size - 1),
        ClampMode::MirrorClampToEdge | ClampMode::MirrorClampToHalfway => mirrored(at).min(size - 1),
        ClampMode::ClampToBorder => return None,
        ClampMode::MirrorClampToBorder => {
            let at = mirrored(at);
            return (at < size).then_some(at);
        }
    })
}

/// [`wrap`] of all lanes, for modes without a border.
#[inline(always)]
fn wrap_lanes(at: &[i32; LANES], size: u32, mode: ClampMode) -> [i32; LANES] {
    let size = size as i32;
    match mode {
        ClampMode::Repeat if size & (size - 1) == 0 => at.map(|at| at & (size - 1)),
        ClampMode::ClampToEdge | ClampMode::ClampToHalfway => at.map(|at| at.clamp(0, size - 1)),
        _ => at.map(|at| wrap(at, size, mode).unwrap_or(0)),
    }
}

/// Rounds towards minus infinity; for values that fit an `i32`.
#[inline(always)]
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    whole - i32::from((whole as f32) > value)
}

/// A coordinate in texels as the chip has it, with eight bits behind the point: what is less than half of such a
/// step from a texel's edge lies on it.
#[inline(always)]
fn snap(at: f32) -> f32 {
    // Beyond that floats are no finer themselves.
    if at.abs() < 8_388_608.0 { floor(at * 256.0 + 0.5) as f32 * (1.0 / 256.0) } else { at }
}

/// Coordinates that are no number or far out read a fixed texel instead of nothing.
#[inline(always)]
fn limit(value: f32) -> f32 {
    if value.abs() < 1e8 { value } else { 0.0 }
}

struct Level<'a> {
    image: &'a TextureLevel,
    clamp: [ClampMode; 3],
    border: [f32; 4],
}

impl Level<'_> {
    /// The number of a texel in its plane, or the border.
    #[inline(always)]
    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let [width, height, _] = self.image.size;
        let (x, y) = (wrap(x, width as i32, self.clamp[0])?, wrap(y, height as i32, self.clamp[1])?);
        Some(x as usize + y as usize * width as usize)
    }

    /// A plane at texel coordinates.
    #[inline(always)]
    fn plane(&self, u: f32, v: f32, z: i32, linear: bool) -> [f32; 4] {
        let (u, v) = (limit(u), limit(v));
        let start = z as usize * (self.image.size[0] * self.image.size[1]) as usize;
        let texel = |index: Option<usize>| match index {
            Some(index) => self.image.texels.get(start + index),
            None => self.border,
        };
        if !linear {
            return texel(self.index(floor(u), floor(v)));
        }
        let (u, v) = (u - 0.5, v - 0.5);
        let (x, y) = (floor(u), floor(v));
        let (fx, fy) = (u - x as f32, v - y as f32);
        let corners =
            [self.index(x, y), self.index(x + 1, y), self.index(x, y + 1), self.index(x + 1, y + 1)];
        let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
        let mut out = [0.0; 4];
        for (corner, weight) in corners.into_iter().zip(weights) {
            let texel = texel(corner);
            for (out, value) in out.iter_mut().zip(texel) {
                *out += value * weight;
            }
        }
        out
    }

    /// At texel coordinates in all dimensions.
    #[inline(always)]
    fn sample(&self, dimension: Dimension, u: f32, v: f32, w: f32, linear: bool) -> [f32; 4] {
        let depth = self.image.size[2] as i32;
        match dimension {
            Dimension::D1 => self.plane(u, 0.5, 0, linear),
            Dimension::D2 | Dimension::Cube => {
                let slice = if depth > 1 { (w.floor() as i32).clamp(0, depth - 1) } else { 0 };
                self.plane(u, v, slice, linear)
            }
            Dimension::D3 => {
                let slice = |z: i32| wrap(z, depth, self.clamp[2]);
                let at = |z: i32| slice(z).map_or(self.border, |z| self.plane(u, v, z, linear));
                let w = if w.abs() < 1e8 { w } else { 0.0 };
                if !linear {
                    return at(w.floor() as i32);
                }
                let z = (w - 0.5).floor();
                let (near, far, f) = (at(z as i32), at(z as i32 + 1), w - 0.5 - z);
                [0, 1, 2, 3].map(|i| near[i] + (far[i] - near[i]) * f)
            }
        }
    }
}

/// Samples a 2D image for all lanes: what most fetches are. Coordinates are in texels.
fn plane_lanes(level: &Level<'_>, u: &Lanes, v: &Lanes, linear: bool, out: &mut Vector) {
    let [width, height, _] = level.image.size;
    let (mut fx, mut fy) = ([0.0; LANES], [0.0; LANES]);
    let (mut x0, mut y0) = ([0; LANES], [0; LANES]);
    let shift = if linear { 0.5 } else { 0.0 };
    for lane in 0..LANES {
        let (u, v) = (limit(u[lane]) - shift, limit(v[lane]) - shift);
        (x0[lane], y0[lane]) = (floor(u), floor(v));
        (fx[lane], fy[lane]) = (u - x0[lane] as f32, v - y0[lane] as f32);
    }
    let mut corners = [[0_u32; LANES]; 4];
    let index = |x: &[i32; LANES], y: &[i32; LANES], out: &mut [u32; LANES]| {
        for (out, (x, y)) in out.iter_mut().zip(x.iter().zip(y)) {
            *out = (*x as u32).wrapping_add((*y as u32).wrapping_mul(width));
        }
    };
    let [x1, y1] = [&x0, &y0].map(|at| at.map(|at| at + 1));
    let (x0, y0) = (wrap_lanes(&x0, width, level.clamp[0]), wrap_lanes(&y0, height, level.clamp[1]));
    index(&x0, &y0, &mut corners[0]);
    if linear {
        let (x1, y1) = (wrap_lanes(&x1, width, level.clamp[0]), wrap_lanes(&y1, height, level.clamp[1]));
        index(&x1, &y0, &mut corners[1]);
        index(&x0, &y1, &mut corners[2]);
        index(&x1, &y1, &mut corners[3]);
    }
    let mut values = [[[0.0; LANES]; 4]; 4];
    let used = if linear { 4 } else { 1 };
    match &level.image.texels {
        Texels::Bytes(texels) => {
            for (values, corner) in values.iter_mut().zip(&corners).take(used) {
                let mut words = [0_u32; LANES];
                for (word, index) in words.iter_mut().zip(corner) {
                    *word = texels.get(*index as usize).map_or(0, |texel| u32::from_le_bytes(*texel));
                }
                for (component, values) in values.iter_mut().enumerate() {
                    for (value, word) in values.iter_mut().zip(&words) {
                        *value = ((word >> (8 * component)) & 255) as i32 as f32 * (1.0 / 255.0);
                    }
                }
            }
        }
        Texels::Floats(texels) => {
            for (values, corner) in values.iter_mut().zip(&corners).take(used) {
                let [x, y, z, w] = values;
                for lane in 0..LANES {
                    if let Some(texel) = texels.get(corner[lane] as usize) {
                        (x[lane], y[lane], z[lane], w[lane]) = (texel[0], texel[1], texel[2], texel[3]);
                    }
                }
            }
        }
    }
    if !linear {
        *out = values[0];
        return;
    }
    let [a, b, c, d] = &values;
    for (component, out) in out.iter_mut().enumerate() {
        let (a, b, c, d) = (&a[component], &b[component], &c[component], &d[component]);
        for lane in 0..LANES {
            let top = a[lane] + (b[lane] - a[lane]) * fx[lane];
            let bottom = c[lane] + (d[lane] - c[lane]) * fx[lane];
            out[lane] = top + (bottom - top) * fy[lane];
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamp_modes() {
        use ClampMode::*;
        for (mode, expected) in [
            (Repeat, [2, 3, 0, 3, 0, 1]),
            (MirroredRepeat, [1, 0, 0, 3, 3, 2]),
            (ClampToEdge, [0, 0, 0, 3, 3, 3]),
            (MirrorClampToEdge, [1, 0, 0, 3, 3, 3]),
            (ClampToBorder, [-1, -1, 0, 3, -1, -1]),
            (MirrorClampToBorder, [1, 0, 0, 3, -1, -1]),
        ] {
            assert_eq!([-2, -1, 0, 3, 4, 5].map(|at| wrap(at, 4, mode).unwrap_or(-1)), expected, "{mode:?}");
            let at = std::array::from_fn(|lane| lane as i32 - 8);
            for size in [4, 5] {
                let expected = at.map(|at| wrap(at, size, mode).unwrap_or(0));
                assert_eq!(wrap_lanes(&at, size as u32, mode), expected, "{mode:?}");
            }
        }
    }
}
