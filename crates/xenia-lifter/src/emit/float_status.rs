//! Moves to, from and within FPSCR, and CR1 of floating-point record forms.
//!
//! The control bits that affect arithmetic are part of the code's mode, so a move that changes
//! between default and controlled arithmetic leaves compiled code. One that enables an exception
//! while MSR delivers exceptions is left to the interpreter: it may raise the exception itself, and
//! no mode describes the state after it.

use super::cache::Cr;
use super::{HOST, Lifter};
use crate::hook::Hook;
use crate::host::{Leave, field};
use crate::mode::DELIVERY_BITS;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_cpu::fpscr::{CONTROL, ENABLES, EXCEPTIONS, FEX, FX, INVALID, VX};
use xenia_isa::Instruction;

/// Bits that no instruction writes: the summaries, and the reserved bit.
const UNWRITTEN: u32 = FEX | VX | 1 << 11;

impl Lifter<'_> {
    /// FPSCR as stored in the context, a word.
    pub(super) fn status(&mut self) -> Value {
        let ctx = self.context();
        self.b.ins().load(types::I32, HOST, ctx, field::FPSCR)
    }

    /// FPSCR, made exact at this point, zero-extended.
    pub(super) fn exact_status(&mut self) -> Value {
        self.flush();
        self.call_status(0)
    }

    fn call_status(&mut self, exceptions: u64) -> Value {
        let exceptions = self.const64(exceptions);
        self.call_hook(Hook::Status, &[exceptions])
    }

    /// CR1 of a record form: FX, FEX, VX and OX.
    pub(super) fn record_status(&mut self, i: Instruction) {
        if i.rc() {
            let status = if self.config.mode.controlled {
                // In controlled mode these bits are always exact.
                self.status()
            } else {
                let status = self.call_status(1);
                self.b.ins().ireduce(types::I32, status)
            };
            self.record_of(status);
        }
    }

    fn record_of(&mut self, status: Value) {
        let bits = self.b.ins().ushr_imm_s(status, 28);
        let bits = self.b.ins().ireduce(types::I8, bits);
        self.set_cr(1, Cr::Bits(bits));
    }

    /// `status` with VX and FEX recomputed from the other bits.
    fn summarized(&mut self, status: Value) -> Value {
        let status = self.b.ins().band_imm_s(status, !i64::from(FEX | VX));
        let invalid = self.b.ins().band_imm_s(status, i64::from(INVALID));
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

    /// Leaves the instruction to the interpreter if `status`, its result, enables an exception that
    /// MSR delivers.
    fn leave_exceptions(&mut self, status: Value) {
        let enabled = self.b.ins().band_imm_s(status, i64::from(ENABLES));
        let enabled = self.b.ins().icmp_imm_s(IntCC::NotEqual, enabled, 0);
        let ctx = self.context();
        let msr = self.b.ins().load(types::I64, HOST, ctx, field::MSR);
        let delivered = self.b.ins().band_imm_s(msr, DELIVERY_BITS.cast_signed());
        let delivered = self.b.ins().icmp_imm_s(IntCC::NotEqual, delivered, 0);
        let both = self.b.ins().band(enabled, delivered);
        self.raise_if(both);
    }

    /// Writes `status` to FPSCR with recomputed summaries. `settable`: the bits that the
    /// instruction may set. `record`: sets CR1 as well. The instruction ends its block.
    fn set_status(&mut self, status: Value, settable: u32, record: bool) {
        let status = self.summarized(status);
        // Without a new enable none is set that MSR delivers: no mode describes that state.
        if settable & ENABLES != 0 {
            self.leave_exceptions(status);
        }
        let ctx = self.context();
        self.b.ins().store(HOST, status, ctx, field::FPSCR);
        if record {
            self.record_of(status);
        }
        self.flush();
        let control = self.b.ins().band_imm_s(status, i64::from(CONTROL));
        let other = if self.config.mode.controlled { IntCC::Equal } else { IntCC::NotEqual };
        let other = self.b.ins().icmp_imm_s(other, control, 0);
        self.leave_after_if(Leave::Unwind, other);
    }

    fn old_status(&mut self) -> Value {
        let status = self.exact_status();
        self.b.ins().ireduce(types::I32, status)
    }

    /// `mtfsf` and `mtfsfi`: the fields that `fields` names, bit 7 the first, come from `source`.
    pub(super) fn set_status_fields(&mut self, i: Instruction, fields: usize, source: Value) {
        let named = (0..8).filter(|field| fields >> (7 - field) & 1 != 0);
        let mask = named.fold(0, |mask, field| mask | 0xF000_0000_u32 >> (4 * field)) & !UNWRITTEN;
        let old = self.old_status();
        let mask_value = self.const32(mask);
        let status = self.b.ins().bitselect(mask_value, source, old);
        self.set_status(status, mask, i.rc());
    }

    /// Clears a bit of FPSCR (`mtfsb0`).
    pub(super) fn clear_status_bit(&mut self, i: Instruction) {
        let bit = 1_u32 << 31 >> i.crbd() & !UNWRITTEN;
        let old = self.old_status();
        let status = self.b.ins().band_imm_s(old, i64::from(!bit));
        self.set_status(status, 0, i.rc());
    }

    /// `mtfsb1`: an exception bit that was clear sets FX too.
    pub(super) fn set_status_bit(&mut self, i: Instruction) {
        let bit = 1_u32 << 31 >> i.crbd() & !UNWRITTEN;
        let old = self.old_status();
        let mut status = self.b.ins().bor_imm_s(old, i64::from(bit));
        if bit & EXCEPTIONS != 0 {
            let was = self.b.ins().band_imm_s(old, i64::from(bit));
            let fresh = self.b.ins().icmp_imm_s(IntCC::Equal, was, 0);
            let with = self.b.ins().bor_imm_s(status, i64::from(FX));
            status = self.b.ins().select(fresh, with, status);
        }
        self.set_status(status, bit, i.rc());
    }

    /// `mcrfs`: a field goes to CR, and its exception bits are cleared.
    pub(super) fn move_status_field(&mut self, i: Instruction) {
        let shift = 28 - 4 * (i.crfs() as i64 & 7);
        let old = self.old_status();
        let field = self.b.ins().ushr_imm_s(old, shift);
        let field = self.b.ins().band_imm_s(field, 15);
        let field = self.b.ins().ireduce(types::I8, field);
        self.set_cr(i.crfd(), Cr::Bits(field));
        let cleared = 15_u32 << shift & (EXCEPTIONS | FX);
        let status = self.b.ins().band_imm_s(old, i64::from(!cleared));
        self.set_status(status, 0, false);
    }
}
