//! Single-precision arithmetic, compares and conversions of lanes.
//!
//! Results are rounded to nearest even; no flags are recorded. With NJ set (the usual state),
//! denormal operands and tiny results become zeros of the same sign; tininess is detected before
//! rounding, as everywhere in the architecture. A NaN result is the first NaN of vA, vB, vC,
//! quieted; invalid operations return 0x7FC00000. AltiVec PEM, 3.2 and chapter 6.
//!
//! All arithmetic uses doubles: products of singles are exact there, and a sum rounded to odd
//! rounds to single as if it had been exact (53 ≥ 24 + 2).

use super::lanes::*;

/// The NaN of invalid operations.
pub(crate) const DEFAULT_NAN: u32 = 0x7FC0_0000;
pub(super) const SIGN: u32 = 0x8000_0000;
pub(super) const INFINITY: u32 = 0x7F80_0000;

/// The treatment of denormals, which VSCR\[NJ\] selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denormals {
    /// Java mode: operands and results may be denormal.
    Kept,
    /// Non-Java mode: denormal operands and results become zeros of the same sign.
    Flushed,
}

#[inline(always)]
pub(crate) fn is_nan(bits: u32) -> bool {
    bits & !SIGN > INFINITY
}

#[inline(always)]
pub(crate) fn quiet(bits: u32) -> u32 {
    bits | 0x40_0000
}

/// An operand as arithmetic reads it.
#[inline(always)]
pub(crate) fn operand(bits: u32, denormals: Denormals) -> u32 {
    if denormals == Denormals::Flushed && bits & INFINITY == 0 { bits & SIGN } else { bits }
}

#[inline(always)]
fn wide(bits: u32) -> f64 {
    f64::from(f32::from_bits(bits))
}

/// Rounds an exact (or rounded-to-odd) double to a single.
#[inline(always)]
pub(crate) fn narrow(exact: f64, denormals: Denormals) -> u32 {
    if exact.is_nan() {
        return DEFAULT_NAN;
    }
    if denormals == Denormals::Flushed && exact.abs() < f64::from(f32::MIN_POSITIVE) {
        return (exact.to_bits() >> 32) as u32 & SIGN;
    }
    (exact as f32).to_bits()
}

/// Whether a double is zero or well within the range of normal singles: rounding it needs no
/// special handling of operands, flags or NaNs.
#[inline(always)]
fn is_usual(x: f64) -> bool {
    (x.to_bits() >> 52 & 0x7FF).wrapping_sub(1023 - 125) < 252 || x == 0.0
}

/// `x + y = sum` rounded to odd, for a finite sum.
#[inline(always)]
fn to_odd(x: f64, y: f64, sum: f64) -> f64 {
    // The rounding error of the sum, by Knuth's TwoSum.
    let y_part = sum - x;
    let error = (x - (sum - y_part)) + (y - y_part);
    let bits = sum.to_bits();
    if error == 0.0 || bits & 1 != 0 {
        sum
    } else if (error.to_bits() ^ bits) >> 63 == 0 {
        f64::from_bits(bits + 1)
    } else {
        f64::from_bits(bits - 1)
    }
}

/// The first NaN of `operands`, quieted, or the NaN of an invalid operation.
#[cold]
fn nan(operands: &[u32]) -> u32 {
    operands.iter().find(|bits| is_nan(**bits)).map_or(DEFAULT_NAN, |bits| quiet(*bits))
}

/// One lane of a sum.
#[inline(always)]
fn add(a: u32, b: u32, denormals: Denormals) -> u32 {
    let sum = f32::from_bits(operand(a, denormals)) + f32::from_bits(operand(b, denormals));
    if sum.is_nan() {
        return nan(&[a, b]);
    }
    // Sums in the denormal range are exact.
    operand(sum.to_bits(), denormals)
}

pub(crate) fn vaddfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    zip_u32(a, b, |a, b| add(a, b, denormals))
}

pub(crate) fn vsubfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    // A NaN keeps its sign.
    zip_u32(a, b, |a, b| if is_nan(b) { add(a, b, denormals) } else { add(a, b ^ SIGN, denormals) })
}

