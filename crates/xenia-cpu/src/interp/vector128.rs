//! VMX128: the forms with seven-bit vector register numbers.
//!
//! Most rows share the function of the AltiVec row of the same operation; the multiply-adds and
//! `vsel128` take their third operand from vD. Follows the VMX128 notes.

use super::vector::lanes::Saturated;
use super::vector::{compare, d3d, estimate, float, logic, pack, permute, shift};
use super::{CpuView, Step};
use xenia_isa::{Instruction, Vector128};

/// Binds rows to functions; the first word names the functions' parameters and result.
macro_rules! arms {
    (mask $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd128(), $($of)::*(self.ea_x(i)))
        }
    )* };
    (unary_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd128(), $($of)::*(self.ctx.vr[i.vb128()], self.denormals()))
        }
    )* };
    (binary $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd128(), $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()]))
        }
    )* };
    (binary_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let result = $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()], self.denormals());
            self.set_vector(i.vd128(), result)
        }
    )* };
    (binary_saturated $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let result: Saturated = $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()]);
            self.set_saturated(i.vd128(), result)
        }
    )* };
    (splat $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd128(), $($of)::*(self.ctx.vr[i.vb128()], i.uimm5()))
        }
    )* };
    (scaled_saturated $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_saturated(i.vd128(), $($of)::*(self.ctx.vr[i.vb128()], i.uimm5()))
        }
    )* };
    (immediate $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.set_vector(i.vd128(), $($of)::*(i.simm5()))
        }
    )* };
    (compare $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()]);
            self.set_mask(i.vd128(), mask, i.vrc128().then(|| compare::cr6(mask)))
        }
    )* };
    (compare_float $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()], self.denormals());
            self.set_mask(i.vd128(), mask, i.vrc128().then(|| compare::cr6(mask)))
        }
    )* };
    (compare_bounds $($row:ident $($of:ident)::*;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            let mask = $($of)::*(self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()], self.denormals());
            self.set_mask(i.vd128(), mask, i.vrc128().then(|| compare::cr6_bounds(mask)))
        }
    )* };
    (load_store $($row:ident $register:ident $method:ident;)*) => { $(
        fn $row(&mut self, i: Instruction) -> Step {
            self.$method(i, i.$register())
        }
    )* };
}

