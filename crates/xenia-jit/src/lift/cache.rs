//! Guest registers as values inside a block.
//!
//! A register is loaded at first use and stored when the block is left; see [`super`]. A CR field that
//! a compare set is kept as the compare's operands: a branch on it becomes one host compare, and the
//! nibble is built only when the field is stored.

use super::condition::orders;
use super::float_registers::{Floats, Operand, singles};
use super::{HOST, Lifter};
use crate::float_state::{PENDING, PRESENT};
use crate::loops::carried;
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use std::mem::offset_of;
use xenia_cpu::{FpLazy, PpcContext};

/// A CR field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cr {
    /// The nibble, as an I8.
    Bits(Value),
    /// The order of two words or doublewords, and a copy of SO as it is now.
    Compare { a: Value, b: Value, signed: bool },
    /// The order of two floating-point numbers, with the nibble.
    Float { a: Value, b: Value, bits: Value },
}

/// A bit of XER that is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Xer {
    /// Summary overflow.
    So,
    /// Overflow.
    Ov,
    /// Carry.
    Ca,
}

impl Xer {
    fn offset(self) -> i32 {
        (match self {
            Self::So => offset_of!(PpcContext, xer_so),
            Self::Ov => offset_of!(PpcContext, xer_ov),
            Self::Ca => offset_of!(PpcContext, xer_ca),
        }) as i32
    }
}

/// A special register of 64 bits that is kept as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// Link register.
    Lr,
    /// Count register.
    Ctr,
}

impl Special {
    pub(super) fn offset(self) -> i32 {
        (match self {
            Self::Lr => offset_of!(PpcContext, lr),
            Self::Ctr => offset_of!(PpcContext, ctr),
        }) as i32
    }
}

/// What is known of the registers, and what has yet to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    gpr: [Option<Value>; 32],
    /// The low word where it is at hand as a value of its own.
    low: [Option<Value>; 32],
    /// The low word, zero-extended, where it is at hand and the upper half may be something else.
    extended: [Option<Value>; 32],
    /// The low word, sign-extended, where it is at hand and the upper half may be something else.
    signed: [Option<Value>; 32],
    /// Bit n: the upper half of GPR n is zero.
    zero_extended: u32,
    gpr_dirty: u32,
    pub(super) floats: Floats,
    vr: [Option<Value>; 128],
    vr_dirty: u128,
    pub(super) cr: [Option<Cr>; 8],
    cr_dirty: u8,
    /// No CR field of the context is owed.
    pub(super) settled: bool,
    xer: [Option<Value>; 3],
    xer_dirty: u8,
    special: [Option<Value>; 2],
    special_dirty: u8,
    /// What FPSCR owes to the block's last floating-point instructions.
    pending: Pending,
}

/// See `float_state`: stored to `PpcContext::fp_lazy` with everything else that is dirty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    /// The instruction, and its operands frA, frB, frC where it has them.
    pub(crate) operation: Option<(u32, [Option<Operand>; 3])>,
    /// FPCC of a later compare, as an I8.
    pub(crate) compared: Option<Value>,
    /// FR and FI of a later conversion, as an I8.
    pub(crate) rounding: Option<Value>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            gpr: [None; 32],
            low: [None; 32],
            extended: [None; 32],
            signed: [None; 32],
            zero_extended: 0,
            gpr_dirty: 0,
            floats: Floats::default(),
            vr: [None; 128],
            vr_dirty: 0,
            cr: [None; 8],
            cr_dirty: 0,
            settled: false,
            xer: [None; 3],
            xer_dirty: 0,
            special: [None; 2],
            special_dirty: 0,
            pending: Pending::default(),
        }
    }
}

/// Bitcasts between lane types name the order of bytes.
const LITTLE: MemFlagsData = MemFlagsData::new().with_endianness(Endianness::Little);

pub(super) fn gpr_offset(n: usize) -> i32 {
    (offset_of!(PpcContext, gpr) + 8 * n) as i32
}

fn vr_offset(n: usize) -> i32 {
    (offset_of!(PpcContext, vr) + 16 * n) as i32
}

pub(super) fn cr_offset(field: usize) -> i32 {
    (offset_of!(PpcContext, cr) + field) as i32
}

