//! `fres` and `frsqrte`: estimates from tables.
//!
//! `frsqrte` maps the top three fraction bits and the parity of the exponent to one of 16 results
//! of eight fraction bits.
//!
//! `fres` maps the first seven fraction bits to a fraction of twelve bits.
//!
//! Neither sets FI, UX or XX.

use super::exact::{ExactResult, Number, nan_result, unpack};
use super::fpscr::{OX, UE, VXSQRT};
use super::round::{FloatFormat, Magnitude, Rounded, infinity, round, zero};
use crate::ESTIMATE_TABLES;

/// Fraction bits 51–44 of the result, indexed by the exponent's parity and three fraction bits.
const RECIPROCAL_ROOTS: [u8; 16] = [241, 216, 192, 168, 152, 136, 128, 112, 96, 76, 60, 48, 32, 24, 16, 8];

/// The outcome of a computed value, without FI, UX and XX.
fn estimate(value: Magnitude, format: FloatFormat, fpscr: u32) -> ExactResult {
    let rounded = round(value, format, fpscr & !UE);
    ExactResult::Value(Rounded { rounding: 0, exceptions: rounded.exceptions & OX, ..rounded })
}

/// The estimate of 1 ÷ frB, a single.
pub(crate) fn reciprocal(b: u64, fpscr: u32) -> ExactResult {
    if let Some(nan) = nan_result(&[b], 0) {
        return nan;
    }
    match unpack(b) {
        Number::Zero(sign) => ExactResult::ZeroDivide(infinity(sign)),
        Number::Infinity(sign) => ExactResult::Value(zero(sign)),
        Number::Finite(Magnitude { sign, exp, sig }) => {
            let fraction = ESTIMATE_TABLES.fres[(sig >> 120) as usize & 0x7F];
            let value = Magnitude { sign, exp: -exp - 1, sig: (1 << 12 | u128::from(fraction)) << 115 };
            estimate(value, FloatFormat::Single, fpscr)
        }
    }
}

/// The estimate of 1 ÷ √frB, a double.
pub(crate) fn reciprocal_root(b: u64, fpscr: u32) -> ExactResult {
    if let Some(nan) = nan_result(&[b], 0) {
        return nan;
    }
    match unpack(b) {
        Number::Zero(sign) => ExactResult::ZeroDivide(infinity(sign)),
        Number::Finite(Magnitude { sign: true, .. }) | Number::Infinity(true) => {
            ExactResult::Invalid { exceptions: VXSQRT, bits: super::exact::DEFAULT_NAN }
        }
        Number::Infinity(false) => ExactResult::Value(zero(false)),
        Number::Finite(Magnitude { exp, sig, .. }) => {
            let odd = (exp & 1) as usize;
            let entry = RECIPROCAL_ROOTS[odd << 3 | (sig >> 124) as usize & 7];
            let value =
                Magnitude { sign: false, exp: -1 - (exp >> 1), sig: (256 | u128::from(entry)) << 119 };
            estimate(value, FloatFormat::Double, fpscr)
        }
    }
}
