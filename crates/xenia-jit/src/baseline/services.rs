//! Requests of baseline code, in safe Rust: code for an address, more budget, the interpreter's arms.

use super::cache::Arrived;
use super::emit::CALLED;
use super::enter::Reason;
use super::map::Slot;
use super::tier::{Baseline, SLICE};
use crate::code_memory::Entries;
use xenia_cpu::{Arm, EngineConfig, PpcContext};
use xenia_isa::Instruction;
use xenia_memory::{CurrentQueue, GuestMemory};

/// The state of a run that its services share.
pub(super) struct BaselineRun<'a, 'q> {
    /// The guard, not the queue: an access of baseline code that faults has the handler use that.
    pub(super) devices: &'a mut CurrentQueue<'q>,
    pub(super) memory: &'a GuestMemory,
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
    let too_deep = is_called && stack < ctx.host[Slot::StackLimit as usize];
    if too_deep || run.optimized.offset(pc) != 0 {
        return leave(ctx, pc, Reason::Branch);
    }
    let arrived = if is_called { Arrived::Called } else { Arrived::Otherwise };
    match run.baseline.code_for(run.memory, run.optimized, pc, arrived) {
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
    ctx.budget += more;
    run.rest -= more;
    run.slice = ctx.budget;
    run.until_sample = SLICE;
    if run.is_hot || run.optimized.offset(pc) != 0 {
        return leave(ctx, pc, Reason::Branch);
    }
    match run.baseline.address_of(pc) {
        Some(address) => address,
        None => leave(ctx, pc, Reason::Branch),
    }
}

/// Runs an instruction by the interpreter's arm. False if it did not complete.
pub(super) fn run_arm(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, word: u32, arm: Arm) -> bool {
    arm.run(ctx, run.memory, run.devices, run.config, Instruction(word))
}
