//! Texture sampling: addressing, filtering, level selection.

use super::fetch::Binding;
use crate::enums::{ClampMode, Dimension, TextureFilter};
use crate::microcode::{LANES, Lanes, Mask, TextureFetch, TextureOp, Vector};
use crate::texture::TextureLevel;

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
#[inline]
fn wrap(at: i32, size: i32, mode: ClampMode) -> Option<i32> {
    let mirrored = |at: i32| if at < 0 { -1 - at } else { at };
    Some(match mode {
        ClampMode::Repeat => at.rem_euclid(size),
        ClampMode::MirroredRepeat => {
            let at = at.rem_euclid(size * 2);
            if at < size { at } else { size * 2 - 1 - at }
        }
        ClampMode::ClampToEdge | ClampMode::ClampToHalfway => at.clamp(0, size - 1),
        ClampMode::MirrorClampToEdge | ClampMode::MirrorClampToHalfway => mirrored(at).min(size - 1),
        ClampMode::ClampToBorder => return (0..size).contains(&at).then_some(at),
        ClampMode::MirrorClampToBorder => {
            let at = mirrored(at);
            return (at < size).then_some(at);
        }
    })
}

struct Level<'a> {
    image: &'a TextureLevel,
    clamp: [ClampMode; 3],
    border: [f32; 4],
}

impl Level<'_> {
    #[inline]
    fn texel(&self, x: i32, y: i32, z: i32) -> [f32; 4] {
        let [width, height, _] = self.image.size;
        let (Some(x), Some(y)) =
            (wrap(x, width as i32, self.clamp[0]), wrap(y, height as i32, self.clamp[1]))
        else {
            return self.border;
        };
        self.image.texels.get(x as usize + (y as usize + z as usize * height as usize) * width as usize)
    }

    /// A plane at texel coordinates.
    #[inline]
    fn plane(&self, u: f32, v: f32, z: i32, linear: bool) -> [f32; 4] {
        // Coordinates that are no number or far out read a fixed texel instead of nothing.
        let limit = |value: f32| if value.abs() < 1e8 { value } else { 0.0 };
        let (u, v) = (limit(u), limit(v));
        if !linear {
            return self.texel(u.floor() as i32, v.floor() as i32, z);
        }
        let (u, v) = (u - 0.5, v - 0.5);
        let (x, y) = (u.floor(), v.floor());
        let (fx, fy) = (u - x, v - y);
        let (x, y) = (x as i32, y as i32);
        let [a, b, c, d] = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| self.texel(x, y, z));
        [0, 1, 2, 3].map(|i| {
            let (top, bottom) = (a[i] + (b[i] - a[i]) * fx, c[i] + (d[i] - c[i]) * fx);
            top + (bottom - top) * fy
        })
    }

    /// At texel coordinates in all dimensions.
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

/// Carries out a fetch for the lanes of a mask.
pub(super) fn sample(
    binding: &Binding,
    fetch: &TextureFetch,
    coordinates: &[Lanes; 3],
    register_lod: &Lanes,
    register_gradients: &[[Lanes; 3]; 2],
    mask: Mask,
) -> Vector {
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
        Dimension::D3 => size,
        // Slices and faces are counted, not measured.
        Dimension::D1 | Dimension::D2 | Dimension::Cube => [size[0], size[1], 1.0],
    };
    let max_level = binding.levels.len() as f32 - 1.0;
    let needs_lod = max_level > 0.0
        || is_linear(mag) != is_linear(min)
        || matches!(fetch.operation, TextureOp::ComputedLod | TextureOp::Weights);
    let mut lods = [0.0; LANES];
    if needs_lod {
        lods = levels_of_detail(fetch, coordinates, scale, register_lod, register_gradients);
        for lod in &mut lods {
            *lod += info.lod_bias + fetch.lod_bias;
        }
    }
    if fetch.operation == TextureOp::ComputedLod {
        return [lods; 4];
    }
    let border = if info.border & 1 != 0 { [1.0; 4] } else { [0.0; 4] };
    let exponent = 2.0_f32.powi(info.exponent);
    let mut result = [[0.0; LANES]; 4];
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
            at[axis] = value * scale[axis] + fetch.offset[axis];
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

/// The level of detail of each lane, without biases.
fn levels_of_detail(
    fetch: &TextureFetch,
    coordinates: &[Lanes; 3],
    scale: [f32; 3],
    register_lod: &Lanes,
    register_gradients: &[[Lanes; 3]; 2],
) -> Lanes {
    let mut lods = [0.0; LANES];
    if fetch.computed_lod || fetch.register_gradients {
        let gradients = if fetch.register_gradients {
            *register_gradients
        } else {
            [derivative(coordinates, 0), derivative(coordinates, 1)]
        };
        for (lane, lod) in lods.iter_mut().enumerate() {
            let length = |gradient: &[Lanes; 3]| {
                [0, 1].iter().map(|&axis: &usize| (gradient[axis][lane] * scale[axis]).powi(2)).sum::<f32>()
            };
            let longest = length(&gradients[0]).max(length(&gradients[1]));
            *lod = if longest > 0.0 { 0.5 * longest.log2() } else { -16.0 };
        }
    }
    if fetch.register_lod {
        for (lod, register) in lods.iter_mut().zip(register_lod) {
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
        }
    }
}
