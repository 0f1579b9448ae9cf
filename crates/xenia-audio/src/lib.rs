//! The sound hardware of the console, and processing of its output.
//!
//! - [`xma`]: the XMA decoder, on contexts in guest memory.
//! - [`mix`]: mixes frames of six channels and converts them to samples for the host's speakers.
//! - [`song`]: decodes songs of the console's music player to frames.
//! - [`wav`]: writes samples to a file; [`drift`]: resamples them for a device with another clock.
//!
//! This crate does not depend on the kernel, a clock, or a host's sound interface. Except for the
//! samples of a device, results come from plain arithmetic in a fixed order: the same frames give
//! the same samples on every host.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod drift;
pub mod mix;
pub mod song;
pub mod wav;
pub mod xma;
