//! The operating system that a title sees: exports, objects, files, loader, and the ports it needs.
//!
//! - [`abi`]: how guest code and exports talk.
//! - [`imports`]: the console's libraries, ordinals, exported variables, thunks.
//! - [`exports`]: one function per export, in the file of its subsystem; `#[exports]` makes the
//!   table rows.
//! - [`objects`]: handles, dispatcher objects, timers: behaviour without guest ABI, tested alone.
//! - [`loader`]: places an image, its imports, and its first thread.
//! - [`vfs`]: devices, mounts, links, look-up; [`files`]: open files; [`text`]: format strings,
//!   character sets.
//! - [`content`]: packages of saved games and downloads.
//! - [`crypto`]: digests, ciphers, large numbers.
//! - [`exceptions`]: structured exception handling.
//! - [`sound`]: the render driver's clients and their frames, the XMA decoder's contexts.
//! - [`memory`]: what the memory calls mean; [`thread`]: guest threads; [`user`]: profiles,
//!   settings, notifications, keys.
//! - [`messages`]: what titles ask the console's applications for.
//! - [`ports`]: video, audio, input, storage, clock: owned here, implemented above.
//! - [`limits`]: what a title may take of the host.
//! - [`Kernel`]: all of a machine's kernel state, by subsystem, each behind its own lock;
//!   [`KernelSystem`] is its face towards the scheduler.
//!
//! Invariants: guest input never panics; an export never runs guest code and never blocks the host;
//! nothing depends on host time, host addresses or map iteration order; kernel code knows neither
//! engine nor GPU.
#![forbid(unsafe_code)]

pub mod abi;
pub mod calendar;
pub mod content;
pub mod crypto;
pub mod deployment;
pub mod discs;
pub mod display;
pub mod exceptions;
pub mod exports;
pub mod files;
pub mod imports;
mod kernel;
pub mod layout;
pub mod limits;
pub mod loader;
pub mod memory;
pub mod messages;
#[cfg(all(test, feature = "model"))]
mod model;
pub mod net;
pub mod notification_list;
pub mod objects;
pub mod ports;
pub mod sound;
pub mod status;
mod system;
pub mod text;
pub mod thread;
pub mod title;
pub mod user;
pub mod vfs;

pub use imports::MissingCall;
pub use kernel::{Kernel, KernelConfig, KernelError};
pub use status::failure::{Failure, Fallible};
pub use system::KernelSystem;
