//! System calls: dispatch to exports, results of exports, and calls of guest code by the kernel.

use super::resume::resume;
use crate::abi::{Call, Continuation, Flow, GuestCall, ShownArguments};
use crate::exceptions::crash;
use crate::imports::thunks::Target;
use crate::imports::{CallObservers, CallSite, Callee, Export};
use crate::loader::begin;
use crate::status::failure::Fallible;
use crate::thread::notification;
use crate::{Kernel, exceptions};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::{Library, ordinals};
use xenia_sched::{Disposition, EndKind, Event};

/// Makes the call of an export that is not implemented.
#[cold]
fn call_missing(kernel: &Kernel, call: &mut Call, library: Option<Library>, ordinal: Ordinal) -> Flow {
    let mut arguments = [0; 8];
    arguments.copy_from_slice(&call.ctx().gpr[3..11]);
    let name = kernel.imports.note_missing(library, ordinal, &arguments);
    let thread = call.thread_id();
    let hw_id = call.hw_id();
    call.cpu.emit(&Event::Call { thread, hw_id, name: &name, arguments: "?" });
    let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
    let flow = kernel.config.missing.result_of(&name, arguments[0], library, row);
    if let Some(error) = kernel.config.missing.last_error_of(&name, library, row)
        && let Err(fault) = call.set_last_error(error)
    {
        tracing::debug!(target: "kernel", "can't store a missing call's error: {fault}");
    }
    flow
}

impl Kernel {
    /// Applies the result of an export to the calling thread.
    pub fn apply(&self, call: &mut Call, flow: Flow) -> Disposition {
        match flow {
            Flow::Return(value) => {
                call.ctx_mut().gpr[3] = value;
                Disposition::Continue
            }
            Flow::Yield(value) => {
                call.ctx_mut().gpr[3] = value;
                Disposition::EndVisit
            }
            Flow::Repeat => {
                let ctx = call.ctx_mut();
                ctx.pc = ctx.pc.wrapping_sub(4);
                Disposition::EndVisit
            }
            Flow::Later(rest) => {
                let guest = GuestCall::new(self.imports.own_stubs.call_return, Continuation::Rest(rest));
                match self.threads.lock().push_frame(&self.memory, call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::EndVisit,
                    Err(error) => end_damaged(call, &format!("a long call: {error}")),
                }
            }
            Flow::Block(wait) => Disposition::Park(wait),
            Flow::Exit { code } => {
                let id = call.thread_id();
                let first =
                    notification::notify_exit(call, code).or_else(|| self.apcs().next_rundown(id, code));
                if let Some(guest) = first {
                    return self.apply(call, Flow::CallGuest(guest));
                }
                match self.end_thread(call.cpu, id, code) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => end_damaged(call, &format!("thread exit: {error}")),
                }
            }
            Flow::CallGuest(guest) => {
                let pc = guest.pc;
                match self.threads.lock().push_frame(&self.memory, call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => end_damaged(call, &format!("calling {pc}: {error}")),
                }
            }
            Flow::Fault(fault) => {
                let flow = exceptions::raise_fault(call, &fault);
                self.apply(call, flow)
            }
            Flow::End(kind) => Disposition::End(kind),
        }
    }

    /// Returns from guest code that an export called, and runs the continuation.
    fn pop_frame(&self, call: &mut Call) -> Disposition {
        let id = call.thread_id();
        let at = call.ctx().gpr[1] as u32;
        let mut threads = self.threads.lock();
        let record = threads.get_on_stack(&self.memory, id, call.kpcr(), at);
        let frame = record.and_then(|record| record.frames.pop());
        drop(threads);
        let Some(frame) = frame else {
            return end_damaged(call, "return from a guest call that is not in progress");
        };
        let ctx = call.ctx_mut();
        let result = ctx.gpr[3];
        ctx.pc = frame.pc;
        ctx.lr = frame.lr;
        ctx.gpr[1] = frame.stack_pointer;
        if let Continuation::Exception(activity) = frame.then {
            let flow = exceptions::resume(call, result, *activity);
            return self.apply(call, flow);
        }
        let at = CallSite::of(call);
        let flow = call.resume(frame.then, result);
        if let Some(trace) = self.imports.trace() {
            trace.continued(call, at, &flow);
        }
        let flow = match flow {
            Flow::Return(value) => self.apcs().before_return(call, value),
            flow => flow,
        };
        self.apply(call, flow)
    }

    /// Handles the system call of an import thunk or kernel stub.
    pub(super) fn kernel_call(&self, call: &mut Call) -> Disposition {
        let at = GuestAddr(call.ctx().pc.wrapping_sub(4));
        let target = self.imports.target(at);
        if let Some(observers) = &self.imports.observers {
            return self.observed_call(call, target, observers);
        }
        self.dispatch(call, target, |_, _| {})
    }

    /// Handles a system call of a machine whose calls are observed.
    #[cold]
    fn observed_call(
        &self,
        call: &mut Call,
        target: Option<Target>,
        observers: &CallObservers,
    ) -> Disposition {
        let callee = Callee::of(target);
        if let (Some(history), Some(callee)) = (&observers.history, callee) {
            history.note(call, callee);
        }
        let _timed = observers.costs.as_ref().zip(callee).and_then(|(costs, callee)| costs.begin(callee));
        let Some(trace) = &observers.trace else { return self.dispatch(call, target, |_, _| {}) };
        match callee.and_then(|callee| trace.begin(call, callee)) {
            Some(traced) => self
                .dispatch(call, target, |call, flow| trace.follow(call.memory(), call.now(), traced, flow)),
            None => self.dispatch(call, target, |_, _| {}),
        }
    }

    /// Makes the call of a target. `made` gets the flow of an export before it is applied.
    #[inline]
    fn dispatch(
        &self,
        call: &mut Call,
        target: Option<Target>,
        made: impl FnOnce(&Call, &Flow),
    ) -> Disposition {
        match target {
            Some(Target::Export(export)) => {
                if call.cpu.logs_events() {
                    log_call(call, export);
                }
                let behind = call.ctx().pc;
                let flow = (export.shim)(call);
                made(call, &flow);
                let flow = match flow {
                    // An export that continues elsewhere needs all of its registers.
                    Flow::Return(value) if call.ctx().pc == behind => self.apcs().before_return(call, value),
                    flow => flow,
                };
                self.apply(call, flow)
            }
            Some(Target::Missing { library, ordinal }) => {
                let flow = call_missing(self, call, library, ordinal);
                made(call, &flow);
                self.apply(call, flow)
            }
            Some(Target::CallReturn) => self.pop_frame(call),
            Some(Target::ThreadReturn) => {
                let code = call.ctx().gpr[3] as u32;
                self.apply(call, Flow::Exit { code })
            }
            Some(Target::ProgramReturn) => {
                let code = call.ctx().gpr[3] as u32;
                Disposition::End(EndKind::Exit { code })
            }
            Some(Target::ServiceReturn) => match end_service_call(call) {
                Ok(flow) => self.apply(call, flow),
                Err(error) => end_damaged(call, &format!("service thread: {error}")),
            },
            Some(Target::TitleBegin) => match begin(call) {
                Ok(flow) => self.apply(call, flow),
                Err(error) => end_damaged(call, &format!("start of the title: {error}")),
            },
            None => end_damaged(call, "sc 2 at an address without import thunk or stub"),
        }
    }

    /// System call of a plain ELF program: r0 = 0 writes r4 bytes at r3 as text.
    pub(super) fn program_call(&self, call: &mut Call) -> Disposition {
        /// Number of bytes that are copied at once.
        const PART: u32 = 0x10_0000;
        /// Longest text. The run cannot be stopped before all of it is written.
        const MAX_TEXT: u32 = 16 * PART;
        let ctx = call.ctx();
        let number = ctx.gpr[0];
        let text = ctx.gpr[3] as u32;
        let length = ctx.gpr[4] as u32;
        if number != 0 || length > MAX_TEXT {
            return end_damaged(call, &format!("system call {number} with r4 = {length:#x}"));
        }
        let mut bytes = Vec::new();
        // An empty text is an event, too.
        for at in (0..length.max(1)).step_by(PART as usize) {
            bytes.resize((length - at).min(PART) as usize, 0);
            if let Err(fault) = self.memory.read_bytes(GuestAddr(text.wrapping_add(at)), &mut bytes) {
                return end_damaged(call, &format!("text call: {fault}"));
            }
            self.devices.write_bytes(&bytes);
            let part = String::from_utf8_lossy(&bytes);
            call.cpu.emit(&Event::Text { thread: call.thread_id(), text: &part });
        }
        Disposition::Continue
    }
}

