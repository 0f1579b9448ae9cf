//! Generates floating-point statements.
//!
//! Bounds are tracked: variables stay between -2 and 2, stored numbers between -1 and 1. No value
//! can therefore become infinite or a NaN, whose sign depends on the host. A stored number is a sum
//! with a constant, so that numbers do not vanish over the rounds.

use super::program::{
    DOUBLES, FLOATS, FloatLocal, FloatOp, OBJECT, OFFSET, Relation, SCALE, Shape, Statement, Test, is_double,
};
use super::writer::Writer;

/// Largest magnitude of a variable between statements.
const MAX_MAGNITUDE: f64 = 2.0;
/// Largest value of the scale.
const MAX_SCALE: f64 = 0.25;
/// Largest magnitude of the offset.
const MAX_OFFSET: f64 = 0.3;

/// A function's floating-point variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Floats {
    /// Bound on the magnitude of each variable.
    bounds: Vec<f64>,
    /// Variables that were written and not read yet.
    unread: Vec<bool>,
}

impl Floats {
    /// Number of variables.
    pub(super) fn count(&self) -> u8 {
        self.bounds.len() as u8
    }

    /// Resets the bounds before a loop, because variables may hold values of the previous
    /// iteration.
    pub(super) fn forget_bounds(&mut self) {
        for bound in self.bounds.iter_mut().skip(usize::from(OFFSET) + 1) {
            *bound = MAX_MAGNITUDE;
        }
    }

    /// Joins the states of two branches at a merge point.
    pub(super) fn join(&mut self, other: &Self) {
        for (one, other) in self.bounds.iter_mut().zip(&other.bounds) {
            *one = one.max(*other);
        }
        for (one, other) in self.unread.iter_mut().zip(&other.unread) {
            *one |= other;
        }
    }

    fn bound(&self, local: FloatLocal) -> f64 {
        self.bounds[usize::from(local)]
    }

    fn write(&mut self, local: FloatLocal, bound: f64) {
        self.bounds[usize::from(local)] = bound;
        self.unread[usize::from(local)] = true;
    }
}

impl Writer {
    /// Assigns a value to every floating-point variable.
    pub(super) fn begin_floats(&mut self) {
        // A function that calls must save all of its variables.
        let count = if self.shape == Shape::Calling { 5 } else { 8 };
        self.floats.bounds = vec![0.0; count];
        self.floats.unread = vec![false; count];
        let scale = 0.1 + 0.15 * f64::from(self.dice.below(1000)) / 1000.0;
        let offset = 0.1 + 0.2 * f64::from(self.dice.below(1000)) / 1000.0;
        let offset = if self.dice.chance(50) { -offset } else { offset };
        for (to, value, bound) in [(SCALE, scale, MAX_SCALE), (OFFSET, offset, MAX_OFFSET)] {
            self.floats.bounds[usize::from(to)] = bound;
            self.body.push(Statement::FloatConstant { to, bits: (value as f32).to_bits() });
        }
        for to in OFFSET + 1..self.floats.count() {
            let load = self.float_load(to);
            self.body.push(load);
        }
        self.size += count as u32 + 2 + if self.shape == Shape::Calling { 2 * count as u32 } else { 0 };
    }

    /// Folds unread variables into one of each precision, and stores these.
    pub(super) fn end_floats(&mut self) {
        let count = self.floats.count();
        for double in [false, true] {
            let all = (OFFSET + 1..count).filter(|&local| is_double(count, local) == double);
            let unread: Vec<_> = all.filter(|&local| self.floats.unread[usize::from(local)]).collect();
            let Some((&first, others)) = unread.split_first() else { continue };
            for &b in others {
                self.body.push(Statement::Float {
                    op: FloatOp::MultiplyAdd,
                    to: first,
                    a: first,
                    b,
                    c: SCALE,
                });
            }
            let mut body = std::mem::take(&mut self.body);
            self.float_store(first, &mut body);
            self.body = body;
        }
    }

    /// Generates one or two statements.
    pub(super) fn float_statement(&mut self, to: &mut Vec<Statement>) {
        self.size += 1;
        match self.dice.below(100) {
            0..25 => {
                if let Some(local) = self.free_float() {
                    let load = self.float_load(local);
                    to.push(load);
                } else {
                    self.float_arithmetic(to);
                }
            }
            25..38 => {
                self.size += 1;
                let from = self.read_float(None);
                self.float_store(from, to);
            }
            38..43 => {
                let from = self.read_float(None);
                let count = self.floats.count();
                let from_double = is_double(self.floats.count(), from);
                let other = |local: &FloatLocal| is_double(count, *local) != from_double;
                let unread = |local: &FloatLocal| self.floats.unread[usize::from(*local)];
                let target = (OFFSET + 1..count).filter(other).find(|local| !unread(local));
                if let Some(target) = target {
                    to.push(Statement::FloatConvert { to: target, from });
                    self.floats.write(target, self.floats.bound(from));
                } else {
                    self.floats.unread[usize::from(from)] = true;
                    self.float_arithmetic(to);
                }
            }
            43..46 => {
                self.size += 5;
                let a = self.read();
                let local = self.read_float(Some(false));
                to.push(Statement::FloatFromInteger { to: local, a });
                to.push(Statement::Float { op: FloatOp::Multiply, to: local, a: local, b: local, c: SCALE });
                self.floats.write(local, 7.0 * MAX_SCALE);
            }
            _ => self.float_arithmetic(to),
        }
    }

