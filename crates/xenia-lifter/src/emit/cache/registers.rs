//! Cached registers with register files: general-purpose and vector registers, LR and CTR.
//!
//! The low word of a GPR may be known separately, as a word or extended: addresses and compares in
//! 32-bit mode use it.

use super::super::{HOST, Lifter};
use super::Special;
use crate::analysis::loop_carried::carried;
use crate::host::field;
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lifter<'_> {
    /// GPR `n`, 64 bits.
    pub(crate) fn gpr(&mut self, n: usize) -> Value {
        if let Some(value) = self.state.cache.gpr[n] {
            return value;
        }
        let value = self.carried_or_loaded(n, field::gpr(n));
        self.state.cache.gpr[n] = Some(value);
        value
    }

    /// The low word of GPR `n`, as an I32.
    pub(crate) fn gpr32(&mut self, n: usize) -> Value {
        if let Some(value) = self.state.cache.low[n] {
            return value;
        }
        let whole = match (self.state.cache.gpr[n], self.state.cache.extended[n]) {
            (None, Some(extended)) => extended,
            _ => self.gpr(n),
        };
        let value = self.low_part_of(types::I32, whole);
        self.state.cache.low[n] = Some(value);
        value
    }

    /// The low word of GPR `n`, zero-extended to 64 bits.
    pub(crate) fn gpr_low(&mut self, n: usize) -> Value {
        if self.state.cache.zero_extended >> n & 1 != 0 {
            return self.gpr(n);
        }
        if let Some(value) = self.state.cache.extended[n] {
            return value;
        }
        let value = if self.state.cache.gpr[n].is_none() && self.loop_carried.variable(n).is_none() {
            let ctx = self.context();
            self.b.ins().uload32(HOST, ctx, field::gpr(n))
        } else {
            let low = self.gpr32(n);
            self.zero_extended(low)
        };
        self.state.cache.extended[n] = Some(value);
        value
    }

    /// The low word of GPR `n`, sign-extended to 64 bits.
    pub(crate) fn gpr_signed(&mut self, n: usize) -> Value {
        if let Some(value) = self.state.cache.signed[n] {
            return value;
        }
        let low = self.gpr32(n);
        let value = self.sign_extended(low);
        self.state.cache.signed[n] = Some(value);
        value
    }

    /// Sets GPR `n`.
    pub(crate) fn set_gpr(&mut self, n: usize, value: Value) {
        self.state.cache.gpr[n] = Some(value);
        self.state.cache.low[n] = None;
        self.state.cache.extended[n] = None;
        self.state.cache.signed[n] = None;
        self.state.cache.zero_extended &= !(1 << n);
        if let Some(variable) = self.loop_carried.variable(n) {
            self.b.def_var(variable, value);
        }
        if !self.loop_carried.sinks(n) {
            self.state.cache.gpr_dirty |= 1 << n;
        }
    }

    /// The value of a loop-carried register, or else the context's value at `offset`.
    fn carried_or_loaded(&mut self, register: usize, offset: i32) -> Value {
        if let Some(variable) = self.loop_carried.variable(register) {
            return self.b.use_var(variable);
        }
        let ctx = self.context();
        self.b.ins().load(types::I64, HOST, ctx, offset)
    }

    /// Copies a GPR, including the facts known of its low word.
    pub(crate) fn move_gpr(&mut self, to: usize, from: usize) {
        let value = self.gpr(from);
        let cache = &self.state.cache;
        let low = cache.low[from];
        let extended = cache.extended[from];
        let signed = cache.signed[from];
        let zero = cache.zero_extended >> from & 1 != 0;
        self.set_gpr(to, value);
        let cache = &mut self.state.cache;
        cache.low[to] = low;
        cache.extended[to] = extended;
        cache.signed[to] = signed;
        cache.zero_extended |= u32::from(zero) << to;
    }

    /// Sets GPR `n` to a word that `value` has sign-extended; `low` is the word, if known.
    pub(crate) fn set_gpr_signed(&mut self, n: usize, value: Value, low: Option<Value>) {
        self.set_gpr(n, value);
        self.state.cache.low[n] = low;
        self.state.cache.signed[n] = Some(value);
    }

    /// Sets GPR `n` to a zero-extended word.
    pub(crate) fn set_gpr32(&mut self, n: usize, low: Value) {
        let value = self.b.ins().uextend(types::I64, low);
        self.set_gpr_low(n, value, Some(low));
    }

    /// Sets GPR `n` to a value whose upper half is zero; `low` is its low word as an I32, if known.
    pub(crate) fn set_gpr_low(&mut self, n: usize, value: Value, low: Option<Value>) {
        self.set_gpr(n, value);
        self.state.cache.low[n] = low;
        self.state.cache.zero_extended |= 1 << n;
    }
}

impl Lifter<'_> {
    /// Vector register `n` as an I8X16; lane 15 is element 0's first byte.
    pub(crate) fn vr(&mut self, n: usize) -> Value {
        if let Some(value) = self.state.cache.vr[n] {
            return value;
        }
        let value = self.copied_vector(n).unwrap_or_else(|| {
            let ctx = self.context();
            self.b.ins().load(types::I8X16, HOST, ctx, field::vr(n))
        });
        self.state.cache.vr[n] = Some(value);
        value
    }

    /// Sets vector register `n` to an I8X16.
    pub(crate) fn set_vr(&mut self, n: usize, value: Value) {
        self.state.cache.vr[n] = Some(value);
        self.state.cache.vr_dirty |= 1 << n;
        self.state.cache.copied.vectors &= !(1 << n);
    }
}

/// LR and CTR.
impl Lifter<'_> {
    /// LR or CTR, 64 bits.
    pub(crate) fn special(&mut self, register: Special) -> Value {
        if let Some(value) = self.state.cache.special[register as usize] {
            return value;
        }
        let value = match register {
            Special::Ctr => self.carried_or_loaded(carried::CTR, register.offset()),
            Special::Lr => {
                let ctx = self.context();
                self.b.ins().load(types::I64, HOST, ctx, register.offset())
            }
        };
        self.state.cache.special[register as usize] = Some(value);
        value
    }

    /// Sets LR or CTR.
    pub(crate) fn set_special(&mut self, register: Special, value: Value) {
        self.state.cache.special[register as usize] = Some(value);
        let is_carried = register == Special::Ctr;
        if is_carried && let Some(variable) = self.loop_carried.variable(carried::CTR) {
            self.b.def_var(variable, value);
        }
        if !(is_carried && self.loop_carried.sinks(carried::CTR)) {
            self.state.cache.special_dirty |= 1 << register as u8;
        }
    }
}
