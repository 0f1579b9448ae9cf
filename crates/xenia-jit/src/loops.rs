//! Innermost loops whose registers stay in values from one turn to the next.
//!
//! What is found here is a hint: any set of blocks would do, since every edge into the set from outside loads the
//! registers from the context (`lift/carried.rs`). Worth it are loops without calls, in which nothing else changes the registers
//! in the context; and innermost ones, as the register allocator keeps an outer loop's values alive across the inner
//! one and spills them there.

use crate::region::{Block, End, end_of};
use std::collections::{BTreeMap, BTreeSet};
use xenia_isa::{Class, Family, Flag, Op};

/// Blocks of one loop at most.
const MOST_BLOCKS: usize = 48;
/// Instructions of one loop at most.
const MOST_INSTRUCTIONS: u32 = 400;
/// Instructions of the intermediate form in the cold block of an access, beside the stores of registers.
const FAULT_EXIT: u32 = 4;
/// Instructions in such blocks of one loop at most.
const MOST_FAULT_EXITS: u32 = 600;
/// Registers that are carried at most: the host has thirteen, of which the budget takes one and intermediate results
/// some.
const MOST_REGISTERS: usize = 9;

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
    /// Bit n: it changes that register, which is stored when it's left. `None`: stores are where they are elsewhere.
    pub(crate) sunk: Option<u64>,
}

/// The loops of a region's blocks, none of which has a block in common with another.
pub(crate) fn find(blocks: &BTreeMap<u32, Block>) -> Vec<Loop> {
    let mut before: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (&from, block) in blocks.iter().filter(|(_, block)| !block.successors.is_empty()) {
        for &to in &block.successors {
            before.entry(to).or_default().push(from);
        }
    }
    let mut taken = BTreeSet::new();
    let mut loops = Vec::new();
    for (&header, _) in blocks.iter().filter(|(_, block)| block.is_loop) {
        if let Some(members) = body(header, blocks, &before)
            && members.is_disjoint(&taken)
        {
            let registers = registers(&members, blocks);
            if registers != 0 {
                taken.extend(&members);
                let sunk = sunk(&members, blocks, registers);
                loops.push(Loop { blocks: members, registers, sunk });
            }
        }
    }
    loops
}

/// Blocks from which the loop's branches back to `header` are reached without going through it. `None` if it has another
/// loop in it, is too long, or has something in it that changes registers elsewhere.
fn body(
    header: u32,
    blocks: &BTreeMap<u32, Block>,
    before: &BTreeMap<u32, Vec<u32>>,
) -> Option<BTreeSet<u32>> {
    let mut members = BTreeSet::from([header]);
    let preceding = |pc: u32| before.get(&pc).into_iter().flatten().copied();
    let mut work: Vec<u32> = preceding(header).filter(|&from| from >= header).collect();
    let mut instructions = 0;
    while let Some(pc) = work.pop() {
        if !members.insert(pc) {
            continue;
        }
        if blocks.get(&pc)?.is_loop || members.len() > MOST_BLOCKS {
            return None;
        }
        work.extend(preceding(pc));
    }
    for block in members.iter().filter_map(|pc| blocks.get(pc)) {
        instructions += block.len();
        let last = block.code.last()?;
        let plain = match end_of(last.pc, last.op, last.instruction) {
            End::None | End::Branch { .. } => true,
            End::Indirect { link, .. } => !link,
            End::Call { .. } | End::Barrier | End::Stop => false,
        };
        let elsewhere = |op: Option<Op>| {
            matches!(op, None | Some(Op::lswx | Op::stswx | Op::lmw | Op::stmw | Op::lswi | Op::stswi))
        };
        if !plain || instructions > MOST_INSTRUCTIONS || block.code.iter().any(|guest| elsewhere(guest.op)) {
            return None;
        }
    }
    Some(members)
}

/// Those of the registers that a loop changes: a hint like the rest. `None` if the cold blocks for its accesses were too much
/// code.
fn sunk(members: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>, registers: u64) -> Option<u64> {
    let (mut changed, mut accesses) = (0, 0);
    for guest in members.iter().filter_map(|pc| blocks.get(pc)).flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        let accesses_memory = row.has(Flag::mem);
        accesses += u32::from(accesses_memory);
        let is_store = accesses_memory && row.name.starts_with("st");
        // The target comes first; RA of update forms is a register that is never the number 0.
        let updates = accesses_memory && (row.name.ends_with('u') || row.name.ends_with("ux"));
        for (place, operand) in row.operands.iter().enumerate() {
            let is_target =
                operand.class() == Class::Gpr && (place == 0 && !is_store || place > 0 && updates);
            if is_target {
                changed |= 1 << (operand.extract(guest.instruction) & 31);
            }
        }
        changed |= u64::from(row.family == Family::Branch) << carried::CTR;
        changed |= u64::from(op == Op::mtspr) << carried::CTR;
    }
    let sunk = changed & registers;
    (accesses * (sunk.count_ones() + FAULT_EXIT) <= MOST_FAULT_EXITS).then_some(sunk)
}

/// The registers that the most operands of a loop name.
fn registers(members: &BTreeSet<u32>, blocks: &BTreeMap<u32, Block>) -> u64 {
    let mut uses = [0_u32; carried::COUNT];
    for guest in members.iter().filter_map(|pc| blocks.get(pc)).flat_map(|block| &block.code) {
        let Some(op) = guest.op else { continue };
        let row = op.row();
        for operand in row.operands {
            let number = operand.extract(guest.instruction) as usize;
            let is_register = match operand.class() {
                Class::Gpr => true,
                Class::GprOrZero => number != 0,
                _ => false,
            };
            if is_register && let Some(count) = uses.get_mut(number) {
                *count += 1;
            }
        }
        if row.family == Family::Branch
            && matches!(op, Op::bcx | Op::bclrx)
            && guest.instruction.bo() & 4 == 0
        {
            // Each turn waits for the one before: through the context, for as long as a store and a load take.
            uses[carried::CTR] += MOST_INSTRUCTIONS;
        }
        if row.has(Flag::mem) {
            uses[carried::MEMORY] += 1;
        }
    }
    let mut order: Vec<usize> = (0..carried::COUNT).filter(|&n| uses[n] > 0).collect();
    order.sort_by_key(|&n| std::cmp::Reverse(uses[n]));
    order.iter().take(MOST_REGISTERS).fold(0, |set, &n| set | 1 << n)
}
