//! Sets of blocks that reach each other: strongly connected components, by Tarjan's algorithm
//! (Depth-first search and linear graph algorithms, 1972), without recursion, as a region may have
//! thousands of blocks in a row.

use crate::region::Block;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a block that has been reached.
struct Reached {
    /// How many were reached before it.
    number: u32,
    /// The least number of those that it leads back to.
    least: u32,
    /// It's in no set yet.
    is_open: bool,
}

/// The sets of blocks of `within` that reach each other by way of such blocks; each block of one is
/// on a cycle.
pub(super) fn cycles(within: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>) -> Vec<BTreeSet<u32>> {
    let next = |pc: u32| {
        let successors = blocks.get(&pc).map_or(&[][..], |block| &block.successors);
        successors.iter().copied().filter(|to| within.contains(to))
    };
    let mut reached: BTreeMap<u32, Reached> = BTreeMap::new();
    // Reached, and in no set yet.
    let mut open = Vec::new();
    let mut found = Vec::new();
    // The way to the block that is looked at, each with where it leads that has not been looked at.
    let mut path = Vec::new();
    for &root in within {
        if !reached.contains_key(&root) {
            path.push((root, None));
        }
        while let Some((pc, left)) = path.last_mut() {
            let pc = *pc;
            let left = left.get_or_insert_with(|| {
                let number = reached.len() as u32;
                reached.insert(pc, Reached { number, least: number, is_open: true });
                open.push(pc);
                next(pc)
            });
            if let Some(to) = left.next() {
                match reached.get(&to) {
                    None => path.push((to, None)),
                    Some(&Reached { number, is_open: true, .. }) => leads_to(&mut reached, pc, number),
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            let Some(&Reached { number, least, .. }) = reached.get(&pc) else { continue };
            if let Some(&(from, _)) = path.last() {
                leads_to(&mut reached, from, least);
            }
            if number == least {
                let at = open.iter().rposition(|&member| member == pc).unwrap_or_default();
                let members: BTreeSet<u32> = open.split_off(at).into_iter().collect();
                for member in &members {
                    if let Some(reached) = reached.get_mut(member) {
                        reached.is_open = false;
                    }
                }
                if members.len() > 1 || next(pc).any(|to| to == pc) {
                    found.push(members);
                }
            }
        }
    }
    found
}

/// The block at `pc` leads back to the one with this number.
fn leads_to(reached: &mut BTreeMap<u32, Reached>, pc: u32, number: u32) {
    if let Some(reached) = reached.get_mut(&pc) {
        reached.least = reached.least.min(number);
    }
}
