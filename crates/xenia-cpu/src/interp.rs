//! The interpreter: tier 0, and the oracle that the other tiers are compared with.
//!
//! # How an arm is written
//! [`Cpu`] implements the family traits of `xenia-isa`, one file per family. An arm
//! - gets the [`Instruction`](xenia_isa::Instruction) and reads operands with its accessors;
//! - reaches registers through `self.ctx` (or `gpr`, `gpr_or_zero`, `set_gpr`, `set_cr`, `record`);
//! - reaches storage through `self.load_u32(ea)?`, `self.store_u128(ea, v)?` and their like, with
//!   `ea` from `ea_x`, `ea_d`, `ea_ds`. A `u128` is in the order of `PpcContext::vr`, so `lvx` is
//!   `self.load_u128(ea & !15)?`. Any alignment is allowed; aligned accesses are single-copy atomic;
//! - ends with `Ok(Flow::Next)`, or with `Err(self.raise(kind))` **before it has changed anything of
//!   the context**, so that the exception finds the state exactly before the instruction;
//! - never panics: every word can arrive, with any register contents. Invalid forms do something
//!   defined, which the arm's comment states (the lifter does the same).
//!
//! Facility checks (MSR\[FP\], MSR\[VEC\]) are made when a block is decoded, not by arms. An enabled
//! floating-point exception whose instruction completed ends with `Ok(Flow::FloatingPoint)`.
//!
//! # Program counter and budget inside a block
//! When a block is entered, `ctx.pc` and `ctx.budget` are moved past **all** of it; the run loop moves
//! them back where an instruction in the middle ends the run. So only the arm of a block's *last*
//! instruction may look at them: there `ctx.pc` is the next instruction's address (the instruction's
//! own is `ctx.pc - 4`), and `ctx.now()` counts the instruction itself. Branches, `sc`, `isync`,
//! `icbi`, MSR writes and time-base reads are always last.
//!
//! # Blocks
//! Straight runs of predecoded instructions within one page, checked
//! against the page's version at each entry, linked to the block that followed last time.

mod branch;
mod cpu;
mod float;
mod integer;
mod load_store;
mod logical;
mod rotate;
mod system;
mod vector;
mod vector128;

pub(crate) use cpu::{Cpu, Flow, Raised, Step, compare};
