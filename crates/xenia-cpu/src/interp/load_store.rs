//! LoadStore.

use super::{Cpu, Step};
use xenia_isa::{Instruction, LoadStore};

impl LoadStore for Cpu<'_> {
    fn dcbz(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn dcbz128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lbz(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lbzu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lbzux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lbzx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ld(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ldarx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ldbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ldu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ldux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn ldx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfd(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfdu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfdux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfsu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfsux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lfsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lha(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhau(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhaux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhax(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhz(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhzu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhzux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lhzx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lmw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lswi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lswx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwa(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwarx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwaux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwax(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwz(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwzu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwzux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lwzx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stbu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stbux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stbx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn std(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stdbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stdcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stdu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stdux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfd(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfdu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfdux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfdx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfiwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfsu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfsux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stfsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sth(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sthbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sthu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sthux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn sthx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stmw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stswi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stswx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stwbrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stwcx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stwu(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stwux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stwx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
