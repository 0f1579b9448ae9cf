//! Loop-carried registers: which registers an innermost loop keeps in SSA values across
//! iterations, and which of their stores it sinks.
//!
//! The result is a hint: any set of blocks would be correct, since each edge into the set loads the
//! registers from the context (`emit/loop_carried.rs`). Candidates are loops without calls, in
//! which no other code changes the registers in the context. Only innermost loops are chosen, since
//! the register allocator keeps an outer loop's values alive across the inner loop and spills them
//! there.

use crate::cfg::graph::{BlockId, FlowGraph};
use crate::cfg::loops::innermost;
use crate::cfg::region::{Block, Terminator};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use xenia_isa::branch_options::IGNORES_COUNT;
use xenia_isa::{Family, Flag, Op, RegisterSet};

/// Maximum number of blocks in a loop.
const MAX_BLOCKS: usize = 48;
/// Maximum number of instructions in a loop.
const MAX_INSTRUCTIONS: u32 = 400;
/// IR instructions in the cold block of an access, besides the stores of registers.
const FAULT_EXIT: u32 = 4;
/// Maximum number of IR instructions in the cold blocks of a loop's accesses.
const MAX_FAULT_EXITS: u32 = 600;
/// Maximum number of loop-carried registers: the host has thirteen, of which the budget takes one,
/// VSCR another in loops that saturate, and temporaries take some.
const MAX_REGISTERS: usize = 9;

/// Maximum number of register copies of a loop, for each of the floating-point and vector files.
const MAX_COPIES: usize = 10;

/// Numbers of registers that a loop may carry: a GPR's number, or one of these.
pub(crate) mod carried {
    /// The count register.
    pub(crate) const CTR: usize = 32;
    /// The host address of guest memory.
    pub(crate) const MEMORY: usize = 33;
    /// Number of register numbers.
    pub(crate) const COUNT: usize = 34;
}

/// An innermost loop and its loop-carried registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loop {
    /// Blocks of the loop.
    pub(crate) blocks: BTreeSet<BlockId>,
    /// Bit n: register n is loop-carried.
    pub(crate) registers: u64,
    /// Bit n: the loop changes register n, which is sunk: stored at the loop's exits. `None`: the
    /// loop sinks no stores.
    pub(crate) sunk: Option<u64>,
    /// FPRs with loop-carried copies.
    pub(crate) floats: u32,
    /// Vector registers with loop-carried copies.
    pub(crate) vectors: u128,
    /// Whether VSCR has a loop-carried copy, since the loop may set SAT.
    pub(crate) saturates: bool,
}

/// Selects the innermost loops of a region in which carrying registers is worthwhile.
pub(crate) fn find(blocks: &BTreeMap<u32, Block>, graph: &FlowGraph, keeps_memory: bool) -> Vec<Loop> {
    let blocks: Vec<&Block> = blocks.values().collect();
    innermost(graph).into_iter().filter_map(|members| carrying(members, &blocks, keeps_memory)).collect()
}

/// Builds the loop of these blocks, if carrying registers in it is worthwhile. `blocks` has the
/// region's blocks by number.
fn carrying(members: BTreeSet<BlockId>, blocks: &[&Block], keeps_memory: bool) -> Option<Loop> {
    let bodies: Vec<&Block> = members.iter().map(|id| blocks[id.index()]).collect();
    let instructions: u32 = bodies.iter().map(|block| block.len()).sum();
    let is_fit = members.len() <= MAX_BLOCKS && instructions <= MAX_INSTRUCTIONS;
    if !is_fit || !bodies.iter().all(|block| is_plain(block)) {
        return None;
    }
    let registers = registers(&bodies, keeps_memory);
    let sunk = sunk(&bodies, registers);
    let floats = copies(&bodies, RegisterSet::Float) as u32;
    let vectors = copies(&bodies, RegisterSet::Vector);
    let saturates = bodies.iter().flat_map(|block| &block.code).any(|guest| guest.op.is_some_and(saturates));
    (registers != 0).then_some(Loop { blocks: members, registers, sunk, floats, vectors, saturates })
}

/// Whether a row may set VSCR\[SAT\] (a hint): the names of these end with an s.
fn saturates(op: Op) -> bool {
    let row = op.row();
    let name = row.name.strip_suffix("128").unwrap_or(row.name);
    matches!(row.family, Family::Vector | Family::Vector128) && name.ends_with('s')
}

/// Whether a block changes only the registers in the context that its instructions name.
fn is_plain(block: &Block) -> bool {
    let goes_on = match block.terminator() {
        Terminator::None | Terminator::Branch { .. } => true,
        Terminator::Indirect { link, .. } => !link,
        Terminator::Call { .. } | Terminator::Barrier | Terminator::Stop => false,
    };
    goes_on && block.code.iter().all(|guest| guest.op.is_some_and(|op| !op.accesses_later_registers()))
}

