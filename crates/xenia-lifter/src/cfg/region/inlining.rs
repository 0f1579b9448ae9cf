//! Inlining of leaf functions: replaces calls of small straight-line functions by copies of their
//! code.
//!
//! A call costs more than such a function does: all dirty registers are stored before it and loaded
//! after it, and the return point is an entry. Titles call them constantly: register save and
//! restore routines (`__savegprlr_29`), field accessors, accessors of thread-local data. The copy
//! follows the caller's instructions in the block that ends with the call, or with a tail call. The
//! copied instructions keep their own addresses: they are counted, fault, and are invalidated when
//! their code changes as they would be in the original place. Since the return address of a call is
//! known, its `blr` continues at the caller's next block.
//!
//! See docs/src/decisions/0053-optimisation.md.

use super::{Fetch, Guest, MAX_REGION_LENGTH, Terminator, end_of};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op, decode, spr};

/// Maximum number of instructions of a leaf, including its return. The routine that saves eighteen
/// registers and the return address has twenty.
const MAX_LEAF: usize = 24;
/// Maximum number of instructions of all leaves in a region, counting each copy.
const MAX_COPIED: usize = 1024;
/// Maximum number of addresses that are examined as leaves: as many as a region has instructions.
const MAX_LOOKED_AT: usize = MAX_REGION_LENGTH;

/// How an inlined leaf function is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CallKind {
    /// `bl`: returns to the instruction after it.
    Call,
    /// `b` out of the region, a tail call: returns to the function's caller, by LR, which the leaf
    /// may have loaded.
    Jump,
}

/// Inlines leaf functions into one region, and holds their copies.
pub(super) struct Inliner<'a> {
    /// Whether a page, given by an address in it, may be read for the sake of a leaf. `None`: no
    /// inlining.
    may_read: Option<&'a dyn Fn(u32) -> bool>,
    /// Branch targets already examined; `None` for those that are not leaves.
    known: HashMap<(u32, CallKind), Option<Arc<[Guest]>>>,
    /// Copies of leaves, by the address of the call or jump that they replace.
    by_branch: BTreeMap<u32, Arc<[Guest]>>,
    /// Instructions of all copies so far.
    length: usize,
}

impl<'a> Inliner<'a> {
    pub(super) fn new(may_read: Option<&'a dyn Fn(u32) -> bool>) -> Self {
        Self { may_read, known: HashMap::new(), by_branch: BTreeMap::new(), length: 0 }
    }

    /// Inlines the code at `target` at the branch at `pc`, if it is a leaf. Returns whether it was
    /// inlined.
    pub(super) fn inline(&mut self, pc: u32, target: u32, kind: CallKind, fetch: Fetch<'_>) -> bool {
        let Some(may_read) = self.may_read else { return false };
        if self.length == MAX_COPIED || self.known.len() >= MAX_LOOKED_AT {
            return false;
        }
        let found = self.known.entry((target, kind)).or_insert_with(|| leaf(target, kind, may_read, fetch));
        let Some(leaf) = found.as_ref().filter(|leaf| self.length + leaf.len() <= MAX_COPIED) else {
            return false;
        };
        self.length += leaf.len();
        self.by_branch.insert(pc, Arc::clone(leaf));
        true
    }

    /// The code that replaces the branch at `pc`; empty if it is not replaced.
    pub(super) fn code_at(&self, pc: u32) -> &[Guest] {
        self.by_branch.get(&pc).map_or(&[], |leaf| leaf)
    }
}

/// Decodes the function at `start`; `None` if it is not a leaf.
fn leaf(
    start: u32,
    kind: CallKind,
    may_read: &dyn Fn(u32) -> bool,
    fetch: Fetch<'_>,
) -> Option<Arc<[Guest]>> {
    let mut guests = Vec::new();
    for pc in (0..MAX_LEAF as u32).map(|n| start.wrapping_add(4 * n)) {
        let instruction = Instruction(fetch(pc)?);
        if (pc == start || pc.is_multiple_of(PAGE_SIZE)) && !may_read(pc) {
            return None;
        }
        let op = decode(instruction.0);
        guests.push(Guest { pc, instruction, op });
        match end_of(pc, op, instruction) {
            Terminator::None
                if op == Some(Op::mtspr) && instruction.spr() == spr::LR && kind == CallKind::Call =>
            {
                // Its return would lead elsewhere than to the instruction after the call.
                return None;
            }
            Terminator::None => {}
            Terminator::Indirect { link: false, conditional: false } if op == Some(Op::bclrx) => {
                return Some(guests.into());
            }
            _ => return None,
        }
    }
    None
}
