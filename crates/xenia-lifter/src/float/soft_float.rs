//! Software floating point: exact for all operands and all control bits of FPSCR.
//!
//! Compiled code uses it for cases that a host instruction does not decide, for all arithmetic
//! while FPSCR has a rounding mode other than to nearest or enables exceptions, and to compute
//! FPRF, FR and FI lazily for the host's operations. It shares no code with the interpreter's
//! arithmetic: it computes in `rustc_apfloat`'s quadruple precision, and `ordinary` computes most
//! of the same results in less time. A result in quadruple precision is first rounded toward zero
//! with a sticky last bit, which 113 bits against 53 make equivalent to the exact value, and then
//! rounded once to its format. Source: PowerISA 2.02 book I, 4.3 to 4.6; where that leaves a
//! choice, `docs/src/decisions/0004-instruction-results.md`.

mod estimate;
mod ordinary;
mod round;
#[cfg(test)]
mod tests;

pub use estimate::ROOT_FRACTIONS;
use estimate::{reciprocal, reciprocal_root};
use round::rounded;
use rustc_apfloat::ieee::{Double, Quad};
use rustc_apfloat::{Float, FloatConvert, Round, Status, StatusAnd};
use xenia_cpu::fpscr::*;
use xenia_isa::Op;

const SIGN: u64 = 1 << 63;
const EXPONENT: u64 = 0x7FF << 52;
const QUIET: u64 = 1 << 51;
/// The NaN that invalid operations return.
const DEFAULT_NAN: u64 = EXPONENT | QUIET;
/// Fraction bits of a double beyond those of a single.
const BEYOND_SINGLE: u64 = 0x1FFF_FFFF;

/// Result of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SoftFloatResult {
    /// The target's new value; `None` if an enabled exception leaves it unchanged.
    pub(crate) bits: Option<u64>,
    /// FPRF; `None` if it is unchanged.
    pub(crate) class: Option<u32>,
    /// FR and FI, at their positions in FPSCR.
    pub(crate) rounding: u32,
    /// Exception bits to raise.
    pub(crate) exceptions: u32,
}

fn is_nan(bits: u64) -> bool {
    bits & !SIGN > EXPONENT
}

fn is_signalling(bits: u64) -> bool {
    is_nan(bits) && bits & QUIET == 0
}

fn double(bits: u64) -> Double {
    Double::from_bits(u128::from(bits))
}

fn quad(bits: u64) -> Quad {
    double(bits).convert(&mut false).value
}

fn mode(fpscr: u32) -> Round {
    match fpscr & RN {
        0 => Round::NearestTiesToEven,
        1 => Round::TowardZero,
        2 => Round::TowardPositive,
        _ => Round::TowardNegative,
    }
}

impl SoftFloatResult {
    /// A result that needed no rounding.
    fn exact(bits: u64, class: u32) -> Self {
        Self { bits: Some(bits), class: Some(class), rounding: 0, exceptions: 0 }
    }

    /// An invalid operation: returns a NaN unless the exception is enabled.
    fn invalid(exceptions: u32, bits: u64, fpscr: u32) -> Self {
        let delivered = fpscr & VE == 0;
        Self {
            bits: delivered.then_some(bits),
            class: delivered.then_some(class::QNAN),
            rounding: 0,
            exceptions,
        }
    }

    /// The negated result; negative multiply-adds negate after rounding.
    fn negated(self) -> Self {
        let class = |class| match class {
            class::POSITIVE_ZERO => class::NEGATIVE_ZERO,
            class::NEGATIVE_ZERO => class::POSITIVE_ZERO,
            class::POSITIVE_NORMAL => class::NEGATIVE_NORMAL,
            class::NEGATIVE_NORMAL => class::POSITIVE_NORMAL,
            class::POSITIVE_DENORMAL => class::NEGATIVE_DENORMAL,
            class::NEGATIVE_DENORMAL => class::POSITIVE_DENORMAL,
            class::POSITIVE_INFINITY => class::NEGATIVE_INFINITY,
            class::NEGATIVE_INFINITY => class::POSITIVE_INFINITY,
            other => other,
        };
        Self { bits: self.bits.map(|bits| bits ^ SIGN), class: self.class.map(class), ..self }
    }
}

/// Computes `op`, an arithmetic or conversion row, on frA, frB and frC. `None` for other rows.
pub(crate) fn compute(op: Op, operands: [u64; 3], fpscr: u32) -> Option<SoftFloatResult> {
    use Op::*;
    let [_, b, _] = operands;
    let integer = |width, round| {
        let quick = ordinary::integer(b, width, round);
        Some(quick.unwrap_or_else(|| to_integer(b, width, round, fpscr)))
    };
    match op {
        fctidx => return integer(64, mode(fpscr)),
        fctidzx => return integer(64, Round::TowardZero),
        fctiwx => return integer(32, mode(fpscr)),
        fctiwzx => return integer(32, Round::TowardZero),
        _ => {}
    }
    let arithmetic = Arithmetic { op, operands, numbers: numbers_of(op)? };
    let quick = arithmetic.outcome_of_nan(fpscr).or_else(|| arithmetic.ordinary(fpscr));
    Some(quick.unwrap_or_else(|| arithmetic.outcome(fpscr)))
}

