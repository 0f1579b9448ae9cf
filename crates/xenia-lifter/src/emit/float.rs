//! Lifting of scalar floating-point instructions.
//!
//! In code for FPSCR's default control bits, arithmetic is done by host instructions, rounding to
//! nearest even and without traps. In code for other control bits (`Mode::controlled`) it is done
//! in software, one call per instruction. The sticky exception bits come from MXCSR; FPRF, FR and
//! FI of the last operation are computed lazily, when FPSCR is read (`float_state`). `float_checks`
//! handles the cases that the host's instruction does not decide; conversions to and from integers
//! are in `float_convert`, estimates in `float_estimates`, moves of FPSCR in `float_status`.

use super::cache::Cr;
use super::float_checks::Check;
use super::float_convert::IntegerRounding;
use super::float_registers::{FloatOperand, Nans};
use super::{GUEST, Lifter};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::{Float, Instruction};

/// Doubles of a smaller magnitude fit a doubleword, rounded or truncated.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
/// Numbers of a smaller magnitude fit a word if they are truncated; rounded, they may be 2^31.
const TWO_TO_31: f64 = 2_147_483_648.0;

/// The fused multiply-adds, by signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FusedOp {
    MultiplyAdd,
    MultiplySubtract,
    NegativeMultiplyAdd,
    NegativeMultiplySubtract,
}

impl FusedOp {
    /// Whether the addend is subtracted.
    fn subtracts(self) -> bool {
        matches!(self, Self::MultiplySubtract | Self::NegativeMultiplySubtract)
    }

    /// Whether the result is negated.
    fn negates(self) -> bool {
        matches!(self, Self::NegativeMultiplyAdd | Self::NegativeMultiplySubtract)
    }
}

impl Lifter<'_> {
    pub(super) fn bits(&mut self, value: Value) -> Value {
        self.b.ins().bitcast(types::I64, GUEST, value)
    }

    pub(super) fn number(&mut self, bits: Value) -> Value {
        self.b.ins().bitcast(types::F64, GUEST, bits)
    }

    /// frA op frB.
    fn arithmetic_ab(
        &mut self,
        i: Instruction,
        check: Check,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        self.deliver(i, [Some(i.fa()), Some(i.fb()), None], check, false, |l, [a, b, _]| of(l, a, b));
    }

    /// frA op frB in single precision.
    fn singles_ab(
        &mut self,
        i: Instruction,
        check: Check,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        self.deliver_single(i, [Some(i.fa()), Some(i.fb()), None], check, false, |l, [a, b, _]| of(l, a, b));
    }

    /// ±(frA × frC ± frB).
    fn fused(&mut self, i: Instruction, op: FusedOp) {
        let operands = [Some(i.fa()), Some(i.fb()), Some(i.fc())];
        if self.config.has_fma {
            self.deliver(i, operands, Check::Tiny, op.negates(), |l, values| l.multiply_add(op, values));
        } else {
            self.deliver_from_software(i, operands);
        }
    }

    /// ±(frA × frC ± frB) in single precision.
    fn fused_single(&mut self, i: Instruction, op: FusedOp) {
        let operands = [Some(i.fa()), Some(i.fb()), Some(i.fc())];
        if self.config.has_fma {
            self.deliver_single(i, operands, Check::Tiny, op.negates(), |l, values| {
                l.multiply_add(op, values)
            });
        } else {
            self.deliver_from_software(i, operands);
        }
    }

    /// frA × frC ± frB, before a negation.
    fn multiply_add(&mut self, op: FusedOp, [a, b, c]: [Value; 3]) -> Value {
        let addend = if op.subtracts() { self.b.ins().fneg(b) } else { b };
        self.b.ins().fma(a, c, addend)
    }

    fn compare_floats(&mut self, i: Instruction) {
        self.scalar_mode();
        let known_a = self.known_single(i.fa());
        let known_b = self.known_single(i.fb());
        let (operands, a, b) = if let (Some((a, _)), Some((b, _))) = (known_a, known_b) {
            ([FloatOperand::Single(a), FloatOperand::Single(b)], a, b)
        } else {
            let (exact_a, a) = self.float_operand(i.fa());
            let (exact_b, b) = self.float_operand(i.fb());
            ([exact_a, exact_b], a, b)
        };
        let unordered = self.b.ins().fcmp(FloatCC::Unordered, a, b);
        let [cold, fine, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let bits = self.b.append_block_param(done, types::I8);
        self.b.ins().brif(unordered, cold, &[], fine, &[]);
        self.b.switch_to_block(cold);
        let nibble = self.software(i, [Some(operands[0]), Some(operands[1]), None], types::I8);
        self.b.ins().jump(done, &[nibble.into()]);
        self.b.switch_to_block(fine);
        let less = self.b.ins().fcmp(FloatCC::LessThan, a, b);
        let greater = self.b.ins().fcmp(FloatCC::GreaterThan, a, b);
        let [eight, four, two] = [8, 4, 2].map(|n| self.b.ins().iconst(types::I32, n));
        let nibble = self.b.ins().select(greater, four, two);
        let nibble = self.b.ins().select(less, eight, nibble);
        let nibble = self.b.ins().ireduce(types::I8, nibble);
        self.b.ins().jump(done, &[nibble.into()]);
        self.b.switch_to_block(done);
        self.set_cr(i.crfd(), Cr::Float { a, b, bits });
        self.pending().compared = Some(bits);
    }

    fn move_float(&mut self, i: Instruction, of: impl FnOnce(&mut Self, Value) -> Value) {
        if let Some((single, nans)) = self.known_single(i.fb()) {
            let result = of(self, single);
            self.set_single(i.fd(), result, nans);
        } else {
            let b = self.fpr(i.fb());
            let result = of(self, b);
            self.set_fpr(i.fd(), result);
        }
        self.record_status(i);
    }
}

