//! Lowers floating-point statements to PowerPC code.

use super::frame::LAST;
use super::lower::{Lowering, SCRATCH, SP};
use super::program::{DOUBLES, FLOATS, FloatLocal, FloatOp, Local, Rotation, Shape};
use xenia_isa::Op;

/// Offset from the stack pointer of eight bytes that pass values between register kinds.
const PASSING: i64 = -8;

impl Lowering<'_> {
    /// The register of a floating-point variable.
    pub(super) fn float(&self, local: FloatLocal) -> i64 {
        match self.function.shape {
            Shape::Calling => i64::from(LAST - local),
            _ => i64::from(local) + 1,
        }
    }

    /// Assigns a constant to `to`.
    pub(super) fn float_constant(&mut self, to: FloatLocal, bits: u32) {
        let address = self.code.pooled(bits);
        let low = self.code.high(SCRATCH, address);
        self.code.put(Op::lfs, &[self.float(to), low, SCRATCH.into()]);
    }

    /// Loads or stores a field.
    pub(super) fn float_field(&mut self, single: Op, double: Op, local: FloatLocal, at: u32) {
        let op = if self.function.is_double(local) { double } else { single };
        debug_assert!((FLOATS..DOUBLES).contains(&at) != self.function.is_double(local));
        self.code.put(op, &[self.float(local), at.into(), self.object()]);
    }

    /// Writes an operation in the precision of `to`.
    pub(super) fn float_op(&mut self, op: FloatOp, to: FloatLocal, abc: [FloatLocal; 3]) {
        let double = self.function.is_double(to);
        let [a, b, c] = abc.map(|local| self.float(local));
        let to = self.float(to);
        let pick = |of_double, of_single| if double { of_double } else { of_single };
        match op {
            FloatOp::Add => self.code.put(pick(Op::faddx, Op::faddsx), &[to, a, b]),
            FloatOp::Subtract => self.code.put(pick(Op::fsubx, Op::fsubsx), &[to, a, b]),
            FloatOp::Multiply => self.code.put(pick(Op::fmulx, Op::fmulsx), &[to, a, c]),
            FloatOp::MultiplyAdd => self.code.put(pick(Op::fmaddx, Op::fmaddsx), &[to, a, c, b]),
            FloatOp::MultiplySubtract => self.code.put(pick(Op::fmsubx, Op::fmsubsx), &[to, a, c, b]),
            FloatOp::NegativeMultiplySubtract => {
                self.code.put(pick(Op::fnmsubx, Op::fnmsubsx), &[to, a, c, b]);
            }
            FloatOp::Negate => self.code.put(Op::fnegx, &[to, a]),
            FloatOp::Absolute => self.code.put(Op::fabsx, &[to, a]),
        }
    }

    /// Writes `to = from` in the precision of `to`.
    pub(super) fn float_convert(&mut self, to: FloatLocal, from: FloatLocal) {
        let op = if self.function.is_double(to) { Op::fmrx } else { Op::frspx };
        self.code.put(op, &[self.float(to), self.float(from)]);
    }

    /// Writes `to = a & 7`.
    pub(super) fn float_from_integer(&mut self, to: FloatLocal, a: Local) {
        let bits = Rotation { by: 0, begin: 29, end: 31 };
        self.rotate(Op::rlwinmx, SCRATCH.into(), self.operand(a), bits);
        self.code.put(Op::std, &[SCRATCH.into(), PASSING, SP]);
        self.code.put(Op::lfd, &[0, PASSING, SP]);
        self.code.put(Op::fcfidx, &[0, 0]);
        self.code.put(Op::frspx, &[self.float(to), 0]);
    }
}
