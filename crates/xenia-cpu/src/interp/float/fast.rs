//! Host arithmetic plus error-free transformations: the common case, with exact FI and FR.
//!
//! Valid only if FPSCR's control bits are all clear (nearest even, no traps, IEEE mode), and both
//! the result and the error term are in range. Otherwise every function returns `None`, and the
//! exact path computes the result. Rust's floating-point environment is nearest even without
//! flushing, and this code neither changes nor reads it.
//!
//! The error `e = exact − rounded` determines the flags: the result is inexact if `e ≠ 0`, and its
//! magnitude was increased if `e` and the result have opposite signs. A single-precision result
//! rounds once: the double is first turned into the value rounded to odd, from which rounding to 24
//! bits is exact (53 ≥ 24 + 2).

use super::exact::SIGN;
use super::fpscr::{FI, FPRF, FPRF_SHIFT, FR, XX, class};
use xenia_host::float::fused_multiply_add;

/// A result, and FPRF, FR, FI and XX in their FPSCR places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fast {
    pub(crate) bits: u64,
    pub(crate) status: u32,
}

impl Fast {
    /// The same result with the sign inverted.
    #[inline(always)]
    pub(crate) fn negated(self) -> Self {
        let bits = self.bits ^ SIGN;
        let class = if bits << 1 == 0 { zero_class(bits) } else { normal_class(bits) };
        Self { bits, status: self.status & !FPRF | class }
    }
}

const fn biased_exponent(bits: u64) -> u64 {
    bits >> 52 & 0x7FF
}

/// Whether the biased exponent is within `low..=high`.
#[inline(always)]
fn has_exponent_in(bits: u64, low: u64, high: u64) -> bool {
    // One comparison: exponents below `low` wrap to large numbers.
    biased_exponent(bits).wrapping_sub(low) <= high - low
}

#[inline(always)]
fn normal_class(bits: u64) -> u32 {
    (if bits & SIGN != 0 { class::NEGATIVE_NORMAL } else { class::POSITIVE_NORMAL }) << FPRF_SHIFT
}

#[inline(always)]
fn zero_class(bits: u64) -> u32 {
    (if bits & SIGN != 0 { class::NEGATIVE_ZERO } else { class::POSITIVE_ZERO }) << FPRF_SHIFT
}

/// A normal double with its rounding error.
#[inline(always)]
fn double(result: f64, error: f64) -> Fast {
    let bits = result.to_bits();
    let mut status = normal_class(bits);
    if error != 0.0 {
        // The direction is unpredictable, so compute it without a branch.
        status |= FI | XX | (((error.to_bits() ^ bits) >> 63) as u32 * FR);
    }
    Fast { bits, status }
}

/// Rounds `result + error` to single, where `result` is normal and was rounded to nearest.
#[inline(always)]
fn single(result: f64, error: f64) -> Option<Fast> {
    let bits = result.to_bits();
    let mut odd = bits;
    if error != 0.0 {
        // An even significand moves towards the exact value, to an odd one.
        let moves = !bits & 1;
        odd += moves;
        odd -= 2 * (moves & (error.to_bits() ^ bits) >> 63);
    }
    // Normal singles whose rounding cannot overflow to infinity or start below the least normal.
    if !has_exponent_in(odd, 897, 1149) {
        return None;
    }
    // Round to nearest even on the bit pattern: a carry out of the fraction increments the
    // exponent.
    const REST: u64 = (1 << 29) - 1;
    let rounded = (odd + (REST >> 1) + (odd >> 29 & 1)) & !REST;
    let mut status = normal_class(rounded);
    if odd & REST != 0 {
        // Same sign, so patterns order like magnitudes. The direction is unpredictable: no branch.
        status |= FI | XX | (u32::from(rounded > odd) * FR);
    }
    Some(Fast { bits: rounded, status })
}

/// The rounding error of a sum (Knuth's TwoSum); exact unless an intermediate overflows.
#[inline(always)]
fn sum_error(a: f64, b: f64, sum: f64) -> f64 {
    let b_part = sum - a;
    (a - (sum - b_part)) + (b - b_part)
}

/// frA + frB, neither a NaN (`frB` already negated for a difference).
#[inline(always)]
pub(crate) fn add<const IS_SINGLE: bool>(a: u64, b: u64) -> Option<Fast> {
    let x = f64::from_bits(a);
    let y = f64::from_bits(b);
    let sum = x + y;
    if !has_exponent_in(sum.to_bits(), 1, 2045) {
        // An exact zero can only come from finite operands.
        let bits = sum.to_bits();
        return (bits << 1 == 0).then(|| Fast { bits, status: zero_class(bits) });
    }
    let error = sum_error(x, y, sum);
    if IS_SINGLE { single(sum, error) } else { Some(double(sum, error)) }
}

