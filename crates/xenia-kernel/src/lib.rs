//! The operating system that a title sees: exports, objects, files, loader, and the ports it needs.
//!
//! - [`abi`]: how guest code and exports talk.
//! - [`exports`]: one function per export, in the file of its subsystem; `#[exports]` makes the table rows.
//! - [`objects`]: handles, dispatcher objects, timers: behaviour without guest ABI, tested alone.
//! - [`loader`]: places an image, its imports, and its first thread.
//! - [`vfs`]: devices, mounts, links, look-up; [`files`]: open files; [`printf`]: format strings.
//! - [`exceptions`]: structured exception handling.
//! - [`virtual_memory`], [`physical_memory`]: what the memory calls mean.
//! - [`ports`]: video, audio, input, storage, clock: owned here, implemented above.
//! - [`Kernel`]: all of a machine's kernel state, by subsystem, each behind its own lock;
//!   [`KernelSystem`] is its face towards the scheduler.
//!
//! Invariants: guest input never panics; an export never runs guest code and never blocks the host; nothing
//! depends on host time, host addresses or map iteration order; kernel code knows neither engine nor GPU.
#![deny(unsafe_code)]

pub mod abi;
pub mod calendar;
pub mod characters;
mod deferred;
pub mod display;
pub mod dos_error;
pub mod exceptions;
pub mod exports;
mod failure;
pub mod files;
pub mod image_headers;
pub mod interrupts;
mod kernel;
pub mod keystrokes;
pub mod layout;
mod lists;
pub mod loader;
pub mod notifications;
mod object_types;
pub mod objects;
pub mod overlapped;
pub mod physical_memory;
pub mod pool;
pub mod ports;
pub mod printf;
pub mod second_level_cache;
mod service;
pub mod stubs;
mod system;
pub mod thread_life;
pub mod threads;
pub mod title;
pub mod vfs;
pub mod virtual_memory;
pub mod xconfig;

pub use failure::{Failure, Fallible};
pub use kernel::{Kernel, KernelConfig, KernelError, MissingCall};
pub use system::KernelSystem;
