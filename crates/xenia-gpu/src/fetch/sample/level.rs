//! Texel addressing at a level's edges, and filtering between neighbours.
//!
//! Coordinates have eight fraction bits, as the chip's ([`snap`]). The functions for all lanes are
//! those for one in a form that the compiler vectorises; only the linear filter of [`plane_lanes`]
//! rounds differently.

use crate::enums::{ClampMode, Dimension};
use crate::microcode::lanes::{self, canonical_nan, map, map2};
use crate::microcode::{LANES, Lanes, Vector};
use crate::texture::{Texels, TextureLevel};

/// Applies an addressing mode to a texel coordinate; `None` means the border.
#[inline(always)]
fn wrap(at: i32, size: i32, mode: ClampMode) -> Option<i32> {
    // One comparison: negative numbers become larger than any side.
    if (at as u32) < size as u32 {
        return Some(at);
    }
    // The mirror lies between texels -1 and 0, so texel 0 comes twice.
    let mirrored = |at: i32| if at < 0 { -1 - at } else { at };
    Some(match mode {
        // Fast path: most textures have power-of-two sides, and division is slow.
        ClampMode::Repeat if size & (size - 1) == 0 => at & (size - 1),
        ClampMode::Repeat => at.rem_euclid(size),
        ClampMode::MirroredRepeat => {
            let at = at.rem_euclid(size * 2);
            if at < size { at } else { size * 2 - 1 - at }
        }
        ClampMode::ClampToEdge => at.clamp(0, size - 1),
        ClampMode::MirrorClampToEdge => mirrored(at).min(size - 1),
        ClampMode::ClampToBorder | ClampMode::ClampToHalfway => return None,
        ClampMode::MirrorClampToBorder | ClampMode::MirrorClampToHalfway => {
            let at = mirrored(at);
            return (at < size).then_some(at);
        }
    })
}

/// Applies [`wrap`] to all lanes, for modes without a border.
#[inline(always)]
fn wrap_lanes(at: &[i32; LANES], size: u32, mode: ClampMode) -> [i32; LANES] {
    let size = size as i32;
    match mode {
        ClampMode::Repeat if size & (size - 1) == 0 => each(at, |at| at & (size - 1)),
        ClampMode::ClampToEdge => each(at, |at| at.clamp(0, size - 1)),
        ClampMode::MirroredRepeat if size & (size - 1) == 0 => each(at, |at| {
            let at = at & (size * 2 - 1);
            // Of a texel and its mirror image, the smaller one lies in the level.
            at.min(size * 2 - 1 - at)
        }),
        // The exclusive or with the sign is -1 - at for negative numbers.
        ClampMode::MirrorClampToEdge => each(at, |at| (at ^ at >> 31).min(size - 1)),
        _ if at.iter().fold(0, |any, &at| any | u32::from(at as u32 >= size as u32)) == 0 => *at,
        _ => each(at, |at| wrap(at, size, mode).unwrap_or(0)),
    }
}

/// Rounds towards minus infinity; the value must fit an `i32`.
#[inline(always)]
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    // The conversion truncates, so it gives one too much for negative fractions.
    whole - i32::from((whole as f32) > value)
}

/// Applies a function to each lane.
#[inline(always)]
fn each(at: &[i32; LANES], f: impl Fn(i32) -> i32) -> [i32; LANES] {
    let mut out = [0; LANES];
    for (out, at) in out.iter_mut().zip(at) {
        *out = f(*at);
    }
    out
}

/// Splits texel coordinates into whole texels and fractions.
#[inline(always)]
fn split(at: &Lanes) -> ([i32; LANES], Lanes) {
    // Sums with this number are whole, and their low bits count from its own.
    const MIDDLE: f32 = 12_582_912.0;
    // Below this, sums with `MIDDLE` stay from 2^23 to 2^24, where floats are the whole numbers.
    const NEAR: f32 = 4_194_304.0;
    let mut texels = [0; LANES];
    let far = at.iter().fold(0, |any, at| any | u32::from(at.abs() >= NEAR));
    let below = map(at, lanes::floor);
    if far == 0 {
        for (texel, below) in texels.iter_mut().zip(&below) {
            *texel = ((below + MIDDLE).to_bits() as i32).wrapping_sub(MIDDLE.to_bits() as i32);
        }
    } else {
        for (texel, at) in texels.iter_mut().zip(at) {
            *texel = floor(*at);
        }
    }
    (texels, map2(at, &below, |at, below| at - below))
}

/// Rounds a texel coordinate to the chip's eight fraction bits, so coordinates within half a step
/// of a texel edge lie on it.
#[inline(always)]
pub(super) fn snap(at: f32) -> f32 {
    // Larger floats have no finer resolution anyway.
    if at.abs() < 8_388_608.0 { lanes::floor(at * 256.0 + 0.5) * (1.0 / 256.0) } else { at }
}

