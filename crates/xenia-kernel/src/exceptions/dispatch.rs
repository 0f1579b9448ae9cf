//! Exception dispatch: searches the stack for a handler, by calling each function's language
//! handler.
//!
//! An example: `f` has a `__try` block with a filter and calls `g`, which faults. The stack while
//! the filter runs, from its base downwards, and the activities that continue in turn, the last
//! one first:
//!
//! ```text
//! memory                                              r1 of        continues after it returns
//! frame of f
//! frame of g, red zone                                g
//! HandlerArea: CONTEXT, EXCEPTION_RECORD, function
//!   entry, DISPATCHER_CONTEXT, back chain; red zone   f's handler  Dispatch: the search
//! EXCEPTION_POINTERS, back chain                      f's filter   Scopes: f's other scopes
//! ```

use super::area::HandlerArguments;
use super::crash;
use super::walk::{Activation, Handler, WalkStep};
use super::{context_record, disposition, fault, flag, resume_with, too_deep};
use crate::abi::{Call, Flow, GuestStruct};
use crate::exception_state::{
    ActivityKind, Dispatch, ExceptionRecord, HandlerArea, RecordSource, SearchedFrame, StackBounds,
    UnhandledReport, Walk,
};
use crate::status::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_guest::layout::{dispatcher_context, exception_record};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::MemoryFault;
use xenia_sched::EndKind;

/// `RtlRaiseException`: raises the exception of a guest record in the caller.
pub fn raise(call: &mut Call, record: GuestAddr) -> Fallible<Flow> {
    let memory = call.memory();
    let ExceptionRecord { code, flags, parameters, .. } = GuestStruct::read(memory, record)?;
    let at = GuestAddr(call.ctx().lr as u32);
    memory.write(record.offset(exception_record::ADDRESS), at)?;
    let report = UnhandledReport {
        pc: at,
        text: format!("{at}: exception {code:#x} with {parameters:#x?}"),
        registers: Box::new(call.ctx().clone()),
    };
    let start = Walk::at_call(call, Box::new(call.ctx().clone()));
    let registers = start.ctx.clone();
    Ok(Dispatch::new(call, report, RecordSource::Guest(record), registers, start, flags).search(call))
}

/// `RtlRaiseStatus`: raises a status in the caller as a noncontinuable exception.
pub fn raise_from_call(call: &mut Call, status: NtStatus) -> Flow {
    let start = Walk::at_call(call, Box::new(call.ctx().clone()));
    raise_status(call, status, GuestAddr(0), &start)
}

/// Raises a noncontinuable exception of the kernel during the handling of the record `about`.
pub(super) fn raise_status(call: &mut Call, status: NtStatus, about: GuestAddr, start: &Walk) -> Flow {
    let at = GuestAddr(start.ctx.pc);
    let record = ExceptionRecord {
        code: status.0,
        flags: flag::NONCONTINUABLE,
        nested: about,
        address: at,
        parameters: Vec::new(),
    };
    let report = UnhandledReport {
        pc: at,
        text: format!("{at}: exception {:#x}, {status:?}", status.0),
        registers: start.ctx.clone(),
    };
    let source = RecordSource::Kernel(record);
    Dispatch::new(call, report, source, start.ctx.clone(), start.clone(), flag::NONCONTINUABLE).search(call)
}

/// Raises the fault of a bad pointer that an export was given. The exception is at the call, and
/// continuing repeats the call.
pub fn raise_fault(call: &mut Call, fault: &MemoryFault) -> Flow {
    let at = GuestAddr(call.ctx().pc.wrapping_sub(4));
    let report = UnhandledReport {
        pc: at,
        text: format!("{at}: bad pointer passed to an export: {fault}"),
        registers: Box::new(call.ctx().clone()),
    };
    let start = Walk::at_call(call, report.registers.clone());
    let registers = Box::new(PpcContext { pc: at.0, ..(*report.registers).clone() });
    let source = RecordSource::Kernel(fault::memory_record(at, fault));
    Dispatch::new(call, report, source, registers, start, 0).search(call)
}

/// Raises an exception at an instruction that could not complete.
pub(super) fn raise_at_instruction(
    call: &mut Call,
    pc: GuestAddr,
    record: ExceptionRecord,
    text: String,
) -> Flow {
    let report = UnhandledReport { pc, text, registers: Box::new(call.ctx().clone()) };
    let registers = Box::new(PpcContext { pc: pc.0, ..(*report.registers).clone() });
    let start = Walk::at_instruction(call, registers.clone());
    Dispatch::new(call, report, RecordSource::Kernel(record), registers, start, 0).search(call)
}

impl Dispatch {
    fn new(
        call: &Call,
        report: UnhandledReport,
        record: RecordSource,
        registers: Box<PpcContext>,
        start: Walk,
        flags: u32,
    ) -> Self {
        // Without bounds there is no stack to walk.
        let bounds = StackBounds::of(call).unwrap_or(StackBounds { low: u32::MAX, high: 0 });
        let flags = flags & flag::NONCONTINUABLE;
        let walk = start.clone();
        Self {
            report,
            record,
            registers,
            start,
            walk,
            bounds,
            area: None,
            current: None,
            flags,
            nested: None,
        }
    }

