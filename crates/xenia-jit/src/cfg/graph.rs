//! The control-flow graph of a region: blocks with dense numbers, their successors and
//! predecessors.
//!
//! It is built once for each compilation; loop detection and the data-flow analyses share it.
//! Numbers ascend with the blocks' addresses.

use super::region::Block;
use std::collections::BTreeMap;

/// Number of a block in a [`ControlFlowGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(u32);

impl BlockId {
    /// The block with this number.
    pub(crate) fn with_index(index: usize) -> Self {
        Self(index as u32)
    }

    /// The number, for tables with an element for each block.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A block of the graph.
#[derive(Debug)]
struct Vertex {
    start: u32,
    successors: Vec<BlockId>,
    predecessors: Vec<BlockId>,
    /// Neither an entry nor a loop header.
    is_inner: bool,
}

/// The control-flow graph of a region.
#[derive(Debug, Default)]
pub(crate) struct ControlFlowGraph {
    vertices: Vec<Vertex>,
}

impl ControlFlowGraph {
    /// The graph of these blocks, keyed by address. An edge that occurs twice counts twice.
    pub(crate) fn new(blocks: &BTreeMap<u32, Block>) -> Self {
        let vertices = blocks.iter().map(|(&start, block)| Vertex {
            start,
            successors: Vec::new(),
            predecessors: Vec::new(),
            is_inner: block.entry.is_none() && !block.is_loop,
        });
        let mut graph = Self { vertices: vertices.collect() };
        for (from, block) in graph.ids().zip(blocks.values()) {
            for to in &block.successors {
                let Some(to) = graph.id(*to) else { continue };
                graph.vertices[from.index()].successors.push(to);
                graph.vertices[to.index()].predecessors.push(from);
            }
        }
        graph
    }

    /// All blocks, in order. The iterator does not borrow the graph.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = BlockId> + use<> {
        (0..self.vertices.len() as u32).map(BlockId)
    }

    /// The block at this address.
    pub(crate) fn id(&self, start: u32) -> Option<BlockId> {
        let found = self.vertices.binary_search_by_key(&start, |vertex| vertex.start);
        found.ok().map(|index| BlockId(index as u32))
    }

    /// Address of a block.
    pub(crate) fn start(&self, id: BlockId) -> u32 {
        self.vertices[id.index()].start
    }

    /// Successors of a block inside the region.
    pub(crate) fn successors(&self, id: BlockId) -> &[BlockId] {
        &self.vertices[id.index()].successors
    }

    /// Predecessors of a block inside the region, in order.
    pub(crate) fn predecessors(&self, id: BlockId) -> &[BlockId] {
        &self.vertices[id.index()].predecessors
    }

    /// The predecessor of a block that is not the head of its extended basic block: a block with
    /// exactly one predecessor edge that is neither an entry nor a loop header.
    pub(crate) fn ebb_predecessor(&self, id: BlockId) -> Option<BlockId> {
        match self.vertices[id.index()] {
            Vertex { is_inner: true, ref predecessors, .. } => match predecessors[..] {
                [from] => Some(from),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::region::{Reach, discover};

    #[test]
    fn edges_are_known_in_both_directions_and_twice_if_they_occur_twice() {
        // 0: beq 8 (over one); 4: nop; 8: beq 12, to the next instruction; 12: blr.
        let words = [0x4182_0008_u32, 0x6000_0000, 0x4182_0004, 0x4E80_0020];
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let region = discover(&[0], &Reach::all((0, 16), 4), &mut Vec::new(), &mut fetch).unwrap();
        let graph = ControlFlowGraph::new(&region.blocks);
        let starts: Vec<u32> = graph.ids().map(|id| graph.start(id)).collect();
        assert_eq!(starts, region.blocks.keys().copied().collect::<Vec<_>>());
        for id in graph.ids() {
            assert_eq!(graph.id(graph.start(id)), Some(id));
            let to: Vec<u32> = graph.successors(id).iter().map(|&to| graph.start(to)).collect();
            assert_eq!(to, region.blocks[&graph.start(id)].successors);
            for &to in graph.successors(id) {
                let edges = |list: &[BlockId], id| list.iter().filter(|&&other| other == id).count();
                assert_eq!(edges(graph.successors(id), to), edges(graph.predecessors(to), id));
            }
        }
        assert_eq!(graph.id(2), None);
        let at = |start| graph.id(start).unwrap();
        assert_eq!(graph.ebb_predecessor(at(4)), Some(at(0)));
        assert_eq!([at(0), at(8)].map(|id| graph.ebb_predecessor(id)), [None; 2]);
    }
}
