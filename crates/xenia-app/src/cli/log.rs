//! Arguments about the log, of every command.

use crate::log::Color;
use clap::{ArgAction, Args};
use std::path::PathBuf;

/// Flags about the log.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Say more: what is going on; twice, each step.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say less: errors only, neither what the title writes nor a run's figures, which --json has.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// What is logged, by target, on top of RUST_LOG: `kernel=debug,gpu=off`, or a level for all.
    /// Targets are achievements, dialog, gpu, guest, kernel, memory, pads, sched, vfs,
    /// watchdog, and modules such as xenia_jit.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Write the log to this file, not to standard error.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// When text is coloured; NO_COLOR and CLICOLOR_FORCE are heeded.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
}
