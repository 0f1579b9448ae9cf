//! Saturating sums and differences, and sums across a register.
//!
//! VSCR\[SAT\] becomes 1 when a result saturates, and stays until `mtvscr` clears it.

use super::super::Lifter;
use super::multiply::LaneHalf;
use super::{Signedness, VectorForm};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

/// A saturating operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// `a + b`.
    Add,
    /// `a − b`.
    Subtract,
}

/// Operations on single lanes.
impl Lifter<'_> {
    /// Saturating sum or difference of vA and vB, with lanes of type `ty`.
    pub(crate) fn saturating(&mut self, form: VectorForm, ty: Type, sum: Sum, sign: Signedness) {
        let [a, b] = self.operands_as(form, ty);
        let result = if ty == types::I32X4 {
            self.saturating_words(a, b, sum, sign)
        } else {
            // The host has these for bytes and halfwords. A lane saturated if it differs from the
            // plain result.
            let (result, plain) = match sum {
                Sum::Add if sign == Signedness::Signed => {
                    (self.b.ins().sadd_sat(a, b), self.b.ins().iadd(a, b))
                }
                Sum::Add => (self.b.ins().uadd_sat(a, b), self.b.ins().iadd(a, b)),
                Sum::Subtract if sign == Signedness::Signed => {
                    (self.b.ins().ssub_sat(a, b), self.b.ins().isub(a, b))
                }
                Sum::Subtract => (self.b.ins().usub_sat(a, b), self.b.ins().isub(a, b)),
            };
            let differ = self.b.ins().bxor(result, plain);
            self.saturated_where(differ);
            result
        };
        self.set_vr_as(form.d, result);
    }

    /// Saturating sum or difference of words, I32X4.
    pub(super) fn saturating_words(&mut self, a: Value, b: Value, sum: Sum, sign: Signedness) -> Value {
        let plain = if sum == Sum::Add { self.b.ins().iadd(a, b) } else { self.b.ins().isub(a, b) };
        if sign == Signedness::Unsigned {
            let over = match sum {
                Sum::Add => self.b.ins().icmp(IntCC::UnsignedLessThan, plain, a),
                Sum::Subtract => self.b.ins().icmp(IntCC::UnsignedLessThan, a, b),
            };
            self.saturated_where(over);
            // The limits are all ones and 0, to which the mask turns a lane.
            return match sum {
                Sum::Add => self.b.ins().bor(plain, over),
                Sum::Subtract => self.b.ins().band_not(plain, over),
            };
        }
        // A sum overflows if its sign differs from both operands', a difference if the operands'
        // signs differ and its sign is not the first one's. The exact value then has the sign of
        // `a`.
        let other = if sum == Sum::Add { self.b.ins().bxor(b, plain) } else { self.b.ins().bxor(a, b) };
        self.cut_words(plain, a, other)
    }

    /// Saturates words whose exact value has the sign of `sign`: `plain` if that has the same sign
    /// or if `other` is not negative, else the limit.
    pub(super) fn cut_words(&mut self, plain: Value, sign: Value, other: Value) -> Value {
        let over = self.b.ins().bxor(sign, plain);
        let over = self.b.ins().band(over, other);
        let over = self.b.ins().sshr_imm_s(over, 31);
        self.saturated_where(over);
        let limit = self.b.ins().sshr_imm_s(sign, 31);
        let greatest = self.splat_word(0x7FFF_FFFF);
        // 7FFF_FFFF for a positive value, 8000_0000 for a negative one.
        let limit = self.b.ins().bxor(limit, greatest);
        self.b.ins().bitselect(over, limit, plain)
    }
}

/// Sums across lanes.
impl Lifter<'_> {
    /// Saturates a sum, an I64, to a signed word. Returns it zero-extended, and whether it
    /// saturated.
    fn cut_sum(&mut self, sum: Value) -> (Value, Value) {
        let [least, greatest] =
            [i64::from(i32::MIN), i64::from(i32::MAX)].map(|limit| self.const64(limit as u64));
        let cut = self.b.ins().smin(sum, greatest);
        let cut = self.b.ins().smax(cut, least);
        let differ = self.b.ins().icmp(IntCC::NotEqual, cut, sum);
        let word = self.b.ins().ireduce(types::I32, cut);
        (self.b.ins().uextend(types::I64, word), differ)
    }

    /// The sum of both signed words of lane `lane` of an I64X2.
    fn sum_of_words(&mut self, value: Value, lane: u8) -> Value {
        let both = self.b.ins().extractlane(value, lane);
        let upper = self.b.ins().sshr_imm_s(both, 32);
        let lower = self.b.ins().ireduce(types::I32, both);
        let lower = self.b.ins().sextend(types::I64, lower);
        self.b.ins().iadd(upper, lower)
    }

    /// The signed word in the lower half of lane `lane` of an I64X2.
    fn lower_word(&mut self, value: Value, lane: u8) -> Value {
        let both = self.b.ins().extractlane(value, lane);
        let word = self.b.ins().ireduce(types::I32, both);
        self.b.ins().sextend(types::I64, word)
    }

    /// The sum of all words of vA and the last of vB, in the last word.
    pub(crate) fn sum_all_words(&mut self, form: VectorForm) {
        let [a, b] = self.operands_as(form, types::I64X2);
        let mut sum = self.lower_word(b, 0);
        for lane in 0..2 {
            let words = self.sum_of_words(a, lane);
            sum = self.b.ins().iadd(sum, words);
        }
        let (word, differ) = self.cut_sum(sum);
        self.saturated_if(differ);
        let zero = self.const64(0);
        let zeros = self.b.ins().splat(types::I64X2, zero);
        let result = self.b.ins().insertlane(zeros, word, 0);
        self.set_vr_as(form.d, result);
    }

    /// For each half: the sum of both words of vA and the last of vB, in the half's last word.
    pub(crate) fn sum_word_pairs(&mut self, form: VectorForm) {
        let [a, b] = self.operands_as(form, types::I64X2);
        let [(low, first), (high, second)] = [0, 1].map(|lane| {
            let words = self.sum_of_words(a, lane);
            let addend = self.lower_word(b, lane);
            let sum = self.b.ins().iadd(words, addend);
            self.cut_sum(sum)
        });
        let any = self.b.ins().bor(first, second);
        self.saturated_if(any);
        let result = self.b.ins().splat(types::I64X2, low);
        let result = self.b.ins().insertlane(result, high, 1);
        self.set_vr_as(form.d, result);
    }

    /// The sum of both halves of each lane; it cannot overflow.
    fn sum_of_halves(&mut self, value: Value, sign: Signedness) -> Value {
        let upper = self.half_lanes(value, LaneHalf::Even, sign);
        let lower = self.half_lanes(value, LaneHalf::Odd, sign);
        self.b.ins().iadd(upper, lower)
    }

    /// For each word: the sum of the bytes (`ty` I8X16) or halfwords of vA and the word of vB.
    pub(crate) fn sum_within_words(&mut self, form: VectorForm, ty: Type, sign: Signedness) {
        let b = self.vr_as_lanes(form.b, types::I32X4);
        let words = if ty == types::I8X16 {
            let pairs = self.vr_as_lanes(form.a, types::I16X8);
            let pairs = self.sum_of_halves(pairs, sign);
            self.cast(pairs, types::I32X4)
        } else {
            self.vr_as_lanes(form.a, types::I32X4)
        };
        let sums = self.sum_of_halves(words, sign);
        let result = self.saturating_words(sums, b, Sum::Add, sign);
        self.set_vr_as(form.d, result);
    }
}
