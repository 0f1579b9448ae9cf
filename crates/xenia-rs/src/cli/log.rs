//! Arguments that configure the log; every command has them.

use clap::{ArgAction, Args, ValueEnum};
use std::path::PathBuf;

/// Flags that configure the log.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Log more: once for progress, twice for each step.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Log errors only; a title's debug output and a run's summary are left out (--json still has
    /// the latter). A plain ELF program still prints its text.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log levels by target, in addition to RUST_LOG: `kernel=debug,gpu=off`, or one level for all.
    /// Targets are achievements, dialog, gpu, guest, kernel, memory, pads, popups, sched, vfs,
    /// watchdog, and modules such as xenia_jit.
    #[arg(long, alias = "log-level", global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Write the log to this file instead of standard error.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// When to colour text; NO_COLOR and CLICOLOR_FORCE are respected.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}

/// When to colour text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE forces colours elsewhere too.
    #[default]
    Auto,
    /// Always, also in files and pipes.
    Always,
    /// Never, not even on a terminal.
    Never,
}
