//! Rotates and shifts.
//!
//! Word rotates rotate the low word doubled into 64 bits (ROTL32 of the book), so that a wrapped
//! mask (MB > ME) also selects from the upper copy. Both modes agree except for CR0.

use super::{CpuView, Retirement, Step};
use xenia_isa::{Instruction, Rotate};

/// MASK(mb, me) of the book: ones from bit `mb` to bit `me`, bit 0 the most significant, wrapping.
#[inline(always)]
pub(crate) const fn mask(mb: usize, me: usize) -> u64 {
    let from_mb = u64::MAX >> (mb & 63);
    let to_me = u64::MAX << (63 - (me & 63));
    if mb <= me { from_mb & to_me } else { from_mb | to_me }
}

/// ROTL32: the low word rotated, in both halves.
#[inline(always)]
const fn rotate_word(value: u64, count: u32) -> u64 {
    let word = (value as u32).rotate_left(count) as u64;
    word << 32 | word
}

impl CpuView<'_> {
    #[inline(always)]
    fn rotated(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
        Ok(Retirement::Next)
    }

    /// Algebraic right shift of a sign-extended value; sets CA if it is negative and ones are
    /// shifted out.
    #[inline(always)]
    fn shifted_right_algebraic(&mut self, i: Instruction, value: i64, count: u32) -> Step {
        // From 64 on the result is all sign bits, and all ones are shifted out.
        let result = value >> count.min(63);
        let lost = if count < 64 { (result << count) != value } else { value != 0 };
        self.ctx.xer_ca = u8::from(value < 0 && lost);
        self.rotated(i, result as u64)
    }
}

