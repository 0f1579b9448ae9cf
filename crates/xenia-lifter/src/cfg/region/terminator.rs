//! Classification of block terminators: the branches of PowerISA 2.02 book I, 2.4, and instructions
//! that change what blocks assume.

use super::{Fetch, MAX_BLOCK_LENGTH};
use xenia_isa::branch_options::ALWAYS;
use xenia_isa::{Flag, Instruction, Op, decode, spr};

/// How a block's last instruction continues.
pub enum Terminator {
    /// Not a terminator.
    None,
    /// Branches to `taken`, or (if conditional) continues at the next instruction.
    Branch {
        /// The branch's target.
        taken: u32,
        /// Whether it depends on CTR or a condition.
        conditional: bool,
    },
    /// Calls `target`, which returns to the next instruction.
    Call {
        /// The callee's address.
        target: u32,
    },
    /// Branches to an address in a register; a conditional one may continue at the next
    /// instruction.
    Indirect {
        /// Whether it sets LR, as calls do.
        link: bool,
        /// Whether it depends on CTR or a condition.
        conditional: bool,
    },
    /// Ends the block only: the next instruction follows, but state that blocks assume may have
    /// changed.
    Barrier,
    /// Leaves the region after it (or raises an exception).
    Stop,
}

/// Target of an immediate branch.
fn target(pc: u32, i: Instruction, displacement: i64) -> u32 {
    let base = if i.aa() { 0 } else { pc };
    base.wrapping_add(displacement as u32) & !3
}

/// Classifies the control flow of an instruction.
pub fn end_of(pc: u32, op: Option<Op>, i: Instruction) -> Terminator {
    let Some(op) = op else { return Terminator::Stop };
    let always = i.bo() & ALWAYS == ALWAYS;
    match op {
        Op::bx | Op::bcx => {
            let (taken, conditional) =
                if op == Op::bx { (target(pc, i, i.li()), false) } else { (target(pc, i, i.bd()), !always) };
            // A `bl` to the next instruction only reads the pc; no return will match it.
            if i.lk() && taken != pc.wrapping_add(4) {
                Terminator::Call { target: taken }
            } else {
                Terminator::Branch { taken, conditional }
            }
        }
        Op::bclrx | Op::bcctrx => Terminator::Indirect { link: i.lk(), conditional: !always },
        Op::sc => Terminator::Stop,
        // The time base through `mfspr`, and all other effects of special registers.
        Op::mfspr if !matches!(i.spr(), spr::XER | spr::LR | spr::CTR) => Terminator::Barrier,
        Op::mtspr if !matches!(i.spr(), spr::XER | spr::LR | spr::CTR) => Terminator::Barrier,
        // With L they change only EE and RI, on which no code depends.
        Op::mtmsr | Op::mtmsrd if i.mtmsr_l() => Terminator::None,
        Op::orx if i.is_yield_hint() => Terminator::Barrier,
        _ if op.row().has(Flag::last) => Terminator::Barrier,
        _ => Terminator::None,
    }
}

/// Length in instructions of the basic block at `pc`, as far as it can be fetched.
pub fn block_length(pc: u32, fetch: Fetch<'_>) -> u32 {
    for count in 0..MAX_BLOCK_LENGTH as u32 {
        let at = pc.wrapping_add(4 * count);
        let Some(word) = fetch(at) else { return count.max(1) };
        if !matches!(end_of(at, decode(word), Instruction(word)), Terminator::None) {
            return count + 1;
        }
    }
    MAX_BLOCK_LENGTH as u32
}
