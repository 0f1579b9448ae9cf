//! A server for gdb's remote serial protocol, by which gdb debugs the threads of a machine.
//!
//! ```text
//! gdb ──socket──▶ Link ──bytes──▶ serve ──packets──▶ gdbstub ──▶ Stub ──▶ Debuggee (the machine)
//! ```
//!
//! - [`ServerAddress`]: where the server listens, on this host only.
//! - [`Link`]: the connection to one gdb.
//! - [`serve`]: one session, from the connection to the title's end or the detachment of gdb.
//! - [`Debuggee`]: the machine as the protocol sees it, implemented where the machine is.
//! - [`registers`]: the registers that gdb sees, one table for description and values.
//!
//! Titles can't reach the socket: guest sockets on the host's network are refused the ports for
//! which [`waits_at`] is true, and have no way to socket files.
//!
//! Follows "GDB Remote Serial Protocol" and "Target Descriptions" (PowerPC features) of the gdb
//! manual.
#![forbid(unsafe_code)]

mod address;
#[cfg(feature = "testing")]
mod client;
mod debuggee;
mod link;
mod own_ports;
mod packets;
#[cfg(feature = "testing")]
mod plain;
pub mod registers;
mod serve;
mod stub;
mod trial;

pub use address::{ServerAddress, ServerAddressError};
#[cfg(feature = "testing")]
pub use client::TestClient;
pub use debuggee::{Debuggee, Progress};
pub use link::{Link, Listener};
pub use own_ports::waits_at;
#[cfg(feature = "testing")]
pub use plain::PlainDebuggee;
pub use serve::{ServeError, SessionEnd, serve};
