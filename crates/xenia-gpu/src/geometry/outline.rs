//! Lines and points as triangles: line and point primitives, and polygons filled with lines or
//! points.

use super::assemble::{Corner, Facing};
use super::segment::segment;
use crate::draw_state::DrawCall;
use crate::enums::PolygonFill;

/// Callback that receives triangles.
pub(crate) type Take<'a> = &'a mut dyn FnMut([&Corner; 3], Facing);

/// Expands a line to triangles. The width extends along the minor axis of the line on the screen;
/// the part behind the eye is clipped.
pub(crate) fn line(call: &DrawCall, ends: [&Corner; 2], facing: Facing, take: Take<'_>) {
    let Some([from, to]) = &segment(call, ends) else { return };
    let screen = |c: &Corner, axis: usize| c.position[axis] / c.screen_w(call) * call.viewport.scale[axis];
    let flat = (screen(to, 0) - screen(from, 0)).abs() >= (screen(to, 1) - screen(from, 1)).abs();
    let half = call.line_width;
    let (x, y) = if flat { (0.0, half) } else { (half, 0.0) };
    let [a, b] = [from.moved(call, -x, -y), from.moved(call, x, y)];
    let [c, d] = [to.moved(call, -x, -y), to.moved(call, x, y)];
    take([&a, &b, &d], facing);
    take([&a, &d, &c], facing);
}

/// Expands a point of half a width and half a height; the corners hold their coordinates in the
/// point.
pub(crate) fn point(call: &DrawCall, center: &Corner, [w, h]: [f32; 2], facing: Facing, take: Take<'_>) {
    let corner = |x: f32, y: f32| {
        let mut corner = center.moved(call, x * w, y * h);
        if let Some(register) = call.position_register {
            let place = &mut corner.attributes[register as usize & 15];
            place[2] = x * 0.5 + 0.5;
            place[3] = y * 0.5 + 0.5;
        }
        corner
    };
    // An array's `map` would copy each corner several times.
    let [a, b, c, d] = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    take([&a, &b, &c], facing);
    take([&a, &c, &d], facing);
}

/// Draws a triangle in its face's fill mode. Bits of `edges` select the edges on the outline of the
/// polygon: bit 0 is the edge from the first corner to the second, and so on.
pub(crate) fn polygon(
    call: &DrawCall,
    fills: [PolygonFill; 2],
    corners: &[Corner; 3],
    edges: u8,
    take: Take<'_>,
) {
    let is_back = is_back(call, corners);
    if if is_back { call.culling.back } else { call.culling.front } {
        return;
    }
    let facing = if is_back { Facing::Back } else { Facing::Front };
    let fill = fills[usize::from(is_back)];
    if fill == PolygonFill::Triangles {
        return take(corners.each_ref(), Facing::Found);
    }
    for edge in (0..3).filter(|edge| edges >> edge & 1 != 0) {
        let from = &corners[edge];
        let to = &corners[(edge + 1) % 3];
        match fill {
            PolygonFill::Lines => line(call, [from, to], facing, take),
            _ => point(call, from, call.point_size, facing, take),
        }
    }
}

/// Whether the part of a triangle in front of the eye is back-facing.
fn is_back(call: &DrawCall, corners: &[Corner; 3]) -> bool {
    let viewport = &call.viewport;
    let [a, b, c] = corners.each_ref().map(|corner| {
        let [x, y, _, w] = corner.position.map(f64::from);
        let w = if viewport.w_inverted { 1.0 / w } else { w };
        [x, y, if viewport.xy_divided { 1.0 } else { w }]
    });
    // The determinant has the sign of the area on screen, if the viewport doesn't mirror.
    let determinant = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0]);
    let [sx, sy, _] = viewport.scale.map(f64::from);
    (determinant * sx * sy > 0.0) != call.culling.front_is_clockwise
}
