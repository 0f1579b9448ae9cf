//! Fixed-point arithmetic and compares, and the VSCR moves that the instruction table lists here.
//!
//! Results have 64 bits; carry, overflow and CR0 come from the low word in 32-bit mode. Where the
//! books say "undefined", results are those of hardware of the family: an undefined quotient is 0,
//! `mulhw` sign-extends, `mulhwu`, `divw` and `divwu` zero-extend.

use super::Lifter;
use super::cache::{Compared, Cr, Xer};
use super::overflow::SoChange;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_cpu::vscr_bit;
use xenia_isa::{Instruction, Integer};

impl Lifter<'_> {
    fn low(&mut self, value: Value) -> Value {
        self.b.ins().ireduce(types::I32, value)
    }

    /// Sets OV, and SO if it is not set.
    pub(super) fn set_overflow(&mut self, overflow: Value) {
        if self.config.mode.overflowed {
            self.set_xer(Xer::Ov, overflow);
        } else {
            // An overflow changes SO as well, and the way out for that sets OV.
            let none = self.b.ins().iconst(types::I8, 0);
            self.set_xer(Xer::Ov, none);
            self.state.so_changes = Some(SoChange { condition: overflow, by_overflow: true });
        }
    }

    /// OV of the sum `a + b (+ carry) = sum`: set if both operands' signs differ from the sum's.
    fn sum_overflow(&mut self, a: Value, b: Value, sum: Value) {
        let a = self.mode_part(a);
        let b = self.mode_part(b);
        let sum = self.mode_part(sum);
        let a = self.b.ins().bxor(a, sum);
        let b = self.b.ins().bxor(b, sum);
        let both = self.b.ins().band(a, b);
        let overflow = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, both, 0);
        self.set_overflow(overflow);
    }

    /// Writes an XO-form result; OV, if requested, must be set already.
    fn finish(&mut self, i: Instruction, result: Value) {
        self.set_gpr(i.rd(), result);
        if i.rc() {
            self.record(result);
        }
    }

    /// `a + b + CA` with the carry out, for a constant `b` of 0 or −1: for 0, CA' = (sum < a); for
    /// −1, which subtracts 1 − CA, CA' = (a ≠ 0 or CA).
    fn add_extended_constant(&mut self, i: Instruction, a: Value, b: i64) {
        let carry = self.xer(Xer::Ca);
        let carry = self.b.ins().uextend(types::I64, carry);
        let rest = if b == 0 { a } else { self.b.ins().iadd_imm_s(a, b) };
        let sum = self.b.ins().iadd(rest, carry);
        let a_in_mode = self.mode_part(a);
        let sum_in_mode = self.mode_part(sum);
        let out = if b == 0 {
            self.b.ins().icmp(IntCC::UnsignedLessThan, sum_in_mode, a_in_mode)
        } else {
            let carry = self.mode_part(carry);
            let any = self.b.ins().bor(a_in_mode, carry);
            self.b.ins().icmp_imm_s(IntCC::NotEqual, any, 0)
        };
        self.set_xer(Xer::Ca, out);
        if i.oe() {
            let b = self.const64(b as u64);
            self.sum_overflow(a, b, sum);
        }
        self.finish(i, sum);
    }

    /// `a + b + CA` with the carry out.
    fn add_extended(&mut self, i: Instruction, a: Value, b: Value) {
        let carry = self.xer(Xer::Ca);
        let carry = self.b.ins().uextend(types::I64, carry);
        let half = self.b.ins().iadd(a, b);
        let sum = self.b.ins().iadd(half, carry);
        let out = if self.config.mode.wide {
            let first = self.b.ins().icmp(IntCC::UnsignedLessThan, half, a);
            let second = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, half);
            self.b.ins().bor(first, second)
        } else {
            let a_low = self.low(a);
            let b_low = self.low(b);
            let a_low = self.b.ins().uextend(types::I64, a_low);
            let b_low = self.b.ins().uextend(types::I64, b_low);
            let low = self.b.ins().iadd(a_low, b_low);
            let low = self.b.ins().iadd(low, carry);
            let out = self.b.ins().ushr_imm_s(low, 32);
            self.b.ins().ireduce(types::I8, out)
        };
        self.set_xer(Xer::Ca, out);
        if i.oe() {
            self.sum_overflow(a, b, sum);
        }
        self.finish(i, sum);
    }

    fn add_immediate_carrying(&mut self, i: Instruction) -> Value {
        let a = self.gpr(i.ra());
        let sum = self.b.ins().iadd_imm_s(a, i.simm());
        let a = self.mode_part(a);
        let low = self.mode_part(sum);
        let carry = self.b.ins().icmp(IntCC::UnsignedLessThan, low, a);
        // Adding 0 never carries, and the test above is correct for it too.
        self.set_xer(Xer::Ca, carry);
        self.set_gpr(i.rd(), sum);
        sum
    }

    /// Whether [`Self::extension`] needs no instruction.
    fn is_extension_known(&self, n: usize, signed: bool) -> bool {
        let cache = &self.state.cache;
        if signed { cache.is_signed_known(n) } else { cache.is_low_known(n) }
    }

    /// The low word of GPR `n`, extended as a compare does.
    fn extension(&mut self, n: usize, signed: bool) -> Value {
        if signed { self.gpr_signed(n) } else { self.gpr_low(n) }
    }

    /// `cmp` and `cmpl`.
    fn compare(&mut self, i: Instruction, signed: bool) {
        let ra = i.ra();
        let rb = i.rb();
        let compared = if i.l() {
            Compared { a: self.gpr(ra), b: self.gpr(rb), signed, extended: None }
        } else {
            let is_extended = self.is_extension_known(ra, signed) && self.is_extension_known(rb, signed);
            let extended = is_extended.then(|| (self.extension(ra, signed), self.extension(rb, signed)));
            Compared { a: self.gpr32(ra), b: self.gpr32(rb), signed, extended }
        };
        self.set_cr(i.crfd(), Cr::Compare(compared));
    }

    /// `cmpi` and `cmpli` with the immediate, extended.
    fn compare_immediate(&mut self, i: Instruction, immediate: u64, signed: bool) {
        let ra = i.ra();
        let wide = self.const64(immediate);
        let compared = if i.l() {
            Compared { a: self.gpr(ra), b: wide, signed, extended: None }
        } else {
            let is_extended = self.is_extension_known(ra, signed);
            let extended = is_extended.then(|| (self.extension(ra, signed), wide));
            Compared { a: self.gpr32(ra), b: self.const32(immediate as u32), signed, extended }
        };
        self.set_cr(i.crfd(), Cr::Compare(compared));
    }
}

