//! How guest code and exports talk: arguments from registers and stack, typed; results; blocking as
//! data.
//!
//! Arguments 0–7 are in r3–r10, the rest at r1+0x54, 8 bytes apart (a 64-bit one starts 4 bytes
//! before). Floating-point arguments come in f1–f13, and take up a place among the integer ones as
//! well. Results go to r3; statuses and signed values are sign-extended.
//!
//! An export never runs guest code and never waits: it returns a [`Flow`] that says what the thread
//! does next.

mod arguments;
mod buffer;
mod call;
mod flow;
mod pointer;
mod show;
mod strings;
mod va_args;

pub use arguments::{Arguments, FromGuest, Handle};
pub use buffer::Buffer;
pub use call::Call;
pub use flow::{
    Continuation, Flow, GuestCall, IntoFlow, MAXIMUM_LOCALS, Register, Rest, Result64, ReturnKinds,
};
pub use pointer::{GuestStruct, OptionalOut, Out, Ptr};
pub use show::Show;
pub use strings::{AnsiString, ObjectAttributes, Text, UnicodeString, WideText};
pub use va_args::VaArgs;
