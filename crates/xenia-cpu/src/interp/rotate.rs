//! Rotates and shifts.
//!
//! Word rotates rotate the low word doubled into 64 bits (ROTL32 of the book), so that a wrapped mask
//! (MB > ME) also selects from the upper copy. Both modes agree but for CR0.

use super::{Cpu, Flow, Step};
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

impl Cpu<'_> {
    #[inline(always)]
    fn rotated(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
        Ok(Flow::Next)
    }

    /// Algebraic right shift of a sign-extended value; CA if it is negative and ones are lost.
    #[inline(always)]
    fn shifted_right_algebraic(&mut self, i: Instruction, value: i64, count: u32) -> Step {
        // From 64 on the result is all sign bits, and everything is lost.
        let result = value >> count.min(63);
        let lost = if count < 64 { (result << count) != value } else { value != 0 };
        self.ctx.xer_ca = u8::from(value < 0 && lost);
        self.rotated(i, result as u64)
    }
}

impl Rotate for Cpu<'_> {
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

    fn rlwinmx(&mut self, i: Instruction) -> Step {
        let value = rotate_word(self.gpr(i.rs()), i.sh() as u32);
        self.rotated(i, value & mask(i.mb() + 32, i.me() + 32))
    }

    fn rlwnmx(&mut self, i: Instruction) -> Step {
        let value = rotate_word(self.gpr(i.rs()), self.gpr(i.rb()) as u32 & 31);
        self.rotated(i, value & mask(i.mb() + 32, i.me() + 32))
    }

    fn sldx(&mut self, i: Instruction) -> Step {
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
