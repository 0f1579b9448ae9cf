//! Draws whose corners are shaded on the CPU: rectangles, points and lines that the device can't
//! expand (`reason_for_cpu` in `draw/geometry.rs`).
//!
//! The reference's interpreter shades their few vertices and expands them to triangles. The device
//! gets the corners as a vertex buffer, and a pass-through vertex shader in guest microcode.

use std::fmt::Write;
use std::sync::Arc;

use xenia_gpu::draw_state::{DrawCall, INTERPOLATORS};
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::Triangles;
use xenia_gpu::microcode::{Shader, ShaderKind, assemble};

use xenia_shaders::HostPosition;

/// Pass-through shaders for a position and some interpolators, by the number of interpolators.
pub(super) struct PassThroughShaders([Option<Arc<Shader>>; INTERPOLATORS as usize + 1]);

impl Default for PassThroughShaders {
    fn default() -> Self {
        Self([const { None }; INTERPOLATORS as usize + 1])
    }
}

/// Words of a corner with this number of interpolators.
pub(super) fn words(interpolators: usize) -> u32 {
    4 * (1 + interpolators as u32)
}

fn source(interpolators: usize) -> String {
    let stride = words(interpolators);
    let mut text = String::new();
    // Writing to a string can't fail.
    for i in 0..=interpolators {
        let _ =
            writeln!(text, "vfetch r{}.xyzw, r0.x, vf0, format=38, stride={stride}, offset={}", i + 1, 4 * i);
    }
    let _ = writeln!(text, "alloc position\nmax oPos, r1, r1");
    if interpolators != 0 {
        // The field is not wider.
        let _ = writeln!(text, "alloc interpolators {}", interpolators.min(8));
    }
    for i in 0..interpolators {
        let _ = writeln!(text, "max o{i}, r{0}, r{0}", i + 2);
    }
    text
}

impl PassThroughShaders {
    /// Pass-through shader for this number of interpolators (at most 16).
    pub(super) fn shader(&mut self, interpolators: usize) -> Option<Arc<Shader>> {
        let slot = self.0.get_mut(interpolators)?;
        if slot.is_none() {
            let words = assemble(&source(interpolators)).ok()?;
            *slot = Some(Arc::new(Shader::new(ShaderKind::Vertex, &words)));
        }
        slot.clone()
    }
}

/// Converts a corner's position to the host's clip space, like a translated shader.
fn host(position: &HostPosition, [x, y, z, w]: [f32; 4]) -> [f32; 4] {
    let w = if position.w_inverted { 1.0 / w } else { w };
    let w = if position.xy_divided && (!w.is_finite() || w == 0.0) { 1.0 } else { w };
    let xy = if position.xy_divided { w } else { 1.0 };
    let z = if position.z_divided { z * w } else { z };
    let [sx, sy, sz] = position.scale;
    let [ox, oy, oz] = position.offset;
    [x * xy * sx + w * ox, y * xy * sy + w * oy, z * sz + w * oz, w]
}

/// Rows of pixels that have a sample between two heights. Samples are at least two sixteenths of a
/// pixel away from its edge; one sixteenth is left for rounding errors.
fn rows(lowest: f32, highest: f32, height: u32) -> std::ops::Range<u32> {
    let first = (lowest - 15.0 / 16.0).ceil().clamp(0.0, height as f32) as u32;
    let last = ((highest - 1.0 / 16.0).floor() + 1.0).clamp(0.0, height as f32) as u32;
    first..last.max(first)
}

/// Converts corners to the device's format, the position of each before its interpolators. Also
/// returns the rows of pixels that they may cover, on a target `height` pixels high.
pub(super) fn corners(
    triangles: &Triangles,
    position: &HostPosition,
    height: u32,
) -> (Vec<[f32; 4]>, std::ops::Range<u32>) {
    let count = triangles.interpolators;
    let mut values = Vec::with_capacity(triangles.positions.len() * (1 + count));
    let mut lowest = height as f32;
    let mut highest = 0.0_f32;
    for (at, corner) in triangles.positions.iter().enumerate() {
        values.push(*corner);
        values.extend_from_slice(&triangles.attributes[at * count..(at + 1) * count]);
        let [x, y, _, w] = host(position, *corner);
        let row = (1.0 - y / w) * 0.5 * height as f32;
        lowest = lowest.min(row);
        highest = highest.max(row);
        // The visible part of a triangle that reaches behind the eye is not known.
        let is_known = w > 0.0 && row.is_finite() && (x / w).is_finite();
        if !is_known {
            lowest = 0.0;
            highest = height as f32;
        }
    }
    (values, rows(lowest, highest, height))
}

/// Place of a corner on a target of `size` pixels, rounded to sixteenths of a pixel, the chip's
/// finest steps.
fn sixteenths(position: &HostPosition, corner: [f32; 4], size: [u32; 2]) -> [i64; 2] {
    let [x, y, _, w] = host(position, corner);
    let [width, height] = size.map(|side| side as f32);
    // Clip space is two units wide: half of the side, in sixteenths, for each.
    [(1.0 + x / w) * 8.0 * width, (1.0 - y / w) * 8.0 * height].map(|place| place.round_ties_even() as i64)
}

