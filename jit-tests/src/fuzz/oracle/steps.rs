//! Jobs for qemu: whole sequences, and single instructions from the interpreter's states.
//!
//! A single instruction runs at another address than in its sequence: a branch gets the second exit
//! as its target, and the value that it leaves in LR is compared as a distance. A conditional store
//! gets its reservation back.

use super::super::arena::Step;
use super::super::sequence::{SANDBOX, SANDBOX_SIZE};
use crate::conformance::PpcRegister;
use crate::qemu::{EXIT, EXIT_OTHER, Job, QemuState, Twins};
use xenia_cpu::PpcContext;
use xenia_isa::{Op, Operand, decode};

/// Registers of both besides the three register files.
const SPECIAL: [PpcRegister; 7] = [
    PpcRegister::Cr,
    PpcRegister::Xer,
    PpcRegister::Ctr,
    PpcRegister::Lr,
    PpcRegister::Fpscr,
    PpcRegister::Vrsave,
    PpcRegister::Vscr,
];

/// Converts a context to qemu's registers.
pub(super) fn state(ctx: &PpcContext, memory: &[u8], twins: &Twins) -> QemuState {
    let mut state = QemuState::default();
    state.memory_mut()[..SANDBOX_SIZE].copy_from_slice(memory);
    let numbered = (0..32).flat_map(|n| [PpcRegister::Gpr(n), PpcRegister::Fpr(n), PpcRegister::Vector(n)]);
    for register in numbered.chain(SPECIAL) {
        state.set(register, register.get(ctx));
    }
    for (here, there) in twins.registers() {
        state.set(PpcRegister::Vector(there), ctx.vr[here]);
    }
    for &(register, value) in twins.constants() {
        state.set(PpcRegister::Vector(register.into()), value);
    }
    state
}

/// A place that two states can differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Register(PpcRegister),
    /// Offset in the sandbox.
    Memory(usize),
    /// The exit taken: 1 for the branch's target.
    Way,
}

/// A difference of two states: place, ours, theirs.
pub(super) type Deviation = (Place, u128, u128);

/// All places in which `ours` and `theirs` differ; bytes of memory separately.
pub(super) fn compare(ours: &QemuState, theirs: &QemuState) -> Vec<Deviation> {
    let gprs = (0..32).filter(|&n| n != 13).map(PpcRegister::Gpr);
    let all =
        gprs.chain((0..32).map(PpcRegister::Fpr)).chain((0..32).map(PpcRegister::Vector)).chain(SPECIAL);
    let different = all.filter(|&register| !ours.agrees(theirs, register));
    let deviation = |register| (Place::Register(register), ours.get(register), theirs.get(register));
    let mut found: Vec<Deviation> = different.map(deviation).collect();
    if ours.memory() != theirs.memory() {
        for (at, (ours, theirs)) in ours.memory().iter().zip(theirs.memory()).enumerate() {
            if ours != theirs {
                found.push((Place::Memory(at), (*ours).into(), (*theirs).into()));
            }
        }
    }
    found
}

/// A single instruction for qemu.
pub(super) struct Question {
    /// Index of the step.
    pub(super) step: usize,
    pub(super) job: Job,
    /// The interpreter's result, in qemu's registers.
    pub(super) ours: QemuState,
    /// The exit that corresponds to the interpreter's result, if it can be determined.
    other_exit: Option<bool>,
}

impl Question {
    /// Limit on the words of a question, including the server's.
    pub(super) const MAX_WORDS: u32 = 10;

