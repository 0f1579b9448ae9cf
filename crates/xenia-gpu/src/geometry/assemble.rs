//! Primitive assembly: primitives to triangles.

use super::outline::{self, Take};
use super::vertex::Vertices;
use crate::backend::BackendError;
use crate::draw_state::DrawCall;
use crate::enums::Primitive;

/// Corner of a triangle in clip space.
#[derive(Clone, Copy)]
pub(crate) struct Corner {
    pub(crate) position: [f32; 4],
    pub(crate) attributes: [[f32; 4]; 16],
}

impl Corner {
    #[inline]
    fn of(vertices: &Vertices, number: u32) -> Self {
        let number = number as usize;
        let mut attributes = [[0.0; 4]; 16];
        let start = number * vertices.interpolators;
        attributes[..vertices.interpolators]
            .copy_from_slice(&vertices.attributes[start..start + vertices.interpolators]);
        Self { position: vertices.positions[number], attributes }
    }

    /// Combines positions and attributes component by component.
    pub(crate) fn combine(a: &Self, b: &Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = *a;
        for (out, b) in out.position.iter_mut().zip(&b.position) {
            *out = f(*out, *b);
        }
        for (out, b) in out.attributes.iter_mut().flatten().zip(b.attributes.iter().flatten()) {
            *out = f(*out, *b);
        }
        out
    }

    /// Divisor that x and y still need.
    pub(crate) fn screen_w(&self, call: &DrawCall) -> f32 {
        match &call.viewport {
            viewport if viewport.xy_divided => 1.0,
            viewport if viewport.w_inverted => 1.0 / self.position[3],
            _ => self.position[3],
        }
    }

    /// Moves the corner by x and y pixels on the screen.
    pub(crate) fn moved(&self, call: &DrawCall, x: f32, y: f32) -> Self {
        let mut out = *self;
        let w = self.screen_w(call);
        let [sx, sy, _] = call.viewport.scale;
        out.position[0] += if sx == 0.0 { 0.0 } else { x * w / sx };
        out.position[1] += if sy == 0.0 { 0.0 } else { y * w / sy };
        out
    }
}

/// Which face of a triangle is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facing {
    /// Determined by the winding order; front or back faces may be culled.
    Found,
    /// Front, for primitives without a back: rectangles, points, lines.
    Front,
    /// Back: the triangle outlines a polygon that is seen from behind.
    Back,
}

/// Flat shading: copies the flat attributes of the provoking corner to all corners.
fn flatten(call: &DrawCall, corners: &mut [Corner], provoking: usize) {
    if call.flat == 0 {
        return;
    }
    let from = corners[provoking].attributes;
    for (interpolator, value) in from.into_iter().enumerate() {
        if call.flat >> interpolator & 1 != 0 {
            for corner in corners.iter_mut() {
                corner.attributes[interpolator] = value;
            }
        }
    }
}

/// Computes the fourth corner of a rectangle list's rectangle, and the indices of the diagonal's
/// ends. The diagonal is the longest side of the three given corners.
fn fourth(corners: &[Corner; 3]) -> (Corner, usize, usize) {
    let distance = |a: usize, b: usize| {
        let [pa, pb] = [corners[a].position, corners[b].position];
        (pa[0] - pb[0]).powi(2) + (pa[1] - pb[1]).powi(2)
    };
    let sides = [(0, 1, 2), (1, 2, 0), (2, 0, 1)];
    let mut longest = sides[0];
    for side in sides {
        if distance(side.0, side.1) > distance(longest.0, longest.1) {
            longest = side;
        }
    }
    let (a, b, opposite) = longest;
    let sum = Corner::combine(&corners[a], &corners[b], |a, b| a + b);
    (Corner::combine(&sum, &corners[opposite], |sum, c| sum - c), a, b)
}

/// Edge mask: all edges of a triangle belong to its polygon's outline.
const ALL: u8 = 0b111;

