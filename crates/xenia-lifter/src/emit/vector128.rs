//! VMX128: the forms with seven-bit vector register numbers. The multiply-adds and `vsel128` read
//! their third operand from vD.

use super::Lifter;
use super::vector::float::LaneCheck;
use super::vector::pack::{Narrow, RegisterHalf};
use super::vector::shift::{Shift, ShiftDirection};
use super::vector::{Signedness, VectorForm};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, types};
use xenia_isa::{Instruction, Vector128};

impl Vector128 for Lifter<'_> {
    fn lvewx128(&mut self, i: Instruction) {
        self.load_vector(i, i.vd128());
    }

    fn lvsl128(&mut self, i: Instruction) {
        self.shift_left_mask(i, i.vd128());
    }

    fn lvsr128(&mut self, i: Instruction) {
        self.shift_right_mask(i, i.vd128());
    }

    fn lvx128(&mut self, i: Instruction) {
        self.load_vector(i, i.vd128());
    }

    fn lvxl128(&mut self, i: Instruction) {
        self.load_vector(i, i.vd128());
    }

    fn lvlx128(&mut self, i: Instruction) {
        self.load_vector_left(i, i.vd128());
    }

    fn lvlxl128(&mut self, i: Instruction) {
        self.load_vector_left(i, i.vd128());
    }

    fn lvrx128(&mut self, i: Instruction) {
        self.load_vector_right(i, i.vd128());
    }

    fn lvrxl128(&mut self, i: Instruction) {
        self.load_vector_right(i, i.vd128());
    }

    fn stvewx128(&mut self, i: Instruction) {
        self.store_element(i, i.vd128(), types::I32);
    }

    fn stvx128(&mut self, i: Instruction) {
        self.store_vector(i, i.vd128());
    }

    fn stvxl128(&mut self, i: Instruction) {
        self.store_vector(i, i.vd128());
    }

    fn stvlx128(&mut self, i: Instruction) {
        self.store_vector_left(i, i.vs128());
    }

    fn stvlxl128(&mut self, i: Instruction) {
        self.store_vector_left(i, i.vs128());
    }

    fn stvrx128(&mut self, i: Instruction) {
        self.store_vector_right(i, i.vs128());
    }

    fn stvrxl128(&mut self, i: Instruction) {
        self.store_vector_right(i, i.vs128());
    }

    fn vaddfp128(&mut self, i: Instruction) {
        self.float2(VectorForm::vmx128(i), LaneCheck::Nan, |l, a, b| l.b.ins().fadd(a, b));
    }

    fn vand128(&mut self, i: Instruction) {
        self.lanes2(VectorForm::vmx128(i), types::I8X16, |l, a, b| l.b.ins().band(a, b));
    }

    fn vandc128(&mut self, i: Instruction) {
        self.lanes2(VectorForm::vmx128(i), types::I8X16, |l, a, b| l.b.ins().band_not(a, b));
    }

    fn vcmpbfp128(&mut self, i: Instruction) {
        self.compare_bounds(VectorForm::vmx128(i), i.vrc128());
    }

    fn vcmpeqfp128(&mut self, i: Instruction) {
        self.compare_floats_lanes(VectorForm::vmx128(i), FloatCC::Equal, i.vrc128());
    }

    fn vcmpequw128(&mut self, i: Instruction) {
        self.compare_lanes(VectorForm::vmx128(i), types::I32X4, IntCC::Equal, i.vrc128());
    }

    fn vcmpgefp128(&mut self, i: Instruction) {
        self.compare_floats_lanes(VectorForm::vmx128(i), FloatCC::GreaterThanOrEqual, i.vrc128());
    }

    fn vcmpgtfp128(&mut self, i: Instruction) {
        self.compare_floats_lanes(VectorForm::vmx128(i), FloatCC::GreaterThan, i.vrc128());
    }

    fn vexptefp128(&mut self, i: Instruction) {
        self.power_of_two(i.vd128(), i.vb128());
    }

    fn vlogefp128(&mut self, i: Instruction) {
        self.logarithm(i.vd128(), i.vb128());
    }

    fn vmaddfp128(&mut self, i: Instruction) {
        self.multiply_add_lanes(i.vd128(), [i.va128(), i.vb128(), i.vd128()]);
    }

    fn vmaxfp128(&mut self, i: Instruction) {
        self.extreme(VectorForm::vmx128(i), FloatCC::GreaterThan);
    }

    fn vminfp128(&mut self, i: Instruction) {
        self.extreme(VectorForm::vmx128(i), FloatCC::LessThan);
    }

    fn vmrghw128(&mut self, i: Instruction) {
        self.pick(VectorForm::vmx128(i), |k| ((k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
    }

    fn vmrglw128(&mut self, i: Instruction) {
        self.pick(VectorForm::vmx128(i), |k| (8 + (k / 8) * 4) + 16 * ((k / 4) & 1) + k % 4);
    }

    fn vnmsubfp128(&mut self, i: Instruction) {
        self.negative_multiply_subtract_lanes(i.vd128(), [i.va128(), i.vb128(), i.vd128()]);
    }

    fn vnor128(&mut self, i: Instruction) {
        self.lanes2(VectorForm::vmx128(i), types::I8X16, |l, a, b| {
            let or = l.b.ins().bor(a, b);
            l.b.ins().bnot(or)
        });
    }

    fn vor128(&mut self, i: Instruction) {
        self.lanes2(VectorForm::vmx128(i), types::I8X16, |l, a, b| l.b.ins().bor(a, b));
    }

    fn vperm128(&mut self, i: Instruction) {
        self.permute(i.vd128(), i.va128(), i.vb128(), i.vc3());
    }

    fn vpkshss128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I16X8, Narrow::Signed);
    }

    fn vpkshus128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I16X8, Narrow::Unsigning);
    }

    fn vpkswss128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I32X4, Narrow::Signed);
    }

    fn vpkswus128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I32X4, Narrow::Unsigning);
    }

    fn vpkuhum128(&mut self, i: Instruction) {
        self.pick(VectorForm::vmx128(i), |k| 2 * k + 1);
    }

    fn vpkuhus128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I16X8, Narrow::Unsigned);
    }

    fn vpkuwum128(&mut self, i: Instruction) {
        self.pick(VectorForm::vmx128(i), |k| 4 * (k / 2) + 2 + k % 2);
    }

    fn vpkuwus128(&mut self, i: Instruction) {
        self.pack(VectorForm::vmx128(i), types::I32X4, Narrow::Unsigned);
    }

    fn vrefp128(&mut self, i: Instruction) {
        self.reciprocal(i.vd128(), i.vb128());
    }

    fn vrfim128(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd128(), i.vb128(), |l, b| l.b.ins().floor(b));
    }

    fn vrfin128(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd128(), i.vb128(), |l, b| l.b.ins().nearest(b));
    }

    fn vrfip128(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd128(), i.vb128(), |l, b| l.b.ins().ceil(b));
    }

    fn vrfiz128(&mut self, i: Instruction) {
        self.rounded_lanes(i.vd128(), i.vb128(), |l, b| l.b.ins().trunc(b));
    }

    fn vrlw128(&mut self, i: Instruction) {
        self.shift_words(VectorForm::vmx128(i), Shift::Rotate);
    }

    fn vrsqrtefp128(&mut self, i: Instruction) {
        self.reciprocal_root(i.vd128(), i.vb128());
    }

    fn vsel128(&mut self, i: Instruction) {
        let [a, b, d] = [i.va128(), i.vb128(), i.vd128()].map(|n| self.vr(n));
        let result = self.b.ins().bitselect(d, b, a);
        self.set_vr(i.vd128(), result);
    }

    fn vsldoi128(&mut self, i: Instruction) {
        let sh = i.shb() as u8;
        self.pick(VectorForm::vmx128(i), |k| k + sh);
    }

    fn vslo128(&mut self, i: Instruction) {
        self.shift_octets(VectorForm::vmx128(i), ShiftDirection::Left);
    }

    fn vslw128(&mut self, i: Instruction) {
        self.shift_words(VectorForm::vmx128(i), Shift::Left);
    }

    fn vspltisw128(&mut self, i: Instruction) {
        let bytes = i.simm5().to_be_bytes();
        let value = self.vector_constant(|k| bytes[usize::from(k % 4)]);
        self.set_vr(i.vd128(), value);
    }

    fn vspltw128(&mut self, i: Instruction) {
        let n = i.uimm5() as u8 & 3;
        self.pick(VectorForm::vmx128(i).with_b_twice(), |k| 4 * n + k % 4);
    }

    fn vsraw128(&mut self, i: Instruction) {
        self.shift_words(VectorForm::vmx128(i), Shift::RightSigned);
    }

    fn vsro128(&mut self, i: Instruction) {
        self.shift_octets(VectorForm::vmx128(i), ShiftDirection::Right);
    }

    fn vsrw128(&mut self, i: Instruction) {
        self.shift_words(VectorForm::vmx128(i), Shift::Right);
    }

    fn vsubfp128(&mut self, i: Instruction) {
        self.float2(VectorForm::vmx128(i), LaneCheck::Nan, |l, a, b| l.b.ins().fsub(a, b));
    }

    fn vupkhsb128(&mut self, i: Instruction) {
        // With 0x60 in the vA field, this is the unpack of halfwords.
        let ty = if i.va128() == 0x60 { types::I16X8 } else { types::I8X16 };
        self.unpack(i.vd128(), i.vb128(), ty, RegisterHalf::High);
    }

    fn vupklsb128(&mut self, i: Instruction) {
        // With 0x60 in the vA field, this is the unpack of halfwords.
        let ty = if i.va128() == 0x60 { types::I16X8 } else { types::I8X16 };
        self.unpack(i.vd128(), i.vb128(), ty, RegisterHalf::Low);
    }

    fn vxor128(&mut self, i: Instruction) {
        self.lanes2(VectorForm::vmx128(i), types::I8X16, |l, a, b| l.b.ins().bxor(a, b));
    }

    fn vmulfp128(&mut self, i: Instruction) {
        self.float2(VectorForm::vmx128(i), LaneCheck::Tiny, |l, a, b| l.b.ins().fmul(a, b));
    }

    fn vmaddcfp128(&mut self, i: Instruction) {
        self.multiply_add_lanes(i.vd128(), [i.va128(), i.vd128(), i.vb128()]);
    }

    fn vmsum3fp128(&mut self, i: Instruction) {
        self.dot_product(VectorForm::vmx128(i), 3);
    }

    fn vmsum4fp128(&mut self, i: Instruction) {
        self.dot_product(VectorForm::vmx128(i), 4);
    }

    fn vpermwi128(&mut self, i: Instruction) {
        let perm = i.perm() as u8;
        self.pick(VectorForm::vmx128(i).with_b_twice(), |k| 4 * (perm >> (6 - 2 * (k / 4)) & 3) + k % 4);
    }

    fn vcfpsxws128(&mut self, i: Instruction) {
        self.floats_to_integers(i.vd128(), i.vb128(), i.uimm5(), Signedness::Signed);
    }

    fn vcfpuxws128(&mut self, i: Instruction) {
        self.floats_to_integers(i.vd128(), i.vb128(), i.uimm5(), Signedness::Unsigned);
    }

    fn vcsxwfp128(&mut self, i: Instruction) {
        self.integers_to_floats(i.vd128(), i.vb128(), i.uimm5(), Signedness::Signed);
    }

    fn vcuxwfp128(&mut self, i: Instruction) {
        self.integers_to_floats(i.vd128(), i.vb128(), i.uimm5(), Signedness::Unsigned);
    }

    fn vpkd3d128(&mut self, i: Instruction) {
        self.pack_d3d(i.vd128(), i.vb128(), i.uimm5(), i.z() as u8);
    }

    fn vrlimi128(&mut self, i: Instruction) {
        let mask = i.uimm5() as u8;
        let z = i.z() as u8;
        self.pick(VectorForm::vmx128(i).with_d_first(), |k| {
            let word = k / 4;
            if mask >> (3 - word) & 1 != 0 { 16 + 4 * ((word + z) & 3) + k % 4 } else { k }
        });
    }

    fn vupkd3d128(&mut self, i: Instruction) {
        self.unpack_d3d(i.vd128(), i.vb128(), i.uimm5() >> 2);
    }
}