/// Reports a call to the event log.
#[cold]
fn log_call(call: &mut Call, export: &Export) {
    let Some(ShownArguments { text, .. }) = (export.describe)(call) else { return };
    let thread = call.thread_id();
    let hw_id = call.hw_id();
    call.cpu.emit(&Event::Call { thread, hw_id, name: export.name, arguments: &text });
}

/// Ends the call that a service thread, or a thread of the render driver, has made.
fn end_service_call(call: &mut Call) -> Fallible<Flow> {
    match call.kernel.render_callbacks().end_call(call) {
        Some(flow) => Ok(flow),
        None => call.kernel.services().end_call(call),
    }
}

/// Ends the machine because the guest has damaged state that the kernel needs.
pub(super) fn end_damaged(call: &Call, what: &str) -> Disposition {
    let pc = GuestAddr(call.ctx().pc.wrapping_sub(4));
    Disposition::End(crash(call, pc, &format!("{pc}: {what}")))
}

impl Call<'_> {
    /// Continues a call as if the guest code that it called had returned `result` (r3).
    pub fn resume(&mut self, then: Continuation, result: u64) -> Flow {
        let exports = self.kernel.imports.registry.continuations;
        match then {
            Continuation::Kernel(resumption) => resume(self, resumption, result),
            Continuation::Export(resumption) => (exports.resume)(self, resumption, result),
            Continuation::Rest(rest) => (exports.continue_long_call)(self, rest),
            Continuation::Exception(activity) => exceptions::resume(self, result, *activity),
        }
    }
}
