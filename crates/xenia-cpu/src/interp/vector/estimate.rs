//! The four vector estimates.
//!
//! - `vrefp`, `vrsqrtefp`, `vlogefp`: the hardware's algorithm, table and linear interpolation
//!   (relative error below 1/4096, absolute error of the logarithm below 1/128).
//! - `vexptefp`: Unsure: the hardware's table is not known. The power is computed in double and
//!   rounded once.
//!
//! Only integer operations and IEEE additions, multiplications and divisions are used, in a fixed
//! order, so the results are identical on all hosts.

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
    // Halved downwards: the table's intervals have the parity's part of the root.
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

/// `2^x` for −160 < x < 130.
fn power(x: f64) -> f64 {
    // (ln 2)^k ÷ k!
    const TERMS: [f64; 14] = [
        1.0,
        std::f64::consts::LN_2,
        0.24022650695910072,
        0.05550410866482158,
        0.009618129107628477,
        0.0013333558146428443,
        0.0001540353039338161,
        1.5252733804059841e-05,
        1.321548679014431e-06,
        1.01780860092397e-07,
        7.054911620801123e-09,
        4.4455382718708116e-10,
        2.5678435993488206e-11,
        1.3691488853904128e-12,
    ];
    let whole = (x + 0.5).floor();
    let rest = x - whole;
    let fraction = TERMS.iter().rev().fold(0.0, |sum, term| sum * rest + term);
    fraction * power_of_two(whole as i32)
}

pub(crate) fn vexptefp(b: u128, denormals: Denormals) -> u128 {
    map_u32(b, |b| {
        if is_nan(b) {
            return quiet(b);
        }
        let x = f64::from(f32::from_bits(operand(b, denormals)));
        if x >= 129.0 {
            INFINITY
        } else if x <= -155.0 {
            0
        } else {
            narrow(power(x), denormals)
        }
    })
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
