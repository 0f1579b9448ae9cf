//! Arguments that let a debugger control the run.

use clap::Args;
use std::path::PathBuf;
use xenia::profile::MAX_PROFILE_RATE;
use xenia_cli::numbers::number_in;
use xenia_gdb::ServerAddress;
use xenia_kernel::imports::{CallFilter, CallFilterError};

/// Reads a filter of calls.
fn call_filter(text: &str) -> Result<CallFilter, String> {
    text.parse::<CallFilter>().map_err(|error| match error {
        CallFilterError::UnknownExport(_) => format!("{error} (`xenia-rs exports` lists the names)"),
        _ => error.to_string(),
    })
}

/// Flags for debuggers.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Debugging")]
pub struct DebugArgs {
    /// Wait for gdb before the title's first instruction, at a port of this host or at a socket
    /// file, and let it control the run. In gdb: `target remote :PORT`.
    #[arg(long, value_name = "PORT|unix:PATH")]
    pub gdb: Option<ServerAddress>,
    /// Write a line for each call of these exports: guest time, thread, arguments, result. Names
    /// with `*`, joined by commas; `xam:*` is a library, `-NAME` excludes, `all` is every call.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true, value_parser = call_filter)]
    pub trace_calls: Option<CallFilter>,
    /// Write these lines to a file instead of standard error.
    #[arg(long, value_name = "FILE", requires = "trace_calls")]
    pub trace_calls_to: Option<PathBuf>,
    /// Write where the run spends its time, by guest thread and function, with the kernel's,
    /// compiler's and devices' parts: for the Firefox profiler, as a flame graph (.svg), or as
    /// tables (.txt).
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Samples a second for --profile, 1 to 20000 (default: 500).
    #[arg(long, value_name = "N",
        value_parser = number_in::<u32>(1..=u64::from(MAX_PROFILE_RATE)))]
    pub profile_rate: Option<u32>,
}