/// Replaces NaN and coordinates of 10^8 or more by 0.
#[inline(always)]
fn limit(value: f32) -> f32 {
    // So that a texel and its neighbour fit an `i32`.
    if value.abs() < 1e8 { value } else { 0.0 }
}

/// Which filters of a fetch are linear, not point.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsLinear {
    /// Within a plane.
    pub(super) plane: bool,
    /// Between slices of a volume or layers of a stack.
    pub(super) slices: bool,
}

/// Mip level with the addressing modes of its fetch constant.
pub(super) struct Level<'a> {
    pub(super) image: &'a TextureLevel,
    pub(super) clamp: [ClampMode; 3],
    pub(super) border: [f32; 4],
}

impl Level<'_> {
    /// Index of a texel in its plane; `None` means the border.
    #[inline(always)]
    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let [width, height, _] = self.image.size;
        let x = wrap(x, width as i32, self.clamp[0])?;
        let y = wrap(y, height as i32, self.clamp[1])?;
        Some(x as usize + y as usize * width as usize)
    }

    /// Limits a texel coordinate in the modes that reach half a texel beyond the edge, where a
    /// linear filter mixes the last texel and the border equally, and a point filter has the texel.
    #[inline(always)]
    fn half_way(&self, at: f32, axis: usize, linear: bool) -> f32 {
        let end = self.image.size[axis] as f32 - if linear { 0.0 } else { 0.5 };
        match self.clamp[axis] {
            ClampMode::ClampToHalfway => at.clamp(0.0, end),
            ClampMode::MirrorClampToHalfway => at.abs().min(end),
            _ => at,
        }
    }

    /// Samples a plane at texel coordinates.
    #[inline(always)]
    fn plane(&self, u: f32, v: f32, z: i32, linear: bool) -> [f32; 4] {
        let u = self.half_way(limit(u), 0, linear);
        let v = self.half_way(limit(v), 1, linear);
        let start = z as usize * (self.image.size[0] * self.image.size[1]) as usize;
        let texel = |index: Option<usize>| match index {
            Some(index) => self.image.texels.get(start + index),
            None => self.border,
        };
        if !linear {
            return texel(self.index(floor(u), floor(v)));
        }
        let u = u - 0.5;
        let v = v - 0.5;
        let x = floor(u);
        let y = floor(v);
        let fx = u - x as f32;
        let fy = v - y as f32;
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
        out.map(canonical_nan)
    }

    /// Samples at texel coordinates in all dimensions.
    #[inline(always)]
    pub(super) fn sample(&self, dimension: Dimension, [u, v, w]: [f32; 3], linear: IsLinear) -> [f32; 4] {
        let depth = self.image.size[2] as i32;
        match dimension {
            Dimension::D1 => self.plane(u, v, 0, linear.plane),
            Dimension::D2 if depth == 1 => self.plane(u, v, 0, linear.plane),
            Dimension::Cube => self.plane(u, v, (w.floor() as i32).clamp(0, depth - 1), linear.plane),
            Dimension::D2 => {
                // Layers end at the first and the last, whatever the mode.
                let at = |z: i32| self.plane(u, v, z.clamp(0, depth - 1), linear.plane);
                // Clamped here, since `limit` would make layer 0 of a large coordinate.
                slices(w.clamp(-1.0, depth as f32 + 1.0), linear.slices, at)
            }
            Dimension::D3 => {
                let w = self.half_way(limit(w), 2, linear.slices);
                let slice = |z: i32| wrap(z, depth, self.clamp[2]);
                let at = |z: i32| slice(z).map_or(self.border, |z| self.plane(u, v, z, linear.plane));
                slices(w, linear.slices, at)
            }
        }
    }
}

/// Samples one slice at a third coordinate, or blends two.
#[inline(always)]
fn slices(w: f32, linear: bool, at: impl Fn(i32) -> [f32; 4]) -> [f32; 4] {
    let w = limit(w);
    if !linear {
        return at(w.floor() as i32);
    }
    let z = (w - 0.5).floor();
    let near = at(z as i32);
    let far = at(z as i32 + 1);
    let f = w - 0.5 - z;
    [0, 1, 2, 3].map(|i| canonical_nan(near[i] + (far[i] - near[i]) * f))
}

