//! AltiVec, and the vector loads and stores that Xenon adds to it.

use super::Lifter;
use xenia_isa::{Instruction, Vector};

impl Vector for Lifter<'_> {
    fn lvebx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvehx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvewx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvsl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvsr(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvlx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvlxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvrx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn lvrxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvebx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvehx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvewx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvlx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvlxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvrx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn stvrxl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddcuw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddsbs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddshs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddsws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddubm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vaddubs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vadduhm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vadduhs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vadduwm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vadduws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vand(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vandc(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavgsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavgsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavgsw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavgub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavguh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vavguw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcfsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcfux(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpbfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpeqfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpequb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpequh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpequw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgefp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtsw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtuh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vcmpgtuw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vctsxs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vctuxs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vexptefp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vlogefp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaddfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxsw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxuh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmaxuw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmhaddshs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmhraddshs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminsw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminuh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vminuw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmladduhm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrghb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrghh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrghw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrglb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrglh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmrglw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsummbm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsumshm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsumshs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsumubm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsumuhm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmsumuhs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulesb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulesh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmuleub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmuleuh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulosb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulosh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmuloub(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vmulouh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vnmsubfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vnor(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vor(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vperm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkpx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkshss(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkshus(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkswss(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkswus(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuhum(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuhus(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuwum(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vpkuwus(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrefp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfim(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfin(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfip(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrfiz(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrlb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrlh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrlw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vrsqrtefp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsel(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsl(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsldoi(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslo(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vslw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsplth(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltisb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltish(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltisw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vspltw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsr(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrab(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrah(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsraw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsro(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsrw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubcuw(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubfp(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubsbs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubshs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubsws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsububm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsububs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubuhm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubuhs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubuwm(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsubuws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsumsws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsum2sws(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsum4sbs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsum4shs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vsum4ubs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupkhpx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupkhsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupkhsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupklpx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupklsb(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vupklsh(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn vxor(&mut self, _: Instruction) {
        self.call_interpreter();
    }
}
