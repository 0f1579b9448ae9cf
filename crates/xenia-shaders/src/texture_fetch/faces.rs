//! Gradients across the faces of cube maps, as the reference has them: those of the direction,
//! projected onto a pixel's own face.

use naga::{BinaryOperator as Op, MathFunction, UnaryOperator};
use xenia_gpu::microcode::TextureFetch;

use super::super::Translator;
use super::super::builder::Value;
use super::limit;

/// Position on the cube that extends from -1 to 1 along each axis.
struct FacePoint {
    /// Whether the face is across the first axis.
    is_x: Value,
    /// Whether it is across the first or second axis.
    is_xy: Value,
    /// Side of the cube: 1 or -1.
    sign: Value,
    /// Coordinates on the face.
    s: Value,
    t: Value,
}

impl Translator<'_> {
    /// Gradient of the coordinates on a face along rows (0) or columns (1). A gradient set by the
    /// program is that of the direction.
    pub(super) fn face_gradient(&mut self, fetch: &TextureFetch, at: [Value; 3], which: usize) -> [Value; 3] {
        let point = self.face_point(at);
        let direction = self.direction(&point);
        let change = self.coordinate_gradient(fetch, direction, which);
        self.projected(&point, change)
    }

    fn face_point(&mut self, [s, t, face]: [Value; 3]) -> FacePoint {
        let [zero, half, one, two, three, four, five] =
            [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0].map(|value| self.b.float(value));
        let [s, t] = [s, t].map(|at| {
            // The cube instruction's coordinates go from 1 to 2.
            let at = self.b.binary(Op::Multiply, at, two);
            self.b.binary(Op::Subtract, at, three)
        });
        let face = self.b.math(MathFunction::Floor, face);
        let face = limit(self, face, zero, five);
        let axis = self.b.binary(Op::Multiply, face, half);
        let axis = self.b.math(MathFunction::Floor, axis);
        // Of the two faces across an axis the even one is on its positive side.
        let even = self.b.binary(Op::Multiply, axis, two);
        let is_positive = self.b.binary(Op::Equal, face, even);
        let minus = self.b.float(-1.0);
        let sign = self.b.select(is_positive, one, minus);
        let is_x = self.b.binary(Op::Less, face, two);
        let is_xy = self.b.binary(Op::Less, face, four);
        FacePoint { is_x, is_xy, sign, s, t }
    }

    /// Selects the value for the axis that a face is across.
    fn by_axis(&mut self, point: &FacePoint, [x, y, z]: [Value; 3]) -> Value {
        let yz = self.b.select(point.is_xy, y, z);
        self.b.select(point.is_x, x, yz)
    }

    /// A value on the positive face, its opposite on the other one.
    fn signed(&mut self, point: &FacePoint, value: Value) -> Value {
        self.b.binary(Op::Multiply, point.sign, value)
    }

    fn negated(&mut self, value: Value) -> Value {
        self.b.unary(UnaryOperator::Negate, value)
    }

    /// Direction from the centre.
    fn direction(&mut self, point: &FacePoint) -> [Value; 3] {
        let signed_s = self.signed(point, point.s);
        let signed_t = self.signed(point, point.t);
        let minus_signed_s = self.negated(signed_s);
        let minus_t = self.negated(point.t);
        [
            self.by_axis(point, [point.sign, point.s, signed_s]),
            self.by_axis(point, [minus_t, point.sign, minus_t]),
            self.by_axis(point, [minus_signed_s, signed_t, point.sign]),
        ]
    }

    /// Change of the coordinates, from 1 to 2, when the direction changes.
    fn projected(&mut self, point: &FacePoint, [x, y, z]: [Value; 3]) -> [Value; 3] {
        let signed_x = self.signed(point, x);
        let signed_z = self.signed(point, z);
        let minus_signed_z = self.negated(signed_z);
        let minus_y = self.negated(y);
        let s = self.by_axis(point, [minus_signed_z, x, signed_x]);
        let t = self.by_axis(point, [minus_y, signed_z, minus_y]);
        let major = self.by_axis(point, [x, y, z]);
        let major = self.signed(point, major);
        let half = self.b.float(0.5);
        let [s, t] = [(s, point.s), (t, point.t)].map(|(change, at)| {
            let along = self.b.binary(Op::Multiply, at, major);
            let change = self.b.binary(Op::Subtract, change, along);
            self.b.binary(Op::Multiply, change, half)
        });
        [s, t, self.b.float(0.0)]
    }
}
