//! Branches and condition-register logic.
//!
//! A branch is always the last instruction of its block, so `ctx.pc` is the address after it when
//! its arm starts. Addresses have 32 bits; LR gets them zero-extended. CTR is decremented as a
//! whole, and its low word (32-bit mode) or all of it (64-bit mode) is tested.
//!
//! `bcctr` with a BO that decrements CTR is an invalid form: it decrements, tests, and branches to
//! the decremented CTR's address.

use super::{CpuView, Retirement, Step};
use crate::CrField;
use xenia_isa::branch_options::{IGNORES_CONDITION, IGNORES_COUNT, TAKEN_IF_SET, TAKEN_IF_ZERO};
use xenia_isa::{Branch, Instruction};

impl CpuView<'_> {
    /// Bit `n` of the condition register, 0 the most significant.
    #[inline(always)]
    pub(crate) fn cr_bit(&self, n: usize) -> bool {
        self.ctx.cr[n >> 2 & 7].bit(n)
    }

    #[inline(always)]
    fn set_cr_bit(&mut self, n: usize, value: bool) {
        let shift = 3 - (n & 3);
        let field = &mut self.ctx.cr[n >> 2 & 7];
        *field = CrField::from_nibble(field.nibble() & !(1 << shift) | u8::from(value) << shift);
    }

    /// Evaluates BO and BI, decrementing CTR if BO says so.
    #[inline(always)]
    fn branch_taken(&mut self, i: Instruction) -> bool {
        let bo = i.bo();
        let ctr_ok = bo & IGNORES_COUNT != 0 || {
            self.ctx.ctr = self.ctx.ctr.wrapping_sub(1);
            let is_zero = if self.ctx.sf() { self.ctx.ctr == 0 } else { self.ctx.ctr as u32 == 0 };
            is_zero == (bo & TAKEN_IF_ZERO != 0)
        };
        let condition_ok = bo & IGNORES_CONDITION != 0 || self.cr_bit(i.bi()) == (bo & TAKEN_IF_SET != 0);
        ctr_ok && condition_ok
    }

    /// Links if LK, and goes to `target` if the branch is taken.
    #[inline(always)]
    fn branch(&mut self, i: Instruction, taken: bool, target: u32) -> Step {
        if i.lk() {
            self.ctx.lr = u64::from(self.ctx.pc);
        }
        if taken {
            // LR and CTR may have any low bits, which no address has.
            self.ctx.pc = target & !3;
        }
        Ok(Retirement::Next)
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
        Ok(Retirement::Next)
    }
}

impl Branch for CpuView<'_> {
    fn bx(&mut self, i: Instruction) -> Step {
        let target = self.relative(i, i.li());
        self.branch(i, true, target)
    }

    // Inlined into all specialized handlers.
    #[inline(always)]
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
        // Before `branch`, which links: `bclrl` goes to the previous LR.
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
        self.ctx.cr[i.crfd()] = self.ctx.cr[i.crfs()];
        Ok(Retirement::Next)
    }
}

#[cfg(test)]
mod tests {
    use crate::interp::testing::*;
    use crate::{CrField, msr_bit};
    use xenia_isa::Op;

    const NEXT: u32 = CODE + 4;

