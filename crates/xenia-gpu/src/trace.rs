//! GPU traces: what the chip was told and the memory it read, so that it can be told again without
//! a CPU.
//!
//! ```text
//!   recording: CommandProcessor ── reads ──► Tap ── reads ──► memory      each read byte that the trace
//!                     │                       │                           doesn't have yet is noted
//!                     └── calls ──► Recorder ◄┘──► file
//!   playing:   file ──► Player ──► CommandProcessor ──► Ram
//! ```
//!
//! A trace begins with the processor's [`State`] (registers, shaders, EDRAM), followed by every
//! call the machine made ([`Event`]), each preceded by the bytes of memory that it read and that
//! the trace didn't hold by then. What the chip wrote itself is not recorded: it is written again.
//!
//! A trace is a file from anywhere: whatever it says, playing it ends, and errors name the event
//! and its offset.

mod diff;
mod event;
mod file;
mod narrate;
mod play;
mod record;
mod tap;

pub use diff::{Difference, compare};
pub use event::{Event, State};
pub use file::{MAGIC, Reader, TraceError, Writer};
pub use narrate::{Narration, narrate};
pub use play::{Player, Summary};
pub use record::{Recorder, Recording};

pub(crate) use event::{DisplayState, RingState};
pub(crate) use tap::Tap;