/// The loop-carried registers that the loop changes (a hint). `None` if the cold blocks of its
/// accesses would be too much code.
fn sunk(bodies: &[&Block], registers: u64) -> Option<u64> {
    let mut changed = 0;
    let mut accesses = 0;
    for guest in bodies.iter().flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        accesses += u32::from(row.has(Flag::mem));
        for register in op.registers(guest.instruction) {
            if register.file == RegisterSet::General && register.is_written {
                changed |= 1 << register.number;
            }
        }
        changed |= u64::from(row.family == Family::Branch) << carried::CTR;
        changed |= u64::from(op == Op::mtspr) << carried::CTR;
    }
    let sunk = changed & registers;
    (accesses * (sunk.count_ones() + FAULT_EXIT) <= MAX_FAULT_EXITS).then_some(sunk)
}

/// Selects the loop-carried registers: those that the most operands name.
fn registers(bodies: &[&Block], keeps_memory: bool) -> u64 {
    let mut uses = [0_u32; carried::COUNT];
    for guest in bodies.iter().flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        for register in op.registers(guest.instruction) {
            if register.file == RegisterSet::General {
                uses[register.number] += 1;
            }
        }
        if row.family == Family::Branch
            && matches!(op, Op::bcx | Op::bclrx)
            && guest.instruction.bo() & IGNORES_COUNT == 0
        {
            // The decrement is a dependency between iterations; through the context it costs the
            // latency of a store and a load.
            uses[carried::CTR] += MAX_INSTRUCTIONS;
        }
        if keeps_memory && row.has(Flag::mem) {
            uses[carried::MEMORY] += 1;
        }
    }
    let mut order: Vec<usize> = (0..carried::COUNT).filter(|&n| uses[n] > 0).collect();
    order.sort_by_key(|&n| Reverse(uses[n]));
    order.iter().take(MAX_REGISTERS).fold(0, |set, &n| set | 1 << n)
}

/// Selects the registers of a file to copy: of those that the loop reads before it writes them
/// (live-in at the header), the ones named most often.
fn copies(bodies: &[&Block], file: RegisterSet) -> u128 {
    let mut uses: BTreeMap<usize, (bool, u32)> = BTreeMap::new();
    for guest in bodies.iter().flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let named = || op.registers(guest.instruction).filter(|register| register.file == file);
        // An instruction reads its operands before it writes them.
        let read = named().filter(|register| register.is_read).map(|register| (register, true));
        let written = named().filter(|register| register.is_written).map(|register| (register, false));
        for (register, is_read) in read.chain(written) {
            let (_, count) = uses.entry(register.number).or_insert((is_read, 0));
            *count += 1;
        }
    }
    let mut order: Vec<_> = uses.into_iter().filter(|(_, (is_read_first, _))| *is_read_first).collect();
    order.sort_by_key(|&(_, (_, count))| Reverse(count));
    order.iter().take(MAX_COPIES).fold(0, |set, &(n, _)| set | 1 << n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::testing::{ADDI, bdnz, beq, bl, region_of};
    use xenia_isa::word::BLR;

    /// The blocks of the loops in `words`, by instruction index.
    fn loops(words: &[u32]) -> Vec<Vec<u32>> {
        let region = region_of(words);
        let graph = FlowGraph::new(&region.blocks);
        find(&region.blocks, &graph, true)
            .iter()
            .map(|found| found.blocks.iter().map(|&id| graph.start(id) / 4).collect())
            .collect()
    }

    #[test]
    fn a_loop_that_calls_carries_nothing() {
        assert!(loops(&[ADDI, bl(64), beq(-2), BLR]).is_empty());
        assert_eq!(loops(&[ADDI, beq(-1), bl(64), BLR]), [[0]]);
    }

    #[test]
    fn a_loop_keeps_copies_of_what_it_reads_first_and_stores_what_it_changes() {
        // vmaddfp128 v100,v1,v2; lfs f1,0(r4); fadds f2,f2,f1; stwux r6,r5,r7; bdnz.
        let text = "vmaddfp128 v100,v1,v2; lfs f1,0(r4); fadds f2,f2,f1; stwux r6,r5,r7";
        let bytes = xenia_isa::assemble(&text.replace("; ", "\n"), 0).unwrap().bytes;
        let mut words: Vec<u32> =
            bytes.chunks(4).map(|b| u32::from_be_bytes(b.try_into().unwrap())).collect();
        words.extend([bdnz(-4), BLR]);
        let region = region_of(&words);
        let [found] = &find(&region.blocks, &FlowGraph::new(&region.blocks), false)[..] else {
            panic!("one loop")
        };
        assert_eq!(found.vectors, 1 << 100 | 1 << 1 | 1 << 2);
        assert_eq!(found.floats, 1 << 2);
        assert_eq!(found.sunk, Some(1 << 5 | 1 << carried::CTR));
        assert!(!found.saturates);
    }
}
