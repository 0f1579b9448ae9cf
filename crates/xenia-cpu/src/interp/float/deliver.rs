//! Writes a result to the context: target register, FPSCR, CR1, and whether the exception is taken.
//! PowerISA 2.02 book I, 4.4.

use super::exact::ExactResult;
use super::fast::Fast;
use super::fpscr::{
    CONTROL, FEX, FI, FPCC, FPRF, FPRF_SHIFT, FR, FX, VE, XX, ZE, ZX, class, raise, summarize,
};
use crate::interp::Retirement;
use crate::{CrField, PpcContext, msr_bit};
use xenia_isa::Instruction;

/// CR1 of a record form: FX, FEX, VX, OX.
#[inline(always)]
pub(super) fn record(ctx: &mut PpcContext, i: Instruction) {
    if i.rc() {
        ctx.cr[1] = CrField::from_nibble((ctx.fpscr >> 28) as u8);
    }
}

/// Ends an instruction that may have set FPSCR exception bits.
#[inline]
pub(super) fn finish(ctx: &mut PpcContext, i: Instruction) -> Retirement {
    record(ctx, i);
    if ctx.fpscr & FEX != 0 && ctx.msr & (msr_bit::FE0 | msr_bit::FE1) != 0 {
        Retirement::FloatingPoint
    } else {
        Retirement::Next
    }
}

/// Runs an arithmetic instruction: on the fast path if possible, else on the exact one.
#[inline(always)]
pub(super) fn arithmetic(
    ctx: &mut PpcContext,
    i: Instruction,
    fast: impl FnOnce() -> Option<Fast>,
    exact: impl FnOnce(u32) -> ExactResult,
) -> Retirement {
    if ctx.fpscr & CONTROL == 0
        && let Some(result) = fast()
    {
        return deliver_fast(ctx, i, result);
    }
    let outcome = exact(ctx.fpscr);
    deliver(ctx, i, outcome)
}

/// Writes a result of the fast path, which is taken only if no exception is enabled.
#[inline(always)]
fn deliver_fast(ctx: &mut PpcContext, i: Instruction, result: Fast) -> Retirement {
    ctx.fpr[i.fd()] = result.bits;
    let old = ctx.fpscr & !(FPRF | FR | FI);
    // FX is six bits above XX.
    let fresh = (result.status & !old & XX) << (FX.trailing_zeros() - XX.trailing_zeros());
    ctx.fpscr = old | result.status | fresh;
    record(ctx, i);
    Retirement::Next
}

/// Writes the result of any outcome.
#[inline(never)]
pub(super) fn deliver(ctx: &mut PpcContext, i: Instruction, outcome: ExactResult) -> Retirement {
    let enabled = ctx.fpscr;
    let status = ctx.fpscr & !(FR | FI);
    ctx.fpscr = match outcome {
        ExactResult::Value(result) => {
            ctx.fpr[i.fd()] = result.bits;
            let status = status & !FPRF | result.class << FPRF_SHIFT | result.rounding;
            raise(status, result.exceptions)
        }
        // If trapped, these leave the target and FPRF unchanged.
        ExactResult::Invalid { exceptions, .. } if enabled & VE != 0 => raise(status, exceptions),
        ExactResult::ZeroDivide(_) if enabled & ZE != 0 => raise(status, ZX),
        ExactResult::Invalid { exceptions, bits } => {
            ctx.fpr[i.fd()] = bits;
            raise(status & !FPRF | class::QNAN << FPRF_SHIFT, exceptions)
        }
        ExactResult::ZeroDivide(result) => {
            ctx.fpr[i.fd()] = result.bits;
            raise(status & !FPRF | result.class << FPRF_SHIFT, ZX)
        }
    };
    finish(ctx, i)
}

/// Writes the result of a conversion to an integer: `Err` holds the VX* bits and the saturated
/// value.
///
/// FPRF is undefined after these; the hardware leaves it unchanged.
pub(super) fn deliver_integer(
    ctx: &mut PpcContext,
    i: Instruction,
    result: Result<(u64, u32), (u64, u32)>,
) -> Retirement {
    let status = ctx.fpscr & !(FR | FI);
    ctx.fpscr = match result {
        Ok((value, rounding)) => {
            ctx.fpr[i.fd()] = value;
            raise(status | rounding, if rounding & FI != 0 { XX } else { 0 })
        }
        Err((value, exceptions)) => {
            if status & VE == 0 {
                ctx.fpr[i.fd()] = value;
            }
            raise(status, exceptions)
        }
    };
    finish(ctx, i)
}

/// Writes the result of a comparison: the nibble goes to the CR field and to FPCC; the rest of FPRF
/// stays.
pub(super) fn deliver_comparison(
    ctx: &mut PpcContext,
    i: Instruction,
    nibble: u8,
    exceptions: u32,
) -> Retirement {
    ctx.cr[i.crfd()] = CrField::from_nibble(nibble);
    let status = ctx.fpscr & !FPCC | u32::from(nibble) << FPRF_SHIFT;
    ctx.fpscr = if exceptions == 0 { status } else { raise(status, exceptions) };
    // The low bit of a compare's word is not Rc.
    finish(ctx, Instruction(i.0 & !1))
}

/// Replaces FPSCR with `value`, and recomputes its summaries.
pub(super) fn set_status(ctx: &mut PpcContext, i: Instruction, value: u32) -> Retirement {
    ctx.fpscr = summarize(value);
    finish(ctx, i)
}
