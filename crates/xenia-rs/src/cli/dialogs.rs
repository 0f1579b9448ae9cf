//! Arguments that configure the console's dialogs.

use clap::Args;
use xenia::config::DialogPolicy;

/// Flags that configure the console's dialogs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Dialogs")]
pub struct DialogArgs {
    /// How dialogs of the console are answered: message boxes, the on-screen keyboard, sign-in and
    /// the choice of a storage device (default: ask in a window, accept without one).
    #[arg(long, value_enum, value_name = "WHO")]
    pub dialogs: Option<DialogPolicy>,
}
