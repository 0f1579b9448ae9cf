//! Strongly connected components, by Tarjan's algorithm (Depth-first search and linear graph
//! algorithms, 1972). It is iterative, since a region may have thousands of blocks in a row.

use crate::cfg::graph::{BlockId, ControlFlowGraph};
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
pub(super) fn cycles(within: &BTreeSet<BlockId>, graph: &ControlFlowGraph) -> Vec<BTreeSet<BlockId>> {
    let next = |id| graph.successors(id).iter().copied().filter(|to| within.contains(to));
    let mut reached: BTreeMap<BlockId, Reached> = BTreeMap::new();
    // Tarjan's stack: blocks reached but not in a component yet.
    let mut open = Vec::new();
    let mut found = Vec::new();
    // Depth-first path, each block with its successors not yet visited.
    let mut path = Vec::new();
    for &root in within {
        if !reached.contains_key(&root) {
            path.push((root, None));
        }
        while let Some((id, left)) = path.last_mut() {
            let id = *id;
            let left = left.get_or_insert_with(|| {
                let number = reached.len() as u32;
                reached.insert(id, Reached { number, least: number, is_open: true });
                open.push(id);
                next(id)
            });
            if let Some(to) = left.next() {
                match reached.get(&to) {
                    None => path.push((to, None)),
                    Some(&Reached { number, is_open: true, .. }) => leads_to(&mut reached, id, number),
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            let Some(&Reached { number, least, .. }) = reached.get(&id) else { continue };
            if let Some(&(from, _)) = path.last() {
                leads_to(&mut reached, from, least);
            }
            if number == least {
                let at = open.iter().rposition(|&member| member == id).unwrap_or_default();
                let members: BTreeSet<BlockId> = open.split_off(at).into_iter().collect();
                for member in &members {
                    if let Some(reached) = reached.get_mut(member) {
                        reached.is_open = false;
                    }
                }
                if members.len() > 1 || next(id).any(|to| to == id) {
                    found.push(members);
                }
            }
        }
    }
    found
}

/// Lowers the low-link of a block to `number`.
fn leads_to(reached: &mut BTreeMap<BlockId, Reached>, id: BlockId, number: u32) {
    if let Some(reached) = reached.get_mut(&id) {
        reached.least = reached.least.min(number);
    }
}