pub(crate) fn vmulfp128(a: u128, b: u128, denormals: Denormals) -> u128 {
    zip_u32(a, b, |a, b| {
        let product = wide(operand(a, denormals)) * wide(operand(b, denormals));
        if is_usual(product) {
            (product as f32).to_bits()
        } else if product.is_nan() {
            nan(&[a, b])
        } else {
            narrow(product, denormals)
        }
    })
}

/// One lane of `a × c + b`; `subtract` subtracts `b`.
#[inline(always)]
fn multiply_add(a: u32, b: u32, c: u32, subtract: bool, denormals: Denormals) -> u32 {
    let product = wide(operand(a, denormals)) * wide(operand(c, denormals));
    let addend = wide(operand(b, denormals));
    let addend = if subtract { -addend } else { addend };
    let sum = product + addend;
    if is_usual(sum) {
        (to_odd(product, addend, sum) as f32).to_bits()
    } else if sum.is_nan() {
        nan(&[a, b, c])
    } else if sum.is_infinite() {
        // An operand is infinite, and the sum's error would be a NaN.
        narrow(sum, denormals)
    } else {
        narrow(to_odd(product, addend, sum), denormals)
    }
}

/// `vmaddfp`: `a × c + b`, fused.
pub(crate) fn vmaddfp(a: u128, b: u128, c: u128, denormals: Denormals) -> u128 {
    zip3_u32(a, b, c, |a, b, c| multiply_add(a, b, c, false, denormals))
}

/// `vnmsubfp`: `−(a × c − b)`, fused; NaNs are not negated.
pub(crate) fn vnmsubfp(a: u128, b: u128, c: u128, denormals: Denormals) -> u128 {
    zip3_u32(a, b, c, |a, b, c| {
        let result = multiply_add(a, b, c, true, denormals);
        if is_nan(result) { result } else { result ^ SIGN }
    })
}

/// One lane of a minimum or maximum: `a` if `takes_first` holds for the keys of `a` and `b`, which
/// are ordered as the values are, else `b`. +0 is greater than −0; a NaN operand returns a NaN.
#[inline(always)]
fn extreme(a: u32, b: u32, denormals: Denormals, takes_first: impl Fn(i32, i32) -> bool) -> u32 {
    if is_nan(a) {
        return quiet(a);
    }
    if is_nan(b) {
        return quiet(b);
    }
    let a = operand(a, denormals);
    let b = operand(b, denormals);
    // Order of the values, −0 below +0: bit patterns of negatives are in reverse order.
    let key = |bits: u32| if bits & SIGN != 0 { !bits as i32 ^ i32::MIN } else { bits as i32 };
    if takes_first(key(a), key(b)) { a } else { b }
}

pub(crate) fn vmaxfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    zip_u32(a, b, |a, b| extreme(a, b, denormals, |a, b| a >= b))
}

pub(crate) fn vminfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    zip_u32(a, b, |a, b| extreme(a, b, denormals, |a, b| a < b))
}

#[inline(always)]
fn compare(a: u128, b: u128, denormals: Denormals, holds: impl Fn(f32, f32) -> bool) -> u128 {
    zip_u32(a, b, |a, b| {
        let a = f32::from_bits(operand(a, denormals));
        let b = f32::from_bits(operand(b, denormals));
        if holds(a, b) { !0 } else { 0 }
    })
}

pub(crate) fn vcmpeqfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    compare(a, b, denormals, |a, b| a == b)
}

pub(crate) fn vcmpgefp(a: u128, b: u128, denormals: Denormals) -> u128 {
    compare(a, b, denormals, |a, b| a >= b)
}

pub(crate) fn vcmpgtfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    compare(a, b, denormals, |a, b| a > b)
}

/// `vcmpbfp`: bit 0 where not `a <= b`, bit 1 where not `a >= -b`.
pub(crate) fn vcmpbfp(a: u128, b: u128, denormals: Denormals) -> u128 {
    // A NaN fails both comparisons, and so is out of both bounds, as the PEM demands.
    let above = compare(a, b, denormals, |a, b| a <= b);
    let below = compare(a, b, denormals, |a, b| a >= -b);
    zip_u32(above, below, |above, below| !above & 0x8000_0000 | !below & 0x4000_0000)
}

