//! Strongly connected components, by Tarjan's algorithm (Depth-first search and linear graph
//! algorithms, 1972). It is iterative, since a region may have thousands of blocks in a row.

use crate::cfg::graph::{BlockId, FlowGraph};
use std::collections::BTreeSet;

/// State of a block that the search has reached.
#[derive(Clone, Copy)]
struct Reached {
    /// Number in depth-first order.
    number: u32,
    /// Tarjan's low-link: the least number that is reachable from it.
    least: u32,
    /// The block is on the stack `open`, in no component yet.
    is_open: bool,
}

/// The strongly connected components of the subgraph `within` that contain a cycle.
pub(super) fn cycles(within: &BTreeSet<BlockId>, graph: &FlowGraph) -> Vec<BTreeSet<BlockId>> {
    let next = |id: BlockId| graph.successors(id).iter().copied().filter(|to| within.contains(to));
    let mut reached: Vec<Option<Reached>> = vec![None; graph.ids().len()];
    let mut numbers = 0..;
    // Tarjan's stack: blocks reached but not in a component yet.
    let mut open = Vec::new();
    let mut found = Vec::new();
    // Depth-first path, each block with its successors not yet visited.
    let mut path = Vec::new();
    for &root in within {
        if reached[root.index()].is_none() {
            path.push((root, None));
        }
        while let Some((id, left)) = path.last_mut() {
            let id = *id;
            let left = left.get_or_insert_with(|| {
                let number = numbers.next().unwrap_or(u32::MAX);
                reached[id.index()] = Some(Reached { number, least: number, is_open: true });
                open.push(id);
                next(id)
            });
            if let Some(to) = left.next() {
                match reached[to.index()] {
                    None => path.push((to, None)),
                    Some(Reached { number, is_open: true, .. }) => lower(&mut reached[id.index()], number),
                    // It is in a complete component, from which no path leads back.
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            let Some(Reached { number, least, .. }) = reached[id.index()] else { continue };
            if let Some(&(from, _)) = path.last() {
                lower(&mut reached[from.index()], least);
            }
            if number == least {
                // `id` stays open until here, so it is found.
                let at = open.iter().rposition(|&member| member == id).unwrap_or_default();
                let members: BTreeSet<BlockId> = open.split_off(at).into_iter().collect();
                for member in &members {
                    if let Some(reached) = &mut reached[member.index()] {
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

/// Lowers a block's low-link to `number`.
fn lower(reached: &mut Option<Reached>, number: u32) {
    if let Some(reached) = reached {
        reached.least = reached.least.min(number);
    }
}