impl Float for Lifter<'_> {
    fn fabsx(&mut self, i: Instruction) {
        self.move_float(i, |l, b| l.b.ins().fabs(b));
    }

    fn fmrx(&mut self, i: Instruction) {
        self.move_fpr(i.fd(), i.fb());
        self.record_status(i);
    }

    fn fnegx(&mut self, i: Instruction) {
        self.move_float(i, |l, b| l.b.ins().fneg(b));
    }

    fn fnabsx(&mut self, i: Instruction) {
        self.move_float(i, |l, b| {
            let magnitude = l.b.ins().fabs(b);
            l.b.ins().fneg(magnitude)
        });
    }

    fn faddx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Nan, |l, a, b| l.b.ins().fadd(a, b));
    }

    fn faddsx(&mut self, i: Instruction) {
        self.singles_ab(i, Check::Nan, |l, a, b| l.b.ins().fadd(a, b));
    }

    fn fsubx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Nan, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn fsubsx(&mut self, i: Instruction) {
        self.singles_ab(i, Check::Nan, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn fdivx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Tiny, |l, a, b| l.b.ins().fdiv(a, b));
    }

    fn fdivsx(&mut self, i: Instruction) {
        self.singles_ab(i, Check::Tiny, |l, a, b| l.b.ins().fdiv(a, b));
    }

    fn fmulx(&mut self, i: Instruction) {
        let operands = [Some(i.fa()), None, Some(i.fc())];
        self.deliver(i, operands, Check::Tiny, false, |l, [a, _, c]| l.b.ins().fmul(a, c));
    }

    fn fmulsx(&mut self, i: Instruction) {
        let operands = [Some(i.fa()), None, Some(i.fc())];
        self.deliver_single(i, operands, Check::Tiny, false, |l, [a, _, c]| l.b.ins().fmul(a, c));
    }

    fn fmaddx(&mut self, i: Instruction) {
        self.fused(i, FusedOp::MultiplyAdd);
    }

    fn fmaddsx(&mut self, i: Instruction) {
        self.fused_single(i, FusedOp::MultiplyAdd);
    }

    fn fmsubx(&mut self, i: Instruction) {
        self.fused(i, FusedOp::MultiplySubtract);
    }

    fn fmsubsx(&mut self, i: Instruction) {
        self.fused_single(i, FusedOp::MultiplySubtract);
    }

    fn fnmaddx(&mut self, i: Instruction) {
        self.fused(i, FusedOp::NegativeMultiplyAdd);
    }

    fn fnmaddsx(&mut self, i: Instruction) {
        self.fused_single(i, FusedOp::NegativeMultiplyAdd);
    }

    fn fnmsubx(&mut self, i: Instruction) {
        self.fused(i, FusedOp::NegativeMultiplySubtract);
    }

    fn fnmsubsx(&mut self, i: Instruction) {
        self.fused_single(i, FusedOp::NegativeMultiplySubtract);
    }

    fn fsqrtx(&mut self, i: Instruction) {
        self.deliver(i, [None, Some(i.fb()), None], Check::Nan, false, |l, [_, b, _]| l.b.ins().sqrt(b));
    }

    fn fsqrtsx(&mut self, i: Instruction) {
        self.deliver_single(i, [None, Some(i.fb()), None], Check::Nan, false, |l, [_, b, _]| {
            l.b.ins().sqrt(b)
        });
    }

    fn frspx(&mut self, i: Instruction) {
        self.round_to_single(i);
    }

    fn fcfidx(&mut self, i: Instruction) {
        self.integer_to_float(i);
    }

    fn fcmpo(&mut self, i: Instruction) {
        self.compare_floats(i);
    }

    fn fcmpu(&mut self, i: Instruction) {
        self.compare_floats(i);
    }

    fn fctidx(&mut self, i: Instruction) {
        self.float_to_integer(i, TWO_TO_63, IntegerRounding::Nearest);
    }

    fn fctidzx(&mut self, i: Instruction) {
        self.float_to_integer(i, TWO_TO_63, IntegerRounding::TowardZero);
    }

    fn fctiwx(&mut self, i: Instruction) {
        self.float_to_integer(i, TWO_TO_31 - 1.0, IntegerRounding::Nearest);
    }

    fn fctiwzx(&mut self, i: Instruction) {
        self.float_to_integer(i, TWO_TO_31, IntegerRounding::TowardZero);
    }

    fn fresx(&mut self, i: Instruction) {
        self.reciprocal_estimate(i);
    }

    fn frsqrtex(&mut self, i: Instruction) {
        self.root_estimate(i);
    }

    fn fselx(&mut self, i: Instruction) {
        self.scalar_mode();
        // Minus zero counts as zero; a NaN selects frB.
        let chosen = if let Some((a, _)) = self.known_single(i.fa()) {
            let zero = self.b.ins().f32const(0.0);
            self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, zero)
        } else {
            let a = self.fpr(i.fa());
            let zero = self.b.ins().f64const(0.0);
            self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, zero)
        };
        let known = (self.known_single(i.fb()), self.known_single(i.fc()));
        if let (Some((b, of_b)), Some((c, of_c))) = known {
            let result = self.b.ins().select(chosen, c, b);
            let nans = if of_b == of_c { of_b } else { Nans::Any };
            self.set_single(i.fd(), result, nans);
        } else {
            let b = self.fpr(i.fb());
            let c = self.fpr(i.fc());
            let result = self.b.ins().select(chosen, c, b);
            self.set_fpr(i.fd(), result);
        }
        self.record_status(i);
    }

    fn mcrfs(&mut self, i: Instruction) {
        self.move_status_field(i);
    }

    fn mffsx(&mut self, i: Instruction) {
        let status = self.exact_status();
        let result = self.number(status);
        self.set_fpr(i.fd(), result);
        self.record_status(i);
    }

    fn mtfsb0x(&mut self, i: Instruction) {
        self.clear_status_bit(i);
    }

    fn mtfsb1x(&mut self, i: Instruction) {
        self.set_status_bit(i);
    }

    fn mtfsfx(&mut self, i: Instruction) {
        let source = self.fpr(i.fb());
        let source = self.bits(source);
        let source = self.b.ins().ireduce(types::I32, source);
        self.set_status_fields(i, i.fm(), source);
    }

    fn mtfsfix(&mut self, i: Instruction) {
        // In all eight fields, of which the mask selects one, as `mtfsf` does.
        let digits = (i.fpscr_imm() as u32).wrapping_mul(0x1111_1111);
        let source = self.const32(digits);
        self.set_status_fields(i, 0x80 >> i.crfd(), source);
    }
}
