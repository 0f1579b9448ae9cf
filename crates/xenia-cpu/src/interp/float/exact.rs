//! Exact arithmetic on any operands: the slow path, correct for every mode, trap and special value.
//!
//! Each operation checks NaNs first (frA, then frB, then frC; PowerISA 2.02 book I, 4.3.2), then
//! the invalid combinations of 4.4.1, then computes an exact [`Magnitude`] and rounds it once.

use super::fpscr::{VXIDI, VXIMZ, VXISI, VXSNAN, VXSQRT, VXZDZ, class};
use super::round::{FloatFormat, Magnitude, Rounded, infinity, round, shift_right_jam, zero, zero_sum_sign};

/// The NaN that invalid operations generate.
pub(crate) const DEFAULT_NAN: u64 = 0x7FF8_0000_0000_0000;
pub(super) const SIGN: u64 = 1 << 63;
const QUIET: u64 = 1 << 51;
const EXPONENT: u64 = 0x7FF << 52;

/// The outcome of an arithmetic operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExactResult {
    /// A result that is always written.
    Value(Rounded),
    /// An invalid operation: VX* bits, and the NaN that is written unless trapped.
    Invalid { exceptions: u32, bits: u64 },
    /// A zero divide, and the infinity that is written unless trapped.
    ZeroDivide(Rounded),
}

/// An unpacked operand that is not a NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Zero(bool),
    Infinity(bool),
    /// Any other number.
    Finite(Magnitude),
}

impl Number {
    pub(crate) const fn sign(self) -> bool {
        match self {
            Self::Zero(sign) | Self::Infinity(sign) => sign,
            Self::Finite(value) => value.sign,
        }
    }
}

#[inline]
pub(crate) const fn is_nan(bits: u64) -> bool {
    bits & !SIGN > EXPONENT
}

#[inline]
pub(crate) const fn is_signalling(bits: u64) -> bool {
    is_nan(bits) && bits & QUIET == 0
}

/// Unpacks an operand that is not a NaN.
pub(crate) fn unpack(bits: u64) -> Number {
    let sign = bits & SIGN != 0;
    let fraction = bits & ((1 << 52) - 1);
    let exponent = (bits >> 52 & 0x7FF) as i32;
    match exponent {
        0 if fraction == 0 => Number::Zero(sign),
        0 => {
            let up = fraction.leading_zeros();
            // The fraction's lowest bit weighs 2^-1074; its leading one is bit 63 - `up`.
            Number::Finite(Magnitude { sign, exp: -1011 - up as i32, sig: u128::from(fraction << up) << 64 })
        }
        0x7FF => Number::Infinity(sign),
        _ => Number::Finite(Magnitude {
            sign,
            exp: exponent - 1023,
            sig: u128::from(fraction << 11 | 1 << 63) << 64,
        }),
    }
}

/// The result if any operand is a NaN; `operands` in the order of precedence.
pub(crate) fn nan_result(operands: &[u64], also: u32) -> Option<ExactResult> {
    let first = *operands.iter().find(|bits| is_nan(**bits))?;
    let bits = first | QUIET;
    let signalling = operands.iter().any(|bits| is_signalling(*bits));
    let exceptions = also | if signalling { VXSNAN } else { 0 };
    Some(if exceptions == 0 {
        ExactResult::Value(Rounded::exact(bits, class::QNAN))
    } else {
        ExactResult::Invalid { exceptions, bits }
    })
}

const fn invalid(exceptions: u32) -> ExactResult {
    ExactResult::Invalid { exceptions, bits: DEFAULT_NAN }
}

/// The exact sum of two values; `Err` with the sign if it is zero.
fn sum(a: Magnitude, b: Magnitude, fpscr: u32) -> Result<Magnitude, bool> {
    let (high, low) = if (a.exp, a.sig) >= (b.exp, b.sig) { (a, b) } else { (b, a) };
    // One bit of headroom. Products have 106 bits, so no significant bit is lost: after a shift by
    // two or more at most one leading bit cancels, and the sticky bit stays far below rounding.
    let x = high.sig >> 1;
    let y = shift_right_jam(low.sig >> 1, high.exp.abs_diff(low.exp));
    let total = if a.sign == b.sign { x + y } else { x - y };
    if total == 0 {
        return Err(zero_sum_sign([a.sign, b.sign], fpscr));
    }
    let up = total.leading_zeros();
    Ok(Magnitude { sign: high.sign, exp: high.exp + 1 - up as i32, sig: total << up })
}

