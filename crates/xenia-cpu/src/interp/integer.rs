//! Integer.

use super::{Cpu, Step};
use xenia_isa::{Instruction, Integer};

impl Integer for Cpu<'_> {
    fn addx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addic(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addic_rc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addis(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addmex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn addzex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cmp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cmpi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cmpl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn cmpli(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn divdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn divdux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn divwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn divwux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulhdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulhdux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulhwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulhwux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulldx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mulli(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mullwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn negx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subfx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subfcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subfex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subficx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subfmex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn subfzex(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mfvscr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn mtvscr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
