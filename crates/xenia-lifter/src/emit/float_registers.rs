//! Floating-point registers in the register cache: as doubles, as singles, or as both.
//!
//! The results of `lfs` and of arithmetic on singles stay F32 values as long as only such
//! arithmetic and `stfs` use them. The conversion to the register's double is delayed until another
//! use needs it, at the latest at the end of the block. Before an access that may fault, a single
//! is stored in single format in the first half of the register's slot, and the instruction's
//! [`super::Site`] records this for the fault handler.
//!
//! An F32 here represents the register exactly: the register is DOUBLE(F32) of the book, NaNs
//! included. A host conversion quiets signalling NaNs, so [`Lifter::fpr`] converts an F32 that may
//! be one with a test. Operands whose original bits software receives ([`Lifter::float_operand`])
//! are converted without it.

use super::{GUEST, HOST, Lifter};
use crate::analysis::assumptions::{Assumptions, FprFormats};
use crate::hook::Hook;
use crate::host::{Word, field};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};

/// Known values and dirty bits of the floating-point registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floats {
    doubles: [Option<Value>; 32],
    singles: [Option<Value>; 32],
    /// Bit n: the single of FPR n is not a signalling NaN.
    quiet: u32,
    /// Bit n: the context's value is stale.
    dirty: u32,
    /// Formats in which the context holds registers, unless they are dirty. Open ones are not dirty
    /// and have no known value.
    formats: FprFormats,
    /// For singles and for doubles: the mask that clears the sign.
    pub(super) masks: [Option<Value>; 2],
    /// For singles and for doubles: the smallest normal number.
    pub(super) smallest: [Option<Value>; 2],
}

impl Floats {
    /// Marks all registers as stored in double format.
    pub(super) fn all_stored(&mut self) {
        self.dirty = 0;
        self.formats = FprFormats::default();
    }

    /// Starts a block with these assumptions.
    pub(super) fn begin(&mut self, assumptions: Assumptions) {
        self.formats = assumptions.formats;
    }

    /// Records that FPR `n` is the double of this F32, which may be any NaN.
    pub(super) fn note_single(&mut self, n: usize, value: Value) {
        self.singles[n] = Some(value);
        self.quiet &= !(1 << n);
    }

    /// Records that FPR `n` is this F64.
    pub(super) fn note_double(&mut self, n: usize, value: Value) {
        self.doubles[n] = Some(value);
    }

    /// Whether FPR `n` is known as an F32.
    pub(super) fn is_single_known(&self, n: usize) -> bool {
        self.singles[n].is_some()
    }

    /// Whether FPR `n` is known as an F64.
    pub(super) fn is_double_known(&self, n: usize) -> bool {
        self.doubles[n].is_some()
    }

    /// Number of dirty registers.
    pub(super) fn dirty(&self) -> u32 {
        self.dirty.count_ones()
    }

    /// Formats in which the context holds registers, if no register is dirty.
    pub(super) fn stored_formats(&self) -> FprFormats {
        self.formats
    }
}

/// The NaNs that a single may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nans {
    Any,
    /// Quiet ones only.
    Quiet,
}

/// An operand with the register's exact value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FloatOperand {
    Double(Value),
    /// The F32 whose double the register holds.
    Single(Value),
}

impl FloatOperand {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Double(value) | Self::Single(value) => value,
        }
    }
}

/// Bits 33 to 35: which operands are singles, for the argument of [`Hook::Float`] and for
/// [`crate::float::float_state::pending`].
pub(super) fn singles(operands: [Option<FloatOperand>; 3]) -> u64 {
    let is_single = |operand: &Option<FloatOperand>| matches!(operand, Some(FloatOperand::Single(_)));
    (0..3).filter(|&n| is_single(&operands[n])).map(|n| 1 << (33 + n)).sum()
}

/// Biased exponent of the smallest normal single, in double format.
const LEAST_EXPONENT: i64 = 897;
/// Number of exponents of normal singles.
const EXPONENTS: i64 = 254;