    /// Creates a question for `steps[index]` with code at `entry`; `None` if it is not possible.
    pub(super) fn new(index: usize, step: &Step, twins: &mut Twins, entry: u32) -> Option<Self> {
        let op = decode(step.word)?;
        let word = twins.word(step.word)?;
        let mut before = state(&step.before, &step.memory_before, twins);
        let mut ours = state(&step.after, &step.memory_after, twins);
        let mut other_exit = Some(false);
        let code = match op {
            Op::bx | Op::bcx | Op::bclrx | Op::bcctrx => {
                if op.row().operands.iter().any(|&o| matches!(o, Operand::li | Operand::bd)) && word & 2 != 0
                {
                    return None;
                }
                let target = entry + 8;
                let there = |value: u64| u128::from(target | value as u32 & 3);
                let word = match op {
                    Op::bx => word & !0x03FF_FFFC | 8,
                    Op::bcx => word & !0xFFFC | 8,
                    Op::bclrx => {
                        before.set(PpcRegister::Lr, there(step.before.lr));
                        ours.set(PpcRegister::Lr, there(step.before.lr));
                        word
                    }
                    _ => {
                        before.set(PpcRegister::Ctr, there(step.before.ctr));
                        ours.set(PpcRegister::Ctr, there(step.before.ctr));
                        word
                    }
                };
                if word & 1 != 0 {
                    ours.set(PpcRegister::Lr, u128::from(entry + 4));
                }
                let next = step.pc.wrapping_add(4);
                other_exit = Some(step.after.pc != next);
                if step.after.pc == next && goes_to_next(op, step) {
                    other_exit = None;
                }
                let leave = |from: u32, to: u32| 0x4800_0000 | to.wrapping_sub(from) & 0x03FF_FFFC;
                vec![word, leave(entry + 4, EXIT), leave(target, EXIT_OTHER)]
            }
            Op::stwcx | Op::stdcx => with_reservation(step, word),
            _ => vec![word],
        };
        Some(Self { step: index, job: Job { entry, code, state: before }, ours, other_exit })
    }

    /// The differences from the interpreter's result.
    pub(super) fn compare(&self, theirs: &QemuState) -> Vec<Deviation> {
        let mut found = compare(&self.ours, theirs);
        // r1 carries LR to the server.
        found.retain(|(place, ..)| *place != Place::Register(PpcRegister::Gpr(1)));
        let way = theirs.left_by_other_exit();
        if let Some(ours) = self.other_exit
            && ours != way
        {
            found.push((Place::Way, ours.into(), way.into()));
        }
        found
    }
}

/// Whether the branch's target is the next instruction, so that taken and not taken look the same.
fn goes_to_next(op: Op, step: &Step) -> bool {
    let next = step.pc.wrapping_add(4);
    match op {
        Op::bx => step.word & 0x03FF_FFFC == 4,
        Op::bcx => step.word & 0xFFFC == 4,
        Op::bclrx => step.before.lr as u32 & !3 == next,
        _ => step.before.ctr as u32 & !3 == next,
    }
}

/// Before the conditional store, a `lwarx` or `ldarx` of the reserved address, through a register
/// that is then restored.
///
/// Both engines drop a reservation whose word has changed meanwhile; so does this.
fn with_reservation(step: &Step, store: u32) -> Vec<u32> {
    let reservation = step.before.reservation;
    let at = reservation.addr.wrapping_sub(SANDBOX) as usize;
    let now = step.memory_before.get(at..at + reservation.size as usize);
    let now = now.map(|bytes| bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)));
    if reservation.valid == 0 || now != Some(reservation.value) {
        return vec![store];
    }
    // r14 is saved in the server's words meanwhile.
    let load = if reservation.size == 8 { Op::ldarx } else { Op::lwarx };
    let address = reservation.addr;
    let field = 14 << 21 | 14 << 16;
    vec![
        Op::std.row().bits | 14 << 21 | 13 << 16 | 0x1080,
        Op::addis.row().bits | 14 << 21 | address >> 16,
        Op::ori.row().bits | field | address & 0xFFFF,
        load.row().bits | 14 << 21 | 14 << 11,
        Op::ld.row().bits | 14 << 21 | 13 << 16 | 0x1080,
        store,
    ]
}
