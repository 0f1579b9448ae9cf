//! Calling convention between guest code and exports: typed arguments, results, and blocking as
//! data.
//!
//! Arguments 0–7 are in r3–r10, the others at r1+0x54 in steps of 8 bytes (a 64-bit argument starts
//! 4 bytes earlier). Floating-point arguments are in f1–f13 and also take up a position among the
//! integer arguments. Results are in r3; statuses and signed values are sign-extended.
//!
//! An export neither runs guest code nor waits: it returns a [`Flow`], which determines the
//! thread's next action.

mod arguments;
mod buffer;
mod call;
mod continuation;
mod flow;
mod pointer;
pub mod rest;
mod show;
mod strings;
mod va_args;

pub use arguments::{Arguments, FromGuest};
pub use call::Call;
pub use continuation::{
    AfterApc, Continuation, DriverStep, EntryReason, ExportResumption, KernelResumption, ProcessorMode,
    ThreadEvent, WaiterResult,
};
pub use flow::{Flow, GuestCall, IntoFlow, MAX_LOCALS, RegisterResult, Result64, ReturnKinds};
pub use pointer::{GuestStruct, OptionalOut, Out, Ptr};
pub use rest::Rest;
pub use show::{Show, ShownArguments};
pub use strings::{AnsiString, ObjectAttributes, Text, UnicodeString, WideText};
pub use va_args::VaArgs;
pub use xenia_objects::Handle;