/// Which of frA, frB and frC an arithmetic row reads as floating-point numbers. `None` for other
/// rows.
fn numbers_of(op: Op) -> Option<&'static [usize]> {
    use Op::*;
    const A: usize = 0;
    const B: usize = 1;
    const C: usize = 2;
    Some(match op {
        faddx | faddsx | fsubx | fsubsx | fdivx | fdivsx => &[A, B],
        fmulx | fmulsx => &[A, C],
        fmaddx | fmaddsx | fmsubx | fmsubsx | fnmaddx | fnmaddsx | fnmsubx | fnmsubsx => &[A, B, C],
        fsqrtx | fsqrtsx | frspx | fresx | frsqrtex => &[B],
        fcfidx => &[],
        _ => return None,
    })
}

/// An arithmetic row with the values of frA, frB and frC.
struct Arithmetic {
    op: Op,
    operands: [u64; 3],
    /// Those that are floating-point numbers.
    numbers: &'static [usize],
}

impl Arithmetic {
    fn is_single(&self) -> bool {
        use Op::*;
        matches!(
            self.op,
            faddsx
                | fsubsx
                | fmulsx
                | fdivsx
                | fmaddsx
                | fmsubsx
                | fnmaddsx
                | fnmsubsx
                | fsqrtsx
                | frspx
                | fresx
        )
    }

    /// VXIMZ if the product of a multiply-add is one of an infinity and zero: that is invalid,
    /// whatever the addend is.
    fn invalid_product(&self) -> u32 {
        let [a, _, c] = self.operands;
        let [zero, infinite] = [0, EXPONENT].map(|magnitude| move |bits: u64| bits & !SIGN == magnitude);
        let is_invalid = self.numbers.len() == 3 && (infinite(a) && zero(c) || zero(a) && infinite(c));
        if is_invalid { VXIMZ } else { 0 }
    }

    /// The outcome if one of the numbers is a NaN.
    fn outcome_of_nan(&self, fpscr: u32) -> Option<SoftFloatResult> {
        let mut numbers = self.numbers.iter().map(|&n| self.operands[n]);
        let mut bits = numbers.clone().find(|&bits| is_nan(bits))? | QUIET;
        if self.op == Op::frspx {
            bits &= !BEYOND_SINGLE;
        }
        let signalling = if numbers.any(is_signalling) { VXSNAN } else { 0 };
        let exceptions = self.invalid_product() | signalling;
        Some(if exceptions == 0 {
            SoftFloatResult::exact(bits, class::QNAN)
        } else {
            SoftFloatResult::invalid(exceptions, bits, fpscr)
        })
    }

    /// The result in quadruple precision.
    fn result(&self, round: Round) -> StatusAnd<Quad> {
        use Op::*;
        // Only operands of the row are converted, which takes as long as the operation.
        let [a, b, c] = self.operands;
        match self.op {
            faddx | faddsx => quad(a).add_r(quad(b), round),
            fsubx | fsubsx => quad(a).sub_r(quad(b), round),
            fmulx | fmulsx => quad(a).mul_r(quad(c), round),
            fdivx | fdivsx => quad(a).div_r(quad(b), round),
            fmaddx | fmaddsx | fnmaddx | fnmaddsx => quad(a).mul_add_r(quad(c), quad(b), round),
            fmsubx | fmsubsx | fnmsubx | fnmsubsx => quad(a).mul_add_r(quad(c), -quad(b), round),
            fsqrtx | fsqrtsx => root(b),
            fresx => reciprocal(b),
            frsqrtex => reciprocal_root(b),
            fcfidx => Quad::from_i128_r(i128::from(b as i64), round),
            _ => StatusAnd { status: Status::OK, value: quad(b) },
        }
    }

    /// The reason for which the operation is invalid, as it is.
    fn invalid_operation(&self) -> u32 {
        use Op::*;
        let divisor_is_zero = self.operands[1] & !SIGN == 0;
        match self.op {
            fmulx | fmulsx => VXIMZ,
            fdivx | fdivsx if divisor_is_zero => VXZDZ,
            fdivx | fdivsx => VXIDI,
            fsqrtx | fsqrtsx | frsqrtex => VXSQRT,
            _ if self.invalid_product() != 0 => VXIMZ,
            _ => VXISI,
        }
    }

