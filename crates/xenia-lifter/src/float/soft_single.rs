//! Fast software path for single-precision results that inline code does not decide: the smallest
//! normal number, which may have been tiny. Also the bit-level conversions between singles and
//! doubles.
//!
//! That result is common enough to deserve a faster path than `soft_float`. The operation is done
//! in double precision. For a multiply-add, the rounding error turns the double into one rounded to
//! odd, which is then rounded to a single. `soft_float` evaluates FPRF, FR and FI as for all
//! operations.

use xenia_cpu::fpscr::{UX, XX};
use xenia_isa::Op;

/// DOUBLE(word) of PowerISA 2.02 book I, 4.6.2: exact; signalling NaNs stay signalling.
#[inline]
pub(crate) fn widened(bits: u32) -> u64 {
    let sign = bits >> 31;
    let exponent = bits >> 23 & 0xFF;
    let fraction = bits & 0x7F_FFFF;
    let (exponent, fraction) = match (exponent, fraction) {
        (0, 0) => (0, 0),
        // Normalises a denormal: its first one becomes the implicit bit.
        (0, _) => {
            let shift = fraction.leading_zeros() - 8;
            (897 - shift, fraction << shift & 0x7F_FFFF)
        }
        (0xFF, _) => (0x7FF, fraction),
        _ => (exponent + 896, fraction),
    };
    u64::from(sign) << 63 | u64::from(exponent) << 52 | u64::from(fraction) << 29
}

/// Converts FPRs from single to double format; `registers` has a bit for each.
#[inline]
pub fn widen(fpr: &mut [u64; 32], mut registers: u32) {
    while registers != 0 {
        let register = &mut fpr[registers.trailing_zeros() as usize];
        *register = widened(*register as u32);
        registers &= registers - 1;
    }
}

/// The single whose double this is, or `None`.
#[inline]
pub fn narrowed(bits: u64) -> Option<u32> {
    let double = f64::from_bits(bits);
    let single = if double.is_nan() {
        (bits >> 32) as u32 & 0xC000_0000 | (bits >> 29) as u32 & 0x3FFF_FFFF
    } else {
        (double as f32).to_bits()
    };
    (widened(single) == bits).then_some(single)
}

/// The smallest normal single.
const LEAST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

/// Result and exceptions of a single-precision row on singles, rounded to nearest with exceptions
/// disabled. `None` for other rows and operands, and for undecided results.
pub(crate) fn nearest(op: Op, operands: [u64; 3]) -> Option<(u64, u32)> {
    let [a, b, c] = operands.map(f64::from_bits);
    // For operands of the row alone: the others are arbitrary, and to convert one that is denormal
    // takes long, and raises flags that the restored MXCSR lacks (`exchange_for_rust`).
    let is_single = |x: f64| x.is_finite() && f64::from(x as f32) == x;
    let are_singles = || is_single(a) && is_single(b) && is_single(c);
    let negative = matches!(op, Op::fnmaddsx | Op::fnmsubsx);
    let value = match op {
        Op::faddsx if is_single(a) && is_single(b) => a + b,
        Op::fsubsx if is_single(a) && is_single(b) => a - b,
        Op::fmulsx if is_single(a) && is_single(c) => a * c,
        Op::fdivsx if is_single(a) && is_single(b) && b != 0.0 => a / b,
        Op::frspx if b.is_finite() => b,
        Op::fmaddsx | Op::fnmaddsx if are_singles() => fused(a * c, b),
        Op::fmsubsx | Op::fnmsubsx if are_singles() => fused(a * c, -b),
        _ => return None,
    };
    // A quotient just below it may have been rounded to it. A zero may be exact or not.
    if value.abs() == LEAST_NORMAL || value == 0.0 {
        return None;
    }
    let single = value as f32;
    let inexact = f64::from(single) != value;
    if single.is_infinite() {
        return None;
    }
    let mut exceptions = if inexact { XX } else { 0 };
    if inexact && value.abs() < LEAST_NORMAL {
        exceptions |= UX;
    }
    let single = if negative { -single } else { single };
    Some((f64::from(single).to_bits(), exceptions))
}

