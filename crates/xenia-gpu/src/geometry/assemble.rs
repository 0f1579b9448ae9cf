//! Primitive assembly: primitives to triangles, in the order of their indices.
//!
//! Strips, fans, quads and polygons are cut; rectangles, points and lines are expanded on the
//! screen. Each triangle keeps its facing and the edges of the outline of its polygon, for culling
//! and for polygons that are drawn as lines or points. Killed primitives are left out.

use super::outline;
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
        // Without a scale no distance in clip space makes a pixel.
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
    // The ends of each side, and the corner opposite to it.
    let sides = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
    let length = |[a, b, _]: [usize; 3]| {
        let [pa, pb] = [corners[a].position, corners[b].position];
        (pa[0] - pb[0]).powi(2) + (pa[1] - pb[1]).powi(2)
    };
    let mut longest = sides[0];
    for side in sides {
        if length(side) > length(longest) {
            longest = side;
        }
    }
    // The diagonals of a rectangle bisect each other: a + b is the sum of the other two corners.
    let [a, b, opposite] = longest;
    let sum = Corner::combine(&corners[a], &corners[b], |a, b| a + b);
    (Corner::combine(&sum, &corners[opposite], |sum, c| sum - c), a, b)
}

/// Edges of a triangle that belong to the outline of its polygon, as bits; the first edge is that
/// from the first corner to the second.
mod edge {
    pub(super) const FIRST: u8 = 0b001;
    pub(super) const SECOND: u8 = 0b010;
    pub(super) const THIRD: u8 = 0b100;
    pub(super) const ALL: u8 = FIRST | SECOND | THIRD;
}

/// Calls `take` with each triangle of a draw and its facing.
pub(crate) fn triangles(
    call: &DrawCall,
    vertices: &Vertices,
    take: impl FnMut([&Corner; 3], Facing),
) -> Result<(), BackendError> {
    let mut assembly = PrimitiveAssembly { call, vertices, take };
    for run in vertices.order.split(Option::is_none) {
        let run: Vec<u32> = run.iter().flatten().copied().collect();
        assembly.primitives(&run)?;
    }
    Ok(())
}

/// Primitive assembly of one draw; `take` receives its triangles.
struct PrimitiveAssembly<'a, F> {
    call: &'a DrawCall,
    vertices: &'a Vertices,
    take: F,
}

