//! Whole-program tests: each runs `xenia-rs` as a user does. Some subjects need a Unix: links,
//! rights of files, pipes, signals, terminals, X11, memory use from /proc.

#[cfg(unix)]
mod bench;
mod bug_reports;
mod compat;
mod contention;
mod damaged_states;
mod debugger;
mod drivers;
#[cfg(unix)]
mod examples;
mod gdb;
#[cfg(unix)]
mod handlers;
#[cfg(unix)]
mod hostile;
mod inputs;
mod killed;
mod libraries;
#[cfg(unix)]
mod outputs;
mod scale;
#[cfg(unix)]
mod settings;
mod sound;
mod state_slots;
mod sweep;
#[cfg(unix)]
mod terminal;
mod utility_drive;
#[cfg(unix)]
mod window;
