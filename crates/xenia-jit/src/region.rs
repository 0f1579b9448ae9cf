//! What one compilation covers: basic blocks of one guest function, found from its entries.
//!
//! Blocks are followed through direct branches inside the function's bounds
//! ([`discover`](self::discover())). Bounds come from outside where they are known (`.pdata`), else
//! from the targets of calls seen so far. Each block subtracts its instructions from the budget,
//! which is compared where [`checks`] puts it.

mod checks;
mod discover;
mod ends;
mod leaves;
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
    /// Its own instructions, and those of the leaf that its last one is replaced by ([`leaves`]).
    pub(crate) code: Vec<Guest>,
    /// How many are its own.
    own: usize,
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

    /// Its own instructions, which follow each other.
    pub(crate) fn own(&self) -> &[Guest] {
        &self.code[..self.own]
    }

    /// The instructions of the leaf that its last one is replaced by.
    pub(crate) fn leaf(&self) -> &[Guest] {
        &self.code[self.own..]
    }

    /// Address after the last of its own instructions.
    pub(crate) fn end(&self) -> u32 {
        self.start().wrapping_add(4 * self.own as u32)
    }

    /// Number of instructions, a leaf's included.
    pub(crate) fn len(&self) -> u32 {
        self.code.len() as u32
    }

    /// Whether its last instruction is a call of the leaf, which comes back behind it.
    fn calls_leaf(&self) -> bool {
        !self.leaf().is_empty() && self.own().last().is_some_and(|call| call.instruction.lk())
    }

    /// What the instruction at `index` does, if it is one of those that a leaf takes the place of.
    pub(crate) fn replaced(&self, index: usize) -> Option<Replaced> {
        if self.leaf().is_empty() {
            None
        } else if index + 1 == self.own {
            Some(if self.calls_leaf() { Replaced::Call } else { Replaced::Jump })
        } else {
            (index + 1 == self.code.len() && self.calls_leaf()).then_some(Replaced::Return)
        }
    }

    /// How it goes on.
    pub(crate) fn way_on(&self) -> End {
        let last = self.code.last().filter(|_| !self.calls_leaf());
        last.map_or(End::None, |last| end_of(last.pc, last.op, last.instruction))
    }
}

/// A branch that isn't made, as what it leads to follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// `bl`, which still sets LR.
    Call,
    /// `b`.
    Jump,
    /// `blr` to behind the call.
    Return,
}

/// The blocks of one compilation, by address.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) blocks: BTreeMap<u32, Block>,
    /// Entries by number; the first is the one the region was made for.
    pub(crate) entries: Vec<u32>,
    /// How many of them, from the first, are wanted by others than this code's own branches and
    /// calls.
    pub(crate) roots: usize,
    pub(crate) instructions: usize,
    /// Sides of conditional branches that are no part of it for now.
    pub(crate) left_out: BTreeSet<u32>,
}

impl Region {
    /// Whether the instruction at `pc` is part of it.
    pub(crate) fn contains(&self, pc: u32) -> bool {
        self.block_of(pc).is_some()
    }

    /// The block that the instruction at `pc` is one of its own of.
    pub(crate) fn block_of(&self, pc: u32) -> Option<&Block> {
        self.blocks.range(..=pc).next_back().map(|(_, block)| block).filter(|block| pc < block.end())
    }

    /// The instruction at `pc`, if it is part of it or of its leaves.
    pub(crate) fn word(&self, pc: u32) -> Option<u32> {
        let guest = match self.block_of(pc) {
            Some(block) => block.own().get((pc - block.start()) as usize / 4),
            None => self.blocks.values().flat_map(Block::leaf).find(|guest| guest.pc == pc),
        };
        Some(guest?.instruction.0)
    }

    /// Where its own instructions lie: first addresses and those after the last ones, in order.
    pub(crate) fn covered(&self) -> Vec<(u32, u32)> {
        joined(self.blocks.values().map(|block| (block.start(), block.end())))
    }

    /// The same of its leaves.
    pub(crate) fn leaves(&self) -> Vec<(u32, u32)> {
        let guests = self.blocks.values().flat_map(Block::leaf);
        let addresses: BTreeSet<u32> = guests.map(|guest| guest.pc).collect();
        joined(addresses.into_iter().map(|pc| (pc, pc.wrapping_add(4))))
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

/// Places that are in order, those that follow each other as one.
fn joined(places: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for (from, to) in places {
        match joined.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => joined.push((from, to)),
        }
    }
    joined
}
