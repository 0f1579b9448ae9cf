//! Floating point: every row, with a complete FPSCR.
//!
//! - [`single`]: bit conversions of `lfs`/`stfs`.
//! - `fpscr`: the register's bits and summaries.
//! - `exact`, `round`: arithmetic on any operands in any mode, exact, then rounded once.
//! - `fast`: host arithmetic with error terms, for the usual control bits and ranges.
//! - `convert`, `estimate`: to integers; `fres` and `frsqrte`.
//! - `deliver`: target register, FPSCR, CR1, exceptions.
//!
//! FPSCR is exact after every instruction; no flag is lazy. An enabled exception (FEX and one of
//! MSR\[FE0\], MSR\[FE1\]) ends the instruction with `Retirement::FloatingPoint` after its results
//! are written. Single-precision rows round the exact result of their double operands once. For
//! operands that are not singles the book leaves the result undefined (a Cell PPE does the same up
//! to 2^128, and beyond that returns a NaN without a flag, which the interpreter does not imitate).
//! Follows PowerISA 2.02 book I, chapter 4.

mod convert;
mod deliver;
mod estimate;
pub(crate) mod exact;
mod fast;
pub(crate) mod fpscr;
mod round;
#[cfg(test)]
mod rows;
pub(crate) mod single;
#[cfg(test)]
pub(crate) mod tests;

use super::{CpuView, Retirement, Step};
use crate::PpcContext;
use crate::cr_bit;
use convert::{DOUBLEWORD, WORD};
use deliver::{arithmetic, deliver, deliver_comparison, deliver_integer, record, set_status};
use exact::{Fused, SIGN, is_signalling};
use fpscr::{EXCEPTIONS, FX, RN, VE, VXSNAN, VXVC, WRITABLE, raise};
use round::FloatFormat;
use std::ops::RangeInclusive;
use xenia_isa::{Float, Instruction, Op};

/// Double precision, as a const parameter.
const DOUBLE: bool = false;
/// Single precision, as a const parameter.
const SINGLE: bool = true;

/// RN's value for rounding toward zero.
const TOWARD_ZERO: u32 = 1;

/// The format selected by a const parameter.
const fn format<const IS_SINGLE: bool>() -> FloatFormat {
    if IS_SINGLE { FloatFormat::Single } else { FloatFormat::Double }
}

/// frA + frB.
#[inline(always)]
fn sum<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    let a = ctx.fpr[i.fa()];
    let b = ctx.fpr[i.fb()];
    arithmetic(
        ctx,
        i,
        || fast::add::<IS_SINGLE>(a, b),
        |fpscr| exact::add(a, b, format::<IS_SINGLE>(), fpscr),
    )
}

/// frA − frB.
#[inline(always)]
fn difference<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    let a = ctx.fpr[i.fa()];
    let b = ctx.fpr[i.fb()];
    arithmetic(
        ctx,
        i,
        || fast::add::<IS_SINGLE>(a, b ^ SIGN),
        |fpscr| exact::subtract(a, b, format::<IS_SINGLE>(), fpscr),
    )
}

/// frA × frC.
#[inline(always)]
fn product<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    let a = ctx.fpr[i.fa()];
    let c = ctx.fpr[i.fc()];
    arithmetic(
        ctx,
        i,
        || fast::multiply::<IS_SINGLE>(a, c),
        |fpscr| exact::multiply(a, c, format::<IS_SINGLE>(), fpscr),
    )
}

/// frA ÷ frB.
#[inline(always)]
fn quotient<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    let a = ctx.fpr[i.fa()];
    let b = ctx.fpr[i.fb()];
    arithmetic(
        ctx,
        i,
        || fast::divide::<IS_SINGLE>(a, b),
        |fpscr| exact::divide(a, b, format::<IS_SINGLE>(), fpscr),
    )
}

/// Square root: √frB.
#[inline(always)]
fn root<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    let b = ctx.fpr[i.fb()];
    arithmetic(
        ctx,
        i,
        || fast::square_root::<IS_SINGLE>(b),
        |fpscr| exact::square_root(b, format::<IS_SINGLE>(), fpscr),
    )
}

/// ±(frA × frC ± frB).
#[inline(always)]
fn fused<const IS_SINGLE: bool>(ctx: &mut PpcContext, i: Instruction, operation: Fused) -> Retirement {
    let a = ctx.fpr[i.fa()];
    let c = ctx.fpr[i.fc()];
    let b = ctx.fpr[i.fb()];
    let flip = if operation.subtracts() { SIGN } else { 0 };
    arithmetic(
        ctx,
        i,
        || {
            let result = fast::multiply_add::<IS_SINGLE>(a, c, b ^ flip)?;
            Some(if operation.negates() { result.negated() } else { result })
        },
        |fpscr| exact::multiply_add(operation, [a, c, b], format::<IS_SINGLE>(), fpscr),
    )
}

