//! The emulator as a library: builds a [`machine::Machine`] with a title, runs it to a limit and
//! reports the result.
//!
//! - Options: [`config`], plain structs without a command line.
//! - A title and its machine: [`title`] opens it, [`machine`] builds and runs the machine,
//!   [`launches`] runs titles that launch each other.
//! - Ports of the kernel: [`ports`] (those that programs implement), [`gpu_port`], [`drawing`],
//!   [`sound`], [`input`], [`dialogs`], [`network`], [`content`]; [`pace`] slows a run down to the
//!   host's clock.
//! - Input to a run, and its end: [`command_line`] (of the title), [`recording`], [`interrupt`].
//! - States: [`state_slots`] (numbered save states), [`pieces`] (a run cut at states).
//! - Code: [`patches`] changes a title's code, by file; [`code_ahead`] compiles functions before
//!   the title runs; [`code_store`] keeps compiled code.
//! - Outputs of a run: [`report`], [`bug_report`], [`digest`], [`golden`], [`event_log`],
//!   [`call_trace`], [`profile`] (where a run spends its time), [`png_frames`], [`screenshots`],
//!   [`video`], [`gallery`]; [`output`] writes files atomically.
//! - [`library`], [`achievements`]: the user's titles, and the achievements earned in them;
//!   [`pictures`]: PNG pictures as pixels.
//! - [`user_folders`]: where settings, saves and caches are.
//! - Messages to the user: [`say`], [`guest_log`].
//! - [`desktop`]: files and the clipboard of the desktop.
//!
//! Hidden modules serve the programs of this workspace and may change.
//!
//! Errors are [`anyhow::Error`], with messages for the user. Those that a program has to
//! distinguish have types of their own, which `error.is::<T>()` finds:
//! [`title::medium::NoExecutable`], [`content::ContentInUse`], [`machine::StateRefusal`] (a state
//! saved under other conditions, or a damaged one), and [`Unsaveable`] (the state
//! cannot be saved now, but perhaps later). Messages name an option as the flag of `xenia-rs` that
//! sets it; most are fields of [`config`] of that name. Errors of libraries below this one name
//! no flags.
//!
//! Features, all of them on by default, bring the host's devices and their dependencies: `window`
//! (wgpu, controllers, dialogs that ask), `gamepads`, `sound`, `network`. Without one, a
//! configuration that asks for its device is refused with the feature's name.
//!
//! `examples/run.rs` runs a title in 20 lines, `examples/two_machines.rs` runs two at once;
//! `examples/embed.rs` presses a button, reads memory, saves and restores.
//!
//! Invariants: a process can hold any number of machines; no machine has state outside of its own
//! structs, except that messages of all go to standard error, or to the sink that the program names
//! ([`say::send_messages_to`]).
#![forbid(unsafe_code)]
// All output goes through `say`, which remembers write errors.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod achievements;
pub mod bug_report;
mod call_log;
pub mod call_trace;
pub mod code_ahead;
pub mod code_store;
pub mod command_line;
pub mod config;
pub mod content;
pub mod desktop;
pub mod dialogs;
pub mod digest;
pub mod drawing;
pub mod event_log;
pub mod gallery;
pub mod golden;
pub mod gpu_port;
pub mod guest_log;
#[cfg(test)]
mod hostile;
pub mod interrupt;
pub mod launches;
pub mod library;
#[doc(hidden)]
pub mod lock_order;
pub mod machine;
#[cfg(test)]
mod machine_tests;
pub mod network;
pub mod output;
pub mod pace;
pub mod patches;
pub mod pictures;
pub mod pieces;
pub mod png_frames;
pub mod ports;
pub mod profile;
mod progress;
pub mod recording;
pub mod report;
pub mod say;
pub mod screenshots;
pub mod sound;
#[doc(hidden)]
pub mod source;
mod state_origin;
pub mod state_slots;
#[doc(hidden)]
pub mod status;
mod terminal_text;
pub mod text_lines;
pub mod title;
pub mod user_folders;
pub mod video;
mod watchdog;

pub use xenia_guest::GuestAddr;
#[cfg(feature = "window")]
pub use xenia_input as input;
pub use xenia_memory::GuestMemory;
pub use xenia_sched::Limits;
pub use xenia_state::{StateFile, Unsaveable};
#[doc(hidden)]
pub use xenia_wording as wording;