    #[test]
    fn bo_decides_with_ctr_and_condition() {
        // (BO, CTR before, CR bit, taken, CTR after)
        for (bo, ctr, bit, taken, after) in [
            (20, 5, false, true, 5),
            (12, 5, true, true, 5),
            (12, 5, false, false, 5),
            (4, 5, false, true, 5),
            (4, 5, true, false, 5),
            (16, 2, false, true, 1),
            (16, 1, false, false, 0),
            (18, 1, false, true, 0),
            (18, 2, false, false, 1),
            (8, 2, true, true, 1),
            (8, 2, false, false, 1),
            (10, 1, true, true, 0),
            (0, 2, false, true, 1),
            (2, 1, true, false, 0),
            // 32-bit mode: the low word is tested, the whole register is decremented.
            (16, 0x1_0000_0001, false, false, 0x1_0000_0000),
            (16, 0, false, true, u64::MAX),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.ctr = ctr;
            machine.ctx.cr[5] = CrField::from_nibble(if bit { 2 } else { 13 });
            machine.one(d(Op::bcx, bo, 5 * 4 + 2, 0x100));
            let target = if taken { CODE + 0x100 } else { NEXT };
            assert_eq!((machine.ctx.pc, machine.ctx.ctr), (target, after), "bo={bo} ctr={ctr} bit={bit}");
        }
        let mut machine = CpuHarness::new();
        machine.ctx.msr |= msr_bit::SF;
        machine.ctx.ctr = 0x1_0000_0001;
        machine.one(d(Op::bcx, 16, 0, 0x100));
        assert_eq!(machine.ctx.pc, CODE + 0x100, "64-bit mode tests all of CTR");
    }

    #[test]
    fn branches_go_to_their_targets_and_set_lr() {
        let relative =
            |displacement: i32, rest: u32| Op::bx.row().bits | displacement as u32 & 0x3FF_FFFC | rest;
        // (word, LR before, CTR before, pc after, LR after)
        for (word, lr, ctr, pc, lr_after) in [
            (relative(-0x20, 0), 7, 0, CODE - 0x20, 7),
            (relative(0x1FF_FFFC, 1), 7, 0, CODE + 0x1FF_FFFC, u64::from(NEXT)),
            (relative(-0x20, 2), 7, 0, 0xFFFF_FFE0, 7),
            (d(Op::bcx, 20, 0, 0x103), 7, 0, 0x100, u64::from(NEXT)),
            (x(Op::bclrx, 20, 0, 0, 0), 0xDEAD_0000_8200_0107, 0, 0x8200_0104, 0xDEAD_0000_8200_0107),
            (x(Op::bclrx, 20, 0, 0, 1), 0x8200_0104, 0, 0x8200_0104, u64::from(NEXT)),
            (x(Op::bcctrx, 20, 0, 0, 1), 7, 0x8200_0203, 0x8200_0200, u64::from(NEXT)),
            // LR is set even if the branch is not taken.
            (x(Op::bclrx, 12, 0, 0, 1), 0x8200_0104, 0, NEXT, u64::from(NEXT)),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.lr = lr;
            machine.ctx.ctr = ctr;
            machine.one(word);
            assert_eq!((machine.ctx.pc, machine.ctx.lr), (pc, lr_after), "{word:#x}");
        }
    }

    #[test]
    fn condition_register_logic_follows_its_truth_tables() {
        for (op, truth) in [
            (Op::crand, [0, 0, 0, 1]),
            (Op::crandc, [0, 0, 1, 0]),
            (Op::creqv, [1, 0, 0, 1]),
            (Op::crnand, [1, 1, 1, 0]),
            (Op::crnor, [1, 0, 0, 0]),
            (Op::cror, [0, 1, 1, 1]),
            (Op::crorc, [1, 0, 1, 1]),
            (Op::crxor, [0, 1, 1, 0]),
        ] {
            for (case, expected) in truth.into_iter().enumerate() {
                for before in [0, 1] {
                    let mut machine = CpuHarness::new();
                    let mut cr = 0x8421_8420_u32;
                    for (bit, value) in [(3, case >> 1 & 1), (17, case & 1), (31, before)] {
                        cr = cr & !(1 << (31 - bit)) | (value as u32) << (31 - bit);
                    }
                    machine.ctx.set_cr_word(cr);
                    machine.one(x(op, 31, 3, 17, 0));
                    assert_eq!(machine.ctx.cr_word(), cr & !1 | expected, "{op:?} {case}");
                }
            }
        }
        let mut machine = CpuHarness::new();
        machine.ctx.set_cr_word(0x1234_5678);
        machine.one(x(Op::mcrf, 2 << 2, 7 << 2, 0, 0));
        assert_eq!(machine.ctx.cr_word(), 0x1284_5678);
    }
}
