//! AltiVec, and the vector loads and stores that Xenon adds to it.
//!
//! Arms that are not written yet raise `IllegalInstruction`.

use super::{Cpu, Step};
use xenia_isa::{Instruction, Vector};

impl Vector for Cpu<'_> {
    fn lvebx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvehx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvewx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvsl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvsr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvlx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvlxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn lvrxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvebx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvehx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvewx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvlx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvlxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvrx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn stvrxl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddcuw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddsbs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddshs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddsws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddubm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vaddubs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vadduhm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vadduhs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vadduwm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vadduws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vand(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vandc(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavgsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavgsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavgsw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavgub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavguh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vavguw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcfsx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcfux(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpbfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpeqfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpequb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpequh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpequw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgefp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtsw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtuh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vcmpgtuw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vctsxs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vctuxs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vexptefp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vlogefp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaddfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxsw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxuh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmaxuw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmhaddshs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmhraddshs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminsw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminuh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vminuw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmladduhm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrghb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrghh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrghw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrglb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrglh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmrglw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsummbm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsumshm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsumshs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsumubm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsumuhm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmsumuhs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulesb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulesh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmuleub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmuleuh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulosb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulosh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmuloub(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vmulouh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vnmsubfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vnor(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vor(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vperm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkpx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkshss(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkshus(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkswss(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkswus(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuhum(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuhus(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuwum(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vpkuwus(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrefp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfim(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfin(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfip(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrfiz(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrlb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrlh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrlw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vrsqrtefp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsel(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsl(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsldoi(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslo(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vslw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsplth(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltisb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltish(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltisw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vspltw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsr(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrab(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrah(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsraw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsro(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsrw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubcuw(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubfp(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubsbs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubshs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubsws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsububm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsububs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubuhm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubuhs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubuwm(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsubuws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsumsws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsum2sws(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsum4sbs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsum4shs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vsum4ubs(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupkhpx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupkhsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupkhsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupklpx(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupklsb(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vupklsh(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }

    fn vxor(&mut self, i: Instruction) -> Step {
        self.illegal(i)
    }
}
