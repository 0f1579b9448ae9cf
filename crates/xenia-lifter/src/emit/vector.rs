//! AltiVec, and the vector loads and stores that Xenon adds to it. This file binds each row to its
//! operation, [`super::vector128`] those of VMX128; the operations are in the submodules.
//!
//! A register is an I8X16 in host order: PowerPC's byte k is lane 15 − k, its word w is lane 3 − w
//! of an I32X4. No operation falls back to the interpreter: instructions without inline code, and
//! the rare lanes that inline code does not decide, go to [`crate::float::exact_vector`].

mod d3d;
pub(crate) mod estimate;
pub(crate) mod float;
mod lanes;
mod multiply;
pub(crate) mod pack;
mod permute;
pub(crate) mod saturate;
pub(crate) mod shift;
mod storage;

use super::Lifter;
use Signedness::{Signed, Unsigned};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, types};
use float::LaneCheck;
use multiply::LaneHalf::{Even, Odd};
use multiply::ProductRounding;
use pack::{Narrow, RegisterHalf};
use saturate::Sum;
use shift::{Shift, ShiftDirection};
use xenia_isa::{Instruction, Vector};

/// An instruction with one vector result and two vector operands, by the numbers of its registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VectorForm {
    d: usize,
    a: usize,
    b: usize,
}

/// How the integers in lanes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signedness {
    Signed,
    Unsigned,
}

impl VectorForm {
    fn altivec(i: Instruction) -> Self {
        Self { d: i.vd(), a: i.va(), b: i.vb() }
    }

    pub(super) fn vmx128(i: Instruction) -> Self {
        Self { d: i.vd128(), a: i.va128(), b: i.vb128() }
    }

    /// vD in place of vA: words of vB are inserted into it.
    pub(super) fn with_d_first(self) -> Self {
        Self { a: self.d, ..self }
    }

    /// vB in place of vA as well: a permutation of one register.
    pub(super) fn with_b_twice(self) -> Self {
        Self { a: self.b, ..self }
    }
}

/// Binds rows to operations. The first word says which registers and immediates an operation gets,
/// before the arguments that follow its name.
macro_rules! arms {
    (storage $($row:ident $register:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(i, i.$register() $(, $more)*);
        }
    )* };
    (unary $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(i.vd(), i.vb() $(, $more)*);
        }
    )* };
    (scaled $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(i.vd(), i.vb(), i.uimm5() $(, $more)*);
        }
    )* };
    (lanes $($row:ident $ty:ident $of:ident;)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.lanes2(VectorForm::altivec(i), types::$ty, |l, a, b| l.b.ins().$of(a, b));
        }
    )* };
    (binary $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(VectorForm::altivec(i) $(, $more)*);
        }
    )* };
    (compare $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(VectorForm::altivec(i), $($more,)* i.vrc());
        }
    )* };
    (ternary $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(i.vd(), [i.va(), i.vb(), i.vc()] $(, $more)*);
        }
    )* };
    (fused $($row:ident $of:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            self.$of(i.vd(), [i.va(), i.vc(), i.vb()] $(, $more)*);
        }
    )* };
}

