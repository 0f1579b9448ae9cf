//! Live registers at the ends of basic blocks: those whose values may be read later.

use super::flow::{Block, FunctionCode, HostOp, MAX_PASSES, Successor};
use super::operands::{FRAME_POINTER, STACK_POINTER, bit};
use crate::analysis::block_params::{CALLED_WITH, RETURNED};
use crate::thunks::CONTEXT_REGISTER;

/// Registers with results of a region (`crate::emit::region_signature`): rax, rcx, rdx, rsi; and
/// [`FIXED`] ones, which stay in use.
const RESULTS: u16 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6 | FIXED;
/// Registers with arguments of regions and hooks, which have five at most: rdi, rsi, rdx, rcx, r8.
const ARGUMENTS: u16 = 1 << 7 | 1 << 6 | 1 << 2 | 1 << 1 | 1 << 8 | FIXED;
/// rsp, rbp and r15.
const FIXED: u16 = 1 << STACK_POINTER | 1 << FRAME_POINTER | 1 << CONTEXT_REGISTER;

const _: () = assert!(2 + RETURNED.len() == 4 && 2 + CALLED_WITH.len() == 5, "the registers above");

/// Computes [`Block::live_in`] and [`Block::live_out`] of all blocks. If the limit of passes is
/// reached, all registers count as live everywhere.
pub(super) fn solve(flow: &mut FunctionCode) {
    if !(0..MAX_PASSES).any(|_| !pass(flow)) {
        for block in &mut flow.blocks {
            block.live_in = u16::MAX;
            block.live_out = u16::MAX;
        }
    }
}

/// One pass from the last block to the first. Returns whether it has changed something.
fn pass(flow: &mut FunctionCode) -> bool {
    let mut changes = false;
    for number in (0..flow.blocks.len()).rev() {
        let block = &flow.blocks[number];
        let out = match flow.ops[block.ops.end - 1].successor {
            Successor::Return => RESULTS,
            Successor::Leave => ARGUMENTS,
            _ => block.successors.iter().fold(0, |live, &to| live | flow.blocks[to as usize].live_in),
        };
        let mut live = out;
        for op in flow.ops[block.ops.clone()].iter().rev() {
            live = live_before(&flow.blocks, op, live);
        }
        let block = &mut flow.blocks[number];
        changes |= block.live_in != live;
        block.live_in = live;
        block.live_out = out;
    }
    changes
}

/// The registers that are live before `op` if `after` are live after it.
fn live_before(blocks: &[Block], op: &HostOp, after: u16) -> u16 {
    // Treating a register as live is always correct, whether a call preserves it or not.
    let is_call = matches!(op.successor, Successor::Call | Successor::PreservingCall);
    let left = if is_call { after } else { after & !op.usage.defines };
    left | needed(blocks, op)
}

/// The registers whose values `op` reads, or the code at its fault exit.
pub(super) fn needed(blocks: &[Block], op: &HostOp) -> u16 {
    op.usage.reads | fixed(blocks, op)
}

/// The registers whose values must be where they are at `op`, although it does not name them: as
/// arguments of a call, or for the code at its fault exit.
pub(super) fn fixed(blocks: &[Block], op: &HostOp) -> u16 {
    let landing = op.landing.map_or(0, |block| blocks[block as usize].live_in);
    let is_call = matches!(op.successor, Successor::Call | Successor::PreservingCall);
    landing | if is_call { ARGUMENTS } else { 0 }
}

/// Whether no instruction needs the value that `register` has in front of the instruction `from` of
/// this block.
pub(super) fn is_dead(flow: &FunctionCode, block: usize, from: usize, register: u8) -> bool {
    let Block { ops, live_out, .. } = &flow.blocks[block];
    for op in &flow.ops[from..ops.end] {
        if op.successor == Successor::Call || needed(&flow.blocks, op) & bit(register) != 0 {
            return false;
        }
        if op.usage.defines & bit(register) != 0 {
            return true;
        }
    }
    live_out & bit(register) == 0
}
