//! Branches and condition-register logic.
//!
//! A branch is always the last instruction of its block, so `ctx.pc` is the address after it when its
//! arm starts. Addresses have 32 bits; LR gets them zero-extended. CTR is decremented as a whole, and
//! its low word (32-bit mode) or all of it (64-bit mode) is tested.
//!
//! `bcctr` with a BO that decrements CTR is an invalid form: it decrements, tests, and branches to the
//! decremented CTR's address.

use super::{Cpu, Flow, Step};
use xenia_isa::{Branch, Instruction};

impl Cpu<'_> {
    /// Bit `n` of the condition register, 0 the most significant.
    #[inline(always)]
    pub(crate) fn cr_bit(&self, n: usize) -> bool {
        self.ctx.cr[n >> 2 & 7] >> (3 - (n & 3)) & 1 != 0
    }

    #[inline(always)]
    fn set_cr_bit(&mut self, n: usize, value: bool) {
        let shift = 3 - (n & 3);
        let field = &mut self.ctx.cr[n >> 2 & 7];
        *field = *field & !(1 << shift) | u8::from(value) << shift;
    }

    /// Evaluates BO and BI, decrementing CTR where BO says so.
    #[inline(always)]
    fn branch_taken(&mut self, i: Instruction) -> bool {
        let bo = i.bo();
        let ctr_ok = bo & 4 != 0 || {
            self.ctx.ctr = self.ctx.ctr.wrapping_sub(1);
            let is_zero = if self.ctx.sf() { self.ctx.ctr == 0 } else { self.ctx.ctr as u32 == 0 };
            is_zero == (bo & 2 != 0)
        };
        let condition_ok = bo & 16 != 0 || self.cr_bit(i.bi()) == (bo & 8 != 0);
        ctr_ok && condition_ok
    }

    /// Links if LK, and goes to `target` if the branch is taken.
    #[inline(always)]
    fn branch(&mut self, i: Instruction, taken: bool, target: u32) -> Step {
        if i.lk() {
            self.ctx.lr = u64::from(self.ctx.pc);
        }
        if taken {
            self.ctx.pc = target & !3;
        }
        Ok(Flow::Next)
    }

    /// Target of an immediate branch.
    #[inline(always)]
    fn relative(&self, i: Instruction, displacement: i64) -> u32 {
        let base = if i.aa() { 0 } else { self.ctx.pc.wrapping_sub(4) };
        base.wrapping_add(displacement as u32)
    }

    #[inline(always)]
    fn cr_logic(&mut self, i: Instruction, of: impl FnOnce(bool, bool) -> bool) -> Step {
        let result = of(self.cr_bit(i.crba()), self.cr_bit(i.crbb()));
        self.set_cr_bit(i.crbd(), result);
        Ok(Flow::Next)
    }
}

impl Branch for Cpu<'_> {
    fn bx(&mut self, i: Instruction) -> Step {
        let target = self.relative(i, i.li());
        self.branch(i, true, target)
    }

    fn bcx(&mut self, i: Instruction) -> Step {
        let target = self.relative(i, i.bd());
        let taken = self.branch_taken(i);
        self.branch(i, taken, target)
    }

    fn bcctrx(&mut self, i: Instruction) -> Step {
        let taken = self.branch_taken(i);
        let target = self.ctx.ctr as u32;
        self.branch(i, taken, target)
    }

    fn bclrx(&mut self, i: Instruction) -> Step {
        let taken = self.branch_taken(i);
        let target = self.ctx.lr as u32;
        self.branch(i, taken, target)
    }

    fn crand(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a && b)
    }

    fn crandc(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a && !b)
    }

    fn creqv(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a == b)
    }

    fn crnand(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| !(a && b))
    }

    fn crnor(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| !(a || b))
    }

    fn cror(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a || b)
    }

    fn crorc(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a || !b)
    }

    fn crxor(&mut self, i: Instruction) -> Step {
        self.cr_logic(i, |a, b| a != b)
    }

    fn mcrf(&mut self, i: Instruction) -> Step {
        self.set_cr(i.crfd(), self.ctx.cr[i.crfs()]);
        Ok(Flow::Next)
    }
}