/// Whether all samples of a pixel are covered alike, and have the same depth: each primitive is a
/// rectangle whose sides lie between pixels, at one depth. Titles clear and copy with these.
pub(super) fn covers_whole_pixels(
    call: &DrawCall,
    triangles: &Triangles,
    position: &HostPosition,
    size: [u32; 2],
) -> bool {
    let is_whole = |corners: &[[f32; 4]]| {
        let places: Vec<[i64; 2]> =
            corners.iter().map(|corner| sixteenths(position, *corner, size)).collect();
        let ends = [0, 1].map(|axis: usize| {
            [places.iter().map(|place| place[axis]).min(), places.iter().map(|place| place[axis]).max()]
        });
        // A corner that is not one of the bounding box's belongs to a slanted side.
        let is_straight = places
            .iter()
            .all(|place| (0..2).all(|axis| place[axis] % 16 == 0 && ends[axis].contains(&Some(place[axis]))));
        let depth = |corner: &[f32; 4]| [corner[2], corner[3]].map(f32::to_bits);
        is_straight && corners.len() == 6 && corners.iter().all(|corner| depth(corner) == depth(&corners[0]))
    };
    // Each rectangle is two triangles. Clip planes cut through pixels.
    call.primitive == Primitive::RectangleList
        && call.clip_planes.is_empty()
        && triangles.positions.chunks(6).all(is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::draw_state::{DrawRequest, IndexSource};
    use xenia_gpu::enums::EdramMode;
    use xenia_gpu::registers::{RegisterFile, rb, vgt};

    #[test]
    fn rows_are_those_that_may_be_covered() {
        for (lowest, highest, expected) in [
            (0.0, 720.0, 0..720),
            (16.0, 17.0, 16..17),
            (16.2, 16.9, 16..17),
            (15.9, 17.1, 15..18),
            (-5.0, 3.0, 0..3),
            (700.0, 900.0, 700..720),
            (5.0, 5.0, 5..5),
        ] {
            assert_eq!(rows(lowest, highest, 720), expected, "{lowest} {highest}");
        }
    }

    #[test]
    fn rectangles_between_pixels_cover_whole_pixels() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        let words = assemble("alloc position\nmax oPos, r0, r0").unwrap();
        let shader = Arc::new(Shader::new(ShaderKind::Vertex, &words));
        let request = DrawRequest { initiator: vgt::VgtDrawInitiator(8), indices: IndexSource::Counted };
        let call = DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap();
        let size = [32, 16];
        let position = HostPosition {
            xy_divided: false,
            z_divided: false,
            w_inverted: false,
            direct3d_depth: true,
            kills: false,
            scale: [2.0 / 32.0, -2.0 / 16.0, 1.0],
            offset: [-1.0, 1.0, 0.0],
            steps: [0.0; 2],
            shift: [0.0; 2],
        };
        for (sides, slant, depth, expected) in [
            ([8.0, 0.0, 24.0, 16.0], 0.0, 0.5, true),
            ([8.01, -3.0, 24.0, 16.0], 0.0, 0.5, true), // rounded to a sixteenth
            ([8.25, 0.0, 24.0, 16.0], 0.0, 0.5, false),
            ([8.0, 0.0, 24.0, 15.5], 0.0, 0.5, false),
            ([8.0, 0.0, 24.0, 16.0], 2.0, 0.5, false), // a parallelogram
            ([8.0, 0.0, 24.0, 16.0], 0.0, 0.25, false),
        ] {
            let [left, top, right, bottom] = sides;
            let [a, b] = [[left, top], [right, top]].map(|[x, y]| [x, y, 0.5, 1.0]);
            let c = [left + slant, bottom, depth, 1.0];
            let d = [right + slant, bottom, depth, 1.0];
            let triangles = Triangles { positions: vec![a, b, c, b, c, d], ..Triangles::default() };
            assert_eq!(covers_whole_pixels(&call, &triangles, &position, size), expected, "{sides:?}");
        }
        let [a, b, c, d] =
            [[8.0, 0.0], [24.0, 0.0], [8.0, 16.0], [24.0, 16.0]].map(|[x, y]| [x, y, 0.5, 1.0]);
        let whole = Triangles { positions: vec![a, b, c, b, c, d], ..Triangles::default() };
        assert!(covers_whole_pixels(&call, &whole, &position, size));
        let points = DrawCall { primitive: Primitive::PointList, ..call.clone() };
        let clipped = DrawCall { clip_planes: vec![[1.0, 0.0, 0.0, 0.0]], ..call };
        for call in [points, clipped] {
            assert!(!covers_whole_pixels(&call, &whole, &position, size));
        }
    }

    #[test]
    fn every_number_of_interpolators_has_a_shader() {
        let mut shaders = PassThroughShaders::default();
        for count in 0..=INTERPOLATORS as usize {
            let shader = shaders.shader(count).unwrap();
            assert_eq!(shader.program.exports, (1 << 62) | ((1 << count) - 1), "{count}");
        }
        assert!(shaders.shader(17).is_none());
    }
}
