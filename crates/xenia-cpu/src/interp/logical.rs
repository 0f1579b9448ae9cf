//! Logical instructions, sign extension and leading zeros.
//!
//! They work on 64 bits in both modes. `or rN,rN,rN` with N from 28 to 31 is a yield hint: it ends
//! the visit after it completes ([`super::dispatch`] detects it). The other priority hints (N = 1,
//! 2, 3, 5, 6, 7) have no effect.

use super::{CpuView, Retirement, Step};
use xenia_isa::{Instruction, Logical};

impl CpuView<'_> {
    #[inline(always)]
    fn logical(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn logical_immediate(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn logical_record(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        self.record(result);
        Ok(Retirement::Next)
    }
}

impl Logical for CpuView<'_> {
    fn andx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) & self.gpr(i.rb()))
    }

    fn andcx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) & !self.gpr(i.rb()))
    }

    fn andi_rc(&mut self, i: Instruction) -> Step {
        self.logical_record(i, self.gpr(i.rs()) & i.uimm())
    }

    fn andis_rc(&mut self, i: Instruction) -> Step {
        self.logical_record(i, self.gpr(i.rs()) & i.uimm() << 16)
    }

    fn cntlzdx(&mut self, i: Instruction) -> Step {
        self.logical(i, u64::from(self.gpr(i.rs()).leading_zeros()))
    }

    fn cntlzwx(&mut self, i: Instruction) -> Step {
        self.logical(i, u64::from((self.gpr(i.rs()) as u32).leading_zeros()))
    }

    fn eqvx(&mut self, i: Instruction) -> Step {
        self.logical(i, !(self.gpr(i.rs()) ^ self.gpr(i.rb())))
    }

    fn extsbx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) as i8 as u64)
    }

    fn extshx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) as i16 as u64)
    }

    fn extswx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) as i32 as u64)
    }

    fn nandx(&mut self, i: Instruction) -> Step {
        self.logical(i, !(self.gpr(i.rs()) & self.gpr(i.rb())))
    }

    fn norx(&mut self, i: Instruction) -> Step {
        self.logical(i, !(self.gpr(i.rs()) | self.gpr(i.rb())))
    }

    // Yield hints have a separate handler.
    #[inline(always)]
    fn orx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) | self.gpr(i.rb()))
    }

    fn orcx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) | !self.gpr(i.rb()))
    }

    #[inline(always)]
    fn ori(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) | i.uimm())
    }

    fn oris(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) | i.uimm() << 16)
    }

    #[inline(always)]
    fn xorx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) ^ self.gpr(i.rb()))
    }

    fn xori(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) ^ i.uimm())
    }

    fn xoris(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) ^ i.uimm() << 16)
    }
}

#[cfg(test)]
mod tests {
    use crate::Exit;
    use crate::interp::testing::*;
    use xenia_isa::Op;

    #[test]
    fn results_and_record_forms() {
        let s = 0xFFFF_0000_8000_00F0_u64;
        let b = 0x0F0F_0F0F_0F0F_0F0F_u64;
        for (op, result) in [
            (Op::andx, s & b),
            (Op::andcx, s & !b),
            (Op::eqvx, !(s ^ b)),
            (Op::nandx, !(s & b)),
            (Op::norx, !(s | b)),
            (Op::orx, s | b),
            (Op::orcx, s | !b),
            (Op::xorx, s ^ b),
            (Op::extsbx, 0xFFFF_FFFF_FFFF_FFF0),
            (Op::extshx, 0xF0),
            (Op::extswx, 0xFFFF_FFFF_8000_00F0),
            (Op::cntlzwx, 0),
            (Op::cntlzdx, 0),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = s;
            machine.ctx.gpr[5] = b;
            machine.ctx.xer_so = 1;
            machine.one(x(op, 4, 3, 5, RC));
            let ctx = &machine.ctx;
            assert_eq!(ctx.gpr[3], result, "{op:?}");
            let order = match result as i32 {
                i32::MIN..=-1 => 8,
                0 => 2,
                _ => 4,
            };
            assert_eq!(ctx.cr[0].nibble(), order | 1, "{op:?}");
        }
        for (op, value, result) in [(Op::cntlzwx, 0, 32), (Op::cntlzdx, 0, 64), (Op::cntlzwx, 1 << 40, 32)] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = value;
            machine.one(x(op, 4, 3, 0, 0));
            assert_eq!(machine.ctx.gpr[3], result, "{op:?}");
        }
    }

    #[test]
    fn immediates_are_not_sign_extended() {
        let s = 0x1111_2222_3333_4444_u64;
        for (op, result, records) in [
            (Op::andi_rc, 0x4444, true),
            (Op::andis_rc, 0x3333_0000, true),
            (Op::ori, s | 0xFFFF, false),
            (Op::oris, s | 0xFFFF_0000, false),
            (Op::xori, s ^ 0xFFFF, false),
            (Op::xoris, s ^ 0xFFFF_0000, false),
        ] {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[4] = s;
            machine.one(d(op, 4, 3, 0xFFFF));
            assert_eq!(machine.ctx.gpr[3], result, "{op:?}");
            assert_eq!(machine.ctx.cr[0].nibble(), if records { 4 } else { 0 }, "{op:?}");
        }
    }

    #[test]
    fn only_the_four_low_priority_hints_yield() {
        for n in 0..32 {
            let mut machine = CpuHarness::new();
            machine.ctx.gpr[n as usize] = 0x1234;
            machine.put(CODE, &[x(Op::orx, n, n, n, 0), d(Op::sc, 0, 0, 2)]);
            let exit = machine.run(10);
            if n >= 28 {
                assert_eq!(exit, Exit::Yield, "r{n}");
                assert_eq!((machine.ctx.pc, machine.ctx.executed()), (CODE + 4, 1), "r{n}");
            } else {
                assert_eq!(exit, Exit::Syscall { lev: 0 }, "r{n}");
            }
            assert_eq!(machine.ctx.gpr[n as usize], 0x1234);
        }
        // With Rc it is a plain move.
        let mut machine = CpuHarness::new();
        machine.one(x(Op::orx, 31, 31, 31, RC));
        assert_eq!(machine.ctx.cr[0].nibble(), 2);
    }
}
