//! Arguments of the commands about the program itself: settings, completions, manual, tables.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `config`; without a flag both parts are shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct ConfigArgs {
    /// Show the folders, whether they exist or not.
    #[arg(long)]
    pub paths: bool,
    /// Show the settings from the settings file and the environment, in the format of a settings
    /// file.
    #[arg(long)]
    pub show: bool,
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to complete in.
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write one page for each command to this folder instead of the main page to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// The table to print (default: print the names of the tables).
    pub kind: Option<String>,
}