/// Samples a 2D image for all lanes, the most common fetch. Coordinates are in texels.
#[inline(always)]
pub(super) fn plane_lanes(level: &Level<'_>, u: &Lanes, v: &Lanes, linear: bool, out: &mut Vector) {
    let [width, height, _] = level.image.size;
    let shift = if linear { 0.5 } else { 0.0 };
    let (x0, fx) = split(&map(u, |u| limit(u) - shift));
    let (y0, fy) = split(&map(v, |v| limit(v) - shift));
    let mut corners = [[0_u32; LANES]; 4];
    let index = |x: &[i32; LANES], y: &[i32; LANES], out: &mut [u32; LANES]| {
        for (out, (x, y)) in out.iter_mut().zip(x.iter().zip(y)) {
            *out = (*x as u32).wrapping_add((*y as u32).wrapping_mul(width));
        }
    };
    let x1 = each(&x0, |at| at + 1);
    let y1 = each(&y0, |at| at + 1);
    let x0 = wrap_lanes(&x0, width, level.clamp[0]);
    let y0 = wrap_lanes(&y0, height, level.clamp[1]);
    index(&x0, &y0, &mut corners[0]);
    if linear {
        let x1 = wrap_lanes(&x1, width, level.clamp[0]);
        let y1 = wrap_lanes(&y1, height, level.clamp[1]);
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
                // Indices are in range; a mask is faster than a comparison.
                if texels.len().is_power_of_two() {
                    for (word, index) in words.iter_mut().zip(corner) {
                        *word = u32::from_le_bytes(texels[*index as usize & (texels.len() - 1)]);
                    }
                } else {
                    for (word, index) in words.iter_mut().zip(corner) {
                        *word = texels.get(*index as usize).map_or(0, |texel| u32::from_le_bytes(*texel));
                    }
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
                        x[lane] = texel[0];
                        y[lane] = texel[1];
                        z[lane] = texel[2];
                        w[lane] = texel[3];
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
        let a = &a[component];
        let b = &b[component];
        let c = &c[component];
        let d = &d[component];
        for lane in 0..LANES {
            let top = a[lane] + (b[lane] - a[lane]) * fx[lane];
            let bottom = c[lane] + (d[lane] - c[lane]) * fx[lane];
            out[lane] = canonical_nan(top + (bottom - top) * fy[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_host::simd;

    #[test]
    fn plane_filtering_agrees_with_single_lanes() {
        use ClampMode::*;
        let mut dice = xenia_testing::Dice(9);
        for size in [[8, 4, 1], [5, 7, 1], [1, 1, 1]] {
            let count = (size[0] * size[1]) as usize;
            let bytes = Texels::Bytes((0..count).map(|_| (dice.next() as u32).to_le_bytes()).collect());
            let floats =
                (0..count).map(|_| std::array::from_fn(|_| dice.next() as u16 as f32 - 9.0)).collect();
            for texels in [bytes, Texels::Floats(floats)] {
                let image = TextureLevel { size, texels };
                for turn in 0..2000 {
                    let mut side = || -> Lanes {
                        std::array::from_fn(|_| match dice.next() % 8 {
                            // Far away, not a number, or on the grid of eight fraction bits.
                            0 if turn % 4 == 0 => f32::from_bits(dice.next() as u32),
                            _ => (dice.next() as u16 as i16) as f32 / 256.0,
                        })
                    };
                    let u = side();
                    let v = side();
                    for mode in [Repeat, MirroredRepeat, ClampToEdge, MirrorClampToEdge] {
                        let level = Level { image: &image, clamp: [mode; 3], border: [0.0; 4] };
                        for linear in [false, true] {
                            let mut out = [[[0.0; LANES]; 4]; 2];
                            let [least, widest] = &mut out;
                            plane_lanes(&level, &u, &v, linear, least);
                            simd::dispatch(
                                #[inline(always)]
                                || plane_lanes(&level, &u, &v, linear, widest),
                            );
                            let bits = |vector: &Vector| vector.map(|lanes| lanes.map(f32::to_bits));
                            assert!(bits(&out[0]) == bits(&out[1]), "{u:?} {v:?} {mode:?}");
                            for lane in 0..LANES {
                                let expected = level.plane(u[lane], v[lane], 0, linear);
                                let found = [0, 1, 2, 3].map(|c: usize| out[0][c][lane]);
                                // Both forms of the filter round differently.
                                let near = |c: usize| {
                                    (found[c] - expected[c]).abs() <= 1e-5 * expected[c].abs().max(1e4)
                                };
                                assert!((0..4).all(near), "{found:?} {expected:?} {mode:?}");
                                assert!(linear || found == expected, "{found:?} {expected:?} {mode:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn coordinates_outside_wrap_by_each_clamp_mode() {
        use ClampMode::*;
        for (mode, expected) in [
            (Repeat, [2, 3, 0, 3, 0, 1]),
            (MirroredRepeat, [1, 0, 0, 3, 3, 2]),
            (ClampToEdge, [0, 0, 0, 3, 3, 3]),
            (MirrorClampToEdge, [1, 0, 0, 3, 3, 3]),
            (ClampToBorder, [-1, -1, 0, 3, -1, -1]),
            (MirrorClampToBorder, [1, 0, 0, 3, -1, -1]),
            (ClampToHalfway, [-1, -1, 0, 3, -1, -1]),
            (MirrorClampToHalfway, [1, 0, 0, 3, -1, -1]),
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
