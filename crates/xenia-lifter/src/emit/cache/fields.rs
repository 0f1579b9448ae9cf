//! Lazy condition register, and XER, in the register cache.
//!
//! A CR field that a compare sets is kept as the compare's operands. A branch on it becomes one
//! host compare; the field itself is computed only when it is stored.

use super::super::condition::orders;
use super::super::{HOST, Lifter};
use super::{Compared, Cr, Xer, XerBit};
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

/// Condition register and XER.
impl Lifter<'_> {
    /// A bit of XER, as an I8 of 0 or 1.
    pub(crate) fn xer(&mut self, bit: Xer) -> Value {
        let value = if let Some(known) = self.state.cache.xer[bit as usize] {
            self.bit_of_xer(known)
        } else {
            let ctx = self.context();
            self.b.ins().load(types::I8, HOST, ctx, bit.offset())
        };
        self.state.cache.xer[bit as usize] = Some(XerBit::Bit(value));
        value
    }

    /// A known bit of XER, as an I8 of 0 or 1.
    pub(super) fn bit_of_xer(&mut self, known: XerBit) -> Value {
        match known {
            XerBit::Bit(value) => value,
            XerBit::Shifted { word, dropped } => {
                // The sign and the dropped bits are above the sign alone if both have ones.
                let bits = self.b.ins().band_imm_s(word, i64::from(i32::MIN | dropped));
                self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, bits, i64::from(i32::MIN))
            }
        }
    }

    /// Sets a bit of XER to an I8 of 0 or 1.
    pub(crate) fn set_xer(&mut self, bit: Xer, value: Value) {
        self.set_known_xer(bit, XerBit::Bit(value));
    }

    /// Sets CA as an algebraic right shift of a word does that drops the bits `dropped`.
    pub(crate) fn set_shifted_carry(&mut self, word: Value, dropped: i32) {
        self.set_known_xer(Xer::Ca, XerBit::Shifted { word, dropped });
    }

    fn set_known_xer(&mut self, bit: Xer, known: XerBit) {
        self.state.cache.xer[bit as usize] = Some(known);
        self.state.cache.xer_dirty |= 1 << bit as u8;
    }

    /// A CR field in the form in which it is known; loads it if it is unknown.
    pub(crate) fn cr_field(&mut self, field: usize) -> Cr {
        if let Some(known) = self.state.cache.cr[field] {
            return known;
        }
        let loaded = Cr::Word(self.load_field(field));
        self.state.cache.cr[field] = Some(loaded);
        loaded
    }

    /// A CR field as a nibble in an I8.
    pub(crate) fn cr_bits(&mut self, field: usize) -> Value {
        match self.cr_field(field) {
            Cr::Bits(bits) | Cr::Float { bits, .. } => bits,
            Cr::Compare(compared) => self.nibble(compared),
            Cr::Word(word) => self.nibble_of_word(word),
        }
    }

    /// Sets a CR field.
    pub(crate) fn set_cr(&mut self, field: usize, value: Cr) {
        self.state.cache.cr[field] = Some(value);
        self.state.cache.cr_dirty |= 1 << field;
    }

    /// Keeps only the nibbles of floating-point compares, and drops their operands.
    pub(crate) fn drop_compare_operands(&mut self) {
        for field in &mut self.state.cache.cr {
            if let Some(Cr::Float { bits, .. }) = *field {
                *field = Some(Cr::Bits(bits));
            }
        }
    }

    /// Whether CR bit `n` (0 the most significant) has the value `wanted`: nonzero if so.
    pub(crate) fn cr_test(&mut self, n: usize, wanted: bool) -> Value {
        match (self.cr_field(n / 4), n % 4) {
            (Cr::Compare(_), 3) => {
                let so = self.so() != 0;
                self.b.ins().iconst(types::I8, i64::from(so == wanted))
            }
            (Cr::Compare(Compared { a, b, signed, .. }), bit) => {
                let (less, greater) = orders(signed);
                let code = [less, greater, IntCC::Equal][bit];
                let code = if wanted { code } else { code.complement() };
                self.b.ins().icmp(code, a, b)
            }
            (Cr::Float { a, b, .. }, bit @ 0..3) => {
                let code = [FloatCC::LessThan, FloatCC::GreaterThan, FloatCC::Equal][bit];
                let code = if wanted { code } else { code.complement() };
                self.b.ins().fcmp(code, a, b)
            }
            (Cr::Bits(bits) | Cr::Float { bits, .. }, bit) => {
                let bit = self.b.ins().band_imm_s(bits, 8 >> bit);
                let code = if wanted { IntCC::NotEqual } else { IntCC::Equal };
                self.b.ins().icmp_imm_s(code, bit, 0)
            }
            (Cr::Word(word), bit) => self.bit_of_word(word, bit, wanted),
        }
    }
}
