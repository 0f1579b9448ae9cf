//! Rasteriser: triangles to blocks of pixels.
//!
//! Positions are snapped to 1/16 pixel and the edge functions are integers, so adjacent triangles
//! neither overlap nor leave gaps (top-left rule). Blocks are 8 x 2 pixels, one lane each.

use super::block::{BlockPipeline, BlockPosition};
use crate::draw_state::{DrawCall, Scissor};
use crate::enums::Msaa;
use crate::geometry::{Corner, Facing};
use crate::microcode::{LANES, Lanes, Mask};
use xenia_host::simd;

/// Sub-pixel positions per pixel.
const SUB: i64 = 16;

/// Positions within a pixel at which a draw takes the samples, in 1/16.
///
/// Unsure: the hardware's default pattern is not documented; these are Direct3D's, in its order: of
/// four samples, bit 0 of the number means right and bit 1 means below, as in the EDRAM
/// ([`Msaa::cell`]). Without multisampling all samples are those of the centre, as Direct3D's
/// `D3DRS_MULTISAMPLEANTIALIAS` is defined.
pub(super) fn sample_positions(call: &DrawCall) -> &'static [[i64; 2]] {
    match (call.msaa, call.samples_at_center) {
        (Msaa::X1, _) => &[[8, 8]],
        (Msaa::X2, true) => &[[8, 8]; 2],
        (Msaa::X4, true) => &[[8, 8]; 4],
        (Msaa::X2, false) => &[[4, 4], [12, 12]],
        (Msaa::X4, false) => &[[6, 2], [14, 6], [2, 10], [10, 14]],
    }
}

/// Plane equation over the screen: value at the centre of pixel (0, 0), and gradient per pixel.
#[derive(Clone, Copy, Default)]
pub(super) struct Plane {
    origin: f64,
    dx: f64,
    dy: f64,
}

impl Plane {
    /// Plane with these values at the corners of a triangle, whose doubled area is given. The
    /// inputs are exact integers, so only the division rounds.
    fn through(screen: &[[i64; 2]; 3], area: i64, values: [f64; 3]) -> Self {
        let x1 = (screen[1][0] - screen[0][0]) as f64;
        let y1 = (screen[1][1] - screen[0][1]) as f64;
        let x2 = (screen[2][0] - screen[0][0]) as f64;
        let y2 = (screen[2][1] - screen[0][1]) as f64;
        let v1 = values[1] - values[0];
        let v2 = values[2] - values[0];
        let dx = (v1 * y2 - v2 * y1) / area as f64;
        let dy = (v2 * x1 - v1 * x2) / area as f64;
        // The centre of pixel (0, 0) is at 8 in units of 1/16.
        let origin = values[0] + dx * (8 - screen[0][0]) as f64 + dy * (8 - screen[0][1]) as f64;
        Self { origin, dx: dx * SUB as f64, dy: dy * SUB as f64 }
    }

    /// Values at the centres of the pixels of the block at (x, y).
    #[inline(always)]
    pub(super) fn block(&self, x: i32, y: i32) -> Lanes {
        // Summed in f64: far from the origin, a float's rounding error could exceed a pixel's
        // change.
        let start = (self.origin + self.dx * x as f64 + self.dy * y as f64) as f32;
        let dx = self.dx as f32;
        let dy = self.dy as f32;
        let mut out = [0.0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            *out = start + dx * (lane & 7) as f32 + dy * (lane >> 3) as f32;
        }
        out
    }

    /// Change from a pixel's centre to a position within it, in 1/16.
    pub(super) fn change_to(&self, [x, y]: [i64; 2]) -> f32 {
        ((self.dx * (x - 8) as f64 + self.dy * (y - 8) as f64) / SUB as f64) as f32
    }

    /// Steepest change per pixel along an axis.
    fn slope(&self) -> f64 {
        self.dx.abs().max(self.dy.abs())
    }
}

