//! Prologues and epilogues: stack frames and saved registers.
//!
//! Narrow functions follow the 32-bit System V ABI: the frame has its two words, the
//! floating-point registers from offset 8 on, and the other registers in words at its end; LR is
//! saved in the caller's frame. Wide functions follow the console's compiler: LR is below the
//! caller's stack pointer, the registers in 64-bit slots below it, and from four registers on they
//! are saved by shared helper functions.

use super::encode::{Code, Register};
use super::program::{Function, Local, Shape};
use xenia_isa::Op;

/// The stack pointer.
const SP: i64 = 1;
/// Register of a function's number argument and result.
pub(super) const NUMBER: Register = 3;
/// Register of a function's object argument.
pub(super) const OBJECT: Register = 4;
/// The last non-volatile register: the object of a function that calls, otherwise the first local
/// after the volatile ones.
pub(super) const LAST: Register = 31;
/// Number of locals in volatile registers.
pub(super) const VOLATILE: Local = 7;
/// The first register that the helpers save.
const FIRST_OF_HELPERS: Register = 22;
/// Minimum number of saved registers for which a function calls the helpers.
const MIN_FOR_HELPERS: u8 = 4;
/// Register that moves LR to and from the stack, in wide functions.
const WIDE_LR: Register = 12;
/// Place of LR, from the caller's stack pointer, in wide functions.
const WIDE_LR_SLOT: i64 = -8;
/// Place of LR, from the caller's stack pointer, in narrow functions (System V).
const NARROW_LR_SLOT: i64 = 4;
/// Offset in a narrow frame of the first floating-point register: behind the two words that System
/// V reserves.
const FIRST_FLOAT: i64 = 8;

/// Addresses of the helpers' first instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Helpers {
    save: u32,
    restore: u32,
}

impl Helpers {
    /// Writes the helpers.
    pub(super) fn new(code: &mut Code) -> Self {
        let save = code.here();
        for register in FIRST_OF_HELPERS..=LAST {
            code.put(Op::std, &[register.into(), slot(register), SP]);
        }
        code.put(Op::stw, &[WIDE_LR.into(), WIDE_LR_SLOT, SP]);
        code.ret();
        let restore = code.here();
        for register in FIRST_OF_HELPERS..=LAST {
            code.put(Op::ld, &[register.into(), slot(register), SP]);
        }
        code.put(Op::lwz, &[WIDE_LR.into(), WIDE_LR_SLOT, SP]);
        code.set_lr(WIDE_LR);
        code.ret();
        Self { save, restore }
    }
}

/// A wide function's slot for a register, from the caller's stack pointer: r31 is below LR.
fn slot(register: Register) -> i64 {
    WIDE_LR_SLOT - 8 * (i64::from(LAST) + 1 - i64::from(register))
}

/// Stack frame of a function.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    function: &'a Function,
    helpers: Helpers,
    /// Number of saved registers, from r31 downwards.
    saved: u8,
    /// Size of the frame, in bytes.
    size: i64,
}

impl<'a> Frame<'a> {
    /// Computes the frame of a function.
    pub(super) fn new(function: &'a Function, helpers: Helpers) -> Self {
        let saved = match function.shape {
            Shape::Volatile => 0,
            Shape::Saving => function.locals.saturating_sub(VOLATILE),
            Shape::Calling => function.locals + 1,
        };
        let is_leaf = function.shape != Shape::Calling;
        let bytes = match (saved, function.wide) {
            (_, true) if is_leaf => 0,
            (0, false) if is_leaf => 0,
            (_, true) => 24 + 8 * u32::from(saved),
            (_, false) => 16 + 4 * u32::from(saved) + 8 * u32::from(function.floats),
        };
        Self { function, helpers, saved, size: bytes.next_multiple_of(16).into() }
    }

    fn calls(&self) -> bool {
        self.function.shape == Shape::Calling
    }

    fn by_helpers(&self) -> bool {
        self.function.wide && self.calls() && self.saved >= MIN_FOR_HELPERS
    }

    fn registers(&self) -> impl Iterator<Item = Register> {
        (0..self.saved).map(|index| LAST - index)
    }

    /// Non-volatile floating-point registers of a function that calls, and their slots.
    fn floats(&self) -> impl Iterator<Item = (i64, i64)> {
        let count = if self.calls() { i64::from(self.function.floats) } else { 0 };
        (0..count).map(|index| (i64::from(LAST) - index, FIRST_FLOAT + 8 * index))
    }

    /// Address in a helper at which saving starts with the last register to save.
    fn helper(&self, start: u32) -> u32 {
        start + 4 * u32::from(LAST + 1 - self.saved - FIRST_OF_HELPERS)
    }

    /// Writes the prologue. `number` is the register of the first local.
    pub(super) fn begin(&self, code: &mut Code, number: Register) {
        if self.by_helpers() {
            code.get_lr(WIDE_LR);
            code.call(self.helper(self.helpers.save));
        } else if self.function.wide {
            for register in self.registers() {
                code.put(Op::std, &[register.into(), slot(register), SP]);
            }
        }
        if self.size != 0 {
            code.put(Op::stwu, &[SP, -self.size, SP]);
        }
        if !self.function.wide {
            if self.calls() {
                code.get_lr(0);
                code.put(Op::stw, &[0, self.size + NARROW_LR_SLOT, SP]);
            }
            for (index, register) in (1..).zip(self.registers()) {
                code.put(Op::stw, &[register.into(), self.size - 4 * index, SP]);
            }
            for (register, place) in self.floats() {
                code.put(Op::stfd, &[register, place, SP]);
            }
        }
        if self.calls() {
            code.copy(LAST, OBJECT);
            code.copy(number, NUMBER);
        }
    }

    /// Writes the epilogue.
    pub(super) fn end(&self, code: &mut Code, number: Register) {
        if self.calls() {
            code.copy(NUMBER, number);
        }
        if !self.function.wide {
            if self.calls() {
                code.put(Op::lwz, &[0, self.size + NARROW_LR_SLOT, SP]);
            }
            for (index, register) in (1..).zip(self.registers()) {
                code.put(Op::lwz, &[register.into(), self.size - 4 * index, SP]);
            }
            for (register, place) in self.floats() {
                code.put(Op::lfd, &[register, place, SP]);
            }
            if self.calls() {
                code.set_lr(0);
            }
        }
        if self.size != 0 {
            code.put(Op::addi, &[SP, SP, self.size]);
        }
        if self.by_helpers() {
            code.jump_to(self.helper(self.helpers.restore));
            return;
        }
        if self.function.wide {
            for register in self.registers() {
                code.put(Op::ld, &[register.into(), slot(register), SP]);
            }
        }
        code.ret();
    }
}
