//! Linux: system calls by the names of the C library, and the files of `/proc`.

pub mod allocator;
pub mod barrier;
pub mod display;
pub mod ending;
pub mod environment;
pub mod executable;
pub mod fault;
pub mod file;
pub mod float;
pub mod network;
pub mod ownership;
pub mod process;
pub mod profiler;
pub mod section;
pub mod signal_stack;
pub mod signals;
pub mod socket_file;
pub mod sparse;
pub mod thread;
pub mod written_pages;