    /// The outcome, if none of the numbers is a NaN.
    fn outcome(&self, fpscr: u32) -> SoftFloatResult {
        use Op::*;
        let single = self.is_single();
        let cut = self.result(Round::TowardZero);
        if cut.status.contains(Status::INVALID_OP) {
            return SoftFloatResult::invalid(self.invalid_operation(), DEFAULT_NAN, fpscr);
        }
        if cut.status.contains(Status::DIV_BY_ZERO) {
            if fpscr & ZE != 0 {
                return SoftFloatResult { bits: None, class: None, rounding: 0, exceptions: ZX };
            }
            return SoftFloatResult { exceptions: ZX, ..rounded(cut.value, single, fpscr) };
        }
        let value = match () {
            // The sign of a sum that cancels depends on the mode.
            () if cut.value.is_zero() => self.result(mode(fpscr)).value,
            () if cut.status.contains(Status::INEXACT) => sticky(cut.value),
            () => cut.value,
        };
        match self.op {
            fnmaddx | fnmaddsx | fnmsubx | fnmsubsx => rounded(value, single, fpscr).negated(),
            fresx | frsqrtex => {
                // Estimates are never inexact and never underflow.
                let outcome = rounded(value, single, fpscr & !UE);
                SoftFloatResult { rounding: 0, exceptions: outcome.exceptions & OX, ..outcome }
            }
            _ => rounded(value, single, fpscr),
        }
    }
}

/// Nibble of `op`, which is `fcmpu` or `fcmpo`, and the exceptions that it raises.
pub(crate) fn compare(op: Op, a: u64, b: u64, fpscr: u32) -> (u8, u32) {
    use std::cmp::Ordering::*;
    let unordered = is_nan(a) || is_nan(b);
    let order = if unordered { None } else { f64::from_bits(a).partial_cmp(&f64::from_bits(b)) };
    match order {
        Some(Less) => (8, 0),
        Some(Greater) => (4, 0),
        Some(Equal) => (2, 0),
        None => {
            let signalling = is_signalling(a) || is_signalling(b);
            let snan = if signalling { VXSNAN } else { 0 };
            // For a signalling NaN, an ordered compare raises VXVC only while invalid operations
            // are disabled.
            let vc = if op == Op::fcmpo && !(signalling && fpscr & VE != 0) { VXVC } else { 0 };
            (1, snan | vc)
        }
    }
}

/// A quadruple-precision value rounded toward zero, with the last bit made sticky.
pub(crate) fn truncated(of: impl FnOnce(Round) -> StatusAnd<Quad>) -> Quad {
    let cut = of(Round::TowardZero);
    let inexact = cut.status.contains(Status::INEXACT) && cut.value.is_finite_non_zero();
    if inexact { sticky(cut.value) } else { cut.value }
}

fn sticky(value: Quad) -> Quad {
    Quad::from_bits(value.to_bits() | 1)
}

/// The square root of `b`: the host's rounded root; its square shows on which side the exact root
/// is.
fn root(b: u64) -> StatusAnd<Quad> {
    let operand = quad(b);
    let answer = |status, value| StatusAnd { status, value };
    if operand.is_zero() || operand.is_infinite() && !operand.is_negative() {
        return answer(Status::OK, operand);
    }
    if operand.is_negative() {
        return answer(Status::INVALID_OP, Quad::NAN);
    }
    let near = quad(f64::from_bits(b).sqrt().to_bits());
    // The square, of twice 53 bits, is exact in quadruple precision.
    let square = near.mul_r(near, Round::TowardZero).value;
    match square.partial_cmp(&operand) {
        Some(std::cmp::Ordering::Less) => answer(Status::INEXACT, near),
        // Just below, with a last bit that is set, like a sticky one.
        Some(std::cmp::Ordering::Greater) => answer(Status::INEXACT, Quad::from_bits(near.to_bits() - 1)),
        _ => answer(Status::OK, near),
    }
}

/// `b` as an integer of `width` bits, saturated.
fn to_integer(b: u64, width: usize, round: Round, fpscr: u32) -> SoftFloatResult {
    let low = i64::MIN >> (64 - width);
    // 2^width: certainly out of range.
    let beyond = f64::from_bits((1023 + width as u64) << 52);
    let (value, exceptions, rounding) = if is_nan(b) {
        (low, VXCVI | if is_signalling(b) { VXSNAN } else { 0 }, 0)
    } else if f64::from_bits(b).abs() >= beyond {
        (if b & SIGN != 0 { low } else { !low }, VXCVI, 0)
    } else {
        let result = double(b).to_i128_r(width, round, &mut false);
        let cut = double(b).to_i128_r(width, Round::TowardZero, &mut false);
        if result.status.contains(Status::INVALID_OP) {
            (result.value as i64, VXCVI, 0)
        } else if result.status.contains(Status::INEXACT) {
            (result.value as i64, XX, if result.value == cut.value { FI } else { FI | FR })
        } else {
            (result.value as i64, 0, 0)
        }
    };
    let trapped = exceptions & VXCVI != 0 && fpscr & VE != 0;
    SoftFloatResult { bits: (!trapped).then_some(value as u64), class: None, rounding, exceptions }
}
