//! Texture coordinate gradients within quads of pixels, and the level of detail.

use super::STACKED;
use crate::enums::Dimension;
use crate::microcode::{LANES, Lanes, Sampling, TextureFetch, Vector};
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

/// Gradients in texels, if the fetch computes its level of detail from them. The third is zero
/// unless the texture is a volume: layers and faces are not filtered.
pub(super) fn texel_gradients(
    fetch: &TextureFetch,
    at: &Sampling<'_>,
    mut scale: [f32; 3],
    info: &TextureInfo,
) -> Option<Gradients> {
    let gradients = match (fetch.register_gradients, fetch.computed_lod) {
        (true, _) => *at.gradients,
        (false, true) => [derivative(at.coordinates, 0), derivative(at.coordinates, 1)],
        (false, false) => return None,
    };
    if (info.dimension, fetch.dimension) != (Dimension::D3, STACKED) {
        scale[2] = 0.0;
    }
    let factors = info.gradient_exponents.map(|exponent| 2.0_f32.powi(exponent));
    Some([0, 1].map(|which: usize| {
        [0, 1, 2].map(|axis: usize| {
            let factor = scale[axis];
            gradients[which][axis]
                .map(|change| if factor == 0.0 { 0.0 } else { change * factors[which] * factor })
        })
    }))
}

/// Level of detail of a lane, without biases.
pub(super) fn level_of_detail(gradients: &Gradients, lane: usize) -> f32 {
    let [columns, rows] =
        gradients.each_ref().map(|side| side.iter().map(|lanes| lanes[lane].powi(2)).sum::<f32>());
    let longest = columns.max(rows);
    if longest > 0.0 { 0.5 * libm::log2f(longest) } else { -16.0 }
}
