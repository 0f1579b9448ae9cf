//! Byte swaps beside loads and stores become part of them (`movbe`).
//!
//! Invariants: between swap and access nothing else reads the register; a rotate, which swaps a
//! halfword, is removed only if the flags that it changes are dead.

use super::flow::{FunctionCode, HostOp, Successor};
use super::liveness::{is_dead, needed};
use super::operands::{bit, number};
use iced_x86::{Code, Instruction, Mnemonic, OpKind, RflagsBits};

/// Limit of instructions after a rotate that are searched for one that overwrites its flags.
const MAX_DISTANCE: usize = 48;

/// Fuses all swaps that can be.
pub(super) fn fuse(flow: &mut FunctionCode) {
    for number in 0..flow.blocks.len() {
        for at in flow.blocks[number].ops.clone() {
            if swapped(&flow.ops[at].decoded).is_some() {
                let _ = into_load(flow, number, at) || into_store(flow, number, at);
            }
        }
    }
}

/// A byte swap.
struct ByteSwap {
    /// The register that it changes.
    register: u8,
    /// Its size in bytes.
    size: usize,
}

/// The byte swap that an instruction is.
fn swapped(decoded: &Instruction) -> Option<ByteSwap> {
    let register = || number(decoded.op0_register());
    match decoded.code() {
        Code::Bswap_r32 | Code::Bswap_r64 => {
            Some(ByteSwap { register: register()?, size: decoded.op0_register().size() })
        }
        // Only a store takes it: a `movbe` of a halfword waits for the register's old value.
        Code::Rol_rm16_imm8 if decoded.immediate8() == 8 && decoded.op0_kind() == OpKind::Register => {
            Some(ByteSwap { register: register()?, size: 2 })
        }
        _ => None,
    }
}

/// Makes the load of the register that the swap at `at` changes a swapping one.
fn into_load(flow: &mut FunctionCode, block: usize, at: usize) -> bool {
    let Some(ByteSwap { register, size }) = swapped(&flow.ops[at].decoded) else { return false };
    let touches = |index: &usize| {
        let op = &flow.ops[*index];
        op.successor == Successor::Call
            || (op.usage.touches() | needed(&flow.blocks, op)) & bit(register) != 0
    };
    let start = flow.blocks[block].ops.start;
    let Some(load) = (start..at).rev().find(touches) else { return false };
    let op = &flow.ops[load];
    // The fault exit of the load itself sees the register as it was before.
    let code = match (op.decoded.code(), size) {
        (Code::Mov_r32_rm32, 4) => Code::Movbe_r32_m32,
        (Code::Mov_r64_rm64, 8) => Code::Movbe_r64_m64,
        _ => return false,
    };
    let is_load =
        op.decoded.op1_kind() == OpKind::Memory && number(op.decoded.op0_register()) == Some(register);
    is_load && !op.decoded.is_ip_rel_memory_operand() && fuse_into(flow, load, code, at)
}

/// Makes the store of the register that the swap at `at` changes a swapping one, if nothing else
/// reads the swapped value.
fn into_store(flow: &mut FunctionCode, block: usize, at: usize) -> bool {
    let Some(ByteSwap { register, size }) = swapped(&flow.ops[at].decoded) else { return false };
    let end = flow.blocks[block].ops.end;
    let needs = |index: usize| {
        let op = &flow.ops[index];
        op.successor == Successor::Call || needed(&flow.blocks, op) & bit(register) != 0
    };
    let Some(store) =
        (at + 1..end).find(|&index| needs(index) || flow.ops[index].usage.writes & bit(register) != 0)
    else {
        return false;
    };
    let op = &flow.ops[store];
    let code = match (op.decoded.code(), size) {
        (Code::Mov_rm32_r32, 4) => Code::Movbe_m32_r32,
        (Code::Mov_rm64_r64, 8) => Code::Movbe_m64_r64,
        (Code::Mov_rm16_r16, 2) if are_flags_dead(flow, at, end) => Code::Movbe_m16_r16,
        _ => return false,
    };
    let in_address = [op.decoded.memory_base(), op.decoded.memory_index()];
    let is_store = op.decoded.op0_kind() == OpKind::Memory
        && number(op.decoded.op1_register()) == Some(register)
        && !op.decoded.is_ip_rel_memory_operand()
        && !in_address.into_iter().any(|part| number(part) == Some(register))
        && op.landing.is_none_or(|landing| flow.blocks[landing as usize].live_in & bit(register) == 0);
    is_store && is_dead(flow, block, store + 1, register) && fuse_into(flow, store, code, at)
}

/// Whether nothing reads the flags that the rotate at `at` changes, in a block that ends at `end`.
fn are_flags_dead(flow: &FunctionCode, at: usize, end: usize) -> bool {
    let changed = RflagsBits::CF | RflagsBits::OF;
    for op in flow.ops[at + 1..end].iter().take(MAX_DISTANCE).filter(|op| !op.is_removed()) {
        if op.decoded.rflags_read() & changed != 0 {
            return false;
        }
        if overwrites_flags(op) || matches!(op.successor, Successor::Return | Successor::Leave) {
            return true;
        }
    }
    false
}

/// Whether an instruction overwrites all flags of arithmetic. A shift by a register may keep them.
fn overwrites_flags(op: &HostOp) -> bool {
    use Mnemonic::{Add, And, Cmp, Or, Sub, Test, Xor};
    matches!(op.decoded.mnemonic(), Add | And | Cmp | Or | Sub | Test | Xor)
}

/// Gives the access at `access` the form `code`, and removes the swap at `swap`.
fn fuse_into(flow: &mut FunctionCode, access: usize, code: Code, swap: usize) -> bool {
    let mut changed = flow.ops[access].decoded;
    changed.set_code(code);
    if !flow.workshop.set(&mut flow.ops[access], changed) {
        return false;
    }
    flow.ops[swap].remove();
    true
}
