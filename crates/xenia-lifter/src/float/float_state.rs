//! Lazy FPSCR: keeps FPSCR's status in the host's MXCSR and a pending operation while compiled code
//! runs.
//!
//! The sticky exception bits of scalar arithmetic accumulate in MXCSR; FPRF, FR and FI are those of
//! the last operation, which is recorded in `PpcContext::fp_lazy`. [`materialize_fpscr`] folds both
//! into `PpcContext::fpscr`, which is exact afterwards. MXCSR may keep flags that FPSCR has, so
//! code that clears exceptions in FPSCR must clear all flags in MXCSR first.
//!
//! `soft_float` evaluates the pending operation without the host's result. An operation is pending
//! only in default mode: rounding to nearest even, no exceptions enabled. In any other mode all
//! operations run in software, which updates FPSCR at once.
//!
//! ```text
//!  fp_lazy.op   63..56   55..48          47..40         39..32   31..0
//!               0        1<<4|FR<<1|FI   1<<4|FPCC      0        operation
//! ```
//! A part that is not present is zero. Parts further left are newer. An operation ([`pending`]) is
//! positive as a number of 32 bits, so that x86-64 stores it by one instruction.

use crate::float::soft_float::{self, SoftFloatResult};
use crate::float::soft_single;
use crate::host::Word;
use xenia_cpu::fpscr::*;
use xenia_cpu::{FpLazy, PpcContext};
use xenia_isa::{Instruction, Op, decode};

/// MXCSR with the modes that Rust expects (round to nearest, all exceptions masked), and no flags.
/// MXCSR's word is how the crate writes a floating-point state; other processors translate it
/// ([`crate::arch::float`]).
pub const DEFAULT_MXCSR: u32 = 0x1F80;
/// MXCSR's flush-to-zero and denormals-are-zeros.
pub const FLUSH_DENORMALS: u32 = 0x8040;
/// The exception flags of MXCSR.
pub const FLAGS: u32 = 0x3F;
/// MXCSR's flags with the exceptions of FPSCR that they are: zero divide, overflow, underflow,
/// inexact. The other two are invalid operations, which software decides, and denormal operands.
const HOST_EXCEPTIONS: [(u32, u32); 4] = [(0x04, ZX), (0x08, OX), (0x10, UX), (0x20, XX)];
/// `fp_lazy.op`: an operation is pending.
pub const PENDING: u64 = 1 << 26;
/// Bits that are set in the words of all operations, as [`PENDING`] is: their primary opcode is 59
/// or 63. Three of them are free for the marks of singles.
const COMMON: u64 = 0xE800_0000;
/// Marks the byte for FPCC, and that for FR and FI, as present.
pub const PRESENT: u8 = 0x10;
/// The byte of `fp_lazy.op` for FPCC; byte 0 is the least significant.
pub const FPCC_BYTE: i32 = 5;
/// The byte of `fp_lazy.op` for FR and FI.
pub const ROUNDING_BYTE: i32 = 6;

/// The value of `fp_lazy.op` for an instruction word with marks of singles as for [`operands`].
#[must_use]
pub const fn pending(word: u64) -> u32 {
    let singles = word >> 33;
    // Bits 27, 29 and 30: bit 31 stays clear, which keeps the word positive.
    let marks = (singles & 1) << 27 | (singles & 6) << 28;
    (word & !COMMON | marks) as u32
}

/// Inverse of [`pending`].
const fn operation(op: u64) -> u64 {
    let singles = op >> 27 & 1 | op >> 28 & 6;
    singles << 33 | COMMON | op & 0xFFFF_FFFF & !COMMON
}

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
    let exceptions = host_exceptions(flags);
    if exceptions != 0 && ctx.fpscr & CONTROL == 0 {
        ctx.fpscr = raise(ctx.fpscr, exceptions);
    }
}

/// The FPSCR exceptions of MXCSR's flags, by [`HOST_EXCEPTIONS`].
fn host_exceptions(flags: u32) -> u32 {
    let raised = HOST_EXCEPTIONS.into_iter().filter(|&(flag, _)| flags & flag != 0);
    raised.fold(0, |exceptions, (_, bit)| exceptions | bit)
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
    // VX, OX, UX, ZX and XX lie 22 bits above their enables.
    if out >> 22 & out & 0xF8 != 0 {
        out |= FEX;
    }
    out
}

fn materialize(mut fpscr: u32, lazy: FpLazy) -> u32 {
    let word = operation(lazy.op);
    if lazy.op & PENDING != 0
        && fpscr & CONTROL == 0
        && let Some(op) = decode(word as u32)
        && let Some(SoftFloatResult { class: Some(class), rounding, .. }) =
            soft_float::compute(op, operands(word, [lazy.a, lazy.b, lazy.c]), fpscr)
    {
        fpscr = fpscr & !(FPRF | FR | FI) | class << 12 | rounding;
    }
    let [compare, rounding] = [FPCC_BYTE, ROUNDING_BYTE].map(|byte| (lazy.op >> (8 * byte)) as u8);
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
pub fn perform_single(ctx: &mut PpcContext, op: Op, operands: [u64; 3]) -> Option<u64> {
    let (bits, exceptions) = soft_single::nearest(op, operands)?;
    ctx.fpscr = raise(ctx.fpscr, exceptions);
    Some(bits)
}

/// Executes a floating-point instruction, whose row is `op`, in software. Returns the target's new
/// value, or the nibble of a compare, which also goes to FPCC. In default mode older operations may
/// be pending, and the caller must record this one for FPRF, FR and FI; in other modes FPSCR is
/// exact before and after.
pub fn perform(ctx: &mut PpcContext, i: Instruction, op: Option<Op>, operands: [u64; 3]) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_operation_is_positive_and_is_read_back() {
        // fadds, fmadd, and the first and last words.
        for word in [0xEC22_182A_u64, 0xFC22_193A, 0xEC00_0000, 0xEFFF_FFFF, 0xFC00_0000, 0xFFFF_FFFF] {
            for singles in 0..8_u64 {
                let word = singles << 33 | word;
                let op = pending(word);
                assert!(op.cast_signed() > 0 && u64::from(op) & PENDING != 0, "{word:x}: {op:x}");
                assert_eq!(operation(op.into()), word);
                let newer = u64::from(PRESENT | 3) << 40 | u64::from(PRESENT | 1) << 48;
                assert_eq!(operation(newer | u64::from(op)), word, "parts that are newer");
            }
        }
    }
}
