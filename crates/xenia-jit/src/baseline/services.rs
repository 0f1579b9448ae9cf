//! Services of baseline code, in safe Rust: code for an address, more budget, the interpreter's
//! arms.

use super::cache::Arrived;
use super::emit::CALLED;
use super::endings::SYNCHRONIZE_CODE;
use super::float_thunks::unpacked;
use super::map::BaselineWord;
use super::reason::Reason;
use super::slices::{self, SLICE};
use super::tier::{Baseline, NoUnit};
use super::worth::Sampled;
use crate::code::entries::Entries;
use crate::runtime::hooks::Run;
use std::sync::LazyLock;
use xenia_cpu::fpscr::CONTROL;
use xenia_cpu::{Arm, EngineConfig, PpcContext};
use xenia_isa::{Family, Instruction, Op, decode};
use xenia_lifter::float::float_state;
use xenia_lifter::host::Word;

/// State of a run, shared by its services.
pub(super) struct BaselineRun<'a, 'q> {
    /// The part that the optimizing tier's hooks use, too.
    pub(super) hooks: Run<'a, 'q>,
    pub(super) config: EngineConfig,
    pub(super) baseline: &'a Baseline,
    /// The optimizing tier's entries in the context's mode.
    pub(super) optimized: &'a Entries,
    /// Result of the last sample, for the unit that it hit.
    pub(super) sampled: Sampled,
    /// Why the run was left at an address without code, if it was.
    pub(super) no_unit: Option<NoUnit>,
}

/// Leaves baseline code, to continue at `pc`.
fn leave(ctx: &mut PpcContext, pc: u32, reason: Reason) -> u64 {
    ctx.pc = pc;
    ctx.host[BaselineWord::Reason as usize] = reason as u64;
    0
}

/// The host address of code for a guest address that has no entry, or whose call needs a check of
/// the stack; 0 to leave. `stack` is the host's stack pointer.
pub(super) fn missing(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, pc: u32, stack: u64) -> u64 {
    let is_called = pc & CALLED != 0;
    let pc = pc & !3;
    let too_deep = is_called && stack < ctx.host[BaselineWord::StackLimit as usize];
    // An entry that the thunk did not follow is of stored code, which the engine publishes, or new.
    if too_deep || run.optimized.offset(pc) != 0 {
        return leave(ctx, pc, Reason::Branch);
    }
    if is_called && run.baseline.tiers_up() {
        // Regions end at known functions. Without their starts, a region would follow tail calls
        // into other functions, and take those in between for cases of a switch.
        run.hooks.code.lock().functions.add(pc);
    }
    let arrived = if is_called { Arrived::Called } else { Arrived::Otherwise };
    match run.baseline.code_for(run.hooks.memory, run.optimized, pc, arrived) {
        Ok(address) => address,
        Err(why) => {
            run.no_unit = Some(why);
            leave(ctx, pc, Reason::Branch)
        }
    }
}

/// Grants another slice of the visit's budget when the current one may be too small for the path
/// from `pc`. `caller` is the host address that the unit at `pc` returns to. Returns the host
/// address to continue at, or 0 to leave.
pub(super) fn slice_over(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, pc: u32, caller: u64) -> u64 {
    if !slices::begin_next(ctx) {
        return leave(ctx, pc, Reason::Budget);
    }
    run.sampled = run.baseline.credit(pc, caller, SLICE as u64);
    if run.sampled != Sampled::Lukewarm || run.hooks.devices.has_device_site() {
        return leave(ctx, pc, Reason::Branch);
    }
    match run.baseline.address_of(pc) {
        Some(address) => address,
        None => leave(ctx, pc, Reason::Branch),
    }
}

/// Runs an instruction by the interpreter's arm. Returns false if it did not complete.
pub(super) fn run_arm(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, word: u32, arm: Arm) -> bool {
    if synchronizes_code(word) && run.hooks.memory.code_epoch() != run.hooks.epoch {
        // The engine withdraws changed code before it enters other code.
        return false;
    }
    arm.run(ctx, run.hooks.memory, run.hooks.devices, run.config, Instruction(word))
}

/// Whether the instruction is one of [`SYNCHRONIZE_CODE`].
fn synchronizes_code(word: u32) -> bool {
    SYNCHRONIZE_CODE.into_iter().any(|op| word & op.row().mask == op.row().bits)
}

