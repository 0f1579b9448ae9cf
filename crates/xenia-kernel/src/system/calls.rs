//! System calls: dispatch to exports, results of exports, and calls of guest code by the kernel.

use crate::abi::{Call, Continuation, Flow, GuestCall, MAXIMUM_LOCALS};
use crate::exceptions::crash;
use crate::imports::thunks::Target;
use crate::loader::begin;
use crate::status::failure::Fallible;
use crate::thread::frames::Frame;
use crate::thread::notification;
use crate::thread::records::Threads;
use crate::{Kernel, exceptions};
use xenia_cpu::PpcContext;
use xenia_guest::layout::RED_ZONE;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_imports::ordinals;
use xenia_limits::Limit;
use xenia_sched::{Disposition, EndKind, Event};

/// Size in bytes of the stack frame for a guest function that the kernel calls: linkage, parameter
/// save area and locals.
const CALL_FRAME: u64 = 0x80;
/// Offset of the locals in that frame.
const LOCALS: u32 = 0x70;

/// The frame of a call that is made at this stack pointer.
fn call_frame(stack_pointer: u64) -> u64 {
    (stack_pointer as u32 as u64).saturating_sub(RED_ZONE + CALL_FRAME) & !15
}

/// Address of the locals of a call that was made at this stack pointer.
pub(crate) fn call_frame_locals(stack_pointer: u64) -> GuestAddr {
    GuestAddr(call_frame(stack_pointer) as u32).offset(LOCALS)
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
                match self.push_frame(call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::EndVisit,
                    Err(error) => self.end_damaged(call, &format!("a long call: {error}")),
                }
            }
            Flow::Block(wait) => Disposition::Park(wait),
            Flow::Exit { code } => {
                let id = call.thread_id();
                let first = notification::tell_end(call, code).or_else(|| self.next_rundown(id, code));
                if let Some(guest) = first {
                    return self.apply(call, Flow::CallGuest(guest));
                }
                match self.end_thread(call.cpu, id, code) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => self.end_damaged(call, &format!("thread exit: {error}")),
                }
            }
            Flow::CallGuest(guest) => {
                let pc = guest.pc;
                match self.push_frame(call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => self.end_damaged(call, &format!("calling {pc}: {error}")),
                }
            }
            Flow::Fault(fault) => {
                let flow = exceptions::raise_fault(call, &fault);
                self.apply(call, flow)
            }
            Flow::End(kind) => Disposition::End(kind),
        }
    }

    /// Ends the machine because the guest has damaged state that the kernel needs.
    pub(super) fn end_damaged(&self, call: &Call, what: &str) -> Disposition {
        let pc = GuestAddr(call.ctx().pc.wrapping_sub(4));
        Disposition::End(crash(self, call.running(), pc, &format!("{pc}: {what}")))
    }

    /// Makes a thread call guest code, and saves the state to which it returns. The caller has
    /// access to the thread's registers.
    pub(crate) fn push_frame(&self, id: u32, ctx: &mut PpcContext, guest: GuestCall) -> Fallible<()> {
        self.push_frame_of(&mut self.threads.lock(), id, ctx, guest)
    }

    /// Like [`Self::push_frame`], for callers that hold the threads' lock.
    pub(crate) fn push_frame_of(
        &self,
        threads: &mut Threads,
        id: u32,
        ctx: &mut PpcContext,
        guest: GuestCall,
    ) -> Fallible<()> {
        let (kpcr, at) = (GuestAddr(ctx.gpr[13] as u32), ctx.gpr[1] as u32);
        let frame = Frame { pc: ctx.pc, lr: ctx.lr, stack_pointer: ctx.gpr[1], then: guest.then };
        let stack_pointer = call_frame(ctx.gpr[1]);
        self.memory.write(GuestAddr(stack_pointer as u32), frame.stack_pointer as u32)?;
        ctx.gpr[1] = stack_pointer;
        ctx.pc = guest.pc.0;
        ctx.lr = u64::from(self.imports.own_stubs.call_return.0);
        let mut registers = ctx.gpr[3..11].iter_mut();
        // In this order: `zip` must run out of arguments before it takes another register.
        for (&value, register) in guest.args.iter().zip(registers.by_ref()) {
            *register = value;
        }
        let mut local = GuestAddr(stack_pointer as u32).offset(LOCALS);
        for (&word, register) in guest.locals.iter().take(MAXIMUM_LOCALS).zip(registers) {
            self.memory.write(local, word)?;
            *register = u64::from(local.0);
            local = local.offset(4);
        }
        if let Some(link) = guest.link {
            ctx.gpr[12] = u64::from(link.0);
        }
        let record = threads.get_on_stack(&self.memory, id, kpcr, at).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit(Limit::NestedCalls, record.frames.len())?;
        record.frames.push(frame);
        Ok(())
    }

    /// Returns from guest code that an export called, and runs the continuation.
    fn pop_frame(&self, call: &mut Call) -> Disposition {
        let (id, at) = (call.thread_id(), call.ctx().gpr[1] as u32);
        let mut threads = self.threads.lock();
        let record = threads.get_on_stack(&self.memory, id, call.kpcr(), at);
        let frame = record.and_then(|record| record.frames.pop());
        drop(threads);
        let Some(frame) = frame else {
            return self.end_damaged(call, "return from a guest call that is not in progress");
        };
        let ctx = call.ctx_mut();
        let result = ctx.gpr[3];
        ctx.pc = frame.pc;
        ctx.lr = frame.lr;
        ctx.gpr[1] = frame.stack_pointer;
        let flow = match frame.then {
            Continuation::Export { run, state, .. } => run(call, result, state),
            Continuation::Rest(rest) => rest.go_on(call),
            Continuation::Exception(activity) => {
                let flow = exceptions::resume(call, result, *activity);
                return self.apply(call, flow);
            }
        };
        let flow = match flow {
            Flow::Return(value) => self.before_return(call, value),
            flow => flow,
        };
        self.apply(call, flow)
    }

    /// Handles the system call of an import thunk or kernel stub.
    pub(super) fn kernel_call(&self, call: &mut Call) -> Disposition {
        let at = GuestAddr(call.ctx().pc.wrapping_sub(4));
        let target = self.imports.target(at);
        match target {
            Some(Target::Export(export)) => {
                let behind = call.ctx().pc;
                let flow = match (export.shim)(call) {
                    // An export that continues elsewhere needs all of its registers.
                    Flow::Return(value) if call.ctx().pc == behind => self.before_return(call, value),
                    flow => flow,
                };
                self.apply(call, flow)
            }
            Some(Target::Missing { library, ordinal }) => {
                let mut arguments = [0; 8];
                arguments.copy_from_slice(&call.ctx().gpr[3..11]);
                let name = self.imports.note_missing(library, ordinal, &arguments);
                let event = Event::Call {
                    thread: call.thread_id(),
                    hw_id: call.hw_id(),
                    name: &name,
                    arguments: "?",
                };
                call.cpu.emit(&event);
                let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
                self.apply(call, self.config.missing.of(&name, library, row))
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
            Some(Target::ServiceReturn) => match self.end_service(call) {
                Ok(disposition) => disposition,
                Err(error) => self.end_damaged(call, &format!("service thread: {error}")),
            },
            Some(Target::TitleBegin) => match begin(call) {
                Ok(flow) => self.apply(call, flow),
                Err(error) => self.end_damaged(call, &format!("start of the title: {error}")),
            },
            None => self.end_damaged(call, "sc 2 at an address without import thunk or stub"),
        }
    }

    /// System call of a plain ELF program: r0 = 0 writes r4 bytes at r3 as text.
    pub(super) fn program_call(&self, call: &mut Call) -> Disposition {
        const LIMIT: u64 = 0x10_0000;
        let ctx = call.ctx();
        let (number, text, length) = (ctx.gpr[0], GuestAddr(ctx.gpr[3] as u32), ctx.gpr[4] & 0xFFFF_FFFF);
        if number != 0 || length > LIMIT {
            return self.end_damaged(call, &format!("system call {number} with r4 = {length:#x}"));
        }
        let mut bytes = vec![0; length as usize];
        if let Err(fault) = self.memory.read_bytes(text, &mut bytes) {
            return self.end_damaged(call, &format!("text call: {fault}"));
        }
        let text = String::from_utf8_lossy(&bytes);
        self.devices.write_text(&text);
        call.cpu.emit(&Event::Text { thread: call.thread_id(), text: &text });
        Disposition::Continue
    }
}