    /// Where the exception is raised: where unwinding continues after it has left the handlers.
    pub(super) fn start(&self) -> &Walk {
        &self.start
    }

    /// Walks up to the next function with a handler and calls the handler.
    fn search(mut self, call: &mut Call) -> Flow {
        if too_deep(call) {
            return self.unhandled(call);
        }
        self.walk.refresh();
        loop {
            match self.walk.step(call, self.bounds) {
                Ok(WalkStep::Function(activation)) => match activation.handler {
                    Some(handler) => return self.call_handler(call, activation, handler),
                    None => self.leave(activation.frame, activation.caller),
                },
                Ok(WalkStep::Crossed(activity)) => match activity.0 {
                    // The exception occurred inside a handler of another dispatch.
                    ActivityKind::Dispatch(outer) => {
                        self.note_nested(outer.current.map(|current| current.frame));
                    }
                    // The unwind has left the frames up to there already.
                    ActivityKind::Unwind(outer) => self.walk.go_to(&outer.place(call)),
                    ActivityKind::Scopes(_) => {}
                },
                Ok(WalkStep::Top) | Err(_) => return self.unhandled(call),
            }
        }
    }

    fn note_nested(&mut self, frame: Option<GuestAddr>) {
        self.flags |= flag::NESTED_CALL;
        self.nested = self.nested.max(frame);
    }

    fn leave(&mut self, frame: GuestAddr, caller: Box<PpcContext>) {
        if self.nested == Some(frame) {
            self.nested = None;
            self.flags &= !flag::NESTED_CALL;
        }
        self.walk.leave(caller);
    }

    /// Calls a function's handler.
    fn call_handler(mut self, call: &mut Call, activation: Activation, handler: Handler) -> Flow {
        let Ok(arguments) = self.write_handler_arguments(call, &activation, handler) else {
            return self.unhandled(call);
        };
        self.current = Some(SearchedFrame { frame: activation.frame, caller: activation.caller });
        arguments.call_handler(call, handler, ActivityKind::Dispatch(self))
    }

    /// Writes the handler's arguments to guest memory. The registers are written only once: a
    /// handler sees the changes of the previous one.
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
            let area = HandlerArea::below(memory, call.ctx().gpr[1], self.bounds.low)?;
            context_record::store(memory, area.context(), &self.registers)?;
            *self.area.insert(area)
        };
        let record = match &self.record {
            RecordSource::Guest(record) => *record,
            RecordSource::Kernel(record) => {
                record.write(memory, area.record())?;
                self.record = RecordSource::Guest(area.record());
                area.record()
            }
        };
        let arguments = HandlerArguments { area, record, frame: activation.frame, context: area.context() };
        arguments.write(memory, self.flags, activation, handler, self.walk.at)?;
        Ok(arguments)
    }

    /// Continues after a handler has returned.
    pub(super) fn resume(mut self, call: &mut Call, answer: u32) -> Flow {
        let (Some(area), Some(SearchedFrame { frame, caller }), &RecordSource::Guest(record)) =
            (self.area, self.current.take(), &self.record)
        else {
            return self.unhandled(call);
        };
        match answer {
            disposition::CONTINUE_EXECUTION if self.flags & flag::NONCONTINUABLE != 0 => {
                self.fail(call, NtStatus::NONCONTINUABLE_EXCEPTION, record)
            }
            disposition::CONTINUE_EXECUTION => {
                match context_record::load(call.memory(), area.context(), &mut self.registers) {
                    Ok(()) => resume_with(call, &self.registers),
                    Err(_) => self.unhandled(call),
                }
            }
            disposition::CONTINUE_SEARCH => {
                self.leave(frame, caller);
                self.search(call)
            }
            disposition::NESTED_EXCEPTION => {
                let at = area.dispatcher().offset(dispatcher_context::ESTABLISHER_FRAME);
                let Ok(outer) = call.memory().read(at) else { return self.unhandled(call) };
                self.note_nested(Some(outer));
                self.leave(frame, caller);
                self.search(call)
            }
            _ => self.fail(call, NtStatus::INVALID_DISPOSITION, record),
        }
    }

    /// Raises a kernel exception in place of this one.
    fn fail(self, call: &mut Call, status: NtStatus, about: GuestAddr) -> Flow {
        raise_status(call, status, about, &self.start)
    }

    /// Ends the machine, with the registers at the exception, as no handler accepted it.
    fn unhandled(self, call: &mut Call) -> Flow {
        context_record::replace(call.ctx_mut(), &self.report.registers);
        let UnhandledReport { pc, text, .. } = &self.report;
        let mut end = crash(call, *pc, text);
        let record = match self.record {
            RecordSource::Kernel(record) => Some(record),
            // A handler was called, so the record is in guest memory by now.
            RecordSource::Guest(at) => ExceptionRecord::read(call.memory(), at).ok(),
        };
        if let EndKind::Crash { access, .. } = &mut end {
            *access = record.as_ref().and_then(fault::failed_access);
        }
        Flow::End(end)
    }
}
