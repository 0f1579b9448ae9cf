//! Components of few bits that no filter has mixed: fractions made of their bits twice.

use naga::{BinaryOperator as Op, Block, MathFunction, ScalarKind, Statement};
use xenia_gpu::enums::{Dimension, TextureFilter};
use xenia_gpu::microcode::TextureFetch;

use super::super::Translator;
use super::super::builder::Value;
use super::super::stage_constants::REPEATED_BIT;
use super::Record;

impl Translator<'_> {
    /// Converts stored components of 4 to 7 bits, if all filters of the fetch are points.
    pub(super) fn repeated_fractions(
        &mut self,
        fetch: &TextureFetch,
        stored: Value,
        record: &Record,
    ) -> Value {
        let has_slices = fetch.dimension == Dimension::D3;
        let own = [fetch.mag, fetch.min, fetch.mip];
        if own.contains(&TextureFilter::Linear) || has_slices && fetch.slices.contains(&TextureFilter::Linear)
        {
            return stored;
        }
        let mut filters = self.planes_are_linear(fetch, record).to_vec();
        filters.push(self.has_mip_filter(fetch, TextureFilter::Linear, record));
        if has_slices {
            filters.extend(self.slices_are_linear(fetch, record));
        }
        let mask = self.b.uint(0xfff << REPEATED_BIT);
        let widths = self.b.binary(Op::And, record.swizzle, mask);
        let none = self.b.uint(0);
        let mut condition = self.b.binary(Op::NotEqual, widths, none);
        let no = self.b.boolean(false);
        for filter in filters {
            let is_point = self.b.binary(Op::Equal, filter, no);
            condition = self.b.binary(Op::LogicalAnd, condition, is_point);
        }
        let result = self.b.local("repeated", self.types.vec4);
        self.b.store_local(result, stored);
        self.b.begin();
        let parts = [0, 1, 2, 3].map(|component| self.repeated_fraction(stored, component, record));
        let vector = self.b.compose(self.types.vec4, &parts);
        self.b.store_local(result, vector);
        let accept = self.b.end();
        self.b.statement(Statement::If { condition, accept, reject: Block::new() });
        self.b.load_local(result)
    }

    /// Nearest fraction of one component, if it has a width, as the reference computes it.
    fn repeated_fraction(&mut self, stored: Value, component: u32, record: &Record) -> Value {
        let value = self.b.member(stored, component);
        let shift = self.b.uint(REPEATED_BIT + 3 * component);
        let seven = self.b.uint(7);
        let width = self.b.binary(Op::ShiftRight, record.swizzle, shift);
        let width = self.b.binary(Op::And, width, seven);
        let steps = self.power_of_two(width, Op::Add);
        let step = self.power_of_two(width, Op::Subtract);
        let one = self.b.float(1.0);
        let half = self.b.float(0.5);
        let highest = self.b.binary(Op::Subtract, steps, one);
        let factor = self.b.binary(Op::Add, steps, one);
        let bits = self.b.binary(Op::Multiply, value, highest);
        let bits = self.b.binary(Op::Add, bits, half);
        let bits = self.b.math(MathFunction::Floor, bits);
        let twice = self.b.binary(Op::Multiply, bits, factor);
        let twice = self.b.binary(Op::Multiply, twice, step);
        let twice = self.b.binary(Op::Multiply, twice, step);
        let none = self.b.uint(0);
        let is_repeated = self.b.binary(Op::NotEqual, width, none);
        self.b.select(is_repeated, twice, value)
    }

    /// Two to the power of a number (`Op::Add`) or of its negative (`Op::Subtract`).
    fn power_of_two(&mut self, exponent: Value, sign: Op) -> Value {
        let bias = self.b.uint(127);
        let place = self.b.uint(23);
        let exponent = self.b.binary(sign, bias, exponent);
        // The bits of a float whose mantissa is empty.
        let bits = self.b.binary(Op::ShiftLeft, exponent, place);
        self.b.bitcast(bits, ScalarKind::Float)
    }
}
