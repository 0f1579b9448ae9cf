//! Scenes whose result is defined, and bounds of differences between the reference and a host.
//!
//! Attributes may differ by 1/250: both sides interpolate with floats, over up to 80 pixels, with w
//! between 1/4 and 4. They may also differ by their change over 1/1024 pixel in y, which matters
//! for low triangles. The host's vertex shader returns floats in clip space. In a target of 8192
//! rows a step of 2^-24 there is 1/4096 pixel, and the conversion to pixels rounds a quotient (2.5
//! steps), a product and a sum. Hosts may interpolate from these positions, though they cover
//! pixels by rounded ones.
//!
//! A depth is the sum of three rounded products of the triangle's slopes and the pixel's position.
//! Each product and each sum is off by less than 2^-24 of its size, and the slopes are rounded as
//! well. Together that is less than 8 steps of 2^-24 for each unit of the largest product; the
//! depth has at most 2 such units. Floats of 20 bits may be rounded to a neighbour. If two depths
//! differ by less than the error of the stored depth, the depth test may pass on one side only.

use super::{HEIGHT, Msaa, Output, Shading, WIDTH};
use xenia_gpu::texture::depth_float_to_single;

/// Part of a pixel by which the places from which hosts interpolate are apart from the reference's.
const APART: f32 = 1.0 / 1024.0;

impl Shading {
    /// Whether attributes lie elsewhere on the device: centroids are the host's choice, and two
    /// samples are drawn with all positions moved by an eighth of a pixel. Samples at the pixel's
    /// centre have its attributes, except in perspective: drivers evaluate w for the whole pixel.
    pub(super) fn has_other_places(&self) -> bool {
        // The place within a point is an attribute, too.
        let is_place = self.output == Output::Position && self.primitive != 1;
        let is_elsewhere = if self.at_center {
            self.msaa != Msaa::X1 && self.is_perspective()
        } else {
            self.centroid || self.msaa == Msaa::X2
        };
        !is_place && is_elsewhere
    }

    /// Whether attributes are divided by a w that changes over the primitive.
    fn is_perspective(&self) -> bool {
        let vertices = self.vertices();
        !self.affine && vertices.iter().any(|vertex| vertex[6].to_bits() != vertices[0][6].to_bits())
    }

    /// Whether parts of the primitive may overlap, where their depths may be a close call.
    pub(super) fn may_overlap(&self) -> bool {
        self.compare >= 0 && matches!(self.primitive, 2 | 3 | 5 | 6 | 13)
    }

    /// Whether nothing is clipped: hosts and the reference round the corners made by clipping
    /// differently. The window's offset and the width of lines may carry corners out of the target.
    /// A rectangle's fourth corner, which is opposite to the third over the longest side, may leave
    /// the target and the range of depth.
    pub(super) fn is_defined(&self) -> bool {
        let places = self.vertices();
        let half = if matches!(self.primitive, 2 | 3) { self.line_width as f32 / 16.0 } else { 0.0 };
        let is_within = |x: f32, y: f32| {
            let x = x + self.offset[0] as f32;
            let y = y + self.offset[1] as f32;
            (half..=WIDTH as f32 - half).contains(&x) && (half..=HEIGHT as f32 - half).contains(&y)
        };
        // The sides of points lie along the axes, so clipping doesn't move them.
        if self.primitive != 1 && !places.iter().all(|place| is_within(place[0], place[1])) {
            return false;
        }
        if self.primitive != 8 {
            return true;
        }
        let length = |a: usize, b: usize| {
            (places[a][0] - places[b][0]).powi(2) + (places[a][1] - places[b][1]).powi(2)
        };
        let sides = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
        let longest = sides.iter().map(|&[a, b, _]| length(a, b)).fold(0.0, f32::max);
        sides.iter().filter(|&&[a, b, _]| length(a, b) >= longest).all(|&side| {
            let [x, y, z] = [0, 1, 2].map(|axis: usize| {
                let [a, b, third] = side.map(|corner| places[corner][axis]);
                a + b - third
            });
            is_within(x, y) && (!self.clips || (0.0..=1.0).contains(&z))
        })
    }

