//! AltiVec, and the vector loads and stores that Xenon adds to it.
//!
//! - `lanes`: a register as lanes; every other file has pure functions of 128-bit values:
//!   `arithmetic`, `compare`, `logic`, `permute`, `pack`, `shift`, `float`, `estimate`, and `d3d`
//!   for VMX128.
//! - `load_store`: the storage accesses.
//!
//! This file binds every row to its function: which registers are operands, and whether
//! VSCR\[SAT\], VSCR\[NJ\] or CR6 take part. VMX128's rows (`vector128.rs`) share the functions.
//! Follows the AltiVec programming environments manual.

pub(crate) mod arithmetic;
pub(crate) mod compare;
pub(crate) mod d3d;
pub(crate) mod estimate;
pub(crate) mod float;
pub(crate) mod lanes;
pub(crate) mod load_store;
pub(crate) mod logic;
pub(crate) mod pack;
pub(crate) mod permute;
pub(crate) mod shift;
#[cfg(test)]
mod tests;

use super::{CpuView, Retirement, Step};
use crate::vscr_bit;
use float::Denormals;
use lanes::Saturated;
use xenia_isa::{Instruction, Vector};

impl CpuView<'_> {
    #[inline(always)]
    pub(crate) fn denormals(&self) -> Denormals {
        if self.ctx.vscr & vscr_bit::NJ == 0 { Denormals::Kept } else { Denormals::Flushed }
    }

    #[inline(always)]
    pub(crate) fn set_vector(&mut self, vd: usize, value: u128) -> Step {
        self.ctx.vr[vd] = value;
        Ok(Retirement::Next)
    }

    /// Writes a vector register, and sets the sticky SAT bit if the value saturated.
    #[inline(always)]
    pub(crate) fn set_saturated(&mut self, vd: usize, result: Saturated) -> Step {
        self.ctx.vscr |= if result.has_saturated { vscr_bit::SAT } else { 0 };
        self.set_vector(vd, result.value)
    }

    /// Writes a compare's mask, and CR6 if `recorded` has a value.
    #[inline(always)]
    pub(crate) fn set_mask(&mut self, vd: usize, mask: u128, recorded: Option<u8>) -> Step {
        if let Some(cr6) = recorded {
            self.set_cr(6, cr6);
        }
        self.set_vector(vd, mask)
    }
}

/// Binds rows to functions; the first word names the functions' parameters and result.
macro_rules! arms {
    (mask $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(self.ea_x(i)))
        }
    )* };
    (unary $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(self.ctx.vr[i.vb()]))
        }
    )* };
    (unary_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(self.ctx.vr[i.vb()], self.denormals()))
        }
    )* };
    (binary $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()]))
        }
    )* };
    (binary_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let result = $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()], self.denormals());
            self.set_vector(i.vd(), result)
        }
    )* };
    (binary_saturated $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_saturated(i.vd(), $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()]))
        }
    )* };
    (ternary $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let a = self.ctx.vr[i.va()];
            let b = self.ctx.vr[i.vb()];
            let c = self.ctx.vr[i.vc()];
            self.set_vector(i.vd(), $($of)::*(a, b, c))
        }
    )* };
    (ternary_saturated $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let a = self.ctx.vr[i.va()];
            let b = self.ctx.vr[i.vb()];
            let c = self.ctx.vr[i.vc()];
            self.set_saturated(i.vd(), $($of)::*(a, b, c))
        }
    )* };
    (fused $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let a = self.ctx.vr[i.va()];
            let b = self.ctx.vr[i.vb()];
            let c = self.ctx.vr[i.vc()];
            self.set_vector(i.vd(), $($of)::*(a, b, c, self.denormals()))
        }
    )* };
    (splat $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(self.ctx.vr[i.vb()], i.uimm5()))
        }
    )* };
    (scaled $($row:ident $($of:ident)::*;)*) => { arms! { splat $($row $($of)::*;)* } };
    (scaled_saturated $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_saturated(i.vd(), $($of)::*(self.ctx.vr[i.vb()], i.uimm5()))
        }
    )* };
    (immediate $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd(), $($of)::*(i.simm5()))
        }
    )* };
    (compare $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()]);
            self.set_mask(i.vd(), mask, i.vrc().then(|| compare::cr6(mask)))
        }
    )* };
    (compare_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()], self.denormals());
            self.set_mask(i.vd(), mask, i.vrc().then(|| compare::cr6(mask)))
        }
    )* };
    (compare_bounds $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va()], self.ctx.vr[i.vb()], self.denormals());
            self.set_mask(i.vd(), mask, i.vrc().then(|| compare::cr6_bounds(mask)))
        }
    )* };
    (load_store $($row:ident $register:ident $method:ident;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.$method(i, i.$register())
        }
    )* };
}

