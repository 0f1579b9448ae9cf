//! Border fractions: the weight of the border among the texels that a filter mixes.

use naga::{BinaryOperator as Op, SampleLevel};
use xenia_gpu::enums::Dimension;
use xenia_gpu::microcode::TextureFetch;

use super::super::Translator;
use super::super::builder::Value;
use super::super::stage_constants::BORDER_BITS;
use super::{GUARD, Record, limit};

impl Translator<'_> {
    /// Weight of the border among the filtered texels; between two levels, of the finer one.
    pub(super) fn border_fraction(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let texels = self.texel_coordinates(fetch, at, record);
        let level = self.host_level(fetch, at, record);
        let [plane, slice] = self.chosen_are_linear(fetch, level, record);
        let halves = self.half_texel(fetch, SampleLevel::Exact(level), record);
        let are_linear = [plane, plane, slice];
        let axes = if fetch.dimension == Dimension::D3 { 3 } else { 2 };
        let zero = self.b.float(0.0);
        let one = self.b.float(1.0);
        let mut inside = one;
        for axis in 0..axes {
            let beyond = self.weight_beyond(texels[axis], axis, halves[axis], are_linear[axis], record);
            let [point, linear] = BORDER_BITS.map(|bit| self.has_bit(record.swizzle, bit + axis as u32));
            let has_border = self.b.select(plane, linear, point);
            let beyond = self.b.select(has_border, beyond, zero);
            let rest = self.b.binary(Op::Subtract, one, beyond);
            inside = self.b.binary(Op::Multiply, inside, rest);
        }
        self.b.binary(Op::Subtract, one, inside)
    }

    /// Weight of the texels beyond both ends of an axis, of which `half` is half a texel.
    fn weight_beyond(
        &mut self,
        at: Value,
        axis: usize,
        half: Value,
        is_linear: Value,
        record: &Record,
    ) -> Value {
        let zero = self.b.float(0.0);
        let one = self.b.float(1.0);
        // A coordinate on a mirrored edge belongs to the texel that comes after it.
        let guard = self.b.float(GUARD);
        let guard = self.b.select(is_linear, zero, guard);
        let at = self.b.binary(Op::Add, at, guard);
        let at = self.mirrored_once(at, axis as u32, half, record);
        let at = self.kept_half_way(at, axis, is_linear, record);
        let size = record.size[axis];
        let is_below = self.b.binary(Op::Less, at, zero);
        let is_above = self.b.binary(Op::GreaterEqual, at, size);
        let is_outside = self.b.binary(Op::LogicalOr, is_below, is_above);
        let point = self.b.select(is_outside, one, zero);
        let texel = self.b.binary(Op::Add, half, half);
        let below = self.b.binary(Op::Subtract, half, at);
        let end = self.b.binary(Op::Subtract, size, half);
        let above = self.b.binary(Op::Subtract, at, end);
        let [below, above] = [below, above].map(|length| {
            let part = self.b.binary(Op::Divide, length, texel);
            limit(self, part, zero, one)
        });
        let linear = self.b.binary(Op::Add, below, above);
        self.b.select(is_linear, linear, point)
    }
}
