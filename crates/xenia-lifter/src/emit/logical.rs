//! Logical instructions, sign extension and leading zeros: 64 bits in both modes.

use super::Lifter;
use crate::host::Leave;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::{Instruction, Logical};

impl Lifter<'_> {
    fn logical(&mut self, i: Instruction, of: impl FnOnce(&mut Self, Value, Value) -> Value) {
        let s = self.gpr(i.rs());
        let b = self.gpr(i.rb());
        let result = of(self, s, b);
        self.set_logical(i, result);
    }

    fn set_logical(&mut self, i: Instruction, result: Value) {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
    }

    /// Sign-extends the low part of RS.
    fn extend(&mut self, i: Instruction, ty: types::Type) {
        let s = self.gpr(i.rs());
        let part = self.b.ins().ireduce(ty, s);
        let result = self.b.ins().sextend(types::I64, part);
        self.set_gpr_signed(i.ra(), result, (ty == types::I32).then_some(part));
        if i.rc() {
            self.record(result);
        }
    }
}

impl Logical for Lifter<'_> {
    fn andx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| l.b.ins().band(s, b));
    }

    fn andcx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| l.b.ins().band_not(s, b));
    }

    fn andi_rc(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let result = self.b.ins().band_imm_s(s, i.uimm() as i64);
        self.set_gpr32(i.ra(), result);
        self.record32(result);
    }

    fn andis_rc(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let result = self.b.ins().band_imm_s(s, (i.uimm() << 16) as i64);
        self.set_gpr32(i.ra(), result);
        self.record32(result);
    }

    fn cntlzdx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let count = self.b.ins().clz(s);
        self.set_logical(i, count);
    }

    fn cntlzwx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let count = self.b.ins().clz(s);
        self.set_gpr32(i.ra(), count);
        if i.rc() {
            self.record32(count);
        }
    }

    fn eqvx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| {
            let differ = l.b.ins().bxor(s, b);
            l.b.ins().bnot(differ)
        });
    }

    fn extsbx(&mut self, i: Instruction) {
        self.extend(i, types::I8);
    }

    fn extshx(&mut self, i: Instruction) {
        self.extend(i, types::I16);
    }

    fn extswx(&mut self, i: Instruction) {
        self.extend(i, types::I32);
    }

    fn nandx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| {
            let and = l.b.ins().band(s, b);
            l.b.ins().bnot(and)
        });
    }

    fn norx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| {
            let or = if s == b { s } else { l.b.ins().bor(s, b) };
            l.b.ins().bnot(or)
        });
    }

    fn orx(&mut self, i: Instruction) {
        if i.is_yield_hint() {
            // `or` of a register to itself that is a yield hint: ends the visit.
            self.flush();
            self.leave_after(Leave::Yield);
            self.terminated = true;
        } else if i.rs() == i.rb() {
            self.move_gpr(i.ra(), i.rs());
            if i.rc() {
                let result = self.gpr(i.ra());
                self.record(result);
            }
        } else {
            self.logical(i, |l, s, b| l.b.ins().bor(s, b));
        }
    }

    fn orcx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| l.b.ins().bor_not(s, b));
    }

    fn ori(&mut self, i: Instruction) {
        if i.uimm() == 0 {
            self.move_gpr(i.ra(), i.rs());
        } else {
            let s = self.gpr(i.rs());
            let result = self.with_bits(s, i.uimm() as i64);
            self.set_gpr(i.ra(), result);
        }
    }

    fn oris(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let result = self.with_bits(s, (i.uimm() << 16) as i64);
        self.set_gpr(i.ra(), result);
    }

    fn xorx(&mut self, i: Instruction) {
        self.logical(i, |l, s, b| l.b.ins().bxor(s, b));
    }

    fn xori(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let result = self.b.ins().bxor_imm_s(s, i.uimm() as i64);
        self.set_gpr(i.ra(), result);
    }

    fn xoris(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let result = self.b.ins().bxor_imm_s(s, (i.uimm() << 16) as i64);
        self.set_gpr(i.ra(), result);
    }
}
