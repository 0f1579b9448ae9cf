//! Floating point.
//!
//! Arithmetic is done by host instructions, nearest even and without traps; a block that meets other
//! control bits in FPSCR leaves the rest of itself to the interpreter. Sticky bits come from MXCSR, and
//! FPRF, FR and FI of the last operation are worked out when somebody looks (`float_state`).
//!
//! The host's instruction decides a case unless
//! - the result is a NaN: which one, and the VX* bits, are the architecture's own;
//! - it is the smallest normal number: the host judges tininess after rounding, the architecture before;
//! - for singles, the double result is small enough to be tiny as a single, or lies midway between two singles
//!   (rounding it again could go the wrong way).
//!
//! Those go to the interpreter, one instruction at a time (`Lifter::exactly`); they are rare.

use super::cache::{Cr, Pending};
use super::{GUEST, HOST, Lifter};
use crate::host::Word;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::mem::offset_of;
use xenia_cpu::PpcContext;
use xenia_isa::{Float, Instruction};

/// FPSCR's enables, NI and RN.
const CONTROL: i64 = 0xFF;
/// FEX and VX.
const SUMMARIES: u32 = 0x6000_0000;
/// The summaries, and the bit that does not exist.
const UNWRITTEN: u32 = SUMMARIES | 1 << 11;
/// Every VX* bit.
const INVALID: i64 = 0x01F8_0700;
const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
const SMALLEST_NORMAL_SINGLE: u64 = 0x3810_0000_0000_0000;

/// Which results of an operation the host may not decide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// NaNs: sums of doubles are exact where they are tiny.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
    /// The double result of a single-precision operation.
    Single,
}

