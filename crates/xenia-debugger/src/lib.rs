//! A debugger in a terminal, for a machine in lockstep.
//!
//! ```text
//! keys ──▶ press ──┐                                           ┌─▶ terminal
//!                  ├─▶ command ──▶ session ──▶ machine         │
//! lines ─▶ parse ──┘                  └─▶ model ─▶ scene ─▶ buffer ─▶ text of a script
//! ```
//!
//! - [`Model`]: the selection and the view, independent of machine and terminal.
//! - [`DebugCommand`]: what a user can ask for, with the table of all commands and keys.
//! - [`DebugSession`]: carries commands out on the machine.
//! - [`DebugScene`]: the text of every pane, gathered from model and machine; [`draw`] puts it into
//!   a buffer of cells, which is a screen.
//! - [`terminal`] and [`script`]: the two ways to use it.
//!
//! Names of threads, objects and files come from the title: [`text::escaped_text`] makes them
//! harmless.
#![forbid(unsafe_code)]

mod areas;
pub mod command;
pub mod draw;
mod host_key;
pub mod keys;
pub mod model;
pub mod panes;
mod place;
mod scene;
pub mod script;
mod session;
pub mod terminal;
pub mod text;

pub use command::DebugCommand;
pub use draw::draw;
pub use model::Model;
pub use scene::DebugScene;
pub use session::{DebugSession, Watcher};
