//! Templates: host code for the instructions that guest programs execute most, one file for each
//! family.
//!
//! A template is a second definition of an instruction's meaning, in x86-64. Templates are
//! optional: an instruction without one is run by the interpreter's arm ([`super::emit`]). Each is
//! compared with the interpreter by the fuzzer and by `tests/baseline.rs`, which run every row with
//! equal operands, r0, and registers inside and outside of the map.
//!
//! Invariants:
//! - A template makes its access to guest memory before it writes any guest state, so that the
//!   state at a fault is the state before the instruction.
//! - 32-bit mode, and XER\[SO\] is 0 (`crate::baseline`).
//! - rax and rcx are scratch; a template changes nothing else that it does not name.
//!
//! Registers in the context are read and written by plain moves of 64 bits where that is possible:
//! processors that forward a store at no cost (`xenia_host::processor::stores_are_free`) may do so
//! for such moves only. An `add [rbp + 8], rdx` after a store took 2.5 ns on Sapphire Rapids, a
//! load, an addition and a store 0.35; an `add rdx, [rbp + 8]` 2 ns more than after a load.

mod branch;
mod condition;
mod float;
mod float_memory;
mod integer;
mod logical;
mod memory;
mod reservations;
mod rotate;
mod vector;

use super::encode::{Encoder, Form, HostReg, MOV, MOVSXD, Qword, RAX, RCX, Rm, SUB, TEST, Unary};
use super::enter::host_features;
use super::float_thunks::FloatGroup;
use super::map::{BaselineWord, CR0, gpr};
use crate::config::JitConfig;
use xenia_cpu::{Arm, ReservationMode};
use xenia_isa::{Family, Instruction, Op};

/// Optional features of x86-64-v2 hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostFeatures {
    pub(crate) movbe: bool,
    pub(crate) lzcnt: bool,
    /// BMI1 and BMI2.
    pub(crate) bmi: bool,
    pub(crate) fma: bool,
    /// Whether GS can address guest memory.
    pub(crate) segment: bool,
}

impl HostFeatures {
    /// The features that every host has.
    pub(crate) const NONE: Self = Self { movbe: false, lzcnt: false, bmi: false, fma: false, segment: false };
}

/// The host and the engine's settings, on which baseline code depends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeOptions {
    pub(crate) features: HostFeatures,
    /// Whether stores are left to the interpreter's arms, which notify other processors'
    /// reservations.
    pub(crate) stores_by_arms: bool,
    /// Whether the context alone holds reservations.
    pub(crate) reserves_in_context: bool,
}

impl CodeOptions {
    pub(crate) fn of(config: &JitConfig) -> Self {
        Self {
            features: if config.testing.portable_code { HostFeatures::NONE } else { host_features() },
            stores_by_arms: config.engine.reservations == ReservationMode::Strict,
            reserves_in_context: config.engine.reservations == ReservationMode::Context,
        }
    }
}

/// Code outside of units that templates call. It preserves the mapped registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CodeThunk {
    /// Runs an instruction by the interpreter's arm, through the thunk in a word of the context.
    Arm(Arm, BaselineWord),
    /// Gathers the condition register ([`super::condition_thunk::condition_word`]).
    ConditionWord,
    /// Gathers the bits of a field ([`super::condition_thunk::condition_field`]).
    ConditionField,
    /// Sets a bit of a field ([`super::condition_thunk::condition_bit`]).
    ConditionBit(usize),
    /// Converts a single for an FPR ([`super::single_thunks::load`]).
    LoadSingle(usize),
    /// Converts an FPR to a single ([`super::single_thunks::store`]).
    StoreSingle(usize),
    /// Floating-point arithmetic ([`super::float_thunks::float_thunk`]).
    Float(FloatGroup),
    /// Sets up MXCSR for floating-point arithmetic.
    PrepareFloat,
    /// Runs a floating-point row by the interpreter's arm.
    RunFloatRow,
    /// Converts two singles for FPRs ([`super::group_thunks::load_singles`]).
    LoadSingles([usize; 2]),
    /// Converts the FPR with a number in eax to a single ([`super::single_thunks::store_any`]).
    StoreAny,
}