/// `fctiw[z]` and `fctid[z]`; `mode` overrides RN.
#[inline(always)]
fn to_integer(
    ctx: &mut PpcContext,
    i: Instruction,
    range: RangeInclusive<i64>,
    mode: Option<u32>,
) -> Retirement {
    let mode = mode.unwrap_or(ctx.fpscr & RN);
    let result = convert::to_integer(ctx.fpr[i.fb()], range, mode);
    deliver_integer(ctx, i, result)
}

/// `op`, which is `fcmpu` or `fcmpo`: they differ in the exceptions of NaNs.
#[inline(always)]
fn compare(ctx: &mut PpcContext, i: Instruction, op: Op) -> Retirement {
    let is_ordered = op == Op::fcmpo;
    let a = ctx.fpr[i.fa()];
    let b = ctx.fpr[i.fb()];
    let x = f64::from_bits(a);
    let y = f64::from_bits(b);
    let nibble = if x < y {
        cr_bit::LT
    } else if x > y {
        cr_bit::GT
    } else if x == y {
        cr_bit::EQ
    } else {
        let mut exceptions = 0;
        if is_signalling(a) || is_signalling(b) {
            exceptions |= VXSNAN;
            // The unordered condition is a separate exception unless the signalling NaN traps.
            if is_ordered && ctx.fpscr & VE == 0 {
                exceptions |= VXVC;
            }
        } else if is_ordered {
            exceptions |= VXVC;
        }
        return deliver_comparison(ctx, i, cr_bit::SO, exceptions);
    };
    deliver_comparison(ctx, i, nibble, 0)
}

/// Moves, which do not interpret the value and do not change FPSCR.
#[inline(always)]
fn move_bits(ctx: &mut PpcContext, i: Instruction, bits: u64) -> Retirement {
    ctx.fpr[i.fd()] = bits;
    record(ctx, i);
    Retirement::Next
}

/// FPSCR bit `bit`, 0 the most significant.
const fn bit_mask(bit: usize) -> u32 {
    0x8000_0000 >> (bit & 31)
}

/// FPSCR bits of field `field`, 0 the most significant.
const fn field_mask(field: usize) -> u32 {
    0xF000_0000 >> (4 * (field & 7))
}