/// Calls `take` with each triangle of a draw and its facing.
pub(crate) fn triangles(
    call: &DrawCall,
    vertices: &Vertices,
    mut take: impl FnMut([Corner; 3], Facing),
) -> Result<(), BackendError> {
    let corner = |number: u32| Corner::of(vertices, number);
    let is_left = |numbers: &[u32]| !vertices.are_killed(call, numbers);
    let triangle = |take: Take<'_>, numbers: [u32; 3], provoking: usize, edges: u8| {
        // An array's `map` would copy each corner several times.
        let [a, b, c] = numbers;
        let mut corners = [corner(a), corner(b), corner(c)];
        flatten(call, &mut corners, provoking);
        match call.fills {
            None => take(corners, Facing::Found),
            Some(fills) => outline::polygon(call, fills, &corners, edges, take),
        }
    };
    let provoking = |first: usize, last: usize| if call.provoking_last { last } else { first };
    for run in vertices.order.split(Option::is_none) {
        let run: Vec<u32> = run.iter().flatten().copied().collect();
        match vertices.primitive {
            Primitive::TriangleList => {
                for t in run.chunks_exact(3).filter(|t| is_left(t)) {
                    triangle(&mut take, [t[0], t[1], t[2]], provoking(0, 2), ALL);
                }
            }
            Primitive::TriangleStrip | Primitive::TriangleStrip2d => {
                for (i, t) in run.windows(3).enumerate().filter(|(_, t)| is_left(t)) {
                    // Every second triangle of a strip is reversed, so that all have the same
                    // winding.
                    if i & 1 == 0 {
                        triangle(&mut take, [t[0], t[1], t[2]], provoking(0, 2), ALL);
                    } else {
                        triangle(&mut take, [t[1], t[0], t[2]], provoking(1, 2), ALL);
                    }
                }
            }
            Primitive::TriangleFan | Primitive::Polygon => {
                let is_left = |t: &[u32]| is_left(&[run[0], t[0], t[1]]);
                let is_fan = vertices.primitive == Primitive::TriangleFan;
                for (i, t) in run.get(1..).unwrap_or(&[]).windows(2).enumerate().filter(|(_, t)| is_left(t)) {
                    // Edges to a fan's first corner are inside the polygon, except the first and
                    // the last.
                    let (first, last) = (is_fan || i == 0, is_fan || i + 3 == run.len());
                    let edges = u8::from(first) | 0b010 | u8::from(last) << 2;
                    triangle(&mut take, [run[0], t[0], t[1]], provoking(1, 2), edges);
                }
            }
            Primitive::QuadList => {
                for q in run.chunks_exact(4).filter(|q| is_left(q)) {
                    triangle(&mut take, [q[0], q[1], q[2]], 0, 0b011);
                    triangle(&mut take, [q[0], q[2], q[3]], 0, 0b110);
                }
            }
            Primitive::QuadStrip => {
                for q in run.windows(4).step_by(2).filter(|q| is_left(q)) {
                    triangle(&mut take, [q[0], q[1], q[3]], 0, 0b011);
                    triangle(&mut take, [q[0], q[3], q[2]], 0, 0b110);
                }
            }
            Primitive::RectangleList => {
                for t in run.chunks_exact(3).filter(|t| is_left(t)) {
                    let mut corners = [corner(t[0]), corner(t[1]), corner(t[2])];
                    flatten(call, &mut corners, provoking(0, 2));
                    let (fourth, a, b) = fourth(&corners);
                    take(corners, Facing::Front);
                    take([corners[a], fourth, corners[b]], Facing::Front);
                }
            }
            Primitive::PointList => {
                for &number in run.iter().filter(|number| is_left(&[**number])) {
                    let size = vertices.point_sizes.as_ref().map(|sizes| sizes[number as usize] / 2.0);
                    let half = size.map_or(call.point_size, |half| [half; 2]);
                    outline::point(call, &corner(number), half, Facing::Front, &mut take);
                }
            }
            Primitive::LineList | Primitive::LineStrip | Primitive::LineLoop | Primitive::LineStrip2d => {
                let step = if call.primitive == Primitive::LineList { 2 } else { 1 };
                let closing = (call.primitive == Primitive::LineLoop && run.len() > 1)
                    .then(|| [run[run.len() - 1], run[0]]);
                let lines = run.windows(2).step_by(step).map(|pair| [pair[0], pair[1]]);
                for pair in lines.chain(closing).filter(|pair| is_left(pair)) {
                    let mut ends = pair.map(corner);
                    flatten(call, &mut ends, provoking(0, 1));
                    outline::line(call, [&ends[0], &ends[1]], Facing::Front, &mut take);
                }
            }
            other => return Err(BackendError::Unsupported(format!("primitive {other:?}"))),
        }
    }
    Ok(())
}
