//! Unwinding (`RtlUnwind`): walks up the stack to the target frame and calls every function's
//! handler on the way, then resumes the target function with its registers.

use super::area::HandlerArguments;
use super::crash;
use super::walk::{Activation, Handler, WalkStep};
use super::{context_record, dispatch, disposition, flag, resume_with, too_deep};
use crate::abi::{Call, Flow, GuestStruct};
use crate::exception_state::{
    ActivityKind, ExceptionRecord, HandlerArea, StackBounds, Unwind, UnwindTarget, UnwoundFrame, Walk,
};
use crate::status::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_guest::layout::{dispatcher_context, exception_record};
use xenia_guest::{GuestAddr, NtStatus};

/// Begins an unwind at the caller of the export.
pub fn begin(call: &mut Call, target: UnwindTarget) -> Fallible<Flow> {
    let mut flags = flag::UNWINDING;
    if target.frame.is_none() {
        flags |= flag::EXIT_UNWIND;
    }
    if let Some(record) = target.record {
        let at = record.offset(exception_record::FLAGS);
        let before: u32 = call.memory().read(at)?;
        flags |= before & flag::NONCONTINUABLE;
        call.memory().write(at, flags)?;
    }
    let start = Walk::at_call(call, Box::new(call.ctx().clone()));
    let bounds = StackBounds::of(call)?;
    let walk = start.clone();
    let unwind = Unwind { target, start, walk, bounds, area: None, current: None, flags };
    Ok(unwind.go_up(call))
}

impl Unwind {
    /// Where another dispatch or unwind continues when it reaches the handler that this one has
    /// called: at the same function, with the control pc that the handler has set.
    pub(super) fn place(&self, call: &Call) -> Walk {
        let mut walk = self.walk.clone();
        if let (Some(area), Some(current)) = (self.area, &self.current) {
            let at = area.dispatcher().offset(dispatcher_context::CONTROL_PC);
            if let Ok(at) = call.memory().read::<GuestAddr>(at)
                && at.0.wrapping_sub(current.function.0) <= current.size
            {
                walk.at = at;
            }
        }
        walk
    }

    fn go_up(mut self, call: &mut Call) -> Flow {
        if too_deep(call) {
            return self.second_chance(call);
        }
        self.walk.refresh();
        loop {
            let activation = match self.walk.step(call, self.bounds) {
                Ok(WalkStep::Function(activation)) => activation,
                Ok(WalkStep::Crossed(activity)) => {
                    if let ActivityKind::Unwind(outer) = activity.0 {
                        self.walk.go_to(&outer.place(call));
                        self.flags |= flag::COLLIDED_UNWIND;
                    }
                    continue;
                }
                Ok(WalkStep::Top) | Err(_) => return self.second_chance(call),
            };
            let is_target = self.target.frame == Some(activation.frame);
            if self.target.frame.is_some_and(|target| activation.frame > target) {
                let about = self.target.record.unwrap_or(GuestAddr::NULL);
                return dispatch::raise_status(call, NtStatus::INVALID_UNWIND_TARGET, about, &self.start);
            }
            if let Some(handler) = activation.handler {
                return self.call_handler(call, activation, handler, is_target);
            }
            if is_target {
                return self.arrive(call);
            }
            self.walk.leave(activation.caller);
        }
    }

    /// Calls a function's handler.
    fn call_handler(
        mut self,
        call: &mut Call,
        activation: Activation,
        handler: Handler,
        is_target: bool,
    ) -> Flow {
        if is_target {
            self.flags |= flag::TARGET_UNWIND;
        }
        let Ok(arguments) = self.write_handler_arguments(call, &activation, handler) else {
            return self.second_chance(call);
        };
        // A collision is reported to one handler only.
        self.flags &= !flag::COLLIDED_UNWIND;
        let Activation { function, caller, .. } = activation;
        self.current =
            Some(UnwoundFrame { function: function.start, size: function.size, caller, is_target });
        arguments.call_handler(call, handler, ActivityKind::Unwind(self))
    }

    /// Writes the handler's arguments to guest memory: the registers of its function, with the pc
    /// and the value with which the target resumes.
    fn write_handler_arguments(
        &mut self,
        call: &Call,
        activation: &Activation,
        handler: Handler,
    ) -> Fallible<HandlerArguments> {
        let memory = call.memory();
        let area = if let Some(area) = self.area {
            area
        } else {
            *self.area.insert(HandlerArea::below(memory, call.ctx().gpr[1], self.bounds.low)?)
        };
        let record = if let Some(record) = self.target.record {
            record
        } else {
            let address = GuestAddr(self.start.ctx.pc);
            let made = ExceptionRecord { code: NtStatus::UNWIND.0, address, ..ExceptionRecord::default() };
            made.write(memory, area.record())?;
            *self.target.record.insert(area.record())
        };
        let context = self.target.context.unwrap_or(area.context());
        context_record::store(memory, context, &self.arrival())?;
        let arguments = HandlerArguments { area, record, frame: activation.frame, context };
        arguments.write(memory, self.flags, activation, handler, self.walk.at)?;
        Ok(arguments)
    }

    /// The registers with which the current function would resume.
    fn arrival(&self) -> PpcContext {
        let mut ctx = (*self.walk.ctx).clone();
        ctx.gpr[3] = self.target.value;
        if let Some(pc) = self.target.pc {
            ctx.pc = pc.0 & !3;
        }
        ctx
    }

    /// Continues after a handler has returned.
    pub(super) fn resume(mut self, call: &mut Call, answer: u32) -> Flow {
        let (Some(area), Some(current)) = (self.area, self.current.take()) else {
            return self.second_chance(call);
        };
        match answer {
            disposition::CONTINUE_SEARCH if current.is_target => {
                // The handler may have changed the registers with which its function resumes.
                let mut ctx = self.arrival();
                let context = self.target.context.unwrap_or(area.context());
                match context_record::load(call.memory(), context, &mut ctx) {
                    Ok(()) => resume_with(call, &ctx),
                    Err(_) => self.second_chance(call),
                }
            }
            disposition::CONTINUE_SEARCH => {
                self.walk.leave(current.caller);
                self.go_up(call)
            }
            _ => {
                let about = self.target.record.unwrap_or(GuestAddr::NULL);
                dispatch::raise_status(call, NtStatus::INVALID_DISPOSITION, about, &self.start)
            }
        }
    }

    fn arrive(self, call: &mut Call) -> Flow {
        resume_with(call, &self.arrival())
    }

    /// Ends the machine like an unhandled exception: every function has been left, or the walk
    /// can't continue.
    fn second_chance(self, call: &mut Call) -> Flow {
        let at = GuestAddr(self.start.ctx.pc);
        let text = match self.target.frame {
            Some(frame) => format!("{at}: unwinding to {frame}: no function has that frame"),
            None => format!("{at}: every function has been left"),
        };
        context_record::replace(call.ctx_mut(), &self.start.ctx);
        Flow::End(crash(call, at, &text))
    }
}