/// `vcfsx`: signed words × 2^-scale.
pub(crate) fn vcfsx(b: u128, scale: usize) -> u128 {
    let factor = power_of_two(-(scale as i32 & 31));
    map_u32(b, |b| (b as i32 as f32 * factor as f32).to_bits())
}

/// `vcfux`: unsigned words × 2^-scale.
pub(crate) fn vcfux(b: u128, scale: usize) -> u128 {
    let factor = power_of_two(-(scale as i32 & 31));
    map_u32(b, |b| (b as f32 * factor as f32).to_bits())
}

/// `2^exponent`, for normal results.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// `vctsxs`: × 2^scale, truncated, saturated; a NaN becomes 0 and doesn't count as saturation.
pub(crate) fn vctsxs(b: u128, scale: usize) -> Saturated {
    let factor = power_of_two(scale as i32 & 31);
    let b = split_u32(b);
    // The cast truncates, saturates far outside the lane's range, and converts a NaN to 0.
    saturating_i32(|n| (wide(b[n]) * factor) as i64)
}

/// `vctuxs`: the same, unsigned.
pub(crate) fn vctuxs(b: u128, scale: usize) -> Saturated {
    let factor = power_of_two(scale as i32 & 31);
    let b = split_u32(b);
    saturating_u32(|n| (wide(b[n]) * factor) as i64)
}

/// Rounds each lane to an integer by `rounded`.
#[inline(always)]
fn to_integral(b: u128, denormals: Denormals, rounded: impl Fn(f32) -> f32) -> u128 {
    map_u32(b, |b| {
        if is_nan(b) {
            return quiet(b);
        }
        let b = operand(b, denormals);
        // A zero result has the operand's sign.
        rounded(f32::from_bits(b)).to_bits() & !SIGN | b & SIGN
    })
}

/// `vrfim`: toward −infinity.
pub(crate) fn vrfim(b: u128, denormals: Denormals) -> u128 {
    to_integral(b, denormals, f32::floor)
}

/// `vrfin`: to nearest, ties to even.
pub(crate) fn vrfin(b: u128, denormals: Denormals) -> u128 {
    to_integral(b, denormals, f32::round_ties_even)
}

/// `vrfip`: toward +infinity.
pub(crate) fn vrfip(b: u128, denormals: Denormals) -> u128 {
    to_integral(b, denormals, f32::ceil)
}

/// `vrfiz`: toward zero.
pub(crate) fn vrfiz(b: u128, denormals: Denormals) -> u128 {
    to_integral(b, denormals, f32::trunc)
}

/// A dot product of the first `count` lanes, in all lanes.
///
/// Unsure: the hardware's order and precision are not documented. Known from comparisons with it:
/// the products are summed in more than single precision, an overflow returns a NaN instead of an
/// infinity, and a denormal result is zero whatever NJ is. This implementation: exact products,
/// summed in double as `(p0 + p2) + (p1 + p3)`; the first NaN of vA₀, vB₀, vA₁, … is the result.
fn dot_product(a: u128, b: u128, count: usize, denormals: Denormals) -> u128 {
    let a = split_u32(a);
    let b = split_u32(b);
    for n in 0..count {
        for bits in [a[n], b[n]] {
            if is_nan(bits) {
                return join_u32([quiet(bits); 4]);
            }
        }
    }
    let product = |n: usize| wide(operand(a[n], denormals)) * wide(operand(b[n], denormals));
    let odd = if count == 4 { product(1) + product(3) } else { product(1) };
    let sum = (product(0) + product(2)) + odd;
    let result = narrow(sum, Denormals::Flushed);
    let overflow = sum.is_finite() && result & !SIGN == INFINITY;
    join_u32([if overflow { DEFAULT_NAN } else { result }; 4])
}

pub(crate) fn vmsum3fp128(a: u128, b: u128, denormals: Denormals) -> u128 {
    dot_product(a, b, 3, denormals)
}

pub(crate) fn vmsum4fp128(a: u128, b: u128, denormals: Denormals) -> u128 {
    dot_product(a, b, 4, denormals)
}