impl Lifter<'_> {
    /// Before arithmetic: MXCSR and FPSCR are as inline code needs them. False: the instruction has been
    /// dealt with.
    fn plain_float(&mut self, i: Instruction) -> bool {
        if i.rc() {
            // CR1 needs all of FPSCR now.
            self.call_interpreter();
            return false;
        }
        self.scalar_mode();
        if !self.plain_float {
            self.plain_float = true;
            let ctx = self.ctx;
            let fpscr = self.b.ins().load(types::I32, HOST, ctx, offset_of!(PpcContext, fpscr) as i32);
            let control = self.b.ins().band_imm_s(fpscr, CONTROL);
            self.leave_if(control);
        }
        true
    }

    /// FPSCR, exact as of here, zero-extended.
    fn exact_status(&mut self) -> Value {
        self.flush();
        let ctx = self.ctx;
        let hook = self.b.ins().load(types::I64, HOST, ctx, Word::HookStatus.offset());
        let call = self.b.ins().call_indirect(self.signatures.interpret, hook, &[ctx]);
        self.b.inst_results(call)[0]
    }

    /// `status` with VX and FEX as its other bits say.
    fn summarized(&mut self, status: Value) -> Value {
        let status = self.b.ins().band_imm_s(status, !i64::from(SUMMARIES));
        let invalid = self.b.ins().band_imm_s(status, INVALID);
        let invalid = self.b.ins().icmp_imm_s(IntCC::NotEqual, invalid, 0);
        let invalid = self.b.ins().uextend(types::I32, invalid);
        let invalid = self.b.ins().ishl_imm_s(invalid, 29);
        let status = self.b.ins().bor(status, invalid);
        // VX, OX, UX, ZX and XX lie 22 bits above their enables.
        let raised = self.b.ins().ushr_imm_s(status, 22);
        let enabled = self.b.ins().band(status, raised);
        let enabled = self.b.ins().band_imm_s(enabled, 0xF8);
        let enabled = self.b.ins().icmp_imm_s(IntCC::NotEqual, enabled, 0);
        let enabled = self.b.ins().uextend(types::I32, enabled);
        let enabled = self.b.ins().ishl_imm_s(enabled, 30);
        self.b.ins().bor(status, enabled)
    }

    fn bits(&mut self, value: Value) -> Value {
        self.b.ins().bitcast(types::I64, GUEST, value)
    }

    fn number(&mut self, bits: Value) -> Value {
        self.b.ins().bitcast(types::F64, GUEST, bits)
    }

    /// The instruction's exact result, by the interpreter, from a cold block.
    fn exactly(&mut self, i: Instruction, operands: [Option<Value>; 3]) -> Value {
        let mut word = u64::from(i.0);
        let zero = self.const64(0);
        let mut values = [zero; 3];
        for (n, operand) in operands.into_iter().enumerate() {
            if let Some(value) = operand {
                word |= 1 << (32 + n);
                values[n] = self.bits(value);
            }
        }
        let word = self.const64(word);
        let ctx = self.ctx;
        let hook = self.b.ins().load(types::I64, HOST, ctx, Word::HookFloat.offset());
        let [a, b, c] = values;
        let call = self.b.ins().call_indirect(self.signatures.float, hook, &[ctx, word, a, b, c]);
        let result = self.b.inst_results(call)[0];
        self.number(result)
    }

    /// Whether the host may not decide `result`.
    fn undecided(&mut self, check: Check, result: Value) -> Value {
        match check {
            Check::Nan => self.b.ins().fcmp(FloatCC::Unordered, result, result),
            Check::Tiny => {
                let magnitude = self.b.ins().fabs(result);
                let least = self.b.ins().f64const(SMALLEST_NORMAL);
                self.b.ins().fcmp(FloatCC::UnorderedOrEqual, magnitude, least)
            }
            Check::Single => {
                let bits = self.bits(result);
                let low = self.b.ins().band_imm_s(bits, 0x1FFF_FFFF);
                let midway = self.b.ins().icmp_imm_s(IntCC::Equal, low, 0x1000_0000);
                // Zero wraps around to the largest.
                let magnitude = self.b.ins().band_imm_s(bits, i64::MAX);
                let magnitude = self.b.ins().iadd_imm_s(magnitude, -1);
                let limit = self.const64(SMALLEST_NORMAL_SINGLE);
                let tiny = self.b.ins().icmp(IntCC::UnsignedLessThan, magnitude, limit);
                let nan = self.b.ins().fcmp(FloatCC::Unordered, result, result);
                let either = self.b.ins().bor(midway, tiny);
                self.b.ins().bor(either, nan)
            }
        }
    }

    /// Delivers `result`, an F64, of an instruction with these operands (frA, frB, frC). `negate`: the register gets it negated.
    fn deliver(
        &mut self,
        i: Instruction,
        operands: [Option<Value>; 3],
        check: Check,
        result: Value,
        negate: bool,
    ) {
        let undecided = self.undecided(check, result);
        let cold = self.b.create_block();
        let fine = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let value = self.b.append_block_param(done, types::F64);
        self.b.ins().brif(undecided, cold, &[], fine, &[]);
        self.b.switch_to_block(cold);
        let exact = self.exactly(i, operands);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(fine);
        let mut inline = result;
        if check == Check::Single {
            let single = self.b.ins().fdemote(types::F32, inline);
            inline = self.b.ins().fpromote(types::F64, single);
        }
        if negate {
            inline = self.b.ins().fneg(inline);
        }
        self.b.ins().jump(done, &[inline.into()]);
        self.b.switch_to_block(done);
        self.set_fpr(i.fd(), value);
        *self.pending() = Pending { operation: Some((i.0, operands)), compared: None, rounding: None };
    }

    /// frA op frB.
    fn arithmetic_ab(
        &mut self,
        i: Instruction,
        check: Check,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        if self.plain_float(i) {
            let (a, b) = (self.fpr(i.fa()), self.fpr(i.fb()));
            let result = of(self, a, b);
            self.deliver(i, [Some(a), Some(b), None], check, result, false);
        }
    }

    fn product(&mut self, i: Instruction, check: Check) {
        if self.plain_float(i) {
            let (a, c) = (self.fpr(i.fa()), self.fpr(i.fc()));
            let result = self.b.ins().fmul(a, c);
            self.deliver(i, [Some(a), None, Some(c)], check, result, false);
        }
    }

    /// ±(frA × frC ± frB).
    fn fused(&mut self, i: Instruction, check: Check, subtract: bool, negate: bool) {
        if !self.config.has_fma {
            self.call_interpreter();
        } else if self.plain_float(i) {
            let (a, b, c) = (self.fpr(i.fa()), self.fpr(i.fb()), self.fpr(i.fc()));
            let addend = if subtract { self.b.ins().fneg(b) } else { b };
            let result = self.b.ins().fma(a, c, addend);
            self.deliver(i, [Some(a), Some(b), Some(c)], check, result, negate);
        }
    }

    fn root(&mut self, i: Instruction, check: Check) {
        if self.plain_float(i) {
            let b = self.fpr(i.fb());
            let result = self.b.ins().sqrt(b);
            self.deliver(i, [None, Some(b), None], check, result, false);
        }
    }

    /// Estimates come from the hardware's tables, which only the interpreter has.
    fn estimate(&mut self, i: Instruction) {
        if !self.plain_float(i) {
            return;
        }
        let b = self.fpr(i.fb());
        let result = self.exactly(i, [None, Some(b), None]);
        self.set_fpr(i.fd(), result);
        // FPRF, FR and FI are in FPSCR already: nothing older may replace them.
        *self.pending() = Pending::default();
        let (ctx, none) = (self.ctx, self.const64(0));
        self.b.ins().store(HOST, none, ctx, offset_of!(PpcContext, fp_lazy.op) as i32);
    }

    fn compare_floats(&mut self, i: Instruction) {
        self.scalar_mode();
        let (a, b) = (self.fpr(i.fa()), self.fpr(i.fb()));
        let unordered = self.b.ins().fcmp(FloatCC::Unordered, a, b);
        self.leave_if(unordered);
        let less = self.b.ins().fcmp(FloatCC::LessThan, a, b);
        let greater = self.b.ins().fcmp(FloatCC::GreaterThan, a, b);
        let [eight, four, two] = [8, 4, 2].map(|n| self.b.ins().iconst(types::I32, n));
        let bits = self.b.ins().select(greater, four, two);
        let bits = self.b.ins().select(less, eight, bits);
        let bits = self.b.ins().ireduce(types::I8, bits);
        self.set_cr(i.crfd(), Cr::Float { a, b, bits });
        self.pending().compared = Some(bits);
    }

    /// Has `value` computed even if the instruction's result is overwritten unread: the host operation is
    /// what sets the sticky bits. (Arithmetic needs no such thing, its result is tested for NaN.)
    fn keep(&mut self, i: Instruction, value: Value) {
        let offset = offset_of!(PpcContext, fpr) + 8 * i.fd();
        let ctx = self.ctx;
        self.b.ins().store(HOST, value, ctx, offset as i32);
    }

    /// To an integer whose magnitude is below `limit`; other values go to the interpreter.
    fn float_to_integer(&mut self, i: Instruction, limit: f64, nearest: bool) {
        if !self.plain_float(i) {
            return;
        }
        let b = self.fpr(i.fb());
        let magnitude = self.b.ins().fabs(b);
        let limit = self.b.ins().f64const(limit);
        let outside = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, magnitude, limit);
        self.leave_if(outside);
        let whole = if nearest { self.b.ins().nearest(b) } else { self.b.ins().trunc(b) };
        let value = self.b.ins().fcvt_to_sint_sat(types::I64, whole);
        let inexact = self.b.ins().fcmp(FloatCC::NotEqual, whole, b);
        let mut rounding = inexact;
        if nearest {
            let up = self.b.ins().fabs(whole);
            let up = self.b.ins().fcmp(FloatCC::GreaterThan, up, magnitude);
            let up = self.b.ins().ishl_imm_s(up, 1);
            rounding = self.b.ins().bor(rounding, up);
        }
        self.keep(i, whole);
        let result = self.number(value);
        self.set_fpr(i.fd(), result);
        self.pending().rounding = Some(rounding);
    }

    fn move_float(&mut self, i: Instruction, of: impl FnOnce(&mut Self, Value) -> Value) {
        if i.rc() {
            self.call_interpreter();
            return;
        }
        let b = self.fpr(i.fb());
        let result = of(self, b);
        self.set_fpr(i.fd(), result);
    }
}

