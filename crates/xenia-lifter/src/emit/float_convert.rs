//! Conversions between floating-point numbers and integers. The host rounds as the instruction
//! specifies; FR and FI are computed at once, since they cannot be recovered later.

use super::cache::Pending;
use super::float_registers::FloatOperand;
use super::{HOST, Lifter};
use crate::host::Word;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::Instruction;

/// Rounding of a conversion to an integer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegerRounding {
    /// To nearest, ties to even.
    Nearest,
    TowardZero,
}

impl Lifter<'_> {
    /// Keeps the computation of `value` alive even if the instruction's result is never read, since
    /// the host operation sets the sticky bits: stores it to a word that nobody reads. (Arithmetic
    /// needs no such store, since its result is tested for NaN.)
    fn keep(&mut self, value: Value) {
        let ctx = self.context();
        self.b.ins().store(HOST, value, ctx, Word::Operands.offset());
    }

    /// Converts an integer to a double (`fcfid`).
    pub(super) fn integer_to_float(&mut self, i: Instruction) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, [None, Some(i.fb()), None]);
            return;
        }
        self.scalar_mode();
        let b = self.fpr(i.fb());
        let operands = [None, Some(FloatOperand::Double(b)), None];
        let bits = self.bits(b);
        let result = self.b.ins().fcvt_from_sint(types::F64, bits);
        self.keep(result);
        self.set_fpr(i.fd(), result);
        *self.pending() = Pending { operation: Some((i.0, operands)), compared: None, rounding: None };
        self.record_status(i);
    }

    /// Converts a number of a magnitude below `limit` to an integer; other values go to software.
    pub(super) fn float_to_integer(&mut self, i: Instruction, limit: f64, mode: IntegerRounding) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, [None, Some(i.fb()), None]);
            return;
        }
        self.scalar_mode();
        let (operand, b) = self.float_operand(i.fb());
        let magnitude = self.b.ins().fabs(b);
        let limit = self.b.ins().f64const(limit);
        let outside = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, magnitude, limit);
        let [cold, fine, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, types::I64);
        let rounding = self.b.append_block_param(done, types::I8);
        self.b.ins().brif(outside, cold, &[], fine, &[]);
        self.b.switch_to_block(cold);
        let value = self.software(i, [None, Some(operand), None], types::I64);
        let status = self.status();
        // FI, bit 17, and FR above it.
        let rounded = self.b.ins().ushr_imm_s(status, 17);
        let rounded = self.b.ins().band_imm_s(rounded, 3);
        let rounded = self.b.ins().ireduce(types::I8, rounded);
        self.b.ins().jump(done, &[value.into(), rounded.into()]);
        self.b.switch_to_block(fine);
        let whole = match mode {
            IntegerRounding::Nearest => self.b.ins().nearest(b),
            IntegerRounding::TowardZero => self.b.ins().trunc(b),
        };
        let mut value = self.b.ins().fcvt_to_sint_sat(types::I64, whole);
        if self.config.rounds_silently {
            // Converting a number that is not whole raises the exception; its result is not used.
            let raising = self.b.ins().fcvt_to_sint_sat(types::I64, b);
            let nothing = self.b.ins().band_imm_s(raising, 0);
            value = self.b.ins().bor(value, nothing);
        }
        let inexact = self.b.ins().fcmp(FloatCC::NotEqual, whole, b);
        let mut rounded = inexact;
        if mode == IntegerRounding::Nearest {
            let up = self.b.ins().fabs(whole);
            let up = self.b.ins().fcmp(FloatCC::GreaterThan, up, magnitude);
            let up = self.b.ins().ishl_imm_s(up, 1);
            rounded = self.b.ins().bor(rounded, up);
        }
        self.keep(whole);
        self.b.ins().jump(done, &[value.into(), rounded.into()]);
        self.b.switch_to_block(done);
        let result = self.number(result);
        self.set_fpr(i.fd(), result);
        self.pending().rounding = Some(rounding);
        self.record_status(i);
    }
}
