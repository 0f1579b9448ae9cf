//! Where compiled code compares the budget.
//!
//! Each block subtracts its instructions. *Check points* compare the budget with [`Block::needs`],
//! the most that any path from there to the next check points can subtract, so it never becomes
//! negative: entries, targets of backward branches, and blocks in between wherever a path would
//! grow longer than [`PATH_LIMIT`]. Every cycle has a backward branch, so the paths between checks
//! are finite.

use super::Block;
use std::collections::BTreeMap;

/// Instructions between two checks of the budget, about: what the interpreter has to finish at most
/// at the end of a visit (more only where one block is longer).
pub(super) const PATH_LIMIT: u32 = 48;

/// Decides where the budget is compared.
pub(super) fn place(blocks: &mut BTreeMap<u32, Block>) {
    let backward: Vec<u32> = blocks
        .values()
        .flat_map(|block| block.successors.iter().copied().filter(|&to| to <= block.start()))
        .collect();
    for to in backward {
        if let Some(block) = blocks.get_mut(&to) {
            block.check = true;
            block.is_loop = true;
        }
    }
    let order: Vec<u32> = blocks.keys().rev().copied().collect();
    for pc in order {
        let block = &blocks[&pc];
        let beyond = block
            .successors
            .iter()
            .filter_map(|to| blocks.get(to))
            .filter(|to| !to.check)
            .map(|to| to.needs)
            .max()
            .unwrap_or(0);
        let needs = block.len() + beyond;
        if let Some(block) = blocks.get_mut(&pc) {
            block.needs = needs;
            block.check |= needs > PATH_LIMIT;
        }
    }
}