/// Whether a normal double is exactly representable with a single's precision.
#[inline(always)]
fn is_short(bits: u64) -> bool {
    bits.trailing_zeros() >= 29
}

/// frA × frC.
#[inline(always)]
pub(crate) fn multiply<const IS_SINGLE: bool>(a: u64, c: u64) -> Option<Fast> {
    let x = f64::from_bits(a);
    let y = f64::from_bits(c);
    let product = x * y;
    let bits = product.to_bits();
    // Above the lower bound the error term is representable.
    if !has_exponent_in(bits, 110, 2046) {
        let finite = biased_exponent(a) != 0x7FF && biased_exponent(c) != 0x7FF;
        let zero = a << 1 == 0 || c << 1 == 0;
        return (finite && zero).then(|| Fast { bits, status: zero_class(bits) });
    }
    let error = if is_short(a | c) { 0.0 } else { fused_multiply_add(x, y, -product) };
    if IS_SINGLE { single(product, error) } else { Some(double(product, error)) }
}

/// frA ÷ frB.
#[inline(always)]
pub(crate) fn divide<const IS_SINGLE: bool>(a: u64, b: u64) -> Option<Fast> {
    let x = f64::from_bits(a);
    let y = f64::from_bits(b);
    let quotient = x / y;
    // The remainder must be representable, so the dividend must not be too small. The least normal
    // exponent is excluded: a tiny quotient may have been rounded up to it.
    if !has_exponent_in(quotient.to_bits(), 2, 2046)
        || !has_exponent_in(a, 110, 2046)
        || !has_exponent_in(b, 1, 2046)
    {
        return None;
    }
    let remainder = fused_multiply_add(-quotient, y, x);
    // Only the error's sign and whether it is zero matter.
    let error = f64::from_bits(remainder.to_bits() ^ b & SIGN);
    if IS_SINGLE { single(quotient, error) } else { Some(double(quotient, error)) }
}

/// The square root of frB.
#[inline(always)]
pub(crate) fn square_root<const IS_SINGLE: bool>(b: u64) -> Option<Fast> {
    // Positive, and large enough for the remainder to be representable.
    if b & SIGN != 0 || !has_exponent_in(b, 110, 2046) {
        return None;
    }
    let x = f64::from_bits(b);
    let root = x.sqrt();
    let remainder = fused_multiply_add(-root, root, x);
    if IS_SINGLE { single(root, remainder) } else { Some(double(root, remainder)) }
}

/// frA × frC + frB (`frB` already negated for a difference); the caller negates the result.
#[inline(always)]
pub(crate) fn multiply_add<const IS_SINGLE: bool>(a: u64, c: u64, b: u64) -> Option<Fast> {
    let x = f64::from_bits(a);
    let y = f64::from_bits(c);
    let z = f64::from_bits(b);
    let product = x * y;
    if is_short(a | c) && has_exponent_in(product.to_bits(), 110, 2044) {
        // The product is exact, so this is an addition.
        return add::<IS_SINGLE>(product.to_bits(), b);
    }
    multiply_add_long::<IS_SINGLE>(x, y, z, product)
}

/// The general case of [`multiply_add`], where the product is not exact.
#[inline(never)]
fn multiply_add_long<const IS_SINGLE: bool>(x: f64, y: f64, z: f64, product: f64) -> Option<Fast> {
    // Keep every intermediate of the general case away from both ends of the range.
    if !has_exponent_in(product.to_bits(), 220, 1900) || !has_exponent_in(z.to_bits(), 220, 1900) && z != 0.0
    {
        return None;
    }
    let result = fused_multiply_add(x, y, z);
    if !has_exponent_in(result.to_bits(), 110, 2044) {
        return None;
    }
    // Boldo and Muller, "Some functions computable with a fused-mac": the error of an FMA.
    let product_error = fused_multiply_add(x, y, -product);
    let alpha = z + product_error;
    let alpha_error = sum_error(z, product_error, alpha);
    let beta = product + alpha;
    let beta_error = sum_error(product, alpha, beta);
    let gamma = (beta - result) + beta_error;
    let error = gamma + alpha_error;
    if IS_SINGLE { single(result, error) } else { Some(double(result, error)) }
}

/// frB rounded to single.
#[inline(always)]
pub(crate) fn to_single(b: u64) -> Option<Fast> {
    if b << 1 == 0 {
        return Some(Fast { bits: b, status: zero_class(b) });
    }
    single(f64::from_bits(b), 0.0)
}

/// A signed integer that is exactly representable as a double.
#[inline(always)]
pub(crate) fn from_integer(value: i64) -> Option<Fast> {
    let bits = (value as f64).to_bits();
    match value.unsigned_abs() {
        0 => Some(Fast { bits, status: zero_class(bits) }),
        magnitude if magnitude <= 1 << 53 => Some(Fast { bits, status: normal_class(bits) }),
        _ => None,
    }
}
