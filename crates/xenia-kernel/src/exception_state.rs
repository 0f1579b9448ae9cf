//! Exceptions in progress: the plain data of a dispatch, an unwind or a scan of scopes that waits
//! for guest code.
//!
//! A thread keeps it with the guest call ([`Continuation`](crate::abi::Continuation)). The
//! algorithms that advance it are in `exceptions`; this module depends on neither, so that `abi`
//! does not import `exceptions`.

mod check;

use serde::{Deserialize, Serialize};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;

/// Budget of a walk between two guest calls, in prologue instructions: enough for the frames of a
/// full stack of 1 MiB.
pub(crate) const MAX_WORK: u32 = 1 << 22;

/// Maximum number of scopes of a function; a larger count means a damaged table.
pub(crate) const MAX_SCOPES: u32 = 0x1000;

/// Exception handling that waits for the return of guest code that it called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExceptionActivity(pub(crate) ActivityKind);

/// The kinds of an activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ActivityKind {
    Dispatch(Dispatch),
    Unwind(Unwind),
    Scopes(Scopes),
}

/// The search for an exception's handler.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dispatch {
    pub(crate) report: UnhandledReport,
    pub(crate) record: RecordSource,
    /// Registers that handlers see, and with which the thread resumes.
    pub(crate) registers: Box<PpcContext>,
    pub(crate) start: Walk,
    pub(crate) walk: Walk,
    pub(crate) bounds: StackBounds,
    /// Set once a handler has been called.
    pub(crate) area: Option<HandlerArea>,
    /// The function whose handler is being called.
    pub(crate) current: Option<SearchedFrame>,
    pub(crate) flags: u32,
    /// Frame that an outer dispatch was visiting when this exception occurred.
    pub(crate) nested: Option<GuestAddr>,
}

/// The report, with the registers to show, in case no handler accepts the exception.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnhandledReport {
    pub(crate) pc: GuestAddr,
    pub(crate) text: String,
    pub(crate) registers: Box<PpcContext>,
}

/// Location of the exception record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum RecordSource {
    /// In guest memory.
    Guest(GuestAddr),
    /// In the kernel; copied to the area before the first handler is called.
    Kernel(ExceptionRecord),
}

/// The function whose handler a dispatch is calling, and its caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SearchedFrame {
    pub(crate) frame: GuestAddr,
    pub(crate) caller: Box<PpcContext>,
}

/// Contents of an `EXCEPTION_RECORD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExceptionRecord {
    pub(crate) code: u32,
    pub(crate) flags: u32,
    /// The record of the exception during whose handling this one occurred.
    pub(crate) nested: GuestAddr,
    pub(crate) address: GuestAddr,
    /// At most 15.
    pub(crate) parameters: Vec<u32>,
}

/// Target of an unwind.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct UnwindTarget {
    /// Establisher frame of the function that resumes; `None`: unwind all functions (exit unwind).
    pub frame: Option<GuestAddr>,
    /// Address at which it resumes; `None`: after its call.
    pub pc: Option<GuestAddr>,
    /// The exception that causes the unwind, if any.
    pub record: Option<GuestAddr>,
    /// Value for r3.
    pub value: u64,
    /// Address for the `CONTEXT` that handlers see; `None`: in the kernel's [`HandlerArea`].
    pub context: Option<GuestAddr>,
}

/// An unwind in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unwind {
    pub(crate) target: UnwindTarget,
    pub(crate) start: Walk,
    pub(crate) walk: Walk,
    pub(crate) bounds: StackBounds,
    /// Set once a handler has been called.
    pub(crate) area: Option<HandlerArea>,
    /// The function whose handler is being called.
    pub(crate) current: Option<UnwoundFrame>,
    pub(crate) flags: u32,
}

/// The function whose handler an unwind is calling, and its caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnwoundFrame {
    pub(crate) function: GuestAddr,
    pub(crate) size: u32,
    pub(crate) caller: Box<PpcContext>,
    pub(crate) is_target: bool,
}

/// A scan of a function's scope table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scopes {
    pub(crate) record: GuestAddr,
    pub(crate) frame: GuestAddr,
    pub(crate) context: GuestAddr,
    pub(crate) dispatcher: GuestAddr,
    /// r1 of the handler's caller.
    pub(crate) stack_pointer: u64,
    /// Flags of the `EXCEPTION_RECORD`.
    pub(crate) flags: u32,
    pub(crate) code: u32,
    pub(crate) control_pc: u32,
    /// Target address of an unwind.
    pub(crate) target_pc: u32,
    pub(crate) table: GuestAddr,
    pub(crate) count: u32,
    pub(crate) index: u32,
    /// Handlers and targets of the scopes that contain the unwind's target, which are not left.
    pub(crate) kept: Vec<(u32, u32)>,
}

/// Bounds of the stack that a thread is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackBounds {
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// Position of a walk, inside a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walk {
    /// Registers in that function.
    pub(crate) ctx: Box<PpcContext>,
    /// The current instruction: one that failed, or a call.
    pub at: GuestAddr,
    /// Number of guest calls by exports that the walk has not left yet.
    pub(crate) frames: usize,
    /// Steps since the stack pointer last went up.
    pub(crate) level: u32,
    /// Remaining budget, in instructions.
    pub(crate) work: u32,
}

/// The structures of one dispatch or unwind in guest memory.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct HandlerArea {
    pub(crate) base: GuestAddr,
}
