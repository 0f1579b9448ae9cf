//! Copies between registers, one of which can replace the other: later instructions read the copy's
//! source, or earlier ones compute in its destination; then the copy is removed.
//!
//! Invariant: the distance is bounded ([`MAX_DISTANCE`]), so the time for a function is linear in
//! its size.

use super::flow::{Block, FunctionCode, HostOp, Successor};
use super::liveness::fixed;
use super::operands::{FRAME_POINTER, STACK_POINTER, bit, number};
use iced_x86::{Code, OpKind, Register};

/// Maximum number of instructions between a copy and the last use of it, or the start of its
/// source's computation. Copies with longer live ranges are kept.
const MAX_DISTANCE: usize = 48;

/// A copy between two general registers.
#[derive(Clone, Copy, Debug)]
struct Copy {
    to: u8,
    from: u8,
    /// Whether `to` gets the whole value of `from`; otherwise its low half, extended by zeros.
    is_whole: bool,
}

/// Removes copies in all blocks.
pub(super) fn remove(flow: &mut FunctionCode) {
    for block in 0..flow.blocks.len() {
        // Registers whose upper half is known to be zero.
        let mut short = 0;
        for at in flow.blocks[block].ops.clone() {
            let replaced = copy(&flow.ops[at]).and_then(|copy| replace(flow, block, at, copy, short));
            short = match replaced {
                Some(short) => {
                    flow.ops[at].remove();
                    short
                }
                None => short_after(&flow.ops[at], short),
            };
        }
    }
}

/// Changes the instructions around the copy at `at` so that it isn't needed. Returns the registers
/// whose upper half is zero after it; `short` are those in which it is zero before. `None` if the
/// copy must stay: then nothing is changed.
fn replace(flow: &mut FunctionCode, block: usize, at: usize, copy: Copy, short: u16) -> Option<u16> {
    let is_short = short & bit(copy.from) != 0;
    let copy = Copy { is_whole: copy.is_whole || is_short, ..copy };
    if copy.to == copy.from {
        return copy.is_whole.then_some(short);
    }
    if read_source(flow, block, at, copy) {
        // Nothing reads the copy, and its register keeps its old value.
        return Some(short);
    }
    if copy.is_whole && make_in_place(flow, block, at, copy) {
        let others = short & !(bit(copy.from) | bit(copy.to));
        return Some(if is_short { others | bit(copy.to) } else { others });
    }
    None
}

/// The copy that an instruction is.
fn copy(op: &HostOp) -> Option<Copy> {
    let is_whole = match op.decoded.code() {
        Code::Mov_r64_rm64 | Code::Mov_rm64_r64 => true,
        Code::Mov_r32_rm32 | Code::Mov_rm32_r32 => false,
        _ => return None,
    };
    if op.is_removed()
        || op.decoded.op0_kind() != OpKind::Register
        || op.decoded.op1_kind() != OpKind::Register
    {
        return None;
    }
    let to = number(op.decoded.op0_register())?;
    let from = number(op.decoded.op1_register())?;
    let fixed = [STACK_POINTER, FRAME_POINTER];
    (!fixed.contains(&to) && !fixed.contains(&from)).then_some(Copy { to, from, is_whole })
}

/// The registers whose upper half is zero after `op`; `short` are those in which it is zero before.
fn short_after(op: &HostOp, short: u16) -> u16 {
    if op.successor == Successor::Call {
        return 0;
    }
    let mut after = short & !op.usage.writes;
    if op.decoded.op_count() > 0 && op.decoded.op0_kind() == OpKind::Register {
        let register = op.decoded.op0_register();
        if let Some(number) = number(register)
            // A write of 32 bits clears the upper half.
            && register.size() == 4
            && op.usage.writes & bit(number) != 0
        {
            after |= bit(number);
        }
    }
    after
}

/// Whether `op` reads at most the low half of `register`.
fn reads_low_half(op: &HostOp, register: u8) -> bool {
    let is_it = |part: Register| number(part) == Some(register);
    let in_address = is_it(op.decoded.memory_base()) || is_it(op.decoded.memory_index());
    let operands = 0..op.decoded.op_count();
    let is_long = |n: u32| {
        op.decoded.op_kind(n) == OpKind::Register
            && is_it(op.decoded.op_register(n))
            && op.decoded.op_register(n).size() > 4
    };
    !in_address && !operands.into_iter().any(is_long)
}

