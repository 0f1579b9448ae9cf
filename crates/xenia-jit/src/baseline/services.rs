//! Requests of baseline code, in safe Rust: code for an address, more budget, the interpreter's arms.

use super::cache::Arrived;
use super::emit::CALLED;
use super::enter::{Reason, resume_address};
use super::map::Slot;
use super::tier::{Baseline, SLICE};
use crate::code_memory::{Entries, STORED};
use crate::float_state;
use crate::hooks::Run;
use crate::host::Word;
use xenia_cpu::{Arm, EngineConfig, PpcContext};
use xenia_isa::Instruction;

/// The state of a run that its services share.
pub(super) struct BaselineRun<'a, 'q> {
    /// The part that hooks of the optimizing tier use, too.
    pub(super) hooks: Run<'a, 'q>,
    pub(super) config: EngineConfig,
    pub(super) baseline: &'a Baseline,
    /// The entries of the optimizing tier in the context's mode.
    pub(super) optimized: &'a Entries,
    /// Instructions of the visit beyond the slice that the context's budget holds.
    pub(super) rest: i64,
    /// The context's budget when it got the last slice, or part of one.
    pub(super) slice: i64,
    /// Instructions from then to the next sample.
    pub(super) until_sample: i64,
    /// Whether the unit that was left is to be compiled by the optimizing tier.
    pub(super) is_hot: bool,
}

/// Leaves at `pc`.
fn leave(ctx: &mut PpcContext, pc: u32, reason: Reason) -> u64 {
    ctx.pc = pc;
    ctx.host[Slot::Reason as usize] = reason as u64;
    0
}

/// The address of code for a guest address that has no entry, or may be called only with a look at the
/// stack; 0 to leave. `stack` is the host's stack pointer.
pub(super) fn missing(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, pc: u32, stack: u64) -> u64 {
    let (pc, is_called) = (pc & !3, pc & CALLED != 0);
    // Code that is kept is the engine's to publish.
    let too_deep = is_called && stack < ctx.host[Slot::StackLimit as usize];
    if too_deep || run.optimized.offset(pc) != 0 {
        return leave(ctx, pc, Reason::Branch);
    }
    let arrived = if is_called { Arrived::Called } else { Arrived::Otherwise };
    match run.baseline.code_for(run.hooks.memory, run.optimized, pc, arrived) {
        Some(address) => address,
        None => leave(ctx, pc, Reason::Branch),
    }
}

/// The budget may not suffice for the path from `pc`: gives it another slice of the visit's, and the address
/// to go on at; 0 to leave.
pub(super) fn slice_over(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, pc: u32) -> u64 {
    if run.rest == 0 {
        return leave(ctx, pc, Reason::Budget);
    }
    run.is_hot = run.baseline.credit(pc, SLICE as u64);
    let more = run.rest.min(SLICE);
    run.rest -= more;
    // Both move alike, so that time stays right.
    ctx.budget += more;
    ctx.visit_budget += more;
    run.slice = ctx.budget;
    run.until_sample = SLICE;
    if run.is_hot {
        return leave(ctx, pc, Reason::Branch);
    }
    if run.optimized.offset(pc) > STORED {
        ctx.pc = pc;
        return resume_address();
    }
    match run.baseline.address_of(pc) {
        Some(address) => address,
        None => leave(ctx, pc, Reason::Branch),
    }
}

/// Runs an instruction by the interpreter's arm. False if it did not complete.
pub(super) fn run_arm(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, word: u32, arm: Arm) -> bool {
    arm.run(ctx, run.hooks.memory, run.hooks.devices, run.config, Instruction(word))
}

/// As [`run_arm`], for arms that look at FPSCR or change it.
pub(super) fn run_float_arm(
    ctx: &mut PpcContext,
    run: &mut BaselineRun<'_, '_>,
    word: u32,
    arm: Arm,
) -> bool {
    let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
    float_state::settle(ctx, &mut mxcsr);
    ctx.host[Word::Mxcsr as usize] = mxcsr.into();
    run_arm(ctx, run, word, arm)
}
