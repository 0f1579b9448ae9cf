//! Groups of floating-point instructions that call one thunk.
//!
//! In much code a call costs 3 ns, because the host has forgotten it, and the arithmetic 1 ns. So a
//! thunk runs as much of these sequences as possible:
//!
//! ```text
//!  row [│ integer instructions │ row] [│ store of the result, a single]
//! ```
//! A row is arithmetic, or at the end a compare or a conversion to an integer.
//!
//! # Exact states
//! Floating-point arithmetic raises no exceptions in the modes of compiled code, nor do the integer
//! instructions, so their order is free.
//!
//! Two loads of singles share a check for NaNs. Both precede all writes. If one is refused,
//! execution continues with the first: the loads are made once more.

use super::super::encode::{Dword, Qword, RCX};
use super::super::float_thunks::{FloatGroup, begins_group, has_float_thunk, packed_operands};
use super::super::map::cr;
use super::super::templates::CodeThunk;
use super::super::unit::Word;
use super::rows::is_plain_integer;
use super::{Emitter, NotEmitted};
use xenia_isa::{Instruction, Op};

/// Limit of the integer instructions between two rows.
const MAX_BETWEEN: usize = 3;

/// A group to be emitted.
struct Found {
    group: FloatGroup,
    /// The rows' packed operands, the first one's in the lower half.
    operands: u64,
    /// Index of the last row.
    last: usize,
}

impl Emitter {
    /// Emits the group that begins at `index`. Returns the index of the next instruction, which is
    /// `index` if there is no group.
    pub(super) fn float_group(
        &mut self,
        words: &[Word],
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<usize, NotEmitted> {
        let Some((op, i)) = row(words, index) else { return Ok(index) };
        // Most instructions do not begin a group. The primary opcodes of arithmetic:
        if !matches!(i.0 >> 26, 59 | 63) && !loads_single(op) {
            return Ok(index);
        }
        if loads_single(op) {
            return self.two_loads(words, index, thunk);
        }
        let Some(found) = self.find_group(words, index) else { return Ok(index) };
        if found.group.second.is_some() {
            // The first row runs with the second one, after the integer instructions.
            let mut at = index + 1;
            while at < found.last {
                // Without the row, so that no pair of instructions contains it.
                at = self.instruction(&words[..found.last], at, thunk)?;
            }
        }
        let size = if found.group.second.is_some() { Qword } else { Dword };
        self.templates.e.operands(found.operands, size);
        self.templates.call(CodeThunk::Float(found.group));
        if let Some((Op::fcmpo | Op::fcmpu, i)) = row(words, found.last) {
            self.templates.e.store(cr(i.crfd()), RCX);
        }
        self.end_site(found.last, thunk)?;
        if !found.group.stores {
            return Ok(found.last + 1);
        }
        self.templates.has_single = true;
        let next = self.instruction(words, found.last + 1, thunk);
        self.templates.has_single = false;
        next
    }

    /// The group whose first row is at `at`.
    fn find_group(&self, words: &[Word], at: usize) -> Option<Found> {
        let has_fma = self.templates.options.features.fma;
        let (op, i) = self.row_at(words, at)?;
        let mut group = FloatGroup::of(op);
        let mut last = at;
        let mut operands = u64::from(packed_operands(op, i));
        if begins_group(op, has_fma) {
            let is_integer = |word: &&Word| word.op.is_some_and(is_plain_integer);
            let second = at + 1 + words[at + 1..].iter().take(MAX_BETWEEN).take_while(is_integer).count();
            if let Some((op, i)) = self.row_at(words, second) {
                group.second = Some(op);
                operands |= u64::from(packed_operands(op, i)) << 32;
                last = second;
            }
        }
        let delivers = begins_group(group.second.unwrap_or(op), has_fma);
        group.stores = delivers && self.stores_result(words, last);
        let gains = group.stores || group.second.is_some();
        gains.then_some(Found { group, operands, last })
    }

    /// Emits the two loads of singles at `index`, if there are two.
    fn two_loads(
        &mut self,
        words: &[Word],
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<usize, NotEmitted> {
        let Some(first) = row(words, index) else { return Ok(index) };
        let Some(second) = row(words, index + 1).filter(|&(op, _)| loads_single(op)) else {
            return Ok(index);
        };
        self.templates.two_singles([first, second]);
        self.end_site(index, thunk)?;
        Ok(index + 2)
    }

    /// The instruction at `index`, if groups contain it.
    fn row_at(&self, words: &[Word], index: usize) -> Option<(Op, Instruction)> {
        // Record forms copy FPSCR to CR1; compares have none.
        let is_plain = |op, i: Instruction| !i.rc() || matches!(op, Op::fcmpo | Op::fcmpu);
        row(words, index)
            .filter(|&(op, i)| is_plain(op, i) && has_float_thunk(op, self.templates.options.features.fma))
    }

    /// Whether the instruction after the arithmetic at `index` stores its result as a single.
    fn stores_result(&self, words: &[Word], index: usize) -> bool {
        use Op::{stfs, stfsu, stfsux, stfsx};
        let Some((op, store)) = row(words, index + 1) else { return false };
        let is_valid = matches!(op, stfs | stfsx) || matches!(op, stfsu | stfsux) && store.ra() != 0;
        is_valid && !self.templates.options.stores_by_arms && store.rs() == words[index].i.fd()
    }
}

fn row(words: &[Word], index: usize) -> Option<(Op, Instruction)> {
    words.get(index).and_then(|word| Some((word.op?, word.i)))
}

/// Whether a row loads a single, and changes no other register.
fn loads_single(op: Op) -> bool {
    matches!(op, Op::lfs | Op::lfsx)
}
