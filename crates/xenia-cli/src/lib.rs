//! Parts of the command line that the player (`xenia-rs`) and the workshop (`xenia-lab`) share:
//! flags of engines and runs, parsers of numbers, the end of a run, exit codes.
#![forbid(unsafe_code)]
// All output goes through `xenia::say`, which remembers write errors.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod conclude;
mod console_args;
mod engine_args;
pub mod exit;
pub mod numbers;
mod patch_args;
mod run_args;

pub use conclude::conclude;
pub use console_args::ConsoleArgs;
pub use engine_args::{ClockChoice, ContentArgs, CpuArgs, EngineArgs, ModeArgs};
pub use exit::Code;
pub use patch_args::PatchArgs;
pub use run_args::{RunArgs, limits};
