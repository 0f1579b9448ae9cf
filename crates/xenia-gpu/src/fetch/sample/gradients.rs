//! Texture coordinate gradients within quads of pixels, and the level of detail.

use super::faces::face_gradients;
use crate::enums::Dimension;
use crate::microcode::lanes::{logarithms, map, map2, map3};
use crate::microcode::{LANES, Lanes, Mask, Sampling, TextureFetch, Vector};
use crate::texture::TextureInfo;

/// Gradients of each lane along columns and rows of the image, of three coordinates in texels.
pub(super) type Gradients = [[Lanes; 3]; 2];

/// Derivatives within quads of the first two coordinates: horizontal in x and z, vertical in y and
/// w.
pub(in super::super) fn gradients(coordinates: &[Lanes; 3]) -> Vector {
    let [horizontal, vertical] = [0, 1].map(|axis| derivative(coordinates, axis));
    [horizontal[0], vertical[0], horizontal[1], vertical[1]]
}

/// Differences of each coordinate between the two columns (0) or rows (1) of each quad.
#[inline(always)]
fn derivative(coordinates: &[Lanes; 3], axis: usize) -> [Lanes; 3] {
    let mut out = [[0.0; LANES]; 3];
    for (out, value) in out.iter_mut().zip(coordinates) {
        for (lane, out) in out.iter_mut().enumerate() {
            // Lanes are arranged as 8 x 2 pixels.
            let (near, far) = if axis == 0 { (lane & !1, lane | 1) } else { (lane & 7, lane | 8) };
            *out = value[far] - value[near];
        }
    }
    out
}

/// Gradients of the coordinates, or of the direction for cube maps, if the fetch computes its level
/// of detail from them.
#[inline(always)]
pub(super) fn coordinate_gradients(fetch: &TextureFetch, at: &Sampling<'_>) -> Option<Gradients> {
    match (fetch.register_gradients, fetch.computed_lod) {
        (true, _) => Some(*at.gradients),
        (false, true) => Some([derivative(at.coordinates, 0), derivative(at.coordinates, 1)]),
        (false, false) => None,
    }
}

/// Lanes whose gradients exceed a layer of a stack: these minify along layers, whatever their level
/// of detail, which is that within a layer.
pub(super) fn crossed_layers(
    fetch: &TextureFetch,
    at: &Sampling<'_>,
    scale: f32,
    info: &TextureInfo,
) -> Mask {
    let is_stack = (info.dimension, fetch.dimension) == (Dimension::D2, Dimension::D3);
    let Some(gradients) = is_stack.then(|| coordinate_gradients(fetch, at)).flatten() else { return 0 };
    let mut crossed = 0;
    for ([.., layers], exponent) in gradients.iter().zip(info.gradient_exponents) {
        let factor = 2.0_f32.powi(exponent) * scale;
        for (lane, change) in layers.iter().enumerate() {
            crossed |= Mask::from((change * factor).abs() > 1.0) << lane;
        }
    }
    crossed
}

/// Gradients in texels, if the fetch computes its level of detail from them. The third is zero
/// unless the texture is a volume: all levels have the same layers and faces. The second is zero
/// for fetches with one coordinate.
#[inline(always)]
pub(super) fn texel_gradients(
    fetch: &TextureFetch,
    at: &Sampling<'_>,
    mut scale: [f32; 3],
    info: &TextureInfo,
) -> Option<Gradients> {
    let gradients = match fetch.dimension {
        Dimension::Cube => face_gradients(fetch, at),
        _ => coordinate_gradients(fetch, at),
    }?;
    if (info.dimension, fetch.dimension) != (Dimension::D3, Dimension::D3) {
        scale[2] = 0.0;
    }
    if fetch.dimension == Dimension::D1 {
        scale[1] = 0.0;
    }
    let factors = info.gradient_exponents.map(|exponent| 2.0_f32.powi(exponent));
    let mut in_texels = [[[0.0; LANES]; 3]; 2];
    for ((out, changes), exponent) in in_texels.iter_mut().zip(&gradients).zip(factors) {
        for ((out, changes), factor) in out.iter_mut().zip(changes).zip(scale) {
            if factor != 0.0 {
                *out = map(changes, |change| change * exponent * factor);
            }
        }
    }
    Some(in_texels)
}

/// Levels of detail of all lanes, without biases.
#[inline(always)]
pub(super) fn levels_of_detail([columns, rows]: &Gradients) -> Lanes {
    let length = |[u, v, w]: &[Lanes; 3]| map3(u, v, w, |u, v, w| u * u + v * v + w * w);
    let longest = map2(&length(columns), &length(rows), f32::max);
    // Lengths of zero or NaN have no logarithm.
    let logarithms = logarithms(&map(&longest, |longest| if longest > 0.0 { longest } else { 1.0 }));
    // Half, since lengths are squared.
    map2(&longest, &logarithms, |longest, logarithm| if longest > 0.0 { 0.5 * logarithm } else { -16.0 })
}
