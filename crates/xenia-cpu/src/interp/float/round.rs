//! Rounding of exact values: precision, range, mode, traps, all of FPSCR's result bits.
//!
//! A finite non-zero value is `sig × 2^(exp − 127)` with bit 127 of `sig` set; bit 0 may be a
//! sticky bit, which stands for everything below it. PowerISA 2.02 book I, 4.3.5 and 4.4.

use super::fpscr::{FI, FR, OE, OX, RN, UE, UX, XX, class};

/// The format a result is rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatFormat {
    /// 24 bits of precision, exponents −126…127, stored as a double.
    Single,
    /// 53 bits of precision, exponents −1022…1023.
    Double,
}

impl FloatFormat {
    const fn precision(self) -> u32 {
        match self {
            Self::Single => 24,
            Self::Double => 53,
        }
    }

    /// Greatest exponent; the least normal one is `1 − max`.
    const fn max_exponent(self) -> i32 {
        match self {
            Self::Single => 127,
            Self::Double => 1023,
        }
    }

    /// The amount by which an enabled overflow or underflow adjusts the exponent.
    const fn trap_bias(self) -> i32 {
        match self {
            Self::Single => 192,
            Self::Double => 1536,
        }
    }
}

/// An exact finite value, not zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Magnitude {
    pub(crate) sign: bool,
    /// Weight of bit 127 of `sig`, as a power of two.
    pub(crate) exp: i32,
    /// Significand, bit 127 set, bit 0 possibly sticky.
    pub(crate) sig: u128,
}

/// A rounded result and its FPSCR bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rounded {
    /// The result in double format.
    pub(crate) bits: u64,
    pub(crate) class: u32,
    pub(crate) rounding: u32,
    /// OX, UX and XX to raise.
    pub(crate) exceptions: u32,
}

impl Rounded {
    /// A result that needed no rounding.
    pub(crate) const fn exact(bits: u64, class: u32) -> Self {
        Self { bits, class, rounding: 0, exceptions: 0 }
    }

    /// The same result with the sign inverted, as the negative multiply-add instructions do after
    /// rounding.
    pub(crate) const fn negated(self) -> Self {
        Self { bits: self.bits ^ 1 << 63, class: negated_class(self.class), ..self }
    }
}

/// FPRF of a number with inverted sign.
const fn negated_class(code: u32) -> u32 {
    match code {
        class::POSITIVE_ZERO => class::NEGATIVE_ZERO,
        class::NEGATIVE_ZERO => class::POSITIVE_ZERO,
        class::POSITIVE_DENORMAL => class::NEGATIVE_DENORMAL,
        class::NEGATIVE_DENORMAL => class::POSITIVE_DENORMAL,
        class::POSITIVE_NORMAL => class::NEGATIVE_NORMAL,
        class::NEGATIVE_NORMAL => class::POSITIVE_NORMAL,
        class::POSITIVE_INFINITY => class::NEGATIVE_INFINITY,
        class::NEGATIVE_INFINITY => class::POSITIVE_INFINITY,
        other => other,
    }
}

const fn signed(sign: bool, positive: u32, negative: u32) -> u32 {
    if sign { negative } else { positive }
}

pub(crate) const fn zero(sign: bool) -> Rounded {
    Rounded::exact((sign as u64) << 63, signed(sign, class::POSITIVE_ZERO, class::NEGATIVE_ZERO))
}

pub(crate) const fn infinity(sign: bool) -> Rounded {
    Rounded::exact(
        (sign as u64) << 63 | 0x7FF << 52,
        signed(sign, class::POSITIVE_INFINITY, class::NEGATIVE_INFINITY),
    )
}

/// The sign of a sum that is exactly zero, of operands with these signs.
pub(crate) const fn zero_sum_sign([a, b]: [bool; 2], fpscr: u32) -> bool {
    if a == b { a } else { fpscr & RN == 3 }
}

/// Shifts right; the bits shifted out are ORed into bit 0 (sticky bit).
#[inline]
pub(crate) const fn shift_right_jam(value: u128, by: u32) -> u128 {
    match by {
        0 => value,
        1..=127 => value >> by | (value << (128 - by) != 0) as u128,
        _ => (value != 0) as u128,
    }
}

