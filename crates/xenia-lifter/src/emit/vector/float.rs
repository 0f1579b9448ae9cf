//! Vector floating-point arithmetic.
//!
//! It runs in MXCSR's vector mode: denormals are zeros if VSCR\[NJ\] is set. The host's instruction
//! decides a lane unless the result is a NaN (the architecture defines which one) or, for
//! operations that round, the smallest normal number (the architecture detects tininess before
//! rounding). Such lanes are computed by `exact_vector` in a cold block.

use super::super::cache::Cr;
use super::super::{HOST, Lifter};
use super::{Signedness, VectorForm};
use crate::hook::Hook;
use crate::host::field;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

/// Lanes that the host may get wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneCheck {
    /// NaNs only: results that do not round.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
}

/// Arithmetic on floats.
impl Lifter<'_> {
    /// The instruction's result from [`crate::float::exact_vector`]. `sources`: the registers
    /// that it reads.
    fn vector_exactly(&mut self, d: usize, sources: &[(usize, Value)]) -> Value {
        let i = self.guest.instruction;
        let ctx = self.context();
        for &(n, value) in sources {
            // The context's value is stale or equal.
            self.b.ins().store(HOST, value, ctx, field::vr(n));
        }
        let word = self.const64(u64::from(i.0));
        self.call_hook(Hook::Vector, &[word]);
        self.b.ins().load(types::I8X16, HOST, ctx, field::vr(d))
    }

    /// Delivers `result`, or the exact one if `bad` is not 0.
    pub(super) fn deliver_unless(&mut self, d: usize, sources: &[usize], bad: Value, result: Value) {
        let sources: Vec<(usize, Value)> = sources.iter().map(|&n| (n, self.vr(n))).collect();
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let value = self.b.append_block_param(done, types::I8X16);
        let inline = self.cast(result, types::I8X16);
        self.b.ins().brif(bad, cold, &[], done, &[inline.into()]);
        self.b.switch_to_block(cold);
        let exact = self.vector_exactly(d, &sources);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        self.set_vr(d, value);
    }

    /// Delivers `result`, an F32X4, or the exact one if it has lanes that the host does not decide.
    pub(super) fn deliver_lanes(&mut self, d: usize, sources: &[usize], check: LaneCheck, result: Value) {
        let mut bad = self.b.ins().fcmp(FloatCC::Unordered, result, result);
        if check == LaneCheck::Tiny {
            // Shifts the sign out.
            let bits = self.cast(result, types::I32X4);
            let twice = self.b.ins().ishl_imm_s(bits, 1);
            let least = self.splat_word(0x0080_0000 << 1);
            let tiny = self.b.ins().icmp(IntCC::Equal, twice, least);
            bad = self.b.ins().bor(bad, tiny);
        }
        let bad = self.b.ins().vany_true(bad);
        self.deliver_unless(d, sources, bad, result);
    }

    pub(crate) fn float2(
        &mut self,
        form: VectorForm,
        check: LaneCheck,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        self.vector_mode();
        let [x, y] = self.operands_as(form, types::F32X4);
        let result = of(self, x, y);
        self.deliver_lanes(form.d, &[form.a, form.b], check, result);
    }

    /// Rounds lanes to integers. The host does it exactly as the architecture requires, and quiets
    /// NaNs.
    pub(crate) fn rounded_lanes(&mut self, d: usize, b: usize, of: impl FnOnce(&mut Self, Value) -> Value) {
        self.vector_mode();
        let value = self.vr_as_lanes(b, types::F32X4);
        let result = of(self, value);
        self.set_vr_as(d, result);
    }

    /// `a × c + b`.
    pub(crate) fn multiply_add_lanes(&mut self, d: usize, registers: [usize; 3]) {
        self.fused_lanes(d, registers, |l, [a, c, b]| l.b.ins().fma(a, c, b));
    }

    /// `−(a × c − b)`.
    pub(crate) fn negative_multiply_subtract_lanes(&mut self, d: usize, registers: [usize; 3]) {
        self.fused_lanes(d, registers, |l, [a, c, b]| {
            let b = l.b.ins().fneg(b);
            let difference = l.b.ins().fma(a, c, b);
            l.b.ins().fneg(difference)
        });
    }

    fn fused_lanes(
        &mut self,
        d: usize,
        [a, c, b]: [usize; 3],
        of: impl FnOnce(&mut Self, [Value; 3]) -> Value,
    ) {
        if !self.config.has_fma {
            let sources = [a, c, b].map(|n| (n, self.vr(n)));
            let result = self.vector_exactly(d, &sources);
            self.set_vr(d, result);
            return;
        }
        self.vector_mode();
        let values = [a, c, b].map(|n| self.vr_as_lanes(n, types::F32X4));
        let result = of(self, values);
        self.deliver_lanes(d, &[a, c, b], LaneCheck::Tiny, result);
    }

    /// Operand `n` as an arithmetic instruction reads it: in vector mode, a product flushes
    /// denormals if NJ is set.
    pub(super) fn operand(&mut self, n: usize) -> Value {
        let value = self.vr_as_lanes(n, types::F32X4);
        let one = self.splat_word(0x3F80_0000);
        let one = self.cast(one, types::F32X4);
        self.b.ins().fmul(value, one)
    }

    /// The operand for which `code` holds, greater or less than the other, in each lane; +0 is
    /// greater than −0.
    pub(crate) fn extreme(&mut self, form: VectorForm, code: FloatCC) {
        self.vector_mode();
        let [fx, fy] = [form.a, form.b].map(|n| self.operand(n));
        let [x, y] = [fx, fy].map(|value| self.cast(value, types::I32X4));
        let first = self.b.ins().fcmp(code, fx, fy);
        let equal = self.b.ins().fcmp(FloatCC::Equal, fx, fy);
        let is_greatest = code == FloatCC::GreaterThan;
        // Equal operands differ at most by the sign of a zero.
        let both = if is_greatest { self.b.ins().band(x, y) } else { self.b.ins().bor(x, y) };
        let unequal = self.b.ins().bitselect(first, x, y);
        let chosen = self.b.ins().bitselect(equal, both, unequal);
        // A NaN operand must make the result a NaN.
        let nan = self.b.ins().fcmp(FloatCC::Unordered, fx, fy);
        let result = self.b.ins().bor(chosen, nan);
        let result = self.cast(result, types::F32X4);
        self.deliver_lanes(form.d, &[form.a, form.b], LaneCheck::Nan, result);
    }

    pub(crate) fn compare_floats_lanes(&mut self, form: VectorForm, code: FloatCC, record: bool) {
        self.vector_mode();
        let [a, b] = self.operands_as(form, types::F32X4);
        let mask = self.b.ins().fcmp(code, a, b);
        self.set_mask(form.d, mask, record);
    }

    /// Converts integers to floats, divided by two to the `scale`.
    pub(crate) fn integers_to_floats(&mut self, d: usize, b: usize, scale: usize, sign: Signedness) {
        self.vector_mode();
        let value = self.vr_as_lanes(b, types::I32X4);
        let value = if sign == Signedness::Signed {
            self.b.ins().fcvt_from_sint(types::F32X4, value)
        } else {
            self.b.ins().fcvt_from_uint(types::F32X4, value)
        };
        let value = if scale == 0 {
            value
        } else {
            let factor = self.splat_word((127 - scale as u32) << 23);
            let factor = self.cast(factor, types::F32X4);
            self.b.ins().fmul(value, factor)
        };
        self.set_vr_as(d, value);
    }

    /// `vcmpbfp`: bit 0 is set if not `a <= b`, bit 1 if not `a >= −b`. CR6's EQ is set if all
    /// lanes are in bounds.
    pub(crate) fn compare_bounds(&mut self, form: VectorForm, record: bool) {
        self.vector_mode();
        let [a, b] = self.operands_as(form, types::F32X4);
        let below = self.b.ins().fcmp(FloatCC::LessThanOrEqual, a, b);
        let negated = self.b.ins().fneg(b);
        let above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, negated);
        let [first, second] = [0x8000_0000, 0x4000_0000].map(|bit| self.splat_word(bit));
        let first = self.b.ins().band_not(first, below);
        let second = self.b.ins().band_not(second, above);
        let result = self.b.ins().bor(first, second);
        if record {
            let any = self.b.ins().vany_true(result);
            let none = self.b.ins().bxor_imm_s(any, 1);
            let bits = self.b.ins().ishl_imm_s(none, 1);
            self.set_cr(6, Cr::Bits(bits));
        }
        self.set_vr_as(form.d, result);
    }

    /// Converts floats times two to the `scale` to integers, truncating and saturating. A NaN gives
    /// 0 and does not set SAT.
    pub(crate) fn floats_to_integers(&mut self, d: usize, b: usize, scale: usize, sign: Signedness) {
        self.vector_mode();
        let value = self.vr_as_lanes(b, types::F32X4);
        let factor = self.splat_word((127 + scale as u32) << 23);
        let factor = self.cast(factor, types::F32X4);
        let value = self.b.ins().fmul(value, factor);
        // The first float that is too large, and the last that is too small.
        let (above, below, below_code) = if sign == Signedness::Signed {
            (0x4F00_0000, 0xCF00_0000, FloatCC::LessThan)
        } else {
            (0x4F80_0000, 0xBF80_0000, FloatCC::LessThanOrEqual)
        };
        let [above, below] = [above, below].map(|limit| {
            let limit = self.splat_word(limit);
            self.cast(limit, types::F32X4)
        });
        let above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, value, above);
        let below = self.b.ins().fcmp(below_code, value, below);
        let over = self.b.ins().bor(above, below);
        self.saturated_where(over);
        let result = if sign == Signedness::Signed {
            self.b.ins().fcvt_to_sint_sat(types::I32X4, value)
        } else {
            self.b.ins().fcvt_to_uint_sat(types::I32X4, value)
        };
        self.set_vr_as(d, result);
    }

    /// The sum of the products of the first `count` elements, 3 or 4, in all elements: `(p0 + p2) +
    /// (p1 + p3)` in double precision.
    pub(crate) fn dot_product(&mut self, form: VectorForm, count: usize) {
        self.vector_mode();
        let [x, y] = self.operands_as(form, types::F32X4);
        let [mut last, first] = [false, true].map(|upper| {
            let [x, y] = [x, y].map(|value| {
                let value = if upper {
                    let bytes = self.cast(value, types::I8X16);
                    let bytes = self.pick_bytes(bytes, bytes, |k| k.wrapping_sub(8) & 15);
                    self.cast(bytes, types::F32X4)
                } else {
                    value
                };
                self.b.ins().fvpromote_low(value)
            });
            // Lane 1 holds the earlier element.
            self.b.ins().fmul(x, y)
        });
        if count == 3 {
            // Adding −0 changes no sum.
            let nothing = self.b.ins().f64const(-0.0);
            last = self.b.ins().insertlane(last, nothing, 0);
        }
        let sums = self.b.ins().fadd(first, last);
        let even = self.b.ins().extractlane(sums, 1);
        let odd = self.b.ins().extractlane(sums, 0);
        let sum = self.b.ins().fadd(even, odd);
        let result = self.b.ins().fdemote(types::F32, sum);
        // The host decides zero, and values between the smallest normal number and infinity.
        let bits = self.b.ins().bitcast(types::I32, MemFlagsData::new(), result);
        let magnitude = self.b.ins().band_imm_s(bits, 0x7FFF_FFFF);
        let above = self.b.ins().iadd_imm_s(magnitude, -0x0080_0001);
        let odd =
            self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, above, 0x7F80_0000 - 0x0080_0001);
        let zero = self.const32(0);
        let not_zero = self.b.ins().icmp(IntCC::NotEqual, magnitude, zero);
        let bad = self.b.ins().band(odd, not_zero);
        let result = self.b.ins().splat(types::F32X4, result);
        self.deliver_unless(form.d, &[form.a, form.b], bad, result);
    }
}
