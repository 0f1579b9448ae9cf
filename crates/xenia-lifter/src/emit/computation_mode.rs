//! Computation mode: the part of a result that compares and record forms use. PowerISA 2.02 book I:
//! 64-bit mode uses doublewords, 32-bit mode low words.

use super::Lifter;
use super::cache::{Compared, Cr};
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lifter<'_> {
    /// The part of a value that computation mode uses: its low word, or all of it.
    pub(crate) fn mode_part(&mut self, value: Value) -> Value {
        if self.config.mode.wide { value } else { self.b.ins().ireduce(types::I32, value) }
    }

    /// A constant of the type that [`Self::mode_part`] gives, sign-extended.
    pub(crate) fn mode_constant(&mut self, value: i64) -> Value {
        if self.config.mode.wide { self.const64(value as u64) } else { self.const32(value as u32) }
    }

    /// Records `result` to CR0: a lazy compare with 0 of the part that computation mode uses.
    pub(crate) fn record(&mut self, result: Value) {
        let result = self.mode_part(result);
        let zero = self.mode_constant(0);
        self.set_cr(0, Cr::Compare(Compared { a: result, b: zero, signed: true, extended: None }));
    }

    /// As [`Self::record`], for a result that is the zero-extended `low`.
    pub(crate) fn record32(&mut self, low: Value) {
        if self.config.mode.wide {
            let result = self.b.ins().uextend(types::I64, low);
            self.record(result);
        } else {
            let zero = self.const32(0);
            self.set_cr(0, Cr::Compare(Compared { a: low, b: zero, signed: true, extended: None }));
        }
    }
}
