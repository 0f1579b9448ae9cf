//! Translation of ALU instructions: one match arm for each operation, with the semantics of the
//! interpreter in `xenia-gpu`.
//!
//! Comparisons with NaN are false, and "not equal" is the negation of "equal", as in Rust. Maxima
//! and minima are selections, because the host's results for NaN are undefined. Multiplications and
//! additions are separate, but a driver may fuse them: naga's SPIR-V does not forbid it.

mod scalar;
mod vector;

use naga::{BinaryOperator as Op, MathFunction, ScalarKind, UnaryOperator};
use xenia_gpu::microcode::Alu;

use super::Translator;
use super::builder::{Builder, Value};
use scalar::scalar;
use vector::vector;

/// Side effect of an operation.
enum Effect {
    None,
    Predicate(Value),
    /// Condition under which the pixel is discarded.
    Kill(Value),
    /// New value of the address register.
    Address(Value),
}

/// Result: four components, or one for all.
enum Out {
    Vector(Value),
    Scalar(Value),
}

/// Width of a value.
#[derive(Clone, Copy)]
enum AluWidth {
    Scalar,
    Vector,
}

/// A number in each component.
fn constant(b: &mut Builder, value: f32, width: AluWidth) -> Value {
    match width {
        AluWidth::Scalar => b.float(value),
        AluWidth::Vector => b.splat_float(value),
    }
}

/// Multiplies; zero times anything is +0.
fn multiply(b: &mut Builder, x: Value, y: Value, width: AluWidth) -> Value {
    let zero = constant(b, 0.0, width);
    let first = b.binary(Op::Equal, x, zero);
    let second = b.binary(Op::Equal, y, zero);
    let either = b.binary(Op::InclusiveOr, first, second);
    let product = b.binary(Op::Multiply, x, y);
    b.select(either, zero, product)
}

/// Larger value; the second if one is NaN.
fn larger(b: &mut Builder, x: Value, y: Value) -> Value {
    let holds = b.binary(Op::GreaterEqual, x, y);
    b.select(holds, x, y)
}

/// Smaller value; the second if one is NaN.
fn smaller(b: &mut Builder, x: Value, y: Value) -> Value {
    let holds = b.binary(Op::Less, x, y);
    b.select(holds, x, y)
}

/// Whether two values differ; NaN differs from everything.
fn differ(b: &mut Builder, x: Value, y: Value) -> Value {
    let equal = b.binary(Op::Equal, x, y);
    b.unary(UnaryOperator::LogicalNot, equal)
}

/// Compares with an operator; uses [`differ`] for `NotEqual`.
fn compare(b: &mut Builder, op: Op, x: Value, y: Value) -> Value {
    if op == Op::NotEqual { differ(b, x, y) } else { b.binary(op, x, y) }
}

fn truth(b: &mut Builder, condition: Value, width: AluWidth) -> Value {
    let one = constant(b, 1.0, width);
    let zero = constant(b, 0.0, width);
    b.select(condition, one, zero)
}

fn fraction(b: &mut Builder, x: Value) -> Value {
    let floor = b.math(MathFunction::Floor, x);
    b.binary(Op::Subtract, x, floor)
}

/// Clamps to 0..1; NaN becomes 0.
fn saturate(b: &mut Builder, x: Value, width: AluWidth) -> Value {
    let one = constant(b, 1.0, width);
    let zero = constant(b, 0.0, width);
    let below = b.binary(Op::Less, x, one);
    let limited = b.select(below, x, one);
    let positive = b.binary(Op::Greater, x, zero);
    b.select(positive, limited, zero)
}

/// Value of the address register: rounded down after adding `rounding`, clamped; NaN gives 0.
/// Scalar operations never make it negative.
fn address(b: &mut Builder, x: Value, rounding: f32, lowest: f32) -> Value {
    let rounding = b.float(rounding);
    let sum = b.binary(Op::Add, x, rounding);
    let floor = b.math(MathFunction::Floor, sum);
    let is_number = b.binary(Op::Equal, floor, floor);
    let zero = b.float(0.0);
    let number = b.select(is_number, floor, zero);
    let low = b.float(lowest);
    let high = b.float(255.0);
    let number = larger(b, number, low);
    let number = smaller(b, number, high);
    b.convert(number, ScalarKind::Sint)
}

impl Translator<'_> {
    /// Translates an instruction: both halves read before either writes.
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
                    let value =
                        if alu.vector_clamp { saturate(&mut self.b, value, AluWidth::Vector) } else { value };
                    self.store_vector(alu.vector_to, value, alu.vector_mask);
                }
                Out::Scalar(value) => {
                    let value =
                        if alu.vector_clamp { saturate(&mut self.b, value, AluWidth::Scalar) } else { value };
                    self.store_scalar(alu.vector_to, value, alu.vector_mask);
                }
            }
        }
        if let Some((value, effect)) = second {
            self.b.store_local(self.previous, value);
            let value = if alu.scalar_clamp { saturate(&mut self.b, value, AluWidth::Scalar) } else { value };
            self.apply(effect);
            self.store_scalar(alu.scalar_to, value, alu.scalar_mask);
        }
        let zero = self.b.float(0.0);
        let one = self.b.float(1.0);
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
