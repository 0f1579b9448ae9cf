//! The XMA decoder.
//!
//! - [`Decoder`]: contexts in guest memory, registers and passes, as a title sees them.
//! - [`stream`]: a single stream from packets to samples, without contexts.
//!
//! The stream is WMA Professional with frames of 512 samples in packets of 2048 bytes. For any
//! input the decoder terminates, uses bounded time and memory, and returns samples; frames that
//! cannot be decoded are silent (decision 0059).

mod bits;
mod codes;
mod contexts;
mod frame;
mod packet;
mod prefix;
pub mod stream;
mod tile;
mod transform;

#[cfg(test)]
mod contexts_tests;
#[cfg(test)]
mod encoder;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod state_tests;

pub use bits::{XmaError, XmaFault};
pub use contexts::{Decoder, XmaFigures, XmaState};
