//! `fres` and `frsqrte`: low-precision estimates within the bounds of PowerISA 2.02 book I, with
//! the hardware's results (docs/src/decisions/0004-instruction-results.md).

use super::{double, quad};
use rustc_apfloat::ieee::Quad;
use rustc_apfloat::{Float, Status, StatusAnd};
use xenia_cpu::ESTIMATE_TABLES;

/// `1.fraction × 2^exponent`, of the low 52 bits of `fraction`.
fn estimated(negative: bool, fraction: u64, exponent: i32) -> StatusAnd<Quad> {
    let value = quad(1023 << 52 | fraction & ((1 << 52) - 1)).scalbn(exponent);
    StatusAnd { status: Status::OK, value: if negative { -value } else { value } }
}

/// Reciprocal estimate (`fres`).
pub(super) fn reciprocal(b: u64) -> StatusAnd<Quad> {
    let operand = double(b);
    let negative = operand.is_negative();
    if operand.is_zero() {
        let infinity = if negative { -Quad::INFINITY } else { Quad::INFINITY };
        return StatusAnd { status: Status::DIV_BY_ZERO, value: infinity };
    }
    if operand.is_infinite() {
        return StatusAnd { status: Status::OK, value: if negative { -Quad::ZERO } else { Quad::ZERO } };
    }
    let exponent = operand.ilogb();
    let interval = (operand.scalbn(-exponent).to_bits() as u64) >> 45 & 0x7F;
    let fraction = ESTIMATE_TABLES.fres[interval as usize];
    estimated(negative, u64::from(fraction) << 40, -exponent - 1)
}

/// Fraction bits of `frsqrte`'s results, one byte for each value of the operand's first three
/// fraction bits: for even and for odd exponents.
pub const ROOT_FRACTIONS: [u64; 2] = [0x7080_8898_A8C0_D8F1, 0x0810_1820_303C_4C60];

/// Reciprocal square root estimate (`frsqrte`).
pub(super) fn reciprocal_root(b: u64) -> StatusAnd<Quad> {
    let operand = double(b);
    if operand.is_zero() {
        let infinity = if operand.is_negative() { -Quad::INFINITY } else { Quad::INFINITY };
        return StatusAnd { status: Status::DIV_BY_ZERO, value: infinity };
    }
    if operand.is_negative() {
        return StatusAnd { status: Status::INVALID_OP, value: Quad::NAN };
    }
    if operand.is_infinite() {
        return StatusAnd { status: Status::OK, value: Quad::ZERO };
    }
    let exponent = operand.ilogb();
    let first = (operand.scalbn(-exponent).to_bits() as u64) >> 49 & 7;
    let fraction = ROOT_FRACTIONS[(exponent & 1) as usize] >> (8 * first);
    estimated(false, (fraction & 0xFF) << 44, -1 - (exponent >> 1))
}