/// Triangle prepared for rasterisation.
pub(super) struct Setup {
    pub(super) corners: [Corner; 3],
    /// Barycentric weights of the second and third corner.
    pub(super) weights: [Plane; 2],
    /// Plane of the depth.
    pub(super) z: Plane,
    /// 1/w of each corner; `None` if all are equal or perspective correction is off.
    pub(super) inverse_w: Option<[f32; 3]>,
    /// The triangle is back-facing.
    pub(super) is_back: bool,
    edges: [Edge; 3],
    /// Pixels that may be covered, within the scissor.
    bounds: Scissor,
}

#[derive(Clone, Copy)]
struct Edge {
    a: i64,
    b: i64,
    c: i64,
}

impl Edge {
    /// Edge function that is positive to the right of the edge from `from` to `to`, on a screen
    /// whose y grows downwards.
    fn new(from: [i64; 2], to: [i64; 2]) -> Self {
        let a = from[1] - to[1];
        let b = to[0] - from[0];
        // Corners are in clockwise order: left edges go up, and top edges go to the right.
        let top_left = a > 0 || (a == 0 && b > 0);
        // Values are integers, so one less excludes exactly the points on other edges.
        let c = -(a * from[0] + b * from[1]) - i64::from(!top_left);
        Self { a, b, c }
    }

    /// Value at a position within the pixel (x, y).
    #[inline(always)]
    fn value_at(self, x: i32, y: i32, [px, py]: [i64; 2]) -> i64 {
        self.a * (x as i64 * SUB + px) + self.b * (y as i64 * SUB + py) + self.c
    }
}

/// Changes of an edge function within a block, which are the same for all blocks. They are below
/// 2^27.
#[derive(Clone, Copy)]
struct Steps {
    /// Changes from the first lane.
    lanes: [i32; LANES],
    /// Least and greatest change.
    range: [i64; 2],
}

impl Steps {
    #[inline(always)]
    fn new(edge: &Edge) -> Self {
        let dx = (edge.a * SUB) as i32;
        let dy = (edge.b * SUB) as i32;
        let mut lanes = [0; LANES];
        for (lane, change) in lanes.iter_mut().enumerate() {
            *change = dx * (lane & 7) as i32 + dy * (lane >> 3) as i32;
        }
        let corners = [dx.min(0) * 7 + dy.min(0), dx.max(0) * 7 + dy.max(0)];
        Self { lanes, range: corners.map(i64::from) }
    }

    /// Lanes of a block that are inside, if the first lane has the value `start`.
    #[inline(always)]
    fn lanes_inside(&self, start: i64) -> Mask {
        let [least, greatest] = self.range;
        if start + greatest < 0 {
            return 0;
        }
        if start + least >= 0 {
            return Mask::MAX;
        }
        // The signs of the lanes differ, so the values are small.
        let start = start as i32;
        let mut outside = 0_u32;
        for (lane, change) in self.lanes.iter().enumerate() {
            outside |= (start.wrapping_add(*change) as u32 >> 31) << lane;
        }
        !outside as Mask
    }
}

/// Rounds a coordinate in pixels to the nearest of `steps` steps per pixel, halves to an even one.
/// Coordinates too large for the result saturate.
fn stepped(value: f32, steps: u32) -> i64 {
    ((value * steps as f32).round_ties_even() as i64).saturating_mul(SUB / i64::from(steps))
}