impl Float for Lifter<'_> {
    fn fabsx(&mut self, i: Instruction) {
        self.move_float(i, |l, b| l.b.ins().fabs(b));
    }

    fn fmrx(&mut self, i: Instruction) {
        self.move_float(i, |_, b| b);
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
        self.arithmetic_ab(i, Check::Single, |l, a, b| l.b.ins().fadd(a, b));
    }

    fn fsubx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Nan, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn fsubsx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Single, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn fdivx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Tiny, |l, a, b| l.b.ins().fdiv(a, b));
    }

    fn fdivsx(&mut self, i: Instruction) {
        self.arithmetic_ab(i, Check::Single, |l, a, b| l.b.ins().fdiv(a, b));
    }

    fn fmulx(&mut self, i: Instruction) {
        self.product(i, Check::Tiny);
    }

    fn fmulsx(&mut self, i: Instruction) {
        self.product(i, Check::Single);
    }

    fn fmaddx(&mut self, i: Instruction) {
        self.fused(i, Check::Tiny, false, false);
    }

    fn fmaddsx(&mut self, i: Instruction) {
        self.fused(i, Check::Single, false, false);
    }

    fn fmsubx(&mut self, i: Instruction) {
        self.fused(i, Check::Tiny, true, false);
    }

    fn fmsubsx(&mut self, i: Instruction) {
        self.fused(i, Check::Single, true, false);
    }

    fn fnmaddx(&mut self, i: Instruction) {
        self.fused(i, Check::Tiny, false, true);
    }

    fn fnmaddsx(&mut self, i: Instruction) {
        self.fused(i, Check::Single, false, true);
    }

    fn fnmsubx(&mut self, i: Instruction) {
        self.fused(i, Check::Tiny, true, true);
    }

    fn fnmsubsx(&mut self, i: Instruction) {
        self.fused(i, Check::Single, true, true);
    }

    fn fsqrtx(&mut self, i: Instruction) {
        self.root(i, Check::Nan);
    }

    fn fsqrtsx(&mut self, i: Instruction) {
        self.root(i, Check::Single);
    }

    fn frspx(&mut self, i: Instruction) {
        if self.plain_float(i) {
            let b = self.fpr(i.fb());
            self.deliver(i, [None, Some(b), None], Check::Single, b, false);
        }
    }

    fn fcfidx(&mut self, i: Instruction) {
        if self.plain_float(i) {
            let b = self.fpr(i.fb());
            let bits = self.bits(b);
            let result = self.b.ins().fcvt_from_sint(types::F64, bits);
            self.keep(i, result);
            self.set_fpr(i.fd(), result);
            *self.pending() =
                Pending { operation: Some((i.0, [None, Some(b), None])), compared: None, rounding: None };
        }
    }

    fn fcmpo(&mut self, i: Instruction) {
        self.compare_floats(i);
    }

    fn fcmpu(&mut self, i: Instruction) {
        self.compare_floats(i);
    }

    fn fctidx(&mut self, i: Instruction) {
        self.float_to_integer(i, 9_223_372_036_854_775_808.0, true);
    }

    fn fctidzx(&mut self, i: Instruction) {
        self.float_to_integer(i, 9_223_372_036_854_775_808.0, false);
    }

    fn fctiwx(&mut self, i: Instruction) {
        self.float_to_integer(i, 2_147_483_647.0, true);
    }

    fn fctiwzx(&mut self, i: Instruction) {
        self.float_to_integer(i, 2_147_483_648.0, false);
    }

    fn fresx(&mut self, i: Instruction) {
        self.estimate(i);
    }

    fn frsqrtex(&mut self, i: Instruction) {
        self.estimate(i);
    }

    fn fselx(&mut self, i: Instruction) {
        if i.rc() {
            self.call_interpreter();
            return;
        }
        self.scalar_mode();
        let (a, b, c) = (self.fpr(i.fa()), self.fpr(i.fb()), self.fpr(i.fc()));
        // Minus zero counts as zero; a NaN selects frB.
        let zero = self.b.ins().f64const(0.0);
        let chosen = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, a, zero);
        let result = self.b.ins().select(chosen, c, b);
        self.set_fpr(i.fd(), result);
    }

    fn mcrfs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mffsx(&mut self, i: Instruction) {
        if i.rc() {
            self.call_interpreter();
            return;
        }
        let status = self.exact_status();
        let result = self.number(status);
        self.set_fpr(i.fd(), result);
    }

    fn mtfsb0x(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsb1x(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsfx(&mut self, i: Instruction) {
        if i.rc() {
            self.call_interpreter();
            return;
        }
        let fields = (0..8).filter(|field| i.fm() >> (7 - field) & 1 != 0);
        let mask = fields.fold(0, |mask, field| mask | 0xF000_0000_u32 >> (4 * field)) & !UNWRITTEN;
        let status = self.exact_status();
        let old = self.b.ins().ireduce(types::I32, status);
        let source = self.fpr(i.fb());
        let source = self.bits(source);
        let source = self.b.ins().ireduce(types::I32, source);
        let mask = self.const32(mask);
        let status = self.b.ins().bitselect(mask, source, old);
        let status = self.summarized(status);
        let ctx = self.ctx;
        self.b.ins().store(HOST, status, ctx, offset_of!(PpcContext, fpscr) as i32);
        self.plain_float = false;
    }

    fn mtfsfix(&mut self, _: Instruction) {
        self.call_interpreter();
    }
}
