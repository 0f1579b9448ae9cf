//! Level of detail of a fetch, from gradients, biases and the register; or the gradients
//! themselves.

use naga::{
    BinaryOperator as Op, DerivativeAxis, DerivativeControl, Expression, MathFunction, SampleLevel,
    ScalarKind,
};
use xenia_gpu::enums::{Anisotropy, Dimension};
use xenia_gpu::microcode::TextureFetch;

use super::super::builder::Value;
use super::super::stage_constants::GRADIENT_BITS;
use super::super::{Stage, Translator};
use super::{Record, limit};

impl Translator<'_> {
    /// Derivative of a value along an axis of the image: of each row and column of a quad, like the
    /// reference's. Coarse ones differ between hosts.
    pub(super) fn derivative(&mut self, axis: DerivativeAxis, value: Value) -> Value {
        if !matches!(self.stage, Stage::Pixel { .. }) {
            return self.b.float(0.0);
        }
        self.b.expr(Expression::Derivative { axis, ctrl: DerivativeControl::Fine, expr: value })
    }

    /// Factor of the gradient along rows (0) or columns (1).
    fn gradient_factor(&mut self, which: usize, record: &Record) -> Value {
        let low = self.b.uint(GRADIENT_BITS[which]);
        let mask = self.b.uint(31);
        let exponent = self.b.binary(Op::ShiftRight, record.flags, low);
        let exponent = self.b.binary(Op::And, exponent, mask);
        // The record has the exponent with 16 added.
        let bias = self.b.uint(127 - 16);
        let place = self.b.uint(23);
        let exponent = self.b.binary(Op::Add, exponent, bias);
        let bits = self.b.binary(Op::ShiftLeft, exponent, place);
        self.b.bitcast(bits, ScalarKind::Float)
    }

    /// Gradient of coordinates along rows (0) or columns (1), or the one that the program has set.
    pub(super) fn coordinate_gradient(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        which: usize,
    ) -> [Value; 3] {
        if fetch.register_gradients {
            let gradient = self.b.load_local(self.gradients[which]);
            return [0, 1, 2].map(|axis| self.b.member(gradient, axis));
        }
        let axis = [DerivativeAxis::X, DerivativeAxis::Y][which];
        at.map(|at| self.derivative(axis, at))
    }

    /// Gradient along rows (0) or columns (1), in texels, slices or layers.
    pub(super) fn scaled_gradient(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        record: &Record,
        which: usize,
    ) -> [Value; 3] {
        let factor = self.gradient_factor(which, record);
        let mut gradient = match fetch.dimension {
            Dimension::Cube => self.face_gradient(fetch, at, which),
            _ => self.coordinate_gradient(fetch, at, which),
        };
        for (axis, change) in gradient.iter_mut().enumerate() {
            *change = self.b.binary(Op::Multiply, *change, factor);
            if let Some(texels) = self.texels_per_unit(fetch, axis, record) {
                *change = self.b.binary(Op::Multiply, *change, texels);
            }
        }
        gradient
    }

    /// Gradient along rows (0) or columns (1) that the level of detail follows, in texels.
    fn texel_gradient(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        record: &Record,
        which: usize,
    ) -> [Value; 3] {
        let mut gradient = self.scaled_gradient(fetch, at, record, which);
        // Only volumes have a third axis: levels have all layers and faces.
        let zero = self.b.float(0.0);
        if fetch.dimension == Dimension::D3 {
            let none = self.b.uint(0);
            let is_volume = self.b.binary(Op::NotEqual, record.is_volume, none);
            gradient[2] = self.b.select(is_volume, gradient[2], zero);
        } else {
            gradient[2] = zero;
        }
        if fetch.dimension == Dimension::D1 {
            gradient[1] = zero;
        }
        gradient
    }

    /// Level of detail with all biases.
    pub(super) fn level_of_detail(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let lod = self.unbiased_level(fetch, at, record);
        self.biased(lod, fetch, record)
    }

    /// Level of detail that follows the gradients.
    pub(super) fn unbiased_level(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let mut lod = self.b.float(0.0);
        if fetch.computed_lod || fetch.register_gradients {
            let lengths = [0, 1].map(|which| {
                let gradient = self.texel_gradient(fetch, at, record, which);
                let squares = gradient.map(|texels| self.b.binary(Op::Multiply, texels, texels));
                let plane = self.b.binary(Op::Add, squares[0], squares[1]);
                self.b.binary(Op::Add, plane, squares[2])
            });
            let is_first = self.b.binary(Op::GreaterEqual, lengths[0], lengths[1]);
            let longest = self.b.select(is_first, lengths[0], lengths[1]);
            let zero = self.b.float(0.0);
            let half = self.b.float(0.5);
            let least = self.b.float(-16.0);
            let positive = self.b.binary(Op::Greater, longest, zero);
            let level = self.b.math(MathFunction::Log2, longest);
            // Half, as the lengths are squared.
            let level = self.b.binary(Op::Multiply, half, level);
            lod = self.b.select(positive, level, least);
        }
        lod
    }

    /// Adds all biases to a level of detail.
    fn biased(&mut self, mut lod: Value, fetch: &TextureFetch, record: &Record) -> Value {
        if fetch.register_lod {
            let register = self.b.load_local(self.lod);
            lod = self.b.binary(Op::Add, lod, register);
        }
        lod = self.b.binary(Op::Add, lod, record.lod_bias);
        let bias = self.b.float(fetch.lod_bias);
        self.b.binary(Op::Add, lod, bias)
    }

    /// Whether the host gets gradients instead of a level of detail, for anisotropic filtering.
    pub(super) fn is_anisotropic(&self, fetch: &TextureFetch) -> bool {
        let Stage::Pixel { anisotropic, .. } = self.stage else { return false };
        let has_gradients = fetch.computed_lod || fetch.register_gradients;
        fetch.dimension == Dimension::D2
            && has_gradients
            && match fetch.anisotropy {
                Anisotropy::UseFetchConstant => anisotropic >> (fetch.constant & 31) & 1 != 0,
                own => own.most() > 1,
            }
    }

    /// Gradients of the host's coordinates, scaled by all biases. `texels` are the fetch's
    /// coordinates.
    pub(super) fn host_gradients(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        texels: [Value; 3],
        record: &Record,
    ) -> SampleLevel {
        let zero = self.b.float(0.0);
        let bias = self.biased(zero, fetch, record);
        let least = self.b.float(-16.0);
        let most = self.b.float(16.0);
        let bias = limit(self, bias, least, most);
        let factor = self.b.math(MathFunction::Exp2, bias);
        let [x, y] = [0, 1].map(|which| {
            let [u, v, _] = self.texel_gradient(fetch, at, record, which);
            let mut gradient = [u, v];
            for (axis, change) in gradient.iter_mut().enumerate() {
                let scaled = self.b.binary(Op::Multiply, *change, factor);
                let scaled = self.b.binary(Op::Divide, scaled, record.size[axis]);
                // Beyond the mirror the direction is reversed.
                let is_mirrored = self.has_bit(record.flags, axis as u32);
                let is_beyond = self.b.binary(Op::Less, texels[axis], zero);
                let is_backwards = self.b.binary(Op::LogicalAnd, is_mirrored, is_beyond);
                let back = self.b.binary(Op::Subtract, zero, scaled);
                *change = self.b.select(is_backwards, back, scaled);
            }
            self.b.compose(self.types.vec2, &gradient)
        });
        SampleLevel::Gradient { x, y }
    }
}