impl Vector for CpuView<'_> {
    arms! { load_store
        lvebx vd load_vector;
        lvehx vd load_vector;
        lvewx vd load_vector;
        lvx vd load_vector;
        lvxl vd load_vector;
        lvlx vd load_vector_left;
        lvlxl vd load_vector_left;
        lvrx vd load_vector_right;
        lvrxl vd load_vector_right;
        stvebx vs store_element_byte;
        stvehx vs store_element_half;
        stvewx vs store_element_word;
        stvx vs store_vector;
        stvxl vs store_vector;
        stvlx vs store_vector_left;
        stvlxl vs store_vector_left;
        stvrx vs store_vector_right;
        stvrxl vs store_vector_right;
    }

    arms! { mask
        lvsl permute::lvsl;
        lvsr permute::lvsr;
    }

    arms! { binary
        vaddcuw arithmetic::vaddcuw;
        vaddubm arithmetic::vaddubm;
        vadduhm arithmetic::vadduhm;
        vadduwm arithmetic::vadduwm;
        vand logic::vand;
        vandc logic::vandc;
        vavgsb arithmetic::vavgsb;
        vavgsh arithmetic::vavgsh;
        vavgsw arithmetic::vavgsw;
        vavgub arithmetic::vavgub;
        vavguh arithmetic::vavguh;
        vavguw arithmetic::vavguw;
        vmaxsb arithmetic::vmaxsb;
        vmaxsh arithmetic::vmaxsh;
        vmaxsw arithmetic::vmaxsw;
        vmaxub arithmetic::vmaxub;
        vmaxuh arithmetic::vmaxuh;
        vmaxuw arithmetic::vmaxuw;
        vminsb arithmetic::vminsb;
        vminsh arithmetic::vminsh;
        vminsw arithmetic::vminsw;
        vminub arithmetic::vminub;
        vminuh arithmetic::vminuh;
        vminuw arithmetic::vminuw;
        vmrghb permute::vmrghb;
        vmrghh permute::vmrghh;
        vmrghw permute::vmrghw;
        vmrglb permute::vmrglb;
        vmrglh permute::vmrglh;
        vmrglw permute::vmrglw;
        vmulesb arithmetic::vmulesb;
        vmulesh arithmetic::vmulesh;
        vmuleub arithmetic::vmuleub;
        vmuleuh arithmetic::vmuleuh;
        vmulosb arithmetic::vmulosb;
        vmulosh arithmetic::vmulosh;
        vmuloub arithmetic::vmuloub;
        vmulouh arithmetic::vmulouh;
        vnor logic::vnor;
        vor logic::vor;
        vpkpx pack::vpkpx;
        vpkuhum pack::vpkuhum;
        vpkuwum pack::vpkuwum;
        vrlb shift::vrlb;
        vrlh shift::vrlh;
        vrlw shift::vrlw;
        vsl shift::vsl;
        vslb shift::vslb;
        vslh shift::vslh;
        vslo shift::vslo;
        vslw shift::vslw;
        vsr shift::vsr;
        vsrab shift::vsrab;
        vsrah shift::vsrah;
        vsraw shift::vsraw;
        vsrb shift::vsrb;
        vsrh shift::vsrh;
        vsro shift::vsro;
        vsrw shift::vsrw;
        vsubcuw arithmetic::vsubcuw;
        vsububm arithmetic::vsububm;
        vsubuhm arithmetic::vsubuhm;
        vsubuwm arithmetic::vsubuwm;
        vxor logic::vxor;
    }

    arms! { binary_float
        vaddfp float::vaddfp;
        vmaxfp float::vmaxfp;
        vminfp float::vminfp;
        vsubfp float::vsubfp;
    }

    arms! { binary_saturated
        vaddsbs arithmetic::vaddsbs;
        vaddshs arithmetic::vaddshs;
        vaddsws arithmetic::vaddsws;
        vaddubs arithmetic::vaddubs;
        vadduhs arithmetic::vadduhs;
        vadduws arithmetic::vadduws;
        vpkshss pack::vpkshss;
        vpkshus pack::vpkshus;
        vpkswss pack::vpkswss;
        vpkswus pack::vpkswus;
        vpkuhus pack::vpkuhus;
        vpkuwus pack::vpkuwus;
        vsubsbs arithmetic::vsubsbs;
        vsubshs arithmetic::vsubshs;
        vsubsws arithmetic::vsubsws;
        vsububs arithmetic::vsububs;
        vsubuhs arithmetic::vsubuhs;
        vsubuws arithmetic::vsubuws;
        vsumsws arithmetic::vsumsws;
        vsum2sws arithmetic::vsum2sws;
        vsum4sbs arithmetic::vsum4sbs;
        vsum4shs arithmetic::vsum4shs;
        vsum4ubs arithmetic::vsum4ubs;
    }

    arms! { scaled
        vcfsx float::vcfsx;
        vcfux float::vcfux;
    }

    arms! { compare_bounds
        vcmpbfp float::vcmpbfp;
    }

    arms! { compare_float
        vcmpeqfp float::vcmpeqfp;
        vcmpgefp float::vcmpgefp;
        vcmpgtfp float::vcmpgtfp;
    }

    arms! { compare
        vcmpequb compare::vcmpequb;
        vcmpequh compare::vcmpequh;
        vcmpequw compare::vcmpequw;
        vcmpgtsb compare::vcmpgtsb;
        vcmpgtsh compare::vcmpgtsh;
        vcmpgtsw compare::vcmpgtsw;
        vcmpgtub compare::vcmpgtub;
        vcmpgtuh compare::vcmpgtuh;
        vcmpgtuw compare::vcmpgtuw;
    }

    arms! { scaled_saturated
        vctsxs float::vctsxs;
        vctuxs float::vctuxs;
    }

    arms! { unary_float
        vexptefp estimate::vexptefp;
        vlogefp estimate::vlogefp;
        vrefp estimate::vrefp;
        vrfim float::vrfim;
        vrfin float::vrfin;
        vrfip float::vrfip;
        vrfiz float::vrfiz;
        vrsqrtefp estimate::vrsqrtefp;
    }

    arms! { fused
        vmaddfp float::vmaddfp;
        vnmsubfp float::vnmsubfp;
    }

    arms! { ternary_saturated
        vmhaddshs arithmetic::vmhaddshs;
        vmhraddshs arithmetic::vmhraddshs;
        vmsumshs arithmetic::vmsumshs;
        vmsumuhs arithmetic::vmsumuhs;
    }

    arms! { ternary
        vmladduhm arithmetic::vmladduhm;
        vmsummbm arithmetic::vmsummbm;
        vmsumshm arithmetic::vmsumshm;
        vmsumubm arithmetic::vmsumubm;
        vmsumuhm arithmetic::vmsumuhm;
        vperm permute::vperm;
        vsel logic::vsel;
    }

    arms! { splat
        vspltb permute::vspltb;
        vsplth permute::vsplth;
        vspltw permute::vspltw;
    }

    arms! { immediate
        vspltisb permute::vspltisb;
        vspltish permute::vspltish;
        vspltisw permute::vspltisw;
    }

    arms! { unary
        vupkhpx pack::vupkhpx;
        vupkhsb pack::vupkhsb;
        vupkhsh pack::vupkhsh;
        vupklpx pack::vupklpx;
        vupklsb pack::vupklsb;
        vupklsh pack::vupklsh;
    }

    fn vsldoi(&mut self, i: Instruction) -> Step {
        let result = shift::vsldoi(self.ctx.vr[i.va()], self.ctx.vr[i.vb()], i.shb());
        self.set_vector(i.vd(), result)
    }
}
