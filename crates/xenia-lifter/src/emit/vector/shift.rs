//! Vector shifts and rotates.
//!
//! The host (below AVX-512, and Cranelift on any host) has no per-lane variable shifts of bytes and
//! halfwords. Multiplication by a power of two is a left shift, and in lanes of twice the width
//! also a right shift or a rotate.

use super::super::Lifter;
use super::multiply::LaneHalf;
use super::{Signedness, VectorForm};
use cranelift_codegen::ir::{InstBuilder, InstructionData, Type, Value, types};

/// A shift of lanes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shift {
    Left,
    /// Logical shift right.
    Right,
    /// Arithmetic shift right.
    RightSigned,
    Rotate,
}

/// Direction of a shift of the whole register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShiftDirection {
    Left,
    Right,
}

impl Lifter<'_> {
    /// Shifts words by the low five bits of vB's words.
    pub(crate) fn shift_words(&mut self, form: VectorForm, shift: Shift) {
        let amounts = self.vr(form.b);
        let a = self.vr_as_lanes(form.a, types::I32X4);
        let result = match self.constant_of_equal_words(amounts) {
            Some(amount) => self.words_shifted_alike(a, i64::from(amount & 31), shift),
            None => self.words_shifted_one_by_one(a, amounts, shift),
        };
        self.set_vr_as(form.d, result);
    }

    /// The word that `value` has in all four lanes, if it is such a constant.
    fn constant_of_equal_words(&self, value: Value) -> Option<u32> {
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(value).inst()?;
        let InstructionData::UnaryConst { constant_handle, .. } = dfg.insts[inst] else { return None };
        let bytes = dfg.constants.get(constant_handle).as_slice();
        let word = bytes.first_chunk::<4>()?;
        bytes.chunks(4).all(|other| other == word).then(|| u32::from_le_bytes(*word))
    }

    /// Shifts each word of an I32X4 by `amount`, less than 32.
    fn words_shifted_alike(&mut self, words: Value, amount: i64, shift: Shift) -> Value {
        match shift {
            Shift::Left => self.b.ins().ishl_imm_s(words, amount),
            Shift::Right => self.b.ins().ushr_imm_s(words, amount),
            Shift::RightSigned => self.b.ins().sshr_imm_s(words, amount),
            Shift::Rotate if amount == 0 => words,
            Shift::Rotate => {
                let upper = self.b.ins().ishl_imm_s(words, amount);
                let lower = self.b.ins().ushr_imm_s(words, 32 - amount);
                self.b.ins().bor(upper, lower)
            }
        }
    }

    /// Shifts each word of an I32X4 by the low bits of its word of `amounts`, an I8X16.
    fn words_shifted_one_by_one(&mut self, words: Value, amounts: Value, shift: Shift) -> Value {
        let amounts = self.cast(amounts, types::I32X4);
        let mut result = words;
        for lane in 0..4 {
            let word = self.b.ins().extractlane(words, lane);
            let amount = self.b.ins().extractlane(amounts, lane);
            // The scalar operations take the amount modulo 32.
            let word = match shift {
                Shift::Left => self.b.ins().ishl(word, amount),
                Shift::Right => self.b.ins().ushr(word, amount),
                Shift::RightSigned => self.b.ins().sshr(word, amount),
                Shift::Rotate => self.b.ins().rotl(word, amount),
            };
            result = self.b.ins().insertlane(result, word, lane);
        }
        result
    }

    /// Two to the power of each lane of `bits` bits (8 or 16); `amounts` holds the exponents in the
    /// lanes' last bytes.
    fn powers(&mut self, amounts: Value, bits: u32) -> Value {
        // Looked up by the exponent n, which as a lane number is byte 15 − n.
        let low = self.vector_constant(|k| if k > 7 { 1 << (15 - k) } else { 0 });
        if bits == 8 {
            return self.shuffled(low, amounts);
        }
        let both = self.pick_bytes(amounts, amounts, |k| k | 1);
        let high = self.vector_constant(|k| if k < 8 { 1 << (7 - k) } else { 0 });
        let low = self.shuffled(low, both);
        let high = self.shuffled(high, both);
        let first = self.vector_constant(|k| if k % 2 == 0 { 0xFF } else { 0 });
        self.b.ins().bitselect(first, high, low)
    }

    /// Shifts lanes of type `ty`, I8X16 or I16X8, by the low bits of vB's lanes.
    pub(crate) fn shift_lanes(&mut self, form: VectorForm, ty: Type, shift: Shift) {
        let bits = ty.lane_bits();
        let right = matches!(shift, Shift::Right | Shift::RightSigned);
        let sign = if shift == Shift::RightSigned { Signedness::Signed } else { Signedness::Unsigned };
        let b = self.vr(form.b);
        let last = bits as u8 - 1;
        let mask = self.vector_constant(|k| if bits == 8 || k % 2 == 1 { last } else { 0 });
        // A right shift by n: twice the value times 2^(last − n), of which the upper half counts.
        let amounts = if right { self.b.ins().band_not(mask, b) } else { self.b.ins().band(b, mask) };
        let powers = self.powers(amounts, bits);
        if shift == Shift::Left && bits == 16 {
            let a = self.vr_as_lanes(form.a, types::I16X8);
            let powers = self.cast(powers, types::I16X8);
            let result = self.b.ins().imul(a, powers);
            self.set_vr_as(form.d, result);
            return;
        }
        let wide = if bits == 8 { types::I16X8 } else { types::I32X4 };
        let a = self.vr_as_lanes(form.a, wide);
        let powers = self.cast(powers, wide);
        let [even, odd] = [LaneHalf::Even, LaneHalf::Odd].map(|half| {
            let value = self.half_lanes(a, half, sign);
            let value = if right { self.b.ins().ishl_imm_s(value, 1) } else { value };
            let power = self.half_lanes(powers, half, Signedness::Unsigned);
            let product = self.b.ins().imul(value, power);
            match shift {
                Shift::Left => product,
                Shift::Right | Shift::RightSigned => self.b.ins().ushr_imm_s(product, i64::from(bits)),
                Shift::Rotate => {
                    let around = self.b.ins().ushr_imm_s(product, i64::from(bits));
                    self.b.ins().bor(product, around)
                }
            }
        });
        // The lower half of each lane counts.
        let even = self.b.ins().ishl_imm_s(even, i64::from(bits));
        let odd = self.half_lanes(odd, LaneHalf::Odd, Signedness::Unsigned);
        let result = self.b.ins().bor(even, odd);
        self.set_vr_as(form.d, result);
    }

    /// Shifts each byte by the low three bits of vB's byte; bits of the neighbour enter. (Equal
    /// counts shift the whole register: the books define these alone.)
    pub(crate) fn shift_register(&mut self, form: VectorForm, direction: ShiftDirection) {
        let is_left = direction == ShiftDirection::Left;
        let [a, b] = [form.a, form.b].map(|n| self.vr(n));
        let seven = self.vector_constant(|_| 7);
        // Of a byte and its neighbour as a halfword, a right shift by n leaves in the lower byte
        // the bits that a left shift by 8 − n leaves in the upper one.
        let counts = if is_left { self.b.ins().band(b, seven) } else { self.b.ins().band_not(seven, b) };
        let powers = self.powers(counts, 8);
        let powers = self.cast(powers, types::I16X8);
        let zero = self.vector_constant(|_| 0);
        let moved = self.pick_bytes(a, zero, |k| if is_left { k + 1 } else { k.wrapping_sub(1) & 31 });
        let [even, odd] = [LaneHalf::Even, LaneHalf::Odd].map(|half| {
            // The register's own halfwords hold the right neighbours of even bytes, and the left
            // ones of odd bytes.
            let has_neighbours = (half == LaneHalf::Even) == is_left;
            let pairs = self.cast(if has_neighbours { a } else { moved }, types::I16X8);
            let pairs = if is_left { pairs } else { self.b.ins().ishl_imm_s(pairs, 1) };
            let power = self.half_lanes(powers, half, Signedness::Unsigned);
            self.b.ins().imul(pairs, power)
        });
        // The upper byte of each product counts.
        let upper = self.vector_constant(|k| if k % 2 == 0 { 0xFF } else { 0 });
        let upper = self.cast(upper, types::I16X8);
        let even = self.b.ins().band(even, upper);
        let odd = self.half_lanes(odd, LaneHalf::Even, Signedness::Unsigned);
        let result = self.b.ins().bor(even, odd);
        self.set_vr_as(form.d, result);
    }

    /// Shift by octets: the amount is in bits 121–124 of vB.
    pub(crate) fn shift_octets(&mut self, form: VectorForm, direction: ShiftDirection) {
        let [a, b] = [form.a, form.b].map(|n| self.vr(n));
        let amount = self.b.ins().extractlane(b, 0);
        let amount = self.b.ins().ushr_imm_s(amount, 3);
        let amount = self.b.ins().band_imm_s(amount, 15);
        let result = if direction == ShiftDirection::Left {
            self.shifted_bytes(a, amount)
        } else {
            // Lanes past the end must not wrap: the index exceeds 15 and gives 0.
            let lanes = self.vector_constant(|k| 15 - k);
            let amount = self.b.ins().splat(types::I8X16, amount);
            let index = self.b.ins().iadd(lanes, amount);
            self.b.ins().swizzle(a, index)
        };
        self.set_vr(form.d, result);
    }
}

#[cfg(test)]
mod tests {
    use crate::emit::testing::{instructions, lifted};
    use cranelift_codegen::ir::Opcode;
    use xenia_isa::word::BLR;

    #[test]
    fn words_are_shifted_together_by_equal_constants() {
        let lanes = |text: &str| {
            let func = lifted(text, &[BLR]);
            instructions(&func).filter(|data| data.opcode() == Opcode::Extractlane).count()
        };
        for row in ["vslw", "vsrw", "vsraw", "vrlw", "vslw128", "vrlw128"] {
            assert_eq!(lanes(&format!("vspltisw v2,-5\n{row} v1,v1,v2")), 0, "{row}");
            assert_eq!(lanes(&format!("vspltish v2,5\n{row} v1,v1,v2")), 0, "{row}");
            assert_eq!(lanes(&format!("{row} v1,v1,v2")), 8, "{row}");
        }
        // The counts of lvsl differ.
        assert_eq!(lanes("lvsl v2,0,r3\nvslw v1,v1,v2"), 8);
    }
}
