//! `fres` and `frsqrte`: inline code for normal operands, from the operand's bits, with the results
//! of `soft_float`; other operands go to software.

use super::{HOST, Lifter};
use crate::float::soft_float::ROOT_FRACTIONS;
use crate::host::Word;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::mem::offset_of;
use xenia_cpu::EstimateTables;
use xenia_isa::Instruction;

/// Biased exponent of 1.0.
const ONE: i64 = 1023;

impl Lifter<'_> {
    /// Emits an estimate. `of` computes it from the operand's bits, and a condition for operands
    /// that it does not decide.
    fn estimate(&mut self, i: Instruction, of: impl FnOnce(&mut Self, Value) -> (Value, Value)) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, [None, Some(i.fb()), None]);
            return;
        }
        let (operand, b) = self.float_operand(i.fb());
        let bits = self.bits(b);
        let (result, undecided) = of(self, bits);
        let result = self.number(result);
        self.deliver_unless_undecided(i, [None, Some(operand), None], undecided, result);
    }

    /// Reciprocal estimate (`fres`).
    pub(super) fn reciprocal_estimate(&mut self, i: Instruction) {
        self.estimate(i, |l, bits| {
            let exponent = l.b.ins().ushr_imm_s(bits, 52);
            let exponent = l.b.ins().band_imm_s(exponent, 0x7FF);
            // Valid if operand and result are normal singles.
            let above = l.b.ins().iadd_imm_s(exponent, -(ONE - 126));
            let undecided = l.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 126 + 125);
            // Seven fraction bits select the result's fraction, of two bytes.
            let offset = l.b.ins().ushr_imm_s(bits, 44);
            let offset = l.b.ins().band_imm_s(offset, 0x7F << 1);
            let tables = l.word(Word::Estimates);
            let place = l.b.ins().iadd(tables, offset);
            let at = offset_of!(EstimateTables, fres) as i32;
            let fraction = l.b.ins().uload16(types::I64, HOST, place, at);
            let fraction = l.b.ins().ishl_imm_s(fraction, 40);
            // The result's exponent is −1 − e; the operand's biased exponent is e + ONE.
            let base = l.b.ins().iconst(types::I64, 2 * ONE - 1);
            let place = l.b.ins().isub(base, exponent);
            let place = l.b.ins().ishl_imm_s(place, 52);
            let result = l.b.ins().bor(place, fraction);
            let sign = l.b.ins().band_imm_s(bits, i64::MIN);
            (l.b.ins().bor(result, sign), undecided)
        });
    }

    /// Reciprocal square root estimate (`frsqrte`).
    pub(super) fn root_estimate(&mut self, i: Instruction) {
        self.estimate(i, |l, bits| {
            let exponent = l.b.ins().ushr_imm_s(bits, 52);
            // Valid if positive and normal; the sign is bit 11 here.
            let above = l.b.ins().iadd_imm_s(exponent, -1);
            let undecided = l.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 0x7FD);
            let [even, odd] = ROOT_FRACTIONS.map(|table| l.const64(table));
            // The exponent is odd if its biased form is even.
            let parity = l.b.ins().band_imm_s(exponent, 1);
            let table = l.b.ins().select(parity, even, odd);
            let which = l.b.ins().ushr_imm_s(bits, 46);
            let which = l.b.ins().band_imm_s(which, 7 << 3);
            let fraction = l.b.ins().ushr(table, which);
            let fraction = l.b.ins().band_imm_s(fraction, 0xFF);
            let fraction = l.b.ins().ishl_imm_s(fraction, 44);
            // The result's exponent is −1 − ⌊e ÷ 2⌋, biased; the operand's biased exponent is e +
            // 1023.
            let half = l.b.ins().iadd_imm_s(exponent, 1);
            let half = l.b.ins().ushr_imm_s(half, 1);
            let base = l.b.ins().iconst(types::I64, ONE - 1 + (ONE + 1) / 2);
            let place = l.b.ins().isub(base, half);
            let place = l.b.ins().ishl_imm_s(place, 52);
            (l.b.ins().bor(place, fraction), undecided)
        });
    }
}
