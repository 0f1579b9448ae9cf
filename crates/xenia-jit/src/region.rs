//! What one compilation covers: basic blocks of one guest function, found from its entries.
//!
//! Blocks are followed through direct branches inside the function's bounds ([`discover`](self::discover())). Bounds come from
//! outside where they are known (`.pdata`), else from the targets of calls seen so far. Each block subtracts its
//! instructions from the budget, which is compared where [`checks`] puts it.

mod checks;
mod discover;
mod ends;
#[cfg(test)]
mod tests;

pub(crate) use discover::{Reach, discover};
pub(crate) use ends::{End, block_length, end_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op};

/// Instructions of one region at most.
pub(crate) const REGION_LIMIT: usize = 4096;
/// Instructions that are looked at as one function: no title has a longer one.
pub(crate) const FUNCTION_LIMIT: usize = 1 << 17;
/// Instructions of one block at most.
const BLOCK_LIMIT: usize = 128;

/// A guest instruction of a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) pc: u32,
    pub(crate) instruction: Instruction,
    /// `None`: no instruction.
    pub(crate) op: Option<Op>,
}

/// A basic block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) code: Vec<Guest>,
    /// Whether it begins with a compare of the budget.
    pub(crate) check: bool,
    /// Number of this block as an entry from outside.
    pub(crate) entry: Option<u32>,
    /// The most instructions that a path from here to the next check points has, its own included.
    pub(crate) needs: u32,
    /// Direct successors inside the region.
    pub(crate) successors: Vec<u32>,
    /// Whether a successor in address order or before it branches back to here.
    pub(crate) is_loop: bool,
}

impl Block {
    /// Address of the first instruction.
    pub(crate) fn start(&self) -> u32 {
        self.code[0].pc
    }

    /// Address after the last instruction.
    pub(crate) fn end(&self) -> u32 {
        self.start().wrapping_add(4 * self.code.len() as u32)
    }

    /// Number of instructions.
    pub(crate) fn len(&self) -> u32 {
        self.code.len() as u32
    }
}

/// The blocks of one compilation, by address.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) blocks: BTreeMap<u32, Block>,
    /// Entries by number; the first is the one the region was made for.
    pub(crate) entries: Vec<u32>,
    /// How many of them, from the first, are wanted by others than this code's own branches and calls.
    pub(crate) roots: usize,
    pub(crate) instructions: usize,
    /// Sides of conditional branches that are no part of it for now.
    pub(crate) left_out: BTreeSet<u32>,
}

impl Region {
    /// Whether the instruction at `pc` is part of it.
    pub(crate) fn contains(&self, pc: u32) -> bool {
        self.blocks.range(..=pc).next_back().is_some_and(|(_, block)| pc < block.end())
    }

    /// The instruction at `pc`, if it is part of it.
    pub(crate) fn word(&self, pc: u32) -> Option<u32> {
        let (&start, block) = self.blocks.range(..=pc).next_back()?;
        Some(block.code.get((pc - start) as usize / 4)?.instruction.0)
    }

    /// The pages that its instructions lie in.
    pub(crate) fn pages(&self) -> BTreeSet<u32> {
        let guests = self.blocks.values().flat_map(|block| &block.code);
        guests.map(|guest| guest.pc & !(PAGE_SIZE - 1)).collect()
    }

    /// Blocks that others of it go on at.
    pub(crate) fn followed(&self) -> BTreeSet<u32> {
        let edges =
            self.blocks.iter().flat_map(|(&from, block)| block.successors.iter().map(move |&to| (from, to)));
        edges.filter(|(from, to)| from != to).map(|(_, to)| to).collect()
    }

    /// Blocks that one edge alone leads to, and nothing from outside.
    pub(crate) fn reached_by_one_edge(&self) -> BTreeSet<u32> {
        let mut edges: HashMap<u32, u32> = HashMap::new();
        for &to in self.blocks.values().flat_map(|block| &block.successors) {
            *edges.entry(to).or_default() += 1;
        }
        let alone = |(pc, block): &(&u32, &Block)| {
            edges.get(*pc) == Some(&1) && block.entry.is_none() && !block.is_loop
        };
        self.blocks.iter().filter(alone).map(|(&pc, _)| pc).collect()
    }

    /// Address after the last instruction.
    pub(crate) fn end(&self) -> u32 {
        self.blocks.values().next_back().map_or(0, Block::end)
    }
}
