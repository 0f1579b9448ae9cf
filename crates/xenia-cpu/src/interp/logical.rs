//! Logical.

use super::{Cpu, Step};
use xenia_isa::{Instruction, Logical};

impl Logical for Cpu<'_> {
    fn andx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn andcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn andi_rc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn andis_rc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cntlzdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cntlzwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn eqvx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn extsbx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn extshx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn extswx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn nandx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn norx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn orx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn orcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ori(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn oris(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn xorx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn xori(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn xoris(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
