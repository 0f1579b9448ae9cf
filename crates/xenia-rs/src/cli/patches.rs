//! Arguments of `patches`.

use clap::Args;
use std::path::PathBuf;
use xenia_cli::PatchArgs;

/// Arguments of `patches`.
#[derive(Clone, Debug, Args)]
pub struct PatchesArgs {
    /// The title whose patches are listed.
    #[arg(conflicts_with = "check")]
    pub title: Option<PathBuf>,
    /// Read all patch files of this folder, and report file and line of each fault.
    #[arg(long, value_name = "DIR")]
    pub check: Option<PathBuf>,
    #[command(flatten)]
    pub patches: PatchArgs,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