/// A case that a template leaves to a thunk, called by code after the unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct RareCase {
    /// Position of the distance of the branch to the call.
    pub(super) field: usize,
    pub(super) thunk: CodeThunk,
    /// Position to which the call returns.
    pub(super) back: usize,
}

/// Emits host code for guest instructions.
pub(super) struct Templates {
    pub(super) e: Encoder,
    pub(super) options: CodeOptions,
    /// The thunk call in the last template: the position of its distance, and the thunk.
    pub(super) thunk_call: Option<(usize, CodeThunk)>,
    /// The rare case of the last template.
    pub(super) rare_case: Option<RareCase>,
    /// Position of the distance of the last template's branch that leaves the instruction, which
    /// has changed no state, to the interpreter.
    pub(super) left_if: Option<usize>,
    /// Whether the last template has an access that may be refused, or calls an arm.
    pub(super) may_be_left: bool,
    /// Whether ecx holds the single that the next template, a store, is to convert.
    pub(super) has_single: bool,
    /// Whether the CA of the next template, `srawi` or `sraw`, is overwritten before it is read.
    pub(super) drops_carry: bool,
    /// The position of the code before which cl has CA.
    pub(super) carry_in_cl: Option<usize>,
    /// The last writes of GPRs in the context from registers, the newest one first.
    pub(super) written: [Option<GprWrite>; WRITTEN],
}

/// A write of a GPR in the context.
#[derive(Clone, Copy, Debug)]
pub(super) struct GprWrite {
    gpr: usize,
    /// The register that it was written from.
    reg: HostReg,
    /// The position of the code after it.
    end: usize,
}

/// Number of writes of GPRs that are remembered.
pub(super) const WRITTEN: usize = 4;
/// Length of the code after a write, in bytes, within which a load may wait for it.
const FRESH: usize = 64;

impl Templates {
    /// Emits code for `i`, which is not a branch. Returns false, with nothing emitted, if it has no
    /// template.
    #[inline]
    pub(super) fn emit(&mut self, op: Op, i: Instruction) -> bool {
        match op.row().family {
            Family::Integer => self.integer(op, i),
            Family::Logical => self.logical(op, i),
            Family::Rotate => self.rotate(op, i),
            Family::LoadStore => self.memory(op, i) || self.reservations(op, i),
            Family::Vector | Family::Vector128 => self.memory(op, i) || self.vector(op, i),
            Family::Float => self.float(op, i),
            Family::Branch => self.condition_logic(op, i),
            Family::System => self.system(op, i),
        }
    }

    /// Emits a call of `thunk`, which clobbers the host's flags.
    pub(super) fn call(&mut self, thunk: CodeThunk) {
        self.e.flags = None;
        self.thunk_call = Some((self.e.call(), thunk));
    }

    /// The register in which a result for GPR `n` is computed.
    #[inline(always)]
    fn target(n: usize) -> HostReg {
        match gpr(n) {
            Rm::Reg(reg) => reg,
            _ => RAX,
        }
    }

    /// Moves a result computed in `reg` to GPR `n`.
    #[inline(always)]
    fn write(&mut self, n: usize, reg: HostReg) {
        let place = gpr(n);
        self.e.store(place, reg);
        if !matches!(place, Rm::Reg(_)) {
            self.written.rotate_right(1);
            self.written[0] = Some(GprWrite { gpr: n, reg, end: self.e.len() });
        }
    }

    /// Forgets in which register the GPR and the carry just written are, because other code may
    /// lead here.
    pub(super) fn forget_just_written(&mut self) {
        self.carry_in_cl = None;
        self.written[0] = self.written[0].filter(|write| write.end < self.e.len());
    }