    /// Largest product of a slope of the depth and a place, over the triangles or lines of the
    /// primitive.
    fn largest_depth(&self) -> f32 {
        let vertices = self.vertices();
        let difference = |i: usize, j: usize| match (vertices.get(i), vertices.get(j)) {
            (Some(a), Some(b)) => [0, 1, 2].map(|axis: usize| b[axis] - a[axis]),
            _ => [0.0; 3],
        };
        let width = WIDTH as f32;
        let height = HEIGHT as f32;
        let line = |i: usize| {
            let [x, y, z] = difference(i, i + 1);
            // The slope across a line is a quotient by its width, with a rounded dividend.
            let across = 8.0 / self.line_width as f32;
            (z.abs() / x.hypot(y).max(0.25) + across) * (width + height)
        };
        let triangle = |[i, j, k]: [usize; 3]| {
            let [x1, y1, z1] = difference(i, j);
            let [x2, y2, z2] = difference(i, k);
            let area = (x1 * y2 - x2 * y1).abs().max(1.0 / 64.0);
            let [by_x, by_y] = [(z1 * y2 - z2 * y1).abs(), (z2 * x1 - z1 * x2).abs()];
            (by_x * width + by_y * height) / area
        };
        let slopes: Vec<f32> = match self.primitive {
            2 | 3 => (0..3).map(line).collect(),
            _ => self.triangles().iter().map(|corners| triangle(*corners)).collect(),
        };
        slopes.into_iter().fold(2.0, f32::max)
    }

    /// Triangles of the primitive, as numbers of corners; none for points and lines.
    fn triangles(&self) -> &'static [[usize; 3]] {
        match self.primitive {
            1..=3 => &[],
            5 => &[[0, 1, 2], [0, 2, 3]],
            6 => &[[0, 1, 2], [1, 2, 3]],
            13 => &[[0, 1, 2], [0, 2, 3], [0, 1, 3], [1, 2, 3]],
            _ => &[[0, 1, 2]],
        }
    }

    /// Largest change of each component of the output over [`APART`], within triangles.
    pub(super) fn moved(&self) -> [f32; 4] {
        let vertices = self.vertices();
        let values: Vec<[f32; 4]> = match self.output {
            Output::First if !self.is_flat => vertices.iter().map(|v| [v[3], v[4], v[5], v[6]]).collect(),
            Output::Second => vertices.iter().map(|v| [v[0], v[1], v[2], 1.0]).collect(),
            _ => return [0.0; 4],
        };
        let mut moved = [0.0_f32; 4];
        for corners in self.triangles() {
            let slopes = slopes(&corners.map(|i| vertices[i]), &corners.map(|i| values[i]), self.affine);
            for (moved, slope) in moved.iter_mut().zip(slopes) {
                *moved = moved.max(slope * APART);
            }
        }
        moved
    }

    /// Depth of a word, and the allowed difference.
    pub(super) fn depth(&self, word: u32) -> (f32, f32) {
        let steps = 8.0 * self.largest_depth() / 16_777_216.0;
        if self.float_depth {
            let value = depth_float_to_single(word >> 8);
            (value, steps + value / 1_048_576.0)
        } else {
            ((word >> 8) as f32 / 16_777_215.0, steps)
        }
    }
}

