//! System.

use super::{Cpu, Step};
use xenia_isa::{Instruction, System};

impl System for Cpu<'_> {
    fn dcbf(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn dcbi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn dcbst(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn dcbt(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn dcbtst(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn eieio(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn icbi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn isync(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mcrxr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mfcr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mfmsr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mfspr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mftb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtcrf(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtmsr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtmsrd(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtspr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sync(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn td(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn tdi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn tw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn twi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
