//! What computation mode makes of results: the part that it looks at, and what of it is recorded to
//! CR0. PowerISA 2.02 book I: 64-bit mode looks at doublewords, 32-bit mode at low words.

use super::Lifter;
use super::cache::{Compared, Cr};
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lifter<'_> {
    /// The part of a value that computation mode looks at: its low word, or all of it.
    pub(crate) fn counted(&mut self, value: Value) -> Value {
        if self.config.mode.wide { value } else { self.b.ins().ireduce(types::I32, value) }
    }

    /// A constant of the type that [`Self::counted`] gives, sign-extended.
    pub(crate) fn counted_const(&mut self, value: i64) -> Value {
        if self.config.mode.wide { self.const64(value as u64) } else { self.const32(value as u32) }
    }

    /// Records to CR0: `result` compared with 0, as far as computation mode looks at it.
    pub(crate) fn record(&mut self, result: Value) {
        let result = self.counted(result);
        let zero = self.counted_const(0);
        self.set_cr(0, Cr::Compare(Compared { a: result, b: zero, signed: true, extended: None }));
    }

    /// As [`Self::record`], for a result that is this word zero-extended.
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
