//! FPSCR between compiled code and everybody else.
//!
//! While compiled code runs, the sticky exception bits of scalar arithmetic pile up in the host's
//! MXCSR, and FPRF, FR and FI of the last operation wait in `PpcContext::fp_lazy`. [`settle`] folds both into
//! `PpcContext::fpscr`, which is exact afterwards.
//!
//! The pending operation is evaluated by `rustc_apfloat`: exactly enough in quadruple precision (truncated, with a
//! sticky bit), then rounded twice, to nearest and toward zero. They differ where the magnitude was
//! increased (FR). The interpreter's arithmetic has no part in it.
//!
//! ```text
//!  fp_lazy.op   63..56   55..48          47..40         39..32   31..0
//!               0        1<<4|FR<<1|FI   1<<4|FPCC      1        instruction
//! ```
//! Each part is there or zero; what lies further left came later.

use crate::host::Word;
use rustc_apfloat::ieee::{Double, Quad, Single};
use rustc_apfloat::{Float, FloatConvert, Round, Status};
use xenia_cpu::{FpLazy, PpcContext};
use xenia_isa::{Instruction, Op, decode};

/// Exception flags of MXCSR.
pub(crate) const FLAGS: u32 = 0x3F;
/// `fp_lazy.op`: an operation is pending.
pub(crate) const PENDING: u64 = 1 << 32;
/// In the byte for FPCC and in that for FR and FI: it has a value.
pub(crate) const PRESENT: u8 = 0x10;

const FX: u32 = 1 << 31;
const FEX: u32 = 1 << 30;
const VX: u32 = 1 << 29;
const OX: u32 = 1 << 28;
const UX: u32 = 1 << 27;
const ZX: u32 = 1 << 26;
const XX: u32 = 1 << 25;
const FR: u32 = 1 << 18;
const FI: u32 = 1 << 17;
const FPRF: u32 = 0x1F << 12;
const FPCC: u32 = 0xF << 12;
/// Every VX* bit.
const INVALID: u32 = 0x01F8_0700;

/// Makes `ctx.fpscr` exact. `mxcsr` is guest code's, whose flags are cleared.
pub(crate) fn settle(ctx: &mut PpcContext, mxcsr: &mut u32) {
    let mut flags = ctx.host[Word::ScalarFlags as usize] as u32;
    ctx.host[Word::ScalarFlags as usize] = 0;
    if ctx.host[Word::VectorMode as usize] == 0 {
        flags |= *mxcsr & FLAGS;
        *mxcsr &= !FLAGS;
    }
    if flags & 0x3C != 0 {
        raise(ctx, flags);
    }
    if ctx.fp_lazy.op != 0 {
        let lazy = std::mem::take(&mut ctx.fp_lazy);
        ctx.fpscr = materialize(ctx.fpscr, lazy);
    }
}

