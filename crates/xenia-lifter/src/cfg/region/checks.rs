//! Placement of budget checks.
//!
//! Each block subtracts its instructions from the budget. *Check points* compare it with
//! [`Block::needs`], the maximum that any path to the next check points can subtract, so that it
//! never becomes negative. Check points are entries, targets of backward branches, and blocks in
//! between where a path would otherwise exceed [`MAX_PATH_LENGTH`]. Each cycle has a backward
//! branch, so the paths between check points are finite.

use super::Block;
use std::collections::BTreeMap;

/// Approximate maximum number of instructions between two budget checks, which the interpreter has
/// to execute at the end of a visit. Only a single longer block exceeds it.
pub(super) const MAX_PATH_LENGTH: u32 = 48;

/// Selects the check points and computes [`Block::needs`].
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
    // In descending order all successors come first, except the targets of backward branches, which
    // are check points and end the path anyway.
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
            block.check |= needs > MAX_PATH_LENGTH;
        }
    }
}
