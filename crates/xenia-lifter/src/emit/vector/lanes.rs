//! Lane accessors, vector constants, and instruction shapes that many vector instructions share.

use super::super::Lifter;
use super::super::cache::Cr;
use super::{Signedness, VectorForm};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value, types};

/// Bitcasts between lane types must specify a byte order.
const LITTLE: MemFlagsData = MemFlagsData::new().with_endianness(Endianness::Little);

/// Lanes and constants.
impl Lifter<'_> {
    pub(crate) fn cast(&mut self, value: Value, ty: Type) -> Value {
        if self.b.func.dfg.value_type(value) == ty { value } else { self.b.ins().bitcast(ty, LITTLE, value) }
    }

    /// Vector register `n` in another lane type; lane 0 is the last element.
    pub(crate) fn vr_as_lanes(&mut self, n: usize, ty: Type) -> Value {
        let value = self.vr(n);
        self.cast(value, ty)
    }

    /// The operands of `form` in another lane type.
    pub(super) fn operands_as(&mut self, form: VectorForm, ty: Type) -> [Value; 2] {
        [form.a, form.b].map(|n| self.vr_as_lanes(n, ty))
    }

    /// Sets vector register `n` to a vector of any lane type.
    pub(crate) fn set_vr_as(&mut self, n: usize, value: Value) {
        let value = self.cast(value, types::I8X16);
        self.set_vr(n, value);
    }

    /// A constant, with bytes in PowerPC numbering.
    pub(crate) fn vector_constant(&mut self, byte: impl Fn(u8) -> u8) -> Value {
        let data: Vec<u8> = (0..16).map(|lane| byte(15 - lane)).collect();
        let constant = self.b.func.dfg.constants.insert(data.into());
        self.b.ins().vconst(types::I8X16, constant)
    }

    pub(crate) fn splat_word(&mut self, word: u32) -> Value {
        let constant = self.b.func.dfg.constants.insert(word.to_le_bytes().repeat(4).into());
        self.b.ins().vconst(types::I32X4, constant)
    }

    /// Byte k of the result is byte `from(k)` of `a` followed by `b`.
    pub(crate) fn pick_bytes(&mut self, a: Value, b: Value, from: impl Fn(u8) -> u8) -> Value {
        let mask: Vec<u8> = (0..16)
            .map(|lane| match from(15 - lane) & 31 {
                p if p < 16 => 15 - p,
                p => 16 + (31 - p),
            })
            .collect();
        let mask = self.b.func.dfg.immediates.push(mask.into());
        self.b.ins().shuffle(a, b, mask)
    }

    pub(crate) fn reversed(&mut self, value: Value) -> Value {
        self.pick_bytes(value, value, |k| 15 - k)
    }

    /// Byte k of the result is byte `k + amount` of `value`, 0 outside it; `amount` is an I8 of
    /// magnitude 16 at most.
    pub(crate) fn shifted_bytes(&mut self, value: Value, amount: Value) -> Value {
        let lanes = self.vector_constant(|k| 15 - k);
        let amount = self.b.ins().splat(types::I8X16, amount);
        let index = self.b.ins().isub(lanes, amount);
        // An index outside of the vector gives 0.
        self.b.ins().swizzle(value, index)
    }
}

/// Binary and unary shapes.
impl Lifter<'_> {
    pub(crate) fn lanes2(
        &mut self,
        form: VectorForm,
        ty: Type,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        let [a, b] = self.operands_as(form, ty);
        let result = of(self, a, b);
        self.set_vr_as(form.d, result);
    }

    /// Writes a compare's mask, and CR6 if `record`: all lanes true, or all false.
    pub(crate) fn set_mask(&mut self, d: usize, mask: Value, record: bool) {
        if record {
            let all = self.b.ins().vall_true(mask);
            let any = self.b.ins().vany_true(mask);
            // In the field's nibble: LT if all lanes are true, EQ if none is.
            let all = self.b.ins().ishl_imm_s(all, 3);
            let none = self.b.ins().bxor_imm_s(any, 1);
            let none = self.b.ins().ishl_imm_s(none, 1);
            let bits = self.b.ins().bor(all, none);
            self.set_cr(6, Cr::Bits(bits));
        }
        self.set_vr_as(d, mask);
    }

    pub(crate) fn compare_lanes(&mut self, form: VectorForm, ty: Type, code: IntCC, record: bool) {
        let [a, b] = self.operands_as(form, ty);
        let mask = self.b.ins().icmp(code, a, b);
        self.set_mask(form.d, mask, record);
    }

    /// Averages of signed bytes or halfwords, rounded up; the host has unsigned averages only.
    pub(crate) fn average_signed(&mut self, form: VectorForm, ty: Type) {
        // With the sign bit flipped, signed lanes have the order of unsigned ones.
        let sign = self.splat_word(if ty == types::I8X16 { 0x8080_8080 } else { 0x8000_8000 });
        let sign = self.cast(sign, ty);
        let [a, b] = [form.a, form.b].map(|n| {
            let lanes = self.vr_as_lanes(n, ty);
            self.b.ins().bxor(lanes, sign)
        });
        let average = self.b.ins().avg_round(a, b);
        let result = self.b.ins().bxor(average, sign);
        self.set_vr_as(form.d, result);
    }

    /// Averages of words, rounded up: `a | b` exceeds the average by half of the bits that differ.
    pub(crate) fn average_words(&mut self, form: VectorForm, sign: Signedness) {
        self.lanes2(form, types::I32X4, |l, a, b| {
            let more = l.b.ins().bor(a, b);
            let differ = l.b.ins().bxor(a, b);
            let half = if sign == Signedness::Signed {
                l.b.ins().sshr_imm_s(differ, 1)
            } else {
                l.b.ins().ushr_imm_s(differ, 1)
            };
            l.b.ins().isub(more, half)
        });
    }
}
