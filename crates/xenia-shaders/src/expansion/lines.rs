//! Expansion of lines, which get their width on the screen once they are clipped.

use naga::{BinaryOperator as Op, Function, Handle, MathFunction, UnaryOperator};
use xenia_gpu::geometry::MIN_W;
use xenia_gpu::microcode::Program;

use super::super::builder::{Builder, Value};
use super::super::{Interpolators, Translator, host_rows};
use super::{Place, VertexResult, corners, is_in_set, with_sign};

/// Cut of a line at a plane.
struct Cut {
    /// Where the plane lies between the ends that the planes before it have left, from 0 to 1.
    at: Value,
    /// Whether the first and the second end lie outside.
    are_outside: [Value; 2],
}

/// Part of a line that is not clipped.
struct Segment {
    /// Ends in the guest's homogeneous clip space.
    ends: [[Value; 4]; 2],
    /// Cuts in the order of the planes.
    cuts: Vec<Cut>,
    is_cut: Value,
    is_gone: Value,
}

impl Cut {
    /// Values at the ends after the cut; `at` has their type.
    fn apply(&self, b: &mut Builder, [first, second]: [Value; 2], at: Value) -> [Value; 2] {
        let cut = interpolated(b, first, second, at);
        let [lacks_first, lacks_second] = self.are_outside;
        [b.select(lacks_first, cut, first), b.select(lacks_second, cut, second)]
    }
}

/// Value between two others of the same type.
fn interpolated(b: &mut Builder, from: Value, to: Value, part: Value) -> Value {
    let difference = b.binary(Op::Subtract, to, from);
    let change = b.binary(Op::Multiply, difference, part);
    b.binary(Op::Add, from, change)
}

impl Translator<'_> {
    /// Clips a line to the half-space in front of the eye, and to the depth range if depth is
    /// clipped. The ends are in the guest's homogeneous clip space.
    fn segment(&self, b: &mut Builder, ends: [[Value; 4]; 2]) -> Segment {
        let [zero, one, least] = [0.0, 1.0, MIN_W].map(|value| b.float(value));
        let from_zero = self.has_form(b, host_rows::DIRECT3D_DEPTH);
        let clips = self.has_option(b, host_rows::CLIPS_DEPTH);
        let no = b.boolean(false);
        let mut segment = Segment { ends, cuts: Vec::new(), is_cut: no, is_gone: no };
        for plane in 0..3 {
            let [first, second] = segment.ends.map(|[_, _, z, w]| match plane {
                0 => b.binary(Op::Subtract, w, least),
                1 => {
                    let from_minus_w = b.binary(Op::Add, z, w);
                    let near = b.select(from_zero, z, from_minus_w);
                    b.select(clips, near, one)
                }
                _ => {
                    let far = b.binary(Op::Subtract, w, z);
                    b.select(clips, far, one)
                }
            });
            let are_outside = [first, second].map(|distance| {
                let is_inside = b.binary(Op::GreaterEqual, distance, zero);
                b.unary(UnaryOperator::LogicalNot, is_inside)
            });
            let apart = b.binary(Op::Subtract, first, second);
            let cut = Cut { at: b.binary(Op::Divide, first, apart), are_outside };
            let [from, to] = segment.ends;
            for i in 0..4_usize {
                let [first, second] = cut.apply(b, [from[i], to[i]], cut.at);
                segment.ends[0][i] = first;
                segment.ends[1][i] = second;
            }
            let [lacks_first, lacks_second] = are_outside;
            let is_cut = b.binary(Op::LogicalOr, lacks_first, lacks_second);
            segment.is_cut = b.binary(Op::LogicalOr, segment.is_cut, is_cut);
            let is_gone = b.binary(Op::LogicalAnd, lacks_first, lacks_second);
            segment.is_gone = b.binary(Op::LogicalOr, segment.is_gone, is_gone);
            segment.cuts.push(cut);
        }
        segment
    }

    /// Converts a homogeneous position to the form that the program exports.
    fn exported_form(&self, b: &mut Builder, [x, y, z, w]: [Value; 4]) -> Value {
        let one = b.float(1.0);
        let [is_inverted, is_xy_divided, is_z_divided] =
            [host_rows::W_INVERTED, host_rows::XY_DIVIDED, host_rows::Z_DIVIDED]
                .map(|flag| self.has_form(b, flag));
        let [x, y, z] =
            [(x, is_xy_divided), (y, is_xy_divided), (z, is_z_divided)].map(|(at, is_divided)| {
                let divided = b.binary(Op::Divide, at, w);
                b.select(is_divided, divided, at)
            });
        let inverse = b.binary(Op::Divide, one, w);
        let w = b.select(is_inverted, inverse, w);
        b.compose(self.types.vec4, &[x, y, z, w])
    }

    /// Corner of a line, whose width extends along its minor axis on the screen. The part behind
    /// the eye is clipped: there, positions on the screen do not exist.
    pub(super) fn line(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        number: Value,
        interpolators: Interpolators,
    ) -> VertexResult {
        let Place { primitive, corner } = Place::of(b, number);
        let exports = self.vertices(b, shader, primitive, 2, interpolators);
        let this = &*self;
        let numbers = [0, 1].map(|number| b.uint(number));
        let ends = numbers.map(|vertex| exports.value_of(this, b, Program::POSITION, vertex));
        let [from, to] = ends.map(|end| this.homogeneous(b, end).0);
        let segment = this.segment(b, [from, to]);
        let positions = [0, 1].map(|end: usize| {
            let cut = this.exported_form(b, segment.ends[end]);
            b.select(segment.is_cut, cut, ends[end])
        });
        let [half, _, scale_x, scale_y] = this.float_row(b, host_rows::SIZE_ROW);
        let places = positions.map(|position| {
            let w = this.screen_w(b, position);
            [(0, scale_x), (1, scale_y)].map(|(axis, scale)| {
                let at = b.member(position, axis);
                let at = b.binary(Op::Divide, at, w);
                b.binary(Op::Multiply, at, scale)
            })
        });
        let [width, height] = [0, 1].map(|axis: usize| {
            let side = b.binary(Op::Subtract, places[1][axis], places[0][axis]);
            b.math(MathFunction::Abs, side)
        });
        let zero = b.float(0.0);
        let is_flat = b.binary(Op::GreaterEqual, width, height);
        let [is_second, is_larger] = [corners::SECOND, corners::LARGER].map(|set| is_in_set(b, set, corner));
        let by = [(zero, half), (half, zero)].map(|(if_flat, otherwise)| {
            let by = b.select(is_flat, if_flat, otherwise);
            with_sign(b, by, is_larger)
        });
        let by_end = |b: &mut Builder, [first, second]: [Value; 2]| b.select(is_second, second, first);
        let position = by_end(b, positions);
        let position = this.moved(b, position, by);
        let is_last = this.has_option(b, host_rows::PROVOKING_LAST);
        let provoking = b.select(is_last, numbers[1], numbers[0]);
        let value = |b: &mut Builder, export: u8| {
            let mut values = numbers.map(|vertex| exports.value_of(this, b, export, vertex));
            for cut in &segment.cuts {
                let at = b.splat(cut.at);
                values = cut.apply(b, values, at);
            }
            by_end(b, values)
        };
        let interpolators = this.passed(b, &exports, interpolators, provoking, value);
        VertexResult { position, interpolators, is_gone: Some(segment.is_gone) }
    }
}
