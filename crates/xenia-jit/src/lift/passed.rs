//! Registers that calls and returns pass on as values.
//!
//! The context is as current at a call and at a return as anywhere between blocks. Beside it, a few registers come along in the host's:
//! those that nearly every function reads first, and that its caller has written last. Through the context each
//! would wait for the store to be forwarded to the load; the stack pointer, in every call again. Nothing depends on it: a
//! register that is not passed to a block is loaded there.
//!
//! Passed to the block of a region's first entry are [`CALLED_WITH`], if the call was linked; else the entry's thunk loads
//! them (`crate::enter`). To the block after a call, [`RETURNED`]. Headers of loops take none, as each turn would have to pass them.

use super::Lifter;
use crate::region::{Block, End, Region, end_of};
use std::collections::HashMap;
use xenia_isa::Class;

/// Registers that a call passes: the stack pointer, and the first two arguments.
pub(crate) const CALLED_WITH: [usize; 3] = [1, 3, 4];
/// Registers that a return passes: the stack pointer, and the result.
pub(crate) const RETURNED: [usize; 2] = [1, 3];

/// Bit n: an operand of the block's instructions names GPR n.
fn named(block: &Block) -> u32 {
    let mut named = 0;
    for guest in &block.code {
        for operand in guest.op.iter().flat_map(|op| op.row().operands) {
            if matches!(operand.class(), Class::Gpr | Class::GprOrZero) {
                named |= 1_u32.checked_shl(operand.extract(guest.instruction) as u32).unwrap_or_default();
            }
        }
    }
    named
}

/// What is passed to the blocks of `region`, by address; nothing where one is not in it. None of those for which
/// `loads` says so takes anything.
pub(super) fn find(region: &Region, loads: impl Fn(u32) -> bool) -> HashMap<u32, Vec<usize>> {
    let first = region.entries.first().map(|&pc| (pc, &CALLED_WITH[..]));
    let returns = region.blocks.values().filter_map(|block| {
        let last = block.code.last()?;
        let end = end_of(last.pc, last.op, last.instruction);
        let calls = matches!(end, End::Call { .. } | End::Indirect { link: true, .. });
        calls.then_some((block.end(), &RETURNED[..]))
    });
    let mut passed = HashMap::new();
    // The first entry last: a call may lie before it.
    for (pc, registers) in returns.chain(first) {
        let Some(block) = region.blocks.get(&pc).filter(|block| !block.is_loop && !loads(pc)) else {
            continue;
        };
        let after = block.successors.iter().filter_map(|to| region.blocks.get(to));
        let wanted = after.map(named).fold(named(block), |all, next| all | next);
        let registers: Vec<usize> = registers.iter().copied().filter(|n| wanted >> n & 1 != 0).collect();
        passed.insert(pc, registers);
    }
    passed
}

impl Lifter<'_> {
    /// Registers that whoever goes to the block at `pc` passes on, after the budget.
    pub(super) fn passed_to(&self, pc: u32) -> Vec<usize> {
        self.passed.get(&pc).cloned().unwrap_or_default()
    }
}
