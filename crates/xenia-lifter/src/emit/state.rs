//! Lifter state at a point of the code, which a block in an extended basic block inherits from its
//! predecessor.

use super::cache::Cache;
use super::overflow::SoChange;
use super::restart::RestartPoint;
use super::word_pairs::StoredWords;
use crate::analysis::assumptions::FloatMode;
use crate::host::WORDS;
use cranelift_codegen::ir::{self, Value};

/// The lifter's knowledge at a point: known and dirty values, the budget, MXCSR's mode and the
/// restart point.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The context pointer, and the IR block that defines the value.
    pub(super) ctx: Option<(ir::Block, Value)>,
    /// The budget's value when the first `counted` instructions of `spent` had been subtracted.
    pub(super) budget: Value,
    pub(super) counted: u32,
    /// Instructions since the block received the budget, including the current block's.
    pub(super) spent: u32,
    /// `spent` at the last store of the budget; `None` if it was not stored since.
    pub(super) spent_as_stored: Option<u32>,
    /// MXCSR's mode, if known.
    pub(super) mode: Option<FloatMode>,
    pub(super) cache: Cache,
    /// How the instruction being lifted changes XER\[SO\], if it may.
    pub(super) so_changes: Option<SoChange>,
    /// The restart point for a faulting load.
    pub(super) restart_point: Option<RestartPoint>,
    pub(super) words: [Option<Value>; WORDS],
    /// The last computed host addresses, which accesses reuse in their address operands.
    pub(super) addresses: [Option<HostAddress>; ADDRESSES],
    pub(super) stored_words: StoredWords,
}

/// Values that the code after a place can use without loading them.
pub(super) struct KnownValues {
    cache: Cache,
    words: [Option<Value>; WORDS],
}

/// A host address, with the values whose sum it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostAddress {
    /// Base of guest memory.
    pub(super) memory: Value,
    /// The effective address.
    pub(super) ea: Value,
    pub(super) address: Value,
}

/// Number of remembered host addresses.
const ADDRESSES: usize = 4;

impl State {
    /// A state in which only the budget is known.
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
            restart_point: None,
            words: [None; WORDS],
            addresses: [None; ADDRESSES],
            stored_words: StoredWords::default(),
        }
    }

    /// The values that are known here.
    pub(super) fn known_values(&self) -> KnownValues {
        KnownValues { cache: self.cache.clone(), words: self.words }
    }

    /// Replaces the known values; returns the previous ones.
    pub(super) fn replace_known_values(&mut self, with: KnownValues) -> KnownValues {
        KnownValues {
            cache: std::mem::replace(&mut self.cache, with.cache),
            words: std::mem::replace(&mut self.words, with.words),
        }
    }
}
