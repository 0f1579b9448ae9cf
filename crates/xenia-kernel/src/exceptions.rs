//! Structured exception handling (SEH): finds guest handlers for raised exceptions and for those of
//! the processor.
//!
//! ```text
//!  fault, RtlRaiseException ─► dispatch ─┬─ walk up the stack by functions (.pdata, prologues)
//!                                        └─ call each function's handler ─► __C_specific_handler
//!                                                                            │ scopes: filters
//!            resume at the handler's label ◄─ unwind ◄─ RtlUnwind ◄──────────┘
//!                                               └─ call the handlers again: __finally blocks
//! ```
//!
//! Handlers, filters and termination handlers are guest code. Each call of one is a
//! [`Flow::CallGuest`] whose continuation is the work in progress, an [`ExceptionActivity`].
//! Activities are kept in the thread's list of guest calls. So exceptions inside filters, unwinds
//! out of them and concurrent threads need no further state, and an activity is dropped when its
//! call is abandoned.
//! Handlers read their arguments in guest memory, below the stack pointer; the kernel does not
//! trust that memory afterwards.
//!
//! If no function has a handler, no guest memory is written and no guest code is called: the
//! exception is only reported (`report`). Semantics are those of Windows NT on PowerPC; decision
//! 0016 lists the layouts and sources.

mod area;
pub mod context_record;
mod dispatch;
mod exception_record;
mod fault;
mod prologue;
mod report;
mod scopes;
mod unwind;
mod virtual_unwind;
pub mod walk;

pub use crate::exception_state::UnwindTarget;
pub use context_record::store as store_context;
pub use dispatch::{raise, raise_fault, raise_from_call};
pub use report::{crash, handle_exception, return_addresses};
pub use scopes::handle as handle_c_scopes;
pub use unwind::begin as unwind;

use crate::abi::{Call, Continuation, Flow, GuestCall};
use crate::exception_state::{ActivityKind, ExceptionActivity};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;

/// Maximum depth of nested activities of one thread. On the console the stack would overflow.
const MAX_NESTING: usize = 64;

/// `EXCEPTION_*` flags of an exception record.
pub mod flag {
    pub const NONCONTINUABLE: u32 = 1;
    pub const UNWINDING: u32 = 2;
    pub(super) const EXIT_UNWIND: u32 = 4;
    pub(super) const NESTED_CALL: u32 = 0x10;
    pub(super) const TARGET_UNWIND: u32 = 0x20;
    pub(super) const COLLIDED_UNWIND: u32 = 0x40;
}

/// Return values of a language handler.
mod disposition {
    pub(super) const CONTINUE_EXECUTION: u32 = 0;
    pub(super) const CONTINUE_SEARCH: u32 = 1;
    pub(super) const NESTED_EXCEPTION: u32 = 2;
}

/// Continues an activity, whose call of guest code has returned `result`.
pub(crate) fn resume(call: &mut Call, result: u64, activity: ExceptionActivity) -> Flow {
    match activity.0 {
        ActivityKind::Dispatch(dispatch) => dispatch.resume(call, result as u32),
        ActivityKind::Unwind(unwind) => unwind.resume(call, result as u32),
        ActivityKind::Scopes(scopes) => scopes.resume(call, result as u32),
    }
}

impl ActivityKind {
    /// Calls guest code and passes the establisher frame in the register in which compiled handlers
    /// expect it.
    fn call_guest(self, pc: GuestAddr, args: Vec<u64>, frame: GuestAddr) -> Flow {
        let then = Continuation::Exception(Box::new(ExceptionActivity(self)));
        Flow::CallGuest(GuestCall { args, link: Some(frame), ..GuestCall::new(pc, then) })
    }
}

/// Whether the thread has too many nested exceptions.
fn too_deep(call: &Call) -> bool {
    let threads = call.kernel.threads.lock();
    let frames = threads.get(call.thread_id()).map_or(&[][..], |record| &record.frames[..]);
    let deep = frames.iter().filter(|frame| matches!(frame.then, Continuation::Exception(_)));
    deep.count() >= MAX_NESTING
}

/// Resumes the thread with these registers, and drops the guest calls that this leaves.
fn resume_with(call: &mut Call, registers: &PpcContext) -> Flow {
    let from = call.ctx().gpr[1] as u32;
    let to = registers.gpr[1] as u32;
    let id = call.thread_id();
    if let Some(record) = call.kernel.threads.lock().get_mut(id) {
        record.frames.forget(from, to);
    }
    let ctx = call.ctx_mut();
    context_record::replace(ctx, registers);
    Flow::Return(ctx.gpr[3])
}
