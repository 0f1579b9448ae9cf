//! Arguments about dialogs.

use clap::{Args, ValueEnum};

/// Who answers the console's dialogs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialogPolicy {
    /// Nobody: what the title suggests is taken.
    Accept,
    /// Nobody: each dialog is left.
    Cancel,
    /// Whoever sits before the window.
    Ask,
}

/// Flags about dialogs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Dialogs")]
pub struct DialogArgs {
    /// Who answers the console's dialogs: message boxes, its keyboard, who signs in, where is saved
    /// (default: ask in a window, accept without one).
    #[arg(long, value_enum, value_name = "WHO")]
    pub dialogs: Option<DialogPolicy>,
}
