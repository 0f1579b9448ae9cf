//! The XMA decoder.
//!
//! - [`Decoder`]: contexts in guest memory, registers, passes: what a title sees of it.
//! - [`stream`]: one stream without any of that: packets in, samples out.
//!
//! The stream is WMA Professional with frames of 512 samples in packets of 2048 bytes. Whatever is
//! in a stream, decoding ends, takes bounded time and memory, and gives samples: what can't be
//! decoded is silent (decision 0060).

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

pub use bits::{XmaError, XmaFault};
pub use contexts::{Decoder, XmaFigures};
