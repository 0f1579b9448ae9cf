//! Ordinary results: the host's result and the sign of its error decide them in every mode, without
//! quadruple precision.
//!
//! A result is ordinary if it is zero or normal, does not overflow, and all values on the way
//! have exponents far from the ends of the range, so that the error is a double. The host rounds to
//! nearest; the error says on which side the exact value lies, which gives the value rounded toward
//! zero. From that, with a sticky last bit, a single is rounded once (53 ≥ 24 + 2).
//!
//! Quotients, roots and conversions refuse other operands before the host computes: it would raise
//! flags that the guest's MXCSR lacks, and a load of MXCSR that changes flags is slow.

use super::round::signed;
use super::{Arithmetic, BEYOND_SINGLE, SIGN, SoftFloatResult, mode};
use rustc_apfloat::Round;
use xenia_cpu::fpscr::{FI, FR, XX, class};
use xenia_host::float::fused_multiply_add;
use xenia_isa::Op;

/// Magnitudes whose products, and the errors of these, are normal: 2^-500 and 2^500.
const LEAST: f64 = f64::from_bits((1023 - 500) << 52);
const GREATEST: f64 = f64::from_bits((1023 + 500) << 52);
/// Singles below this one do not overflow when they are rounded.
const GREATEST_SINGLE: f64 = f64::from_bits((1023 + 127) << 52);
/// Magnitudes below it fit the integer.
const TWO_TO_62: f64 = f64::from_bits((1023 + 62) << 52);
const TWO_TO_30: f64 = f64::from_bits((1023 + 30) << 52);

/// A result rounded to nearest, and the exact result less this one, or a number of that sign.
#[derive(Clone, Copy)]
struct NearestResult {
    value: f64,
    error: f64,
}

fn is_moderate(value: f64) -> bool {
    (LEAST..=GREATEST).contains(&value.abs())
}

/// a + b (Knuth's TwoSum); the error is exact unless an intermediate result overflows.
fn sum(a: f64, b: f64) -> NearestResult {
    let value = a + b;
    let part = value - a;
    NearestResult { value, error: (a - (value - part)) + (b - part) }
}

fn product(a: f64, b: f64) -> Option<NearestResult> {
    let value = a * b;
    if a == 0.0 || b == 0.0 {
        return Some(NearestResult { value, error: 0.0 });
    }
    is_moderate(value).then(|| NearestResult { value, error: fused_multiply_add(a, b, -value) })
}

fn quotient(a: f64, b: f64) -> Option<NearestResult> {
    if !is_moderate(a) || !is_moderate(b) {
        return None;
    }
    let value = a / b;
    let rest = fused_multiply_add(-value, b, a);
    let error = if b < 0.0 { -rest } else { rest };
    is_moderate(value).then_some(NearestResult { value, error })
}

fn root(b: f64) -> Option<NearestResult> {
    if !is_moderate(b) || b < 0.0 {
        return None;
    }
    let value = b.sqrt();
    Some(NearestResult { value, error: fused_multiply_add(-value, value, b) })
}

/// a × c + b. Source of the error: Boldo and Muller, "Exact and Approximated Error of the FMA".
fn fused(a: f64, c: f64, b: f64) -> Option<NearestResult> {
    let product = product(a, c)?;
    if product.error == 0.0 {
        return Some(sum(product.value, b));
    }
    let value = fused_multiply_add(a, c, b);
    if !is_moderate(value) || !(is_moderate(b) || b == 0.0) {
        return None;
    }
    let low = sum(b, product.error);
    let high = sum(product.value, low.value);
    let error = ((high.value - value) + high.error) + low.error;
    Some(NearestResult { value, error })
}

fn from_integer(integer: i64) -> NearestResult {
    let value = integer as f64;
    let error = i128::from(integer) - value as i128;
    NearestResult { value, error: error as f64 }
}

