//! What of floating-point arithmetic a host instruction decides, and what software does.
//!
//! The host's instruction decides a case unless
//! - the result is a NaN: which one, and the VX* bits, are the architecture's own;
//! - it is the smallest normal number: the host judges tininess after rounding, the architecture before;
//! - for singles, which the host computes as doubles and rounds again, the result is tiny as a single, or the two
//!   roundings might go another way than one. They can't where the operands of a sum, difference, product, quotient or
//!   root are singles (53 bits are more than twice 24), or where a multiply-add's double is not midway between two
//!   singles, or exactly so. Software does the others.

use super::Lifter;
use super::cache::Pending;
use crate::hooks::Hook;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use xenia_isa::Instruction;

const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
const SMALLEST_NORMAL_SINGLE: u64 = 0x3810_0000_0000_0000;
/// Fraction bits of a double that a single has not.
const BEYOND_SINGLE: i64 = 0x1FFF_FFFF;

/// Which results of an operation the host may not decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// NaNs: sums of doubles are exact where they are tiny.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
    /// The double result of a single-precision operation.
    Single,
    /// The same of a value that is rounded for the first time.
    ToSingle,
}

/// A single-precision multiply-add as the host did it.
#[derive(Clone, Copy)]
struct Fused {
    sum: Value,
    addend: Value,
    /// Whether it is tiny or a NaN.
    either: Value,
}

impl Check {
    fn is_single(self) -> bool {
        matches!(self, Self::Single | Self::ToSingle)
    }
}

