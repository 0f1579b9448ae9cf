//! VMX128: the forms with seven-bit vector register numbers.

use super::Lifter;
use xenia_isa::{Instruction, Vector128};

impl Vector128 for Lifter<'_> {
    fn lvewx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvsl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvsr128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvlx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvlxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvrx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvrxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvewx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvlx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvlxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvrx128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvrxl128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vand128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vandc128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpbfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpeqfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpequw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgefp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vexptefp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vlogefp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaddfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrghw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrglw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vnmsubfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vnor128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vor128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vperm128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkshss128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkshus128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkswss128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkswus128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuhum128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuhus128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuwum128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuwus128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrefp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfim128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfin128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfip128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfiz128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrlw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrsqrtefp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsel128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsldoi128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslo128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltisw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsraw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsro128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrw128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupkhsb128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupklsb128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vxor128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaddcfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsum3fp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsum4fp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpermwi128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcfpsxws128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcfpuxws128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcsxwfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcuxwfp128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkd3d128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrlimi128(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupkd3d128(&mut self, _: Instruction) {
        self.call_interpreter();
    }
}