fn rounded_sum(a: Magnitude, b: Magnitude, format: FloatFormat, fpscr: u32) -> Rounded {
    match sum(a, b, fpscr) {
        Ok(value) => round(value, format, fpscr),
        Err(sign) => zero(sign),
    }
}

/// frA + frB.
#[cold]
#[inline(never)]
pub(crate) fn add(a: u64, b: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    nan_result(&[a, b], 0).unwrap_or_else(|| add_numbers(a, b, format, fpscr))
}

/// frA − frB; a NaN keeps its sign.
#[cold]
#[inline(never)]
pub(crate) fn subtract(a: u64, b: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    nan_result(&[a, b], 0).unwrap_or_else(|| add_numbers(a, b ^ SIGN, format, fpscr))
}

fn add_numbers(a: u64, b: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    ExactResult::Value(match (unpack(a), unpack(b)) {
        (Number::Infinity(x), Number::Infinity(y)) if x != y => return invalid(VXISI),
        (Number::Infinity(sign), _) | (_, Number::Infinity(sign)) => infinity(sign),
        (Number::Zero(x), Number::Zero(y)) => zero(zero_sum_sign([x, y], fpscr)),
        (Number::Finite(x), Number::Zero(_)) | (Number::Zero(_), Number::Finite(x)) => {
            round(x, format, fpscr)
        }
        (Number::Finite(x), Number::Finite(y)) => rounded_sum(x, y, format, fpscr),
    })
}

/// The exact product of two values of at most 64 bits.
fn product(a: Magnitude, b: Magnitude) -> Magnitude {
    let sig = (a.sig >> 64) * (b.sig >> 64);
    let up = sig.leading_zeros();
    Magnitude { sign: a.sign != b.sign, exp: a.exp + b.exp + 1 - up as i32, sig: sig << up }
}

/// frA × frC.
#[cold]
#[inline(never)]
pub(crate) fn multiply(a: u64, c: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    if let Some(nan) = nan_result(&[a, c], 0) {
        return nan;
    }
    let a = unpack(a);
    let c = unpack(c);
    let sign = a.sign() != c.sign();
    ExactResult::Value(match (a, c) {
        (Number::Infinity(_), Number::Zero(_)) | (Number::Zero(_), Number::Infinity(_)) => {
            return invalid(VXIMZ);
        }
        (Number::Infinity(_), _) | (_, Number::Infinity(_)) => infinity(sign),
        (Number::Zero(_), _) | (_, Number::Zero(_)) => zero(sign),
        (Number::Finite(x), Number::Finite(y)) => round(product(x, y), format, fpscr),
    })
}

/// frA ÷ frB.
#[cold]
#[inline(never)]
pub(crate) fn divide(a: u64, b: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    if let Some(nan) = nan_result(&[a, b], 0) {
        return nan;
    }
    let a = unpack(a);
    let b = unpack(b);
    let sign = a.sign() != b.sign();
    ExactResult::Value(match (a, b) {
        (Number::Infinity(_), Number::Infinity(_)) => return invalid(VXIDI),
        (Number::Zero(_), Number::Zero(_)) => return invalid(VXZDZ),
        (Number::Finite(_), Number::Zero(_)) => return ExactResult::ZeroDivide(infinity(sign)),
        (Number::Infinity(_), _) => infinity(sign),
        (Number::Zero(_), _) | (_, Number::Infinity(_)) => zero(sign),
        (Number::Finite(x), Number::Finite(y)) => {
            // Halved, so that the quotient has 63 or 64 bits. The lower 64 bits of both are 0.
            let numerator = x.sig >> 1;
            let denominator = y.sig >> 64;
            let quotient = numerator / denominator;
            let up = quotient.leading_zeros();
            let sticky = u128::from(numerator % denominator != 0);
            let exp = x.exp - y.exp + 64 - up as i32;
            round(Magnitude { sign, exp, sig: quotient << up | sticky }, format, fpscr)
        }
    })
}

