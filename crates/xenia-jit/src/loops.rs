//! Innermost loops whose registers stay in values from one turn to the next.
//!
//! What is found here is a hint: any set of blocks would do, since every edge into the set from
//! outside loads the registers from the context (`lift/carried.rs`). Worth it are loops without
//! calls, in which nothing else changes the registers in the context; and innermost ones, as the
//! register allocator keeps an outer loop's values alive across the inner one and spills them
//! there.

mod cycles;

use crate::region::{Block, End};
use cycles::cycles;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use xenia_isa::{Family, Flag, Op, RegisterFile};

/// Blocks of one loop at most.
const MOST_BLOCKS: usize = 48;
/// Loops around an innermost one, as far as anybody looks.
const MOST_NESTED: u32 = 16;
/// Instructions of one loop at most.
const MOST_INSTRUCTIONS: u32 = 400;
/// Instructions of the intermediate form in the cold block of an access, beside the stores of
/// registers.
const FAULT_EXIT: u32 = 4;
/// Instructions in such blocks of one loop at most.
const MOST_FAULT_EXITS: u32 = 600;
/// Registers that are carried at most: the host has thirteen, of which the budget takes one and
/// intermediate results some.
const MOST_REGISTERS: usize = 9;

/// Floating-point registers, and vector registers, of which a loop keeps copies at most.
const MOST_COPIES: usize = 10;

/// A register that a loop may carry: a GPR by its number, or one of these.
pub(crate) mod carried {
    /// The count register.
    pub(crate) const CTR: usize = 32;
    /// The host address of guest memory.
    pub(crate) const MEMORY: usize = 33;
    /// How many there are.
    pub(crate) const COUNT: usize = 34;
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loop {
    /// Starts of its blocks.
    pub(crate) blocks: BTreeSet<u32>,
    /// Bit n: it carries register n.
    pub(crate) registers: u64,
    /// Bit n: it changes that register, which is stored when it's left. `None`: stores are where
    /// they are elsewhere.
    pub(crate) sunk: Option<u64>,
    /// FPRs of which it keeps copies.
    pub(crate) floats: u32,
    /// Vector registers of which it does.
    pub(crate) vectors: u128,
}

/// The loops of a region's blocks, none of which has a block in common with another.
///
/// A loop is what edges make it, wherever its blocks lie: compilers put sides of it that are rarely
/// taken, or its first turn's way in, in front of it. So each cycle of blocks is looked at without
/// its header; if cycles are left, these are the inner loops.
pub(crate) fn find(blocks: &BTreeMap<u32, Block>, keeps_memory: bool) -> Vec<Loop> {
    let mut before: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (&from, block) in blocks {
        for &to in &block.successors {
            before.entry(to).or_default().push(from);
        }
    }
    let all = blocks.keys().copied().collect();
    let mut work: Vec<_> = cycles(&all, blocks).into_iter().map(|members| (members, 0)).collect();
    let mut loops = Vec::new();
    while let Some((members, depth)) = work.pop() {
        let mut rest = members.clone();
        rest.remove(&header(&members, &before));
        let inner = cycles(&rest, blocks);
        if inner.is_empty() {
            loops.extend(carrying(members, blocks, keeps_memory));
        } else if depth < MOST_NESTED {
            work.extend(inner.into_iter().map(|members| (members, depth + 1)));
        }
    }
    loops.sort_by_key(|found: &Loop| found.blocks.first().copied());
    loops
}

/// The loop of these blocks, if it is worth carrying registers in it.
fn carrying(members: BTreeSet<u32>, blocks: &BTreeMap<u32, Block>, keeps_memory: bool) -> Option<Loop> {
    let bodies = members.iter().filter_map(|pc| blocks.get(pc));
    let instructions: u32 = bodies.clone().map(Block::len).sum();
    let is_fit = members.len() <= MOST_BLOCKS && instructions <= MOST_INSTRUCTIONS;
    if !is_fit || !bodies.into_iter().all(is_plain) {
        return None;
    }
    let registers = registers(&members, blocks, keeps_memory);
    let sunk = sunk(&members, blocks, registers);
    let floats = copies(&members, blocks, RegisterFile::Float) as u32;
    let vectors = copies(&members, blocks, RegisterFile::Vector);
    (registers != 0).then_some(Loop { blocks: members, registers, sunk, floats, vectors })
}

/// The block of a cycle by which the most edges come in from elsewhere; where none does, the first
/// one.
fn header(members: &BTreeSet<u32>, before: &BTreeMap<u32, Vec<u32>>) -> u32 {
    let from_elsewhere = |pc: &u32| {
        let from = before.get(pc).map_or(&[][..], Vec::as_slice);
        from.iter().filter(|from| !members.contains(from)).count()
    };
    let most = members.iter().copied().max_by_key(|pc| (from_elsewhere(pc), Reverse(*pc)));
    most.unwrap_or_default()
}

/// Whether a block changes no registers in the context but those that it names.
fn is_plain(block: &Block) -> bool {
    let goes_on = match block.way_on() {
        End::None | End::Branch { .. } => true,
        End::Indirect { link, .. } => !link,
        End::Call { .. } | End::Barrier | End::Stop => false,
    };
    goes_on && block.code.iter().all(|guest| guest.op.is_some_and(|op| !op.names_first_alone()))
}

/// Those of the registers that a loop changes: a hint like the rest. `None` if the cold blocks for
/// its accesses were too much code.
fn sunk(members: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>, registers: u64) -> Option<u64> {
    let (mut changed, mut accesses) = (0, 0);
    for guest in members.iter().filter_map(|pc| blocks.get(pc)).flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        accesses += u32::from(row.has(Flag::mem));
        for register in op.registers(guest.instruction) {
            if register.file == RegisterFile::General && register.is_written {
                changed |= 1 << register.number;
            }
        }
        changed |= u64::from(row.family == Family::Branch) << carried::CTR;
        changed |= u64::from(op == Op::mtspr) << carried::CTR;
    }
    let sunk = changed & registers;
    (accesses * (sunk.count_ones() + FAULT_EXIT) <= MOST_FAULT_EXITS).then_some(sunk)
}

