//! Final rounding: rounds an exact value, or a quadruple-precision value with a sticky last bit,
//! once to its format, with FPRF, FR, FI and the exceptions (PowerISA 2.02 book I, 4.4 to 4.6).

use super::{EXPONENT, SIGN, SoftFloatResult, mode};
use rustc_apfloat::ieee::{Double, Quad, Single};
use rustc_apfloat::{Float, FloatConvert, Round, Status, StatusAnd};
use xenia_cpu::fpscr::*;

/// Greatest exponent of a format, and the exponent adjustment of an enabled overflow or underflow.
#[derive(Clone, Copy)]
struct Range {
    greatest: i32,
    bias: i32,
}

const SINGLE: Range = Range { greatest: 127, bias: 192 };
const DOUBLE: Range = Range { greatest: 1023, bias: 1536 };

/// Rounds an exact value that is not a NaN to its format, under the control bits of `fpscr`.
pub(super) fn rounded(value: Quad, single: bool, fpscr: u32) -> SoftFloatResult {
    let sign = if value.is_negative() { SIGN } else { 0 };
    if value.is_zero() {
        SoftFloatResult::exact(sign, signed(sign, class::POSITIVE_ZERO, class::NEGATIVE_ZERO))
    } else if value.is_infinite() {
        SoftFloatResult::exact(
            sign | EXPONENT,
            signed(sign, class::POSITIVE_INFINITY, class::NEGATIVE_INFINITY),
        )
    } else if single {
        rounded_in::<Single>(value, SINGLE, fpscr)
    } else {
        rounded_in::<Double>(value, DOUBLE, fpscr)
    }
}

/// The class of a value with this sign bit.
pub(super) fn signed(sign: u64, positive: u32, negative: u32) -> u32 {
    if sign == 0 { positive } else { negative }
}

/// Rounds a value that is neither zero nor infinite.
fn rounded_in<F: FloatConvert<Double>>(value: Quad, range: Range, fpscr: u32) -> SoftFloatResult
where
    Quad: FloatConvert<F>,
{
    let sign = if value.is_negative() { SIGN } else { 0 };
    let normal_class = signed(sign, class::POSITIVE_NORMAL, class::NEGATIVE_NORMAL);
    let exponent = value.ilogb();
    let tiny = exponent < 1 - range.greatest;
    let in_place = tiny && fpscr & UE == 0;
    // In the other cases the exponent is still unbounded.
    let scaled = if in_place { value } else { value.scalbn(-exponent) };
    let result: StatusAnd<F> = scaled.convert_r(mode(fpscr), &mut false);
    let cut: StatusAnd<F> = scaled.convert_r(Round::TowardZero, &mut false);
    let inexact = result.status.contains(Status::INEXACT);
    let mut rounding = if inexact { FI } else { 0 };
    if result.value.to_bits() != cut.value.to_bits() {
        rounding |= FR;
    }
    let mut exceptions = if inexact { XX } else { 0 };
    let wide: Double = result.value.convert(&mut false).value;
    if in_place {
        if inexact {
            exceptions |= UX;
        }
        let class = match () {
            () if result.value.is_zero() => signed(sign, class::POSITIVE_ZERO, class::NEGATIVE_ZERO),
            () if result.value.is_denormal() => {
                signed(sign, class::POSITIVE_DENORMAL, class::NEGATIVE_DENORMAL)
            }
            () => normal_class,
        };
        return SoftFloatResult {
            bits: Some(wide.to_bits() as u64),
            class: Some(class),
            rounding,
            exceptions,
        };
    }
    let mut exponent = exponent;
    if tiny {
        exceptions |= UX;
        exponent += range.bias;
    } else if exponent + wide.ilogb() > range.greatest {
        exceptions |= OX;
        if fpscr & OE == 0 {
            return overflowed::<F>(sign, fpscr);
        }
        exponent -= range.bias;
    }
    // Only non-single operands of single-precision rows can be so far out of range that even the
    // adjusted result is not a double.
    let bits = if exponent + wide.ilogb() > DOUBLE.greatest {
        sign | EXPONENT
    } else {
        wide.scalbn_r(exponent, Round::TowardZero).to_bits() as u64
    };
    SoftFloatResult { bits: Some(bits), class: Some(normal_class), rounding, exceptions }
}

/// The result of a disabled overflow: infinity, or the largest number if the mode rounds toward
/// zero there.
fn overflowed<F: FloatConvert<Double>>(sign: u64, fpscr: u32) -> SoftFloatResult {
    let to_infinity = match mode(fpscr) {
        Round::TowardZero => false,
        Round::TowardPositive => sign == 0,
        Round::TowardNegative => sign != 0,
        _ => true,
    };
    let result = if to_infinity {
        SoftFloatResult::exact(
            sign | EXPONENT,
            signed(sign, class::POSITIVE_INFINITY, class::NEGATIVE_INFINITY),
        )
    } else {
        let largest: Double = F::largest().convert(&mut false).value;
        let class = signed(sign, class::POSITIVE_NORMAL, class::NEGATIVE_NORMAL);
        SoftFloatResult::exact(sign | largest.to_bits() as u64, class)
    };
    SoftFloatResult { rounding: FI | FR, exceptions: OX | XX, ..result }
}
