//! Stack walk: goes up a thread's stack function by function, across guest calls by the kernel.
//!
//! A step never goes down, and after a few steps it must have gone up. So every walk ends at the
//! top of the stack at the latest, whatever the guest has written there. The guest also controls
//! the stack bounds and the length of prologues, so the number of decoded instructions between two
//! guest calls is limited as well ([`MAX_WORK`]).

use super::virtual_unwind::virtual_unwind;
use crate::abi::{Call, Continuation};
use crate::exception_state::{ActivityKind, ExceptionActivity, MAX_WORK};
pub use crate::exception_state::{StackBounds, Walk};
use crate::status::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_formats::image::FunctionEntry;
use xenia_guest::layout::kpcr;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// Maximum number of consecutive frameless functions: a leaf, a save routine, and the prologue that
/// called it.
const MAX_LEVELS: u32 = 3;

/// Cost of a step, in addition to the instructions that it decodes.
const STEP_WORK: u32 = 64;

impl StackBounds {
    /// Reads the bounds from the processor control region, where titles that switch stacks set
    /// them.
    pub fn of(call: &Call) -> Fallible<Self> {
        let kpcr = call.kpcr();
        Ok(Self {
            low: call.memory().read(kpcr.offset(kpcr::STACK_END))?,
            high: call.memory().read(kpcr.offset(kpcr::STACK_BASE))?,
        })
    }
}

/// A function's language handler, from the two words before its first instruction.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    pub pc: GuestAddr,
    pub data: GuestAddr,
}

/// An activation of a function.
#[derive(Clone, Debug)]
pub struct Activation {
    pub function: FunctionEntry,
    pub handler: Option<Handler>,
    /// The establisher frame.
    pub frame: GuestAddr,
    /// Registers in the caller, just after the call.
    pub caller: Box<PpcContext>,
}

/// Result of a step.
#[derive(Clone, Debug)]
pub enum WalkStep {
    /// A function; the walk stays inside until [`Walk::leave`].
    Function(Activation),
    /// Guest code that exception handling called; the walk has moved to where that handling began.
    Crossed(Box<ExceptionActivity>),
    /// The caller of the first function.
    Top,
}

impl Walk {
    /// Begins at an instruction that failed.
    pub fn at_instruction(call: &Call, ctx: Box<PpcContext>) -> Self {
        let at = GuestAddr(ctx.pc);
        Self { ctx, at, frames: frames(call), level: 0, work: MAX_WORK }
    }

    /// Begins at the call of an export; `ctx` has the registers that the export sees.
    pub(super) fn at_call(call: &Call, mut ctx: Box<PpcContext>) -> Self {
        ctx.pc = ctx.lr as u32 & !3;
        let at = GuestAddr(ctx.pc.wrapping_sub(4));
        Self { ctx, at, frames: frames(call), level: 0, work: MAX_WORK }
    }

    /// Restores the full budget, as guest code has been called since.
    pub(super) fn refresh(&mut self) {
        self.work = MAX_WORK;
    }

    /// Moves to the position of another walk, but keeps the number of guest calls left and the
    /// budget.
    pub(super) fn go_to(&mut self, other: &Self) {
        let frames = self.frames.min(other.frames);
        let work = self.work;
        self.clone_from(other);
        self.frames = frames;
        self.work = work;
    }

    /// Moves to the caller of a function.
    pub fn leave(&mut self, caller: Box<PpcContext>) {
        self.level = if caller.gpr[1] == self.ctx.gpr[1] { self.level + 1 } else { 0 };
        self.at = GuestAddr(caller.pc.wrapping_sub(4));
        self.ctx = caller;
    }

    /// Examines the current position.
    pub fn step(&mut self, call: &Call, bounds: StackBounds) -> Fallible<WalkStep> {
        let kernel = call.kernel;
        loop {
            self.work = self.work.checked_sub(STEP_WORK).ok_or(NtStatus::UNSUCCESSFUL)?;
            let pc = GuestAddr(self.ctx.pc);
            if pc == kernel.imports.own_stubs.call_return {
                match self.cross(call) {
                    Some(Continuation::Exception(activity)) => return Ok(WalkStep::Crossed(activity)),
                    Some(Continuation::Kernel(_) | Continuation::Export(_) | Continuation::Rest(_)) => {
                        continue;
                    }
                    None => return Ok(WalkStep::Top),
                }
            }
            let found = kernel.modules.lock().function_at(self.at).map(|(_, function)| *function);
            if let Some(function) = found {
                return self.activation(call.memory(), function, bounds).map(WalkStep::Function);
            }
            if self.at != pc {
                // A caller without `.pdata` entry: the start of a thread, or code without tables.
                return Ok(WalkStep::Top);
            }
            // Code without a frame, or a jump to a bad address: continue at the link register.
            let caller = PpcContext { pc: self.ctx.lr as u32 & !3, ..(*self.ctx).clone() };
            self.leave(Box::new(caller));
        }
    }

    fn activation(
        &mut self,
        memory: &GuestMemory,
        function: FunctionEntry,
        bounds: StackBounds,
    ) -> Fallible<Activation> {
        let mut caller = self.ctx.clone();
        let frame = virtual_unwind(memory, &mut caller, self.at, &function, &mut self.work)?;
        let before = self.ctx.gpr[1] as u32;
        let up = frame.0 > before || frame.0 == before && self.level < MAX_LEVELS;
        if !up || before < bounds.low || frame.0 > bounds.high || !frame.0.is_multiple_of(8) {
            return Err(NtStatus::UNSUCCESSFUL.into());
        }
        Ok(Activation { function, handler: handler(memory, &function), frame, caller })
    }

    /// Leaves guest code that the kernel called, to the caller of the export. Returns the call's
    /// continuation, or `None` if there is no further guest call.
    fn cross(&mut self, call: &Call) -> Option<Continuation> {
        self.frames = self.frames.checked_sub(1)?;
        let threads = call.kernel.threads.lock();
        let frame = threads.get(call.thread_id())?.frames.get(self.frames)?.clone();
        drop(threads);
        // The thread is in the export's stub: the link register holds the caller's address.
        self.ctx.lr = frame.lr;
        self.ctx.gpr[1] = frame.stack_pointer;
        self.ctx.pc = frame.lr as u32 & !3;
        self.at = GuestAddr(self.ctx.pc.wrapping_sub(4));
        if let Continuation::Exception(activity) = &frame.then {
            match &activity.0 {
                ActivityKind::Dispatch(dispatch) => self.go_to(dispatch.start()),
                ActivityKind::Scopes(scopes) => self.ctx.gpr[1] = scopes.stack_pointer(),
                ActivityKind::Unwind(_) => {}
            }
        }
        Some(frame.then)
    }
}

fn frames(call: &Call) -> usize {
    call.kernel.threads.lock().get(call.thread_id()).map_or(0, |record| record.frames.len())
}

/// The function's handler, if it has a callable one.
fn handler(memory: &GuestMemory, function: &FunctionEntry) -> Option<Handler> {
    if !function.has_exception_handler {
        return None;
    }
    let word = |back: u32| memory.read::<GuestAddr>(GuestAddr(function.start.0.wrapping_sub(back)));
    let handler = Handler { pc: word(8).ok()?, data: word(4).ok()? };
    (!handler.pc.is_null() && handler.pc.0.is_multiple_of(4)).then_some(handler)
}
