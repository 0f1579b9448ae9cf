//! Edges of a region's control-flow graph, by dense block numbers.

use super::region::Block;
use std::collections::BTreeMap;

/// Number of a block in its region. Blocks are numbered in the order of their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockId(u32);

impl BlockId {
    /// Index into tables of the region's blocks.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Successors and predecessors of the blocks of a region, computed once for all analyses.
#[derive(Clone, Debug)]
pub(crate) struct FlowGraph {
    /// Address of each block.
    starts: Vec<u32>,
    successors: Vec<Vec<BlockId>>,
    predecessors: Vec<Vec<BlockId>>,
    /// Whether each block is a non-head block of an extended basic block.
    ebb_members: Vec<bool>,
}

impl FlowGraph {
    pub(crate) fn new(blocks: &BTreeMap<u32, Block>) -> Self {
        let starts: Vec<u32> = blocks.keys().copied().collect();
        let mut predecessors = vec![Vec::new(); starts.len()];
        let mut successors = Vec::with_capacity(starts.len());
        let id_of = |pc: &u32| starts.binary_search(pc).ok().map(|index| BlockId(index as u32));
        for (from, block) in (0..).map(BlockId).zip(blocks.values()) {
            let to: Vec<BlockId> = block.successors.iter().filter_map(id_of).collect();
            for to in &to {
                predecessors[to.index()].push(from);
            }
            successors.push(to);
        }
        let is_ebb_member = |(block, before): (&Block, &Vec<BlockId>)| {
            before.len() == 1 && block.entry.is_none() && !block.is_loop
        };
        let ebb_members = blocks.values().zip(&predecessors).map(is_ebb_member).collect();
        Self { starts, successors, predecessors, ebb_members }
    }

    /// All blocks, in order.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = BlockId> + ExactSizeIterator + use<> {
        (0..self.starts.len() as u32).map(BlockId)
    }

    /// The block that starts at a guest address.
    pub(crate) fn block_at(&self, pc: u32) -> Option<BlockId> {
        self.starts.binary_search(&pc).ok().map(|index| BlockId(index as u32))
    }

    /// The guest address of a block.
    pub(crate) fn start(&self, id: BlockId) -> u32 {
        self.starts[id.index()]
    }

    /// Targets of a block's edges, in the block's order. A block to which two edges lead occurs
    /// twice.
    pub(crate) fn successors(&self, id: BlockId) -> &[BlockId] {
        &self.successors[id.index()]
    }

    /// Sources of the edges to a block, in ascending order, each as often as it has such edges.
    pub(crate) fn predecessors(&self, id: BlockId) -> &[BlockId] {
        &self.predecessors[id.index()]
    }

    /// Whether a block has exactly one predecessor edge and is neither an entry nor a loop header:
    /// a non-head block of an extended basic block, which inherits its predecessor's state.
    pub(crate) fn is_ebb_member(&self, id: BlockId) -> bool {
        self.ebb_members[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::testing::{beq, region_of};
    use xenia_isa::word::{BLR, NOP};

    #[test]
    fn predecessors_of_a_block_mirror_its_successors() {
        // 0: beq to 3; 1: nop; 2: beq to 1; 3: blr.
        let region = region_of(&[beq(3), NOP, beq(-1), BLR]);
        let graph = FlowGraph::new(&region.blocks);
        let starts = |ids: &[BlockId]| ids.iter().map(|&id| graph.start(id)).collect::<Vec<_>>();
        let [entry, body, end] = graph.ids().collect::<Vec<_>>()[..] else { panic!("three blocks") };
        assert_eq!(starts(graph.successors(entry)), [4, 12]);
        assert_eq!(starts(graph.successors(body)), [12, 4]);
        assert_eq!(starts(graph.predecessors(body)), [0, 4]);
        assert_eq!(starts(graph.predecessors(end)), [0, 4]);
        assert_eq!(graph.block_at(4), Some(body));
        assert_eq!(graph.block_at(8), None);
        assert!(graph.ids().all(|id| !graph.is_ebb_member(id)));
    }
}