    /// Generates a comparison of two variables.
    pub(super) fn float_test(&mut self) -> Test {
        let a = self.read_float(None);
        let b = if self.dice.chance(40) { OFFSET } else { self.read_float(None) };
        let relation = if self.dice.chance(50) { Relation::Less } else { Relation::Greater };
        Test::Floats { a, b, relation }
    }

    fn float_arithmetic(&mut self, to: &mut Vec<Statement>) {
        let a = self.read_float(None);
        let double = is_double(self.floats.count(), a);
        for _ in 0..4 {
            let op = match self.dice.below(16) {
                0..4 => FloatOp::Add,
                4..6 => FloatOp::Subtract,
                6..9 => FloatOp::Multiply,
                9..13 => FloatOp::MultiplyAdd,
                13 => FloatOp::MultiplySubtract,
                14 => FloatOp::NegativeMultiplySubtract,
                _ if self.dice.chance(50) => FloatOp::Negate,
                _ => FloatOp::Absolute,
            };
            let b = self.float_operand(double);
            let c = self.float_operand(double);
            let bounds = [a, b, c].map(|local| self.floats.bound(local));
            let bound = match op {
                FloatOp::Add | FloatOp::Subtract => bounds[0] + bounds[1],
                FloatOp::Multiply => bounds[0] * bounds[2],
                FloatOp::Negate | FloatOp::Absolute => bounds[0],
                _ => bounds[0] * bounds[2] + bounds[1],
            };
            if bound <= MAX_MAGNITUDE {
                self.floats.unread[usize::from(b)] = false;
                self.floats.unread[usize::from(c)] = false;
                to.push(Statement::Float { op, to: a, a, b, c });
                self.floats.write(a, bound);
                return;
            }
        }
        self.scale(a, to);
    }

    /// Generates `local = local * scale + offset`.
    fn scale(&mut self, local: FloatLocal, to: &mut Vec<Statement>) {
        let op = FloatOp::MultiplyAdd;
        to.push(Statement::Float { op, to: local, a: local, b: OFFSET, c: SCALE });
        self.floats.write(local, self.floats.bound(local) * MAX_SCALE + MAX_OFFSET);
    }

    fn float_load(&mut self, to: FloatLocal) -> Statement {
        self.floats.write(to, 1.0);
        Statement::FloatLoad { to, at: self.float_place(to) }
    }

    fn float_store(&mut self, from: FloatLocal, to: &mut Vec<Statement>) {
        self.scale(from, to);
        self.floats.unread[usize::from(from)] = false;
        let at = self.float_place(from);
        to.push(Statement::FloatStore { from, at });
    }

    /// Chooses the offset of a field of a variable's precision.
    fn float_place(&mut self, local: FloatLocal) -> u32 {
        if is_double(self.floats.count(), local) {
            DOUBLES + 8 * self.dice.below((OBJECT - DOUBLES) / 8)
        } else {
            FLOATS + 4 * self.dice.below((DOUBLES - FLOATS) / 4)
        }
    }

    /// Chooses a variable to read, optionally of a given precision; not a constant.
    fn read_float(&mut self, double: Option<bool>) -> FloatLocal {
        let count = self.floats.count();
        let fits = |&local: &FloatLocal| double.is_none_or(|double| is_double(count, local) == double);
        let all: Vec<_> = (OFFSET + 1..count).filter(fits).collect();
        let unread = all.iter().copied().filter(|&local| self.floats.unread[usize::from(local)]);
        let unread: Vec<_> = unread.collect();
        let prefers = !unread.is_empty() && self.dice.chance(60);
        let local = self.dice.pick(if prefers { &unread } else { &all });
        self.floats.unread[usize::from(local)] = false;
        local
    }

    /// Chooses an operand of a precision, which may be a constant.
    fn float_operand(&mut self, double: bool) -> FloatLocal {
        if self.dice.chance(35) {
            return self.dice.pick(&[SCALE, OFFSET]);
        }
        let count = self.floats.count();
        let all: Vec<_> = (OFFSET + 1..count).filter(|&local| is_double(count, local) == double).collect();
        self.dice.pick(&all)
    }

    /// Chooses a variable that may be overwritten.
    fn free_float(&mut self) -> Option<FloatLocal> {
        let unread = &self.floats.unread;
        let free: Vec<_> =
            (OFFSET + 1..self.floats.count()).filter(|&local| !unread[usize::from(local)]).collect();
        if free.is_empty() { None } else { Some(self.dice.pick(&free)) }
    }
}