/// Reading and writing.
impl Lifter<'_> {
    /// FPR `n`, as an F64.
    pub(crate) fn fpr(&mut self, n: usize) -> Value {
        let floats = &self.state.cache.floats;
        if let Some(value) = floats.doubles[n] {
            return value;
        }
        self.close_open_formats(1 << n);
        let floats = &self.state.cache.floats;
        let in_context = (floats.dirty | floats.formats.single) >> n & 1 == 0;
        let single = if in_context { None } else { self.known_single(n) };
        let value = match single {
            Some((single, Nans::Quiet)) => self.promoted(single),
            Some((single, Nans::Any)) => self.exactly_promoted(single),
            None => self.load_fpr(n),
        };
        self.state.cache.floats.doubles[n] = Some(value);
        value
    }

    fn load_fpr(&mut self, n: usize) -> Value {
        self.copied_double(n).unwrap_or_else(|| {
            let ctx = self.context();
            self.b.ins().load(types::F64, HOST, ctx, field::fpr(n))
        })
    }

    /// FPR `n` as an F64, if the context holds it in double format.
    pub(super) fn fpr_in_double_format(&mut self, n: usize) -> Value {
        self.state.cache.floats.doubles[n].unwrap_or_else(|| self.load_fpr(n))
    }

    /// FPR `n` as an F32, if the context holds it in single format.
    pub(super) fn fpr_in_single_format(&mut self, n: usize) -> Value {
        self.state.cache.floats.singles[n].unwrap_or_else(|| self.load_short_fpr(n))
    }

    fn load_short_fpr(&mut self, n: usize) -> Value {
        self.copied_single(n).unwrap_or_else(|| {
            let ctx = self.context();
            self.b.ins().load(types::F32, HOST, ctx, field::fpr(n))
        })
    }

    /// FPR `n` as an operand: its exact value, and an F64 in which a signalling NaN may be quieted.
    pub(crate) fn float_operand(&mut self, n: usize) -> (FloatOperand, Value) {
        match self.exact_operand(n) {
            FloatOperand::Double(value) => (FloatOperand::Double(value), value),
            FloatOperand::Single(single) => {
                let value = self.promoted(single);
                if self.state.cache.floats.quiet >> n & 1 != 0 {
                    self.state.cache.floats.doubles[n] = Some(value);
                }
                (FloatOperand::Single(single), value)
            }
        }
    }

    /// The exact value of FPR `n`, in a format in which it is known.
    pub(crate) fn exact_operand(&mut self, n: usize) -> FloatOperand {
        if let Some(value) = self.state.cache.floats.doubles[n] {
            return FloatOperand::Double(value);
        }
        match self.known_single(n) {
            Some((single, _)) => FloatOperand::Single(single),
            None => FloatOperand::Double(self.fpr(n)),
        }
    }

    /// Whether the context's slot of FPR `n` is current and in single format.
    fn is_stored_as_single(&self, n: usize) -> bool {
        self.state.cache.floats.formats.single & !self.state.cache.floats.dirty & 1 << n != 0
    }

    /// FPR `n` as an F32, if it is known to be one.
    pub(crate) fn known_single(&mut self, n: usize) -> Option<(Value, Nans)> {
        if self.is_stored_as_single(n) && self.state.cache.floats.singles[n].is_none() {
            let single = self.load_short_fpr(n);
            self.state.cache.floats.note_single(n, single);
        }
        let quiet = self.state.cache.floats.quiet >> n & 1 != 0;
        let nans = if quiet { Nans::Quiet } else { Nans::Any };
        self.state.cache.floats.singles[n].map(|single| (single, nans))
    }

    /// Sets FPR `n` to an F64.
    pub(crate) fn set_fpr(&mut self, n: usize, value: Value) {
        self.state.cache.copied.forget_float(n);
        let floats = &mut self.state.cache.floats;
        floats.doubles[n] = Some(value);
        floats.singles[n] = None;
        floats.dirty |= 1 << n;
        floats.formats.open &= !(1 << n);
    }

    /// Sets FPR `n` to the double of an F32.
    pub(crate) fn set_single(&mut self, n: usize, value: Value, nans: Nans) {
        self.state.cache.copied.forget_float(n);
        let floats = &mut self.state.cache.floats;
        floats.doubles[n] = None;
        floats.singles[n] = Some(value);
        floats.quiet = floats.quiet & !(1 << n) | u32::from(nans == Nans::Quiet) << n;
        floats.dirty |= 1 << n;
        floats.formats.open &= !(1 << n);
    }

    /// Sets FPR `to` to FPR `from`.
    pub(crate) fn move_fpr(&mut self, to: usize, from: usize) {
        self.exact_operand(from);
        self.state.cache.copied.forget_float(to);
        let floats = &mut self.state.cache.floats;
        floats.doubles[to] = floats.doubles[from];
        floats.singles[to] = floats.singles[from];
        floats.quiet = floats.quiet & !(1 << to) | (floats.quiet >> from & 1) << to;
        floats.dirty |= 1 << to;
        floats.formats.open &= !(1 << to);
    }
}