/// An instruction that is replaced.
struct EditedOp {
    index: usize,
    replacement: HostOp,
}

fn apply(flow: &mut FunctionCode, edits: Vec<EditedOp>) {
    for EditedOp { index, replacement } in edits {
        flow.ops[index] = replacement;
    }
}

/// Makes the instructions after the copy read its source.
fn read_source(flow: &mut FunctionCode, block: usize, at: usize, copy: Copy) -> bool {
    let Copy { to, from, is_whole } = copy;
    let redirect = Redirect { old: to, new: from, is_whole };
    let Some(edits) = redirected(flow, block, at, redirect) else { return false };
    apply(flow, edits);
    true
}

/// A register to read in place of another that has the same value.
#[derive(Clone, Copy)]
struct Redirect {
    old: u8,
    new: u8,
    /// Whether all of their values is the same; otherwise their low halves are.
    is_whole: bool,
}

/// The edits that make the instructions after the one at `at` read the new register, until the old
/// one gets another value. `None` if one of them can't, as when the new one has changed before; or
/// if one reads more than is the same.
fn redirected(flow: &mut FunctionCode, block: usize, at: usize, redirect: Redirect) -> Option<Vec<EditedOp>> {
    let Redirect { old, new, is_whole } = redirect;
    let Block { ref ops, live_out, .. } = flow.blocks[block];
    let end = ops.end;
    let mut edits = Vec::new();
    let mut new_is_same = true;
    for index in at + 1..end {
        let op = &flow.ops[index];
        let usage = op.usage;
        let is_fixed = op.successor == Successor::Call || fixed(&flow.blocks, op) & bit(old) != 0;
        if is_fixed || index - at > MAX_DISTANCE {
            return None;
        }
        if usage.reads & bit(old) != 0 {
            if !new_is_same || !is_whole && !reads_low_half(op, old) {
                return None;
            }
            let mut replacement = *op;
            if !flow.workshop.read_instead(&mut replacement, old, new) {
                return None;
            }
            edits.push(EditedOp { index, replacement });
        }
        if usage.defines & bit(old) != 0 {
            return Some(edits);
        }
        if usage.writes & bit(old) != 0 {
            // It may keep the old value, or a part of it.
            return None;
        }
        new_is_same &= usage.writes & bit(new) == 0;
    }
    (live_out & bit(old) == 0).then_some(edits)
}

/// Makes the instructions before the copy compute its source in the copy's register.
fn make_in_place(flow: &mut FunctionCode, block: usize, at: usize, copy: Copy) -> bool {
    let Copy { to, from, .. } = copy;
    let start = flow.blocks[block].ops.start;
    let mut changed: Vec<EditedOp> = Vec::new();
    let mut index = at;
    loop {
        if index == start || at - index > MAX_DISTANCE {
            return false;
        }
        index -= 1;
        let op = &flow.ops[index];
        if op.successor == Successor::Call {
            return false;
        }
        let usage = op.usage;
        let begins = usage.defines & bit(from) != 0 && usage.reads & bit(from) == 0;
        let fixed = fixed(&flow.blocks, op);
        if fixed & bit(from) != 0 || !begins && fixed & bit(to) != 0 {
            return false;
        }
        if usage.touches() & bit(to) != 0 && (!begins || usage.writes & bit(to) != 0) {
            return false;
        }
        if usage.touches() & bit(from) != 0 {
            let mut replacement = *op;
            let is_edited = if begins {
                flow.workshop.write_instead(&mut replacement, from, to)
            } else {
                flow.workshop.rename(&mut replacement, from, to)
            };
            if !is_edited {
                return false;
            }
            changed.push(EditedOp { index, replacement });
        }
        if begins {
            break;
        }
    }
    // The old register must not be read after the copy, unless the new one can be read instead.
    let redirect = Redirect { old: from, new: to, is_whole: true };
    let Some(behind) = redirected(flow, block, at, redirect) else { return false };
    changed.extend(behind);
    apply(flow, changed);
    true
}
