//! Logical instructions, sign extension and leading zeros.
//!
//! They work on 64 bits in both modes. `or rN,rN,rN` with N from 28 to 31 is a yield hint: it ends the
//! visit after it completed. The other priority hints (N = 1, 2, 3, 5, 6, 7) do nothing.

use super::{Cpu, Flow, Step};
use xenia_isa::{Instruction, Logical};

impl Cpu<'_> {
    #[inline(always)]
    fn logical(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        if i.rc() {
            self.record(result);
        }
        Ok(Flow::Next)
    }

    #[inline(always)]
    fn logical_immediate(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        Ok(Flow::Next)
    }

    #[inline(always)]
    fn logical_record(&mut self, i: Instruction, result: u64) -> Step {
        self.set_gpr(i.ra(), result);
        self.record(result);
        Ok(Flow::Next)
    }
}

/// Whether `i`, an `orx`, is a hint to let others run.
pub(crate) fn is_yield_hint(i: Instruction) -> bool {
    !i.rc() && i.rs() >= 28 && i.rs() == i.ra() && i.rs() == i.rb()
}

impl Logical for Cpu<'_> {
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

    fn orx(&mut self, i: Instruction) -> Step {
        if is_yield_hint(i) {
            return Ok(Flow::Yield);
        }
        self.logical(i, self.gpr(i.rs()) | self.gpr(i.rb()))
    }

    fn orcx(&mut self, i: Instruction) -> Step {
        self.logical(i, self.gpr(i.rs()) | !self.gpr(i.rb()))
    }

    fn ori(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) | i.uimm())
    }

    fn oris(&mut self, i: Instruction) -> Step {
        self.logical_immediate(i, self.gpr(i.rs()) | i.uimm() << 16)
    }

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
