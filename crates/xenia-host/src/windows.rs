//! Windows, from version 10 1803 on: calls of kernel32 by the declarations of `windows-sys`.
//!
//! It was run under Wine only. Unsupported functions return the fallback listed in the crate's
//! documentation.

pub mod allocator;
pub mod barrier;
pub mod display;
pub mod ending;
pub mod environment;
pub mod executable;
#[cfg(target_arch = "x86_64")]
pub mod fault;
pub mod file;
pub mod float;
pub mod network;
pub mod ownership;
pub mod pads;
pub mod process;
pub mod profiler;
pub mod section;
pub mod signal_stack;
pub mod signals;
pub mod socket_file;
pub mod sparse;
pub mod thread;
pub mod wave_output;
pub mod written_pages;