impl Lifter<'_> {
    /// Software does the instruction, here and now. FPSCR in the context is exact afterwards, but where arithmetic is
    /// plain it has to be owed the operation. Gives the result's bits.
    pub(super) fn software(&mut self, i: Instruction, operands: [Option<Value>; 3]) -> Value {
        if self.config.mode.controlled {
            // Older compares come first, and an enabled exception keeps what the target holds.
            self.store_pending();
            self.store_fpr(i.fd());
        }
        let zero = self.const64(0);
        let [a, b, c] = operands.map(|operand| operand.map_or(zero, |value| self.bits(value)));
        let word = self.const64(u64::from(i.0));
        self.call_hook(Hook::Float, &[word, a, b, c])
    }

    /// An instruction that only software does here.
    pub(super) fn deliver_from_software(&mut self, i: Instruction, operands: [Option<Value>; 3]) {
        let result = self.software(i, operands);
        let result = self.number(result);
        self.set_fpr(i.fd(), result);
        // Nothing older may replace what FPSCR holds now.
        let operation = (!self.config.mode.controlled).then_some((i.0, operands));
        *self.pending() = Pending { operation, compared: None, rounding: None };
        self.record_status(i);
    }

    /// Fraction bits of these operands that singles have not, ored; `None` if all are known to be singles.
    fn beyond_single(&mut self, i: Instruction, operands: [Option<Value>; 3]) -> Option<Value> {
        let mut all = None;
        for (operand, n) in operands.into_iter().zip([i.fa(), i.fb(), i.fc()]) {
            let Some(value) = operand.filter(|_| !self.is_single(n)) else { continue };
            let bits = self.bits(value);
            all = Some(all.map_or(bits, |others| self.b.ins().bor(others, bits)));
        }
        all.map(|all| self.b.ins().band_imm_s(all, BEYOND_SINGLE))
    }

    /// In a cold block: goes to `inline` if `sum`, a × c + b, lies midway between two singles exactly, which rounding
    /// again decides as it has to.
    fn spare_exact(&mut self, i: Instruction, operands: [Option<Value>; 3], fused: Fused, inline: ir::Block) {
        let [Some(a), _, Some(c)] = operands else { return };
        let [error, software] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(error);
        self.b.set_cold_block(software);
        let mut unfit = self.b.ins().uextend(types::I64, fused.either);
        if let Some(longer) = self.beyond_single(i, operands) {
            unfit = self.b.ins().bor(unfit, longer);
        }
        self.b.ins().brif(unfit, software, &[], error, &[]);
        self.b.switch_to_block(error);
        // The product of singles is exact, so this is the error of the sum; it raises no flag that the sum did not.
        let product = self.b.ins().fmul(a, c);
        let part = self.b.ins().fsub(fused.sum, product);
        let rest = self.b.ins().fsub(fused.sum, part);
        let of_product = self.b.ins().fsub(product, rest);
        let of_addend = self.b.ins().fsub(fused.addend, part);
        let lost = self.b.ins().fadd(of_product, of_addend);
        let zero = self.b.ins().f64const(0.0);
        let exact = self.b.ins().fcmp(FloatCC::Equal, lost, zero);
        self.b.ins().brif(exact, inline, &[], software, &[]);
        self.b.switch_to_block(software);
    }

    /// Whether a double is a NaN, or not zero and tiny as a single, or the smallest normal one.
    fn tiny_or_nan(&mut self, result: Value) -> Value {
        let nan = self.b.ins().fcmp(FloatCC::Unordered, result, result);
        let bits = self.bits(result);
        // Zero wraps around to the largest.
        let magnitude = self.b.ins().band_imm_s(bits, i64::MAX);
        let magnitude = self.b.ins().iadd_imm_s(magnitude, -1);
        let limit = self.const64(SMALLEST_NORMAL_SINGLE);
        let tiny = self.b.ins().icmp(IntCC::UnsignedLessThan, magnitude, limit);
        self.b.ins().bor(tiny, nan)
    }

    /// Whether the host may not decide `result`, that of these operands. Not for multiply-adds of singles.
    fn undecided(
        &mut self,
        i: Instruction,
        check: Check,
        operands: [Option<Value>; 3],
        result: Value,
    ) -> Value {
        if check == Check::Nan {
            return self.b.ins().fcmp(FloatCC::Unordered, result, result);
        }
        if check == Check::Tiny {
            let magnitude = self.b.ins().fabs(result);
            let least = self.b.ins().f64const(SMALLEST_NORMAL);
            return self.b.ins().fcmp(FloatCC::UnorderedOrEqual, magnitude, least);
        }
        let either = self.tiny_or_nan(result);
        match check {
            Check::Single => {
                let Some(longer) = self.beyond_single(i, operands) else { return either };
                let longer = self.b.ins().icmp_imm_s(IntCC::NotEqual, longer, 0);
                self.b.ins().bor(either, longer)
            }
            _ => either,
        }
    }

    /// Delivers the result of an arithmetic instruction with these operands (frA, frB, frC), which `of` has the host
    /// compute as an F64. `negate`: the register gets it negated.
    pub(super) fn deliver(
        &mut self,
        i: Instruction,
        operands: [Option<Value>; 3],
        check: Check,
        negate: bool,
        of: impl FnOnce(&mut Self) -> Value,
    ) {
        if self.config.mode.controlled {
            self.deliver_from_software(i, operands);
        } else {
            self.scalar_mode();
            let result = of(self);
            let undecided = self.undecided(i, check, operands, result);
            self.deliver_float_unless(i, operands, undecided, |l| {
                let value = if check.is_single() { l.rounded_to_single(result) } else { result };
                if negate { l.b.ins().fneg(value) } else { value }
            });
        }
        if check.is_single() {
            self.mark_single(i.fd());
        }
    }

    /// Delivers `sum`, the double of a single-precision multiply-add, which added `addend` to its product.
    pub(super) fn deliver_fused_single(
        &mut self,
        i: Instruction,
        operands: [Option<Value>; 3],
        negate: bool,
        [sum, addend]: [Value; 2],
    ) {
        let either = self.tiny_or_nan(sum);
        let bits = self.bits(sum);
        let low = self.b.ins().band_imm_s(bits, BEYOND_SINGLE);
        let midway = self.b.ins().icmp_imm_s(IntCC::Equal, low, (BEYOND_SINGLE + 1) / 2);
        let undecided = self.b.ins().bor(either, midway);
        let fused = Fused { sum, addend, either };
        let spare = |l: &mut Self, inline| l.spare_exact(i, operands, fused, inline);
        self.deliver_float(i, operands, undecided, spare, |l| {
            let value = l.rounded_to_single(sum);
            if negate { l.b.ins().fneg(value) } else { value }
        });
        self.mark_single(i.fd());
    }

    fn rounded_to_single(&mut self, value: Value) -> Value {
        let single = self.b.ins().fdemote(types::F32, value);
        self.b.ins().fpromote(types::F64, single)
    }

    /// Delivers what `fine` makes unless `undecided`, else what software makes. FPSCR is owed the operation.
    pub(super) fn deliver_float_unless(
        &mut self,
        i: Instruction,
        operands: [Option<Value>; 3],
        undecided: Value,
        fine: impl FnOnce(&mut Self) -> Value,
    ) {
        self.deliver_float(i, operands, undecided, |_, _| {}, fine);
    }

    /// As [`Self::deliver_float_unless`]; `spare` may go to the block that it is given after all.
    fn deliver_float(
        &mut self,
        i: Instruction,
        operands: [Option<Value>; 3],
        undecided: Value,
        spare: impl FnOnce(&mut Self, ir::Block),
        fine: impl FnOnce(&mut Self) -> Value,
    ) {
        let [cold, inline, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let value = self.b.append_block_param(done, types::F64);
        self.b.ins().brif(undecided, cold, &[], inline, &[]);
        self.b.switch_to_block(cold);
        spare(self, inline);
        let exact = self.software(i, operands);
        let exact = self.number(exact);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(inline);
        let result = fine(self);
        self.b.ins().jump(done, &[result.into()]);
        self.b.switch_to_block(done);
        self.set_fpr(i.fd(), value);
        *self.pending() = Pending { operation: Some((i.0, operands)), compared: None, rounding: None };
        self.record_status(i);
    }
}