impl<F: FnMut([&Corner; 3], Facing)> PrimitiveAssembly<'_, F> {
    /// Assembles the primitives of vertices without a restart between them.
    fn primitives(&mut self, run: &[u32]) -> Result<(), BackendError> {
        match self.vertices.primitive {
            Primitive::TriangleList => self.triangle_list(run),
            Primitive::TriangleStrip | Primitive::TriangleStrip2d => self.triangle_strip(run),
            Primitive::TriangleFan => self.triangle_fan(run, true),
            Primitive::Polygon => self.triangle_fan(run, false),
            Primitive::QuadList => run.chunks_exact(4).for_each(|q| self.quad([q[0], q[1], q[2], q[3]])),
            Primitive::QuadStrip => {
                // Both pairs of a strip run in one direction, an outline turns around.
                run.windows(4).step_by(2).for_each(|q| self.quad([q[0], q[1], q[3], q[2]]));
            }
            Primitive::RectangleList => run.chunks_exact(3).for_each(|t| self.rectangle([t[0], t[1], t[2]])),
            Primitive::PointList => run.iter().for_each(|&number| self.point(number)),
            Primitive::LineList | Primitive::LineStrip | Primitive::LineLoop | Primitive::LineStrip2d => {
                self.lines(run);
            }
            other => return Err(BackendError::Unsupported(format!("primitive {other:?}"))),
        }
        Ok(())
    }

    #[inline]
    fn corner(&self, number: u32) -> Corner {
        Corner::of(self.vertices, number)
    }

    /// Whether the primitive with these vertices is not killed.
    fn is_alive(&self, numbers: &[u32]) -> bool {
        !self.vertices.are_killed(self.call, numbers)
    }

    /// The provoking corner of a primitive: its first or its last one.
    fn provoking(&self, first: usize, last: usize) -> usize {
        if self.call.provoking_last { last } else { first }
    }

    fn triangle(&mut self, numbers: [u32; 3], provoking: usize, edges: u8) {
        // An array's `map` would copy each corner several times.
        let [a, b, c] = numbers;
        let mut corners = [self.corner(a), self.corner(b), self.corner(c)];
        flatten(self.call, &mut corners, provoking);
        match self.call.fills {
            None => (self.take)(corners.each_ref(), Facing::Found),
            Some(fills) => outline::polygon(self.call, fills, &corners, edges, &mut self.take),
        }
    }

    fn triangle_list(&mut self, run: &[u32]) {
        for t in run.chunks_exact(3) {
            if self.is_alive(t) {
                self.triangle([t[0], t[1], t[2]], self.provoking(0, 2), edge::ALL);
            }
        }
    }

    fn triangle_strip(&mut self, run: &[u32]) {
        for (i, t) in run.windows(3).enumerate() {
            if !self.is_alive(t) {
                continue;
            }
            // Every second triangle of a strip is reversed, so that all have the same winding.
            if i & 1 == 0 {
                self.triangle([t[0], t[1], t[2]], self.provoking(0, 2), edge::ALL);
            } else {
                // The first vertex in the order of the strip is now the second corner.
                self.triangle([t[1], t[0], t[2]], self.provoking(1, 2), edge::ALL);
            }
        }
    }

    /// Assembles triangles that share their first corner. Of a polygon, the edges to that corner
    /// are inside, except the first and the last one.
    fn triangle_fan(&mut self, run: &[u32], outlines_all: bool) {
        let [first, rest @ ..] = run else { return };
        for (i, t) in rest.windows(2).enumerate() {
            if !self.is_alive(&[*first, t[0], t[1]]) {
                continue;
            }
            let mut edges = edge::SECOND;
            if outlines_all || i == 0 {
                edges |= edge::FIRST;
            }
            if outlines_all || i + 2 == rest.len() {
                edges |= edge::THIRD;
            }
            self.triangle([*first, t[0], t[1]], self.provoking(1, 2), edges);
        }
    }

    /// Assembles a quad from its corners in the order of the outline. Its triangles are killed one
    /// by one: the clipper's primitives have three vertices.
    fn quad(&mut self, [a, b, c, d]: [u32; 4]) {
        let halves = [([a, b, c], edge::FIRST | edge::SECOND), ([a, c, d], edge::SECOND | edge::THIRD)];
        for (half, edges) in halves {
            if self.is_alive(&half) {
                self.triangle(half, 0, edges);
            }
        }
    }

    fn rectangle(&mut self, numbers: [u32; 3]) {
        if !self.is_alive(&numbers) {
            return;
        }
        let [a, b, c] = numbers;
        let mut corners = [self.corner(a), self.corner(b), self.corner(c)];
        flatten(self.call, &mut corners, self.provoking(0, 2));
        let (fourth, a, b) = fourth(&corners);
        (self.take)(corners.each_ref(), Facing::Front);
        (self.take)([&corners[a], &fourth, &corners[b]], Facing::Front);
    }

    fn point(&mut self, number: u32) {
        if !self.is_alive(&[number]) {
            return;
        }
        let size = self.vertices.point_sizes.as_ref().map(|sizes| sizes[number as usize] / 2.0);
        let half = size.map_or(self.call.point_size, |half| [half; 2]);
        outline::point(self.call, &self.corner(number), half, Facing::Front, &mut self.take);
    }

    fn lines(&mut self, run: &[u32]) {
        let step = if self.call.primitive == Primitive::LineList { 2 } else { 1 };
        let closing = (self.call.primitive == Primitive::LineLoop && run.len() > 1)
            .then(|| [run[run.len() - 1], run[0]]);
        let lines = run.windows(2).step_by(step).map(|pair| [pair[0], pair[1]]);
        for pair in lines.chain(closing) {
            if !self.is_alive(&pair) {
                continue;
            }
            let mut ends = pair.map(|number| self.corner(number));
            flatten(self.call, &mut ends, self.provoking(0, 1));
            outline::line(self.call, [&ends[0], &ends[1]], Facing::Front, &mut self.take);
        }
    }
}
