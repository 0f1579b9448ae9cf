//! Anisotropic filtering: averages several samples along the longer axis of a pixel's footprint,
//! each at the level of detail of the longer axis divided by the sample count.

use super::gradients::Gradients;
use crate::microcode::{LANES, Lanes};

/// Footprint of a pixel in a texture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Footprint {
    /// Number of samples to take.
    pub(super) taps: u32,
    /// Longer axis, in texels of the base level.
    side: [f32; 2],
    /// Level of detail of each sample.
    pub(super) lod: f32,
}

impl Footprint {
    /// Footprints of all lanes, with at most `most` samples each. Biases scale a footprint by
    /// powers of two.
    pub(super) fn all(gradients: &Gradients, biases: &Lanes, most: u32) -> [Self; LANES] {
        std::array::from_fn(|lane| {
            let factor = libm::exp2f(biases[lane].clamp(-16.0, 16.0));
            let sides = gradients.each_ref().map(|side| side.each_ref().map(|lanes| lanes[lane] * factor));
            let [columns, rows] = sides.map(|[u, v, _]| libm::sqrtf(u * u + v * v));
            let ([u, v, _], longer, shorter) =
                if columns >= rows { (sides[0], columns, rows) } else { (sides[1], rows, columns) };
            // A footprint of zero or NaN length gets one sample.
            // A shorter side of zero gives infinity, which the limit of samples turns into `most`.
            let ratio = if longer > 0.0 { (longer / shorter).ceil() } else { 1.0 };
            let taps = (ratio as u32).clamp(1, most);
            let share = longer / taps as f32;
            Self { taps, side: [u, v], lod: if share > 0.0 { libm::log2f(share) } else { -16.0 } }
        })
    }

    /// Offset of a sample from the centre, in texels.
    pub(super) fn tap(&self, number: u32) -> [f32; 2] {
        // In the middle of each part, so that a single sample lies at the centre.
        let along = (number as f32 + 0.5) / self.taps as f32 - 0.5;
        self.side.map(|side| side * along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_along_the_longer_side() {
        let lanes = |value: f32| [value; LANES];
        let of = |[[a, b], [c, d]]: [[f32; 2]; 2], bias: f32, most: u32| {
            let gradients = [[lanes(a), lanes(b), lanes(0.0)], [lanes(c), lanes(d), lanes(0.0)]];
            Footprint::all(&gradients, &lanes(bias), most)[0]
        };
        let same = of([[2.0, 0.0], [0.0, 2.0]], 0.0, 16);
        assert_eq!((same.taps, same.lod, same.tap(0)), (1, 1.0, [0.0, 0.0]));
        let long = of([[1.0, 0.0], [0.0, 8.0]], 0.0, 16);
        assert_eq!((long.taps, long.lod), (8, 0.0));
        assert_eq!([0, 7].map(|tap| long.tap(tap)), [[0.0, -3.5], [0.0, 3.5]]);
        let limited = of([[8.0, 0.0], [0.0, 1.0]], 1.0, 4);
        assert_eq!((limited.taps, limited.lod, limited.tap(3)), (4, 2.0, [6.0, 0.0]));
        // Shaders can set any gradients.
        for odd in [0.0, f32::INFINITY, f32::NAN, f32::MAX] {
            for bias in [0.0, f32::NAN, f32::INFINITY] {
                let footprint = of([[odd, 1.0], [0.0, 0.0]], bias, 16);
                assert!((1..=16).contains(&footprint.taps), "{odd} {bias}");
            }
        }
    }
}
