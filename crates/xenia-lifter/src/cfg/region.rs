//! Regions: the unit of compilation, a control-flow graph of basic blocks of one guest function.
//!
//! [`discover`](self::discover()) follows direct branches from the entries within the function's
//! bounds. The bounds come from `.pdata` if known, otherwise from call targets seen so far. Each
//! block subtracts its instructions from the budget, which is compared at the points that
//! [`checks`] selects.

mod checks;
mod discover;
mod inlining;
mod terminator;
#[cfg(test)]
mod tests;

use super::ranges::{AddressRange, AddressRanges};
pub use discover::{Fetch, Reach, discover};
use std::collections::{BTreeMap, BTreeSet};
pub use terminator::{Terminator, block_length, end_of};
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op};

/// Maximum number of instructions in a region.
pub const MAX_REGION_LENGTH: usize = 4096;
/// Maximum number of instructions scanned as one function: no title has a longer one.
pub const MAX_FUNCTION_LENGTH: usize = 1 << 17;
/// Maximum number of instructions in a block.
const MAX_BLOCK_LENGTH: usize = 128;

/// A guest instruction of a region.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Address of the instruction.
    pub pc: u32,
    /// The instruction's word.
    pub instruction: Instruction,
    /// Its row; `None` for an invalid instruction.
    pub op: Option<Op>,
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its own instructions, followed by those of a leaf function inlined in place of the last one
    /// ([`inlining`]).
    pub code: Vec<Guest>,
    /// Number of its own instructions.
    own: usize,
    /// Whether the block begins with a budget check.
    pub(crate) check: bool,
    /// Number of this block as an external entry.
    pub(crate) entry: Option<u32>,
    /// Length in instructions of the longest path from here to the next check points, including
    /// this block.
    pub(crate) needs: u32,
    /// Direct successors inside the region.
    pub successors: Vec<u32>,
    /// Whether the block is the target of a backward branch.
    pub(crate) is_loop: bool,
}

impl Block {
    /// Address of its first instruction.
    pub fn start(&self) -> u32 {
        self.code[0].pc
    }

    /// Its own instructions, which are contiguous.
    pub fn own(&self) -> &[Guest] {
        &self.code[..self.own]
    }

    /// Instructions of the inlined leaf function.
    pub(crate) fn leaf(&self) -> &[Guest] {
        &self.code[self.own..]
    }

    /// Address after its last own instruction.
    pub fn end(&self) -> u32 {
        self.start().wrapping_add(4 * self.own as u32)
    }

    /// Number of instructions, including those of an inlined leaf.
    pub(crate) fn len(&self) -> u32 {
        self.code.len() as u32
    }

    /// Whether its last own instruction is the call of the inlined leaf, which returns to the next
    /// block.
    fn calls_leaf(&self) -> bool {
        !self.leaf().is_empty() && self.own().last().is_some_and(|call| call.instruction.lk())
    }

    /// The effect of the instruction at `index`, if it is a branch that inlining removes.
    pub(crate) fn replaced(&self, index: usize) -> Option<Replaced> {
        if self.leaf().is_empty() {
            None
        } else if index + 1 == self.own {
            Some(if self.calls_leaf() { Replaced::Call } else { Replaced::Jump })
        } else {
            (index + 1 == self.code.len() && self.calls_leaf()).then_some(Replaced::Return)
        }
    }

    /// How the block ends.
    pub(crate) fn terminator(&self) -> Terminator {
        let last = self.code.last().filter(|_| !self.calls_leaf());
        last.map_or(Terminator::None, |last| end_of(last.pc, last.op, last.instruction))
    }
}

/// A branch that inlining removes, since its target follows in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// `bl`, which still sets LR.
    Call,
    /// `b`, a tail call.
    Jump,
    /// `blr` to the address after the call.
    Return,
}

/// A control-flow graph: the blocks of one compilation, keyed by address.
#[derive(Clone, Debug)]
pub struct Region {
    /// The blocks by their addresses.
    pub blocks: BTreeMap<u32, Block>,
    /// Entries by number; the region was made for the first one.
    pub entries: Vec<u32>,
    /// Number of entries, counted from the first, that code other than this region's own branches
    /// and calls needs.
    pub(crate) roots: usize,
    /// Number of its instructions; inlined leaves do not count.
    pub instructions: usize,
    /// Targets of conditional branches that cold-path pruning left out.
    pub(crate) pruned_targets: BTreeSet<u32>,
    /// Targets of its calls.
    pub calls: Vec<u32>,
}

impl Region {
    /// Whether the region contains the instruction at `pc`; inlined leaves do not count.
    pub fn contains(&self, pc: u32) -> bool {
        self.block_of(pc).is_some()
    }

    /// The block with the instruction at `pc` among its own.
    pub fn block_of(&self, pc: u32) -> Option<&Block> {
        self.blocks.range(..=pc).next_back().map(|(_, block)| block).filter(|block| pc < block.end())
    }

    /// The word at `pc`, if the region or one of its inlined leaves contains it.
    pub fn word(&self, pc: u32) -> Option<u32> {
        let guest = match self.block_of(pc) {
            Some(block) => block.own().get((pc - block.start()) as usize / 4),
            None => self.blocks.values().flat_map(Block::leaf).find(|guest| guest.pc == pc),
        };
        Some(guest?.instruction.0)
    }

    /// Address ranges of its own instructions.
    pub(crate) fn covered(&self) -> AddressRanges {
        self.blocks.values().map(|block| AddressRange { start: block.start(), end: block.end() }).collect()
    }

    /// Address ranges of its inlined leaves.
    pub(crate) fn leaves(&self) -> AddressRanges {
        let guests = self.blocks.values().flat_map(Block::leaf);
        let addresses: BTreeSet<u32> = guests.map(|guest| guest.pc).collect();
        addresses.into_iter().map(|pc| AddressRange { start: pc, end: pc.wrapping_add(4) }).collect()
    }

    /// Addresses of the pages that contain its instructions.
    pub fn pages(&self) -> BTreeSet<u32> {
        let guests = self.blocks.values().flat_map(|block| &block.code);
        guests.map(|guest| guest.pc & !(PAGE_SIZE - 1)).collect()
    }

    /// Blocks with a predecessor other than themselves.
    pub fn followed(&self) -> BTreeSet<u32> {
        let edges =
            self.blocks.iter().flat_map(|(&from, block)| block.successors.iter().map(move |&to| (from, to)));
        edges.filter(|(from, to)| from != to).map(|(_, to)| to).collect()
    }

    /// Address after the last own instruction.
    pub fn end(&self) -> u32 {
        self.blocks.values().next_back().map_or(0, Block::end)
    }
}
