//! Lazy FPSCR: keeps FPSCR's status in the host's MXCSR and a pending operation while compiled code
//! runs.
//!
//! The sticky exception bits of scalar arithmetic accumulate in MXCSR; FPRF, FR and FI are those of
//! the last operation, which is recorded in `PpcContext::fp_lazy`. [`materialize_fpscr`] folds both
//! into `PpcContext::fpscr`, which is exact afterwards.
//!
//! `soft_float` evaluates the pending operation without the host's result. An operation is pending
//! only in default mode: rounding to nearest even, no exceptions enabled. In any other mode all
//! operations run in software, which updates FPSCR at once.
//!
//! ```text
//!  fp_lazy.op   63..56   55..48          47..40         39..32   31..0
//!               0        1<<4|FR<<1|FI   1<<4|FPCC      1        instruction
//! ```
//! A part that is not present is zero. Parts further left are newer.

use crate::float::soft_float::{self, SoftFloatResult};
use crate::float::soft_single;
use crate::host::Word;
use xenia_cpu::fpscr::*;
use xenia_cpu::{FpLazy, PpcContext};
use xenia_isa::{Instruction, Op, decode};

/// MXCSR as Rust expects it: round to nearest, all exceptions masked, no flags set. MXCSR's word is
/// how the crate writes a floating-point state; other processors translate it
/// ([`crate::arch::float`]).
pub const DEFAULT_MXCSR: u32 = 0x1F80;
/// MXCSR's flush-to-zero and denormals-are-zeros.
pub const FLUSH_DENORMALS: u32 = 0x8040;
/// The exception flags of MXCSR.
pub const FLAGS: u32 = 0x3F;
/// `fp_lazy.op`: an operation is pending.
pub const PENDING: u64 = 1 << 32;
/// Marks the byte for FPCC, and that for FR and FI, as present.
pub const PRESENT: u8 = 0x10;

/// The operands as doubles; bits 33 to 35 of `word` mark those that are singles.
#[inline]
pub fn operands(word: u64, operands: [u64; 3]) -> [u64; 3] {
    std::array::from_fn(|n| {
        let bits = operands[n];
        if word >> (33 + n) & 1 != 0 { soft_single::widened(bits as u32) } else { bits }
    })
}

/// Makes `ctx.fpscr` exact. `mxcsr` is the guest code's; its flags are cleared.
#[inline]
pub fn materialize_fpscr(ctx: &mut PpcContext, mxcsr: &mut u32) {
    materialize_exceptions(ctx, mxcsr);
    if ctx.fp_lazy.op != 0 {
        let lazy = std::mem::take(&mut ctx.fp_lazy);
        ctx.fpscr = materialize(ctx.fpscr, lazy);
    }
}

/// Makes the exception bits of `ctx.fpscr` exact, with FX, FEX and VX.
#[inline]
pub fn materialize_exceptions(ctx: &mut PpcContext, mxcsr: &mut u32) {
    let mut flags = ctx.host[Word::ScalarFlags as usize] as u32;
    ctx.host[Word::ScalarFlags as usize] = 0;
    if ctx.host[Word::VectorMode as usize] == 0 {
        flags |= *mxcsr & FLAGS;
        *mxcsr &= !FLAGS;
    }
    // In controlled mode software has already updated FPSCR, and flags of other host operations are
    // meaningless.
    if flags & 0x3C != 0 && ctx.fpscr & CONTROL == 0 {
        ctx.fpscr = raise(ctx.fpscr, host_exceptions(flags));
    }
}

/// The FPSCR exceptions of MXCSR's flags. Invalid operations are never among them, since software
/// decides them.
fn host_exceptions(flags: u32) -> u32 {
    let pairs = [(0x04, ZX), (0x08, OX), (0x10, UX), (0x20, XX)];
    pairs.into_iter().filter(|&(flag, _)| flags & flag != 0).fold(0, |raised, (_, bit)| raised | bit)
}

/// Sets exception bits, and FX if one of them was clear.
fn raise(fpscr: u32, exceptions: u32) -> u32 {
    let fresh = exceptions & !fpscr & EXCEPTIONS != 0;
    summarize(fpscr | exceptions | if fresh { FX } else { 0 })
}

/// Recomputes VX and FEX from the other bits.
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
        && let Some(SoftFloatResult { class: Some(class), rounding, .. }) =
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

/// Executes a single-precision instruction that inline code did not decide, if it is an ordinary
/// case. For default mode only. The caller must record the operation as pending, and MXCSR holds
/// the flags of the host's attempt.
pub fn perform_single(ctx: &mut PpcContext, i: Instruction, operands: [u64; 3]) -> Option<u64> {
    let (bits, exceptions) = soft_single::nearest(decode(i.0)?, operands)?;
    ctx.fpscr = raise(ctx.fpscr, exceptions);
    Some(bits)
}

/// Executes a floating-point instruction in software. Returns the target's new value, or the nibble
/// of a compare, which also goes to FPCC. In default mode older operations may be pending, and the
/// caller must record this one for FPRF, FR and FI; in other modes FPSCR is exact before and after.
pub fn perform(ctx: &mut PpcContext, i: Instruction, operands: [u64; 3]) -> u64 {
    let op = decode(i.0);
    let fpscr = ctx.fpscr;
    if let Some(op @ (Op::fcmpo | Op::fcmpu)) = op {
        let (nibble, exceptions) = soft_float::compare(op, operands[0], operands[1], fpscr);
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
