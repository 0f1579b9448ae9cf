//! Translation of scalar operations, by the rules of the interpreter in xenia-microcode, from which
//! it shares no code. Special cases are comparisons: hosts disagree about `min`, `max` and
//! functions of NaNs, infinities and denormals (docs/src/decisions/0018-shader-translation.md).

use naga::{BinaryOperator as Op, MathFunction, ScalarKind};
use xenia_gpu::microcode::ScalarOp;

use super::super::builder::{Builder, Value};
use super::{AluWidth, Effect, address, compare, fraction, larger, multiply, smaller, truth};

/// Whether a float is an infinity of either sign.
fn is_infinite(b: &mut Builder, x: Value) -> Value {
    let bits = b.bitcast(x, ScalarKind::Uint);
    let magnitude = b.uint(0x7fff_ffff);
    let infinity = b.uint(0x7f80_0000);
    let bits = b.binary(Op::And, bits, magnitude);
    b.binary(Op::Equal, bits, infinity)
}

/// Replaces infinities by the value `bits`, keeping the sign.
fn replace_infinity(b: &mut Builder, x: Value, bits: u32) -> Value {
    let infinite = is_infinite(b, x);
    let raw = b.bitcast(x, ScalarKind::Uint);
    let sign = b.uint(0x8000_0000);
    let bits = b.uint(bits);
    let sign = b.binary(Op::And, raw, sign);
    let bits = b.binary(Op::InclusiveOr, sign, bits);
    let value = b.bitcast(bits, ScalarKind::Float);
    b.select(infinite, value, x)
}

fn clamp_infinity(b: &mut Builder, x: Value) -> Value {
    replace_infinity(b, x, f32::MAX.to_bits())
}

fn flush_infinity(b: &mut Builder, x: Value) -> Value {
    replace_infinity(b, x, 0)
}

/// Rounds reciprocals, roots, powers and logarithms to 21 mantissa bits, as the chip does.
/// Infinities and NaNs are unchanged.
fn approximate(b: &mut Builder, x: Value) -> Value {
    let raw = b.bitcast(x, ScalarKind::Uint);
    let highest = b.uint(0x7f80_0000);
    let half = b.uint(2);
    let mask = b.uint(!3);
    let exponent = b.binary(Op::And, raw, highest);
    let is_finite = b.binary(Op::NotEqual, exponent, highest);
    let sum = b.binary(Op::Add, raw, half);
    let bits = b.binary(Op::And, sum, mask);
    let rounded = b.bitcast(bits, ScalarKind::Float);
    b.select(is_finite, rounded, x)
}

fn reciprocal(b: &mut Builder, x: Value) -> Value {
    let one = b.float(1.0);
    let value = b.binary(Op::Divide, one, x);
    approximate(b, value)
}

/// Applies two functions, one after the other.
fn chain(b: &mut Builder, x: Value, functions: [fn(&mut Builder, Value) -> Value; 2]) -> Value {
    functions.into_iter().fold(x, |value, function| function(b, value))
}

fn square_root(b: &mut Builder, x: Value) -> Value {
    let root = b.math(MathFunction::Sqrt, x);
    approximate(b, root)
}

fn reciprocal_root(b: &mut Builder, x: Value) -> Value {
    // Rounded once.
    let root = b.math(MathFunction::Sqrt, x);
    reciprocal(b, root)
}

/// 2 to the power of x. The host's function is used only if the result is a normal number.
fn power_of_two(b: &mut Builder, x: Value) -> Value {
    let low = b.float(-126.0);
    let high = b.float(128.0);
    let power = b.math(MathFunction::Exp2, x);
    let power = approximate(b, power);
    let tiny = b.binary(Op::Less, x, low);
    let huge = b.binary(Op::GreaterEqual, x, high);
    let zero = b.float(0.0);
    let infinity = b.uint(f32::INFINITY.to_bits());
    let infinity = b.bitcast(infinity, ScalarKind::Float);
    let power = b.select(tiny, zero, power);
    let power = b.select(huge, infinity, power);
    let is_number = b.binary(Op::Equal, x, x);
    b.select(is_number, power, x)
}