impl Cache {
    /// GPR `n` has this value in the context.
    pub(super) fn know_gpr(&mut self, n: usize, value: Value) {
        self.gpr[n] = Some(value);
    }

    /// Whether GPR `n` is at hand.
    pub(super) fn knows_gpr(&self, n: usize) -> bool {
        self.gpr[n].is_some()
    }

    /// Whether the low word of GPR `n` is at hand, zero-extended.
    pub(super) fn knows_low(&self, n: usize) -> bool {
        self.zero_extended >> n & 1 != 0 && self.knows_gpr(n) || self.extended[n].is_some()
    }

    /// The low word of GPR `n` in the context is this, zero-extended.
    pub(super) fn know_low(&mut self, n: usize, value: Value) {
        self.extended[n] = Some(value);
    }
}

/// General-purpose registers.
impl Lifter<'_> {
    /// GPR `n`, 64 bits.
    pub(crate) fn gpr(&mut self, n: usize) -> Value {
        if let Some(value) = self.cache.gpr[n] {
            return value;
        }
        let value = self.carried_or_loaded(n, gpr_offset(n));
        self.cache.gpr[n] = Some(value);
        value
    }

    /// The low word of GPR `n`.
    pub(crate) fn gpr32(&mut self, n: usize) -> Value {
        if let Some(value) = self.cache.low[n] {
            return value;
        }
        let whole = match (self.cache.gpr[n], self.cache.extended[n]) {
            (None, Some(extended)) => extended,
            _ => self.gpr(n),
        };
        let value = self.low_part_of(types::I32, whole);
        self.cache.low[n] = Some(value);
        value
    }

    /// The low word of GPR `n`, zero-extended to 64 bits.
    pub(crate) fn gpr_low(&mut self, n: usize) -> Value {
        if self.cache.zero_extended >> n & 1 != 0 {
            return self.gpr(n);
        }
        if let Some(value) = self.cache.extended[n] {
            return value;
        }
        let value = if self.cache.gpr[n].is_none() && self.carrying.variable(n).is_none() {
            let ctx = self.ctx;
            self.b.ins().uload32(HOST, ctx, gpr_offset(n))
        } else {
            let low = self.gpr32(n);
            self.zero_extended(low)
        };
        self.cache.extended[n] = Some(value);
        value
    }

    /// The low word of GPR `n`, sign-extended to 64 bits.
    pub(crate) fn gpr_signed(&mut self, n: usize) -> Value {
        if let Some(value) = self.cache.signed[n] {
            return value;
        }
        let low = self.gpr32(n);
        let value = self.b.ins().sextend(types::I64, low);
        self.cache.signed[n] = Some(value);
        value
    }

    /// Sets GPR `n`.
    pub(crate) fn set_gpr(&mut self, n: usize, value: Value) {
        self.cache.gpr[n] = Some(value);
        self.cache.low[n] = None;
        self.cache.extended[n] = None;
        self.cache.signed[n] = None;
        self.cache.zero_extended &= !(1 << n);
        if let Some(variable) = self.carrying.variable(n) {
            self.b.def_var(variable, value);
        }
        if !self.carrying.sinks(n) {
            self.cache.gpr_dirty |= 1 << n;
        }
    }

    /// The value of a carried register, or what the context has at `offset`.
    fn carried_or_loaded(&mut self, register: usize, offset: i32) -> Value {
        if let Some(variable) = self.carrying.variable(register) {
            return self.b.use_var(variable);
        }
        let ctx = self.ctx;
        self.b.ins().load(types::I64, HOST, ctx, offset)
    }

    /// Copies a GPR.
    pub(crate) fn move_gpr(&mut self, to: usize, from: usize) {
        let value = self.gpr(from);
        let (low, zero) = (self.cache.low[from], self.cache.zero_extended >> from & 1 != 0);
        self.set_gpr(to, value);
        self.cache.low[to] = low;
        self.cache.zero_extended |= u32::from(zero) << to;
    }

    /// Sets GPR `n` to a word, zero-extended.
    pub(crate) fn set_gpr32(&mut self, n: usize, low: Value) {
        let value = self.b.ins().uextend(types::I64, low);
        self.set_gpr_low(n, value, Some(low));
    }

    /// Sets GPR `n` to a value whose upper half is zero; `low` is the same as a word, if at hand.
    pub(crate) fn set_gpr_low(&mut self, n: usize, value: Value, low: Option<Value>) {
        self.set_gpr(n, value);
        self.cache.low[n] = low;
        self.cache.zero_extended |= 1 << n;
    }
}