/// Prepares a triangle whose corners lie in front of the eye and within the guard band; `None` if
/// it covers nothing.
pub(super) fn prepare(call: &DrawCall, corners: &[Corner; 3], facing: Facing) -> Option<Setup> {
    let viewport = &call.viewport;
    // This rasteriser's centres lie half a pixel from the integers.
    let center = if viewport.centers_at_integers { 0.5 } else { 0.0 };
    let mut screen = [[0_i64; 2]; 3];
    let mut depth = [0.0_f64; 3];
    let mut inverse_w = [0.0_f32; 3];
    for (i, corner) in corners.iter().enumerate() {
        let inverse = 1.0 / corner.position[3];
        inverse_w[i] = inverse;
        screen[i] = [0, 1].map(|axis: usize| {
            let value = corner.position[axis] * inverse * viewport.scale[axis] + viewport.offset[axis];
            let value = value + viewport.window_offset[axis] as f32 + center;
            stepped(value, viewport.sub_pixels.clamp(1, SUB as u32))
        });
        // If the viewport's numbers are too large, floats are too coarse for clipping to be exact.
        if screen[i].iter().any(|value| value.unsigned_abs() > (2 * GUARD_PIXELS * SUB) as u64) {
            return None;
        }
        depth[i] = (corner.position[2] * inverse * viewport.scale[2] + viewport.offset[2]) as f64;
    }
    let area = (screen[1][0] - screen[0][0]) * (screen[2][1] - screen[0][1])
        - (screen[2][0] - screen[0][0]) * (screen[1][1] - screen[0][1]);
    if area == 0 {
        return None;
    }
    // Clockwise on the screen means a positive area, since y grows downwards.
    let is_back = match facing {
        Facing::Found => (area > 0) != call.culling.front_is_clockwise,
        Facing::Front => false,
        Facing::Back => true,
    };
    if facing == Facing::Found && (if is_back { call.culling.back } else { call.culling.front }) {
        return None;
    }
    // Edge functions need clockwise corners. The planes below keep the order of `screen`.
    let order = if area > 0 { [0, 1, 2] } else { [0, 2, 1] };
    let [a, b, c] = order.map(|i| screen[i]);
    let edges = [Edge::new(a, b), Edge::new(b, c), Edge::new(c, a)];
    let plane = |values| Plane::through(&screen, area, values);
    let mut z = plane(depth);
    let [slope, constant] = call.depth.bias[usize::from(is_back)];
    z.origin += slope as f64 * z.slope() + constant as f64;
    let perspective = !call.affine && (inverse_w[0] != inverse_w[1] || inverse_w[0] != inverse_w[2]);
    let bounds = bounds(&screen, &call.scissor)?;
    Some(Setup {
        corners: *corners,
        weights: [plane([0.0, 1.0, 0.0]), plane([0.0, 0.0, 1.0])],
        z,
        inverse_w: perspective.then_some(inverse_w),
        is_back,
        edges,
        bounds,
    })
}

/// Pixels within the scissor that a triangle may cover. `None` if there are none.
fn bounds(screen: &[[i64; 2]; 3], scissor: &Scissor) -> Option<Scissor> {
    let range = |axis: usize| {
        let values = screen.map(|corner| corner[axis]);
        let low = values.iter().min().copied().unwrap_or(0).div_euclid(SUB);
        let high = values.iter().max().copied().unwrap_or(0).div_euclid(SUB) + 1;
        [low.max(-GUARD_PIXELS) as i32, high.min(GUARD_PIXELS) as i32]
    };
    let [left, right] = range(0);
    let [top, bottom] = range(1);
    let left = left.max(scissor.left);
    let right = right.min(scissor.right);
    let top = top.max(scissor.top);
    let bottom = bottom.min(scissor.bottom);
    (left < right && top < bottom).then_some(Scissor { left, top, right, bottom })
}

impl Setup {
    /// Pixels that may be covered.
    pub(super) fn bounds(&self) -> Scissor {
        self.bounds
    }

    /// Rasterises the part of a triangle in the rows from `first` (even) to before `end`.
    pub(super) fn fill(&self, call: &DrawCall, first: i32, end: i32, target: &mut BlockPipeline<'_>) {
        simd::dispatch(
            #[inline(always)]
            || self.fill_blocks(call, first, end, target),
        );
    }