impl Vector128 for CpuView<'_> {
    arms! { load_store
        lvewx128 vd128 load_vector;
        lvx128 vd128 load_vector;
        lvxl128 vd128 load_vector;
        lvlx128 vd128 load_vector_left;
        lvlxl128 vd128 load_vector_left;
        lvrx128 vd128 load_vector_right;
        lvrxl128 vd128 load_vector_right;
        stvewx128 vs128 store_element_word;
        stvx128 vs128 store_vector;
        stvxl128 vs128 store_vector;
        stvlx128 vs128 store_vector_left;
        stvlxl128 vs128 store_vector_left;
        stvrx128 vs128 store_vector_right;
        stvrxl128 vs128 store_vector_right;
    }

    arms! { splat
        vcsxwfp128 float::vcfsx;
        vcuxwfp128 float::vcfux;
    }

    arms! { scaled_saturated
        vcfpsxws128 float::vctsxs;
        vcfpuxws128 float::vctuxs;
    }

    arms! { mask
        lvsl128 permute::lvsl;
        lvsr128 permute::lvsr;
    }

    arms! { binary_float
        vaddfp128 float::vaddfp;
        vmaxfp128 float::vmaxfp;
        vminfp128 float::vminfp;
        vsubfp128 float::vsubfp;
        vmulfp128 float::vmulfp128;
        vmsum3fp128 float::vmsum3fp128;
        vmsum4fp128 float::vmsum4fp128;
    }

    arms! { binary
        vand128 logic::vand;
        vandc128 logic::vandc;
        vmrghw128 permute::vmrghw;
        vmrglw128 permute::vmrglw;
        vnor128 logic::vnor;
        vor128 logic::vor;
        vpkuhum128 pack::vpkuhum;
        vpkuwum128 pack::vpkuwum;
        vrlw128 shift::vrlw;
        vslo128 shift::vslo;
        vslw128 shift::vslw;
        vsraw128 shift::vsraw;
        vsro128 shift::vsro;
        vsrw128 shift::vsrw;
        vxor128 logic::vxor;
    }

    arms! { compare_bounds
        vcmpbfp128 float::vcmpbfp;
    }

    arms! { compare_float
        vcmpeqfp128 float::vcmpeqfp;
        vcmpgefp128 float::vcmpgefp;
        vcmpgtfp128 float::vcmpgtfp;
    }

    arms! { compare
        vcmpequw128 compare::vcmpequw;
    }

    arms! { unary_float
        vexptefp128 estimate::vexptefp;
        vlogefp128 estimate::vlogefp;
        vrefp128 estimate::vrefp;
        vrfim128 float::vrfim;
        vrfin128 float::vrfin;
        vrfip128 float::vrfip;
        vrfiz128 float::vrfiz;
        vrsqrtefp128 estimate::vrsqrtefp;
    }

    arms! { binary_saturated
        vpkshss128 pack::vpkshss;
        vpkshus128 pack::vpkshus;
        vpkswss128 pack::vpkswss;
        vpkswus128 pack::vpkswus;
        vpkuhus128 pack::vpkuhus;
        vpkuwus128 pack::vpkuwus;
    }

    arms! { immediate
        vspltisw128 permute::vspltisw;
    }

    arms! { splat
        vspltw128 permute::vspltw;
    }

    /// vD ← vA × vB + vD.
    fn vmaddfp128(&mut self, i: Instruction) -> Step {
        let (a, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), float::vmaddfp(a, d, b, self.denormals()))
    }

    /// vD ← vA × vD + vB.
    fn vmaddcfp128(&mut self, i: Instruction) -> Step {
        let (a, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), float::vmaddfp(a, b, d, self.denormals()))
    }

    /// vD ← −(vA × vB − vD).
    fn vnmsubfp128(&mut self, i: Instruction) -> Step {
        let (a, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), float::vnmsubfp(a, d, b, self.denormals()))
    }

    /// vD ← vB where vD has ones, else vA.
    fn vsel128(&mut self, i: Instruction) -> Step {
        let (a, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), logic::vsel(a, b, d))
    }

    fn vperm128(&mut self, i: Instruction) -> Step {
        let (a, b, _) = self.operands128(i);
        self.set_vector(i.vd128(), permute::vperm(a, b, self.ctx.vr[i.vc3()]))
    }

    fn vsldoi128(&mut self, i: Instruction) -> Step {
        let (a, b, _) = self.operands128(i);
        self.set_vector(i.vd128(), shift::vsldoi(a, b, i.shb()))
    }

    fn vpermwi128(&mut self, i: Instruction) -> Step {
        self.set_vector(i.vd128(), permute::vpermwi128(self.ctx.vr[i.vb128()], i.perm()))
    }

    fn vrlimi128(&mut self, i: Instruction) -> Step {
        let (_, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), permute::vrlimi128(d, b, i.uimm5(), i.z()))
    }

    /// With 0x60 as the vA field this is `vupkhsh128`, which has no separate row.
    fn vupkhsb128(&mut self, i: Instruction) -> Step {
        let b = self.ctx.vr[i.vb128()];
        let half = i.va128() == HALFWORD_FORM;
        self.set_vector(i.vd128(), if half { pack::vupkhsh(b) } else { pack::vupkhsb(b) })
    }

    /// With 0x60 as the vA field this is `vupklsh128`.
    fn vupklsb128(&mut self, i: Instruction) -> Step {
        let b = self.ctx.vr[i.vb128()];
        let half = i.va128() == HALFWORD_FORM;
        self.set_vector(i.vd128(), if half { pack::vupklsh(b) } else { pack::vupklsb(b) })
    }

    fn vpkd3d128(&mut self, i: Instruction) -> Step {
        let (_, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), d3d::vpkd3d128(d, b, i.uimm5(), i.z()))
    }

    /// Unsure: format 7 is not known to exist; it leaves vD unchanged.
    fn vupkd3d128(&mut self, i: Instruction) -> Step {
        let (_, b, d) = self.operands128(i);
        self.set_vector(i.vd128(), d3d::vupkd3d128(b, i.uimm5()).unwrap_or(d))
    }
}

/// The vA field that turns a byte unpack into a halfword unpack.
const HALFWORD_FORM: usize = 0x60;

impl CpuView<'_> {
    /// vA, vB and the old vD.
    #[inline(always)]
    fn operands128(&self, i: Instruction) -> (u128, u128, u128) {
        (self.ctx.vr[i.va128()], self.ctx.vr[i.vb128()], self.ctx.vr[i.vd128()])
    }
}
