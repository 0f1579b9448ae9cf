//! What the lifter knows at a place of the code, which goes on from a block to one that is reached
//! from there alone.

use super::cache::Cache;
use super::overflow::SoChange;
use super::redo::Exact;
use super::word_pairs::StoredWords;
use crate::host::WORDS;
use cranelift_codegen::ir::{self, Value};

/// What MXCSR is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatMode {
    Scalar,
    Vector,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The context's address, and the block of the intermediate form that has it.
    pub(super) ctx: Option<(ir::Block, Value)>,
    /// What was left of the budget when `counted` of `spent` were counted.
    pub(super) budget: Value,
    pub(super) counted: u32,
    /// Instructions since the budget came here, the block's own included.
    pub(super) spent: u32,
    /// `spent` when the budget was stored, if it was since then.
    pub(super) spent_as_stored: Option<u32>,
    /// MXCSR's mode, once it is known.
    pub(super) mode: Option<FloatMode>,
    pub(super) cache: Cache,
    /// How the instruction that is being lifted changes XER\[SO\], if it may.
    pub(super) so_changes: Option<SoChange>,
    /// The instruction that a fault may go back to.
    pub(super) exact: Option<Exact>,
    pub(super) words: [Option<Value>; WORDS],
    /// Host addresses that were computed last: memory's, the guest's, and their sum. It becomes
    /// part of each access that uses it.
    pub(super) addresses: [Option<(Value, Value, Value)>; ADDRESSES],
    pub(super) stored_words: StoredWords,
}

/// Host addresses that are remembered.
const ADDRESSES: usize = 4;

impl State {
    /// Nothing is known but the budget.
    pub(super) fn new(budget: Value) -> Self {
        Self {
            ctx: None,
            budget,
            counted: 0,
            spent: 0,
            spent_as_stored: None,
            mode: None,
            cache: Cache::default(),
            so_changes: None,
            exact: None,
            words: [None; WORDS],
            addresses: [None; ADDRESSES],
            stored_words: StoredWords::default(),
        }
    }
}