/// Logarithm to base 2: infinite for zero, NaN for negative numbers.
fn logarithm(b: &mut Builder, x: Value) -> Value {
    let zero = b.float(0.0);
    let value = b.math(MathFunction::Log2, x);
    let value = approximate(b, value);
    let bits = |b: &mut Builder, value: f32| {
        let bits = b.uint(value.to_bits());
        b.bitcast(bits, ScalarKind::Float)
    };
    let infinity = bits(b, f32::INFINITY);
    let minus = bits(b, f32::NEG_INFINITY);
    let nan = bits(b, f32::NAN);
    let is_infinite = b.binary(Op::Equal, x, infinity);
    let value = b.select(is_infinite, infinity, value);
    let is_zero = b.binary(Op::Equal, x, zero);
    let value = b.select(is_zero, minus, value);
    let is_number = b.binary(Op::GreaterEqual, x, zero);
    b.select(is_number, value, nan)
}

/// Logarithm to base 2 that is the least finite number for zero.
fn finite_logarithm(b: &mut Builder, x: Value) -> Value {
    let zero = b.float(0.0);
    let value = logarithm(b, x);
    let least = b.float(-f32::MAX);
    let is_zero = b.binary(Op::Equal, x, zero);
    b.select(is_zero, least, value)
}

/// Multiplies by the previous result; the least finite number if that is infinite, a NaN or the
/// least one itself, or if `y` is not positive and finite.
fn multiply_checked(b: &mut Builder, x: Value, y: Value, previous: Value) -> Value {
    let zero = b.float(0.0);
    // Finite numbers are those whose magnitude is at most the largest one.
    let largest = b.float(f32::MAX);
    let least = b.float(-f32::MAX);
    let p = b.math(MathFunction::Abs, previous);
    let q = b.math(MathFunction::Abs, y);
    let p = b.binary(Op::LessEqual, p, largest);
    let q = b.binary(Op::LessEqual, q, largest);
    let above = b.binary(Op::Greater, previous, least);
    let positive = b.binary(Op::Greater, y, zero);
    let finite = b.binary(Op::LogicalAnd, p, q);
    let fit = b.binary(Op::LogicalAnd, above, positive);
    let all = b.binary(Op::LogicalAnd, finite, fit);
    let product = multiply(b, x, previous, AluWidth::Scalar);
    b.select(all, product, least)
}

/// Predicate operation: the result is 0 where the condition holds.
fn predicate(b: &mut Builder, holds: Value, otherwise: Value) -> (Value, Effect) {
    let zero = b.float(0.0);
    (b.select(holds, zero, otherwise), Effect::Predicate(holds))
}

/// Inverts the predicate of a counter of levels: 1 becomes 0, and 0 becomes 1.
fn invert_predicate(b: &mut Builder, x: Value) -> (Value, Effect) {
    let zero = b.float(0.0);
    let one = b.float(1.0);
    let holds = b.binary(Op::Equal, x, one);
    let none = b.binary(Op::Equal, x, zero);
    let otherwise = b.select(none, one, x);
    predicate(b, holds, otherwise)
}

/// Leaves a level of a counter of levels.
fn pop_predicate(b: &mut Builder, x: Value) -> (Value, Effect) {
    let zero = b.float(0.0);
    let one = b.float(1.0);
    let less = b.binary(Op::Subtract, x, one);
    let holds = b.binary(Op::LessEqual, less, zero);
    predicate(b, holds, less)
}

/// Restores a counter of levels: the predicate holds at level zero.
fn restore_predicate(b: &mut Builder, x: Value, zero: Value) -> (Value, Effect) {
    let holds = b.binary(Op::Equal, x, zero);
    predicate(b, holds, x)
}

/// Clears the predicate, with a result that no counter of levels reaches.
fn clear_predicate(b: &mut Builder) -> (Value, Effect) {
    let largest = b.float(f32::MAX);
    let never = b.boolean(false);
    (largest, Effect::Predicate(never))
}

/// Discards the lanes for which a comparison with `limit` holds.
fn kill(b: &mut Builder, op: Op, x: Value, limit: Value) -> (Value, Effect) {
    let condition = compare(b, op, x, limit);
    (truth(b, condition, AluWidth::Scalar), Effect::Kill(condition))
}

