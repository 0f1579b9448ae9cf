//! CR fields in the 64-bit form of [`xenia_cpu::CrField`] and as nibbles.
//!
//! The SO bits of fields are copies of XER\[SO\], which is a constant of the code's mode.

use super::cache::{Compared, Cr};
use super::{HOST, Lifter};
use crate::host::{Word, field};
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_cpu::CrField;

/// The sign bit: with a nonzero value below it, GT is set exactly if it is clear.
const SIGN: u64 = 1 << 63;
/// The SO bit of a field whose LT is clear.
const SO: i64 = 1 << 61;

impl Lifter<'_> {
    /// Stores a field, if known.
    pub(super) fn store_field(&mut self, field: usize) {
        if let Some(known) = self.state.cache.cr[field] {
            let word = self.word_of(known);
            let ctx = self.context();
            self.b.ins().store(HOST, word, ctx, field::cr(field));
        }
    }

    /// Loads a field from the context.
    pub(super) fn load_field(&mut self, field: usize) -> Value {
        let ctx = self.context();
        self.b.ins().load(types::I64, HOST, ctx, field::cr(field))
    }

    /// A field in its 64-bit form.
    pub(super) fn word_of(&mut self, field: Cr) -> Value {
        match field {
            Cr::Word(word) => word,
            Cr::Compare(compared) => {
                let difference = self.difference(compared);
                self.with_summary(difference)
            }
            Cr::Bits(bits) | Cr::Float { bits, .. } => {
                let table = self.word(Word::Fields);
                let index = self.b.ins().uextend(types::I64, bits);
                let index = self.b.ins().ishl_imm_s(index, 3);
                let place = self.b.ins().iadd(table, index);
                self.b.ins().load(types::I64, HOST, place, 0)
            }
        }
    }

    /// The difference of two words, or −1, 0 or 1 for the order of two doublewords.
    fn difference(&mut self, compared: Compared) -> Value {
        let Compared { a, b, signed, extended } = compared;
        if let Some((a, b)) = extended {
            return self.minus(a, b);
        }
        if self.b.func.dfg.value_type(a) == types::I32 {
            let a = if signed { self.sign_extended(a) } else { self.zero_extended(a) };
            let b = if signed { self.sign_extended(b) } else { self.zero_extended(b) };
            return self.minus(a, b);
        }
        if self.constant(b) == Some(0) {
            let is_nonzero = self.b.ins().icmp_imm_s(IntCC::NotEqual, a, 0);
            let is_nonzero = self.b.ins().uextend(types::I64, is_nonzero);
            if !signed {
                return is_nonzero;
            }
            let sign = self.b.ins().sshr_imm_s(a, 63);
            return self.b.ins().bor(sign, is_nonzero);
        }
        let (less, greater) = orders(signed);
        let [less, greater] = [less, greater].map(|code| {
            let holds = self.b.ins().icmp(code, a, b);
            self.b.ins().uextend(types::I64, holds)
        });
        self.b.ins().isub(greater, less)
    }

    /// A field from a difference, with the mode's SO.
    fn with_summary(&mut self, difference: Value) -> Value {
        if !self.config.mode.overflowed {
            return difference;
        }
        let equal = self.b.ins().icmp_imm_s(IntCC::Equal, difference, 0);
        let field = self.b.ins().bxor_imm_s(difference, SO);
        // A difference of 0 with SO alone would be positive, which means GT.
        let zero = self.const64(CrField::from_nibble(3).0);
        self.b.ins().select(equal, zero, field)
    }

    /// The nibble of a compare, with the mode's SO.
    pub(super) fn nibble(&mut self, compared: Compared) -> Value {
        let Compared { a, b, signed, .. } = compared;
        let (less, greater) = orders(signed);
        let less = self.b.ins().icmp(less, a, b);
        let greater = self.b.ins().icmp(greater, a, b);
        let so = self.so();
        let [less_bits, greater_bits, equal_bits] =
            [8, 4, 2].map(|order| self.b.ins().iconst(types::I32, order | so));
        let bits = self.b.ins().select(greater, greater_bits, equal_bits);
        let bits = self.b.ins().select(less, less_bits, bits);
        self.b.ins().ireduce(types::I8, bits)
    }

    /// The nibble of a field in its 64-bit form, as an I8.
    pub(super) fn nibble_of_word(&mut self, word: Value) -> Value {
        let mut nibble = self.bit_of_word(word, 0, true);
        for n in 1..4 {
            let bit = self.bit_of_word(word, n, true);
            nibble = self.b.ins().ishl_imm_s(nibble, 1);
            nibble = self.b.ins().bor(nibble, bit);
        }
        nibble
    }

    /// Whether bit `n` of a field in its 64-bit form is `wanted`, as an I8 of 0 or 1.
    pub(super) fn bit_of_word(&mut self, word: Value, n: usize, wanted: bool) -> Value {
        let (value, code) = match n {
            // LT, bit 62, comes to the sign; so does SO below, which is bit 61 XOR bit 62.
            0 => (self.b.ins().ishl_imm_s(word, 1), IntCC::SignedLessThan),
            1 => (word, IntCC::SignedGreaterThan),
            2 => (self.b.ins().ireduce(types::I32, word), IntCC::Equal),
            _ => {
                let shifted = self.b.ins().ishl_imm_s(word, 1);
                let differ = self.b.ins().bxor(word, shifted);
                (self.b.ins().ishl_imm_s(differ, 1), IntCC::SignedLessThan)
            }
        };
        let code = if wanted { code } else { code.complement() };
        self.b.ins().icmp_imm_s(code, value, 0)
    }

    /// Sets bit `n` of a field to an I8 of 0 or 1.
    pub(super) fn set_cr_bit(&mut self, field: usize, n: usize, bit: Value) {
        let known = self.cr_field(field);
        let value = match (known, n) {
            (Cr::Word(_) | Cr::Compare { .. }, 1) => {
                let word = self.word_of(known);
                Cr::Word(self.with_greater(word, bit))
            }
            (Cr::Word(_) | Cr::Compare { .. }, 2) => {
                let word = self.word_of(known);
                Cr::Word(self.with_equal(word, bit))
            }
            _ => {
                let shift = 3 - n as i64;
                let old = self.cr_bits(field);
                let kept = self.b.ins().band_imm_s(old, !(1 << shift) & 15);
                let bit = self.b.ins().ishl_imm_s(bit, shift);
                Cr::Bits(self.b.ins().bor(kept, bit))
            }
        };
        self.set_cr(field, value);
    }

    /// A field with GT replaced: the sign cleared, and a bit set that has no meaning alone.
    fn with_greater(&mut self, word: Value, greater: Value) -> Value {
        let clear = self.b.ins().ishl_imm_s(word, 1);
        let clear = self.b.ins().ushr_imm_s(clear, 1);
        let clear = self.b.ins().bor_imm_s(clear, 1 << 32);
        let not = self.b.ins().bxor_imm_s(greater, 1);
        let not = self.b.ins().uextend(types::I64, not);
        let sign = self.b.ins().ishl_imm_s(not, 63);
        self.b.ins().bor(clear, sign)
    }

    /// A field with EQ replaced: the low half 0 or 1, and GT determined by the sign alone.
    fn with_equal(&mut self, word: Value, equal: Value) -> Value {
        // Gives a word of 0, which is not greater, a sign; negative words have one.
        let before = self.b.ins().iadd_imm_s(word, -1);
        let sign = self.const64(SIGN);
        let not_greater = self.b.ins().band(before, sign);
        let word = self.b.ins().bor(word, not_greater);
        let high = self.b.ins().ushr_imm_s(word, 32);
        // Bit 32, which has no meaning, keeps the word from being 0.
        let high = self.b.ins().bor_imm_s(high, 1);
        let high = self.b.ins().ishl_imm_s(high, 32);
        let low = if let Some(equal) = self.constant(equal) {
            self.const64(u64::from(equal == 0))
        } else {
            let not = self.b.ins().bxor_imm_s(equal, 1);
            self.b.ins().uextend(types::I64, not)
        };
        self.b.ins().bor(high, low)
    }

    /// The mode's XER\[SO\], 0 or 1.
    pub(super) fn so(&self) -> i64 {
        i64::from(self.config.mode.overflowed)
    }
}

pub(super) fn orders(signed: bool) -> (IntCC, IntCC) {
    if signed {
        (IntCC::SignedLessThan, IntCC::SignedGreaterThan)
    } else {
        (IntCC::UnsignedLessThan, IntCC::UnsignedGreaterThan)
    }
}
