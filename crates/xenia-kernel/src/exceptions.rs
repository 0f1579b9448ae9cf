//! Structured exception handling: raised exceptions and the processor's own find their handlers in
//! the guest.
//!
//! ```text
//!  fault, RtlRaiseException ─► dispatch ─┬─ walk up, function by function (.pdata, prologues)
//!                                        └─ call each function's language handler ─► __C_specific_handler
//!                                                                                     │ scopes: filters
//!            goes on at the handler's label ◄─ unwind ◄─ RtlUnwind ◄──────────────────┘
//!                                                └─ call the handlers again: scopes: termination handlers
//! ```
//!
//! Handlers, filters and termination handlers are guest code: each call is a [`Flow::CallGuest`]
//! whose continuation is the work under way, an [`Activity`]. It lives in the thread's list of such
//! calls, so exceptions inside filters, unwinding out of them and several threads at once need
//! nothing more, and it is gone when its call is abandoned. What handlers read lies in guest
//! memory, below the stack pointer; nothing there is trusted afterwards.
//!
//! Without a function that has a handler nothing is written and nothing is called: the report
//! (`report`) is all. Semantics: Windows NT's, on PowerPC; layouts and sources are in decision
//! 0016.

mod area;
#[cfg(test)]
mod cases;
mod context_record;
mod dispatch;
mod exception_record;
mod fault;
mod prologue;
mod report;
mod scopes;
mod unwind;
mod virtual_unwind;
mod walk;

pub(crate) use context_record::store as store_context;
pub(crate) use dispatch::{raise, raise_fault, raise_from_call};
pub(crate) use report::{crash, return_addresses};
pub(crate) use scopes::handle as handle_c_scopes;
pub(crate) use unwind::{Target, begin as unwind};

use crate::abi::{Call, Continuation, Flow, GuestCall};
use dispatch::Dispatch;
use exception_record::ExceptionRecord;
use scopes::Scopes;
use unwind::Unwind;
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;

/// Activities of one thread inside one another at most. On the console the stack would overflow.
const NESTING_LIMIT: usize = 64;

/// `EXCEPTION_*` flags of a record.
mod flag {
    pub(super) const NONCONTINUABLE: u32 = 1;
    pub(super) const UNWINDING: u32 = 2;
    pub(super) const EXIT_UNWIND: u32 = 4;
    pub(super) const NESTED_CALL: u32 = 0x10;
    pub(super) const TARGET_UNWIND: u32 = 0x20;
    pub(super) const COLLIDED_UNWIND: u32 = 0x40;
}

/// What a language handler answers.
mod disposition {
    pub(super) const CONTINUE_EXECUTION: u32 = 0;
    pub(super) const CONTINUE_SEARCH: u32 = 1;
    pub(super) const NESTED_EXCEPTION: u32 = 2;
}

/// Exception handling that waits for guest code which it called.
#[derive(Clone, Debug)]
pub struct Activity(Work);

#[derive(Clone, Debug)]
enum Work {
    Dispatch(Dispatch),
    Unwind(Unwind),
    Scopes(Scopes),
}

/// The guest code that an activity called has returned.
pub(crate) fn resume(call: &mut Call, result: u64, activity: Activity) -> Flow {
    match activity.0 {
        Work::Dispatch(dispatch) => dispatch.resume(call, result as u32),
        Work::Unwind(unwind) => unwind.resume(call, result as u32),
        Work::Scopes(scopes) => scopes.resume(call, result as u32),
    }
}

impl Work {
    /// Calls guest code, with the frame of the function that it belongs to where the compiler's
    /// code looks for it.
    fn call_guest(self, pc: GuestAddr, args: Vec<u64>, frame: GuestAddr) -> Flow {
        let then = Continuation::Exception(Box::new(Activity(self)));
        Flow::CallGuest(GuestCall { args, link: Some(frame), ..GuestCall::new(pc, then) })
    }
}

/// Whether the thread is too deep in exceptions inside exceptions.
fn too_deep(call: &Call) -> bool {
    let threads = call.kernel.threads.lock();
    let frames = threads.get(call.thread_id()).map_or(&[][..], |record| &record.frames[..]);
    let deep = frames.iter().filter(|frame| matches!(frame.then, Continuation::Exception(_)));
    deep.count() >= NESTING_LIMIT
}

/// The thread goes on with these registers; the calls of guest code that it leaves by that are
/// forgotten.
fn go_on(call: &mut Call, registers: &PpcContext) -> Flow {
    let (from, to) = (call.ctx().gpr[1] as u32, registers.gpr[1] as u32);
    let id = call.thread_id();
    if let Some(record) = call.kernel.threads.lock().get_mut(id) {
        record.frames.forget(from, to);
    }
    let ctx = call.ctx_mut();
    context_record::replace(ctx, registers);
    Flow::Return(ctx.gpr[3])
}