impl Rotate for CpuView<'_> {
    fn rldclx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(self.gpr(i.rb()) as u32 & 63);
        self.rotated(i, value & mask(i.mb64(), 63))
    }

    fn rldcrx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(self.gpr(i.rb()) as u32 & 63);
        self.rotated(i, value & mask(0, i.mb64()))
    }

    fn rldicx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(i.sh64() as u32);
        self.rotated(i, value & mask(i.mb64(), 63 - i.sh64()))
    }

    fn rldiclx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(i.sh64() as u32);
        self.rotated(i, value & mask(i.mb64(), 63))
    }

    fn rldicrx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(i.sh64() as u32);
        self.rotated(i, value & mask(0, i.mb64()))
    }

    fn rldimix(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).rotate_left(i.sh64() as u32);
        let mask = mask(i.mb64(), 63 - i.sh64());
        self.rotated(i, value & mask | self.gpr(i.ra()) & !mask)
    }

    fn rlwimix(&mut self, i: Instruction) -> Step {
        let value = rotate_word(self.gpr(i.rs()), i.sh() as u32);
        let mask = mask(i.mb() + 32, i.me() + 32);
        self.rotated(i, value & mask | self.gpr(i.ra()) & !mask)
    }

    #[inline(always)]
    fn rlwinmx(&mut self, i: Instruction) -> Step {
        let value = rotate_word(self.gpr(i.rs()), i.sh() as u32);
        self.rotated(i, value & mask(i.mb() + 32, i.me() + 32))
    }

    fn rlwnmx(&mut self, i: Instruction) -> Step {
        let value = rotate_word(self.gpr(i.rs()), self.gpr(i.rb()) as u32 & 31);
        self.rotated(i, value & mask(i.mb() + 32, i.me() + 32))
    }

    fn sldx(&mut self, i: Instruction) -> Step {
        // RB's count has one bit more than the width needs; with that bit, all bits are shifted
        // out.
        let count = self.gpr(i.rb()) as u32 & 127;
        self.rotated(i, self.gpr(i.rs()).checked_shl(count).unwrap_or(0))
    }

    fn slwx(&mut self, i: Instruction) -> Step {
        let count = self.gpr(i.rb()) as u32 & 63;
        self.rotated(i, u64::from((self.gpr(i.rs()) as u32).checked_shl(count).unwrap_or(0)))
    }

    fn sradx(&mut self, i: Instruction) -> Step {
        let count = self.gpr(i.rb()) as u32 & 127;
        self.shifted_right_algebraic(i, self.gpr(i.rs()) as i64, count)
    }

    fn sradix(&mut self, i: Instruction) -> Step {
        self.shifted_right_algebraic(i, self.gpr(i.rs()) as i64, i.sh64() as u32)
    }

    fn srawx(&mut self, i: Instruction) -> Step {
        let count = self.gpr(i.rb()) as u32 & 63;
        self.shifted_right_algebraic(i, i64::from(self.gpr(i.rs()) as i32), count)
    }

    fn srawix(&mut self, i: Instruction) -> Step {
        self.shifted_right_algebraic(i, i64::from(self.gpr(i.rs()) as i32), i.sh() as u32)
    }

    fn srdx(&mut self, i: Instruction) -> Step {
        let count = self.gpr(i.rb()) as u32 & 127;
        self.rotated(i, self.gpr(i.rs()).checked_shr(count).unwrap_or(0))
    }

    fn srwx(&mut self, i: Instruction) -> Step {
        let count = self.gpr(i.rb()) as u32 & 63;
        self.rotated(i, u64::from((self.gpr(i.rs()) as u32).checked_shr(count).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::mask;
    use crate::interp::testing::*;
    use xenia_isa::Op;

    /// Encodes MB or ME of a 64-bit rotate.
    fn mb64(n: u32) -> u32 {
        (n & 31) << 6 | (n >> 5) << 5
    }

    /// Encodes SH of a 64-bit rotate.
    fn sh64(n: u32) -> u32 {
        (n & 31) << 11 | (n >> 5) << 1
    }

    #[test]
    fn a_mask_whose_end_is_before_its_start_wraps() {
        for (mb, me, expected) in [
            (0, 63, u64::MAX),
            (0, 0, 1 << 63),
            (63, 63, 1),
            (32, 63, 0xFFFF_FFFF),
            (62, 1, 0xC000_0000_0000_0003),
            (33, 32, u64::MAX),
        ] {
            assert_eq!(mask(mb, me), expected, "{mb} {me}");
        }
    }

    #[test]
    fn rotates_mask_and_insert() {
        let s = 0x0123_4567_89AB_CDEF_u64;
        let word = |op: Op, sh: u32, mb: u32, me: u32| x(op, 4, 3, sh, mb << 6 | me << 1);
        for (instruction, result) in [
            (word(Op::rlwinmx, 4, 0, 31), 0x9ABC_DEF8),
            (word(Op::rlwinmx, 8, 24, 31), 0x89),
            // A wrapped mask shows the doubled word.
            (word(Op::rlwinmx, 0, 31, 0), 0x89AB_CDEF_8000_0001),
            (word(Op::rlwimix, 4, 24, 31), 0xAAAA_AAAA_AAAA_AAF8),
            (word(Op::rlwnmx, 5, 0, 31), 0x9ABC_DEF8),
            (x(Op::rldiclx, 4, 3, 0, sh64(36) | mb64(40)), s.rotate_left(36) & 0xFF_FFFF),
            (x(Op::rldicrx, 4, 3, 0, sh64(8) | mb64(31)), s.rotate_left(8) & 0xFFFF_FFFF_0000_0000),
            (x(Op::rldicx, 4, 3, 0, sh64(8) | mb64(16)), s << 8 & 0x0000_FFFF_FFFF_FF00),
            (
                x(Op::rldimix, 4, 3, 0, sh64(32) | mb64(0)),
                s.rotate_left(32) & 0xFFFF_FFFF_0000_0000 | 0xAAAA_AAAA,
            ),
            (x(Op::rldclx, 4, 3, 5, mb64(60)), s.rotate_left(4) & 15),
            (x(Op::rldcrx, 4, 3, 5, mb64(3)), s.rotate_left(4) & 0xF000_0000_0000_0000),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[3] = 0xAAAA_AAAA_AAAA_AAAA;
            machine.ctx.gpr[4] = s;
            machine.ctx.gpr[5] = 0xFFFF_FF44;
            machine.one(instruction);
            assert_eq!(machine.ctx.gpr[3], result, "{instruction:#x}");
        }
    }

    #[test]
    fn shifts_by_registers_know_counts_beyond_the_width() {
        let s = 0x8765_4321_8765_4321_u64;
        // (op, count, result, CA)
        for (op, count, result, ca) in [
            (Op::slwx, 4, 0x7654_3210, 0),
            (Op::slwx, 32, 0, 0),
            (Op::slwx, 63, 0, 0),
            (Op::slwx, 64, 0x8765_4321, 0),
            (Op::srwx, 4, 0x0876_5432, 0),
            (Op::srwx, 33, 0, 0),
            (Op::sldx, 63, 1 << 63, 0),
            (Op::sldx, 64, 0, 0),
            (Op::sldx, 128, s, 0),
            (Op::srdx, 63, 1, 0),
            (Op::srdx, 127, 0, 0),
            (Op::srawx, 0, 0xFFFF_FFFF_8765_4321, 0),
            (Op::srawx, 4, 0xFFFF_FFFF_F876_5432, 1),
            (Op::srawx, 40, u64::MAX, 1),
            (Op::sradx, 4, 0xF876_5432_1876_5432, 1),
            (Op::sradx, 64, u64::MAX, 1),
            (Op::sradx, 127, u64::MAX, 1),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = s;
            machine.ctx.gpr[5] = count;
            machine.one(x(op, 4, 3, 5, 0));
            assert_eq!((machine.ctx.gpr[3], machine.ctx.xer_ca), (result, ca), "{op:?} {count}");
        }
    }

    #[test]
    fn algebraic_shifts_carry_only_what_a_negative_value_loses() {
        for (value, sh, result, ca) in [
            (0xFFFF_FFFF_u64, 4, u64::MAX, 1),
            (0xFFFF_FFF0, 4, u64::MAX, 0),
            (0x7FFF_FFFF, 4, 0x07FF_FFFF, 0),
            (0x8000_0000, 31, u64::MAX, 0),
            (0x8000_0001, 31, u64::MAX, 1),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = value;
            machine.ctx.xer_ca = 1 - ca;
            machine.one(x(Op::srawix, 4, 3, sh, 0));
            assert_eq!((machine.ctx.gpr[3], machine.ctx.xer_ca), (result, ca), "{value:#x} {sh}");
        }
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = 1 << 63;
        machine.one(x(Op::sradix, 4, 3, 0, sh64(63)));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.xer_ca), (u64::MAX, 0));
    }
}
