//! Register cache: guest registers as SSA values inside a block.
//!
//! A register is loaded at first use ([`registers`], [`fields`]) and written back lazily
//! ([`stores`]); see [`super`]. This module holds the known values and the dirty bits.

mod fields;
mod registers;
mod saturation;
mod stores;

use super::copies::Copied;
use super::float_registers::{FloatOperand, Floats};
use crate::host::field;
use cranelift_codegen::ir::Value;
use saturation::VscrValues;

/// A CR field. Compares are lazy: the field is formed from their operands when it is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cr {
    /// The 64-bit form of [`xenia_cpu::CrField`], as the context has it.
    Word(Value),
    /// The nibble, as an I8.
    Bits(Value),
    /// A lazy compare of two words or doublewords; its SO is the mode's.
    Compare(Compared),
    /// A floating-point compare: its operands, and the nibble that it gave.
    Float { a: Value, b: Value, bits: Value },
}

/// The operands of a lazy compare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared {
    /// A word or a doubleword.
    pub(crate) a: Value,
    /// The second operand, of the same type as `a`.
    pub(crate) b: Value,
    /// Whether it is a signed compare.
    pub(crate) signed: bool,
    /// The operands extended to 64 bits, if these values are known.
    pub(crate) extended: Option<(Value, Value)>,
}

/// A bit of XER that is cached separately. SO is a constant of the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Xer {
    Ov,
    Ca,
}

impl Xer {
    fn offset(self) -> i32 {
        match self {
            Self::Ov => field::XER_OV,
            Self::Ca => field::XER_CA,
        }
    }
}

/// The value of a bit of XER.
#[derive(Clone, Copy, Debug)]
pub(crate) enum XerBit {
    /// An I8 of 0 or 1.
    Bit(Value),
    /// CA of an algebraic right shift of a word, computed when it is needed: set if the word is
    /// negative and one of its `dropped` bits is set.
    Shifted { word: Value, dropped: i32 },
}

/// A 64-bit special register that is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    Lr,
    Ctr,
}

impl Special {
    pub(super) fn offset(self) -> i32 {
        match self {
            Self::Lr => field::LR,
            Self::Ctr => field::CTR,
        }
    }
}

/// Known register values, and dirty bits of those that are not written back.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    gpr: [Option<Value>; 32],
    /// The low word as an I32, if known.
    low: [Option<Value>; 32],
    /// The low word zero-extended, if known and the register's upper half may be nonzero.
    extended: [Option<Value>; 32],
    /// The low word sign-extended, if known: the register itself where an instruction extended it.
    signed: [Option<Value>; 32],
    /// Bit n: the upper half of GPR n is zero.
    zero_extended: u32,
    gpr_dirty: u32,
    pub(super) floats: Floats,
    vr: [Option<Value>; 128],
    vr_dirty: u128,
    pub(super) copied: Copied,
    pub(super) cr: [Option<Cr>; 8],
    pub(super) cr_dirty: u8,
    xer: [Option<XerBit>; 2],
    xer_dirty: u8,
    special: [Option<Value>; 2],
    special_dirty: u8,
    vscr: VscrValues,
    /// FPSCR state of the block's last floating-point instructions that is not stored yet.
    pending: Pending,
}

/// Lazy FPSCR state (see [`crate::float::float_state`]), written back to `PpcContext::fp_lazy`
/// like dirty registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    /// The last operation: the instruction word, and its operands frA, frB, frC where it has them.
    pub(crate) operation: Option<(u32, [Option<FloatOperand>; 3])>,
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
            copied: Copied::default(),
            cr: [None; 8],
            cr_dirty: 0,
            xer: [None; 2],
            xer_dirty: 0,
            special: [None; 2],
            special_dirty: 0,
            vscr: VscrValues::default(),
            pending: Pending::default(),
        }
    }
}

impl Cache {
    /// Records that the context holds `value` in GPR `n`.
    pub(super) fn note_gpr(&mut self, n: usize, value: Value) {
        self.gpr[n] = Some(value);
    }

    /// GPRs whose values are known, as bits.
    pub(super) fn known_gprs(&self) -> u32 {
        (0..32).filter(|&n| self.gpr[n].is_some()).fold(0, |set, n| set | 1 << n)
    }

    /// GPRs whose values are known and are those in the context, as bits.
    pub(super) fn clean_gprs(&self) -> u32 {
        self.known_gprs() & !self.gpr_dirty
    }

    /// Drops what is known of the value of GPR `n`, which the context has.
    pub(super) fn forget_gpr(&mut self, n: usize) {
        self.gpr[n] = None;
        self.low[n] = None;
        self.extended[n] = None;
        self.signed[n] = None;
    }

    /// Whether the value of GPR `n` is known.
    pub(super) fn is_gpr_known(&self, n: usize) -> bool {
        self.gpr[n].is_some()
    }

    /// Whether the upper half of GPR `n` is known to be zero.
    pub(super) fn is_zero_extended(&self, n: usize) -> bool {
        self.zero_extended >> n & 1 != 0
    }

    /// Whether the sign-extended low word of GPR `n` is known.
    pub(super) fn is_signed_known(&self, n: usize) -> bool {
        self.signed[n].is_some()
    }

    /// Whether the zero-extended low word of GPR `n` is known.
    pub(super) fn is_low_known(&self, n: usize) -> bool {
        self.is_zero_extended(n) && self.is_gpr_known(n) || self.extended[n].is_some()
    }

    /// Records that the context holds `value` in vector register `n`.
    pub(super) fn note_vr(&mut self, n: usize, value: Value) {
        self.vr[n] = Some(value);
    }

    /// Whether the value of vector register `n` is known.
    pub(super) fn is_vr_known(&self, n: usize) -> bool {
        self.vr[n].is_some()
    }

    /// Whether lazy FPSCR state is pending.
    pub(super) fn has_pending_status(&self) -> bool {
        let Pending { operation, compared, rounding } = &self.pending;
        operation.is_some() || compared.is_some() || rounding.is_some()
    }

    /// Records that `value` is the zero-extended low word of GPR `n` in the context.
    pub(super) fn note_low(&mut self, n: usize, value: Value) {
        self.extended[n] = Some(value);
    }
}
