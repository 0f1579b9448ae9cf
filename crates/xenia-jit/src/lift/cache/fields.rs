//! The condition register and XER as values.
//!
//! A CR field that a compare set is kept as the compare's operands: a branch on it becomes one host compare, and the nibble
//! is built only when the field is stored, or read otherwise.

use super::super::condition::orders;
use super::super::{HOST, Lifter};
use super::{Cr, Xer};
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

/// Condition register and XER.
impl Lifter<'_> {
    /// A bit of XER, as an I8 of 0 or 1.
    pub(crate) fn xer(&mut self, bit: Xer) -> Value {
        if let Some(value) = self.cache.xer[bit as usize] {
            return value;
        }
        let ctx = self.context();
        let value = self.b.ins().load(types::I8, HOST, ctx, bit.offset());
        self.cache.xer[bit as usize] = Some(value);
        value
    }

    /// Sets a bit of XER to an I8 of 0 or 1.
    pub(crate) fn set_xer(&mut self, bit: Xer, value: Value) {
        if bit == Xer::So {
            // Compares that were made before copied the old SO.
            if !self.cache.settled {
                self.settle_fields();
            }
            for field in 0..8 {
                self.cr(field, false);
            }
        }
        self.cache.xer[bit as usize] = Some(value);
        self.cache.xer_dirty |= 1 << bit as u8;
    }

    /// CR field `field` as a nibble in an I8. With `load`, it is loaded if it isn't known.
    pub(crate) fn cr(&mut self, field: usize, load: bool) -> Option<Value> {
        match self.cache.cr[field] {
            Some(Cr::Bits(bits) | Cr::Float { bits, .. }) => Some(bits),
            Some(Cr::Compare { a, b, signed }) => {
                let so = self.xer(Xer::So);
                let bits = self.nibble(a, b, signed, so);
                self.cache.cr[field] = Some(Cr::Bits(bits));
                Some(bits)
            }
            None if load => {
                let bits = self.load_field(field);
                self.cache.cr[field] = Some(Cr::Bits(bits));
                Some(bits)
            }
            None => None,
        }
    }

    /// CR field `field` as a nibble in an I8.
    pub(crate) fn cr_bits(&mut self, field: usize) -> Value {
        match self.cr(field, true) {
            Some(bits) => bits,
            None => self.b.ins().iconst(types::I8, 0),
        }
    }

    /// Sets a CR field.
    pub(crate) fn set_cr(&mut self, field: usize, value: Cr) {
        self.cache.cr[field] = Some(value);
        self.cache.cr_dirty |= 1 << field;
    }

    /// From here on, results of floating-point compares are their bits, not the operands.
    pub(crate) fn settle_compares(&mut self) {
        for field in &mut self.cache.cr {
            if let Some(Cr::Float { bits, .. }) = *field {
                *field = Some(Cr::Bits(bits));
            }
        }
    }

    /// Whether CR bit `n` (0 the most significant) has the value `wanted`: nonzero if so.
    pub(crate) fn cr_test(&mut self, n: usize, wanted: bool) -> Value {
        if let Some(Cr::Compare { a, b, signed }) = self.cache.cr[n / 4] {
            let (less, greater) = orders(signed);
            let code = match n % 4 {
                0 => Some(less),
                1 => Some(greater),
                2 => Some(IntCC::Equal),
                _ => None,
            };
            if let Some(code) = code {
                let code = if wanted { code } else { code.complement() };
                return self.b.ins().icmp(code, a, b);
            }
            let so = self.xer(Xer::So);
            return self.b.ins().icmp_imm_s(IntCC::Equal, so, i64::from(wanted));
        }
        if let Some(Cr::Float { a, b, .. }) = self.cache.cr[n / 4] {
            let code = match n % 4 {
                0 => Some(FloatCC::LessThan),
                1 => Some(FloatCC::GreaterThan),
                2 => Some(FloatCC::Equal),
                _ => None,
            };
            if let Some(code) = code {
                let code = if wanted { code } else { code.complement() };
                return self.b.ins().fcmp(code, a, b);
            }
        }
        let Some(bits) = self.cr(n / 4, true) else { return self.b.ins().iconst(types::I8, 0) };
        let bit = self.b.ins().band_imm_s(bits, 8 >> (n % 4));
        let code = if wanted { IntCC::NotEqual } else { IntCC::Equal };
        self.b.ins().icmp_imm_s(code, bit, 0)
    }
}
