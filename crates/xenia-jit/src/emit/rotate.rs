//! Rotates and shifts.
//!
//! A word rotate rotates the low word duplicated into 64 bits, so a mask that wraps (MB > ME) keeps
//! the upper copy as well.

use super::Lifter;
use super::cache::Xer;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::{Instruction, Rotate};

/// Ones from bit `begin` to bit `end` (0 the most significant), wrapping.
fn mask64(begin: usize, end: usize) -> u64 {
    let from_begin = u64::MAX >> begin;
    let to_end = u64::MAX << (63 - end);
    if begin <= end { from_begin & to_end } else { from_begin | to_end }
}

impl Lifter<'_> {
    fn set_rotated(&mut self, i: Instruction, result: Value) {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
    }

    fn set_rotated32(&mut self, i: Instruction, result: Value) {
        self.set_gpr32(i.ra(), result);
        if i.rc() {
            self.record32(result);
        }
    }

    /// The word in both halves of a doubleword.
    fn doubled(&mut self, word: Value) -> Value {
        let low = self.b.ins().uextend(types::I64, word);
        let high = self.b.ins().ishl_imm_s(low, 32);
        self.b.ins().bor(high, low)
    }

    fn rotate_and_mask(&mut self, i: Instruction, rotated: Value) {
        let mask = mask64(i.mb() + 32, i.me() + 32);
        if i.mb() <= i.me() {
            let result =
                if mask == 0xFFFF_FFFF { rotated } else { self.b.ins().band_imm_s(rotated, mask as i64) };
            self.set_rotated32(i, result);
        } else {
            let doubled = self.doubled(rotated);
            let mask = self.const64(mask);
            let result = self.b.ins().band(doubled, mask);
            self.set_rotated(i, result);
        }
    }

    fn rotate_and_mask64(&mut self, i: Instruction, rotated: Value, mask: u64) {
        let result = if mask == u64::MAX {
            rotated
        } else {
            let mask = self.const64(mask);
            self.b.ins().band(rotated, mask)
        };
        self.set_rotated(i, result);
    }

    fn rotated_by_sh64(&mut self, i: Instruction) -> Value {
        let s = self.gpr(i.rs());
        if i.sh64() == 0 { s } else { self.b.ins().rotl_imm_s(s, i.sh64() as i64) }
    }

    /// The shift amount: six bits (seven for doublewords) of RB, and whether it shifts all bits
    /// out.
    fn amount(&mut self, i: Instruction, bits: i64) -> (Value, Value) {
        let b = self.gpr32(i.rb());
        let amount = self.b.ins().band_imm_s(b, 2 * bits - 1);
        let out = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, amount, bits);
        (amount, out)
    }

    /// CA of an algebraic shift that drops the bits `lost`: set if the value is negative and
    /// dropped ones.
    fn set_shift_carry(&mut self, value: Value, lost: Value) {
        let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, value, 0);
        let ones = self.b.ins().icmp_imm_s(IntCC::NotEqual, lost, 0);
        let carry = self.b.ins().band(negative, ones);
        self.set_xer(Xer::Ca, carry);
    }

    /// The bits that a right shift by `amount` drops; `amount` may be the type's width or more if
    /// `out`.
    fn lost_bits(&mut self, value: Value, amount: Value, out: Value) -> Value {
        let ty = self.b.func.dfg.value_type(value);
        let ones = self.b.ins().iconst(ty, -1);
        let kept = self.b.ins().ishl(ones, amount);
        let lost = self.b.ins().band_not(value, kept);
        self.b.ins().select(out, value, lost)
    }
}

