//! Integer multiplication, and sums of products, by the AltiVec programming environments manual.
//!
//! Halves of lanes are widened to the lane, which is exact, then multiplied.

use super::super::Lifter;
use super::pack::Narrow;
use super::{Signedness, VectorForm};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

/// A half of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LaneHalf {
    /// The upper half: an element of even number.
    Even,
    /// The lower half: an element of odd number.
    Odd,
}

/// Treatment of the lower bits of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProductRounding {
    Truncated,
    Rounded,
}

impl Lifter<'_> {
    /// A half of each lane of `value`, widened to the lane.
    pub(super) fn half_lanes(&mut self, value: Value, half: LaneHalf, sign: Signedness) -> Value {
        let bits = i64::from(self.b.func.dfg.value_type(value).lane_bits() / 2);
        let value = if half == LaneHalf::Even { value } else { self.b.ins().ishl_imm_s(value, bits) };
        if sign == Signedness::Signed {
            self.b.ins().sshr_imm_s(value, bits)
        } else {
            self.b.ins().ushr_imm_s(value, bits)
        }
    }

    /// Products of the even or odd halves of the lanes of type `ty`.
    pub(crate) fn half_products(&mut self, form: VectorForm, ty: Type, half: LaneHalf, sign: Signedness) {
        let [a, b] = self.operands_as(form, ty);
        let a = self.half_lanes(a, half, sign);
        let b = self.half_lanes(b, half, sign);
        let product = self.b.ins().imul(a, b);
        self.set_vr_as(form.d, product);
    }

    /// The product of the even halfwords in each word, and that of the odd ones.
    fn halfword_products(&mut self, [a, b]: [usize; 2], sign: Signedness) -> [Value; 2] {
        let [a, b] = [a, b].map(|n| self.vr_as_lanes(n, types::I32X4));
        [LaneHalf::Even, LaneHalf::Odd].map(|half| {
            let x = self.half_lanes(a, half, sign);
            let y = self.half_lanes(b, half, sign);
            self.b.ins().imul(x, y)
        })
    }

    /// The sum of both signed halfword products in each word, modulo 2^32.
    fn signed_sums_of_products(&mut self, [a, b]: [usize; 2]) -> Value {
        let [a, b] = [a, b].map(|n| self.vr_as_lanes(n, types::I16X8));
        // The shape that Cranelift makes one instruction of.
        let [x, y] = [a, b].map(|lanes| self.b.ins().swiden_low(lanes));
        let low = self.b.ins().imul(x, y);
        let [x, y] = [a, b].map(|lanes| self.b.ins().swiden_high(lanes));
        let high = self.b.ins().imul(x, y);
        self.b.ins().iadd_pairwise(low, high)
    }

    /// Both halfword products plus vC in each word, modulo 2^32.
    pub(crate) fn sum_of_products(&mut self, d: usize, [a, b, c]: [usize; 3], sign: Signedness) {
        let products = if sign == Signedness::Signed {
            self.signed_sums_of_products([a, b])
        } else {
            let [first, second] = self.halfword_products([a, b], sign);
            self.b.ins().iadd(first, second)
        };
        let c = self.vr_as_lanes(c, types::I32X4);
        let sum = self.b.ins().iadd(products, c);
        self.set_vr_as(d, sum);
    }

    /// Both halfword products plus vC in each word, saturated.
    pub(crate) fn saturated_sum_of_products(&mut self, d: usize, [a, b, c]: [usize; 3], sign: Signedness) {
        let result = if sign == Signedness::Signed {
            let products = self.signed_sums_of_products([a, b]);
            let c = self.vr_as_lanes(c, types::I32X4);
            let sum = self.b.ins().iadd(products, c);
            // Only twice (−2^15)² exceeds a word, by one: 80000000 here is +2^31.
            let excess = self.splat_word(0x8000_0000);
            let excess = self.b.ins().icmp(IntCC::Equal, products, excess);
            let sign = self.b.ins().bxor(products, excess);
            let other = self.b.ins().bxor(c, sum);
            self.cut_words(sum, sign, other)
        } else {
            let [first, second] = self.halfword_products([a, b], sign);
            let products = self.b.ins().iadd(first, second);
            let c = self.vr_as_lanes(c, types::I32X4);
            let sum = self.b.ins().iadd(products, c);
            let first_carry = self.b.ins().icmp(IntCC::UnsignedLessThan, products, first);
            let second_carry = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, c);
            let over = self.b.ins().bor(first_carry, second_carry);
            self.saturated_where(over);
            self.b.ins().bor(sum, over)
        };
        self.set_vr_as(d, result);
    }

    /// The four byte products plus vC in each word, modulo 2^32. vB's bytes are unsigned.
    pub(crate) fn sum_of_byte_products(&mut self, d: usize, [a, b, c]: [usize; 3], sign: Signedness) {
        let [a, b] = [a, b].map(|n| self.vr_as_lanes(n, types::I16X8));
        let mut sum = self.vr_as_lanes(c, types::I32X4);
        for half in [LaneHalf::Even, LaneHalf::Odd] {
            let x = self.half_lanes(a, half, sign);
            let y = self.half_lanes(b, half, Signedness::Unsigned);
            // The product of two bytes fits a halfword.
            let products = self.b.ins().imul(x, y);
            let products = self.cast(products, types::I32X4);
            for half in [LaneHalf::Even, LaneHalf::Odd] {
                let product = self.half_lanes(products, half, sign);
                sum = self.b.ins().iadd(sum, product);
            }
        }
        self.set_vr_as(d, sum);
    }

    /// The upper 17 bits of the halfword products, plus vC, saturated.
    pub(crate) fn high_products(&mut self, d: usize, [a, b, c]: [usize; 3], rounding: ProductRounding) {
        let operands = [a, b, c].map(|n| self.vr_as_lanes(n, types::I16X8));
        let result = match rounding {
            ProductRounding::Truncated => self.truncated_high_products(operands),
            ProductRounding::Rounded => self.rounded_high_products(operands),
        };
        self.set_vr_as(d, result);
    }

    fn truncated_high_products(&mut self, operands: [Value; 3]) -> Value {
        let [low, high] = [false, true].map(|high| {
            let [x, y, z] = operands.map(|value| {
                if high { self.b.ins().swiden_high(value) } else { self.b.ins().swiden_low(value) }
            });
            let product = self.b.ins().imul(x, y);
            let product = self.b.ins().sshr_imm_s(product, 15);
            self.b.ins().iadd(product, z)
        });
        self.narrowed(low, high, Narrow::Signed)
    }

    fn rounded_high_products(&mut self, [a, b, c]: [Value; 3]) -> Value {
        let product = self.b.ins().sqmul_round_sat(a, b);
        // It saturates only for (−2^15)², to one less than 2^15. That one is added after vC, by
        // subtracting −1, the mask of such lanes.
        let least = self.splat_word(0x8000_8000);
        let least = self.cast(least, types::I16X8);
        let [first, second] = [a, b].map(|value| self.b.ins().icmp(IntCC::Equal, value, least));
        let cut = self.b.ins().band(first, second);
        let plain = self.b.ins().iadd(product, c);
        let plain = self.b.ins().isub(plain, cut);
        let result = self.b.ins().sadd_sat(product, c);
        let result = self.b.ins().ssub_sat(result, cut);
        let differ = self.b.ins().bxor(result, plain);
        self.saturated_where(differ);
        result
    }

    /// Halfword products plus vC, modulo 2^16.
    pub(crate) fn low_products(&mut self, d: usize, [a, b, c]: [usize; 3]) {
        let [a, b, c] = [a, b, c].map(|n| self.vr_as_lanes(n, types::I16X8));
        let product = self.b.ins().imul(a, b);
        let result = self.b.ins().iadd(product, c);
        self.set_vr_as(d, result);
    }
}
