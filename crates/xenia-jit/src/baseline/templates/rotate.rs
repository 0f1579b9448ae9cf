//! Templates for rotates and shifts (PowerISA 2.02, book I).
//!
//! A rotate of a word acts on 64 bits, of which both halves hold the word. A mask that does not
//! wrap clears the upper half, so the templates compute in 32 bits, which clears it on the host,
//! too; masks that wrap take another path ([`Templates::mask_wrapped`]).

use super::Templates;
use crate::baseline::encode::{
    AND, BZHI, CMP, Condition, Dword, HostReg, Imm, MOV, MOVSXD, MOVZX8, MOVZX16, OR, Qword, RAX, RCX, RDX,
    Rm, SARX, SHLX, SHRX, STORE8, Shift, TEST, XOR,
};
use crate::baseline::map::{CA, gpr};
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn rotate(&mut self, op: Op, i: Instruction) -> bool {
        let a = i.ra();
        let s = i.rs();
        match op {
            Op::rlwinmx if i.mb() <= i.me() => {
                self.rotate_and_mask(i);
                return true;
            }
            Op::rlwimix if i.mb() <= i.me() => self.rotate_and_insert(i),
            Op::rlwinmx | Op::rlwimix => {
                self.e.op32(MOV, RAX, gpr(s));
                if i.sh() != 0 {
                    self.e.shift(Dword, Shift::RotateLeft, RAX, i.sh() as u8);
                }
                self.mask_wrapped(i, op == Op::rlwimix);
            }
            Op::rlwnmx if i.mb() <= i.me() => self.rotate_by_register_and_mask(i),
            Op::rldclx | Op::rldcrx => self.rotate_doubleword_by_register(op, i),
            // Masks that do not wrap.
            Op::rldicx if i.sh64() + i.mb64() < 64 => self.clear_and_shift_doubleword(i),
            Op::rldimix if i.sh64() + i.mb64() < 64 => self.insert_doubleword(i),
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
            _ if self.shift(op, i) => {}
            _ => return false,
        }
        self.record_if(i, a);
        true
    }

    /// Emits shifts. Returns false, with nothing emitted, for other rows.
    fn shift(&mut self, op: Op, i: Instruction) -> bool {
        let a = i.ra();
        let s = i.rs();
        let has_bmi = self.options.features.bmi;
        match op {
            Op::slwx | Op::srwx if has_bmi => self.shift_word_by(op, i),
            Op::slwx => self.shift_word(i, Shift::Left),
            Op::srwx => self.shift_word(i, Shift::Right),
            Op::srawix if self.drops_carry => {
                let target = Self::target(a);
                let s = self.latest(s);
                self.e.op64(MOVSXD, target, s);
                self.shift_unless_0(Shift::RightSigned, target, i.sh() as u8);
                self.write(a, target);
            }
            Op::srawix => {
                let s = self.latest(s);
                self.e.op64(MOVSXD, Self::target(a), s);
                self.shift_right_algebraic(a, i.sh() as u8, 32);
            }
            Op::sradix => {
                self.e.mov(Self::target(a), gpr(s));
                self.shift_right_algebraic(a, i.sh64() as u8, 64);
            }
            Op::srawx if has_bmi && self.drops_carry => {
                let count = self.count_register(i);
                let target = Self::target(a);
                self.e.op64(MOVSXD, RAX, gpr(s));
                self.e.vex(Qword, SARX, target, count, Rm::Reg(RAX));
                self.write(a, target);
            }
            Op::srawx if has_bmi && matches!(gpr(a), Rm::Reg(_)) => {
                self.shift_word_right_algebraic(i);
            }
            Op::srawx => {
                self.e.op32(MOV, RCX, gpr(i.rb()));
                self.e.op64(MOVSXD, RAX, gpr(s));
                self.shift_right_algebraic_by_cl();
                self.write(a, RAX);
            }
            Op::sradx => self.shift_doubleword_right_algebraic(i),
            Op::sldx | Op::srdx if has_bmi => self.shift_doubleword_by(op, i),
            Op::sldx => self.shift_doubleword(i, Shift::Left),
            Op::srdx => self.shift_doubleword(i, Shift::Right),
            _ => return false,
        }
        true
    }

    /// Emits `rldcl` and `rldcr`.
    fn rotate_doubleword_by_register(&mut self, op: Op, i: Instruction) {
        self.count_and_doubleword(i);
        self.e.shift_by_cl(Qword, Shift::RotateLeft, RAX);
        if op == Op::rldclx {
            self.keep_low(RAX, 64 - i.mb64() as u8);
        } else {
            self.keep_high(RAX, i.mb64() as u8 + 1);
        }
        self.write(i.ra(), RAX);
    }

    /// Emits `rldic` with a mask that does not wrap.
    fn clear_and_shift_doubleword(&mut self, i: Instruction) {
        let target = Self::target(i.ra());
        let sh = i.sh64() as u8;
        let mb = i.mb64() as u8;
        self.e.mov(target, gpr(i.rs()));
        self.shift_unless_0(Shift::Left, target, sh + mb);
        self.shift_unless_0(Shift::Right, target, mb);
        self.write(i.ra(), target);
    }

    /// Emits `slw` and `srw`. Host and guest both take the count modulo 64; the result keeps only
    /// the low word.
    fn shift_word(&mut self, i: Instruction, shift: Shift) {
        self.low_word(RCX, i.rb());
        self.e.op32(MOV, RAX, gpr(i.rs()));
        self.e.shift_by_cl(Qword, shift, RAX);
        self.e.op32(MOV, RAX, Rm::Reg(RAX));
        self.write(i.ra(), RAX);
    }

    /// Emits `slw` and `srw` by shifts that take the count from any register.
    fn shift_word_by(&mut self, op: Op, i: Instruction) {
        let count = self.count_register(i);
        let target = Self::target(i.ra());
        if op == Op::slwx {
            let from = self.read(i.rs(), RAX);
            self.e.vex(Qword, SHLX, RAX, count, Rm::Reg(from));
            self.e.op32(MOV, target, Rm::Reg(RAX));
        } else {
            // The upper word is shifted in, so it has to be 0.
            let from = self.read(i.rs(), RAX);
            self.e.op32(MOV, RAX, Rm::Reg(from));
            self.e.vex(Qword, SHRX, target, count, Rm::Reg(RAX));
        }
        self.write(i.ra(), target);
    }

    /// Emits `sraw` for an RA in the register map.
    fn shift_word_right_algebraic(&mut self, i: Instruction) {
        let target = Self::target(i.ra());
        self.low_word(RCX, i.rb());
        // Shifts ignore the other bits, but BZHI uses eight.
        self.e.imm(Dword, Imm::And, Rm::Reg(RCX), 63);
        self.e.op64(MOVSXD, RAX, gpr(i.rs()));
        self.e.vex(Qword, SARX, target, RCX, Rm::Reg(RAX));
        // The bits that are shifted out, if it is negative.
        self.e.vex(Qword, BZHI, RCX, RCX, Rm::Reg(RAX));
        self.e.shift(Qword, Shift::RightSigned, RAX, 63);
        self.e.op64(AND, RCX, Rm::Reg(RAX));
        self.set_carry(Condition::NOT_EQUAL);
    }

    /// Emits `sld` and `srd` by shifts that take the count from any register, modulo 64: counts
    /// from 64 on give 0.
    fn shift_doubleword_by(&mut self, op: Op, i: Instruction) {
        let count = self.count_register(i);
        let from = self.read(i.rs(), RAX);
        let form = if op == Op::sldx { SHLX } else { SHRX };
        self.e.vex(Qword, form, RAX, count, Rm::Reg(from));
        self.e.test(Rm::Reg(count), 64);
        let within = self.e.jump_if_short(Condition::EQUAL);
        self.e.op32(XOR, RAX, Rm::Reg(RAX));
        self.e.land(within);
        self.write(i.ra(), RAX);
    }

    /// A register other than rax with RB in it.
    fn count_register(&mut self, i: Instruction) -> HostReg {
        match self.latest(i.rb()) {
            Rm::Reg(reg) if reg != RAX => reg,
            from => {
                self.e.op64(MOV, RCX, from);
                RCX
            }
        }
    }

    /// Emits `rlwnm` with a mask that does not wrap.
    fn rotate_by_register_and_mask(&mut self, i: Instruction) {
        self.count_and_word(i);
        self.e.shift_by_cl(Dword, Shift::RotateLeft, RAX);
        let mask = word_mask(i);
        if mask != u32::MAX {
            self.e.imm(Dword, Imm::And, Rm::Reg(RAX), mask.cast_signed());
        }
        self.write(i.ra(), RAX);
    }

    /// Emits `rlwinm` with a mask that does not wrap: the upper word of the result is 0.
    fn rotate_and_mask(&mut self, i: Instruction) {
        let target = Self::target(i.ra());
        let mask = word_mask(i);
        let is_masked = if let (0, 0xFF | 0xFFFF) = (i.sh(), mask) {
            let s = self.latest(i.rs());
            self.e.op32(if mask == 0xFF { MOVZX8 } else { MOVZX16 }, target, s);
            false
        } else {
            let is_masked = self.rotate_before_mask(i, target, mask);
            if is_masked {
                self.e.imm(Dword, Imm::And, Rm::Reg(target), mask.cast_signed());
            }
            is_masked
        };
        self.write(i.ra(), target);
        if is_masked && i.rc() {
            self.record_masked(i.ra());
        } else {
            self.record_if(i, i.ra());
        }
    }

    /// Rotates RS into `target`. Returns whether bits remain that the mask of `rlwinm` drops.
    fn rotate_before_mask(&mut self, i: Instruction, target: HostReg, mask: u32) -> bool {
        let count = i.sh() as u8;
        let mb = i.mb() as u8;
        let me = i.me() as u8;
        let from = gpr(i.rs());
        // Each operation below clears the upper half.
        if count == 0 && mask == u32::MAX {
            self.e.op32(MOV, target, from);
        } else if from != Rm::Reg(target) {
            self.low_word(target, i.rs());
        }
        if count == 0 {
            return mask != u32::MAX;
        }
        // The mask keeps only bits that the rotate brings from the top to the bottom.
        if me == 31 && 32 - count <= mb {
            self.e.shift(Dword, Shift::Right, target, 32 - count);
            return 32 - count < mb;
        }
        if 31 - me == count && mb != 0 && mask > 127 && mask >> 31 == 0 {
            // Two shifts are shorter than a mask of four bytes.
            self.e.shift(Dword, Shift::Left, target, count + mb);
            self.e.shift(Dword, Shift::Right, target, mb);
            return false;
        }
        if 31 - me >= count {
            // The mask drops the bits that the rotate brings in at the bottom.
            self.e.shift(Dword, Shift::Left, target, count);
            return mask != u32::MAX << count;
        }
        self.e.shift(Dword, Shift::RotateLeft, target, count);
        mask != u32::MAX
    }

    /// Emits `rlwimi` with a mask that does not wrap: RA ^ ((rotated ^ RA) & mask), where the
    /// masked difference has no upper word.
    fn rotate_and_insert(&mut self, i: Instruction) {
        let mask = word_mask(i);
        self.low_word(RAX, i.rs());
        if i.sh() != 0 {
            self.e.shift(Dword, Shift::RotateLeft, RAX, i.sh() as u8);
        }
        let old = self.read(i.ra(), RCX);
        self.e.op32(XOR, RAX, Rm::Reg(old));
        self.e.imm(Dword, Imm::And, Rm::Reg(RAX), mask.cast_signed());
        self.change_bits(i.ra(), old);
    }

    /// Inverts the bits of GPR `n`, which is in `old` as well, that are set in rax.
    fn change_bits(&mut self, n: usize, old: HostReg) {
        if let reg @ Rm::Reg(_) = gpr(n) {
            self.e.op64(XOR.into(), RAX, reg);
        } else {
            self.e.op64(XOR, RAX, Rm::Reg(old));
            self.write(n, RAX);
        }
    }

    /// RA = the rotated word in eax under a mask that wraps. Both halves of the 64-bit value hold
    /// the word, and the mask covers the whole upper half. Bits of the lower half outside of the
    /// mask are 0, or RA's for an insertion.
    fn mask_wrapped(&mut self, i: Instruction, inserts: bool) {
        let mask = u32::MAX >> i.mb() | u32::MAX << (31 - i.me());
        self.e.op32(MOV, RCX, Rm::Reg(RAX));
        if inserts {
            self.e.op32(XOR, RCX, gpr(i.ra()));
            self.e.imm(Dword, Imm::And, Rm::Reg(RCX), (!mask).cast_signed());
            self.e.op32(XOR, RCX, Rm::Reg(RAX));
        } else {
            self.e.imm(Dword, Imm::And, Rm::Reg(RCX), mask.cast_signed());
        }
        self.e.shift(Qword, Shift::Left, RAX, 32);
        self.e.op64(OR, RAX, Rm::Reg(RCX));
        self.write(i.ra(), RAX);
    }

    /// Emits `rldimi` with a mask that does not wrap, in the manner of [`Self::rotate_and_insert`].
    fn insert_doubleword(&mut self, i: Instruction) {
        let sh = i.sh64() as u8;
        let mb = i.mb64() as u8;
        self.e.op64(MOV, RAX, gpr(i.rs()));
        if sh != 0 {
            self.e.shift(Qword, Shift::RotateLeft, RAX, sh);
        }
        let old = self.read(i.ra(), RCX);
        self.e.op64(XOR, RAX, Rm::Reg(old));
        // The bits of the mask lie above `sh` and below `mb`.
        self.shift_unless_0(Shift::Left, RAX, mb);
        self.shift_unless_0(Shift::Right, RAX, mb + sh);
        self.shift_unless_0(Shift::Left, RAX, sh);
        self.change_bits(i.ra(), old);
    }

    fn shift_unless_0(&mut self, shift: Shift, reg: HostReg, count: u8) {
        if count != 0 {
            self.e.shift(Qword, shift, reg, count);
        }
    }

    /// ecx = the low word of RB, eax = that of RS.
    fn count_and_word(&mut self, i: Instruction) {
        self.low_word(RCX, i.rb());
        self.e.op32(MOV, RAX, gpr(i.rs()));
    }

    /// ecx = the low word of RB, rax = RS.
    fn count_and_doubleword(&mut self, i: Instruction) {
        self.low_word(RCX, i.rb());
        self.e.op64(MOV, RAX, gpr(i.rs()));
    }

    /// Emits `sld` and `srd`: counts from 64 on give 0, while the host takes the count modulo 64.
    fn shift_doubleword(&mut self, i: Instruction, shift: Shift) {
        self.count_and_doubleword(i);
        self.e.shift_by_cl(Qword, shift, RAX);
        self.e.test_cl(64);
        let within = self.e.jump_if_short(Condition::EQUAL);
        self.e.op32(XOR, RAX, Rm::Reg(RAX));
        self.e.land(within);
        self.write(i.ra(), RAX);
    }

    /// RA = the register for its result, which holds a sign-extended value of `width` bits, shifted
    /// right by a constant below `width`. CA is set if it is negative and one bits are shifted out.
    fn shift_right_algebraic(&mut self, a: usize, count: u8, width: u8) {
        let size = if width == 64 { Qword } else { Dword };
        let target = Self::target(a);
        if count == 0 {
            self.e.op32(XOR, RCX, Rm::Reg(RCX));
            self.e.op32(STORE8, RCX, CA);
        } else {
            self.e.op(size, MOV, RCX, Rm::Reg(target));
            self.e.shift(size, Shift::RightSigned, RCX, width - 1);
            self.e.op(size, AND, RCX, Rm::Reg(target));
            // The bits that are shifted out, if it is negative.
            self.e.shift(size, Shift::Left, RCX, width - count);
            self.set_carry(Condition::NOT_EQUAL);
            self.e.shift(Qword, Shift::RightSigned, target, count);
        }
        self.write(a, target);
    }

    /// Shifts rax right by cl, which the host takes modulo 64. CA is set if it is negative and one
    /// bits are shifted out.
    fn shift_right_algebraic_by_cl(&mut self) {
        // rcx has the count, and rdx holds a guest register.
        self.e.push(RDX);
        self.e.mov(RDX, Rm::Reg(RAX));
        self.e.shift_by_cl(Qword, Shift::RightSigned, RAX);
        self.e.push(RAX);
        self.e.shift_by_cl(Qword, Shift::Left, RAX);
        // Shifted back, it equals the value unless one bits were shifted out.
        self.e.op64(CMP, RAX, Rm::Reg(RDX));
        self.e.set(Condition::NOT_EQUAL, Rm::Reg(RCX));
        self.e.shift(Qword, Shift::Right, RDX, 63);
        self.e.op32(AND, RCX, Rm::Reg(RDX));
        self.e.op32(STORE8, RCX, CA);
        self.e.pop(RAX);
        self.e.pop(RDX);
    }

    /// Emits `srad`: counts from 64 on leave only the sign, and shift one bits out of a negative
    /// value.
    fn shift_doubleword_right_algebraic(&mut self, i: Instruction) {
        self.count_and_doubleword(i);
        self.e.test_cl(64);
        let within = self.e.jump_if_short(Condition::EQUAL);
        self.e.shift(Qword, Shift::RightSigned, RAX, 63);
        self.e.op64(TEST, RAX, Rm::Reg(RAX));
        self.set_carry(Condition::NOT_EQUAL);
        let done = self.e.jump_short();
        self.e.land(within);
        self.shift_right_algebraic_by_cl();
        self.e.land(done);
        self.write(i.ra(), RAX);
    }

    /// Rotates RS into the register where the result of a doubleword rotate is computed.
    fn rotated_doubleword(&mut self, i: Instruction) -> HostReg {
        let target = Self::target(i.ra());
        self.e.mov(target, gpr(i.rs()));
        if i.sh64() != 0 {
            self.e.shift(Qword, Shift::RotateLeft, target, i.sh64() as u8);
        }
        target
    }

    /// Clears all but the low `bits` (1 to 64).
    fn keep_low(&mut self, reg: HostReg, bits: u8) {
        match bits {
            64 => {}
            // A write of 32 bits clears the upper half.
            32 => self.e.op32(MOV, reg, Rm::Reg(reg)),
            _ => {
                self.e.shift(Qword, Shift::Left, reg, 64 - bits);
                self.e.shift(Qword, Shift::Right, reg, 64 - bits);
            }
        }
    }

    /// Clears all but the high `bits` (1 to 64).
    fn keep_high(&mut self, reg: HostReg, bits: u8) {
        if bits < 64 {
            self.e.shift(Qword, Shift::Right, reg, 64 - bits);
            self.e.shift(Qword, Shift::Left, reg, 64 - bits);
        }
    }
}

/// The mask of a word rotate, which does not wrap.
fn word_mask(i: Instruction) -> u32 {
    u32::MAX >> i.mb() & u32::MAX << (31 - i.me())
}