impl Rotate for Lifter<'_> {
    fn rldclx(&mut self, i: Instruction) {
        let (s, b) = (self.gpr(i.rs()), self.gpr(i.rb()));
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask64(i, rotated, mask64(i.mb64(), 63));
    }

    fn rldcrx(&mut self, i: Instruction) {
        let (s, b) = (self.gpr(i.rs()), self.gpr(i.rb()));
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask64(i, rotated, mask64(0, i.mb64()));
    }

    fn rldicx(&mut self, i: Instruction) {
        let rotated = self.rotated_by_sh64(i);
        self.rotate_and_mask64(i, rotated, mask64(i.mb64(), 63 - i.sh64()));
    }

    fn rldiclx(&mut self, i: Instruction) {
        let (sh, mb) = (i.sh64(), i.mb64());
        if sh != 0 && mb == 64 - sh {
            // A shift right (`srdi`).
            let s = self.gpr(i.rs());
            let result = self.b.ins().ushr_imm_s(s, mb as i64);
            self.set_rotated(i, result);
            return;
        }
        let rotated = self.rotated_by_sh64(i);
        if sh == 0 && mb == 32 {
            let low = self.gpr32(i.rs());
            self.set_rotated32(i, low);
            return;
        }
        self.rotate_and_mask64(i, rotated, mask64(mb, 63));
    }

    fn rldicrx(&mut self, i: Instruction) {
        let (sh, me) = (i.sh64(), i.mb64());
        if sh + me == 63 {
            // A shift left (`sldi`).
            let s = self.gpr(i.rs());
            let result = if sh == 0 { s } else { self.b.ins().ishl_imm_s(s, sh as i64) };
            self.set_rotated(i, result);
            return;
        }
        let rotated = self.rotated_by_sh64(i);
        self.rotate_and_mask64(i, rotated, mask64(0, me));
    }

    fn rldimix(&mut self, i: Instruction) {
        let rotated = self.rotated_by_sh64(i);
        let mask = mask64(i.mb64(), 63 - i.sh64());
        let old = self.gpr(i.ra());
        let inserted = self.const64(mask);
        let inserted = self.b.ins().band(rotated, inserted);
        let kept = self.const64(!mask);
        let kept = self.b.ins().band(old, kept);
        let result = self.b.ins().bor(inserted, kept);
        self.set_rotated(i, result);
    }

    fn rlwimix(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let rotated = if i.sh() == 0 { s } else { self.b.ins().rotl_imm_s(s, i.sh() as i64) };
        let mask = mask64(i.mb() + 32, i.me() + 32);
        let old = self.gpr(i.ra());
        let rotated =
            if i.mb() <= i.me() { self.b.ins().uextend(types::I64, rotated) } else { self.doubled(rotated) };
        let inserted = self.const64(mask);
        let inserted = self.b.ins().band(rotated, inserted);
        let kept = self.const64(!mask);
        let kept = self.b.ins().band(old, kept);
        let result = self.b.ins().bor(inserted, kept);
        self.set_rotated(i, result);
    }

    fn rlwinmx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let (sh, mb, me) = (i.sh(), i.mb(), i.me());
        if sh != 0 && mb == 0 && me == 31 - sh {
            let result = self.b.ins().ishl_imm_s(s, sh as i64);
            self.set_rotated32(i, result);
        } else if sh != 0 && me == 31 && mb == 32 - sh {
            let result = self.b.ins().ushr_imm_s(s, mb as i64);
            self.set_rotated32(i, result);
        } else {
            let rotated = if sh == 0 { s } else { self.b.ins().rotl_imm_s(s, sh as i64) };
            self.rotate_and_mask(i, rotated);
        }
    }

    fn rlwnmx(&mut self, i: Instruction) {
        let (s, b) = (self.gpr32(i.rs()), self.gpr32(i.rb()));
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask(i, rotated);
    }

    fn sldx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i, 64);
        let zero = self.const64(0);
        let shifted = self.b.ins().ishl(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated(i, result);
    }

    fn slwx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let (amount, out) = self.amount(i, 32);
        let zero = self.const32(0);
        let shifted = self.b.ins().ishl(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated32(i, result);
    }

    fn sradx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i, 64);
        let sign = self.b.ins().sshr_imm_s(s, 63);
        let shifted = self.b.ins().sshr(s, amount);
        let result = self.b.ins().select(out, sign, shifted);
        let lost = self.lost_bits(s, amount, out);
        self.set_shift_carry(s, lost);
        self.set_rotated(i, result);
    }

    fn sradix(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let sh = i.sh64();
        let result = self.b.ins().sshr_imm_s(s, sh as i64);
        let lost = self.const64((1 << sh) - 1);
        let lost = self.b.ins().band(s, lost);
        self.set_shift_carry(s, lost);
        self.set_rotated(i, result);
    }

    fn srawx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let (amount, out) = self.amount(i, 32);
        let sign = self.b.ins().sshr_imm_s(s, 31);
        let shifted = self.b.ins().sshr(s, amount);
        let result = self.b.ins().select(out, sign, shifted);
        let lost = self.lost_bits(s, amount, out);
        self.set_shift_carry(s, lost);
        let result = self.b.ins().sextend(types::I64, result);
        self.set_rotated(i, result);
    }

    fn srawix(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let sh = i.sh();
        let result = if sh == 0 { s } else { self.b.ins().sshr_imm_s(s, sh as i64) };
        let lost = self.b.ins().band_imm_s(s, (1_i64 << sh) - 1);
        self.set_shift_carry(s, lost);
        let result = self.b.ins().sextend(types::I64, result);
        self.set_rotated(i, result);
    }

    fn srdx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i, 64);
        let zero = self.const64(0);
        let shifted = self.b.ins().ushr(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated(i, result);
    }

    fn srwx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let (amount, out) = self.amount(i, 32);
        let zero = self.const32(0);
        let shifted = self.b.ins().ushr(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated32(i, result);
    }
}

#[cfg(test)]
mod tests {
    use super::mask64;

    #[test]
    fn masks_wrap() {
        assert_eq!(mask64(0, 63), u64::MAX);
        assert_eq!(mask64(32, 63), 0xFFFF_FFFF);
        assert_eq!(mask64(62, 1), 0xC000_0000_0000_0003);
        assert_eq!(mask64(63, 32), 0xFFFF_FFFF_8000_0001);
    }
}
