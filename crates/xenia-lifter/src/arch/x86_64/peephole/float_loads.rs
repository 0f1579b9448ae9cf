//! Loads of floating-point numbers swap their bytes in the vector register that gets the number:
//! `movbe` and a move from its general register become a load and `vpshufb`. For a double, these
//! are half as many of the processor's operations, and the number is there a third sooner.
//!
//! Invariants: nothing else reads the general register; between the two instructions nothing
//! accesses the vector register, nor does the fault exit of an access.

use super::flow::{CONTEXT, FunctionCode, HostOp, Successor};
use super::liveness::{is_dead, needed};
use super::operands::{bit, number};
use crate::host::Word;
use iced_x86::{Code, Instruction, MemoryOperand, OpKind, Register};

/// Limit of instructions between the load and the move.
const MAX_DISTANCE: usize = 48;

/// A move from a general register to a vector register.
struct Move {
    from: u8,
    to: Register,
    /// The load into `from`, and that into `to`.
    loads: [Code; 2],
    /// Displacement of the shuffle's mask from the pinned register.
    mask: i32,
}

/// Changes all loads that can be.
pub(super) fn shuffle(flow: &mut FunctionCode) {
    for block in 0..flow.blocks.len() {
        for at in flow.blocks[block].ops.clone() {
            if let Some(found) = vector_move(&flow.ops[at])
                && let Some(load) = load_of(flow, block, at, &found)
                && is_dead(flow, block, at + 1, found.from)
            {
                change(flow, load, at, &found);
            }
        }
    }
}

/// The move that an instruction is.
fn vector_move(op: &HostOp) -> Option<Move> {
    // From its second half on, the mask for doubles is one for singles.
    let (loads, half) = match op.decoded.code() {
        Code::VEX_Vmovq_xmm_rm64 => ([Code::Movbe_r64_m64, Code::VEX_Vmovsd_xmm_m64], 0),
        Code::VEX_Vmovd_xmm_rm32 => ([Code::Movbe_r32_m32, Code::VEX_Vmovss_xmm_m32], 4),
        _ => return None,
    };
    if op.is_removed() || op.decoded.op1_kind() != OpKind::Register {
        return None;
    }
    let from = number(op.decoded.op1_register())?;
    Some(Move { from, to: op.decoded.op0_register(), loads, mask: Word::ByteSwap.offset() + half })
}

/// Index of the load whose result the move at `at` takes.
fn load_of(flow: &FunctionCode, block: usize, at: usize, found: &Move) -> Option<usize> {
    let start = flow.blocks[block].ops.start.max(at.saturating_sub(MAX_DISTANCE));
    let vector = 1 << found.to.number();
    for index in (start..at).rev() {
        let op = &flow.ops[index];
        let is_load = op.decoded.code() == found.loads[0]
            && !op.is_removed()
            && number(op.decoded.op0_register()) == Some(found.from);
        if is_load {
            return Some(index);
        }
        let is_call = matches!(op.successor, Successor::Call | Successor::PreservingCall);
        let touches = op.usage.touches() | needed(&flow.blocks, op);
        if is_call
            || op.landing.is_some()
            || touches & bit(found.from) != 0
            || op.usage.touches_vectors() & vector != 0
        {
            return None;
        }
    }
    None
}

/// Makes the load at `load` one of a vector register, and the move at `at` a shuffle.
fn change(flow: &mut FunctionCode, load: usize, at: usize, found: &Move) {
    let mask = MemoryOperand::with_base_displ(CONTEXT, found.mask.into());
    let Ok(shuffle) = Instruction::with3(Code::VEX_Vpshufb_xmm_xmm_xmmm128, found.to, found.to, mask) else {
        return;
    };
    let mut loading = flow.ops[load].decoded;
    loading.set_code(found.loads[1]);
    loading.set_op0_register(found.to);
    let before = flow.ops[at];
    if flow.workshop.set(&mut flow.ops[at], shuffle) && !flow.workshop.set(&mut flow.ops[load], loading) {
        flow.ops[at] = before;
    }
}