impl Float for CpuView<'_> {
    fn fabsx(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.fpr[i.fb()] & !SIGN;
        Ok(move_bits(self.ctx, i, bits))
    }

    fn faddx(&mut self, i: Instruction) -> Step {
        Ok(sum::<DOUBLE>(self.ctx, i))
    }

    fn faddsx(&mut self, i: Instruction) -> Step {
        Ok(sum::<SINGLE>(self.ctx, i))
    }

    fn fcfidx(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fb()] as i64;
        Ok(arithmetic(
            self.ctx,
            i,
            || fast::from_integer(value),
            |fpscr| exact::ExactResult::Value(exact::from_integer(value, fpscr)),
        ))
    }

    fn fcmpo(&mut self, i: Instruction) -> Step {
        Ok(compare(self.ctx, i, Op::fcmpo))
    }

    fn fcmpu(&mut self, i: Instruction) -> Step {
        Ok(compare(self.ctx, i, Op::fcmpu))
    }

    fn fctidx(&mut self, i: Instruction) -> Step {
        Ok(to_integer(self.ctx, i, DOUBLEWORD, None))
    }

    fn fctidzx(&mut self, i: Instruction) -> Step {
        Ok(to_integer(self.ctx, i, DOUBLEWORD, Some(TOWARD_ZERO)))
    }

    fn fctiwx(&mut self, i: Instruction) -> Step {
        Ok(to_integer(self.ctx, i, WORD, None))
    }

    fn fctiwzx(&mut self, i: Instruction) -> Step {
        Ok(to_integer(self.ctx, i, WORD, Some(TOWARD_ZERO)))
    }

    fn fdivx(&mut self, i: Instruction) -> Step {
        Ok(quotient::<DOUBLE>(self.ctx, i))
    }

    fn fdivsx(&mut self, i: Instruction) -> Step {
        Ok(quotient::<SINGLE>(self.ctx, i))
    }

    fn fmaddx(&mut self, i: Instruction) -> Step {
        Ok(fused::<DOUBLE>(self.ctx, i, Fused::Madd))
    }

    fn fmaddsx(&mut self, i: Instruction) -> Step {
        Ok(fused::<SINGLE>(self.ctx, i, Fused::Madd))
    }

    fn fmrx(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.fpr[i.fb()];
        Ok(move_bits(self.ctx, i, bits))
    }

    fn fmsubx(&mut self, i: Instruction) -> Step {
        Ok(fused::<DOUBLE>(self.ctx, i, Fused::Msub))
    }

    fn fmsubsx(&mut self, i: Instruction) -> Step {
        Ok(fused::<SINGLE>(self.ctx, i, Fused::Msub))
    }

    fn fmulx(&mut self, i: Instruction) -> Step {
        Ok(product::<DOUBLE>(self.ctx, i))
    }

    fn fmulsx(&mut self, i: Instruction) -> Step {
        Ok(product::<SINGLE>(self.ctx, i))
    }

    fn fnabsx(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.fpr[i.fb()] | SIGN;
        Ok(move_bits(self.ctx, i, bits))
    }

    fn fnegx(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.fpr[i.fb()] ^ SIGN;
        Ok(move_bits(self.ctx, i, bits))
    }

    fn fnmaddx(&mut self, i: Instruction) -> Step {
        Ok(fused::<DOUBLE>(self.ctx, i, Fused::Nmadd))
    }

    fn fnmaddsx(&mut self, i: Instruction) -> Step {
        Ok(fused::<SINGLE>(self.ctx, i, Fused::Nmadd))
    }

    fn fnmsubx(&mut self, i: Instruction) -> Step {
        Ok(fused::<DOUBLE>(self.ctx, i, Fused::Nmsub))
    }

    fn fnmsubsx(&mut self, i: Instruction) -> Step {
        Ok(fused::<SINGLE>(self.ctx, i, Fused::Nmsub))
    }

    fn fresx(&mut self, i: Instruction) -> Step {
        let outcome = estimate::reciprocal(self.ctx.fpr[i.fb()], self.ctx.fpscr);
        Ok(deliver(self.ctx, i, outcome))
    }

    fn frspx(&mut self, i: Instruction) -> Step {
        let b = self.ctx.fpr[i.fb()];
        Ok(arithmetic(self.ctx, i, || fast::to_single(b), |fpscr| exact::to_single(b, fpscr)))
    }

    fn frsqrtex(&mut self, i: Instruction) -> Step {
        let outcome = estimate::reciprocal_root(self.ctx.fpr[i.fb()], self.ctx.fpscr);
        Ok(deliver(self.ctx, i, outcome))
    }

    fn fselx(&mut self, i: Instruction) -> Step {
        let a = self.ctx.fpr[i.fa()];
        // −0 counts as zero; a NaN selects frB.
        let from = if f64::from_bits(a) >= 0.0 { i.fc() } else { i.fb() };
        let bits = self.ctx.fpr[from];
        Ok(move_bits(self.ctx, i, bits))
    }

    fn fsqrtx(&mut self, i: Instruction) -> Step {
        Ok(root::<DOUBLE>(self.ctx, i))
    }

    fn fsqrtsx(&mut self, i: Instruction) -> Step {
        Ok(root::<SINGLE>(self.ctx, i))
    }

    fn fsubx(&mut self, i: Instruction) -> Step {
        Ok(difference::<DOUBLE>(self.ctx, i))
    }

    fn fsubsx(&mut self, i: Instruction) -> Step {
        Ok(difference::<SINGLE>(self.ctx, i))
    }

    fn mcrfs(&mut self, i: Instruction) -> Step {
        let mask = field_mask(i.crfs());
        let shift = mask.trailing_zeros();
        self.set_cr(i.crfd(), ((self.ctx.fpscr & mask) >> shift) as u8);
        let value = self.ctx.fpscr & !(mask & (EXCEPTIONS | FX));
        // The low bit of `mcrfs` is reserved, not Rc.
        Ok(set_status(self.ctx, Instruction(i.0 & !1), value))
    }

    fn mffsx(&mut self, i: Instruction) -> Step {
        // The upper half is undefined: decision 0004.
        let bits = u64::from(self.ctx.fpscr);
        Ok(move_bits(self.ctx, i, bits))
    }

    fn mtfsb0x(&mut self, i: Instruction) -> Step {
        let bit = bit_mask(i.crbd()) & WRITABLE;
        let value = self.ctx.fpscr & !bit;
        Ok(set_status(self.ctx, i, value))
    }

    fn mtfsb1x(&mut self, i: Instruction) -> Step {
        let bit = bit_mask(i.crbd()) & WRITABLE;
        let value = raise(self.ctx.fpscr, bit);
        Ok(set_status(self.ctx, i, value))
    }

    fn mtfsfx(&mut self, i: Instruction) -> Step {
        let mask = (0..8).filter(|field| i.fm() >> (7 - field) & 1 != 0).map(field_mask);
        let mask = mask.fold(0, |mask, field| mask | field) & WRITABLE;
        let value = self.ctx.fpscr & !mask | self.ctx.fpr[i.fb()] as u32 & mask;
        Ok(set_status(self.ctx, i, value))
    }

    fn mtfsfix(&mut self, i: Instruction) -> Step {
        let mask = field_mask(i.crfd());
        let value = (i.fpscr_imm() as u32) << mask.trailing_zeros();
        let mask = mask & WRITABLE;
        let value = self.ctx.fpscr & !mask | value & mask;
        Ok(set_status(self.ctx, i, value))
    }
}