/// The registers that the most operands of a loop name.
fn registers(members: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>, keeps_memory: bool) -> u64 {
    let mut uses = [0_u32; carried::COUNT];
    for guest in members.iter().filter_map(|pc| blocks.get(pc)).flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        for register in op.registers(guest.instruction) {
            if register.file == RegisterFile::General {
                uses[register.number] += 1;
            }
        }
        if row.family == Family::Branch
            && matches!(op, Op::bcx | Op::bclrx)
            && guest.instruction.bo() & 4 == 0
        {
            // Each turn waits for the one before: through the context, for as long as a store and a load
            // take.
            uses[carried::CTR] += MOST_INSTRUCTIONS;
        }
        if keeps_memory && row.has(Flag::mem) {
            uses[carried::MEMORY] += 1;
        }
    }
    let mut order: Vec<usize> = (0..carried::COUNT).filter(|&n| uses[n] > 0).collect();
    order.sort_by_key(|&n| Reverse(uses[n]));
    order.iter().take(MOST_REGISTERS).fold(0, |set, &n| set | 1 << n)
}

/// The registers of a file that a loop names most often, of those that it reads before it writes
/// them: what comes from the turn before, or from before the loop.
fn copies(members: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>, file: RegisterFile) -> u128 {
    let mut uses: BTreeMap<usize, (bool, u32)> = BTreeMap::new();
    for guest in members.iter().filter_map(|pc| blocks.get(pc)).flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let named = || op.registers(guest.instruction).filter(|register| register.file == file);
        // What an instruction reads comes before what it writes.
        let read = named().filter(|register| register.is_read).map(|register| (register, true));
        let written = named().filter(|register| register.is_written).map(|register| (register, false));
        for (register, is_read) in read.chain(written) {
            let (_, count) = uses.entry(register.number).or_insert((is_read, 0));
            *count += 1;
        }
    }
    let mut order: Vec<_> = uses.into_iter().filter(|(_, (is_read_first, _))| *is_read_first).collect();
    order.sort_by_key(|&(_, (_, count))| Reverse(count));
    order.iter().take(MOST_COPIES).fold(0, |set, &(n, _)| set | 1 << n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{Reach, discover};

    const NOP: u32 = 0x6000_0000;
    const BLR: u32 = 0x4E80_0020;

    /// `b`, or `beq`, or `bl` to so many words from there.
    fn b(words: i32) -> u32 {
        0x4800_0000 | (words * 4) as u32 & 0x03FF_FFFC
    }

    fn beq(words: i32) -> u32 {
        0x4182_0000 | (words * 4) as u32 & 0xFFFC
    }

    fn bl(words: i32) -> u32 {
        b(words) | 1
    }

    /// `addi r3,r3,1`, so that there is something to carry.
    const ADD: u32 = 0x3863_0001;

    /// The blocks of the loops in `words`, by instruction.
    fn loops(words: &[u32]) -> Vec<Vec<u32>> {
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach::all((0, 4 * words.len() as u32), words.len());
        let region = discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap();
        find(&region.blocks, true)
            .iter()
            .map(|found| found.blocks.iter().map(|pc| pc / 4).collect())
            .collect()
    }

    #[test]
    fn a_side_in_front_of_the_loop_is_part_of_it() {
        // To 3; 1: a side, on to 3; 3: around again or to the side.
        assert_eq!(loops(&[b(3), ADD, NOP, ADD, beq(-3), beq(-2), BLR]), [[1, 3, 5]]);
    }

    #[test]
    fn of_nested_loops_the_innermost_are_carried() {
        // 0: outer; 1 and 3: two loops in it.
        assert_eq!(loops(&[NOP, ADD, beq(-1), ADD, beq(-1), beq(-5), BLR]), [[1], [3]]);
        // Entered in its midst, with another loop in front.
        assert_eq!(loops(&[b(3), ADD, beq(-1), ADD, beq(-3), beq(-2), BLR]), [[1]]);
    }

    #[test]
    fn a_loop_that_calls_carries_nothing() {
        assert!(loops(&[ADD, bl(64), beq(-2), BLR]).is_empty());
        assert_eq!(loops(&[ADD, beq(-1), bl(64), BLR]), [[0]]);
    }

    #[test]
    fn a_loop_keeps_copies_of_what_it_reads_first_and_stores_what_it_changes() {
        // vmaddfp128 v100,v1,v2; lfs f1,0(r4); fadds f2,f2,f1; stwux r6,r5,r7; bdnz.
        let text = "vmaddfp128 v100,v1,v2; lfs f1,0(r4); fadds f2,f2,f1; stwux r6,r5,r7";
        let bytes = xenia_isa::assemble(&text.replace("; ", "\n"), 0).unwrap().bytes;
        let mut words: Vec<u32> =
            bytes.chunks(4).map(|b| u32::from_be_bytes(b.try_into().unwrap())).collect();
        words.extend([0x4200_FFF0, BLR]);
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach::all((0, 4 * words.len() as u32), words.len());
        let region = discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap();
        let [found] = &find(&region.blocks, false)[..] else { panic!("one loop") };
        assert_eq!(found.vectors, 1 << 100 | 1 << 1 | 1 << 2);
        assert_eq!(found.floats, 1 << 2);
        assert_eq!(found.sunk, Some(1 << 5 | 1 << carried::CTR));
    }

    #[test]
    fn deep_nests_are_given_up() {
        for (depth, expected) in [(16_usize, 1), (18, 0)] {
            let mut words = vec![ADD; depth];
            words.extend((0..depth).map(|n| beq(-(2 * n as i32 + 1))));
            words.push(BLR);
            assert_eq!(loops(&words).len(), expected, "{depth}");
        }
    }
}