/// Vector registers.
impl Lifter<'_> {
    /// Vector register `n` in another lane type; lane 0 is the last element.
    pub(crate) fn vr_as(&mut self, n: usize, ty: Type) -> Value {
        let value = self.vr(n);
        self.b.ins().bitcast(ty, LITTLE, value)
    }

    /// Sets vector register `n` to a vector of any lane type.
    pub(crate) fn set_vr_as(&mut self, n: usize, value: Value) {
        let value = if self.b.func.dfg.value_type(value) == types::I8X16 {
            value
        } else {
            self.b.ins().bitcast(types::I8X16, LITTLE, value)
        };
        self.set_vr(n, value);
    }

    /// Vector register `n` as an I8X16; lane 15 is element 0's first byte.
    pub(crate) fn vr(&mut self, n: usize) -> Value {
        if let Some(value) = self.cache.vr[n] {
            return value;
        }
        let ctx = self.ctx;
        let value = self.b.ins().load(types::I8X16, HOST, ctx, vr_offset(n));
        self.cache.vr[n] = Some(value);
        value
    }

    /// Sets vector register `n` to an I8X16.
    pub(crate) fn set_vr(&mut self, n: usize, value: Value) {
        self.cache.vr[n] = Some(value);
        self.cache.vr_dirty |= 1 << n;
    }
}

/// Condition register and XER.
impl Lifter<'_> {
    /// A bit of XER, as an I8 of 0 or 1.
    pub(crate) fn xer(&mut self, bit: Xer) -> Value {
        if let Some(value) = self.cache.xer[bit as usize] {
            return value;
        }
        let ctx = self.ctx;
        let value = self.b.ins().load(types::I8, HOST, ctx, bit.offset());
        self.cache.xer[bit as usize] = Some(value);
        value
    }

    /// Sets a bit of XER to an I8 of 0 or 1.
    pub(crate) fn set_xer(&mut self, bit: Xer, value: Value) {
        if bit == Xer::So {
            // Compares that were made before copied the old SO.
            self.settle_fields();
            for field in 0..8 {
                self.cr(field, false);
            }
        }
        self.cache.xer[bit as usize] = Some(value);
        self.cache.xer_dirty |= 1 << bit as u8;
    }

    /// CR field `field` as a nibble in an I8. With `load`, it is loaded if it isn't known.
    pub(super) fn cr(&mut self, field: usize, load: bool) -> Option<Value> {
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
        if self.cache.cr[field].is_none() {
            self.settle_fields();
        }
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

    /// LR or CTR, 64 bits.
    pub(crate) fn special(&mut self, register: Special) -> Value {
        if let Some(value) = self.cache.special[register as usize] {
            return value;
        }
        let value = match register {
            Special::Ctr => self.carried_or_loaded(carried::CTR, register.offset()),
            Special::Lr => {
                let ctx = self.ctx;
                self.b.ins().load(types::I64, HOST, ctx, register.offset())
            }
        };
        self.cache.special[register as usize] = Some(value);
        value
    }

    /// Sets LR or CTR.
    pub(crate) fn set_special(&mut self, register: Special, value: Value) {
        self.cache.special[register as usize] = Some(value);
        let is_carried = register == Special::Ctr;
        if is_carried && let Some(variable) = self.carrying.variable(carried::CTR) {
            self.b.def_var(variable, value);
        }
        if !(is_carried && self.carrying.sinks(carried::CTR)) {
            self.cache.special_dirty |= 1 << register as u8;
        }
    }
}

