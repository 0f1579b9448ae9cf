//! Thunks for floating-point arithmetic: one for each group of instruction rows, shared by all
//! units.
//!
//! A group is one row or two, whose last result may be stored next (`crate::baseline::emit`). It
//! becomes `mov eax, operands; call thunk`, 10 bytes, or 15 with the operands of two rows in rax.
//! Large programs run as fast as their code is fetched, so operands are decoded at run time rather
//! than specialized in the code, and groups share calls: a call costs 3 ns among much code, because
//! the host has forgotten it, and the arithmetic of a row 1 ns.
//!
//! The operands of a row are the numbers of its registers ([`packed_operands`]), the first row's in
//! the lower half of rax. rax, rcx and xmm registers are scratch. A compare returns the condition
//! register field in rcx; a group that stores returns the single in ecx.
//!
//! Larger groups gain nothing. With loads of two singles before a row, and variants that take the
//! first row's result from a register, a title of 10,000 functions has 2,800 thunks instead of 200,
//! too many for the host's caches, and runs no faster.
//!
//! # FPSCR
//! As in the optimizing tier (`xenia_lifter::float::float_state`): sticky bits accumulate in MXCSR,
//! which is the guest's, and FPRF, FR and FI are computed lazily (`fp_lazy`): the last row that
//! replaces them records itself and its operands. [`READY`] says that MXCSR is the guest's, in
//! scalar mode, and that FPSCR rounds to nearest with no exception enabled. It is cleared whenever
//! MXCSR changes owner, and by arms that change FPSCR. A thunk that finds it clear sets it up
//! ([`CodeThunk::PrepareFloat`]), or has the arm run if FPSCR has other control bits. NI changes
//! nothing.
//!
//! # Cases left to the interpreter
//! The interpreter's arm runs a row ([`CodeThunk::RunFloatRow`]) where the host's result may
//! differ:
//! - a NaN results, or a compare is unordered: VX\* bits and the NaN are the architecture's;
//! - a double lies next to the smallest normal number: the host detects tininess after rounding;
//! - a single is below the normal range or next to it, and not zero (a product of operands of 24
//!   bits: next to it);
//! - a conversion to an integer gives the host's value for "invalid";
//! - the operand of an estimate is not a normal number, or is negative (`frsqrte`), or operand or
//!   result is not a normal single (`fres`).
//!
//! The arm also raises the exceptions that the host has already raised in MXCSR.
//!
//! Single-precision arithmetic is done in double precision and rounded once more. The double is the
//! exact result rounded, so it lies on the same side of the midpoint of two singles as the exact
//! result, unless it *is* that midpoint (which its lower 29 bits show). Even then sums, products,
//! quotients and roots of operands of 24 bits are right (53 ≥ 2 × 24 + 2); the arm computes the
//! others. So the operands need not be singles.

mod compute;
mod operands;
mod rows;
mod writer;

use super::map::BaselineWord;
use super::templates::CodeThunk;
pub(super) use operands::{packed_operands, unpacked};
use rows::row;
pub(super) use rows::{begins_group, has_float_thunk};
use writer::ThunkWriter;
use xenia_isa::Op;

/// Displacement of the byte that says that arithmetic may begin: the second byte of
/// [`BaselineWord::GuestFloat`].
pub(super) const READY: i32 = BaselineWord::GuestFloat.at() + 1;

/// Words of the context that thunks read.
pub(super) const CONSTANTS: [(BaselineWord, u64); 2] =
    [(BaselineWord::Middle, MIDDLE), (BaselineWord::SingleBits, !EXTRA)];

/// Bits of a double that a single lacks.
const EXTRA: u64 = 0x1FFF_FFFF;
/// Those bits of the midpoint of two singles.
const MIDDLE: u64 = 0x1000_0000;

/// The rows of a thunk, which run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FloatGroup {
    pub(super) first: Op,
    pub(super) second: Option<Op>,
    /// Whether the result is converted to the single that a store writes.
    pub(super) stores: bool,
}

impl FloatGroup {
    /// A group of one row.
    pub(super) fn of(first: Op) -> Self {
        Self { first, second: None, stores: false }
    }

    /// Number of rows.
    pub(super) fn rows(self) -> u32 {
        1 + u32::from(self.second.is_some())
    }
}

/// The code of a thunk, and the positions of its distances to other thunks.
pub(super) struct ThunkCode {
    pub(super) code: Vec<u8>,
    pub(super) calls: Vec<(usize, CodeThunk)>,
}

/// The code of a group's thunk; `None` if a row has no thunk.
pub(super) fn float_thunk(group: FloatGroup) -> Option<ThunkCode> {
    let rows = [Some(group.first), group.second].into_iter().flatten().map(row);
    Some(ThunkWriter::new().write(&rows.collect::<Option<Vec<_>>>()?, group.stores))
}
