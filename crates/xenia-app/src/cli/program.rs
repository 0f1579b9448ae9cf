//! Arguments of what is about the program itself: settings, completions, manual, tables.

use clap::Args;
use std::path::PathBuf;

/// `config`; without a flag it is both.
#[derive(Clone, Copy, Debug, Args)]
pub struct ConfigArgs {
    /// The folders, whether they are there or not.
    #[arg(long)]
    pub paths: bool,
    /// What the settings file and the environment set, as a settings file.
    #[arg(long)]
    pub show: bool,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder instead of the main page to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// Which table; without one, their names are printed.
    pub kind: Option<String>,
}
