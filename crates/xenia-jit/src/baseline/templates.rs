//! Templates: host code for the instructions that guest programs execute most, one file for each
//! family.
//!
//! A template is a second definition of an instruction's meaning, in x86-64. No row needs one: an
//! instruction without is run by the interpreter's arm ([`super::emit`]). Each is compared with the
//! interpreter by the fuzzer and by `tests/baseline.rs`, which run every row with equal operands,
//! r0, and registers inside and outside of the map.
//!
//! Invariants:
//! - A template makes its access to guest memory before it writes any guest state, so that the
//!   state at a fault is the state before the instruction.
//! - 32-bit mode, and XER\[SO\] is 0 (`crate::baseline`).
//! - rax and rcx are scratch; nothing else that a template does not name changes.

mod branch;
mod condition;
mod float;
mod float_memory;
mod integer;
mod logical;
mod memory;
mod rotate;

use super::encode::{Encoder, Form, HostReg, MOV, MOVSXD, RAX, RCX, Rm, TEST};
use super::enter::has_segment;
use super::map::{CR0, Slot, gpr};
use xenia_cpu::Arm;
use xenia_isa::{Family, Instruction, Op};

/// Parts of the host that not every x86-64-v2 host has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostFeatures {
    pub(crate) movbe: bool,
    pub(crate) lzcnt: bool,
    pub(crate) fma: bool,
    /// GS leads to guest memory.
    pub(crate) segment: bool,
}

impl HostFeatures {
    /// This host's, or none of them.
    pub(crate) fn detect(none: bool) -> Self {
        let has = |present: bool| present && !none;
        Self {
            movbe: has(std::arch::is_x86_feature_detected!("movbe")),
            lzcnt: has(std::arch::is_x86_feature_detected!("lzcnt")),
            fma: has(std::arch::is_x86_feature_detected!("fma")),
            segment: has(has_segment()),
        }
    }
}

/// Code outside of units that they call. It keeps the mapped registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CodeThunk {
    /// Runs an instruction by the interpreter's arm, through the thunk in a slot.
    Arm(Arm, Slot),
    /// [`super::condition_thunk::condition_word`].
    ConditionWord,
    /// [`super::single_thunks::load`].
    LoadSingle(usize),
    /// [`super::single_thunks::store`].
    StoreSingle(usize),
    /// Floating-point arithmetic of a row: [`super::enter::float_thunk`].
    Float(Op),
}

/// Writes host code for guest instructions.
pub(super) struct Templates {
    pub(super) e: Encoder,
    pub(super) features: HostFeatures,
    /// Stores are made by the interpreter's arms, which tell others of them.
    pub(super) stores_by_arms: bool,
    /// The call of a thunk in the template that was written last: where its distance is.
    pub(super) thunk_call: Option<(usize, CodeThunk)>,
}

impl Templates {
    /// Writes code for `i`, which is no branch. False, with nothing written, if it has no template.
    #[inline]
    pub(super) fn emit(&mut self, op: Op, i: Instruction) -> bool {
        match op.row().family {
            Family::Integer => self.integer(op, i),
            Family::Logical => self.logical(op, i),
            Family::Rotate => self.rotate(op, i),
            Family::LoadStore | Family::Vector | Family::Vector128 => self.memory(op, i),
            Family::Float => self.float(op, i),
            Family::Branch => self.condition_move(op, i),
            Family::System => self.system(op, i),
        }
    }

    /// A call of `thunk`, which changes the host's flags.
    fn call(&mut self, thunk: CodeThunk) {
        self.e.flags = None;
        self.thunk_call = Some((self.e.call(), thunk));
    }

    /// The register that a result for GPR `n` is computed in.
    #[inline(always)]
    fn target(n: usize) -> HostReg {
        match gpr(n) {
            Rm::Reg(reg) => reg,
            _ => RAX,
        }
    }

    /// Writes a result that was computed in `reg` to GPR `n`.
    #[inline(always)]
    fn write(&mut self, n: usize, reg: HostReg) {
        self.e.store(gpr(n), reg);
    }

    /// A register that holds all of GPR `n`: its own, or `scratch`.
    #[inline(always)]
    fn read(&mut self, n: usize, scratch: HostReg) -> HostReg {
        match gpr(n) {
            Rm::Reg(reg) => reg,
            place => {
                self.e.op64(MOV, scratch, place);
                scratch
            }
        }
    }

    /// `to = a op b` on 64 bits.
    fn two(&mut self, form: Form, to: usize, a: usize, b: usize, commutes: bool) {
        let (a, b, target) = (gpr(a), gpr(b), Self::target(to));
        if a == Rm::Reg(target) {
            self.e.op64(form, target, b);
        } else if b != Rm::Reg(target) {
            self.e.op64(MOV, target, a);
            self.e.op64(form, target, b);
        } else if commutes {
            self.e.op64(form, target, a);
        } else {
            self.e.op64(MOV, RAX, a);
            self.e.op64(form, RAX, b);
            self.e.op64(MOV, target, Rm::Reg(RAX));
        }
        self.write(to, target);
    }

    /// CR0 from the low word of GPR `n`, for a record form.
    fn record(&mut self, n: usize) {
        self.e.op64(MOVSXD, CR0, gpr(n));
        self.e.op64(TEST, CR0, Rm::Reg(CR0));
        self.e.flags = Some(0);
    }

    /// [`Self::record`] if the instruction is a record form.
    fn record_if(&mut self, i: Instruction, n: usize) {
        if i.rc() {
            self.record(n);
        }
    }

    /// Compares are written to rcx, and CR0's at once to where it lives.
    fn compare_target(field: usize) -> HostReg {
        if field == 0 { CR0 } else { RCX }
    }
}
