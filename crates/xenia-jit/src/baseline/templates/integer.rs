//! Templates for fixed-point arithmetic and compares (PowerISA 2.02, book I).
//!
//! CA is the carry out of the low words, as in 32-bit mode. Undefined quotients are 0
//! (docs/src/decisions/0004-instruction-results.md).

use super::Templates;
use crate::baseline::encode::MOVZX8;
use crate::baseline::encode::{
    ADC, ADD, AND, CMP, Condition, Dword, HostReg, IMUL, Imm, MOV, MOVSX8, MOVSXD, OperandSize, Qword, RAX,
    RCX, RDX, Rm, STORE8, SUB, Shift, TEST, Unary, XOR,
};
use crate::baseline::map::{CA, cr, gpr};
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn integer(&mut self, op: Op, i: Instruction) -> bool {
        // OE forms may set XER[SO], so `unit` leaves them to the interpreter.
        let d = i.rd();
        let a = i.ra();
        let b = i.rb();
        match op {
            Op::addi => self.add_immediate(i, i.simm() as i32),
            Op::addis => self.add_immediate(i, (i.simm() << 16) as i32),
            Op::addx => self.add(i),
            Op::subfx => {
                self.two(SUB, d, b, a);
                self.record_if(i, d);
            }
            Op::negx => self.negate(i),
            Op::mulli => self.multiply_immediate(i),
            Op::mullwx => {
                let target = Self::target(d);
                self.word_product(i, true, target);
                self.write(d, target);
                self.record_if(i, d);
            }
            Op::mulldx => {
                self.two(IMUL, d, a, b);
                self.record_if(i, d);
            }
            Op::mulhwx | Op::mulhwux => self.high_word_product(op, i),
            Op::divwx => self.divide(i, Dword),
            Op::divdx => self.divide(i, Qword),
            Op::divwux => self.divide_unsigned(i, Dword),
            Op::divdux => self.divide_unsigned(i, Qword),
            Op::addic => self.add_immediate_carrying(i),
            Op::addic_rc => {
                self.add_immediate_carrying(i);
                self.record(d);
            }
            Op::subficx => {
                self.e.constant(Rm::Reg(RAX), i.simm() as i32);
                self.subtract_carrying(d, a);
            }
            Op::subfcx => {
                self.subtract_registers_carrying(d, a, b);
                self.record_if(i, d);
            }
            Op::addcx => self.add_carrying(i),
            Op::subfex if a == b => self.carry_minus_one(i),
            Op::addex | Op::subfex | Op::addzex | Op::subfzex | Op::addmex | Op::subfmex => {
                self.add_extended(op, i);
            }
            Op::cmp | Op::cmpl => self.compare(i, op == Op::cmp, None),
            Op::cmpi => self.compare(i, true, Some(i.simm() as i32)),
            Op::cmpli => self.compare(i, false, Some(i.uimm() as i32)),
            _ => return false,
        }
        true
    }

    fn multiply_immediate(&mut self, i: Instruction) {
        let target = Self::target(i.rd());
        let a = self.latest(i.ra());
        self.e.multiply(target, a, i.simm() as i32);
        self.write(i.rd(), target);
    }

    /// Emits `mulhw` and `mulhwu`.
    fn high_word_product(&mut self, op: Op, i: Instruction) {
        let is_signed = op == Op::mulhwx;
        let target = Self::target(i.rd());
        self.word_product(i, is_signed, target);
        self.e.shift(Qword, if is_signed { Shift::RightSigned } else { Shift::Right }, target, 32);
        self.write(i.rd(), target);
        self.record_if(i, i.rd());
    }

    /// Emits `neg`, in place if it can.
    fn negate(&mut self, i: Instruction) {
        let d = i.rd();
        let a = i.ra();
        if d == a {
            self.e.unary(Qword, Unary::Neg, gpr(d));
        } else {
            let target = Self::target(d);
            let a = self.latest(a);
            self.e.mov(target, a);
            self.e.unary(Qword, Unary::Neg, Rm::Reg(target));
            self.write(d, target);
        }
        self.record_if(i, d);
    }

    /// Emits `addic`: CA is the carry of the low words.
    fn add_immediate_carrying(&mut self, i: Instruction) {
        let value = i.simm() as i32;
        let target = Self::target(i.rd());
        self.sum_and_low_word(i, target);
        self.e.imm(Dword, Imm::Add, Rm::Reg(RCX), value);
        self.set_carry(Condition::CARRY);
        self.write(i.rd(), target);
        self.carry_is_in_cl();
    }

    /// ecx = the low word of RA, then `target` = RA + the immediate value.
    fn sum_and_low_word(&mut self, i: Instruction, target: HostReg) {
        let base = match self.latest(i.ra()) {
            Rm::Reg(base) => base,
            place => {
                self.e.op64(MOV, RCX, place);
                RCX
            }
        };
        if base != RCX {
            self.e.op32(MOV, RCX, Rm::Reg(base));
        }
        self.e.lea(Qword, target, base, i.simm() as i32);
    }

    /// Emits `addic rT,rA,-1` and `subfe rD,rT,rA`, by which compilers test whether a word is not
    /// 0: RD = CA = whether RA's low word is not 0.
    pub(in crate::baseline) fn is_not_zero(&mut self, first: Instruction, last: Instruction) {
        let sum = Self::target(first.rd());
        self.sum_and_low_word(first, sum);
        if first.rd() != last.rd() {
            self.write(first.rd(), sum);
        }
        self.e.imm(Dword, Imm::Add, Rm::Reg(RCX), -1);
        self.set_carry(Condition::CARRY);
        let target = Self::target(last.rd());
        self.e.op32(MOVZX8, target, Rm::Reg(RCX));
        self.write(last.rd(), target);
        self.carry_is_in_cl();
    }

    /// Emits `addc`: CA is the carry of the low words.
    fn add_carrying(&mut self, i: Instruction) {
        self.low_word(RCX, i.ra());
        self.e.op32(ADD, RCX, gpr(i.rb()));
        self.set_carry(Condition::CARRY);
        self.sum(i);
        if [i.ra(), i.rb()].iter().all(|&n| matches!(gpr(n), Rm::Reg(_))) {
            self.carry_is_in_cl();
        }
        self.record_if(i, i.rd());
    }

    /// Emits `addi` and `addis`.
    fn add_immediate(&mut self, i: Instruction, value: i32) {
        let to = gpr(i.rd());
        if i.ra() == 0 {
            self.e.constant(to, value);
            return;
        }
        let from = gpr(i.ra());
        if from == to {
            if value != 0 {
                self.e.imm(Qword, Imm::Add, to, value);
            }
            return;
        }
        let target = Self::target(i.rd());
        let from = self.latest(i.ra());
        if let Rm::Reg(base) = from
            && value != 0
        {
            self.e.lea(Qword, target, base, value);
        } else {
            self.e.mov(target, from);
            if value != 0 {
                self.e.lea(Qword, target, target, value);
            }
        }
        self.write(i.rd(), target);
    }

    fn add(&mut self, i: Instruction) {
        self.sum(i);
        self.record_if(i, i.rd());
    }

    /// RD = RA + RB.
    fn sum(&mut self, i: Instruction) {
        match (gpr(i.rd()), self.latest(i.ra()), self.latest(i.rb())) {
            (Rm::Reg(to), Rm::Reg(a), Rm::Reg(b)) if to != a && to != b => {
                self.e.lea_sum(Qword, to, a, b);
            }
            _ => self.two(ADD, i.rd(), i.ra(), i.rb()),
        }
    }

    /// `target` = the product of the low words of RA and RB. It may be the register of either.
    fn word_product(&mut self, i: Instruction, signed: bool, target: HostReg) {
        // The factor whose register is replaced has to be read first.
        let replaces_b = gpr(i.rb()) == Rm::Reg(target);
        let (first, second) = if replaces_b { (i.rb(), i.ra()) } else { (i.ra(), i.rb()) };
        let from = self.latest(first);
        self.extend_word(signed, target, from);
        if first == second {
            self.e.op64(IMUL, target, Rm::Reg(target));
        } else {
            self.extend_word(signed, RCX, gpr(second));
            self.e.op64(IMUL, target, Rm::Reg(RCX));
        }
    }

    /// `reg` = the low word of `from`, extended to 64 bits.
    fn extend_word(&mut self, signed: bool, reg: HostReg, from: Rm) {
        if signed {
            self.e.op64(MOVSXD, reg, from);
        } else {
            self.e.op32(MOV, reg, from);
        }
    }

    /// RD = rax − RA, with the carry out of the low word.
    fn subtract_carrying(&mut self, d: usize, a: usize) {
        self.e.op32(CMP, RAX, gpr(a));
        self.set_carry(Condition::NOT_CARRY);
        self.e.op64(SUB, RAX, gpr(a));
        self.write(d, RAX);
        self.carry_is_in_cl();
    }

    /// RD = RB − RA, with the carry out of the low word.
    fn subtract_registers_carrying(&mut self, d: usize, a: usize, b: usize) {
        let from = self.read_latest(b, RAX);
        self.e.op32(CMP, from, gpr(a));
        self.set_carry(Condition::NOT_CARRY);
        self.two(SUB, d, b, a);
        // The subtraction loads RB to rcx if the result replaces RA.
        if matches!(gpr(a), Rm::Reg(_)) && (d != a || matches!(gpr(b), Rm::Reg(_))) {
            self.carry_is_in_cl();
        }
    }

    /// Emits `adde`, `addze`, `addme` and their `subf` forms: CA by adding the low words with the
    /// host's carry, then the sum from the same operands, because RD may be one of them.
    fn add_extended(&mut self, op: Op, i: Instruction) {
        let negated = matches!(op, Op::subfex | Op::subfzex | Op::subfmex);
        let minus_one = matches!(op, Op::addmex | Op::subfmex);
        let other = matches!(op, Op::addex | Op::subfex).then(|| i.rb());
        let a = gpr(i.ra());
        self.load_carry();
        self.e.op64(MOV, RCX, a);
        if negated {
            self.e.unary(Dword, Unary::Not, Rm::Reg(RCX));
        }
        if other.is_none() && !minus_one {
            self.e.op32(ADD, RCX, Rm::Reg(RAX));
        } else {
            // Copies CA to the host's carry; nothing may change it before the addition.
            self.e.bit_test(Rm::Reg(RAX), 0);
            match other {
                Some(other) => self.e.op32(ADC, RCX, gpr(other)),
                None => self.e.imm(Dword, Imm::Adc, Rm::Reg(RCX), -1),
            }
        }
        self.set_carry(Condition::CARRY);
        // NOT RA is -RA - 1.
        self.e.op64(if negated { SUB } else { ADD }, RAX, a);
        if let Some(other) = other {
            self.e.op64(ADD, RAX, gpr(other));
        }
        let rest = -i32::from(negated) - i32::from(minus_one);
        if rest != 0 {
            self.e.imm(Qword, Imm::Add, Rm::Reg(RAX), rest);
        }
        self.write(i.rd(), RAX);
        self.carry_is_in_cl();
        self.record_if(i, i.rd());
    }

    /// Emits `subfe` with RA = RB, by which compilers turn a carry into a mask: NOT RA + RA is −1,
    /// and CA stays as it is.
    fn carry_minus_one(&mut self, i: Instruction) {
        self.load_carry();
        self.e.imm(Qword, Imm::Sub, Rm::Reg(RAX), 1);
        self.write(i.rd(), RAX);
        self.record_if(i, i.rd());
    }

    /// CA = `condition`, by way of cl: processors that forward a `mov` to a load at no cost do not
    /// forward a `setcc`.
    pub(super) fn set_carry(&mut self, condition: Condition) {
        self.e.set(condition, Rm::Reg(RCX));
        self.e.op32(STORE8, RCX, CA);
    }

    /// Notes that cl still has CA, which was just set.
    fn carry_is_in_cl(&mut self) {
        self.carry_in_cl = Some(self.e.len());
    }

    /// eax = CA, from cl if nothing was emitted since it was set there.
    fn load_carry(&mut self) {
        let is_in_cl = self.carry_in_cl == Some(self.e.len());
        self.e.op32(MOVZX8, RAX, if is_in_cl { Rm::Reg(RCX) } else { CA });
    }

    /// Emits `divwu` or `divdu`; the result is 0 where the quotient is undefined.
    fn divide_unsigned(&mut self, i: Instruction, size: OperandSize) {
        self.e.op(size, MOV, RCX, gpr(i.rb()));
        self.e.op(size, MOV, RAX, gpr(i.ra()));
        self.e.push(RDX);
        self.e.op32(XOR, RDX, Rm::Reg(RDX));
        self.e.op(size, TEST, RCX, Rm::Reg(RCX));
        let none = self.e.jump_if_short(Condition::EQUAL);
        self.e.unary(size, Unary::Div, Rm::Reg(RCX));
        let done = self.e.jump_short();
        self.e.land(none);
        self.e.op32(XOR, RAX, Rm::Reg(RAX));
        self.e.land(done);
        self.e.pop(RDX);
        self.write(i.rd(), RAX);
        self.record_if(i, i.rd());
    }

    /// Emits `divw` or `divd`; the result is 0 where the quotient is undefined. The divisors 0 and
    /// −1, for which the host traps or may trap, take another path.
    fn divide(&mut self, i: Instruction, size: OperandSize) {
        self.e.op(size, MOV, RCX, gpr(i.rb()));
        self.e.op(size, MOV, RAX, gpr(i.ra()));
        self.e.push(RDX);
        self.e.lea(size, RDX, RCX, 1);
        self.e.imm(size, Imm::Cmp, Rm::Reg(RDX), 1);
        let plain = self.e.jump_if_short(Condition::ABOVE);
        // 0 for a division by 0, or the negated dividend for one by −1.
        self.e.op(size, AND, RAX, Rm::Reg(RCX));
        self.e.unary(size, Unary::Neg, Rm::Reg(RAX));
        let negated = self.e.jump_if_short(Condition::NOT_OVERFLOW);
        self.e.op32(XOR, RAX, Rm::Reg(RAX));
        let none = self.e.jump_short();
        self.e.land(plain);
        self.e.raw(if size == Qword { &[0x48, 0x99] } else { &[0x99] }); // cqo or cdq
        self.e.unary(size, Unary::DivSigned, Rm::Reg(RCX));
        self.e.land(negated);
        self.e.land(none);
        self.e.pop(RDX);
        self.write(i.rd(), RAX);
        self.record_if(i, i.rd());
    }

    /// Emits a compare with RB or a value. A field of words is their difference, extended to 64
    /// bits first. A difference of doublewords may overflow, so their field is 1, −1 or 0.
    fn compare(&mut self, i: Instruction, signed: bool, value: Option<i32>) {
        let field = i.crfd();
        let target = Self::compare_target(field);
        if i.l() {
            self.compare_doublewords(i, signed, value, target);
            self.e.store(cr(field), target);
            return;
        }
        // RB first if a register still holds it.
        let is_loaded = value.is_none() && self.just_written(i.rb()).is_some();
        if is_loaded {
            let b = self.latest(i.rb());
            self.extend_word(signed, RAX, b);
        }
        let a = self.latest(i.ra());
        self.extend_word(signed, target, a);
        match value {
            Some(0) => {}
            Some(value) => self.e.imm(Qword, Imm::Sub, Rm::Reg(target), value),
            None => {
                if !is_loaded {
                    self.extend_word(signed, RAX, gpr(i.rb()));
                }
                self.e.op64(SUB, target, Rm::Reg(RAX));
            }
        }
        self.e.store(cr(field), target);
        if value == Some(0) {
            // Last, because hosts run a test and a branch behind it as one operation.
            self.e.op64(TEST, target, Rm::Reg(target));
        }
        self.e.flags = Some(field as u8);
    }

    /// `target` = 1, −1 or 0.
    fn compare_doublewords(&mut self, i: Instruction, signed: bool, value: Option<i32>, target: HostReg) {
        if let Some(value) = value {
            self.e.imm(Qword, Imm::Cmp, gpr(i.ra()), value);
        } else {
            let a = self.read(i.ra(), RAX);
            self.e.op64(CMP, a, gpr(i.rb()));
        }
        let (greater, less) =
            if signed { (Condition::GREATER, Condition::LESS) } else { (Condition::ABOVE, Condition::CARRY) };
        self.e.set(greater, Rm::Reg(RAX));
        self.e.set(less, Rm::Reg(RCX));
        self.e.op32(SUB.byte(), RAX, Rm::Reg(RCX));
        self.e.op64(MOVSX8, target, Rm::Reg(RAX));
    }
}