/// Bound of the change of four values over a pixel in y, within a triangle of vertices.
fn slopes(vertices: &[[f32; 7]; 3], values: &[[f32; 4]; 3], affine: bool) -> [f32; 4] {
    let [a, b, c] = vertices;
    let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    // Change of the corners' weights over a pixel.
    let weights = [[b, c], [c, a], [a, b]].map(|[from, to]| (to[0] - from[0]) / area.abs().max(1.0 / 64.0));
    let ws = vertices.map(|vertex| vertex[6]);
    let least = ws.iter().copied().fold(f32::MAX, f32::min);
    let most = ws.iter().copied().fold(0.0, f32::max);
    [0, 1, 2, 3].map(|component: usize| {
        let values = values.map(|value| value[component]);
        if affine || least == most {
            return values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>().abs();
        }
        // A quotient of two planes: the sum of (value - result) / w times each weight's change,
        // divided by the sum of the weights over w.
        let highest = values.iter().copied().fold(f32::MIN, f32::max);
        let range = highest - values.iter().copied().fold(f32::MAX, f32::min);
        ws.iter().zip(weights).map(|(w, weight)| range * weight.abs() * most / w).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::super::Corner;
    use super::*;
    use crate::Choices;

    #[test]
    fn a_rectangle_is_clipped_at_the_corner_over_its_longest_side() {
        let corner = |x, y, z| Corner { x, y, z, w: 0, a: 0, b: 0 };
        // The fourth corner's depth is 254 + 220 - 128.
        let corners = vec![corner(5, 4, 254), corner(70, 6, 220), corner(10, 2, 128)];
        let any = Shading::any(&mut Choices::of_words(Vec::new()));
        let clipped = Shading { primitive: 8, corners, clips: true, ..any };
        assert!(!clipped.is_defined());
        assert!(Shading { clips: false, ..clipped.clone() }.is_defined());
        assert!(Shading { primitive: 4, ..clipped }.is_defined());
    }

    #[test]
    fn no_corner_is_moved_out_of_the_target() {
        // Scene 1963 of seed 4826: the first corner is at 77 and 1/16, less 15/1024.
        let corner = |x, y| Corner { x, y, z: 128, w: 0, a: 0, b: 0 };
        let corners = vec![corner(77, 37), corner(70, 6), corner(10, 38)];
        let any = Shading::any(&mut Choices::of_words(Vec::new()));
        let scene = Shading { primitive: 4, corners, fine: -15, down: 2, ..any };
        for (offset, is_defined) in
            [([0, 0], true), ([2, 0], true), ([3, 0], false), ([-3, -3], true), ([0, -7], false)]
        {
            assert_eq!(Shading { offset, ..scene.clone() }.is_defined(), is_defined, "{offset:?}");
        }
        for (line_width, is_defined) in [(44, true), (48, false)] {
            let line = Shading { primitive: 3, line_width, ..scene.clone() };
            assert_eq!(line.is_defined(), is_defined, "{line_width}");
        }
    }

    #[test]
    fn attributes_at_the_centre_are_compared_unless_in_perspective() {
        let corner = |x, y, w| Corner { x, y, z: 128, w, a: 0, b: 0 };
        let scene = |w| Shading {
            primitive: 4,
            corners: vec![corner(4, 4, w), corner(70, 6, 0), corner(10, 40, 0)],
            affine: false,
            centroid: true,
            at_center: true,
            output: Output::First,
            ..Shading::any(&mut Choices::of_words(Vec::new()))
        };
        for (msaa, w, affine, has_other_places) in [
            (Msaa::X2, 0, false, false),
            (Msaa::X4, 1, false, true),
            (Msaa::X4, 1, true, false),
            (Msaa::X1, 1, false, false),
        ] {
            let shading = Shading { msaa, affine, ..scene(w) };
            assert_eq!(shading.has_other_places(), has_other_places, "{shading:?}");
        }
        assert!(Shading { at_center: false, ..scene(0) }.has_other_places(), "a centroid");
    }

    #[test]
    fn attributes_of_low_triangles_may_move() {
        // A rectangle two pixels high, over whose height the first attribute changes.
        let corner = |x, y, a| Corner { x, y, z: 128, w: 0, a, b: 0 };
        let low = Shading {
            primitive: 8,
            corners: vec![corner(4, 4, 0), corner(70, 4, 0), corner(4, 6, 63)],
            ..Shading::any(&mut Choices::of_words(Vec::new()))
        };
        let change = 63.0 / 64.0 / 2.0 / 1024.0;
        let [moved, others @ ..] = low.moved();
        assert!((moved - change).abs() < 1e-6, "{moved}");
        assert_eq!(others, [0.0; 3]);
        // Two percent over 1/250 of the least value that counts is allowed, and not twice as much.
        let word = |value: f32| (value.to_bits() - 0x3800_0000 + 0x1000) >> 13;
        let compare = |found: f32| low.compare_colors(&[word(0.05)], &[word(found)], 0);
        assert!(compare(0.05 + 0.05 * 1.02 / 250.0).is_ok());
        assert!(compare(0.05 + 0.05 * 4.0 / 250.0).is_err());
        assert_eq!(Shading { is_flat: true, ..low.clone() }.moved(), [0.0; 4]);
        let mut perspective = low;
        perspective.corners[1].w = 2;
        assert!(perspective.moved()[0] >= change, "a bound, not a slope");
    }
}
