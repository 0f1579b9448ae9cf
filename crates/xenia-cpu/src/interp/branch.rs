//! Branch.

use super::{Cpu, Step};
use xenia_isa::{Branch, Instruction};

impl Branch for Cpu<'_> {
    fn bx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn bcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn bcctrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn bclrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crand(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crandc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn creqv(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crnand(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crnor(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cror(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crorc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn crxor(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mcrf(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