    #[inline(always)]
    fn fill_blocks(&self, call: &DrawCall, first: i32, end: i32, target: &mut BlockPipeline<'_>) {
        let Scissor { left, top, right, bottom } = self.bounds;
        let positions = sample_positions(call);
        let edges = self.edges.each_ref().map(|edge| (*edge, Steps::new(edge)));
        let mut by = (top & !1).max(first);
        while by < bottom.min(end) {
            let mut bx = left & !7;
            if !target.try_spend_row(by, ((right - bx) / 8) as u64 + 1) {
                // Later rows may lie in another band, which has steps left.
                bx = right;
            }
            while bx < right {
                let allowed = scissor_mask(bx, by, self.bounds);
                let mut coverage = [0; 4];
                let mut any = 0;
                for (sample, (mask, position)) in coverage.iter_mut().zip(positions).enumerate() {
                    if call.sample_mask >> sample & 1 != 0 {
                        *mask = allowed;
                        for (edge, steps) in &edges {
                            *mask &= steps.lanes_inside(edge.value_at(bx, by, *position));
                        }
                        any |= *mask;
                    }
                }
                if any != 0 {
                    target.draw_block(self, BlockPosition { x: bx, y: by }, coverage);
                }
                bx += 8;
            }
            by += 2;
        }
    }
}

/// Guard band in pixels. Rounding may put a vertex up to twice as far out; pixels there are not
/// drawn.
pub(super) const GUARD_PIXELS: i64 = 16384;

/// Lanes of a block within a rectangle.
fn scissor_mask(x: i32, y: i32, rectangle: Scissor) -> Mask {
    let Scissor { left, top, right, bottom } = rectangle;
    if x >= left && x + 8 <= right && y >= top && y + 2 <= bottom {
        return Mask::MAX;
    }
    let columns = (0..8).filter(|i| (left..right).contains(&(x + i))).fold(0, |mask: Mask, i| mask | 1 << i);
    let row = |i: i32| if (top..bottom).contains(&(y + i)) { columns } else { 0 };
    row(0) | row(1) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_triangles_cover_each_pixel_once() {
        // A fan around a point off the pixel centres, and one around a pixel centre.
        for hub in [[67, 55], [72, 56]] {
            let rim = [[0, 0], [160, 3], [157, 128], [40, 160], [-9, 90]];
            let mut covered = [[0; 16]; 16];
            for i in 0..rim.len() {
                let a = rim[i];
                let b = rim[(i + 1) % rim.len()];
                let edges = [Edge::new(hub, a), Edge::new(a, b), Edge::new(b, hub)];
                let edges = edges.map(|edge| (edge, Steps::new(&edge)));
                for y in (0..16).step_by(2) {
                    for x in (0..16).step_by(8) {
                        let inside = |mask, (edge, steps): &(Edge, Steps)| {
                            mask & steps.lanes_inside(edge.value_at(x, y, [8, 8]))
                        };
                        let mask = edges.iter().fold(Mask::MAX, inside);
                        for lane in 0..16 {
                            covered[(y + lane / 8) as usize][(x + lane % 8) as usize] += mask >> lane & 1;
                        }
                    }
                }
            }
            assert!(covered.iter().flatten().all(|count| *count <= 1));
            assert_eq!(covered[3][4], 1);
            assert!(covered[1][1..9].iter().all(|count| *count == 1));
        }
    }

    #[test]
    fn places_between_two_steps_are_rounded_to_the_even_one() {
        let sixteenths = [1.0, 3.0, -1.0, -3.0, 0.9, 1.1].map(|place: f32| stepped(place / 32.0, 16));
        assert_eq!(sixteenths.map(|place| place * 16 / SUB), [0, 2, 0, -2, 0, 1]);
        assert_eq!([0.5, 1.5].map(|place| stepped(place, 1) / SUB), [0, 2]);
    }

    #[test]
    fn places_too_far_away_saturate_with_any_steps() {
        for steps in [16, 8, 4, 2, 1] {
            let places = [1e30, -1e30, f32::INFINITY].map(|place: f32| stepped(place, steps));
            assert_eq!(places, [i64::MAX, i64::MIN, i64::MAX], "{steps}");
        }
    }

    #[test]
    fn the_scissor_cuts_blocks() {
        let large = Scissor { left: 0, top: 0, right: 100, bottom: 100 };
        assert_eq!(scissor_mask(8, 2, large), Mask::MAX);
        let narrow = Scissor { left: 1, top: 1, right: 3, bottom: 9 };
        assert_eq!(scissor_mask(0, 0, narrow), 0b0000_0110 << 8);
    }
}
