//! Strongly connected components, by Tarjan's algorithm (Depth-first search and linear graph
//! algorithms, 1972). It is iterative, since a region may have thousands of blocks in a row.

use crate::cfg::region::Block;
use std::collections::{BTreeMap, BTreeSet};

/// State of a block that the search has reached.
struct Reached {
    /// Number in depth-first order.
    number: u32,
    /// Tarjan's low-link: the least number that is reachable from it.
    least: u32,
    /// The block is on the stack `open`, in no component yet.
    is_open: bool,
}

/// The strongly connected components of the subgraph `within` that contain a cycle.
pub(super) fn cycles(within: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>) -> Vec<BTreeSet<u32>> {
    let next = |pc: u32| {
        let successors = blocks.get(&pc).map_or(&[][..], |block| &block.successors);
        successors.iter().copied().filter(|to| within.contains(to))
    };
    let mut reached: BTreeMap<u32, Reached> = BTreeMap::new();
    // Tarjan's stack: blocks reached but not in a component yet.
    let mut open = Vec::new();
    let mut found = Vec::new();
    // Depth-first path, each block with its successors not yet visited.
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

/// Lowers the low-link of the block at `pc` to `number`.
fn leads_to(reached: &mut BTreeMap<u32, Reached>, pc: u32, number: u32) {
    if let Some(reached) = reached.get_mut(&pc) {
        reached.least = reached.least.min(number);
    }
}
