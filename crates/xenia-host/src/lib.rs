//! The host's system: all that the emulator needs of an operating system beyond the standard
//! library.
//!
//! One folder per system, `linux` and `windows`, has the public modules below; another system is
//! a folder beside them with the same names. The crates above depend on these modules only: they
//! contain no system call, error number or file that is specific to one system. In parentheses: the
//! result on a host without the facility, and the consequence.
//!
//! - [`section`]: memory that is mapped at several addresses, with access rights for each page
//!   (machines cannot run)
//! - [`barrier`]: barriers on all threads of the process (`false`; no machine runs. Without those
//!   of instructions, on AArch64, everything is interpreted)
//! - [`fault`]: the handler of memory faults: the interrupted thread's registers (no machine runs)
//! - [`signal_stack`]: a stack for the fault handler, for each thread (the thread keeps the one it
//!   has)
//! - [`allocator`]: one heap for all threads, free memory given back (nothing changes)
//! - [`display`]: keeps the display on (an error)
//! - [`ending`]: registers a function that runs when a library exits the process (`false`)
//! - [`environment`]: a variable that the desktop's libraries read (nothing changes)
//! - [`executable`]: memory that code is written to and run from, at two addresses (everything is
//!   interpreted)
//! - [`instruction_cache`]: makes written code visible to instruction fetches
//! - [`sparse`]: a large table that costs only the pages that were written (as above)
//! - [`profiler`]: files that name compiled code (an error)
//! - [`thread`]: the thread's processor, priority and segment register (`None`, nothing, `false`);
//!   sleeps that end on time (nothing changes)
//! - [`file`]: files by position, with holes; no links are followed (holes: an error, and all bytes
//!   are read); open files by the names of descriptors (`None`), bytes of names (`None`)
//! - [`float`]: arithmetic that may be computed by the C library (must be computed in another way)
//! - [`processor`]: measured performance properties of the processor (`false`)
//! - [`simd`]: loops that use the widest vectors (those of the minimum supported processor)
//! - [`signals`]: signals that end a run (never called)
//! - [`ownership`]: owners and identities of files (an error: no file is trusted)
//! - [`input_pipe`]: input files that are pipes (none is refused)
//! - [`network`]: readiness, ports, peers and errors of sockets
//! - [`socket_file`]: sockets that are files (an error)
//! - [`process`]: processes with limits, which end with all that they started (an error)
//! - [`written_pages`]: which pages were written (`None`; the caller reads all of memory)
//!
//! On Windows alone: `pads`, controllers, and `wave_output`, a sound device. On Linux, crate xenia
//! uses libraries for these.
//!
//! # Safety rules of the crate
//! - Every `unsafe` here is a system call, or the handling of data that the host owns. Functions
//!   whose arguments the crate cannot check are `unsafe` themselves.
//! - Address space belongs to one [`section::ReservedSpace`]; nothing else maps into it.

#![warn(missing_docs)]

#[cfg(not(any(
    all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")),
    all(windows, target_arch = "x86_64")
)))]
compile_error!(
    "xenia-rs runs on Linux (x86-64, AArch64) and Windows (x86-64) only: xenia-host has no module for \
     this system yet"
);

mod access;
mod device_names;
mod error;
pub mod input_pipe;
pub mod instruction_cache;
#[cfg(target_os = "linux")]
mod linux;
pub mod processor;
pub mod registers;
pub mod simd;
mod socket_error;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(windows)]
use windows as system;

pub use device_names::is_device_name;
pub use error::HostError;
pub use socket_error::SocketCondition;
pub use system::{
    allocator, barrier, display, ending, environment, executable, fault, file, float, network, ownership,
    process, profiler, section, signal_stack, signals, socket_file, sparse, thread, written_pages,
};
#[cfg(windows)]
pub use system::{pads, wave_output};
