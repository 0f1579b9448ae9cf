//! Rotates and shifts.

use super::Templates;
use crate::baseline::encode::{
    AND, Condition, HostReg, Imm, MOV, MOVSXD, MOVZX8, MOVZX16, RAX, RCX, Rm, Shift, XOR, XOR_TO,
};
use crate::baseline::map::{CA, gpr};
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn rotate(&mut self, op: Op, i: Instruction) -> bool {
        let (a, s) = (i.ra(), i.rs());
        match op {
            Op::rlwinmx if i.mb() <= i.me() => self.rotate_and_mask(i),
            Op::rlwimix if i.mb() <= i.me() => self.rotate_and_insert(i),
            Op::slwx | Op::srwx => {
                // The host takes the count by 64, the guest too; only the low word is kept.
                self.e.op32(MOV, RCX, gpr(i.rb()));
                self.e.op32(MOV, RAX, gpr(s));
                let shift = if op == Op::slwx { Shift::Left } else { Shift::Right };
                self.e.shift_by_cl(true, shift, RAX);
                self.e.op32(MOV, RAX, Rm::Reg(RAX));
                self.write(a, RAX);
            }
            Op::srawix => self.shift_right_algebraic(i),
            Op::rldiclx => {
                let target = self.rotated_doubleword(i);
                self.keep_low(target, 64 - i.mb64() as u8);
                self.write(a, target);
            }
            Op::rldicrx => {
                let target = self.rotated_doubleword(i);
                self.keep_high(target, i.mb64() as u8 + 1);
                self.write(a, target);
            }
            _ => return false,
        }
        self.record_if(i, a);
        true
    }

    /// `rlwinm` of a mask that does not wrap: the upper word of the result is 0.
    fn rotate_and_mask(&mut self, i: Instruction) {
        let (target, from) = (Self::target(i.ra()), gpr(i.rs()));
        let (count, mb, me) = (i.sh() as u8, i.mb() as u8, i.me() as u8);
        let mask = u32::MAX >> mb & u32::MAX << (31 - me);
        let reg = Rm::Reg(target);
        match (count, mask) {
            (0, 0xFF) => self.e.op32(MOVZX8, target, from),
            (0, 0xFFFF) => self.e.op32(MOVZX16, target, from),
            _ => {
                self.e.op32(MOV, target, from);
                if count != 0 && me == 31 && 32 - count <= mb {
                    self.e.shift(false, Shift::Right, target, 32 - count);
                    if 32 - count < mb {
                        self.e.imm(false, Imm::And, reg, mask.cast_signed());
                    }
                } else if count != 0 && 31 - me == count && mb != 0 && mask > 127 && mask >> 31 == 0 {
                    // Two shifts are shorter than a mask of four bytes.
                    self.e.shift(false, Shift::Left, target, count + mb);
                    self.e.shift(false, Shift::Right, target, mb);
                } else if count != 0 && 31 - me >= count {
                    self.e.shift(false, Shift::Left, target, count);
                    if mask != u32::MAX << count {
                        self.e.imm(false, Imm::And, reg, mask.cast_signed());
                    }
                } else {
                    if count != 0 {
                        self.e.shift(false, Shift::RotateLeft, target, count);
                    }
                    if mask != u32::MAX {
                        self.e.imm(false, Imm::And, reg, mask.cast_signed());
                    }
                }
            }
        }
        self.write(i.ra(), target);
    }

    /// `rlwimi` of a mask that does not wrap: RA ^ ((rotated ^ RA) & mask), where the difference
    /// has no upper word.
    fn rotate_and_insert(&mut self, i: Instruction) {
        let mask = u32::MAX >> i.mb() & u32::MAX << (31 - i.me());
        let into = gpr(i.ra());
        self.e.op32(MOV, RAX, gpr(i.rs()));
        if i.sh() != 0 {
            self.e.shift(false, Shift::RotateLeft, RAX, i.sh() as u8);
        }
        self.e.op32(XOR, RAX, into);
        self.e.imm(false, Imm::And, Rm::Reg(RAX), mask.cast_signed());
        self.e.op64(XOR_TO, RAX, into);
    }

    /// `srawi`: CA if the word is negative and ones are lost.
    fn shift_right_algebraic(&mut self, i: Instruction) {
        let count = i.sh() as u8;
        self.e.op64(MOVSXD, RAX, gpr(i.rs()));
        self.e.op32(MOV, RCX, Rm::Reg(RAX));
        self.e.shift(false, Shift::RightSigned, RCX, 31);
        self.e.op32(AND, RCX, Rm::Reg(RAX));
        self.e.imm(false, Imm::And, Rm::Reg(RCX), ((1_u64 << count) - 1) as i32);
        self.e.set(Condition::NOT_EQUAL, CA);
        if count != 0 {
            self.e.shift(true, Shift::RightSigned, RAX, count);
        }
        self.write(i.ra(), RAX);
    }

    /// RS rotated, where the result of a doubleword rotate is computed.
    fn rotated_doubleword(&mut self, i: Instruction) -> HostReg {
        let target = Self::target(i.ra());
        self.e.mov(target, gpr(i.rs()));
        if i.sh64() != 0 {
            self.e.shift(true, Shift::RotateLeft, target, i.sh64() as u8);
        }
        target
    }

    /// Clears all but the low `bits` (1 to 64).
    fn keep_low(&mut self, reg: HostReg, bits: u8) {
        match bits {
            64 => {}
            32 => self.e.op32(MOV, reg, Rm::Reg(reg)),
            _ => {
                self.e.shift(true, Shift::Left, reg, 64 - bits);
                self.e.shift(true, Shift::Right, reg, 64 - bits);
            }
        }
    }

    /// Clears all but the high `bits` (1 to 64).
    fn keep_high(&mut self, reg: HostReg, bits: u8) {
        if bits < 64 {
            self.e.shift(true, Shift::Right, reg, 64 - bits);
            self.e.shift(true, Shift::Left, reg, 64 - bits);
        }
    }
}