impl Arithmetic {
    /// The outcome if it is ordinary. No operand is a NaN.
    pub(super) fn ordinary(&self, fpscr: u32) -> Option<SoftFloatResult> {
        use Op::*;
        let [a, b, c] = self.operands.map(f64::from_bits);
        let nearest = match self.op {
            faddx | faddsx => sum(a, b),
            fsubx | fsubsx => sum(a, -b),
            fmulx | fmulsx => product(a, c)?,
            fdivx | fdivsx => quotient(a, b)?,
            fmaddx | fmaddsx | fnmaddx | fnmaddsx => fused(a, c, b)?,
            fmsubx | fmsubsx | fnmsubx | fnmsubsx => fused(a, c, -b)?,
            fsqrtx | fsqrtsx => root(b)?,
            frspx => NearestResult { value: b, error: 0.0 },
            fcfidx => from_integer(self.operands[1].cast_signed()),
            _ => return None,
        };
        let result = rounded(nearest, self.is_single(), mode(fpscr))?;
        let negates = matches!(self.op, fnmaddx | fnmaddsx | fnmsubx | fnmsubsx);
        Some(if negates { result.negated() } else { result })
    }
}

/// A magnitude rounded toward zero to a format, as a double, and the part that is cut off.
#[derive(Clone, Copy)]
struct CutResult {
    bits: u64,
    /// The last place of the format.
    unit: u64,
    is_inexact: bool,
    /// Whether the next magnitude is the nearest one.
    nearest_is_up: bool,
}

impl NearestResult {
    fn cut(self) -> CutResult {
        let nearest = self.value.to_bits();
        let is_inexact = self.error != 0.0;
        // One step back if the host rounded away from zero.
        let bits = nearest - u64::from(is_inexact && (self.error < 0.0) != (self.value < 0.0));
        CutResult { bits, unit: 1, is_inexact, nearest_is_up: bits != nearest }
    }

    /// `None` if a single may not be normal.
    fn cut_to_single(self) -> Option<CutResult> {
        let CutResult { bits, is_inexact, .. } = self.cut();
        let is_normal = (f64::from(f32::MIN_POSITIVE)..GREATEST_SINGLE).contains(&f64::from_bits(bits).abs());
        let unit = BEYOND_SINGLE + 1;
        let rest = (bits | u64::from(is_inexact)) & BEYOND_SINGLE;
        let is_odd = u64::from(bits & unit != 0);
        is_normal.then_some(CutResult {
            bits: bits & !BEYOND_SINGLE,
            unit,
            is_inexact: rest != 0,
            // A tie goes to the even one.
            nearest_is_up: rest + is_odd > unit / 2,
        })
    }
}

/// Rounds to the format and mode, if the result is ordinary.
fn rounded(nearest: NearestResult, single: bool, round: Round) -> Option<SoftFloatResult> {
    let sign = nearest.value.to_bits() & SIGN;
    if nearest.value == 0.0 {
        // A sum that cancels is negative in one mode only.
        let zero = signed(sign, class::POSITIVE_ZERO, class::NEGATIVE_ZERO);
        return (round != Round::TowardNegative).then(|| SoftFloatResult::exact(sign, zero));
    }
    if !is_moderate(nearest.value) {
        return None;
    }
    let cut = if single { nearest.cut_to_single()? } else { nearest.cut() };
    let away = match round {
        Round::TowardZero => false,
        Round::TowardPositive => sign == 0,
        Round::TowardNegative => sign != 0,
        _ => cut.nearest_is_up,
    };
    let normal = signed(sign, class::POSITIVE_NORMAL, class::NEGATIVE_NORMAL);
    let mut result = SoftFloatResult::exact(cut.bits, normal);
    if cut.is_inexact {
        result.rounding = FI;
        result.exceptions = XX;
        if away {
            result.bits = Some(cut.bits + cut.unit);
            result.rounding |= FR;
        }
    }
    Some(result)
}

/// Converts a number to an integer of `width` bits, if its magnitude is below a quarter of the
/// range.
pub(super) fn integer(b: u64, width: usize, round: Round) -> Option<SoftFloatResult> {
    let value = f64::from_bits(b);
    let magnitude = value.abs();
    let limit = if width == 64 { TWO_TO_62 } else { TWO_TO_30 };
    if !value.is_finite() || magnitude >= limit {
        return None;
    }
    let whole = match round {
        Round::TowardZero => value.trunc(),
        Round::TowardPositive => value.ceil(),
        Round::TowardNegative => value.floor(),
        _ => value.round_ties_even(),
    };
    let mut rounding = 0;
    let mut exceptions = 0;
    if whole != value {
        rounding = if whole.abs() > magnitude { FI | FR } else { FI };
        exceptions = XX;
    }
    let bits = (whole as i64).cast_unsigned();
    Some(SoftFloatResult { bits: Some(bits), class: None, rounding, exceptions })
}