/// `product + addend`, rounded to odd. The product of two singles is exact in double precision.
fn fused(product: f64, addend: f64) -> f64 {
    let sum = product + addend;
    let part = sum - product;
    let error = (product - (sum - part)) + (addend - part);
    if error == 0.0 {
        return sum;
    }
    // Round toward zero, then set the last bit.
    let outward = (error > 0.0) != (sum > 0.0);
    f64::from_bits((sum.to_bits() - u64::from(outward)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::soft_float;

    #[test]
    fn singles_are_widened_and_narrowed_bit_by_bit() {
        for (single, double) in [
            (0x8000_0000, 0x8000_0000_0000_0000),
            (1, 0x36A0_0000_0000_0000),
            (0x007F_FFFF, 0x380F_FFFF_C000_0000),
            (0xFF80_0000, 0xFFF0_0000_0000_0000),
            (0x7F80_0001, 0x7FF0_0000_2000_0000),
            (0xFFC1_2345, 0xFFF8_2468_A000_0000),
            (0x3F80_0001, 0x3FF0_0000_2000_0000),
        ] {
            assert_eq!((widened(single), narrowed(double)), (double, Some(single)), "{single:x}");
        }
        for double in
            [1, 0x7FF0_0000_0000_0001, 0x7FF8_0000_1000_0000, 0x47F0_0000_0000_0000, 0x3690_0000_0000_0000]
        {
            assert_eq!(narrowed(double), None, "{double:x}");
        }
    }

    #[test]
    fn agrees_with_exact_arithmetic() {
        let mut dice = xenia_testing::Dice(1);
        let mut next = || dice.next();
        let mut single = || {
            let bits = next() as u32;
            let choice = next();
            let fraction = match choice & 3 {
                0 => bits & 0x7F_FFFF,
                1 => 1 << (bits % 23),
                2 => 0x7F_FFFF & !(1 << (bits % 23)),
                _ => 0,
            };
            let exponent = match choice >> 2 & 3 {
                0 => bits >> 23 & 255,
                1 => bits >> 23 & 31,
                2 => 48 + (bits >> 23 & 31),
                _ => 120 + (bits >> 23 & 15),
            };
            f64::from(f32::from_bits(bits & 1 << 31 | exponent.min(254) << 23 | fraction)).to_bits()
        };
        let rows = [
            Op::faddsx,
            Op::fsubsx,
            Op::fmulsx,
            Op::fdivsx,
            Op::frspx,
            Op::fmaddsx,
            Op::fmsubsx,
            Op::fnmaddsx,
            Op::fnmsubsx,
        ];
        let mut decided = [0; 9];
        let mut tiny = [0; 9];
        for round in 0..900_000 {
            let row = round % rows.len();
            let mut operands = [single(), single(), single()];
            if rows[row] == Op::frspx {
                operands[1] =
                    f64::from_bits(operands[1]).mul_add(1e-9, f64::from_bits(operands[0])).to_bits();
            }
            let Some((bits, exceptions)) = nearest(rows[row], operands) else { continue };
            let exact = soft_float::compute(rows[row], operands, 0).unwrap();
            let text = format!("{:?} {operands:x?}", rows[row]);
            assert_eq!(Some(bits), exact.bits, "{text}");
            // The inexactness of a multiply-add's double is in the host's flags, which inline code
            // raised.
            assert_eq!(exceptions & !exact.exceptions, 0, "{text}");
            assert_eq!(exceptions & UX, exact.exceptions & UX, "{text}");
            decided[row] += 1;
            tiny[row] += u32::from(exact.exceptions & UX != 0);
        }
        assert!(decided.iter().all(|count| *count > 50_000), "{decided:?}");
        assert!(tiny[2..].iter().all(|count| *count > 200), "{tiny:?}");
    }
}
