//! Conversion of floating-point numbers to integers: `fctiw`, `fctid` and their round-toward-zero
//! forms.
//!
//! Uses integer arithmetic only, exact in every mode. PowerISA 2.02 book I, 4.6.7; undefined
//! results follow hardware of the family: a 32-bit result is sign-extended to 64 bits.

use super::exact::{is_nan, is_signalling};
use super::fpscr::{FI, FR, VXCVI, VXSNAN};
use super::round::rounds_up;
use std::ops::RangeInclusive;

/// The integers of `fctiw`.
pub(super) const WORD: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;
/// The integers of `fctid`.
pub(super) const DOUBLEWORD: RangeInclusive<i64> = i64::MIN..=i64::MAX;

/// The integer nearest to `bits` in rounding mode `mode`, saturated to `range`.
///
/// `Ok` holds the integer with FR and FI, `Err` the saturated one with the VX* bits.
pub(super) fn to_integer(bits: u64, range: RangeInclusive<i64>, mode: u32) -> Result<(u64, u32), (u64, u32)> {
    let (low, high) = range.into_inner();
    if is_nan(bits) {
        let snan = if is_signalling(bits) { VXSNAN } else { 0 };
        return Err((low as u64, VXCVI | snan));
    }
    let sign = bits >> 63 != 0;
    let saturated = Err((if sign { low } else { high } as u64, VXCVI));
    let exponent = (bits >> 52 & 0x7FF) as i32 - 1023;
    let fraction = bits & ((1 << 52) - 1);
    // Infinities, too: their exponent is 1024.
    if exponent > 63 {
        return saturated;
    }
    let (whole, rest) = if exponent >= 0 {
        // Integer part in the upper half, fraction in the lower.
        let value = u128::from(fraction | 1 << 52) << (12 + exponent);
        ((value >> 64) as u64, value << 64)
    } else if bits << 1 == 0 {
        (0, 0)
    } else if exponent == -1 {
        // From a half up: bit 127 is the half, and the fraction is 0 only for exactly that.
        (0, 1 << 127 | u128::from(fraction))
    } else {
        (0, 1)
    };
    let up = rounds_up(mode, sign, whole, rest);
    let magnitude = i128::from(whole) + i128::from(up);
    let value = if sign { -magnitude } else { magnitude };
    if value < i128::from(low) || value > i128::from(high) {
        return saturated;
    }
    let rounding = match (rest != 0, up) {
        (false, _) => 0,
        (true, false) => FI,
        (true, true) => FI | FR,
    };
    Ok((value as i64 as u64, rounding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_edges_of_the_formats() {
        let nan = f64::from_bits(0x7FF8_0000_0000_0000);
        for (x, range, mode, expected) in [
            (0.0, WORD, 0, Ok((0, 0))),
            (-0.0, WORD, 0, Ok((0, 0))),
            (0.5, WORD, 0, Ok((0, FI))),
            (1.5, WORD, 0, Ok((2, FI | FR))),
            (2.5, WORD, 0, Ok((2, FI))),
            (-1.5, WORD, 1, Ok((-1_i64 as u64, FI))),
            (-1.5, WORD, 2, Ok((-1_i64 as u64, FI))),
            (-1.5, WORD, 3, Ok((-2_i64 as u64, FI | FR))),
            (f64::from_bits(1), WORD, 2, Ok((1, FI | FR))),
            (2147483647.0, WORD, 0, Ok((0x7FFF_FFFF, 0))),
            (2147483647.5, WORD, 0, Err((0x7FFF_FFFF, VXCVI))),
            (2147483647.5, WORD, 1, Ok((0x7FFF_FFFF, FI))),
            (-2147483648.0, WORD, 0, Ok((0xFFFF_FFFF_8000_0000, 0))),
            (-2147483648.5, WORD, 0, Ok((0xFFFF_FFFF_8000_0000, FI))),
            (-2147483649.0, WORD, 0, Err((0xFFFF_FFFF_8000_0000, VXCVI))),
            (f64::INFINITY, WORD, 0, Err((0x7FFF_FFFF, VXCVI))),
            (f64::NEG_INFINITY, WORD, 0, Err((0xFFFF_FFFF_8000_0000, VXCVI))),
            (nan, WORD, 0, Err((0xFFFF_FFFF_8000_0000, VXCVI))),
            (nan, DOUBLEWORD, 0, Err((0x8000_0000_0000_0000, VXCVI))),
            (9223372036854774784.0, DOUBLEWORD, 0, Ok((0x7FFF_FFFF_FFFF_FC00, 0))),
            (9223372036854775808.0, DOUBLEWORD, 0, Err((0x7FFF_FFFF_FFFF_FFFF, VXCVI))),
            (-9223372036854775808.0, DOUBLEWORD, 0, Ok((0x8000_0000_0000_0000, 0))),
            (-9223372036854777856.0, DOUBLEWORD, 0, Err((0x8000_0000_0000_0000, VXCVI))),
            (2251799813685249.5, DOUBLEWORD, 0, Ok((2251799813685250, FI | FR))),
        ] {
            assert_eq!(to_integer(x.to_bits(), range, mode), expected, "{x:e} mode {mode}");
        }
        let snan = 0x7FF0_0000_0000_0001;
        let expected = Err((0x8000_0000_0000_0000, VXCVI | VXSNAN));
        assert_eq!(to_integer(snan, DOUBLEWORD, 0), expected);
    }

    #[test]
    fn agrees_with_host_rounding_on_spread_out_values() {
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..1_000_000 {
            let bits = dice.next();
            // Exponents around the interesting range.
            let exponent = 1023 - 3 + (bits >> 52) % 70;
            let x = f64::from_bits(bits & !(0x7FF << 52) | exponent << 52);
            for (mode, rounded) in [(0, x.round_ties_even()), (1, x.trunc()), (2, x.ceil()), (3, x.floor())] {
                let result = to_integer(x.to_bits(), DOUBLEWORD, mode);
                if (-9223372036854775808.0..9223372036854775808.0).contains(&rounded) {
                    let up = if rounded.abs() > x.abs() { FR } else { 0 };
                    let inexact = if rounded != x { FI } else { 0 };
                    assert_eq!(result, Ok((rounded as i64 as u64, inexact | up)), "{x:e} mode {mode}");
                } else {
                    assert!(result.is_err(), "{x:e} mode {mode}");
                }
            }
        }
    }
}
