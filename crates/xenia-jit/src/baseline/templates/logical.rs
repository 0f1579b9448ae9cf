//! Templates for logical operations, sign extension, and leading zeros.

use super::Templates;
use crate::baseline::encode::{
    AND, ANDN, Dword, Form, Imm, LZCNT, MOV, MOVSX8, MOVSX16, MOVSXD, OR, Qword, RAX, RCX, Rm, Unary, XOR,
};
use crate::baseline::map::gpr;
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn logical(&mut self, op: Op, i: Instruction) -> bool {
        let a = i.ra();
        let s = i.rs();
        let b = i.rb();
        match op {
            Op::orx if s == b => self.move_register(a, s),
            Op::orx => self.two(OR, a, s, b),
            Op::andx => self.two(AND, a, s, b),
            Op::xorx => self.two(XOR, a, s, b),
            Op::norx => self.negated(OR, i),
            Op::nandx => self.negated(AND, i),
            Op::eqvx => self.negated(XOR, i),
            Op::andcx if self.options.features.bmi => {
                let b = self.read(b, RCX);
                let s = self.read(s, RAX);
                let target = Self::target(a);
                self.e.vex(Qword, ANDN, target, b, Rm::Reg(s));
                self.write(a, target);
            }
            Op::andcx => self.with_complement(AND, i),
            Op::orcx => self.with_complement(OR, i),
            Op::ori => self.immediate(Imm::Or, i, i.uimm() as u32),
            Op::oris => self.immediate(Imm::Or, i, (i.uimm() as u32) << 16),
            Op::xori => self.immediate(Imm::Xor, i, i.uimm() as u32),
            Op::xoris => self.immediate(Imm::Xor, i, (i.uimm() as u32) << 16),
            Op::andi_rc => self.and_immediate(i, i.uimm() as u32),
            Op::andis_rc => self.and_immediate(i, (i.uimm() as u32) << 16),
            Op::extsbx => self.extend(MOVSX8, i),
            Op::extshx => self.extend(MOVSX16, i),
            Op::extswx => self.extend(MOVSXD, i),
            Op::cntlzwx | Op::cntlzdx if self.options.features.lzcnt => {
                let target = Self::target(a);
                let s = self.latest(s);
                let size = if op == Op::cntlzdx { Qword } else { Dword };
                // Of 0 it gives the width, as the guest's instruction does.
                self.e.op(size, LZCNT, target, s);
                self.write(a, target);
            }
            _ => return false,
        }
        let has_record_form =
            !matches!(op, Op::ori | Op::oris | Op::xori | Op::xoris | Op::andi_rc | Op::andis_rc);
        if has_record_form {
            self.record_if(i, a);
        }
        true
    }

    fn move_register(&mut self, to: usize, from: usize) {
        match (gpr(to), self.latest(from)) {
            (Rm::Reg(reg), from) => self.e.mov(reg, from),
            (_, Rm::Reg(reg)) => self.write(to, reg),
            (place, from) if place == from => {}
            (_, from) => {
                self.e.op64(MOV, RAX, from);
                self.write(to, RAX);
            }
        }
    }

    /// RA = NOT (RS op RB).
    fn negated(&mut self, form: Form, i: Instruction) {
        // With equal operands, AND and OR change nothing, but XOR gives 0.
        if i.rs() == i.rb() && form != XOR {
            let target = Self::target(i.ra());
            let s = self.latest(i.rs());
            self.e.mov(target, s);
            self.e.unary(Qword, Unary::Not, Rm::Reg(target));
            self.write(i.ra(), target);
            return;
        }
        self.e.op64(MOV, RAX, gpr(i.rs()));
        self.e.op64(form, RAX, gpr(i.rb()));
        self.e.unary(Qword, Unary::Not, Rm::Reg(RAX));
        self.write(i.ra(), RAX);
    }

    /// RA = RS op NOT RB.
    fn with_complement(&mut self, form: Form, i: Instruction) {
        self.e.op64(MOV, RAX, gpr(i.rb()));
        self.e.unary(Qword, Unary::Not, Rm::Reg(RAX));
        match gpr(i.ra()) {
            reg @ Rm::Reg(_) if i.ra() == i.rs() => self.e.op64(form.into(), RAX, reg),
            _ => {
                self.e.op64(form, RAX, gpr(i.rs()));
                self.write(i.ra(), RAX);
            }
        }
    }

    fn immediate(&mut self, operation: Imm, i: Instruction, value: u32) {
        if value == 0 {
            self.move_register(i.ra(), i.rs());
            return;
        }
        let target = Self::target(i.ra());
        if let Ok(value) = i32::try_from(value) {
            if i.ra() == i.rs() {
                self.e.imm(Qword, operation, gpr(i.ra()), value);
                return;
            }
            let s = self.latest(i.rs());
            self.e.mov(target, s);
            self.e.imm(Qword, operation, Rm::Reg(target), value);
        } else {
            // As a sign-extended immediate it would change the upper half.
            self.e.word(RCX, value);
            self.e.mov(target, gpr(i.rs()));
            let form = if operation == Imm::Or { OR } else { XOR };
            self.e.op64(form, target, Rm::Reg(RCX));
        }
        self.write(i.ra(), target);
    }

    fn and_immediate(&mut self, i: Instruction, value: u32) {
        let target = Self::target(i.ra());
        // The operation clears the upper half.
        if gpr(i.rs()) != Rm::Reg(target) {
            self.low_word(target, i.rs());
        }
        self.e.imm(Dword, Imm::And, Rm::Reg(target), value.cast_signed());
        self.write(i.ra(), target);
        self.record_masked(i.ra());
    }

    fn extend(&mut self, form: Form, i: Instruction) {
        let target = Self::target(i.ra());
        let s = self.latest(i.rs());
        self.e.op64(form, target, s);
        self.write(i.ra(), target);
    }
}