/// Operation on one or two operands and the previous scalar result.
pub(super) fn scalar(b: &mut Builder, op: ScalarOp, x: Value, y: Value, previous: Value) -> (Value, Effect) {
    let zero = b.float(0.0);
    let one = b.float(1.0);
    let compared = |b: &mut Builder, op| {
        let condition = compare(b, op, x, zero);
        truth(b, condition, AluWidth::Scalar)
    };
    let sets = |b: &mut Builder, op| {
        let condition = compare(b, op, x, zero);
        predicate(b, condition, one)
    };
    let value = match op {
        ScalarOp::Adds | ScalarOp::Addsc0 | ScalarOp::Addsc1 => b.binary(Op::Add, x, y),
        ScalarOp::AddsPrev => b.binary(Op::Add, x, previous),
        ScalarOp::Muls | ScalarOp::Mulsc0 | ScalarOp::Mulsc1 => multiply(b, x, y, AluWidth::Scalar),
        ScalarOp::MulsPrev => multiply(b, x, previous, AluWidth::Scalar),
        ScalarOp::MulsPrev2 => multiply_checked(b, x, y, previous),
        ScalarOp::Maxs => larger(b, x, y),
        ScalarOp::Mins => smaller(b, x, y),
        ScalarOp::Seqs => compared(b, Op::Equal),
        ScalarOp::Sgts => compared(b, Op::Greater),
        ScalarOp::Sges => compared(b, Op::GreaterEqual),
        ScalarOp::Snes => compared(b, Op::NotEqual),
        ScalarOp::Frcs => fraction(b, x),
        ScalarOp::Truncs => b.math(MathFunction::Trunc, x),
        ScalarOp::Floors => b.math(MathFunction::Floor, x),
        ScalarOp::Exp => power_of_two(b, x),
        ScalarOp::Logc => finite_logarithm(b, x),
        ScalarOp::Log => logarithm(b, x),
        ScalarOp::Rcpc => chain(b, x, [reciprocal, clamp_infinity]),
        ScalarOp::Rcpf => chain(b, x, [reciprocal, flush_infinity]),
        ScalarOp::Rcp => reciprocal(b, x),
        ScalarOp::Rsqc => chain(b, x, [reciprocal_root, clamp_infinity]),
        ScalarOp::Rsqf => chain(b, x, [reciprocal_root, flush_infinity]),
        ScalarOp::Rsq => reciprocal_root(b, x),
        ScalarOp::MaxAs => return (larger(b, x, y), Effect::Address(address(b, x, 0.5, 0.0))),
        ScalarOp::MaxAsf => return (larger(b, x, y), Effect::Address(address(b, x, 0.0, 0.0))),
        ScalarOp::Subs | ScalarOp::Subsc0 | ScalarOp::Subsc1 => b.binary(Op::Subtract, x, y),
        ScalarOp::SubsPrev => b.binary(Op::Subtract, x, previous),
        ScalarOp::SetpEq => return sets(b, Op::Equal),
        ScalarOp::SetpNe => return sets(b, Op::NotEqual),
        ScalarOp::SetpGt => return sets(b, Op::Greater),
        ScalarOp::SetpGe => return sets(b, Op::GreaterEqual),
        ScalarOp::SetpInv => return invert_predicate(b, x),
        ScalarOp::SetpPop => return pop_predicate(b, x),
        ScalarOp::SetpClr => return clear_predicate(b),
        ScalarOp::SetpRstr => return restore_predicate(b, x, zero),
        ScalarOp::KillsEq => return kill(b, Op::Equal, x, zero),
        ScalarOp::KillsGt => return kill(b, Op::Greater, x, zero),
        ScalarOp::KillsGe => return kill(b, Op::GreaterEqual, x, zero),
        ScalarOp::KillsNe => return kill(b, Op::NotEqual, x, zero),
        ScalarOp::KillsOne => return kill(b, Op::Equal, x, one),
        ScalarOp::Sqrt => square_root(b, x),
        ScalarOp::Sin => b.math(MathFunction::Sin, x),
        ScalarOp::Cos => b.math(MathFunction::Cos, x),
        ScalarOp::RetainPrev => previous,
    };
    (value, Effect::None)
}
