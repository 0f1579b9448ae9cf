//! AltiVec, and the vector loads and stores that Xenon adds to it. Here every row is bound to its operation, and in
//! [`super::vector128`] those of VMX128; the operations are in the files below.
//!
//! A register is an I8X16 in host order: PowerPC's byte k is lane 15 − k, its word w lane 3 − w of an
//! I32X4. Nothing here asks the interpreter. What has no inline code, and the rare lanes that inline code does not
//! decide, go to [`crate::exact_vector`].

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
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, types};
use float::Lanes;
use pack::Narrow;
use saturate::Sum;
use shift::Shift;
use xenia_isa::{Instruction, Vector};

impl Vector for Lifter<'_> {
    fn lvebx(&mut self, i: Instruction) {
        self.load_vector(i, i.vd());
    }

    fn lvehx(&mut self, i: Instruction) {
        self.load_vector(i, i.vd());
    }

    fn lvewx(&mut self, i: Instruction) {
        self.load_vector(i, i.vd());
    }

    fn lvsl(&mut self, i: Instruction) {
        self.shift_left_mask(i, i.vd());
    }

    fn lvsr(&mut self, i: Instruction) {
        self.shift_right_mask(i, i.vd());
    }

    fn lvx(&mut self, i: Instruction) {
        self.load_vector(i, i.vd());
    }

    fn lvxl(&mut self, i: Instruction) {
        self.load_vector(i, i.vd());
    }

    fn lvlx(&mut self, i: Instruction) {
        self.load_vector_left(i, i.vd());
    }

    fn lvlxl(&mut self, i: Instruction) {
        self.load_vector_left(i, i.vd());
    }

    fn lvrx(&mut self, i: Instruction) {
        self.load_vector_right(i, i.vd());
    }

    fn lvrxl(&mut self, i: Instruction) {
        self.load_vector_right(i, i.vd());
    }

    fn stvebx(&mut self, i: Instruction) {
        self.store_element(i, i.vd(), types::I8);
    }

    fn stvehx(&mut self, i: Instruction) {
        self.store_element(i, i.vd(), types::I16);
    }

    fn stvewx(&mut self, i: Instruction) {
        self.store_element(i, i.vd(), types::I32);
    }

    fn stvx(&mut self, i: Instruction) {
        self.store_vector(i, i.vd());
    }

    fn stvxl(&mut self, i: Instruction) {
        self.store_vector(i, i.vd());
    }

    fn stvlx(&mut self, i: Instruction) {
        self.store_vector_left(i, i.vs());
    }

    fn stvlxl(&mut self, i: Instruction) {
        self.store_vector_left(i, i.vs());
    }

    fn stvrx(&mut self, i: Instruction) {
        self.store_vector_right(i, i.vs());
    }

    fn stvrxl(&mut self, i: Instruction) {
        self.store_vector_right(i, i.vs());
    }

    fn vaddcuw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| {
            let sum = l.b.ins().iadd(a, b);
            let carry = l.b.ins().icmp(IntCC::UnsignedLessThan, sum, a);
            l.b.ins().ushr_imm_s(carry, 31)
        });
    }

    fn vaddfp(&mut self, i: Instruction) {
        self.float2(i.vd(), (i.va(), i.vb()), Lanes::Nan, |l, a, b| l.b.ins().fadd(a, b));
    }

    fn vaddsbs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I8X16, Sum::Add, true);
    }

    fn vaddshs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I16X8, Sum::Add, true);
    }

    fn vaddsws(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I32X4, Sum::Add, true);
    }

    fn vaddubm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().iadd(a, b));
    }

    fn vaddubs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I8X16, Sum::Add, false);
    }

    fn vadduhm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().iadd(a, b));
    }

    fn vadduhs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I16X8, Sum::Add, false);
    }

    fn vadduwm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().iadd(a, b));
    }

    fn vadduws(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I32X4, Sum::Add, false);
    }

    fn vand(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().band(a, b));
    }

    fn vandc(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().band_not(a, b));
    }

    fn vavgsb(&mut self, i: Instruction) {
        self.average_signed(i.vd(), (i.va(), i.vb()), types::I8X16);
    }

    fn vavgsh(&mut self, i: Instruction) {
        self.average_signed(i.vd(), (i.va(), i.vb()), types::I16X8);
    }

    fn vavgsw(&mut self, i: Instruction) {
        self.average_words(i.vd(), (i.va(), i.vb()), true);
    }

    fn vavgub(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().avg_round(a, b));
    }

    fn vavguh(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().avg_round(a, b));
    }

    fn vavguw(&mut self, i: Instruction) {
        self.average_words(i.vd(), (i.va(), i.vb()), false);
    }

    fn vcfsx(&mut self, i: Instruction) {
        self.integers_to_floats(i.vd(), i.vb(), i.uimm5(), true);
    }

    fn vcfux(&mut self, i: Instruction) {
        self.integers_to_floats(i.vd(), i.vb(), i.uimm5(), false);
    }

    fn vcmpbfp(&mut self, i: Instruction) {
        self.compare_bounds(i.vd(), (i.va(), i.vb()), i.vrc());
    }

    fn vcmpeqfp(&mut self, i: Instruction) {
        self.compare_floats_lanes(i.vd(), (i.va(), i.vb()), FloatCC::Equal, i.vrc());
    }

    fn vcmpequb(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, IntCC::Equal, i.vrc());
    }

    fn vcmpequh(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, IntCC::Equal, i.vrc());
    }

    fn vcmpequw(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I32X4, IntCC::Equal, i.vrc());
    }

    fn vcmpgefp(&mut self, i: Instruction) {
        self.compare_floats_lanes(i.vd(), (i.va(), i.vb()), FloatCC::GreaterThanOrEqual, i.vrc());
    }

    fn vcmpgtfp(&mut self, i: Instruction) {
        self.compare_floats_lanes(i.vd(), (i.va(), i.vb()), FloatCC::GreaterThan, i.vrc());
    }

    fn vcmpgtsb(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, IntCC::SignedGreaterThan, i.vrc());
    }

    fn vcmpgtsh(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, IntCC::SignedGreaterThan, i.vrc());
    }

    fn vcmpgtsw(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I32X4, IntCC::SignedGreaterThan, i.vrc());
    }

    fn vcmpgtub(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, IntCC::UnsignedGreaterThan, i.vrc());
    }

    fn vcmpgtuh(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, IntCC::UnsignedGreaterThan, i.vrc());
    }

    fn vcmpgtuw(&mut self, i: Instruction) {
        self.compare_lanes(i.vd(), (i.va(), i.vb()), types::I32X4, IntCC::UnsignedGreaterThan, i.vrc());
    }

    fn vctsxs(&mut self, i: Instruction) {
        self.floats_to_integers(i.vd(), i.vb(), i.uimm5(), true);
    }

    fn vctuxs(&mut self, i: Instruction) {
        self.floats_to_integers(i.vd(), i.vb(), i.uimm5(), false);
    }

    fn vexptefp(&mut self, i: Instruction) {
        self.vector_by_call(i.vd(), i.vb());
    }

    fn vlogefp(&mut self, i: Instruction) {
        self.logarithm(i.vd(), i.vb());
    }

    fn vmaddfp(&mut self, i: Instruction) {
        self.fused_lanes(i.vd(), [i.va(), i.vc(), i.vb()], false);
    }

    fn vmaxfp(&mut self, i: Instruction) {
        self.extreme(i.vd(), (i.va(), i.vb()), true);
    }

    fn vmaxsb(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().smax(a, b));
    }

    fn vmaxsh(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().smax(a, b));
    }

    fn vmaxsw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().smax(a, b));
    }

    fn vmaxub(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().umax(a, b));
    }

    fn vmaxuh(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().umax(a, b));
    }

    fn vmaxuw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().umax(a, b));
    }

    fn vmhaddshs(&mut self, i: Instruction) {
        self.high_products(i.vd(), [i.va(), i.vb(), i.vc()], false);
    }

    fn vmhraddshs(&mut self, i: Instruction) {
        self.high_products(i.vd(), [i.va(), i.vb(), i.vc()], true);
    }

    fn vminfp(&mut self, i: Instruction) {
        self.extreme(i.vd(), (i.va(), i.vb()), false);
    }

    fn vminsb(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().smin(a, b));
    }

    fn vminsh(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().smin(a, b));
    }

    fn vminsw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().smin(a, b));
    }

    fn vminub(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().umin(a, b));
    }

    fn vminuh(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().umin(a, b));
    }

    fn vminuw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().umin(a, b));
    }

    fn vmladduhm(&mut self, i: Instruction) {
        self.low_products(i.vd(), [i.va(), i.vb(), i.vc()]);
    }

    fn vmrghb(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| k / 2 + 16 * (k & 1));
    }

    fn vmrghh(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| ((k / 4) * 2) + 16 * ((k / 2) & 1) + k % 2);
    }

    fn vmrghw(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| ((k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
    }

    fn vmrglb(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| (8 + k / 2) + 16 * (k & 1));
    }

    fn vmrglh(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| (8 + (k / 4) * 2) + 16 * ((k / 2) & 1) + k % 2);
    }

    fn vmrglw(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| (8 + (k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
    }

    fn vmsummbm(&mut self, i: Instruction) {
        self.sum_of_byte_products(i.vd(), [i.va(), i.vb(), i.vc()], true);
    }

    fn vmsumshm(&mut self, i: Instruction) {
        self.sum_of_products(i.vd(), [i.va(), i.vb(), i.vc()], true);
    }

    fn vmsumshs(&mut self, i: Instruction) {
        self.saturated_sum_of_products(i.vd(), [i.va(), i.vb(), i.vc()], true);
    }

    fn vmsumubm(&mut self, i: Instruction) {
        self.sum_of_byte_products(i.vd(), [i.va(), i.vb(), i.vc()], false);
    }

    fn vmsumuhm(&mut self, i: Instruction) {
        self.sum_of_products(i.vd(), [i.va(), i.vb(), i.vc()], false);
    }

    fn vmsumuhs(&mut self, i: Instruction) {
        self.saturated_sum_of_products(i.vd(), [i.va(), i.vb(), i.vc()], false);
    }

    fn vmulesb(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I16X8, true, true);
    }

    fn vmulesh(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I32X4, true, true);
    }

    fn vmuleub(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I16X8, true, false);
    }

    fn vmuleuh(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I32X4, true, false);
    }

    fn vmulosb(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I16X8, false, true);
    }

    fn vmulosh(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I32X4, false, true);
    }

    fn vmuloub(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I16X8, false, false);
    }

    fn vmulouh(&mut self, i: Instruction) {
        self.half_products(i.vd(), (i.va(), i.vb()), types::I32X4, false, false);
    }

    fn vnmsubfp(&mut self, i: Instruction) {
        self.fused_lanes(i.vd(), [i.va(), i.vc(), i.vb()], true);
    }

    fn vnor(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| {
            let or = l.b.ins().bor(a, b);
            l.b.ins().bnot(or)
        });
    }

    fn vor(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().bor(a, b));
    }

    fn vperm(&mut self, i: Instruction) {
        self.permute(i.vd(), i.va(), i.vb(), i.vc());
    }

    fn vpkpx(&mut self, i: Instruction) {
        self.pack_pixels(i.vd(), (i.va(), i.vb()));
    }

    fn vpkshss(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I16X8, Narrow::Signed);
    }

    fn vpkshus(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I16X8, Narrow::Unsigning);
    }

    fn vpkswss(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I32X4, Narrow::Signed);
    }

    fn vpkswus(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I32X4, Narrow::Unsigning);
    }

    fn vpkuhum(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| 2 * k + 1);
    }

    fn vpkuhus(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I16X8, Narrow::Unsigned);
    }

    fn vpkuwum(&mut self, i: Instruction) {
        self.pick(i.vd(), (i.va(), i.vb()), |k| 4 * (k / 2) + 2 + k % 2);
    }

    fn vpkuwus(&mut self, i: Instruction) {
        self.pack(i.vd(), (i.va(), i.vb()), types::I32X4, Narrow::Unsigned);
    }

    fn vrefp(&mut self, i: Instruction) {
        self.reciprocal(i.vd(), i.vb());
    }

    fn vrfim(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd(), i.vb(), |l, b| l.b.ins().floor(b));
    }

    fn vrfin(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd(), i.vb(), |l, b| l.b.ins().nearest(b));
    }

    fn vrfip(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd(), i.vb(), |l, b| l.b.ins().ceil(b));
    }

    fn vrfiz(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd(), i.vb(), |l, b| l.b.ins().trunc(b));
    }

    fn vrlb(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, Shift::Rotate);
    }

    fn vrlh(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, Shift::Rotate);
    }

    fn vrlw(&mut self, i: Instruction) {
        self.word_by_word(i.vd(), (i.va(), i.vb()), |l, a, n| l.b.ins().rotl(a, n));
    }

    fn vrsqrtefp(&mut self, i: Instruction) {
        self.reciprocal_root(i.vd(), i.vb());
    }

    fn vsel(&mut self, i: Instruction) {
        let [a, b, c] = [i.va(), i.vb(), i.vc()].map(|n| self.vr(n));
        let result = self.b.ins().bitselect(c, b, a);
        self.set_vr(i.vd(), result);
    }

    fn vsl(&mut self, i: Instruction) {
        self.shift_register(i.vd(), (i.va(), i.vb()), true);
    }

    fn vslb(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, Shift::Left);
    }

    fn vsldoi(&mut self, i: Instruction) {
        let sh = i.shb() as u8;
        self.pick(i.vd(), (i.va(), i.vb()), |k| k + sh);
    }

    fn vslh(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, Shift::Left);
    }

    fn vslo(&mut self, i: Instruction) {
        self.shift_octets(i.vd(), (i.va(), i.vb()), true);
    }

    fn vslw(&mut self, i: Instruction) {
        self.word_by_word(i.vd(), (i.va(), i.vb()), |l, a, n| l.b.ins().ishl(a, n));
    }

    fn vspltb(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 15;
        self.pick(i.vd(), (i.vb(), i.vb()), |_| n);
    }

    fn vsplth(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 7;
        self.pick(i.vd(), (i.vb(), i.vb()), |k| 2 * n + k % 2);
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
        self.pick(i.vd(), (i.vb(), i.vb()), |k| 4 * n + k % 4);
    }

    fn vsr(&mut self, i: Instruction) {
        self.shift_register(i.vd(), (i.va(), i.vb()), false);
    }

    fn vsrab(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, Shift::RightSigned);
    }

    fn vsrah(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, Shift::RightSigned);
    }

    fn vsraw(&mut self, i: Instruction) {
        self.word_by_word(i.vd(), (i.va(), i.vb()), |l, a, n| l.b.ins().sshr(a, n));
    }

    fn vsrb(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I8X16, Shift::Right);
    }

    fn vsrh(&mut self, i: Instruction) {
        self.shift_lanes(i.vd(), (i.va(), i.vb()), types::I16X8, Shift::Right);
    }

    fn vsro(&mut self, i: Instruction) {
        self.shift_octets(i.vd(), (i.va(), i.vb()), false);
    }

    fn vsrw(&mut self, i: Instruction) {
        self.word_by_word(i.vd(), (i.va(), i.vb()), |l, a, n| l.b.ins().ushr(a, n));
    }

    fn vsubcuw(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| {
            let carry = l.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, a, b);
            l.b.ins().ushr_imm_s(carry, 31)
        });
    }

    fn vsubfp(&mut self, i: Instruction) {
        self.float2(i.vd(), (i.va(), i.vb()), Lanes::Nan, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn vsubsbs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I8X16, Sum::Subtract, true);
    }

    fn vsubshs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I16X8, Sum::Subtract, true);
    }

    fn vsubsws(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I32X4, Sum::Subtract, true);
    }

    fn vsububm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().isub(a, b));
    }

    fn vsububs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I8X16, Sum::Subtract, false);
    }

    fn vsubuhm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I16X8, |l, a, b| l.b.ins().isub(a, b));
    }

    fn vsubuhs(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I16X8, Sum::Subtract, false);
    }

    fn vsubuwm(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I32X4, |l, a, b| l.b.ins().isub(a, b));
    }

    fn vsubuws(&mut self, i: Instruction) {
        self.saturating(i.vd(), (i.va(), i.vb()), types::I32X4, Sum::Subtract, false);
    }

    fn vsumsws(&mut self, i: Instruction) {
        self.sum_all_words(i.vd(), (i.va(), i.vb()));
    }

    fn vsum2sws(&mut self, i: Instruction) {
        self.sum_word_pairs(i.vd(), (i.va(), i.vb()));
    }

    fn vsum4sbs(&mut self, i: Instruction) {
        self.sum_within_words(i.vd(), (i.va(), i.vb()), types::I8X16, true);
    }

    fn vsum4shs(&mut self, i: Instruction) {
        self.sum_within_words(i.vd(), (i.va(), i.vb()), types::I16X8, true);
    }

    fn vsum4ubs(&mut self, i: Instruction) {
        self.sum_within_words(i.vd(), (i.va(), i.vb()), types::I8X16, false);
    }

    fn vupkhpx(&mut self, i: Instruction) {
        self.unpack_pixels(i.vd(), i.vb(), true);
    }

    fn vupkhsb(&mut self, i: Instruction) {
        self.unpack(i.vd(), i.vb(), types::I8X16, true);
    }

    fn vupkhsh(&mut self, i: Instruction) {
        self.unpack(i.vd(), i.vb(), types::I16X8, true);
    }

    fn vupklpx(&mut self, i: Instruction) {
        self.unpack_pixels(i.vd(), i.vb(), false);
    }

    fn vupklsb(&mut self, i: Instruction) {
        self.unpack(i.vd(), i.vb(), types::I8X16, false);
    }

    fn vupklsh(&mut self, i: Instruction) {
        self.unpack(i.vd(), i.vb(), types::I16X8, false);
    }

    fn vxor(&mut self, i: Instruction) {
        self.lanes2(i.vd(), (i.va(), i.vb()), types::I8X16, |l, a, b| l.b.ins().bxor(a, b));
    }
}
