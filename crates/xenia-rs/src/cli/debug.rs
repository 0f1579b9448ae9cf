//! Arguments that let a debugger control the run.

use clap::Args;
use xenia_gdb::ServerAddress;

/// Flags for debuggers.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Debugging")]
pub struct DebugArgs {
    /// Wait for gdb before the title's first instruction, at a port of this host or at a socket
    /// file, and let it control the run. In gdb: `target remote :PORT`.
    #[arg(long, value_name = "PORT|unix:PATH")]
    pub gdb: Option<ServerAddress>,
}
