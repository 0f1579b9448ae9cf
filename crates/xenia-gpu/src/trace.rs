//! GPU traces: recordings of the chip's inputs and of the memory it read, which can be played
//! without a CPU.
//!
//! ```text
//!   recording: CommandProcessor ── reads ──► Tap ── reads ──► memory   each byte read that a trace
//!                     │                       │                         does not have yet is kept
//!                     └── calls ──► Recorder ◄┘──► file
//!   playing:   file ──► Player ──► CommandProcessor ──► Ram             (replay)
//! ```
//!
//! A trace begins with a [`ProcessorState`] (registers, shaders, EDRAM). All calls by the machine
//! follow ([`TraceEvent`]), each preceded by the bytes of memory that it read and that the trace
//! didn't contain yet. Writes by the chip are not recorded, because playing repeats them.
//!
//! Traces are untrusted input: playing always terminates, and errors name the event and its offset.

mod diff;
mod event;
mod file;
mod record;
mod tap;

pub use diff::{TraceDifference, compare};
pub use event::{ProcessorState, TraceEvent};
pub use file::{MAGIC, Reader, TraceError, Writer};
pub use record::{Recorder, Recording};

pub(crate) use event::{DisplayState, RingState};
pub(crate) use tap::Tap;
