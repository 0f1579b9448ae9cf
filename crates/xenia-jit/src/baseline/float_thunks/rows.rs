//! The rows that have thunks, with their computation and the operands that they read.

use crate::baseline::encode::{Dword, HostReg, OperandSize, Qword, XMM0, XMM1, XMM4};
use std::mem::offset_of;
use xenia_cpu::FpLazy;
use xenia_isa::Op;

/// The computation of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// xmm0 = xmm0 op xmm1, by the SSE2 instruction with this opcode.
    Binary(u8),
    /// xmm0 = xmm4 × xmm0 ± xmm1, by the FMA instruction with this opcode.
    Fused {
        opcode: u8,
        negates: bool,
    },
    SquareRoot,
    /// Rounds a double to single precision.
    Round,
    FromInteger,
    /// Converts to an integer.
    ToInteger {
        size: OperandSize,
        rounding: IntegerRounding,
    },
    /// The estimate of `fres`.
    Reciprocal,
    /// The estimate of `frsqrte`.
    ReciprocalRoot,
    Compare,
    Select,
}

/// How a conversion to an integer rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntegerRounding {
    /// As FPSCR says: to nearest, in the state that thunks run in.
    Nearest,
    TowardZero,
}

/// An operand that a row reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    /// The field of `packed_operands`.
    pub(super) field: u8,
    /// The xmm register that it is loaded into.
    pub(super) to: HostReg,
    /// The offset in [`FpLazy`] at which it is recorded.
    pub(super) recorded: usize,
}

const A: Read = Read { field: 0, to: XMM0, recorded: offset_of!(FpLazy, a) };
const B: Read = Read { field: 1, to: XMM1, recorded: offset_of!(FpLazy, b) };
const C: Read = Read { field: 2, to: XMM4, recorded: offset_of!(FpLazy, c) };
/// frC of a row without frB, in frB's field.
const C_FOR_B: Read = Read { recorded: C.recorded, ..B };
/// frB of a row that reads only this operand.
const ONLY_B: Read = Read { to: XMM0, ..B };

/// A row with a thunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatRow {
    /// The instruction word without operands.
    pub(super) word: u32,
    pub(super) operation: Operation,
    /// Whether the result is rounded to single precision.
    pub(super) is_single: bool,
}

const ADD: u8 = 0x58;
pub(super) const MULTIPLY: u8 = 0x59;
const SUBTRACT: u8 = 0x5C;
const DIVIDE: u8 = 0x5E;
/// VFMADD213SD and VFMSUB213SD.
const FUSED_ADD: u8 = 0xA9;
const FUSED_SUBTRACT: u8 = 0xAB;

/// The row's thunk; `None` if it has none.
pub(super) fn row(op: Op) -> Option<FloatRow> {
    use IntegerRounding::{Nearest, TowardZero};
    use Operation::{Binary, Compare, FromInteger, Fused, Reciprocal, ReciprocalRoot, Round, Select};
    use Operation::{SquareRoot, ToInteger};
    let fused = |opcode, negates| Fused { opcode, negates };
    let to_integer = |size, rounding| ToInteger { size, rounding };
    let (operation, is_single) = match op {
        Op::faddx => (Binary(ADD), false),
        Op::faddsx => (Binary(ADD), true),
        Op::fsubx => (Binary(SUBTRACT), false),
        Op::fsubsx => (Binary(SUBTRACT), true),
        Op::fmulx => (Binary(MULTIPLY), false),
        Op::fmulsx => (Binary(MULTIPLY), true),
        Op::fdivx => (Binary(DIVIDE), false),
        Op::fdivsx => (Binary(DIVIDE), true),
        Op::fmaddx => (fused(FUSED_ADD, false), false),
        Op::fmaddsx => (fused(FUSED_ADD, false), true),
        Op::fmsubx => (fused(FUSED_SUBTRACT, false), false),
        Op::fmsubsx => (fused(FUSED_SUBTRACT, false), true),
        Op::fnmaddx => (fused(FUSED_ADD, true), false),
        Op::fnmaddsx => (fused(FUSED_ADD, true), true),
        Op::fnmsubx => (fused(FUSED_SUBTRACT, true), false),
        Op::fnmsubsx => (fused(FUSED_SUBTRACT, true), true),
        Op::fsqrtx => (SquareRoot, false),
        Op::fsqrtsx => (SquareRoot, true),
        Op::frspx => (Round, true),
        Op::fcfidx => (FromInteger, false),
        Op::fctiwx => (to_integer(Dword, Nearest), false),
        Op::fctiwzx => (to_integer(Dword, TowardZero), false),
        Op::fctidx => (to_integer(Qword, Nearest), false),
        Op::fctidzx => (to_integer(Qword, TowardZero), false),
        // The estimate is a single, so no result needs rounding.
        Op::fresx => (Reciprocal, false),
        Op::frsqrtex => (ReciprocalRoot, false),
        Op::fcmpo | Op::fcmpu => (Compare, false),
        Op::fselx => (Select, false),
        _ => return None,
    };
    Some(FloatRow { word: op.row().bits, operation, is_single })
}

impl FloatRow {
    /// The operands that it reads.
    pub(super) fn fields(self) -> &'static [Read] {
        match self.operation {
            Operation::Binary(MULTIPLY) => &[A, C_FOR_B],
            Operation::Binary(_) | Operation::Compare => &[A, B],
            Operation::Fused { .. } | Operation::Select => &[A, B, C],
            Operation::SquareRoot
            | Operation::Round
            | Operation::FromInteger
            | Operation::Reciprocal
            | Operation::ReciprocalRoot => &[ONLY_B],
            Operation::ToInteger { .. } => &[B],
        }
    }

    /// Whether it replaces FPRF, FR and FI, so that those of the previous row need not be recorded.
    pub(super) fn replaces_status(self) -> bool {
        !matches!(self.operation, Operation::ToInteger { .. } | Operation::Compare | Operation::Select)
    }
}

/// Whether a row has a thunk.
pub(in crate::baseline) fn has_float_thunk(op: Op, has_fma: bool) -> bool {
    row(op).is_some_and(|row| has_fma || !matches!(row.operation, Operation::Fused { .. }))
}

/// Whether a second row may follow in a group.
pub(in crate::baseline) fn begins_group(op: Op, has_fma: bool) -> bool {
    let delivers = |row: FloatRow| !matches!(row.operation, Operation::ToInteger { .. } | Operation::Compare);
    has_float_thunk(op, has_fma) && row(op).is_some_and(delivers)
}