/// Conversions between the formats.
impl Lifter<'_> {
    /// An F32 as an F64. NaNs are quieted.
    fn promoted(&mut self, single: Value) -> Value {
        self.scalar_mode();
        self.b.ins().fpromote(types::F64, single)
    }

    /// FPR `n` as an F32. Jumps to `unfit`, which is created if needed, if the register is not the
    /// double of a single.
    pub(crate) fn single_operand(&mut self, n: usize, unfit: &mut Option<ir::Block>) -> Value {
        if let Some((single, _)) = self.known_single(n) {
            return single;
        }
        self.close_open_formats(1 << n);
        self.scalar_mode();
        let unfit = *unfit.get_or_insert_with(|| self.b.create_block());
        let bits = if let Some(value) = self.state.cache.floats.doubles[n] {
            self.bits(value)
        } else {
            let ctx = self.context();
            self.b.ins().load(types::I64, HOST, ctx, field::fpr(n))
        };
        let [convert, zero_or_odd, odd, fit, done] = [(); 5].map(|()| self.b.create_block());
        for block in [unfit, zero_or_odd, odd, fit] {
            self.b.set_cold_block(block);
        }
        let single = self.b.append_block_param(done, types::F32);
        // Tests for a normal single: its exponent is in range, and the fraction bits beyond a
        // single's, rotated to the top, are zero.
        let twice = self.b.ins().ishl_imm_s(bits, 1);
        let from_least = self.b.ins().iadd_imm_s(twice, -(LEAST_EXPONENT << 53));
        let turned = self.b.ins().rotr_imm_s(from_least, 30);
        let normal = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, turned, EXPONENTS << 23);
        self.b.ins().brif(normal, convert, &[], zero_or_odd, &[]);
        self.b.switch_to_block(zero_or_odd);
        // Zeros are singles, though their exponent is out of range.
        self.b.ins().brif(twice, odd, &[], convert, &[]);
        self.b.switch_to_block(odd);
        let narrowed = self.call_hook(Hook::Narrow, &[bits]);
        let none = self.b.ins().ushr_imm_s(narrowed, 32);
        self.b.ins().brif(none, unfit, &[], fit, &[]);
        self.b.switch_to_block(fit);
        let narrowed = self.b.ins().ireduce(types::I32, narrowed);
        let narrowed = self.b.ins().bitcast(types::F32, GUEST, narrowed);
        self.b.ins().jump(done, &[narrowed.into()]);
        self.b.switch_to_block(convert);
        let value = self.number(bits);
        let value = self.b.ins().fdemote(types::F32, value);
        self.b.ins().jump(done, &[value.into()]);
        self.b.switch_to_block(done);
        self.state.cache.floats.note_single(n, single);
        single
    }

    /// The bits that `stfs` stores of FPR `n`.
    pub(crate) fn stored_single(&mut self, n: usize) -> Value {
        if let Some((single, _)) = self.known_single(n) {
            return self.b.ins().bitcast(types::I32, GUEST, single);
        }
        let value = self.fpr(n);
        self.double_to_single(value)
    }
}

