//! The level of detail of a fetch, from gradients, biases and the register.

use naga::{BinaryOperator as Op, DerivativeAxis, DerivativeControl, Expression, MathFunction, ScalarKind};
use xenia_gpu::microcode::TextureFetch;

use super::super::builder::Value;
use super::super::{Stage, Translator};
use super::Record;

impl Translator<'_> {
    /// The change of a value to the next pixel along an axis.
    pub(super) fn derivative(&mut self, axis: DerivativeAxis, value: Value) -> Value {
        if !matches!(self.stage, Stage::Pixel { .. }) {
            return self.b.float(0.0);
        }
        self.b.expr(Expression::Derivative { axis, ctrl: DerivativeControl::Coarse, expr: value })
    }

    /// By which the gradient along rows (0) or columns (1) is multiplied.
    fn gradient_factor(&mut self, which: u32, record: &Record) -> Value {
        let (low, mask) = (self.b.uint(8 + 8 * which), self.b.uint(31));
        let exponent = self.b.binary(Op::ShiftRight, record.mirrored, low);
        let exponent = self.b.binary(Op::And, exponent, mask);
        let (bias, place) = (self.b.uint(127 - 16), self.b.uint(23));
        let exponent = self.b.binary(Op::Add, exponent, bias);
        let bits = self.b.binary(Op::ShiftLeft, exponent, place);
        self.b.bitcast(bits, ScalarKind::Float)
    }

    /// The level of detail, with all biases.
    pub(super) fn level_of_detail(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let mut lod = self.b.float(0.0);
        if fetch.computed_lod || fetch.register_gradients {
            let mut lengths = [lod; 2];
            for (i, axis) in [DerivativeAxis::X, DerivativeAxis::Y].into_iter().enumerate() {
                let factor = self.gradient_factor(i as u32, record);
                let gradient = if fetch.register_gradients {
                    let gradient = self.b.load_local(self.gradients[i]);
                    [self.b.member(gradient, 0), self.b.member(gradient, 1)]
                } else {
                    [self.derivative(axis, at[0]), self.derivative(axis, at[1])]
                };
                let mut squares = gradient;
                for (square, size) in squares.iter_mut().zip(record.size) {
                    *square = self.b.binary(Op::Multiply, *square, factor);
                    let texels =
                        if fetch.unnormalized { *square } else { self.b.binary(Op::Multiply, *square, size) };
                    *square = self.b.binary(Op::Multiply, texels, texels);
                }
                lengths[i] = self.b.binary(Op::Add, squares[0], squares[1]);
            }
            let is_first = self.b.binary(Op::GreaterEqual, lengths[0], lengths[1]);
            let longest = self.b.select(is_first, lengths[0], lengths[1]);
            let (zero, half, least) = (self.b.float(0.0), self.b.float(0.5), self.b.float(-16.0));
            let positive = self.b.binary(Op::Greater, longest, zero);
            let level = self.b.math(MathFunction::Log2, longest);
            let level = self.b.binary(Op::Multiply, half, level);
            lod = self.b.select(positive, level, least);
        }
        if fetch.register_lod {
            let register = self.b.load_local(self.lod);
            lod = self.b.binary(Op::Add, lod, register);
        }
        lod = self.b.binary(Op::Add, lod, record.lod_bias);
        let bias = self.b.float(fetch.lod_bias);
        self.b.binary(Op::Add, lod, bias)
    }
}
