//! The host code of a row's operation, and the checks of its result.

use super::rows::{FloatRow, IntegerRounding, MULTIPLY, Operation};
use super::writer::{LAZY_OP, Label, ThunkWriter};
use crate::baseline::encode::{
    ADD, CVTPD2PS, CVTPS2PD, CVTSD2SI, CVTSI2SD, CVTTSD2SI, Condition, Dword, Form, Imm, MOVAPS, MOVD,
    MOVD_FROM, MOVSXD, MOVZX8, MOVZX16, OR, OperandSize, PADDQ, PAND, Qword, RAX, RCX, RDX, Rm, SQRTSD,
    STORE, Shift, UCOMISD, Unary, XMM0, XMM1, XMM3, XMM4, XMM5, XORPS,
};
use crate::baseline::map::{BaselineWord, numbered_fpr, word};
use std::mem::offset_of;
use xenia_cpu::EstimateTables;
use xenia_lifter::float::ROOT_FRACTIONS;
use xenia_lifter::float::float_state::PRESENT;
use xenia_lifter::host::Word;

const EXTRA: i32 = super::EXTRA as i32;
const MIDDLE: i32 = super::MIDDLE as i32;
/// Twice the unit of the exponent in the upper half of a double, whose sign bit is shifted out.
const DOUBLE_STEP: u32 = 0x20_0000;
/// Twice the unit of the exponent in a single.
const SINGLE_STEP: u32 = 0x100_0000;
/// Exponents from 2 up to the greatest one of a double, and of a single.
const DOUBLE_EXPONENTS: u32 = 2045;
const SINGLE_EXPONENTS: u32 = 253;
/// Biased exponent of 1.0.
const ONE: i32 = 1023;
/// Displacements of the bytes of the pending operation for FPCC, and for FR and FI.
const COMPARED: i32 = LAZY_OP + 5;
const ROUNDED: i32 = LAZY_OP + 6;

impl ThunkWriter {
    /// Computes the result of a row from its operands, in [`FloatRow::result`]; jumps to
    /// [`Label::Arm`] where the arm must run. A result of single precision is a single in xmm5 as
    /// well.
    pub(super) fn compute(&mut self, row: FloatRow) {
        match row.operation {
            Operation::Binary(opcode) => {
                self.e.op32(Form::sse(0xF2, opcode), XMM0, Rm::Reg(XMM1));
                self.check(row);
            }
            Operation::Fused { opcode, .. } => {
                // vfmadd213sd xmm0, xmm4, xmm1, or vfmsub213sd.
                self.e.raw(&[0xC4, 0xE2, 0xD9, opcode, 0xC1]);
                self.check(row);
            }
            Operation::SquareRoot => {
                self.e.op32(SQRTSD, XMM0, Rm::Reg(XMM0));
                self.check(row);
            }
            Operation::Round => self.round_slowly(),
            Operation::FromInteger => {
                self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
                self.e.op32(XORPS, XMM0, Rm::Reg(XMM0));
                self.e.op64(CVTSI2SD, XMM0, Rm::Reg(RCX));
            }
            Operation::ToInteger { size, rounding } => self.round_to_integer(size, rounding),
            Operation::Reciprocal => self.reciprocal(),
            Operation::ReciprocalRoot => self.reciprocal_root(),
            Operation::Compare => self.compare(),
            Operation::Select => self.select(),
        }
    }

