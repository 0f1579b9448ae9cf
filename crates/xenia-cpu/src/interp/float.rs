//! Floating point.
//!
//! Arms that are not written yet raise `IllegalInstruction`.

use super::{Cpu, Step};
use xenia_isa::{Float, Instruction};

impl Float for Cpu<'_> {
    fn fabsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn faddx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn faddsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fcfidx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fcmpo(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fcmpu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fctidx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fctidzx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fctiwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fctiwzx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fdivx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fdivsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmaddx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmaddsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmsubx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmsubsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmulx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fmulsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnabsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnegx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnmaddx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnmaddsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnmsubx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fnmsubsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fresx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn frspx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn frsqrtex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fselx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fsqrtx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fsqrtsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fsubx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn fsubsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mcrfs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mffsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtfsb0x(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtfsb1x(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtfsfx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtfsfix(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