    /// The register that still holds GPR `n`, because nothing was emitted since it was written from
    /// there to the context. No other code leads here: blocks [forget](Self::forget_just_written)
    /// it, and a [`RareCase`] returns in front of writes of GPRs.
    fn just_written(&self, n: usize) -> Option<HostReg> {
        self.written[0].filter(|write| write.gpr == n && write.end == self.e.len()).map(|write| write.reg)
    }

    /// The location of GPR `n`: a register if it was just written.
    #[inline(always)]
    fn latest(&self, n: usize) -> Rm {
        self.just_written(n).map_or_else(|| gpr(n), Rm::Reg)
    }

    /// GPR `n` as an operand. One in the context that was written a few instructions ago is loaded
    /// to rcx first ([why](self)).
    fn operand(&mut self, n: usize) -> Rm {
        let place = self.latest(n);
        let now = self.e.len();
        let is_fresh = |write: &GprWrite| write.gpr == n && now <= write.end + FRESH;
        if matches!(place, Rm::Reg(_)) || !self.written.iter().flatten().any(is_fresh) {
            return place;
        }
        self.e.op64(MOV, RCX, place);
        Rm::Reg(RCX)
    }

    /// A register that holds GPR `n`: the mapped one, or `scratch` after loading it.
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

    /// [`Self::read`] for a use by the next host instruction: the register may also be the one from
    /// which the GPR was just written.
    fn read_latest(&mut self, n: usize, scratch: HostReg) -> HostReg {
        self.just_written(n).unwrap_or_else(|| self.read(n, scratch))
    }

    /// `reg` = GPR `n`, of which only the low word counts.
    #[inline(always)]
    pub(super) fn low_word(&mut self, reg: HostReg, n: usize) {
        match self.latest(n) {
            from @ Rm::Reg(_) => self.e.op32(MOV, reg, from),
            place => self.e.op64(MOV, reg, place),
        }
    }

    /// `to = a op b` on 64 bits.
    fn two(&mut self, form: Form, to: usize, a: usize, b: usize) {
        let target = Self::target(to);
        if form == SUB && to == b && to != a && target != RAX {
            // `a - b` is the negative of `b - a`.
            let a = self.operand(a);
            self.e.op64(SUB, target, a);
            self.e.unary(Qword, Unary::Neg, Rm::Reg(target));
            self.write(to, target);
            return;
        }
        // Only a subtraction does not commute.
        let (moved, other) = if to == b && form != SUB { (b, a) } else { (a, b) };
        let held = self.just_written(other).filter(|_| other != moved);
        // The move must keep the other operand.
        let target = if held == Some(RAX) && target == RAX { RCX } else { target };
        let from = self.latest(moved);
        self.e.mov(target, from);
        let other = match held {
            Some(reg) if reg != target => Rm::Reg(reg),
            _ => self.operand(other),
        };
        self.e.op64(form, target, other);
        self.write(to, target);
    }

    /// Sets CR0 from the low word of GPR `n`, for a record form.
    fn record(&mut self, n: usize) {
        let from = self.latest(n);
        self.e.op64(MOVSXD, CR0, from);
        self.e.op64(TEST, CR0, Rm::Reg(CR0));
        self.e.flags = Some(0);
    }

    /// [`Self::record`] where the host's flags still are those of an AND of 32 bits whose result
    /// GPR `n` is: a compare of it with 0 has the same.
    fn record_masked(&mut self, n: usize) {
        let from = self.latest(n);
        self.e.op64(MOVSXD, CR0, from);
        self.e.flags = Some(0);
    }

    /// Emits [`Self::record`] if the instruction is a record form.
    fn record_if(&mut self, i: Instruction, n: usize) {
        if i.rc() {
            self.record(n);
        }
    }

    /// The register for the result of a compare: CR0's own register, or rcx for other fields.
    fn compare_target(field: usize) -> HostReg {
        if field == 0 { CR0 } else { RCX }
    }
}