/// Write-back to the context.
impl Lifter<'_> {
    /// Stores FPR `n` as a double, unless the context already holds it so.
    pub(crate) fn store_fpr(&mut self, n: usize) {
        if (self.state.cache.floats.dirty | self.state.cache.floats.formats.single) >> n & 1 != 0 {
            let value = self.fpr(n);
            let ctx = self.context();
            self.b.ins().store(HOST, value, ctx, field::fpr(n));
        }
    }

    /// Stores all registers that the context does not hold as doubles; they stay dirty.
    pub(super) fn store_floats(&mut self) {
        self.close_open_formats(u32::MAX);
        for n in 0..32 {
            self.store_fpr(n);
        }
    }

    /// Stores all registers that the context does not hold in the expected format: single format
    /// for those of `formats.single`, which are known to be singles, either format for those of
    /// `formats.open`, and double format for the others.
    pub(super) fn store_floats_but(&mut self, formats: FprFormats) {
        self.close_open_formats(!formats.open);
        for n in 0..32 {
            if formats.open >> n & 1 != 0 {
                self.store_as_it_is(n);
            } else if formats.single >> n & 1 == 0 {
                self.store_fpr(n);
            } else if !self.is_stored_as_single(n)
                && let Some((single, _)) = self.known_single(n)
            {
                let ctx = self.context();
                self.b.ins().store(HOST, single, ctx, field::fpr(n));
            }
        }
        self.store_open_singles(formats.open);
        let floats = &mut self.state.cache.floats;
        floats.dirty = 0;
        floats.formats = formats;
    }

    /// Updates [`Word::OpenSingles`] for the registers of `open_format`, none of which is dirty.
    fn store_open_singles(&mut self, open_format: u32) {
        let floats = &self.state.cache.floats;
        let open = floats.formats.open & open_format;
        let single_format = floats.formats.single & open_format;
        if open == open_format {
            return;
        }
        let ctx = self.context();
        let singles = if open == 0 {
            self.const64(single_format.into())
        } else {
            let before = self.b.ins().load(types::I64, HOST, ctx, Word::OpenSingles.offset());
            let before = self.b.ins().band_imm_s(before, i64::from(open));
            self.with_bits(before, single_format.into())
        };
        self.b.ins().store(HOST, singles, ctx, Word::OpenSingles.offset());
    }

    /// Closes the open format of these registers: those that were open are in double format
    /// afterwards.
    pub(super) fn close_open_formats(&mut self, registers: u32) {
        let open_format = self.state.cache.floats.formats.open & registers;
        if open_format == 0 {
            return;
        }
        self.state.cache.floats.formats.open &= !open_format;
        let ctx = self.context();
        let singles = self.b.ins().load(types::I64, HOST, ctx, Word::OpenSingles.offset());
        let singles = self.b.ins().band_imm_s(singles, i64::from(open_format));
        let next = self.branch_to_cold(singles);
        if open_format.is_power_of_two() {
            self.widen_normal(open_format.trailing_zeros() as usize, next);
        }
        let none = self.const64(0);
        let open_format = self.const64(open_format.into());
        self.call_cold_hook(Hook::Widen, &[none, open_format]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// Converts FPR `n` from single to double format in the context and continues at `next` if it
    /// is a normal number; otherwise falls through. Loops that sum up singles end so, and the hook
    /// saves all host registers.
    fn widen_normal(&mut self, n: usize, next: ir::Block) {
        let ctx = self.context();
        let bits = self.b.ins().load(types::I32, HOST, ctx, field::fpr(n));
        let [normal, other] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(normal);
        self.b.set_cold_block(other);
        let is_normal = self.is_normal_single(bits);
        self.b.ins().brif(is_normal, normal, &[], other, &[]);
        self.b.switch_to_block(normal);
        let double = self.widened_normal(bits);
        self.b.ins().store(HOST, double, ctx, field::fpr(n));
        let singles = self.b.ins().load(types::I64, HOST, ctx, Word::OpenSingles.offset());
        let singles = self.b.ins().band_imm_s(singles, !(1 << n));
        self.b.ins().store(HOST, singles, ctx, Word::OpenSingles.offset());
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(other);
    }

    /// Stores FPR `n` if it is dirty, a single in single format.
    fn store_as_it_is(&mut self, n: usize) {
        if self.state.cache.floats.dirty >> n & 1 == 0 {
            return;
        }
        let operand = self.exact_operand(n);
        let ctx = self.context();
        self.b.ins().store(HOST, operand.value(), ctx, field::fpr(n));
        let single_format = matches!(operand, FloatOperand::Single(_));
        let floats = &mut self.state.cache.floats;
        floats.formats.single = floats.formats.single & !(1 << n) | u32::from(single_format) << n;
        floats.dirty &= !(1 << n);
    }

    /// Stores all dirty registers, singles in single format.
    pub(super) fn store_floats_as_they_are(&mut self) {
        for n in 0..32 {
            self.store_as_it_is(n);
        }
    }

    /// Records in the current site in which format the context holds each register.
    pub(super) fn note_singles(&mut self) {
        let formats = self.state.cache.floats.formats;
        if let Some(site) = self.sites.last_mut() {
            site.single_format = formats.single;
            site.open_format = formats.open;
        }
    }
}
