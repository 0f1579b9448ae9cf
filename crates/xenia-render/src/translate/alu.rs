//! Arithmetic: one arm for each operation, with the rules of the interpreter in `xenia-gpu`.
//!
//! Comparisons with NaN are false, and "not equal" is the negation of "equal", as in Rust. Maxima and
//! minima are selections, because the host's own leave NaN open. Sums of products are never fused.

use naga::Expression;
use naga::{BinaryOperator as Op, MathFunction, RelationalFunction, ScalarKind, UnaryOperator};
use xenia_gpu::microcode::{Alu, ScalarOp, VectorOp};

use super::Translator;
use super::builder::{Builder, Value};

/// What an operation does besides its result.
enum Effect {
    None,
    /// The predicate becomes this.
    Predicate(Value),
    /// The pixel is discarded where this holds.
    Kill(Value),
    /// The address register becomes this.
    Address(Value),
}

/// A result: four components, or one for all.
enum Out {
    Vector(Value),
    Scalar(Value),
}

/// Zero in the shape of the other operand.
fn zeros(b: &mut Builder, vector: bool) -> Value {
    if vector { b.splat_float(0.0) } else { b.float(0.0) }
}

/// a * b, where zero times anything is +0.
fn multiply(b: &mut Builder, x: Value, y: Value, vector: bool) -> Value {
    let zero = zeros(b, vector);
    let (first, second) = (b.binary(Op::Equal, x, zero), b.binary(Op::Equal, y, zero));
    let either = b.binary(Op::InclusiveOr, first, second);
    let product = b.binary(Op::Multiply, x, y);
    b.select(either, zero, product)
}

/// The larger; the second where one is NaN.
fn larger(b: &mut Builder, x: Value, y: Value) -> Value {
    let holds = b.binary(Op::GreaterEqual, x, y);
    b.select(holds, x, y)
}

/// The smaller; the second where one is NaN.
fn smaller(b: &mut Builder, x: Value, y: Value) -> Value {
    let holds = b.binary(Op::Less, x, y);
    b.select(holds, x, y)
}

/// Whether two values differ; NaN differs from everything.
fn differ(b: &mut Builder, x: Value, y: Value) -> Value {
    let equal = b.binary(Op::Equal, x, y);
    b.unary(UnaryOperator::LogicalNot, equal)
}

/// A comparison by operator, with [`differ`] for `NotEqual`.
fn compare(b: &mut Builder, op: Op, x: Value, y: Value) -> Value {
    if op == Op::NotEqual { differ(b, x, y) } else { b.binary(op, x, y) }
}

fn truth(b: &mut Builder, condition: Value, vector: bool) -> Value {
    let (one, zero) =
        if vector { (b.splat_float(1.0), b.splat_float(0.0)) } else { (b.float(1.0), b.float(0.0)) };
    b.select(condition, one, zero)
}

fn fraction(b: &mut Builder, x: Value) -> Value {
    let floor = b.math(MathFunction::Floor, x);
    b.binary(Op::Subtract, x, floor)
}

/// To 0..1; NaN becomes 0.
fn saturate(b: &mut Builder, x: Value, vector: bool) -> Value {
    let (one, zero) =
        if vector { (b.splat_float(1.0), b.splat_float(0.0)) } else { (b.float(1.0), b.float(0.0)) };
    let below = b.binary(Op::Less, x, one);
    let limited = b.select(below, x, one);
    let positive = b.binary(Op::Greater, x, zero);
    b.select(positive, limited, zero)
}

/// The address register's value: rounded down after adding `rounding`, limited; NaN gives 0.
fn address(b: &mut Builder, x: Value, rounding: f32) -> Value {
    let rounding = b.float(rounding);
    let sum = b.binary(Op::Add, x, rounding);
    let floor = b.math(MathFunction::Floor, sum);
    let is_number = b.binary(Op::Equal, floor, floor);
    let zero = b.float(0.0);
    let number = b.select(is_number, floor, zero);
    let (low, high) = (b.float(-256.0), b.float(255.0));
    let number = larger(b, number, low);
    let number = smaller(b, number, high);
    b.convert(number, ScalarKind::Sint)
}

