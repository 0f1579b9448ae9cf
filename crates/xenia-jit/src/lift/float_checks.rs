//! What of floating-point arithmetic a host instruction decides, and what software does.
//!
//! Arithmetic on doubles is done on doubles, arithmetic on singles on singles: one rounding by the
//! host is the one that the architecture wants. The host's instruction decides a case unless
//! - the result is a NaN: which one, and the VX* bits, are the architecture's own;
//! - it is the smallest normal number: the host judges tininess after rounding, the architecture
//!   before;
//! - an operand of a single-precision instruction is no single. Software does that one, and since
//!   its result may be no single either, the rest of the block is left.

use super::cache::{Cache, Pending};
use super::float_registers::{Nans, Operand, singles};
use super::{HOST, Lifter};
use crate::hooks::Hook;
use crate::host::{Leave, WORDS, Word};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{self, InstBuilder, Type, Value, types};
use xenia_isa::Instruction;

/// Which results of an operation the host may not decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// NaNs: sums are exact where they are tiny.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
}

impl Lifter<'_> {
    /// Software does the instruction, here and now. FPSCR in the context is exact afterwards, but
    /// where arithmetic is plain it has to be owed the operation. Gives the result as a `ty`:
    /// an F32 of a single-precision instruction whose operands are singles, an F64, or an
    /// integer with the double's bits or the nibble of a compare.
    pub(super) fn software(&mut self, i: Instruction, operands: [Option<Operand>; 3], ty: Type) -> Value {
        if self.config.mode.controlled {
            // Older compares come first, and an enabled exception keeps what the target holds.
            self.store_pending();
            // This may be a cold block: what it finds out is not known after it.
            let known = self.cache.floats.clone();
            self.store_fpr(i.fd());
            self.cache.floats = known;
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

    /// An instruction on these registers that only software does here.
    pub(super) fn deliver_from_software(&mut self, i: Instruction, registers: [Option<usize>; 3]) {
        let operands = registers.map(|n| n.map(|n| self.exact_operand(n)));
        let result = self.software(i, operands, types::F64);
        self.set_fpr(i.fd(), result);
        // Nothing older may replace what FPSCR holds now.
        let operation = (!self.config.mode.controlled).then_some((i.0, operands));
        *self.pending() = Pending { operation, compared: None, rounding: None };
        self.record_status(i);
    }

    /// Whether the host may not decide `result`, an F64 or an F32.
    fn undecided(&mut self, check: Check, result: Value) -> Value {
        if check == Check::Nan {
            return self.b.ins().fcmp(FloatCC::Unordered, result, result);
        }
        let ty = self.b.func.dfg.value_type(result);
        let [mask, least] = self.limits(ty);
        let magnitude = self.b.ins().band(result, mask);
        self.b.ins().fcmp(FloatCC::UnorderedOrEqual, magnitude, least)
    }

    /// All bits but the sign, and the smallest normal number, loaded once per block.
    fn limits(&mut self, ty: Type) -> [Value; 2] {
        let of = usize::from(ty == types::F64);
        if let Some(limits) = self.cache.floats.limits[of] {
            return limits;
        }
        let ctx = self.context();
        // The upper half of a double's mask is a single's.
        let offsets = if ty == types::F64 {
            [Word::Magnitude.offset(), Word::SmallestDouble.offset()]
        } else {
            [Word::Magnitude.offset() + 4, Word::SmallestSingle.offset()]
        };
        let limits = offsets.map(|offset| self.b.ins().load(ty, HOST, ctx, offset));
        self.cache.floats.limits[of] = Some(limits);
        limits
    }

    /// Delivers the result of a double-precision instruction, which `of` has the host compute of
    /// these registers' values (frA, frB, frC; what is not there is any value). `negate`: the
    /// target gets it negated.
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
            // Loaded first: between the tests of the others and the block for what is unfit lies nothing.
            self.known_single(n);
        }
        let before = (self.cache.clone(), self.words);
        let mut unfit = None;
        let values = registers.map(|n| n.map(|n| self.single_operand(n, &mut unfit)));
        if let Some(unfit) = unfit {
            self.leave_unfit(i, registers, unfit, before);
        }
        let Some(any) = values.iter().flatten().copied().next() else { return };
        let result = of(self, values.map(|value| value.unwrap_or(any)));
        let undecided = self.undecided(check, result);
        let result = if negate { self.b.ins().fneg(result) } else { result };
        let operands = values.map(|value| value.map(Operand::Single));
        self.deliver_unless_undecided(i, operands, undecided, result);
    }

    /// In `unfit`: software does the instruction, whose operands are not all singles, and the block
    /// is left. `cache` and `words` are what was known before its operands were looked at;
    /// nothing has been put into the current block.
    fn leave_unfit(
        &mut self,
        i: Instruction,
        registers: [Option<usize>; 3],
        unfit: ir::Block,
        (cache, words): (Cache, [Option<Value>; WORDS]),
    ) {
        let Some(here) = self.b.current_block() else { return };
        let known = (std::mem::replace(&mut self.cache, cache), std::mem::replace(&mut self.words, words));
        self.b.switch_to_block(unfit);
        self.deliver_from_software(i, registers);
        self.store_dirty();
        self.leave_after(Leave::Unwind);
        (self.cache, self.words) = known;
        self.b.switch_to_block(here);
    }

    /// `frsp`.
    pub(super) fn round_to_single(&mut self, i: Instruction) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, [None, Some(i.fb()), None]);
            return;
        }
        self.scalar_mode();
        let (operand, check, result) = if let Some((single, _)) = self.known_single(i.fb()) {
            (Operand::Single(single), Check::Nan, single)
        } else {
            let value = self.fpr(i.fb());
            (Operand::Double(value), Check::Tiny, self.b.ins().fdemote(types::F32, value))
        };
        let undecided = self.undecided(check, result);
        self.deliver_unless_undecided(i, [None, Some(operand), None], undecided, result);
    }

    /// Delivers `result`, an F64 or an F32, unless `undecided`, else what software makes. FPSCR is
    /// owed the operation.
    pub(super) fn deliver_unless_undecided(
        &mut self,
        i: Instruction,
        operands: [Option<Operand>; 3],
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
            // Arithmetic makes quiet NaNs.
            self.set_single(i.fd(), value, Nans::Quiet);
        }
        *self.pending() = Pending { operation: Some((i.0, operands)), compared: None, rounding: None };
        self.record_status(i);
    }
}

/// In what [`Hook::Float`] takes: the result is wanted as a single's bits.
pub(crate) const SINGLE_RESULT: u64 = 1 << 36;
