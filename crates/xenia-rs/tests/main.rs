//! Whole-program tests: each runs `xenia-rs` as a user does.

mod bench;
mod bug_reports;
mod compat;
mod contention;
mod damaged_states;
mod debugger;
mod drivers;
mod examples;
mod gdb;
mod hostile;
mod inputs;
mod killed;
mod libraries;
mod outputs;
mod scale;
mod settings;
mod sound;
mod state_slots;
mod sweep;
mod terminal;
mod utility_drive;
mod window;
