//! FPSCR between compiled code and everybody else.
//!
//! While compiled code runs, the sticky exception bits of scalar arithmetic pile up in the host's
//! MXCSR, and FPRF, FR and FI of the last operation wait in `PpcContext::fp_lazy`. [`settle`] folds
//! both into `PpcContext::fpscr`, which is exact afterwards.
//!
//! The pending operation is evaluated by `soft_float`, which knows nothing of what the host
//! computed. It pends only where arithmetic is plain: nearest even, nothing enabled. Otherwise
//! every operation is done in software and FPSCR is exact at once.
//!
//! ```text
//!  fp_lazy.op   63..56   55..48          47..40         39..32   31..0
//!               0        1<<4|FR<<1|FI   1<<4|FPCC      1        instruction
//! ```
//! Each part is there or zero; what lies further left came later.

use crate::host::Word;
use crate::soft_float::{self, Outcome};
use crate::soft_single;
use xenia_cpu::fpscr::*;
use xenia_cpu::{FpLazy, PpcContext};
use xenia_isa::{Instruction, Op, decode};

/// Exception flags of MXCSR.
pub(crate) const FLAGS: u32 = 0x3F;
/// `fp_lazy.op`: an operation is pending.
pub(crate) const PENDING: u64 = 1 << 32;
/// In the byte for FPCC and in that for FR and FI: it has a value.
pub(crate) const PRESENT: u8 = 0x10;

/// `operands` as doubles, of which bits 33 to 35 of `word` say that they are singles.
pub(crate) fn operands(word: u64, operands: [u64; 3]) -> [u64; 3] {
    std::array::from_fn(|n| {
        let bits = operands[n];
        if word >> (33 + n) & 1 != 0 { soft_single::widened(bits as u32) } else { bits }
    })
}

/// Makes `ctx.fpscr` exact. `mxcsr` is guest code's, whose flags are cleared.
pub(crate) fn settle(ctx: &mut PpcContext, mxcsr: &mut u32) {
    settle_exceptions(ctx, mxcsr);
    if ctx.fp_lazy.op != 0 {
        let lazy = std::mem::take(&mut ctx.fp_lazy);
        ctx.fpscr = materialize(ctx.fpscr, lazy);
    }
}

/// Makes the exception bits of `ctx.fpscr` exact, and so FX, FEX and VX.
pub(crate) fn settle_exceptions(ctx: &mut PpcContext, mxcsr: &mut u32) {
    let mut flags = ctx.host[Word::ScalarFlags as usize] as u32;
    ctx.host[Word::ScalarFlags as usize] = 0;
    if ctx.host[Word::VectorMode as usize] == 0 {
        flags |= *mxcsr & FLAGS;
        *mxcsr &= !FLAGS;
    }
    // Where arithmetic is not plain, software has told FPSCR all, and what the host did beside it
    // counts for nothing.
    if flags & 0x3C != 0 && ctx.fpscr & CONTROL == 0 {
        ctx.fpscr = raise(ctx.fpscr, host_exceptions(flags));
    }
}

/// The exceptions that MXCSR's flags stand for. Invalid operations never come this way: they are
/// decided in software.
fn host_exceptions(flags: u32) -> u32 {
    let pairs = [(0x04, ZX), (0x08, OX), (0x10, UX), (0x20, XX)];
    pairs.into_iter().filter(|&(flag, _)| flags & flag != 0).fold(0, |raised, (_, bit)| raised | bit)
}

/// Sets exception bits; FX follows if one of them was clear.
fn raise(fpscr: u32, exceptions: u32) -> u32 {
    let fresh = exceptions & !fpscr & EXCEPTIONS != 0;
    summarize(fpscr | exceptions | if fresh { FX } else { 0 })
}

/// VX and FEX from the other bits.
fn summarize(fpscr: u32) -> u32 {
    let mut out = fpscr & !(VX | FEX);
    if out & INVALID != 0 {
        out |= VX;
    }
    if out >> 22 & out & 0xF8 != 0 {
        out |= FEX;
    }
    out
}

fn materialize(mut fpscr: u32, lazy: FpLazy) -> u32 {
    if lazy.op & PENDING != 0
        && fpscr & CONTROL == 0
        && let Some(op) = decode(lazy.op as u32)
        && let Some(Outcome { class: Some(class), rounding, .. }) =
            soft_float::compute(op, operands(lazy.op, [lazy.a, lazy.b, lazy.c]), fpscr)
    {
        fpscr = fpscr & !(FPRF | FR | FI) | class << 12 | rounding;
    }
    let [compare, rounding] = [(lazy.op >> 40) as u8, (lazy.op >> 48) as u8];
    if compare & PRESENT != 0 {
        fpscr = fpscr & !FPCC | u32::from(compare & 15) << 12;
    }
    if rounding & PRESENT != 0 {
        fpscr = fpscr & !(FR | FI) | u32::from(rounding & 3) << 17;
    }
    fpscr
}

/// Does a single-precision instruction that inline code did not decide, if it is an ordinary case.
/// Arithmetic is plain; FPSCR has to be owed the operation, and what the host told about it in
/// MXCSR.
pub(crate) fn perform_single(ctx: &mut PpcContext, i: Instruction, operands: [u64; 3]) -> Option<u64> {
    let (bits, exceptions) = soft_single::nearest(decode(i.0)?, operands)?;
    ctx.fpscr = raise(ctx.fpscr, exceptions);
    Some(bits)
}

/// Does a floating-point instruction in software. Gives the target's new value, or the nibble of a
/// compare, which goes to FPCC as well. Where arithmetic is plain, FPSCR may be owed older
/// operations, and FPRF, FR and FI have to be owed this one; otherwise FPSCR is exact before and
/// after.
pub(crate) fn perform(ctx: &mut PpcContext, i: Instruction, operands: [u64; 3]) -> u64 {
    let op = decode(i.0);
    let fpscr = ctx.fpscr;
    if let Some(op @ (Op::fcmpo | Op::fcmpu)) = op {
        let (nibble, exceptions) = soft_float::compare(operands[0], operands[1], op == Op::fcmpo, fpscr);
        ctx.fpscr = raise(fpscr & !FPCC | u32::from(nibble) << 12, exceptions);
        return u64::from(nibble);
    }
    let Some(outcome) = op.and_then(|op| soft_float::compute(op, operands, fpscr)) else {
        return ctx.fpr[i.fd()];
    };
    let mut status = fpscr & !(FR | FI) | outcome.rounding;
    if let Some(class) = outcome.class {
        status = status & !FPRF | class << 12;
    }
    ctx.fpscr = raise(status, outcome.exceptions);
    outcome.bits.unwrap_or(ctx.fpr[i.fd()])
}
