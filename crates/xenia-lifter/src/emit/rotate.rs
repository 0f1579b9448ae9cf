//! Rotates and shifts.
//!
//! A word rotate rotates the low word duplicated into 64 bits, so a mask that wraps (MB > ME) keeps
//! the upper copy as well. A word is shifted by a register as a doubleword: both take six bits of
//! the amount, and from 32 on the low word has what a word's shift leaves.

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

    /// The doubleword `old` with the bits of `mask` from `new`.
    fn inserted(&mut self, old: Value, new: Value, mask: u64) -> Value {
        let inserted = self.const64(mask);
        let inserted = self.b.ins().band(new, inserted);
        let kept = self.const64(!mask);
        let kept = self.b.ins().band(old, kept);
        self.b.ins().bor(inserted, kept)
    }

    fn rotated_by_sh64(&mut self, i: Instruction) -> Value {
        let s = self.gpr(i.rs());
        if i.sh64() == 0 { s } else { self.b.ins().rotl_imm_s(s, i.sh64() as i64) }
    }

    /// The amount of a doubleword's shift: seven bits of RB, and whether it shifts all bits out.
    fn amount(&mut self, i: Instruction) -> (Value, Value) {
        let b = self.gpr32(i.rb());
        let amount = self.b.ins().band_imm_s(b, 127);
        let out = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, amount, 64);
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

    /// The bits that a right shift of a doubleword by `amount` drops; all if `out`.
    fn lost_bits(&mut self, value: Value, amount: Value, out: Value) -> Value {
        let ones = self.b.ins().iconst(types::I64, -1);
        let kept = self.b.ins().ishl(ones, amount);
        let lost = self.b.ins().band_not(value, kept);
        self.b.ins().select(out, value, lost)
    }
}

impl Rotate for Lifter<'_> {
    fn rldclx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let b = self.gpr(i.rb());
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask64(i, rotated, mask64(i.mb64(), 63));
    }

    fn rldcrx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let b = self.gpr(i.rb());
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask64(i, rotated, mask64(0, i.mb64()));
    }

    fn rldicx(&mut self, i: Instruction) {
        let rotated = self.rotated_by_sh64(i);
        self.rotate_and_mask64(i, rotated, mask64(i.mb64(), 63 - i.sh64()));
    }

    fn rldiclx(&mut self, i: Instruction) {
        let sh = i.sh64();
        let mb = i.mb64();
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
        let sh = i.sh64();
        let me = i.mb64();
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
        let sh = i.sh64();
        let mb = i.mb64();
        if (sh, mb) == (32, 0) {
            // Joins two words: neither needs a mask.
            let s = self.gpr(i.rs());
            let high = self.b.ins().ishl_imm_s(s, 32);
            let low = self.gpr_low(i.ra());
            let result = self.b.ins().bor(high, low);
            self.set_rotated(i, result);
            return;
        }
        let rotated = self.rotated_by_sh64(i);
        let old = self.gpr(i.ra());
        let result = self.inserted(old, rotated, mask64(mb, 63 - sh));
        self.set_rotated(i, result);
    }

    fn rlwimix(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let rotated = if i.sh() == 0 { s } else { self.b.ins().rotl_imm_s(s, i.sh() as i64) };
        let mask = mask64(i.mb() + 32, i.me() + 32);
        if i.mb() > i.me() {
            let old = self.gpr(i.ra());
            let doubled = self.doubled(rotated);
            let result = self.inserted(old, doubled, mask);
            self.set_rotated(i, result);
            return;
        }
        let mask = i64::from(mask as u32 as i32);
        if self.state.cache.is_zero_extended(i.ra()) {
            let old = self.gpr32(i.ra());
            let inserted = self.b.ins().band_imm_s(rotated, mask);
            let kept = self.b.ins().band_imm_s(old, !mask);
            let result = self.b.ins().bor(inserted, kept);
            self.set_rotated32(i, result);
            return;
        }
        let whole = self.gpr(i.ra());
        let old = self.gpr32(i.ra());
        // By the difference, so that the upper half needs no mask.
        let differ = self.b.ins().bxor(rotated, old);
        let changed = self.b.ins().band_imm_s(differ, mask);
        let changed = self.b.ins().uextend(types::I64, changed);
        let result = self.b.ins().bxor(whole, changed);
        self.set_rotated(i, result);
    }

    fn rlwinmx(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let sh = i.sh();
        let mb = i.mb();
        let me = i.me();
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
        let s = self.gpr32(i.rs());
        let b = self.gpr32(i.rb());
        let rotated = self.b.ins().rotl(s, b);
        self.rotate_and_mask(i, rotated);
    }

    fn sldx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i);
        let zero = self.const64(0);
        let shifted = self.b.ins().ishl(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated(i, result);
    }

    fn slwx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let n = self.gpr(i.rb());
        let shifted = self.b.ins().ishl(s, n);
        let low = self.b.ins().ireduce(types::I32, shifted);
        self.set_rotated32(i, low);
    }

    fn sradx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i);
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
        let s = self.gpr_signed(i.rs());
        let n = self.gpr(i.rb());
        let result = self.b.ins().sshr(s, n);
        // Shifting back gives the value again if no ones were dropped.
        let back = self.b.ins().ishl(result, n);
        let lost = self.b.ins().bxor(back, s);
        self.set_shift_carry(s, lost);
        self.set_gpr_signed(i.ra(), result, None);
        if i.rc() {
            self.record(result);
        }
    }

    fn srawix(&mut self, i: Instruction) {
        let s = self.gpr32(i.rs());
        let sh = i.sh();
        let result = if sh == 0 {
            let none = self.b.ins().iconst(types::I8, 0);
            self.set_xer(Xer::Ca, none);
            s
        } else {
            self.set_shifted_carry(s, !(-1 << sh));
            self.b.ins().sshr_imm_s(s, sh as i64)
        };
        let wide = self.b.ins().sextend(types::I64, result);
        self.set_gpr_signed(i.ra(), wide, Some(result));
        if i.rc() {
            self.record(wide);
        }
    }

    fn srdx(&mut self, i: Instruction) {
        let s = self.gpr(i.rs());
        let (amount, out) = self.amount(i);
        let zero = self.const64(0);
        let shifted = self.b.ins().ushr(s, amount);
        let result = self.b.ins().select(out, zero, shifted);
        self.set_rotated(i, result);
    }

    fn srwx(&mut self, i: Instruction) {
        let s = self.gpr_low(i.rs());
        let n = self.gpr(i.rb());
        let shifted = self.b.ins().ushr(s, n);
        self.set_gpr_low(i.ra(), shifted, None);
        if i.rc() {
            let low = self.gpr32(i.ra());
            self.record32(low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask64;

    #[test]
    fn a_mask_whose_end_is_before_its_start_wraps() {
        assert_eq!(mask64(0, 63), u64::MAX);
        assert_eq!(mask64(32, 63), 0xFFFF_FFFF);
        assert_eq!(mask64(62, 1), 0xC000_0000_0000_0003);
        assert_eq!(mask64(63, 32), 0xFFFF_FFFF_8000_0001);
    }
}
