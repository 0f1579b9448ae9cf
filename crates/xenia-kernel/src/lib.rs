//! High-level emulation of the console's operating system: objects, threads, files, the loader, and
//! the device interfaces ("ports") that it needs. The exports that titles call are the crate above,
//! `xenia-exports`.
//!
//! - [`abi`]: the calling convention between guest code and exports.
//! - [`imports`]: the console's libraries, ordinals, exported variables and thunks.
//! - [`objects`]: handles, dispatcher objects and timers, independent of the guest ABI.
//! - [`loader`]: maps an image, binds its imports and makes its first thread.
//! - [`files`]: open files, on the devices of [`xenia_vfs`].
//! - [`exceptions`]: structured exception handling.
//! - [`sound`]: clients and frames of the render driver, contexts of the XMA decoder.
//! - [`memory`]: virtual memory, physical memory and heaps; [`thread`]: guest threads; [`user`]:
//!   profiles, settings, notifications, keystrokes.
//! - [`ports`]: traits for video, audio, the XMA decoder, input, dialogs, drive, network and
//!   storage, implemented by the crates above, and the clock's start.
//! - [`Kernel`]: all kernel state of one machine, one lock per subsystem; [`KernelSystem`]
//!   implements the scheduler's interface on it.
//!
//! Invariants: guest input never panics; an export never runs guest code and never blocks the host;
//! no result depends on host time, host addresses or the iteration order of maps; kernel code
//! depends on neither execution engine nor GPU.
#![forbid(unsafe_code)]

pub mod abi;
pub mod breakpoints;
pub mod deployment;
pub mod discs;
pub mod display;
pub mod exception_state;
pub mod exceptions;
pub mod files;
pub mod imports;
mod kernel;
pub mod loader;
pub mod memory;
pub mod notification_list;
pub mod ports;
pub mod random;
pub mod sockets;
pub mod sound;
pub mod status;
mod system;
pub mod thread;
pub mod title;
pub mod user;

pub use xenia_net as net;
pub use xenia_objects as objects;
pub use xenia_rtl::calendar;
pub use xenia_user::content;
pub use xenia_user::locale;
pub use xenia_vfs as vfs;

pub use imports::MissingCall;
#[cfg(any(test, feature = "testing"))]
pub use kernel::reload;
pub use kernel::{AreasState, CoreState, Kernel, KernelConfig, KernelError};
pub use system::KernelSystem;
pub use xenia_limits::LimitSetting;