    /// Checks the double in xmm0, and rounds it if the row is of single precision.
    fn check(&mut self, row: FloatRow) {
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        if row.is_single {
            self.e.imm(Dword, Imm::And, Rm::Reg(RCX), EXTRA);
            self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), MIDDLE);
            self.branch(Condition::EQUAL, Label::Midpoint);
            self.round();
        } else {
            self.e.shift(Qword, Shift::Right, RCX, 32);
            self.check_range(DOUBLE_STEP, DOUBLE_EXPONENTS);
        }
    }

    /// xmm3 = the double in xmm0, rounded to a single; it is not a midpoint. The next row may wait
    /// for the result, so the bits are rounded, in 2 cycles; the conversion there and back takes
    /// 10. They are wrong beyond the normal range, where [`Label::Range`] corrects them.
    fn round(&mut self) {
        self.e.op32(MOVAPS, XMM3, Rm::Reg(XMM0));
        self.e.op32(PADDQ, XMM3, Rm::Ctx(BaselineWord::Middle.at()));
        self.e.op32(PAND, XMM3, Rm::Ctx(BaselineWord::SingleBits.at()));
        self.convert_to_single();
        self.label(Label::Rounded);
        self.check_range(SINGLE_STEP, SINGLE_EXPONENTS);
    }

    /// xmm5 and ecx = the double in xmm0 as a single. The upper half of xmm0 is 0, whose conversion
    /// raises no flag.
    fn convert_to_single(&mut self) {
        self.e.op32(CVTPD2PS, XMM5, Rm::Reg(XMM0));
        self.e.op32(MOVD_FROM, XMM5, Rm::Reg(RCX));
    }

    /// As [`Self::round`] up to [`Label::Rounded`], for all doubles.
    fn round_by_conversion(&mut self) {
        self.convert_to_single();
        self.e.op32(CVTPS2PD, XMM3, Rm::Reg(XMM5));
    }

    /// As [`Self::round`], for all doubles.
    fn round_slowly(&mut self) {
        self.round_by_conversion();
        self.check_range(SINGLE_STEP, SINGLE_EXPONENTS);
    }

    /// Goes to [`Label::Range`] unless the number whose upper bits are in ecx has an exponent from
    /// 2 up to the greatest one. `step` is twice the unit of the exponent.
    fn check_range(&mut self, step: u32, exponents: u32) {
        // lea ecx, [rcx + rcx - 2 * step]
        self.e.raw(&[0x8D, 0x8C, 0x09]);
        self.e.raw(&(2 * step).wrapping_neg().to_le_bytes());
        self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), (exponents * step - 1).cast_signed());
        self.branch(Condition::ABOVE, Label::Range);
    }

    /// The code of [`Label::Midpoint`] and [`Label::Range`].
    pub(super) fn rare_results(&mut self, row: FloatRow) {
        let is_checked = match row.operation {
            Operation::Binary(_) | Operation::Fused { .. } | Operation::SquareRoot => true,
            Operation::Round => false,
            _ => return,
        };
        self.label(Label::Range);
        if is_checked && row.is_single {
            self.e.op32(CVTPS2PD, XMM3, Rm::Reg(XMM5));
        }
        let result = row.result();
        self.e.op32(UCOMISD, result, Rm::Reg(result));
        self.branch(Condition::PARITY_EVEN, Label::Arm);
        if !row.is_single {
            // Infinities, and zero with the numbers below the normal range.
            self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), DOUBLE_STEP.wrapping_neg().cast_signed());
            self.branch(Condition::CARRY, Label::Deliver);
            self.jump_here(Label::Arm);
            return;
        }
        // Infinities, and zero.
        self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), (SINGLE_EXPONENTS * SINGLE_STEP).cast_signed());
        self.branch(Condition::EQUAL, Label::Deliver);
        let is_product = row.operation == Operation::Binary(MULTIPLY);
        if is_product {
            // Next to the smallest normal number the host may not detect tininess.
            self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), SINGLE_STEP.wrapping_neg().cast_signed());
            self.branch(Condition::NOT_CARRY, Label::Arm);
        }
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.op64(ADD, RCX, Rm::Reg(RCX));
        self.branch(Condition::EQUAL, Label::Deliver);
        if is_product {
            // The double was exact, or as tiny, so the single was rounded once.
            self.require_short_operands(row);
            self.jump_here(Label::Deliver);
        } else {
            self.jump_here(Label::Arm);
        }
        if !is_checked {
            return;
        }
        self.label(Label::Midpoint);
        if !matches!(row.operation, Operation::Fused { .. }) {
            // The double is right if the operands are singles.
            self.require_short_operands(row);
            self.round_by_conversion();
            self.jump_here(Label::Rounded);
        }
        // The arm's code follows.
    }

    /// Goes to [`Label::Arm`] unless the significands of the operands have 24 bits.
    fn require_short_operands(&mut self, row: FloatRow) {
        for read in row.fields() {
            let byte = if read.field == 0 { 0xC8 } else { 0xCC };
            self.e.raw(&[0x0F, 0xB6, byte]); // movzx ecx, al or ah
            self.e.test(numbered_fpr(RCX), EXTRA);
            self.branch(Condition::NOT_EQUAL, Label::Arm);
        }
    }

    fn jump_here(&mut self, label: Label) {
        self.jump(self.number, label);
    }

    /// FRD = xmm1 converted to an integer; FR and FI are known at once.
    fn round_to_integer(&mut self, size: OperandSize, rounding: IntegerRounding) {
        let form = match rounding {
            IntegerRounding::Nearest => CVTSD2SI,
            IntegerRounding::TowardZero => CVTTSD2SI,
        };
        self.e.op(size, form, RCX, Rm::Reg(XMM1));
        // The least integer is the host's result for all values out of range; only it overflows
        // here.
        self.e.imm(size, Imm::Cmp, Rm::Reg(RCX), 1);
        self.branch(Condition::NOT_OVERFLOW.not(), Label::Arm);
        self.e.op32(XORPS, XMM0, Rm::Reg(XMM0));
        self.e.op(size, CVTSI2SD, XMM0, Rm::Reg(RCX));
        if size == Dword {
            self.e.op64(MOVSXD, RCX, Rm::Reg(RCX));
        }
        self.e.shift(Dword, Shift::Right, RAX, 24);
        self.e.op64(STORE, RCX, numbered_fpr(RAX));
        if rounding == IntegerRounding::Nearest {
            self.e.raw(&[0x66, 0x0F, 0x50, 0xC9]); // movmskpd ecx, xmm1: the sign
        }
        self.e.op32(UCOMISD, XMM0, Rm::Reg(XMM1));
        self.e.set(Condition::NOT_EQUAL, Rm::Reg(RAX));
        if rounding == IntegerRounding::Nearest {
            // FR is set if the magnitude grew: a result that differs is greater than a positive
            // number, or less than a negative one.
            self.e.raw(&[0x0F, 0x97, 0xC4]); // seta ah
            self.e.raw(&[0x30, 0xE1]); // xor cl, ah
            self.e.raw(&[0x20, 0xC1]); // and cl, al
            self.e.raw(&[0x01, 0xC9]); // add ecx, ecx
            self.e.raw(&[0x08, 0xC8]); // or al, cl
        }
        self.e.raw(&[0x0C, PRESENT]); // or al, PRESENT
        self.store_byte(ROUNDED);
        self.e.ret();
    }

    /// xmm0 = the estimate of 1 ÷ xmm0, whose fraction comes from a table.
    fn reciprocal(&mut self) {
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.op64(ADD, RCX, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RCX, 53);
        // Operand and result are normal singles, or the arm runs.
        self.e.imm(Dword, Imm::Sub, Rm::Reg(RCX), ONE - 126);
        self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 126 + 125);
        self.branch(Condition::ABOVE, Label::Arm);
        self.e.push(RAX);
        // xmm1 = the result's exponent, −1 − e, biased; ecx is e + 126.
        self.e.unary(Qword, Unary::Neg, Rm::Reg(RCX));
        self.e.imm(Qword, Imm::Add, Rm::Reg(RCX), ONE - 1 + 126);
        self.e.shift(Qword, Shift::Left, RCX, 52);
        self.e.op64(MOVD, XMM1, Rm::Reg(RCX));
        // rax = the fraction, of two bytes, which seven fraction bits select.
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RCX, 44);
        self.e.imm(Dword, Imm::And, Rm::Reg(RCX), 0x7F << 1);
        self.e.lea(Dword, RAX, RCX, offset_of!(EstimateTables, fres) as i32);
        self.e.op64(ADD, RAX, Rm::Ctx(word(Word::Estimates)));
        self.e.op32(MOVZX16, RAX, Rm::Host(0));
        self.e.shift(Qword, Shift::Left, RAX, 40);
        self.e.op64(MOVD_FROM, XMM1, Rm::Reg(RCX));
        self.e.op64(OR, RAX, Rm::Reg(RCX));
        // The operand's sign.
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RCX, 63);
        self.e.shift(Qword, Shift::Left, RCX, 63);
        self.e.op64(OR, RAX, Rm::Reg(RCX));
        self.e.op64(MOVD, XMM0, Rm::Reg(RAX));
        self.e.pop(RAX);
    }

    /// xmm0 = the estimate of 1 ÷ √xmm0, whose fraction comes from a table.
    fn reciprocal_root(&mut self) {
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RCX, 52);
        // Positive and normal, or the arm runs. The sign is bit 11 here.
        self.e.imm(Dword, Imm::Sub, Rm::Reg(RCX), 1);
        self.e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 0x7FD);
        self.branch(Condition::ABOVE, Label::Arm);
        self.e.push(RAX);
        self.e.push(RDX);
        // The exponent is odd if its biased form less 1, in ecx, is odd.
        let [even, odd] = ROOT_FRACTIONS;
        self.e.address(RDX, even);
        self.e.address(RAX, odd);
        self.e.test(Rm::Reg(RCX), 1);
        self.e.raw(&[0x48, 0x0F, 0x45, 0xD0]); // cmovne rdx, rax
        // The result's exponent is −1 − ⌊e ÷ 2⌋, biased; the operand's biased exponent is e + ONE.
        self.e.lea(Dword, RAX, RCX, 2);
        self.e.shift(Dword, Shift::Right, RAX, 1);
        self.e.unary(Dword, Unary::Neg, Rm::Reg(RAX));
        self.e.imm(Dword, Imm::Add, Rm::Reg(RAX), ONE - 1 + (ONE + 1) / 2);
        self.e.shift(Qword, Shift::Left, RAX, 52);
        // The byte of the table that three fraction bits select.
        self.e.op64(MOVD_FROM, XMM0, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RCX, 46);
        self.e.imm(Dword, Imm::And, Rm::Reg(RCX), 7 << 3);
        self.e.shift_by_cl(Qword, Shift::Right, RDX);
        self.e.op32(MOVZX8, RDX, Rm::Reg(RDX));
        self.e.shift(Qword, Shift::Left, RDX, 44);
        self.e.op64(OR, RAX, Rm::Reg(RDX));
        self.e.op64(MOVD, XMM0, Rm::Reg(RAX));
        self.e.pop(RDX);
        self.e.pop(RAX);
    }

    /// rcx = the field: −1, 0 or 1 (`xenia_cpu::CrField`). FPCC is 8, 2 or 4.
    fn compare(&mut self) {
        self.e.op32(UCOMISD, XMM0, Rm::Reg(XMM1));
        self.branch(Condition::PARITY_EVEN, Label::Arm);
        // rcx = 1 if greater, rax = −1 if less; the field is their sum.
        self.e.set(Condition::ABOVE, Rm::Reg(RCX));
        self.e.raw(&[0x0F, 0xB6, 0xC9]); // movzx ecx, cl
        self.e.raw(&[0x48, 0x19, 0xC0]); // sbb rax, rax
        self.e.op64(ADD, RCX, Rm::Reg(RAX));
        // FPCC is 2 + 2 * field, and 8 more if less.
        self.e.imm(Dword, Imm::And, Rm::Reg(RAX), 8);
        self.e.raw(&[0x8D, 0x44, 0x48, 2 + PRESENT]); // lea eax, [rax + rcx * 2 + 2 + PRESENT]
        self.store_byte(COMPARED);
        self.e.ret();
    }

    /// Minus zero compares as zero; a NaN selects frB.
    fn select(&mut self) {
        self.e.op32(XORPS, XMM3, Rm::Reg(XMM3));
        self.e.raw(&[0xF2, 0x0F, 0xC2, 0xD8, 2]); // cmplesd xmm3, xmm0
        self.e.op32(Form::sse(0x66, 0x54), XMM4, Rm::Reg(XMM3)); // andpd
        self.e.op32(Form::sse(0x66, 0x55), XMM3, Rm::Reg(XMM1)); // andnpd
        self.e.op32(Form::sse(0x66, 0x56), XMM3, Rm::Reg(XMM4)); // orpd
        self.e.op32(MOVAPS, XMM0, Rm::Reg(XMM3));
    }

    /// `mov [rbp + at], al`.
    fn store_byte(&mut self, at: i32) {
        self.e.raw(&[0x88, 0x85]);
        self.e.raw(&at.to_le_bytes());
    }
}
