//! A server for gdb's remote serial protocol, by which gdb debugs the threads of a machine.
//!
//! ```text
//! gdb ──socket──▶ Link ──bytes──▶ serve ──▶ gdbstub ──▶ Stub ──▶ Debuggee (the machine)
//! ```
//!
//! - [`ServerAddress`]: where the server listens, on this host only.
//! - [`Link`]: the connection to one gdb.
//! - [`serve`]: one session, from the connection to the title's end or the detachment of gdb.
//! - [`Debuggee`]: the machine as the protocol sees it, implemented where the machine is.
//! - [`registers`]: the registers that gdb sees, one table for description and values.
//!
//! Titles can't reach the socket: it belongs to the host, and guest sockets have no way to it.
//!
//! Follows "GDB Remote Serial Protocol" and "Target Descriptions" (PowerPC features) of the gdb
//! manual.
#![forbid(unsafe_code)]

mod address;
#[cfg(feature = "testing")]
mod client;
mod debuggee;
mod link;
#[cfg(feature = "testing")]
mod plain;
pub mod registers;
mod serve;
mod stub;

pub use address::{ServerAddress, ServerAddressError};
#[cfg(feature = "testing")]
pub use client::TestClient;
pub use debuggee::{Debuggee, Progress};
pub use link::{Link, Listener};
#[cfg(feature = "testing")]
pub use plain::PlainDebuggee;
pub use serve::{ServeError, SessionEnd, serve};
