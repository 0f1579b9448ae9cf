//! Groups of floating-point instructions that call one thunk.
//!
//! In much code a call costs 3 ns, because the host has forgotten it, and the arithmetic 1 ns. So a
//! thunk runs as much of these sequences as possible:
//!
//! ```text
//!  load │ load                                               singles
//!  load │ arithmetic [│ arithmetic]                          a single
//!  arithmetic [│ integer instructions │ arithmetic] [│ store of the result, a single]
//! ```
//!
//! # Exact states
//! Floating-point arithmetic raises no exceptions in the modes of compiled code, nor do the integer
//! instructions, so their order is free. Loads of a group precede all writes of it. If one is
//! refused, its group's first instruction is the one to go on with: the loads before it are made
//! once more.

use super::super::encode::{RAX, RCX};
use super::super::enter::{packed_operands, pairs};
use super::super::templates::{Arithmetic, CodeThunk};
use super::super::unit::Word;
use super::Emitter;
use super::rows::is_plain_integer;
use xenia_isa::Op;

/// Limit of the integer instructions between two of floating-point arithmetic.
const MOST_BETWEEN: usize = 3;

impl Emitter {
    /// Emits the group that begins at `index`. Returns the index of the next instruction, which is
    /// `index` if there is no group.
    pub(super) fn float_group(
        &mut self,
        words: &[Word],
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Option<u32>,
    ) -> Option<usize> {
        let Some((op, i)) = row(words, index) else { return Some(index) };
        // Most instructions are none that a group begins with. The primary opcodes of arithmetic:
        if !matches!(i.0 >> 26, 59 | 63) && !loads_single(op) {
            return Some(index);
        }
        let start = self.templates.e.len();
        if loads_single(op) {
            let Some((next, other)) = row(words, index + 1) else { return Some(index) };
            if loads_single(next) {
                self.templates.load_single(op, i, RCX);
                self.templates.load_single(next, other, RAX);
                self.templates.call(CodeThunk::LoadSingles([i.rd(), other.rd()]));
                self.end_site(start, thunk)?;
                self.sites.push(0);
                return Some(index + 2);
            }
            if !self.computes_at(words, index + 1) {
                return Some(index);
            }
            self.templates.load_single(op, i, RCX);
            let (sums, operands) = self.arithmetic(words, index + 1, index + 2);
            self.templates.e.operands(operands, sums.second.is_some());
            self.templates.call(CodeThunk::LoadThen(i.rd(), sums));
            self.end_site(start, thunk)?;
            self.sites.push(0);
            self.sites.extend(sums.second.map(|_| 0));
            return Some(index + 2 + usize::from(sums.second.is_some()));
        }
        if !self.computes_at(words, index) {
            return Some(index);
        }
        let between = words[index + 1..].iter().take(MOST_BETWEEN);
        let between = between.take_while(|word| word.op.is_some_and(is_plain_integer)).count();
        let (sums, operands) = self.arithmetic(words, index, index + 1 + between);
        let last = if sums.second.is_some() { index + 1 + between } else { index };
        if sums.second.is_some() {
            self.sites.push(0);
            let mut at = index + 1;
            while at < last {
                at = self.instruction(&words[..last], at, thunk)?;
            }
        }
        let stores = self.stores_result(words, last);
        if sums.second.is_none() && !stores {
            return Some(index);
        }
        let start = self.templates.e.len();
        self.templates.e.operands(operands, sums.second.is_some());
        self.templates.call(if stores { CodeThunk::ThenStore(sums) } else { CodeThunk::Float(sums) });
        self.end_site(start, thunk)?;
        if stores {
            self.templates.has_single = true;
            let next = self.instruction(words, last + 1, thunk);
            self.templates.has_single = false;
            return next;
        }
        Some(last + 1)
    }

    /// Whether the instruction at `index` is arithmetic that groups contain.
    fn computes_at(&self, words: &[Word], index: usize) -> bool {
        let has_fma = self.templates.features.fma;
        row(words, index).is_some_and(|(op, i)| !i.rc() && pairs(op, has_fma))
    }

    /// The arithmetic at `index`, with that at `second` if there is one, and its operands.
    fn arithmetic(&self, words: &[Word], index: usize, second: usize) -> (Arithmetic, u64) {
        let operands = |at| row(words, at).map_or(0, |(op, i)| u64::from(packed_operands(op, i)));
        let op = |at: usize| words.get(at).and_then(|word| word.op);
        let first = op(index).unwrap_or(Op::faddx);
        if self.computes_at(words, second) {
            let sums = Arithmetic { first, second: op(second) };
            return (sums, operands(index) | operands(second) << 32);
        }
        (Arithmetic { first, second: None }, operands(index))
    }

    /// Whether the instruction after the arithmetic at `index` stores its result as a single.
    fn stores_result(&self, words: &[Word], index: usize) -> bool {
        use Op::{stfs, stfsu, stfsux, stfsx};
        let Some((op, store)) = row(words, index + 1) else { return false };
        let is_valid = matches!(op, stfs | stfsx) || matches!(op, stfsu | stfsux) && store.ra() != 0;
        is_valid && !self.templates.stores_by_arms && store.rs() == words[index].i.fd()
    }
}

fn row(words: &[Word], index: usize) -> Option<(Op, xenia_isa::Instruction)> {
    words.get(index).and_then(|word| Some((word.op?, word.i)))
}

/// Whether a row loads a single, and changes no other register.
fn loads_single(op: Op) -> bool {
    matches!(op, Op::lfs | Op::lfsx)
}