/// Whether `rest` (its top bit worth half a unit) rounds the magnitude `kept` up.
#[inline]
pub(crate) const fn rounds_up(mode: u32, sign: bool, kept: u64, rest: u128) -> bool {
    const HALF: u128 = 1 << 127;
    match mode & RN {
        0 => rest > HALF || rest == HALF && kept & 1 != 0,
        1 => false,
        2 => !sign && rest != 0,
        _ => sign && rest != 0,
    }
}

/// Converts `q × 2^lsb` (at most 53 bits of `q`, not zero) to double format.
///
/// A value outside the format becomes an infinity or loses low bits. This happens only with an
/// exponent adjusted for a trap, from operands that are not singles; the book leaves it undefined.
fn assemble(sign: bool, q: u64, lsb: i32) -> u64 {
    // The leading one goes to bit 52, which the format implies.
    let up = q.leading_zeros() as i32 - 11;
    let fraction = q << up;
    let exponent = lsb - up + 52 + 1023;
    let magnitude = if exponent >= 2047 {
        0x7FF << 52
    } else if exponent >= 1 {
        ((exponent as u64) << 52) + (fraction & ((1 << 52) - 1))
    } else {
        fraction.checked_shr((1 - exponent) as u32).unwrap_or(0)
    };
    magnitude | u64::from(sign) << 63
}

/// The result of a disabled overflow: infinity, or the greatest number if the mode rounds toward
/// zero there.
fn overflowed(sign: bool, format: FloatFormat, fpscr: u32) -> Rounded {
    let to_infinity = match fpscr & RN {
        0 => true,
        1 => false,
        2 => !sign,
        _ => sign,
    };
    let result = if to_infinity {
        infinity(sign)
    } else {
        let precision = format.precision();
        let greatest = (1_u64 << precision) - 1;
        let bits = assemble(sign, greatest, format.max_exponent() + 1 - precision as i32);
        Rounded::exact(bits, signed(sign, class::POSITIVE_NORMAL, class::NEGATIVE_NORMAL))
    };
    // The book leaves FR undefined here; the hardware sets it.
    Rounded { rounding: FI | FR, exceptions: OX | XX, ..result }
}

/// Rounds an exact value with the control bits of `fpscr`.
pub(crate) fn round(value: Magnitude, format: FloatFormat, fpscr: u32) -> Rounded {
    let Magnitude { sign, mut exp, mut sig } = value;
    let precision = format.precision();
    let min_exponent = 1 - format.max_exponent();
    let mut exceptions = 0;
    let mut denormal = false;

    // Tininess is detected before rounding.
    let tiny = exp < min_exponent;
    if tiny {
        if fpscr & UE != 0 {
            exceptions |= UX;
            exp += format.trap_bias();
        } else {
            denormal = true;
            sig = shift_right_jam(sig, (min_exponent - exp) as u32);
            exp = min_exponent;
        }
    }

    let drop = 128 - precision;
    let mut kept = (sig >> drop) as u64;
    let rest = sig << precision;
    let inexact = rest != 0;
    let up = rounds_up(fpscr, sign, kept, rest);
    if up {
        kept += 1;
        if kept >> precision != 0 {
            kept >>= 1;
            exp += 1;
        }
    }
    let mut rounding = 0;
    if inexact {
        exceptions |= XX;
        rounding = FI | if up { FR } else { 0 };
        if denormal {
            exceptions |= UX;
        }
    }

    if !tiny && exp > format.max_exponent() {
        if fpscr & OE == 0 {
            return overflowed(sign, format, fpscr);
        }
        exceptions |= OX;
        exp -= format.trap_bias();
    }

    if kept == 0 {
        return Rounded { rounding, exceptions, ..zero(sign) };
    }
    // A denormal that rounded up to the least normal number is normal.
    let class = if denormal && kept >> (precision - 1) == 0 {
        signed(sign, class::POSITIVE_DENORMAL, class::NEGATIVE_DENORMAL)
    } else {
        signed(sign, class::POSITIVE_NORMAL, class::NEGATIVE_NORMAL)
    };
    Rounded { bits: assemble(sign, kept, exp + 1 - precision as i32), class, rounding, exceptions }
}
