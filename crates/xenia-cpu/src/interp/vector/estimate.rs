//! The four vector estimates: tables and linear interpolation.
//!
//! The relative error is below 1/4096 (`vrefp`, `vrsqrtefp`) or 1/128 (`vexptefp`), the absolute
//! error of `vlogefp` below 1/128.

use super::float::{DEFAULT_NAN, Denormals, INFINITY, SIGN, is_nan, narrow, operand, power_of_two, quiet};
use super::lanes::map_u32;
use crate::ESTIMATE_TABLES;

/// The estimate for a positive number `fraction × 2^(exponent − 23)`, bit 23 of `fraction` set.
fn reciprocal(exponent: i32, fraction: u32) -> f64 {
    let entry = ESTIMATE_TABLES.vrefp[(fraction >> 18 & 31) as usize];
    let start = (1 << 14 | entry & 0xFFFF) << 9;
    let result = start - (fraction >> 9 & 0x1FF) * (entry >> 16);
    // Bit 23 is the leading one, of weight 2^(−1 − exponent).
    f64::from(result) * power_of_two(-24 - exponent)
}

pub(crate) fn vrefp(b: u128, denormals: Denormals) -> u128 {
    map_u32(b, |b| {
        if is_nan(b) {
            return quiet(b);
        }
        let b = operand(b, denormals);
        let sign = b & SIGN;
        let result = match b & !SIGN {
            0 => INFINITY,
            INFINITY => 0,
            b if b & INFINITY == 0 => {
                let up = b.leading_zeros() - 8;
                narrow(reciprocal(-126 - up as i32, b << up), denormals)
            }
            b => narrow(reciprocal((b >> 23) as i32 - 127, b & 0x7F_FFFF | 0x80_0000), denormals),
        };
        sign | result
    })
}

/// The estimate for a positive number `fraction × 2^(exponent − 23)`, bit 23 of `fraction` set.
fn reciprocal_root(exponent: i32, fraction: u32) -> u32 {
    let even = exponent & 1 == 0;
    let interval = usize::from(even) << 4 | (fraction >> 19 & 15) as usize;
    let entry = ESTIMATE_TABLES.vrsqrtefp[interval];
    let start = (entry & 0xFFFF) << 10;
    let mut root = start - (fraction >> 9 & 1023) * (entry >> 16);
    // Bit 25 is the leading one; one bit is lost if the root is below its power of two.
    let up = root.leading_zeros() - 6;
    root <<= up;
    // Two bits are rounded off, to nearest even.
    if root & 2 != 0 && root & 5 != 0 {
        root += 4;
    }
    // Halved downwards: entries for odd exponents contain the factor √2.
    let exponent = (-exponent >> 1) - up as i32 + 127;
    ((exponent as u32) << 23) + (root >> 2 & 0x7F_FFFF)
}

pub(crate) fn vrsqrtefp(b: u128, denormals: Denormals) -> u128 {
    map_u32(b, |b| {
        if is_nan(b) {
            return quiet(b);
        }
        let b = operand(b, denormals);
        match b {
            0 | SIGN => b | INFINITY,
            INFINITY => 0,
            _ if b & SIGN != 0 => DEFAULT_NAN,
            _ if b & INFINITY == 0 => {
                // The leading one goes to bit 23, where a normal number has it by implication.
                let up = b.leading_zeros() - 8;
                reciprocal_root(-126 - up as i32, b << up)
            }
            _ => reciprocal_root((b >> 23) as i32 - 127, b & 0x7F_FFFF | 0x80_0000),
        }
    })
}

/// The estimate of `2^x`, for an operand that is not a NaN.
fn power(x: f32) -> u32 {
    // Truncated to fifteen fraction bits, then rounded down to eleven.
    let fixed = ((f64::from(x) * 32768.0) as i64) >> 4;
    let exponent = 127 + (fixed >> 11);
    if exponent >= 255 {
        return INFINITY;
    }
    if exponent <= 0 {
        return 0;
    }
    let entry = ESTIMATE_TABLES.vexptefp[(fixed >> 7 & 15) as usize];
    let fraction = ((entry & 0xFFFF) + (fixed & 0x7F) as u32 * (entry >> 16)) >> 3;
    (exponent as u32) << 23 | fraction << 12
}

/// The results do not depend on NJ: denormal operands are too small to matter, and there are no
/// denormal results.
pub(crate) fn vexptefp(b: u128, _: Denormals) -> u128 {
    map_u32(b, |b| if is_nan(b) { quiet(b) } else { power(f32::from_bits(b)) })
}

/// The six linear pieces of log2 between 1 and 2: the start of each in 2048ths, its value there in
/// 65536ths, and its slope per 2048th.
const LOGARITHMS: [(u32, u32, u32); 6] =
    [(0, 0, 48), (128, 6144, 40), (384, 16384, 36), (768, 30208, 32), (1152, 42492, 28), (1536, 53244, 24)];

/// The estimate of log2 of `fraction × 2^(exponent − 23)`, bit 23 of `fraction` set.
fn logarithm(exponent: i32, fraction: u32) -> u32 {
    let at = fraction >> 12 & 0x7FF;
    let piece = LOGARITHMS.iter().rev().find(|piece| at >= piece.0);
    let (start, value, slope) = piece.copied().unwrap_or_default();
    // Eleven fraction bits are kept, so the sum with the exponent is exact.
    let part = (value + slope * (at - start)) >> 5;
    (exponent as f32 + part as f32 / 2048.0).to_bits()
}

pub(crate) fn vlogefp(b: u128, denormals: Denormals) -> u128 {
    map_u32(b, |b| {
        if is_nan(b) {
            return quiet(b);
        }
        let b = operand(b, denormals);
        match b {
            0 | SIGN => SIGN | INFINITY,
            INFINITY => INFINITY,
            _ if b & SIGN != 0 => DEFAULT_NAN,
            _ if b & INFINITY == 0 => {
                let up = b.leading_zeros() - 8;
                logarithm(-126 - up as i32, b << up)
            }
            _ => logarithm((b >> 23) as i32 - 127, b & 0x7F_FFFF | 0x80_0000),
        }
    })
}
