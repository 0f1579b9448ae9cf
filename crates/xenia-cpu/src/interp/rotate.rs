//! Rotate.

use super::{Cpu, Step};
use xenia_isa::{Instruction, Rotate};

impl Rotate for Cpu<'_> {
    fn rldclx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rldcrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rldicx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rldiclx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rldicrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rldimix(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rlwimix(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rlwinmx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn rlwnmx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sldx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn slwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sradx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sradix(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn srawx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn srawix(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn srdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn srwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