/// Runs a floating-point instruction by the interpreter's arm, for its thunk. Its operands are in
/// the form of `float_thunks::packed_operands`, and `row` is its word without them.
pub(super) fn run_float_row(ctx: &mut PpcContext, run: &mut BaselineRun<'_, '_>, operands: u32, row: u32) {
    let Some((op, i)) = unpacked(operands, row) else { return };
    if has_pending_status(ctx) {
        apply_pending_status(ctx, i.0);
    }
    let completed = run_arm(ctx, run, i.0, Arm::of(op, i));
    debug_assert!(completed, "compiled code runs in no mode in which {} raises an exception", op.row().name);
}

/// Whether updates of FPSCR may be pending: MXCSR keeps flags that are applied.
#[inline]
pub(super) fn has_pending_status(ctx: &PpcContext) -> bool {
    let flags = ctx.host[Word::Mxcsr as usize] as u32 & float_state::FLAGS;
    ctx.fp_lazy.op != 0 || ctx.host[Word::ScalarFlags as usize] != 0 || flags != 0
}

/// Applies pending updates of FPSCR as far as the arm of an instruction needs them.
pub(super) fn apply_pending_status(ctx: &mut PpcContext, word: u32) {
    let needs = decode(word).map_or(Status::Writes, |op| STATUS[op as usize]);
    if needs == Status::Ignores {
        return;
    }
    let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
    let flags = mxcsr & float_state::FLAGS;
    float_state::materialize_exceptions(ctx, &mut mxcsr);
    if needs != Status::Writes {
        // To raise exceptions that FPSCR has changes nothing, and a load of MXCSR that changes no
        // flags is fast (`exchange_for_rust`).
        mxcsr |= flags;
    }
    ctx.host[Word::Mxcsr as usize] = mxcsr.into();
    if ctx.fp_lazy.op == 0 {
        return;
    }
    if needs == Status::Replaces && ctx.fpscr & CONTROL == 0 {
        ctx.fp_lazy.op = 0;
    } else {
        // The flags of MXCSR have been applied above.
        float_state::materialize_fpscr(ctx, &mut 0);
    }
}

/// The use that an arm makes of FPSCR's status; [`Status::Replaces`] is about FPRF, FR and FI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// It neither reads nor writes FPSCR.
    Ignores,
    /// It overwrites all of them without reading them, if no exception is enabled.
    Replaces,
    Reads,
    /// It may clear exceptions. Such rows end their blocks, so none has an arm today.
    Writes,
}

static STATUS: LazyLock<Vec<Status>> = LazyLock::new(|| Op::all().map(status).collect());

fn status(op: Op) -> Status {
    match op {
        Op::faddx
        | Op::fsubx
        | Op::fmulx
        | Op::fdivx
        | Op::fmaddx
        | Op::fmsubx
        | Op::fnmaddx
        | Op::fnmsubx
        | Op::faddsx
        | Op::fsubsx
        | Op::fmulsx
        | Op::fdivsx
        | Op::fmaddsx
        | Op::fmsubsx
        | Op::fnmaddsx
        | Op::fnmsubsx
        | Op::fsqrtx
        | Op::fsqrtsx
        | Op::fresx
        | Op::frsqrtex
        | Op::fcfidx
        | Op::frspx => Status::Replaces,
        Op::mcrfs | Op::mtfsfx | Op::mtfsfix | Op::mtfsb0x | Op::mtfsb1x => Status::Writes,
        _ if op.row().family == Family::Float => Status::Reads,
        _ => Status::Ignores,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_cpu::fpscr::{FX, OX, UX, XX, ZX};
    use xenia_isa::Flag;

    #[test]
    fn only_arms_that_write_fpscr_clear_the_flags() {
        let flags = u64::from(float_state::FLAGS);
        let modes = u64::from(float_state::DEFAULT_MXCSR);
        let raised = FX | OX | UX | ZX | XX;
        for (op, kept, fpscr) in [
            (Op::fmulsx, flags, raised),
            (Op::fcmpu, flags, raised),
            (Op::fctiwx, flags, raised),
            (Op::mffsx, flags, raised),
            (Op::mcrfs, 0, raised),
            (Op::mtfsfx, 0, raised),
            (Op::mtfsfix, 0, raised),
            (Op::mtfsb0x, 0, raised),
            (Op::mtfsb1x, 0, raised),
            (Op::vaddfp, flags, 0),
        ] {
            // Rows that clear exceptions have no arm: they end their blocks.
            assert!(kept != 0 || op.row().has(Flag::last), "{op:?}");
            let mut ctx = PpcContext::default();
            ctx.host[Word::Mxcsr as usize] = modes | flags;
            apply_pending_status(&mut ctx, op.row().bits);
            assert_eq!(ctx.host[Word::Mxcsr as usize], modes | kept, "{op:?}");
            assert_eq!(ctx.fpscr, fpscr, "{op:?}");
        }
    }
}
