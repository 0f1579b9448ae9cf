//! Checks of floating-point results: which cases the host's instruction decides, and which fall
//! back to software.
//!
//! Arithmetic on doubles is done in double precision and arithmetic on singles in single precision,
//! so the host's single rounding is the architecture's. The host's result is correct unless
//! - it is a NaN: the architecture defines which NaN, and the VX* bits;
//! - it is the smallest normal number: the host detects tininess after rounding, the architecture
//!   before;
//! - an operand of a single-precision instruction is not a single. Software executes that
//!   instruction, and since its result may not be a single either, the code leaves the region after
//!   it.

use super::cache::Pending;
use super::float_registers::{FloatOperand, Nans, singles};
use super::state::KnownValues;
use super::{HOST, Lifter};
use crate::hook::Hook;
use crate::host::{Leave, Word};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{self, InstBuilder, Type, Value, types};
use xenia_isa::Instruction;

/// Results of an operation that the host may get wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// NaNs only: tiny sums are exact.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
}

impl Lifter<'_> {
    /// Executes the instruction in software. In controlled mode FPSCR in the context is exact
    /// afterwards; in default mode the operation must be recorded as pending. Returns the result as
    /// a `ty`: an F32 for a single-precision instruction on singles, an F64, or an integer with the
    /// double's bits or the nibble of a compare.
    pub(super) fn software(
        &mut self,
        i: Instruction,
        operands: [Option<FloatOperand>; 3],
        ty: Type,
    ) -> Value {
        if self.config.mode.controlled {
            // Older compares come first, and an enabled exception leaves the target unchanged.
            self.store_pending();
            // A compare has no target.
            if ty != types::I8 {
                // This may be a cold block: knowledge gained in it does not hold after it.
                let known = self.state.cache.floats.clone();
                self.store_fpr(i.fd());
                self.state.cache.floats = known;
            }
        }
        let ctx = self.context();
        let places = [Word::Operands, Word::SecondOperand, Word::ThirdOperand];
        for (operand, place) in operands.into_iter().zip(places) {
            if let Some(operand) = operand {
                self.b.ins().store(HOST, operand.value(), ctx, place.offset());
            }
        }
        let form = if ty == types::F32 { SINGLE_RESULT } else { 0 };
        let word = self.const64(u64::from(i.0) | singles(operands) | form);
        self.call_cold_hook(Hook::Float, &[word]);
        self.b.ins().load(ty, HOST, ctx, Word::HookResult.offset())
    }

    /// Executes in software an instruction without inline code, on these registers.
    pub(super) fn deliver_from_software(&mut self, i: Instruction, registers: [Option<usize>; 3]) {
        let operands = registers.map(|n| n.map(|n| self.exact_operand(n)));
        let result = self.software(i, operands, types::F64);
        self.set_fpr(i.fd(), result);
        // No older pending state may overwrite FPSCR's current state.
        let operation = (!self.config.mode.controlled).then_some((i.0, operands));
        *self.pending() = Pending { operation, compared: None, rounding: None };
        self.record_status(i);
    }

    /// Whether `result`, an F64 or an F32, is a case that the host does not decide.
    fn undecided(&mut self, check: Check, result: Value) -> Value {
        if check == Check::Nan {
            return self.b.ins().fcmp(FloatCC::Unordered, result, result);
        }
        let ty = self.b.func.dfg.value_type(result);
        let mask = self.magnitude_mask(ty);
        let magnitude = self.b.ins().band(result, mask);
        let smallest = self.smallest_normal(ty);
        self.b.ins().fcmp(FloatCC::UnorderedOrEqual, magnitude, smallest)
    }

    /// The mask of all bits but the sign, loaded once per block.
    fn magnitude_mask(&mut self, ty: Type) -> Value {
        let of = usize::from(ty == types::F64);
        if let Some(mask) = self.state.cache.floats.masks[of] {
            return mask;
        }
        let ctx = self.context();
        // The upper half of a double's mask is the mask of a single.
        let half = if ty == types::F64 { 0 } else { 4 };
        let mask = self.b.ins().load(ty, HOST, ctx, Word::Magnitude.offset() + half);
        self.state.cache.floats.masks[of] = Some(mask);
        mask
    }

    /// The smallest normal number, for the compare that follows. Where that can take it from
    /// memory, it is a constant: a register that holds it is one less for the guest's, and
    /// Cranelift makes a constant the operand of a branch's compare, but not a load. Elsewhere it
    /// is loaded once per block.
    fn smallest_normal(&mut self, ty: Type) -> Value {
        if self.config.compares_memory {
            return if ty == types::F64 {
                self.b.ins().f64const(f64::MIN_POSITIVE)
            } else {
                self.b.ins().f32const(f32::MIN_POSITIVE)
            };
        }
        let of = usize::from(ty == types::F64);
        if let Some(smallest) = self.state.cache.floats.smallest[of] {
            return smallest;
        }
        let ctx = self.context();
        let word = if ty == types::F64 { Word::SmallestDouble } else { Word::SmallestSingle };
        let smallest = self.b.ins().load(ty, HOST, ctx, word.offset());
        self.state.cache.floats.smallest[of] = Some(smallest);
        smallest
    }

    /// Delivers the result of a double-precision instruction. `of` emits the host computation on
    /// the values of frA, frB, frC (arbitrary for absent operands). `negate`: the target gets the
    /// negated result.
    pub(super) fn deliver(
        &mut self,
        i: Instruction,
        registers: [Option<usize>; 3],
        check: Check,
        negate: bool,
        of: impl FnOnce(&mut Self, [Value; 3]) -> Value,
    ) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, registers);
            return;
        }
        self.scalar_mode();
        let both = registers.map(|n| n.map(|n| self.float_operand(n)));
        let Some(any) = both.iter().flatten().map(|&(_, value)| value).next() else { return };
        let result = of(self, both.map(|operand| operand.map_or(any, |(_, value)| value)));
        let undecided = self.undecided(check, result);
        let result = if negate { self.b.ins().fneg(result) } else { result };
        let operands = both.map(|operand| operand.map(|(exact, _)| exact));
        self.deliver_unless_undecided(i, operands, undecided, result);
    }

    /// As [`Self::deliver`], for a single-precision instruction.
    pub(super) fn deliver_single(
        &mut self,
        i: Instruction,
        registers: [Option<usize>; 3],
        check: Check,
        negate: bool,
        of: impl FnOnce(&mut Self, [Value; 3]) -> Value,
    ) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, registers);
            return;
        }
        self.scalar_mode();
        for &n in registers.iter().flatten() {
            // Loaded first, so that no code lies between the tests of the other operands and the
            // block for unfit ones.
            self.known_single(n);
        }
        let before = self.state.known_values();
        let mut unfit = None;
        let values = registers.map(|n| n.map(|n| self.single_operand(n, &mut unfit)));
        if let Some(unfit) = unfit {
            self.leave_unfit(i, registers, unfit, before);
        }
        let Some(any) = values.iter().flatten().copied().next() else { return };
        let result = of(self, values.map(|value| value.unwrap_or(any)));
        let undecided = self.undecided(check, result);
        let result = if negate { self.b.ins().fneg(result) } else { result };
        let operands = values.map(|value| value.map(FloatOperand::Single));
        self.deliver_unless_undecided(i, operands, undecided, result);
    }

    /// Fills the block `unfit`, for an operand that is not a single: executes the instruction in
    /// software and leaves the region. `before` is known before the operands were read; the current
    /// block must be empty.
    fn leave_unfit(
        &mut self,
        i: Instruction,
        registers: [Option<usize>; 3],
        unfit: ir::Block,
        before: KnownValues,
    ) {
        let Some(here) = self.b.current_block() else { return };
        let known = self.state.replace_known_values(before);
        self.b.switch_to_block(unfit);
        self.deliver_from_software(i, registers);
        self.store_dirty();
        self.leave_after(Leave::Unwind);
        self.state.replace_known_values(known);
        self.b.switch_to_block(here);
    }

    /// Rounds to single precision (`frsp`).
    pub(super) fn round_to_single(&mut self, i: Instruction) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, [None, Some(i.fb()), None]);
            return;
        }
        self.scalar_mode();
        let (operand, check, result) = if let Some((single, _)) = self.known_single(i.fb()) {
            (FloatOperand::Single(single), Check::Nan, single)
        } else {
            let value = self.fpr(i.fb());
            (FloatOperand::Double(value), Check::Tiny, self.b.ins().fdemote(types::F32, value))
        };
        let undecided = self.undecided(check, result);
        self.deliver_unless_undecided(i, [None, Some(operand), None], undecided, result);
    }

    /// Delivers `result`, an F64 or an F32, or if `undecided` the result of software. Records the
    /// operation as pending for FPSCR.
    pub(super) fn deliver_unless_undecided(
        &mut self,
        i: Instruction,
        operands: [Option<FloatOperand>; 3],
        undecided: Value,
        result: Value,
    ) {
        let ty = self.b.func.dfg.value_type(result);
        let [cold, done] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let value = self.b.append_block_param(done, ty);
        self.b.ins().brif(undecided, cold, &[], done, &[ir::BlockArg::Value(result)]);
        self.b.switch_to_block(cold);
        let exact = self.software(i, operands, ty);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        if ty == types::F64 {
            self.set_fpr(i.fd(), value);
        } else {
            // The results of arithmetic are never signalling NaNs.
            self.set_single(i.fd(), value, Nans::Quiet);
        }
        *self.pending() = Pending { operation: Some((i.0, operands)), compared: None, rounding: None };
        self.record_status(i);
    }
}

/// Flag in the argument of [`Hook::Float`]: return a single's bits.
pub const SINGLE_RESULT: u64 = 1 << 36;
