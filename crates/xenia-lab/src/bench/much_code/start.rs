//! Writes the title's entry: the driver that calls all functions, and its start on several threads.
//!
//! Every thread has an arena, followed by two words: the number that the first function is given,
//! and the checksum. r14 to r20 belong to the driver; functions do not change them.

use super::encode::{Code, Register};
use super::lower;
use super::powerpc::Layout;
use super::program::{ARENA, Program};
use xenia_isa::Op;

/// Size of a row of the table in bytes: a function and an object's offset.
pub(super) const ROW: u32 = 8;
/// Size of a stack frame, in bytes.
const FRAME: i64 = 64;
/// Register that points to the thread's arena.
const OWN: Register = 14;
/// Register of the return address.
const BACK: Register = 20;
/// Lowest bit of the processor mask in a new thread's flags.
const PROCESSOR_SHIFT: u32 = 24;
/// Processor mode of waits: user mode.
const USER_MODE: i64 = 1;

/// Addresses of the kernel functions that threads need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thunks {
    /// Thunk of `ExCreateThread`.
    pub create: u32,
    /// Thunk of `NtWaitForSingleObjectEx`.
    pub wait: u32,
}

/// Writes the driver and the title's entry; returns the entry's address.
pub(super) fn write(code: &mut Code, program: &Program, layout: &Layout, thunks: Option<Thunks>) -> u32 {
    let routine = code.here();
    driver(code, program, layout);
    let entry = code.here();
    match thunks {
        None => {
            code.constant(3, layout.arenas);
            code.jump_to(routine);
        }
        Some(thunks) => threads(code, program.threads, layout, thunks, routine),
    }
    entry
}

fn enter(code: &mut Code) {
    code.put(Op::stwu, &[1, -FRAME, 1]);
    code.get_lr(BACK);
}

fn leave(code: &mut Code) {
    code.set_lr(BACK);
    code.put(Op::addi, &[1, 1, FRAME]);
    code.ret();
}

/// Writes the driver: all rounds over the arena in r3, after which the arena's words are folded
/// into the last function's number.
fn driver(code: &mut Code, program: &Program, layout: &Layout) {
    let own = i64::from(OWN);
    enter(code);
    code.copy(OWN, 3);
    code.put(Op::addis, &[12, own, i64::from(ARENA >> 16)]);
    code.put(Op::lwz, &[3, 0, 12]);
    code.constant(15, program.rounds);
    let round = code.label_here();
    code.constant(16, layout.table.wrapping_sub(ROW));
    code.constant(17, program.round.len() as u32);
    let call = code.label_here();
    code.put(Op::lwzu, &[12, ROW.into(), 16]);
    code.put(Op::lwz, &[4, 4, 16]);
    code.set_ctr(12);
    code.put(Op::addx, &[4, 4, own]);
    code.call_ctr();
    code.put(Op::addic_rc, &[17, 17, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, call);
    code.put(Op::addic_rc, &[15, 15, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, round);

    code.put(Op::addi, &[5, 0, i64::from(ARENA / 4)]);
    code.set_ctr(5);
    code.put(Op::addi, &[6, own, -4]);
    let word = code.label_here();
    code.put(Op::lwzu, &[7, 4, 6]);
    fold(code, 7);
    code.branch(lower::COUNTING, 0, word);
    code.put(Op::addis, &[12, own, i64::from(ARENA >> 16)]);
    code.put(Op::stw, &[3, 4, 12]);
    leave(code);
}

/// Writes `r3 = rotate(r3, 5) + word`.
fn fold(code: &mut Code, word: i64) {
    code.put(Op::rlwinmx, &[3, 3, 5, 0, 31]);
    code.put(Op::addx, &[3, 3, word]);
}

/// Writes code that starts a thread on each hardware thread, waits for all and folds their
/// checksums.
fn threads(code: &mut Code, count: u32, layout: &Layout, thunks: Thunks, routine: u32) {
    enter(code);
    for thread in 0..count {
        code.constant(3, layout.handle(thread));
        for register in 4..=6 {
            code.put(Op::addi, &[register, 0, 0]);
        }
        code.constant(7, routine);
        code.constant(8, layout.arena(thread));
        code.constant(9, 1 << (PROCESSOR_SHIFT + thread));
        code.call(thunks.create);
    }
    for thread in 0..count {
        let low = code.high(3, layout.handle(thread));
        code.put(Op::lwz, &[3, low, 3]);
        for (register, value) in [(4, USER_MODE), (5, 0), (6, 0)] {
            code.put(Op::addi, &[register, 0, value]);
        }
        code.call(thunks.wait);
    }
    code.put(Op::addi, &[3, 0, 0]);
    for thread in 0..count {
        let low = code.high(7, layout.arena(thread).wrapping_add(ARENA + 4));
        code.put(Op::lwz, &[7, low, 7]);
        fold(code, 7);
    }
    leave(code);
}

// The driver adds the arena's size by one `addis`.
const _: () = assert!(ARENA.is_multiple_of(0x1_0000));
