//! Translation of vector operations, by the rules of the interpreter in xenia-microcode, from which
//! it shares no code.

use naga::{BinaryOperator as Op, Expression, Handle, MathFunction, RelationalFunction, Type, UnaryOperator};
use xenia_gpu::microcode::VectorOp;

use super::super::Translator;
use super::super::builder::{Builder, Value};
use super::{AluWidth, Effect, Out, address, compare, fraction, larger, multiply, smaller, truth};

fn dot(b: &mut Builder, x: Value, y: Value, count: u32) -> Value {
    let products = multiply(b, x, y, AluWidth::Vector);
    let mut sum = b.member(products, 0);
    for component in 1..count {
        let product = b.member(products, component);
        sum = b.binary(Op::Add, sum, product);
    }
    sum
}

/// Sum of the products of two components and the first component of `z`.
fn dot2_add(b: &mut Builder, [x, y, z]: [Value; 3]) -> Value {
    let sum = dot(b, x, y, 2);
    let c = b.member(z, 0);
    b.binary(Op::Add, sum, c)
}

/// Largest of four components.
fn largest(b: &mut Builder, x: Value) -> Value {
    let [p, q, r, s] = [0, 1, 2, 3].map(|component| b.member(x, component));
    let first = larger(b, p, q);
    let second = larger(b, r, s);
    larger(b, first, second)
}

/// Distance vector: 1, the product of the y components, z of `x`, w of `y`.
fn distance(b: &mut Builder, ty: Handle<Type>, x: Value, y: Value) -> Value {
    let x1 = b.member(x, 1);
    let y1 = b.member(y, 1);
    let x2 = b.member(x, 2);
    let y3 = b.member(y, 3);
    let one = b.float(1.0);
    let product = multiply(b, x1, y1, AluWidth::Scalar);
    b.compose(ty, &[one, product, x2, y3])
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
        let even = b.float(face);
        let odd = b.float(face + 1.0);
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
    let zx = b.binary(Op::GreaterEqual, az, ax);
    let zy = b.binary(Op::GreaterEqual, az, ay);
    let is_z = b.binary(Op::LogicalAnd, zx, zy);
    let is_y = b.binary(Op::GreaterEqual, ay, ax);
    let other = b.select(is_y, along_y, along_x);
    b.select(is_z, along_z, other)
}

fn kill(b: &mut Builder, op: Op, x: Value, y: Value) -> (Out, Effect) {
    let components = compare(b, op, x, y);
    let any = b.expr(Expression::Relational { fun: RelationalFunction::Any, argument: components });
    (Out::Scalar(truth(b, any, AluWidth::Scalar)), Effect::Kill(any))
}

/// Predicate operations with a nesting count: the predicate tests w, the count tests x.
fn push(b: &mut Builder, op: Op, x: Value, y: Value) -> (Out, Effect) {
    let zero = b.float(0.0);
    let mut both = |component: u32| {
        let x = b.member(x, component);
        let y = b.member(y, component);
        let first = b.binary(Op::Equal, x, zero);
        let second = compare(b, op, y, zero);
        (x, b.binary(Op::LogicalAnd, first, second))
    };
    let (_, predicate) = both(3);
    let (count, none) = both(0);
    let one = b.float(1.0);
    let more = b.binary(Op::Add, count, one);
    (Out::Scalar(b.select(none, zero, more)), Effect::Predicate(predicate))
}

/// Vector operation on its operands.
pub(super) fn vector(t: &mut Translator<'_>, op: VectorOp, operands: &[Value]) -> (Out, Effect) {
    // The index is clamped, but operands beyond the operation's number are not used.
    let at = |i: usize| operands[i.min(operands.len() - 1)];
    let x = at(0);
    let y = at(1);
    let z = at(2);
    let vec4 = t.types.vec4;
    let b = &mut t.b;
    let compared = |b: &mut Builder, op| {
        let condition = compare(b, op, x, y);
        Out::Vector(truth(b, condition, AluWidth::Vector))
    };
    let chosen = |b: &mut Builder, op| {
        let zero = b.splat_float(0.0);
        let condition = b.binary(op, x, zero);
        Out::Vector(b.select(condition, y, z))
    };
    let out = match op {
        VectorOp::Add => Out::Vector(b.binary(Op::Add, x, y)),
        VectorOp::Mul => Out::Vector(multiply(b, x, y, AluWidth::Vector)),
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
            let product = multiply(b, x, y, AluWidth::Vector);
            Out::Vector(b.binary(Op::Add, product, z))
        }
        VectorOp::CndEq => chosen(b, Op::Equal),
        VectorOp::CndGe => chosen(b, Op::GreaterEqual),
        VectorOp::CndGt => chosen(b, Op::Greater),
        VectorOp::Dp4 => Out::Scalar(dot(b, x, y, 4)),
        VectorOp::Dp3 => Out::Scalar(dot(b, x, y, 3)),
        VectorOp::Dp2Add => Out::Scalar(dot2_add(b, [x, y, z])),
        VectorOp::Cube => Out::Vector(cube(t, x)),
        VectorOp::Max4 => Out::Scalar(largest(b, x)),
        VectorOp::SetpEqPush => return push(b, Op::Equal, x, y),
        VectorOp::SetpNePush => return push(b, Op::NotEqual, x, y),
        VectorOp::SetpGtPush => return push(b, Op::Greater, x, y),
        VectorOp::SetpGePush => return push(b, Op::GreaterEqual, x, y),
        VectorOp::KillEq => return kill(b, Op::Equal, x, y),
        VectorOp::KillGt => return kill(b, Op::Greater, x, y),
        VectorOp::KillGe => return kill(b, Op::GreaterEqual, x, y),
        VectorOp::KillNe => return kill(b, Op::NotEqual, x, y),
        VectorOp::Dst => Out::Vector(distance(b, vec4, x, y)),
        VectorOp::MaxA => {
            let out = Out::Vector(larger(b, x, y));
            let w = b.member(x, 3);
            return (out, Effect::Address(address(b, w, 0.5, -256.0)));
        }
    };
    (out, Effect::None)
}