/// Folds MXCSR's sticky flags. Invalid operations never come this way: they are decided exactly.
fn raise(ctx: &mut PpcContext, flags: u32) {
    let mut raised = 0;
    for (flag, bit) in [(0x04, ZX), (0x08, OX), (0x10, UX), (0x20, XX)] {
        if flags & flag != 0 {
            raised |= bit;
        }
    }
    let mut fpscr = ctx.fpscr;
    if raised & !fpscr != 0 {
        fpscr |= FX;
    }
    ctx.fpscr = summarize(fpscr | raised);
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
        && let Some((class, rounding)) = evaluate(lazy)
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

/// FPRF, and FR with FI, of a pending operation.
fn evaluate(lazy: FpLazy) -> Option<(u32, u32)> {
    let op = decode(Instruction(lazy.op as u32).0)?;
    let [a, b, c] = [lazy.a, lazy.b, lazy.c].map(Double::from_bits_of);
    let [a, b, c] = [a, b, c].map(quad);
    let (value, single) = match op {
        Op::faddx => (truncated(|r| a.add_r(b, r)), false),
        Op::faddsx => (truncated(|r| a.add_r(b, r)), true),
        Op::fsubx => (truncated(|r| a.sub_r(b, r)), false),
        Op::fsubsx => (truncated(|r| a.sub_r(b, r)), true),
        Op::fmulx => (truncated(|r| a.mul_r(c, r)), false),
        Op::fmulsx => (truncated(|r| a.mul_r(c, r)), true),
        Op::fdivx => (truncated(|r| a.div_r(b, r)), false),
        Op::fdivsx => (truncated(|r| a.div_r(b, r)), true),
        Op::fmaddx | Op::fnmaddx => (truncated(|r| a.mul_add_r(c, b, r)), false),
        Op::fmaddsx | Op::fnmaddsx => (truncated(|r| a.mul_add_r(c, b, r)), true),
        Op::fmsubx | Op::fnmsubx => (truncated(|r| a.mul_add_r(c, -b, r)), false),
        Op::fmsubsx | Op::fnmsubsx => (truncated(|r| a.mul_add_r(c, -b, r)), true),
        Op::frspx => (b, true),
        Op::fcfidx => (truncated(|r| Quad::from_i128_r(i128::from(lazy.b as i64), r)), false),
        Op::fsqrtx => (root(f64::from_bits(lazy.b)), false),
        Op::fsqrtsx => (root(f64::from_bits(lazy.b)), true),
        _ => return None,
    };
    let (class, rounding) = if single { rounded::<Single>(value) } else { rounded::<Double>(value) };
    // A NaN has no sign in FPRF, and a negated result keeps FR and FI.
    let negated = matches!(op, Op::fnmaddx | Op::fnmaddsx | Op::fnmsubx | Op::fnmsubsx);
    Some((if negated { negate(class) } else { class }, rounding))
}

/// A value rounded toward zero in quadruple precision, its last bit made sticky.
pub(crate) fn truncated(of: impl FnOnce(Round) -> rustc_apfloat::StatusAnd<Quad>) -> Quad {
    let result = of(Round::TowardZero);
    if result.status.contains(Status::INEXACT) && result.value.is_finite_non_zero() {
        return Quad::from_bits(result.value.to_bits() | 1);
    }
    result.value
}

fn quad(value: Double) -> Quad {
    value.convert(&mut false).value
}

/// Class of `value` rounded to nearest in `F`, and FR with FI.
fn rounded<F: Float>(value: Quad) -> (u32, u32)
where
    Quad: FloatConvert<F>,
{
    let nearest: rustc_apfloat::StatusAnd<F> = value.convert_r(Round::NearestTiesToEven, &mut false);
    let truncated: rustc_apfloat::StatusAnd<F> = value.convert_r(Round::TowardZero, &mut false);
    let mut rounding = 0;
    if value.is_finite() && nearest.status.contains(Status::INEXACT) {
        rounding |= FI;
        if nearest.value.to_bits() != truncated.value.to_bits() {
            rounding |= FR;
        }
    }
    (class_of(nearest.value), rounding)
}

fn class_of<F: Float>(value: F) -> u32 {
    let negative = value.is_negative();
    match () {
        () if value.is_nan() => 0x11,
        () if value.is_infinite() => {
            if negative {
                0x09
            } else {
                0x05
            }
        }
        () if value.is_zero() => {
            if negative {
                0x12
            } else {
                0x02
            }
        }
        () if value.is_denormal() => {
            if negative {
                0x18
            } else {
                0x14
            }
        }
        () => {
            if negative {
                0x08
            } else {
                0x04
            }
        }
    }
}

fn negate(class: u32) -> u32 {
    match class {
        0x09 => 0x05,
        0x05 => 0x09,
        0x12 => 0x02,
        0x02 => 0x12,
        0x18 => 0x14,
        0x14 => 0x18,
        0x08 => 0x04,
        0x04 => 0x08,
        other => other,
    }
}

/// The square root of a double, with a sticky last bit: the square of the root rounded to a double tells on
/// which side the exact root lies.
fn root(b: f64) -> Quad {
    let root = b.sqrt();
    let [value, b] = [root, b].map(|v| quad(Double::from_bits_of(v.to_bits())));
    if !value.is_finite_non_zero() {
        return value;
    }
    // 2 × 53 bits fit into quadruple precision.
    let square = value.mul_r(value, Round::TowardZero).value;
    match square.partial_cmp(&b) {
        Some(std::cmp::Ordering::Less) => Quad::from_bits(value.to_bits() | 1),
        Some(std::cmp::Ordering::Greater) => Quad::from_bits(value.to_bits() - 1),
        _ => value,
    }
}

trait FromBitsOf {
    fn from_bits_of(bits: u64) -> Self;
}

impl FromBitsOf for Double {
    fn from_bits_of(bits: u64) -> Self {
        Self::from_bits(u128::from(bits))
    }
}
