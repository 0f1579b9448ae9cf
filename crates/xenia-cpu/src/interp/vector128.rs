//! VMX128: the forms with seven-bit vector register numbers.
//!
//! Arms that are not written yet raise `IllegalInstruction`.

use super::{Cpu, Step};
use xenia_isa::{Instruction, Vector128};

impl Vector128 for Cpu<'_> {
    fn lvewx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvsl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvsr128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvlx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvlxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvrx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvrxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvewx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvlx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvlxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvrx128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvrxl128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vand128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vandc128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpbfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpeqfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpequw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgefp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vexptefp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vlogefp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaddfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrghw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrglw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vnmsubfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vnor128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vor128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vperm128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkshss128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkshus128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkswss128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkswus128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuhum128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuhus128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuwum128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuwus128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrefp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfim128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfin128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfip128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfiz128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrlw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrsqrtefp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsel128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsldoi128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslo128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltisw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsraw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsro128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrw128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupkhsb128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupklsb128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vxor128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaddcfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsum3fp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsum4fp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpermwi128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcfpsxws128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcfpuxws128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcsxwfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcuxwfp128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkd3d128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrlimi128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupkd3d128(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
