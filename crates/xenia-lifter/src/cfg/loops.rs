//! Loop detection: the innermost loops of a region.

mod cycles;

use crate::cfg::graph::{BlockId, FlowGraph};
use cycles::cycles;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Maximum nesting depth that is searched for innermost loops.
const MAX_NESTED: u32 = 16;

/// Finds the innermost loops of a region, as sets of their blocks; they are disjoint.
///
/// A loop is a strongly connected component, wherever its blocks are: compilers place cold paths
/// and the entry of a rotated loop before the loop. To find inner loops, each component is
/// decomposed again without its header; a component without inner cycles is an innermost loop.
pub(crate) fn innermost(graph: &FlowGraph) -> Vec<BTreeSet<BlockId>> {
    let all = graph.ids().collect();
    let mut work: Vec<_> = cycles(&all, graph).into_iter().map(|members| (members, 0)).collect();
    let mut loops = Vec::new();
    while let Some((members, depth)) = work.pop() {
        let mut rest = members.clone();
        if let Some(header) = header(&members, graph) {
            rest.remove(&header);
        }
        let inner = cycles(&rest, graph);
        if inner.is_empty() {
            loops.push(members);
        } else if depth < MAX_NESTED {
            work.extend(inner.into_iter().map(|members| (members, depth + 1)));
        }
    }
    loops.sort_by_key(|members| members.first().copied());
    loops
}

/// The loop header: the block of a component with the most edges from outside; the first block if
/// there are no such edges.
fn header(members: &BTreeSet<BlockId>, graph: &FlowGraph) -> Option<BlockId> {
    let from_elsewhere =
        |id: BlockId| graph.predecessors(id).iter().filter(|from| !members.contains(from)).count();
    members.iter().copied().max_by_key(|&id| (from_elsewhere(id), Reverse(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::testing::{ADDI, b, beq, region_of};
    use xenia_isa::word::{BLR, NOP};

    /// The blocks of the loops in `words`, by instruction index.
    fn loops(words: &[u32]) -> Vec<Vec<u32>> {
        let region = region_of(words);
        let graph = FlowGraph::new(&region.blocks);
        let at = |members: &BTreeSet<BlockId>| members.iter().map(|&id| graph.start(id) / 4).collect();
        innermost(&graph).iter().map(at).collect()
    }

    #[test]
    fn a_cold_path_before_the_loop_belongs_to_it() {
        // 0: branches to 3; 1: a cold path that branches to 3; 3: repeats, or takes the cold path.
        assert_eq!(loops(&[b(3), ADDI, NOP, ADDI, beq(-3), beq(-2), BLR]), [[1, 3, 5]]);
    }

    #[test]
    fn of_nested_loops_the_innermost_are_found() {
        // 0: outer loop; 1 and 3: two loops in it.
        assert_eq!(loops(&[NOP, ADDI, beq(-1), ADDI, beq(-1), beq(-5), BLR]), [[1], [3]]);
        // Entered in the middle, with another loop before that point.
        assert_eq!(loops(&[b(3), ADDI, beq(-1), ADDI, beq(-3), beq(-2), BLR]), [[1]]);
    }

    #[test]
    fn deep_nests_are_given_up() {
        for (depth, expected) in [(16_usize, 1), (18, 0)] {
            let mut words = vec![ADDI; depth];
            words.extend((0..depth).map(|n| beq(-(2 * n as i32 + 1))));
            words.push(BLR);
            assert_eq!(loops(&words).len(), expected, "{depth}");
        }
    }
}