impl Vector for Lifter<'_> {
    arms! { storage
        lvebx vd load_vector();
        lvehx vd load_vector();
        lvewx vd load_vector();
        lvsl vd shift_left_mask();
        lvsr vd shift_right_mask();
        lvx vd load_vector();
        lvxl vd load_vector();
        lvlx vd load_vector_left();
        lvlxl vd load_vector_left();
        lvrx vd load_vector_right();
        lvrxl vd load_vector_right();
        stvebx vd store_element(types::I8);
        stvehx vd store_element(types::I16);
        stvewx vd store_element(types::I32);
        stvx vd store_vector();
        stvxl vd store_vector();
        stvlx vs store_vector_left();
        stvlxl vs store_vector_left();
        stvrx vs store_vector_right();
        stvrxl vs store_vector_right();
    }

    arms! { lanes
        vaddubm I8X16 iadd;
        vadduhm I16X8 iadd;
        vadduwm I32X4 iadd;
        vand I8X16 band;
        vandc I8X16 band_not;
        vavgub I8X16 avg_round;
        vavguh I16X8 avg_round;
        vmaxsb I8X16 smax;
        vmaxsh I16X8 smax;
        vmaxsw I32X4 smax;
        vmaxub I8X16 umax;
        vmaxuh I16X8 umax;
        vmaxuw I32X4 umax;
        vminsb I8X16 smin;
        vminsh I16X8 smin;
        vminsw I32X4 smin;
        vminub I8X16 umin;
        vminuh I16X8 umin;
        vminuw I32X4 umin;
        vor I8X16 bor;
        vsububm I8X16 isub;
        vsubuhm I16X8 isub;
        vsubuwm I32X4 isub;
        vxor I8X16 bxor;
    }

    arms! { binary
        vaddfp float2(LaneCheck::Nan, |l, a, b| l.b.ins().fadd(a, b));
        vaddsbs saturating(types::I8X16, Sum::Add, Signed);
        vaddshs saturating(types::I16X8, Sum::Add, Signed);
        vaddsws saturating(types::I32X4, Sum::Add, Signed);
        vaddubs saturating(types::I8X16, Sum::Add, Unsigned);
        vadduhs saturating(types::I16X8, Sum::Add, Unsigned);
        vadduws saturating(types::I32X4, Sum::Add, Unsigned);
        vavgsb average_signed(types::I8X16);
        vavgsh average_signed(types::I16X8);
        vavgsw average_words(Signed);
        vavguw average_words(Unsigned);
        vmaxfp extreme(FloatCC::GreaterThan);
        vminfp extreme(FloatCC::LessThan);
        vmrghb pick(|k| k / 2 + 16 * (k & 1));
        vmrghh pick(|k| ((k / 4) * 2) + 16 * ((k / 2) & 1) + k % 2);
        vmrghw pick(|k| ((k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
        vmrglb pick(|k| (8 + k / 2) + 16 * (k & 1));
        vmrglh pick(|k| (8 + (k / 4) * 2) + 16 * ((k / 2) & 1) + k % 2);
        vmrglw pick(|k| (8 + (k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
        vmulesb half_products(types::I16X8, Even, Signed);
        vmulesh half_products(types::I32X4, Even, Signed);
        vmuleub half_products(types::I16X8, Even, Unsigned);
        vmuleuh half_products(types::I32X4, Even, Unsigned);
        vmulosb half_products(types::I16X8, Odd, Signed);
        vmulosh half_products(types::I32X4, Odd, Signed);
        vmuloub half_products(types::I16X8, Odd, Unsigned);
        vmulouh half_products(types::I32X4, Odd, Unsigned);
        vpkpx pack_pixels();
        vpkshss pack(types::I16X8, Narrow::Signed);
        vpkshus pack(types::I16X8, Narrow::Unsigning);
        vpkswss pack(types::I32X4, Narrow::Signed);
        vpkswus pack(types::I32X4, Narrow::Unsigning);
        vpkuhum pick(|k| 2 * k + 1);
        vpkuhus pack(types::I16X8, Narrow::Unsigned);
        vpkuwum pick(|k| 4 * (k / 2) + 2 + k % 2);
        vpkuwus pack(types::I32X4, Narrow::Unsigned);
        vrlb shift_lanes(types::I8X16, Shift::Rotate);
        vrlh shift_lanes(types::I16X8, Shift::Rotate);
        vrlw shift_words(Shift::Rotate);
        vsl shift_register(ShiftDirection::Left);
        vslb shift_lanes(types::I8X16, Shift::Left);
        vslh shift_lanes(types::I16X8, Shift::Left);
        vslo shift_octets(ShiftDirection::Left);
        vslw shift_words(Shift::Left);
        vsr shift_register(ShiftDirection::Right);
        vsrab shift_lanes(types::I8X16, Shift::RightSigned);
        vsrah shift_lanes(types::I16X8, Shift::RightSigned);
        vsraw shift_words(Shift::RightSigned);
        vsrb shift_lanes(types::I8X16, Shift::Right);
        vsrh shift_lanes(types::I16X8, Shift::Right);
        vsro shift_octets(ShiftDirection::Right);
        vsrw shift_words(Shift::Right);
        vsubfp float2(LaneCheck::Nan, |l, a, b| l.b.ins().fsub(a, b));
        vsubsbs saturating(types::I8X16, Sum::Subtract, Signed);
        vsubshs saturating(types::I16X8, Sum::Subtract, Signed);
        vsubsws saturating(types::I32X4, Sum::Subtract, Signed);
        vsububs saturating(types::I8X16, Sum::Subtract, Unsigned);
        vsubuhs saturating(types::I16X8, Sum::Subtract, Unsigned);
        vsubuws saturating(types::I32X4, Sum::Subtract, Unsigned);
        vsumsws sum_all_words();
        vsum2sws sum_word_pairs();
        vsum4sbs sum_within_words(types::I8X16, Signed);
        vsum4shs sum_within_words(types::I16X8, Signed);
        vsum4ubs sum_within_words(types::I8X16, Unsigned);
    }

    arms! { compare
        vcmpbfp compare_bounds();
        vcmpeqfp compare_floats_lanes(FloatCC::Equal);
        vcmpequb compare_lanes(types::I8X16, IntCC::Equal);
        vcmpequh compare_lanes(types::I16X8, IntCC::Equal);
        vcmpequw compare_lanes(types::I32X4, IntCC::Equal);
        vcmpgefp compare_floats_lanes(FloatCC::GreaterThanOrEqual);
        vcmpgtfp compare_floats_lanes(FloatCC::GreaterThan);
        vcmpgtsb compare_lanes(types::I8X16, IntCC::SignedGreaterThan);
        vcmpgtsh compare_lanes(types::I16X8, IntCC::SignedGreaterThan);
        vcmpgtsw compare_lanes(types::I32X4, IntCC::SignedGreaterThan);
        vcmpgtub compare_lanes(types::I8X16, IntCC::UnsignedGreaterThan);
        vcmpgtuh compare_lanes(types::I16X8, IntCC::UnsignedGreaterThan);
        vcmpgtuw compare_lanes(types::I32X4, IntCC::UnsignedGreaterThan);
    }

    arms! { ternary
        vmhaddshs high_products(ProductRounding::Truncated);
        vmhraddshs high_products(ProductRounding::Rounded);
        vmladduhm low_products();
        vmsummbm sum_of_byte_products(Signed);
        vmsumshm sum_of_products(Signed);
        vmsumshs saturated_sum_of_products(Signed);
        vmsumubm sum_of_byte_products(Unsigned);
        vmsumuhm sum_of_products(Unsigned);
        vmsumuhs saturated_sum_of_products(Unsigned);
    }

    arms! { fused
        vmaddfp multiply_add_lanes();
        vnmsubfp negative_multiply_subtract_lanes();
    }

    arms! { scaled
        vcfsx integers_to_floats(Signed);
        vcfux integers_to_floats(Unsigned);
        vctsxs floats_to_integers(Signed);
        vctuxs floats_to_integers(Unsigned);
    }

    arms! { unary
        vexptefp power_of_two();
        vlogefp logarithm();
        vrefp reciprocal();
        vrfim rounded_lanes(|l, b| l.b.ins().floor(b));
        vrfin rounded_lanes(|l, b| l.b.ins().nearest(b));
        vrfip rounded_lanes(|l, b| l.b.ins().ceil(b));
        vrfiz rounded_lanes(|l, b| l.b.ins().trunc(b));
        vrsqrtefp reciprocal_root();
        vupkhpx unpack_pixels(RegisterHalf::High);
        vupkhsb unpack(types::I8X16, RegisterHalf::High);
        vupkhsh unpack(types::I16X8, RegisterHalf::High);
        vupklpx unpack_pixels(RegisterHalf::Low);
        vupklsb unpack(types::I8X16, RegisterHalf::Low);
        vupklsh unpack(types::I16X8, RegisterHalf::Low);
    }

    fn vaddcuw(&mut self, i: Instruction) {
        self.lanes2(VectorForm::altivec(i), types::I32X4, |l, a, b| {
            let sum = l.b.ins().iadd(a, b);
            let carry = l.b.ins().icmp(IntCC::UnsignedLessThan, sum, a);
            // The lanes of a compare are all ones or 0.
            l.b.ins().ushr_imm_s(carry, 31)
        });
    }

    fn vnor(&mut self, i: Instruction) {
        self.lanes2(VectorForm::altivec(i), types::I8X16, |l, a, b| {
            let or = l.b.ins().bor(a, b);
            l.b.ins().bnot(or)
        });
    }

    fn vperm(&mut self, i: Instruction) {
        self.permute(i.vd(), i.va(), i.vb(), i.vc());
    }

    fn vsel(&mut self, i: Instruction) {
        let [a, b, c] = [i.va(), i.vb(), i.vc()].map(|n| self.vr(n));
        let result = self.b.ins().bitselect(c, b, a);
        self.set_vr(i.vd(), result);
    }

    fn vsldoi(&mut self, i: Instruction) {
        let sh = i.shb() as u8;
        self.pick(VectorForm::altivec(i), |k| k + sh);
    }

    fn vspltb(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 15;
        self.pick(VectorForm::altivec(i).with_b_twice(), |_| n);
    }

    fn vsplth(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 7;
        self.pick(VectorForm::altivec(i).with_b_twice(), |k| 2 * n + k % 2);
    }

    fn vspltisb(&mut self, i: Instruction) {
        let value = self.vector_constant(|_| i.simm5() as u8);
        self.set_vr(i.vd(), value);
    }

    fn vspltish(&mut self, i: Instruction) {
        let bytes = (i.simm5() as i16).to_be_bytes();
        let value = self.vector_constant(|k| bytes[usize::from(k % 2)]);
        self.set_vr(i.vd(), value);
    }

    fn vspltisw(&mut self, i: Instruction) {
        let bytes = i.simm5().to_be_bytes();
        let value = self.vector_constant(|k| bytes[usize::from(k % 4)]);
        self.set_vr(i.vd(), value);
    }

    fn vspltw(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 3;
        self.pick(VectorForm::altivec(i).with_b_twice(), |k| 4 * n + k % 4);
    }

    fn vsubcuw(&mut self, i: Instruction) {
        self.lanes2(VectorForm::altivec(i), types::I32X4, |l, a, b| {
            let carry = l.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, a, b);
            l.b.ins().ushr_imm_s(carry, 31)
        });
    }
}
