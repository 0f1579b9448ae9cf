//! Loop-carried copies of floating-point and vector registers, and of VSCR
//! ([`crate::cfg::loops`]).
//!
//! Unlike sunk registers, these are stored as everywhere else, so the context is current and exits
//! and faults need no extra code. A read uses the copy and so avoids store-to-load forwarding from
//! the previous iteration. A copy is a frontend variable of the register in single or in double
//! format, whichever the loop's blocks assume ([`crate::analysis::assumptions`]). Edges inside the
//! loop define it with the register's value; the gates load it.

use super::Lifter;
use crate::analysis::assumptions::{Assumptions, FprFormats};
use crate::analysis::loop_carried::Loop;
use crate::cfg::graph::BlockId;
use cranelift_codegen::ir::{Value, types};
use cranelift_frontend::{FunctionBuilder, Variable};
use std::collections::BTreeMap;

/// The variables of one loop.
#[derive(Debug)]
pub(super) struct Copies {
    /// By FPR: single format, double format.
    floats: BTreeMap<usize, [Variable; 2]>,
    vectors: BTreeMap<usize, Variable>,
    /// VSCR as the context has it, zero-extended to an I64.
    vscr: Option<Variable>,
}

impl Copies {
    pub(super) fn new(of: &Loop, b: &mut FunctionBuilder<'_>) -> Self {
        let floats = (0..32).filter(|n| of.floats >> n & 1 != 0);
        let floats = floats.map(|n| (n, [types::F32, types::F64].map(|ty| b.declare_var(ty)))).collect();
        let vectors = (0..128).filter(|n| of.vectors >> n & 1 != 0);
        let vectors = vectors.map(|n| (n, b.declare_var(types::I8X16))).collect();
        let vscr = of.saturates.then(|| b.declare_var(types::I64));
        Self { floats, vectors, vscr }
    }

    /// FPRs with copies, as bits.
    fn floats(&self) -> u32 {
        self.floats.keys().fold(0, |set, n| set | 1 << n)
    }

    /// Vector registers with copies, as bits.
    fn vectors(&self) -> u128 {
        self.vectors.keys().fold(0, |set, n| set | 1 << n)
    }
}

/// Copies that are equal to their registers at this point.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copied {
    /// FPRs whose single-format copies are valid.
    pub(super) singles: u32,
    /// FPRs whose double-format copies are valid.
    pub(super) doubles: u32,
    pub(super) vectors: u128,
    /// Whether the copy of VSCR is valid.
    pub(super) vscr: bool,
}

impl Copied {
    /// Invalidates the copies of FPR `n`, which has changed.
    pub(super) fn forget_float(&mut self, n: usize) {
        self.singles &= !(1 << n);
        self.doubles &= !(1 << n);
    }
}

impl Lifter<'_> {
    /// Marks the copies valid that hold at the start of a block with these assumptions.
    pub(super) fn begin_copies(&mut self, assumptions: Assumptions) {
        let Some(copies) = self.loop_carried.copies() else { return };
        let floats = copies.floats();
        let vectors = copies.vectors();
        let vscr = copies.vscr.is_some();
        let FprFormats { single, open } = assumptions.formats;
        self.state.cache.copied =
            Copied { singles: floats & single, doubles: floats & !single & !open, vectors, vscr };
    }

    /// The copy of FPR `n` as an F32.
    pub(super) fn copied_single(&mut self, n: usize) -> Option<Value> {
        self.copied_float(n, 0, self.state.cache.copied.singles)
    }

    /// The copy of FPR `n` as an F64.
    pub(super) fn copied_double(&mut self, n: usize) -> Option<Value> {
        self.copied_float(n, 1, self.state.cache.copied.doubles)
    }

    fn copied_float(&mut self, n: usize, form: usize, at_hand: u32) -> Option<Value> {
        let variable = self.loop_carried.copies()?.floats.get(&n).filter(|_| at_hand >> n & 1 != 0)?[form];
        Some(self.b.use_var(variable))
    }

    /// The copy of vector register `n`.
    pub(super) fn copied_vector(&mut self, n: usize) -> Option<Value> {
        let at_hand = self.state.cache.copied.vectors >> n & 1 != 0;
        let variable = *self.loop_carried.copies()?.vectors.get(&n).filter(|_| at_hand)?;
        Some(self.b.use_var(variable))
    }

    /// The copy of VSCR, zero-extended to an I64.
    pub(super) fn copied_vscr(&mut self) -> Option<Value> {
        let at_hand = self.state.cache.copied.vscr;
        let variable = self.loop_carried.copies()?.vscr.filter(|_| at_hand)?;
        Some(self.b.use_var(variable))
    }

    /// Defines the loop's copies on an edge to the block `to`. The edge must have stored all that
    /// the block expects.
    pub(super) fn define_copies(&mut self, to: BlockId) {
        if !self.loop_carried.is_in_current_loop(to) {
            return;
        }
        let Some(copies) = self.loop_carried.copies() else { return };
        let floats: Vec<_> = copies.floats.iter().map(|(&n, &variables)| (n, variables)).collect();
        let vectors: Vec<_> = copies.vectors.iter().map(|(&n, &variable)| (n, variable)).collect();
        let vscr = copies.vscr;
        let formats = self.assumptions_of(to).formats;
        for (n, [single, double]) in floats {
            let Copied { singles, doubles, .. } = self.state.cache.copied;
            if formats.single >> n & 1 != 0 {
                if singles >> n & 1 == 0 {
                    let value = self.fpr_in_single_format(n);
                    self.b.def_var(single, value);
                }
            } else if (formats.open | doubles) >> n & 1 == 0 {
                let value = self.fpr_in_double_format(n);
                self.b.def_var(double, value);
            }
        }
        for (n, variable) in vectors {
            if self.state.cache.copied.vectors >> n & 1 == 0 {
                let value = self.vr(n);
                self.b.def_var(variable, value);
            }
        }
        if let Some(variable) = vscr.filter(|_| !self.state.cache.copied.vscr) {
            let value = self.stored_vscr();
            self.b.def_var(variable, value);
        }
    }
}