/// Storing.
impl Lifter<'_> {
    /// From here on what the loop has yet to store counts as dirty: before it's left, or something looks at the context.
    pub(super) fn surface(&mut self) {
        for n in self.carrying.sunk() {
            if n == carried::CTR {
                self.special(Special::Ctr);
                self.cache.special_dirty |= 1 << Special::Ctr as u8;
            } else {
                self.gpr(n);
                self.cache.gpr_dirty |= 1 << n;
            }
        }
    }

    /// Stores what is dirty; the values stay known.
    pub(crate) fn flush(&mut self) {
        self.store_dirty();
        self.cache.floats.all_stored();
        self.nothing_is_dirty();
    }

    /// As [`Self::flush`], but for floating-point registers, which each way on wants otherwise.
    pub(crate) fn flush_but_floats(&mut self) {
        self.store_pending();
        self.store_others();
        self.nothing_is_dirty();
    }

    /// As [`Self::flush`], for an access that may fault: singles are stored as they are.
    pub(crate) fn flush_for_access(&mut self) {
        self.surface();
        self.store_pending();
        self.store_floats_as_they_are();
        self.store_others();
        self.nothing_is_dirty();
    }

    fn nothing_is_dirty(&mut self) {
        self.cache.gpr_dirty = 0;
        self.cache.vr_dirty = 0;
        self.cache.cr_dirty = 0;
        self.cache.xer_dirty = 0;
        self.cache.special_dirty = 0;
        self.cache.pending = Pending::default();
        self.exact = None;
    }

    /// How many registers and parts of registers are dirty.
    pub(super) fn dirty(&self) -> u32 {
        let cache = &self.cache;
        let pending = &cache.pending;
        let owed = [pending.operation.is_some(), pending.compared.is_some(), pending.rounding.is_some()];
        cache.gpr_dirty.count_ones()
            + cache.vr_dirty.count_ones()
            + cache.floats.dirty()
            + u32::from(cache.cr_dirty | cache.xer_dirty | cache.special_dirty).count_ones()
            + owed.map(u32::from).iter().sum::<u32>()
    }

    /// What FPSCR is owed.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        &mut self.cache.pending
    }

    /// Stores what FPSCR is owed; it stays owed.
    pub(crate) fn store_pending(&mut self) {
        const LAZY: i32 = offset_of!(PpcContext, fp_lazy) as i32;
        let ctx = self.ctx;
        let pending = self.cache.pending;
        if let Some((word, operands)) = pending.operation {
            let op = self.const64(PENDING | singles(operands) | u64::from(word));
            self.b.ins().store(HOST, op, ctx, LAZY + offset_of!(FpLazy, op) as i32);
            let places = [offset_of!(FpLazy, a), offset_of!(FpLazy, b), offset_of!(FpLazy, c)];
            for (operand, place) in operands.into_iter().zip(places) {
                if let Some(operand) = operand {
                    self.b.ins().store(HOST, operand.value(), ctx, LAZY + place as i32);
                }
            }
        }
        for (value, byte) in [(pending.compared, 5), (pending.rounding, 6)] {
            if let Some(value) = value {
                let value = self.b.ins().bor_imm_s(value, i64::from(PRESENT));
                self.b.ins().store(HOST, value, ctx, LAZY + byte);
            }
        }
    }

    /// Stores what is dirty, which stays so: for a path that leaves.
    pub(crate) fn store_dirty(&mut self) {
        self.surface();
        self.store_pending();
        self.store_floats();
        self.store_others();
    }

    /// Stores what is dirty of everything but floating point.
    pub(super) fn store_others(&mut self) {
        let ctx = self.ctx;
        for n in 0..32 {
            if self.cache.gpr_dirty >> n & 1 != 0
                && let Some(value) = self.cache.gpr[n]
            {
                self.b.ins().store(HOST, value, ctx, gpr_offset(n));
            }
        }
        let mut dirty = self.cache.vr_dirty;
        while dirty != 0 {
            let n = dirty.trailing_zeros() as usize;
            dirty &= dirty - 1;
            if let Some(value) = self.cache.vr[n] {
                self.b.ins().store(HOST, value, ctx, vr_offset(n));
            }
        }
        for field in 0..8 {
            if self.cache.cr_dirty >> field & 1 != 0 {
                self.store_field(field);
            }
        }
        for bit in [Xer::So, Xer::Ov, Xer::Ca] {
            if self.cache.xer_dirty >> bit as u8 & 1 != 0
                && let Some(value) = self.cache.xer[bit as usize]
            {
                self.b.ins().store(HOST, value, ctx, bit.offset());
            }
        }
        for register in [Special::Lr, Special::Ctr] {
            if self.cache.special_dirty >> register as u8 & 1 != 0
                && let Some(value) = self.cache.special[register as usize]
            {
                self.b.ins().store(HOST, value, ctx, register.offset());
            }
        }
    }
}
