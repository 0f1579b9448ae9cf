//! Data-flow analysis of the formats (single, double or open) in which the context holds FPRs at
//! block starts.

use super::{Form, FprFormats, Node, ends};

/// Maximum rounds of each analysis. Results that have not converged are discarded.
const MAX_ROUNDS: usize = 16;

/// Maximum number of single-format assumptions of all loop headers together, plus one for each
/// eight instructions. If there are more, no loop header has any.
const MAX_SINGLES_AT_LOOPS: usize = 24;

/// Maximum number of blocks in a loop that may leave registers open.
const MAX_BLOCKS: usize = 64;

impl Node<'_> {
    /// Transfer function: `known` are the registers that are (or may be) singles at the block's
    /// start; returns those at its end.
    fn singles(&self, known: u32) -> u32 {
        let known = self.effects.iter().fold(known, |known, effect| {
            let known = known | effect.singles;
            match effect.writes {
                Some((n, Form::Single)) => known | 1 << n,
                Some((n, Form::Double)) => known & !(1 << n),
                Some((n, Form::As(from))) => known & !(1 << n) | (known >> from & 1) << n,
                None => known,
            }
        });
        if self.shows { 0 } else { known }
    }

    /// Backward analysis: live-in registers, including those that the block's end exposes.
    fn needed(&self, after: u32) -> u32 {
        let after = if self.shows { u32::MAX } else { after };
        self.effects.iter().rev().fold(after, |needed, effect| {
            let written = effect.writes.map_or(0, |(n, _)| 1 << n);
            needed & !written | effect.reads
        })
    }
}

/// Live-in registers of each block within its innermost loop; all registers for blocks outside
/// loops.
fn needed(nodes: &[Node<'_>]) -> Vec<u32> {
    let mut needed = vec![u32::MAX; nodes.len()];
    for header in (0..nodes.len()).filter(|&n| nodes[n].is_loop) {
        let Some(last) = ends(nodes, header).max().filter(|last| last - header < MAX_BLOCKS) else {
            continue;
        };
        let mut inside = vec![0; last + 1 - header];
        for _ in 0..MAX_ROUNDS {
            let before = inside.clone();
            for n in (header..=last).rev() {
                let after =
                    nodes[n].successors.iter().filter_map(|to| inside.get(to.index().checked_sub(header)?));
                inside[n - header] = nodes[n].needed(after.fold(0, |all, after| all | after));
            }
            if inside == before {
                // Inner loops are processed later and overwrite this.
                needed[header..=last].copy_from_slice(&inside);
                break;
            }
        }
    }
    needed
}

/// Computes, in the order of `nodes`, the registers that blocks assume as singles and those that
/// they leave open. `instructions` is the size of the region.
pub(super) fn formats_at_starts(nodes: &[Node<'_>], instructions: usize) -> Vec<FprFormats> {
    let mut wanted = vec![0; nodes.len()];
    for _ in 0..MAX_ROUNDS {
        let before = wanted.clone();
        for n in (0..nodes.len()).rev() {
            let after = nodes[n].successors.iter().fold(0, |all, to| all | wanted[to.index()]);
            wanted[n] = nodes[n].wanted(after);
        }
        if wanted == before {
            break;
        }
    }
    // For a loop header: registers that the loop itself reads as singles.
    let read = |n: usize| {
        let last = ends(nodes, n).max().unwrap_or(n);
        let inside = nodes.get(n..=last).unwrap_or_default().iter().flat_map(|node| &node.effects);
        inside.fold(0, |read, effect| read | effect.singles)
    };
    let needed = needed(nodes);
    let wanted: Vec<u32> = (0..nodes.len())
        .map(|n| match &nodes[n] {
            node if node.is_entry => 0,
            node if node.is_ebb_member => u32::MAX,
            // Each assumed register costs a guard on each edge from outside.
            node if node.is_loop => wanted[n] & read(n),
            _ => wanted[n] | !needed[n],
        })
        .collect();
    let mut single_format = vec![u32::MAX; nodes.len()];
    let known = |single_format: &[u32], n: usize| {
        let known = ends(nodes, n).map(|from| nodes[from].singles(single_format[from])).reduce(|a, b| a & b);
        known.unwrap_or(0) & wanted[n]
    };
    // Computed last, since the open set grows as the single set shrinks.
    let mut open_format = vec![0; nodes.len()];
    let perhaps = |single_format: &[u32], open_format: &[u32], n: usize| {
        let before = nodes[n].predecessors.iter().map(|from| from.index());
        let before = before.map(|from| nodes[from].singles(single_format[from] | open_format[from]));
        let may_be = if nodes[n].is_ebb_member { u32::MAX } else { !needed[n] };
        before.fold(0, |all, from| all | from) & may_be & !single_format[n]
    };
    let has_converged = reach_fixed_point(&mut single_format, known)
        && reach_fixed_point(&mut open_format, |open_format, n| perhaps(&single_format, open_format, n));
    let at_loops: u32 = nodes
        .iter()
        .zip(&single_format)
        .filter(|(node, _)| node.is_loop)
        .map(|(_, single_format)| single_format.count_ones())
        .sum();
    if !has_converged || at_loops as usize > MAX_SINGLES_AT_LOOPS + instructions / 8 {
        return Vec::new();
    }
    let formats = single_format.into_iter().zip(open_format);
    formats.map(|(single, open)| FprFormats { single, open }).collect()
}

/// Iterates `of`, which computes a block's set from all sets, to a fixed point. Returns whether it
/// converged.
fn reach_fixed_point(sets: &mut [u32], of: impl Fn(&[u32], usize) -> u32) -> bool {
    for _ in 0..MAX_ROUNDS {
        let mut has_changed = false;
        for n in 0..sets.len() {
            let set = of(sets, n);
            has_changed |= set != sets[n];
            sets[n] = set;
        }
        if !has_changed {
            return true;
        }
    }
    false
}