impl Integer for Lifter<'_> {
    fn addx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let sum = self.b.ins().iadd(a, b);
        if i.oe() {
            self.sum_overflow(a, b, sum);
        }
        self.finish(i, sum);
    }

    fn addcx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let sum = self.b.ins().iadd(a, b);
        let a_low = self.mode_part(a);
        let low = self.mode_part(sum);
        let carry = self.b.ins().icmp(IntCC::UnsignedLessThan, low, a_low);
        self.set_xer(Xer::Ca, carry);
        if i.oe() {
            self.sum_overflow(a, b, sum);
        }
        self.finish(i, sum);
    }

    fn addex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        self.add_extended(i, a, b);
    }

    fn addi(&mut self, i: Instruction) {
        let wrong = i64::from(self.config.wrong_addi && i.ra() != 0);
        if i.ra() == 0 {
            let value = self.const64(i.simm() as u64);
            self.set_gpr_signed(i.rd(), value, None);
        } else {
            let a = self.gpr(i.ra());
            let sum = self.plus(a, i.simm() + wrong);
            self.set_gpr(i.rd(), sum);
        }
    }

    fn addic(&mut self, i: Instruction) {
        self.add_immediate_carrying(i);
    }

    fn addic_rc(&mut self, i: Instruction) {
        let sum = self.add_immediate_carrying(i);
        self.record(sum);
    }

    fn addis(&mut self, i: Instruction) {
        let shifted = i.simm() << 16;
        if i.ra() == 0 {
            let value = self.const64(shifted as u64);
            self.set_gpr_signed(i.rd(), value, None);
        } else {
            let a = self.gpr(i.ra());
            let sum = self.plus(a, shifted);
            self.set_gpr(i.rd(), sum);
        }
    }

    fn addmex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        self.add_extended_constant(i, a, -1);
    }

    fn addzex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        self.add_extended_constant(i, a, 0);
    }

    fn cmp(&mut self, i: Instruction) {
        self.compare(i, true);
    }

    fn cmpi(&mut self, i: Instruction) {
        self.compare_immediate(i, i.simm() as u64, true);
    }

    fn cmpl(&mut self, i: Instruction) {
        self.compare(i, false);
    }

    fn cmpli(&mut self, i: Instruction) {
        self.compare_immediate(i, i.uimm(), false);
    }

    fn divdx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let quotient = self.quotient(i, a, b, true);
        self.finish(i, quotient);
    }

    fn divdux(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let quotient = self.quotient(i, a, b, false);
        self.finish(i, quotient);
    }

    fn divwx(&mut self, i: Instruction) {
        let a = self.gpr32(i.ra());
        let b = self.gpr32(i.rb());
        let quotient = self.quotient(i, a, b, true);
        self.set_gpr32(i.rd(), quotient);
        if i.rc() {
            self.record32(quotient);
        }
    }

    fn divwux(&mut self, i: Instruction) {
        let a = self.gpr32(i.ra());
        let b = self.gpr32(i.rb());
        let quotient = self.quotient(i, a, b, false);
        self.set_gpr32(i.rd(), quotient);
        if i.rc() {
            self.record32(quotient);
        }
    }

    fn mulhdx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let high = self.b.ins().smulhi(a, b);
        self.finish(i, high);
    }

    fn mulhdux(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let high = self.b.ins().umulhi(a, b);
        self.finish(i, high);
    }

    fn mulhwx(&mut self, i: Instruction) {
        let a = self.gpr_signed(i.ra());
        let b = self.gpr_signed(i.rb());
        let product = self.b.ins().imul(a, b);
        let high = self.b.ins().sshr_imm_s(product, 32);
        self.set_gpr_signed(i.rd(), high, None);
        if i.rc() {
            self.record(high);
        }
    }

    fn mulhwux(&mut self, i: Instruction) {
        let a = self.gpr_low(i.ra());
        let b = self.gpr_low(i.rb());
        let product = self.b.ins().imul(a, b);
        let high = self.b.ins().ushr_imm_s(product, 32);
        self.set_gpr_low(i.rd(), high, None);
        if i.rc() {
            self.record(high);
        }
    }

    fn mulldx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let product = self.b.ins().imul(a, b);
        if i.oe() {
            let high = self.b.ins().smulhi(a, b);
            let sign = self.b.ins().sshr_imm_s(product, 63);
            let overflow = self.b.ins().icmp(IntCC::NotEqual, high, sign);
            self.set_overflow(overflow);
        }
        self.finish(i, product);
    }

    fn mulli(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let product = self.b.ins().imul_imm_s(a, i.simm());
        self.set_gpr(i.rd(), product);
    }

    fn mullwx(&mut self, i: Instruction) {
        let a = self.gpr_signed(i.ra());
        let b = self.gpr_signed(i.rb());
        let product = self.b.ins().imul(a, b);
        if i.oe() {
            let low = self.low(product);
            let extended = self.b.ins().sextend(types::I64, low);
            let overflow = self.b.ins().icmp(IntCC::NotEqual, extended, product);
            self.set_overflow(overflow);
        }
        self.finish(i, product);
    }

    fn negx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let result = self.b.ins().ineg(a);
        if i.oe() {
            let least = if self.config.mode.wide { i64::MIN } else { i64::from(i32::MIN) };
            let least = self.mode_constant(least);
            let a = self.mode_part(a);
            let overflow = self.b.ins().icmp(IntCC::Equal, a, least);
            self.set_overflow(overflow);
        }
        self.finish(i, result);
    }

    fn subfx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let difference = self.b.ins().isub(b, a);
        if i.oe() {
            let not_a = self.b.ins().bnot(a);
            self.sum_overflow(not_a, b, difference);
        }
        self.finish(i, difference);
    }

    fn subfcx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let difference = self.b.ins().isub(b, a);
        let a_low = self.mode_part(a);
        let b_low = self.mode_part(b);
        let carry = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, b_low, a_low);
        self.set_xer(Xer::Ca, carry);
        if i.oe() {
            let not_a = self.b.ins().bnot(a);
            self.sum_overflow(not_a, b, difference);
        }
        self.finish(i, difference);
    }

    fn subfex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        let not_a = self.b.ins().bnot(a);
        self.add_extended(i, not_a, b);
    }

    fn subficx(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let immediate = self.const64(i.simm() as u64);
        let difference = self.b.ins().isub(immediate, a);
        let low = self.mode_part(a);
        let immediate = self.mode_constant(i.simm());
        let carry = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, immediate, low);
        self.set_xer(Xer::Ca, carry);
        self.set_gpr(i.rd(), difference);
    }

    fn subfmex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let not_a = self.b.ins().bnot(a);
        self.add_extended_constant(i, not_a, -1);
    }

    fn subfzex(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let not_a = self.b.ins().bnot(a);
        self.add_extended_constant(i, not_a, 0);
    }

    fn mfvscr(&mut self, i: Instruction) {
        let vscr = self.vscr();
        let vscr = self.low(vscr);
        let zero = self.b.ins().iconst(types::I32, 0);
        let lanes = self.b.ins().splat(types::I32X4, zero);
        // Lane 0 is the last element, as registers are in host order.
        let lanes = self.b.ins().insertlane(lanes, vscr, 0);
        self.set_vr_as(i.vd(), lanes);
    }

    fn mtvscr(&mut self, i: Instruction) {
        let lanes = self.vr_as_lanes(i.vb(), types::I32X4);
        let low = self.b.ins().extractlane(lanes, 0);
        let vscr = self.b.ins().band_imm_s(low, i64::from(vscr_bit::NJ | vscr_bit::SAT));
        // NJ is part of the vector mode, which must be set again before the next vector operation.
        self.scalar_mode();
        let vscr = self.b.ins().uextend(types::I64, vscr);
        self.set_vscr(vscr);
    }
}