fn dot(b: &mut Builder, x: Value, y: Value, count: u32) -> Value {
    let products = multiply(b, x, y, true);
    let mut sum = b.member(products, 0);
    for component in 1..count {
        let product = b.member(products, component);
        sum = b.binary(Op::Add, sum, product);
    }
    sum
}

/// Whether the magnitude of a float is infinite.
fn is_infinite(b: &mut Builder, x: Value) -> Value {
    let bits = b.bitcast(x, ScalarKind::Uint);
    let (magnitude, infinity) = (b.uint(0x7fff_ffff), b.uint(0x7f80_0000));
    let bits = b.binary(Op::And, bits, magnitude);
    b.binary(Op::Equal, bits, infinity)
}

/// Infinities become what `bits` says, with their sign.
fn replace_infinity(b: &mut Builder, x: Value, bits: u32) -> Value {
    let infinite = is_infinite(b, x);
    let raw = b.bitcast(x, ScalarKind::Uint);
    let (sign, bits) = (b.uint(0x8000_0000), b.uint(bits));
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

fn reciprocal(b: &mut Builder, x: Value) -> Value {
    let one = b.float(1.0);
    b.binary(Op::Divide, one, x)
}

fn reciprocal_root(b: &mut Builder, x: Value) -> Value {
    let root = b.math(MathFunction::Sqrt, x);
    reciprocal(b, root)
}

/// 2 to the power of x. The host's function is only asked where the result is a normal number.
fn power_of_two(b: &mut Builder, x: Value) -> Value {
    let (low, high) = (b.float(-126.0), b.float(128.0));
    let power = b.math(MathFunction::Exp2, x);
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

/// The logarithm to base 2: infinite for zero, NaN below.
fn logarithm(b: &mut Builder, x: Value) -> Value {
    let zero = b.float(0.0);
    let value = b.math(MathFunction::Log2, x);
    let bits = |b: &mut Builder, value: f32| {
        let bits = b.uint(value.to_bits());
        b.bitcast(bits, ScalarKind::Float)
    };
    let (infinity, minus, nan) = (bits(b, f32::INFINITY), bits(b, f32::NEG_INFINITY), bits(b, f32::NAN));
    let is_infinite = b.binary(Op::Equal, x, infinity);
    let value = b.select(is_infinite, infinity, value);
    let is_zero = b.binary(Op::Equal, x, zero);
    let value = b.select(is_zero, minus, value);
    let is_number = b.binary(Op::GreaterEqual, x, zero);
    b.select(is_number, value, nan)
}

/// Cube map coordinates from (z, z, x, y): t, s, twice the major axis, the face.
fn cube(t: &mut Translator<'_>, operand: Value) -> Value {
    let ty = t.types.vec4;
    let b = &mut t.b;
    let [z, x, y] = [0, 2, 3].map(|component| b.member(operand, component));
    let [nx, ny, nz] = [x, y, z].map(|value| b.unary(UnaryOperator::Negate, value));
    let [ax, ay, az] = [x, y, z].map(|value| b.math(MathFunction::Abs, value));
    let zero = b.float(0.0);
    let [px, py, pz] = [x, y, z].map(|value| b.binary(Op::Less, value, zero));
    let compose = |b: &mut Builder, [s, t, major]: [Value; 3], negative: Value, face: f32| {
        let (even, odd) = (b.float(face), b.float(face + 1.0));
        let face = b.select(negative, odd, even);
        let two = b.float(2.0);
        let major = b.binary(Op::Multiply, two, major);
        b.compose(ty, &[t, s, major, face])
    };
    let s = b.select(pz, nx, x);
    let along_z = compose(b, [s, ny, z], pz, 4.0);
    let v = b.select(py, nz, z);
    let along_y = compose(b, [x, v, y], py, 2.0);
    let s = b.select(px, z, nz);
    let along_x = compose(b, [s, ny, x], px, 0.0);
    let (zx, zy) = (b.binary(Op::GreaterEqual, az, ax), b.binary(Op::GreaterEqual, az, ay));
    let is_z = b.binary(Op::LogicalAnd, zx, zy);
    let is_y = b.binary(Op::GreaterEqual, ay, ax);
    let other = b.select(is_y, along_y, along_x);
    b.select(is_z, along_z, other)
}

fn kill(b: &mut Builder, op: Op, x: Value, y: Value) -> (Out, Effect) {
    let components = compare(b, op, x, y);
    let any = b.expr(Expression::Relational { fun: RelationalFunction::Any, argument: components });
    (Out::Scalar(truth(b, any, false)), Effect::Kill(any))
}

/// The predicates that count nesting: the predicate looks at w, the count at x.
fn push(b: &mut Builder, op: Op, x: Value, y: Value) -> (Out, Effect) {
    let zero = b.float(0.0);
    let mut both = |component: u32| {
        let (x, y) = (b.member(x, component), b.member(y, component));
        let (first, second) = (b.binary(Op::Equal, x, zero), compare(b, op, y, zero));
        (x, b.binary(Op::LogicalAnd, first, second))
    };
    let (_, predicate) = both(3);
    let (count, none) = both(0);
    let one = b.float(1.0);
    let more = b.binary(Op::Add, count, one);
    (Out::Scalar(b.select(none, zero, more)), Effect::Predicate(predicate))
}

fn vector(t: &mut Translator<'_>, op: VectorOp, operands: &[Value]) -> (Out, Effect) {
    // Operands that an operation doesn't take are not read.
    let at = |i: usize| operands[i.min(operands.len() - 1)];
    let (x, y, z) = (at(0), at(1), at(2));
    let vec4 = t.types.vec4;
    let b = &mut t.b;
    let compared = |b: &mut Builder, op| {
        let condition = compare(b, op, x, y);
        Out::Vector(truth(b, condition, true))
    };
    let chosen = |b: &mut Builder, op| {
        let zero = b.splat_float(0.0);
        let condition = b.binary(op, x, zero);
        Out::Vector(b.select(condition, y, z))
    };
    let out = match op {
        VectorOp::Add => Out::Vector(b.binary(Op::Add, x, y)),
        VectorOp::Mul => Out::Vector(multiply(b, x, y, true)),
        VectorOp::Max => Out::Vector(larger(b, x, y)),
        VectorOp::Min => Out::Vector(smaller(b, x, y)),
        VectorOp::Seq => compared(b, Op::Equal),
        VectorOp::Sgt => compared(b, Op::Greater),
        VectorOp::Sge => compared(b, Op::GreaterEqual),
        VectorOp::Sne => compared(b, Op::NotEqual),
        VectorOp::Frc => Out::Vector(fraction(b, x)),
        VectorOp::Trunc => Out::Vector(b.math(MathFunction::Trunc, x)),
        VectorOp::Floor => Out::Vector(b.math(MathFunction::Floor, x)),
        VectorOp::Mad => {
            let product = multiply(b, x, y, true);
            Out::Vector(b.binary(Op::Add, product, z))
        }
        VectorOp::CndEq => chosen(b, Op::Equal),
        VectorOp::CndGe => chosen(b, Op::GreaterEqual),
        VectorOp::CndGt => chosen(b, Op::Greater),
        VectorOp::Dp4 => Out::Scalar(dot(b, x, y, 4)),
        VectorOp::Dp3 => Out::Scalar(dot(b, x, y, 3)),
        VectorOp::Dp2Add => {
            let sum = dot(b, x, y, 2);
            let c = b.member(z, 0);
            Out::Scalar(b.binary(Op::Add, sum, c))
        }
        VectorOp::Cube => Out::Vector(cube(t, x)),
        VectorOp::Max4 => {
            let [p, q, r, s] = [0, 1, 2, 3].map(|component| b.member(x, component));
            let (first, second) = (larger(b, p, q), larger(b, r, s));
            Out::Scalar(larger(b, first, second))
        }
        VectorOp::SetpEqPush => return push(b, Op::Equal, x, y),
        VectorOp::SetpNePush => return push(b, Op::NotEqual, x, y),
        VectorOp::SetpGtPush => return push(b, Op::Greater, x, y),
        VectorOp::SetpGePush => return push(b, Op::GreaterEqual, x, y),
        VectorOp::KillEq => return kill(b, Op::Equal, x, y),
        VectorOp::KillGt => return kill(b, Op::Greater, x, y),
        VectorOp::KillGe => return kill(b, Op::GreaterEqual, x, y),
        VectorOp::KillNe => return kill(b, Op::NotEqual, x, y),
        VectorOp::Dst => {
            let (x1, y1, x2, y3) = (b.member(x, 1), b.member(y, 1), b.member(x, 2), b.member(y, 3));
            let (one, product) = (b.float(1.0), multiply(b, x1, y1, false));
            Out::Vector(b.compose(vec4, &[one, product, x2, y3]))
        }
        VectorOp::MaxA => {
            let out = Out::Vector(larger(b, x, y));
            let w = b.member(x, 3);
            return (out, Effect::Address(address(b, w, 0.5)));
        }
    };
    (out, Effect::None)
}

/// A predicate operation: the result is 0 where it holds.
fn predicate(b: &mut Builder, holds: Value, otherwise: Value) -> (Value, Effect) {
    let zero = b.float(0.0);
    (b.select(holds, zero, otherwise), Effect::Predicate(holds))
}

fn scalar(b: &mut Builder, op: ScalarOp, x: Value, y: Value, previous: Value) -> (Value, Effect) {
    let (zero, one) = (b.float(0.0), b.float(1.0));
    let compared = |b: &mut Builder, op| {
        let condition = compare(b, op, x, zero);
        truth(b, condition, false)
    };
    let sets = |b: &mut Builder, op| {
        let condition = compare(b, op, x, zero);
        predicate(b, condition, one)
    };
    let kills = |b: &mut Builder, op, limit| {
        let condition = compare(b, op, x, limit);
        (truth(b, condition, false), Effect::Kill(condition))
    };
    let value = match op {
        ScalarOp::Adds | ScalarOp::Addsc0 | ScalarOp::Addsc1 => b.binary(Op::Add, x, y),
        ScalarOp::AddsPrev => b.binary(Op::Add, x, previous),
        ScalarOp::Muls | ScalarOp::Mulsc0 | ScalarOp::Mulsc1 => multiply(b, x, y, false),
        ScalarOp::MulsPrev => multiply(b, x, previous, false),
        ScalarOp::MulsPrev2 => {
            // Finite numbers are those whose magnitude is at most the largest one.
            let (largest, least) = (b.float(f32::MAX), b.float(-f32::MAX));
            let (p, q) = (b.math(MathFunction::Abs, previous), b.math(MathFunction::Abs, y));
            let (p, q) = (b.binary(Op::LessEqual, p, largest), b.binary(Op::LessEqual, q, largest));
            let (above, positive) = (b.binary(Op::Greater, previous, least), b.binary(Op::Greater, y, zero));
            let finite = b.binary(Op::LogicalAnd, p, q);
            let fit = b.binary(Op::LogicalAnd, above, positive);
            let all = b.binary(Op::LogicalAnd, finite, fit);
            let product = multiply(b, x, previous, false);
            b.select(all, product, least)
        }
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
        ScalarOp::Logc => {
            let value = logarithm(b, x);
            let (least, is_zero) = (b.float(-f32::MAX), b.binary(Op::Equal, x, zero));
            b.select(is_zero, least, value)
        }
        ScalarOp::Log => logarithm(b, x),
        ScalarOp::Rcpc => {
            let value = reciprocal(b, x);
            clamp_infinity(b, value)
        }
        ScalarOp::Rcpf => {
            let value = reciprocal(b, x);
            flush_infinity(b, value)
        }
        ScalarOp::Rcp => reciprocal(b, x),
        ScalarOp::Rsqc => {
            let value = reciprocal_root(b, x);
            clamp_infinity(b, value)
        }
        ScalarOp::Rsqf => {
            let value = reciprocal_root(b, x);
            flush_infinity(b, value)
        }
        ScalarOp::Rsq => reciprocal_root(b, x),
        ScalarOp::MaxAs => return (larger(b, x, y), Effect::Address(address(b, x, 0.5))),
        ScalarOp::MaxAsf => return (larger(b, x, y), Effect::Address(address(b, x, 0.0))),
        ScalarOp::Subs | ScalarOp::Subsc0 | ScalarOp::Subsc1 => b.binary(Op::Subtract, x, y),
        ScalarOp::SubsPrev => b.binary(Op::Subtract, x, previous),
        ScalarOp::SetpEq => return sets(b, Op::Equal),
        ScalarOp::SetpNe => return sets(b, Op::NotEqual),
        ScalarOp::SetpGt => return sets(b, Op::Greater),
        ScalarOp::SetpGe => return sets(b, Op::GreaterEqual),
        ScalarOp::SetpInv => {
            let (holds, none) = (b.binary(Op::Equal, x, one), b.binary(Op::Equal, x, zero));
            let otherwise = b.select(none, one, x);
            return predicate(b, holds, otherwise);
        }
        ScalarOp::SetpPop => {
            let less = b.binary(Op::Subtract, x, one);
            let holds = b.binary(Op::LessEqual, less, zero);
            return predicate(b, holds, less);
        }
        ScalarOp::SetpClr => {
            let (largest, never) = (b.float(f32::MAX), b.boolean(false));
            return (largest, Effect::Predicate(never));
        }
        ScalarOp::SetpRstr => {
            let holds = b.binary(Op::Equal, x, zero);
            return predicate(b, holds, x);
        }
        ScalarOp::KillsEq => return kills(b, Op::Equal, zero),
        ScalarOp::KillsGt => return kills(b, Op::Greater, zero),
        ScalarOp::KillsGe => return kills(b, Op::GreaterEqual, zero),
        ScalarOp::KillsNe => return kills(b, Op::NotEqual, zero),
        ScalarOp::KillsOne => return kills(b, Op::Equal, one),
        ScalarOp::Sqrt => b.math(MathFunction::Sqrt, x),
        ScalarOp::Sin => b.math(MathFunction::Sin, x),
        ScalarOp::Cos => b.math(MathFunction::Cos, x),
        ScalarOp::RetainPrev => previous,
    };
    (value, Effect::None)
}

impl Translator<'_> {
    /// An instruction: both halves read before either writes.
    pub(super) fn alu(&mut self, alu: &Alu) {
        let mut first = None;
        if alu.vector_mask != 0 || alu.vector.changes_state() {
            let operands: Vec<Value> =
                alu.operands[..alu.vector.operands()].iter().map(|operand| self.operand(operand)).collect();
            first = Some(vector(self, alu.vector, &operands));
        }
        let mut second = None;
        if alu.has_scalar() {
            let operands: Vec<Value> = alu.scalar_operands[..alu.scalar.operands()]
                .iter()
                .map(|operand| self.scalar_operand(operand))
                .collect();
            let previous = self.b.load_local(self.previous);
            let at = |i: usize| operands.get(i).or(operands.last()).copied().unwrap_or(previous);
            second = Some(scalar(&mut self.b, alu.scalar, at(0), at(1), previous));
        }
        if let Some((out, effect)) = first {
            self.apply(effect);
            match out {
                Out::Vector(value) => {
                    let value = if alu.vector_clamp { saturate(&mut self.b, value, true) } else { value };
                    self.store_vector(alu.vector_to, value, alu.vector_mask);
                }
                Out::Scalar(value) => {
                    let value = if alu.vector_clamp { saturate(&mut self.b, value, false) } else { value };
                    self.store_scalar(alu.vector_to, value, alu.vector_mask);
                }
            }
        }
        if let Some((value, effect)) = second {
            self.b.store_local(self.previous, value);
            let value = if alu.scalar_clamp { saturate(&mut self.b, value, false) } else { value };
            self.apply(effect);
            self.store_scalar(alu.scalar_to, value, alu.scalar_mask);
        }
        let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
        self.store_scalar(alu.vector_to, zero, alu.zeros);
        self.store_scalar(alu.vector_to, one, alu.ones);
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Predicate(value) => self.b.store_local(self.predicate, value),
            Effect::Kill(condition) => {
                let pointer = self.b.global(self.killed);
                let always = self.b.boolean(true);
                self.b.when(condition, |b| b.store(pointer, always));
            }
            Effect::Address(value) => self.b.store_local(self.address, value),
        }
    }
}
