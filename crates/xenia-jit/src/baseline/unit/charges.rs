//! Charges: which blocks subtract from the budget, and how much.
//!
//! A block charges its own instructions and those that run after it whichever way it ends, so that
//! most blocks between two places where paths begin charge nothing:
//!
//! ```text
//!  A: … branch to C     charges A and C
//!  B: …                 charges B
//!  C: … return          charges nothing
//! ```
//!
//! Where a block ends, a number of instructions *ahead* has been charged, whichever block follows.
//! So the blocks that may follow it form a *group*, which is reached with one number ahead. Groups
//! that share a block are one group. Its number is the length of the shortest way from one of its
//! blocks to the end of the path, and 0 if the same branch may also leave the path.

use super::{Discovery, Ending};

/// Limit of rounds in which numbers ahead are lowered. With any numbers the charges of each way add
/// up to its instructions; with too large ones, some blocks give instructions back.
const MAX_ROUNDS: usize = 4;

/// The groups of a unit's blocks. The tables are reused.
#[derive(Default)]
pub(super) struct FollowerGroups {
    /// For each block another one of its group, or itself if it represents the group.
    parents: Vec<usize>,
    /// For blocks that represent their groups: the number ahead. `u32::MAX` if it is unknown.
    ahead: Vec<u32>,
    /// For each block one of the group that follows it, if all ways from it stay on the path.
    next: Vec<Option<usize>>,
}

impl FollowerGroups {
    fn reset(&mut self, blocks: usize) {
        self.parents.clear();
        self.parents.extend(0..blocks);
        self.ahead.clear();
        self.ahead.resize(blocks, u32::MAX);
        self.next.clear();
        self.next.resize(blocks, None);
    }

    /// The block that represents the group of a block.
    fn root(&mut self, mut block: usize) -> usize {
        while self.parents[block] != block {
            self.parents[block] = self.parents[self.parents[block]];
            block = self.parents[block];
        }
        block
    }

    fn join(&mut self, a: usize, b: usize) {
        let a = self.root(a);
        let b = self.root(b);
        self.parents[b] = a;
        self.ahead[a] = self.ahead[a].min(self.ahead[b]);
    }

    /// Lowers the number ahead of a block's group. Returns whether the group had one.
    fn lower(&mut self, block: usize, ahead: u32) -> bool {
        let root = self.root(block);
        let before = self.ahead[root];
        self.ahead[root] = before.min(ahead);
        before != u32::MAX && ahead < before
    }

    /// The number ahead where a block begins.
    fn at_start(&mut self, block: usize) -> u32 {
        let root = self.root(block);
        self.ahead[root]
    }

    /// The number ahead where a block ends.
    fn at_end(&mut self, block: usize) -> u32 {
        self.next[block].map_or(0, |next| self.at_start(next))
    }
}

impl Discovery {
    /// Sets the charges of the blocks.
    pub(super) fn distribute_charges(&mut self) {
        self.groups.reset(self.blocks.len());
        for number in 0..self.blocks.len() {
            self.group_successors(number);
        }
        for _ in 0..MAX_ROUNDS {
            if !self.lower_numbers_ahead() {
                break;
            }
        }
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let before = if block.starts_path { 0 } else { self.groups.at_start(number) };
            block.ahead = self.groups.at_end(number);
            block.charged = (block.counted + block.ahead).cast_signed() - before.cast_signed();
        }
    }

    /// Joins the blocks that may follow a block on its path, and marks the target of its branch.
    fn group_successors(&mut self, number: usize) {
        let block = self.blocks[number];
        let falls = self.falls_on_path(number);
        let taken = self.branches_on_path(number);
        if let Some(taken) = taken {
            self.blocks[taken].is_target = true;
        }
        let stays = match block.ending {
            // The return site of a call begins a path, unless the call leads there itself.
            Ending::Next | Ending::Call => falls.is_some(),
            Ending::Jump => taken.is_some(),
            Ending::Conditional => falls.is_some() && taken.is_some(),
            _ => false,
        };
        if !stays {
            for next in [falls, taken].into_iter().flatten() {
                self.groups.lower(next, 0);
            }
            return;
        }
        if let (Some(falls), Some(taken)) = (falls, taken) {
            self.groups.join(falls, taken);
        }
        self.groups.next[number] = taken.or(falls);
    }

    /// Lowers the numbers ahead to what the blocks allow. Returns whether one was lowered that may
    /// have been used.
    fn lower_numbers_ahead(&mut self) -> bool {
        let mut are_lowered = false;
        // Backwards, as a block's number depends on those after it.
        for number in (0..self.blocks.len()).rev() {
            let block = self.blocks[number];
            if !block.starts_path {
                let ahead = block.counted + self.groups.at_end(number);
                are_lowered |= self.groups.lower(number, ahead);
            }
        }
        are_lowered
    }
}