/// The square root of frB.
#[cold]
#[inline(never)]
pub(crate) fn square_root(b: u64, format: FloatFormat, fpscr: u32) -> ExactResult {
    if let Some(nan) = nan_result(&[b], 0) {
        return nan;
    }
    ExactResult::Value(match unpack(b) {
        Number::Zero(sign) => zero(sign),
        Number::Finite(Magnitude { sign: true, .. }) | Number::Infinity(true) => return invalid(VXSQRT),
        Number::Infinity(false) => infinity(false),
        Number::Finite(x) => {
            // The exponent must be even to be halved; either way the root has 64 bits.
            let radicand = if x.exp & 1 != 0 { x.sig } else { x.sig >> 1 };
            let root = radicand.isqrt();
            let sticky = u128::from(root * root != radicand);
            let exp = x.exp >> 1;
            round(Magnitude { sign: false, exp, sig: root << 64 | sticky }, format, fpscr)
        }
    })
}

/// Operations of the multiply-add family, each with one rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fused {
    /// frA × frC + frB.
    Madd,
    /// frA × frC − frB.
    Msub,
    /// The negated result of [`Self::Madd`].
    Nmadd,
    /// The negated result of [`Self::Msub`].
    Nmsub,
}

impl Fused {
    /// Whether frB is subtracted.
    pub(crate) const fn subtracts(self) -> bool {
        matches!(self, Self::Msub | Self::Nmsub)
    }

    /// Whether the sign of the rounded result is inverted.
    pub(crate) const fn negates(self) -> bool {
        matches!(self, Self::Nmadd | Self::Nmsub)
    }
}

/// An operation of the multiply-add family on `[frA, frC, frB]`.
#[cold]
#[inline(never)]
pub(crate) fn multiply_add(
    operation: Fused,
    [a, c, b]: [u64; 3],
    format: FloatFormat,
    fpscr: u32,
) -> ExactResult {
    let is_infinite = |bits: u64| bits & !SIGN == EXPONENT;
    let is_zero = |bits: u64| !is_nan(bits) && matches!(unpack(bits), Number::Zero(_));
    let zero_times_infinity = is_infinite(a) && is_zero(c) || is_zero(a) && is_infinite(c);
    let imz = if zero_times_infinity { VXIMZ } else { 0 };
    if let Some(nan) = nan_result(&[a, b, c], imz) {
        return nan;
    }
    if zero_times_infinity {
        return invalid(VXIMZ);
    }
    let a = unpack(a);
    let c = unpack(c);
    let b = unpack(if operation.subtracts() { b ^ SIGN } else { b });
    let sign = a.sign() != c.sign();
    let result = match (a, c) {
        (Number::Infinity(_), _) | (_, Number::Infinity(_)) => match b {
            Number::Infinity(other) if other != sign => return invalid(VXISI),
            _ => infinity(sign),
        },
        (Number::Zero(_), _) | (_, Number::Zero(_)) => match b {
            Number::Infinity(sign) => infinity(sign),
            Number::Zero(other) => zero(zero_sum_sign([sign, other], fpscr)),
            Number::Finite(value) => round(value, format, fpscr),
        },
        (Number::Finite(x), Number::Finite(y)) => match b {
            Number::Infinity(sign) => infinity(sign),
            Number::Zero(_) => round(product(x, y), format, fpscr),
            Number::Finite(value) => rounded_sum(product(x, y), value, format, fpscr),
        },
    };
    ExactResult::Value(if operation.negates() { result.negated() } else { result })
}

/// frB rounded to single.
#[cold]
#[inline(never)]
pub(crate) fn to_single(b: u64, fpscr: u32) -> ExactResult {
    if is_nan(b) {
        // Only `frsp` drops the fraction bits that a single does not have.
        let bits = (b | QUIET) & !0x1FFF_FFFF;
        return if is_signalling(b) {
            ExactResult::Invalid { exceptions: VXSNAN, bits }
        } else {
            ExactResult::Value(Rounded::exact(bits, class::QNAN))
        };
    }
    ExactResult::Value(match unpack(b) {
        Number::Zero(sign) => zero(sign),
        Number::Infinity(sign) => infinity(sign),
        Number::Finite(value) => round(value, FloatFormat::Single, fpscr),
    })
}

/// A signed 64-bit integer rounded to double.
pub(crate) fn from_integer(value: i64, fpscr: u32) -> Rounded {
    if value == 0 {
        return zero(false);
    }
    let magnitude = value.unsigned_abs();
    let up = magnitude.leading_zeros();
    let value = Magnitude { sign: value < 0, exp: 63 - up as i32, sig: u128::from(magnitude << up) << 64 };
    round(value, FloatFormat::Double, fpscr)
}
