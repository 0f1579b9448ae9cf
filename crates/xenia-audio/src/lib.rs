//! The sound hardware a title sees, and what becomes of its sound.
//!
//! - [`xma`]: the XMA decoder, over contexts in guest memory.
//! - [`mix`]: frames of six channels, summed and made into samples for the host's speakers.
//! - [`song`]: songs of the console's music player, as frames.
//! - [`wav`]: those as a file; [`drift`]: those for a device with a clock of its own.
//!
//! Nothing here knows the kernel, a clock, or a host's sound interface. But for what a device
//! plays, all of it is plain arithmetic in a fixed order: the same frames give the same samples
//! everywhere.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod drift;
pub mod mix;
pub mod song;
pub mod wav;
pub mod xma;
