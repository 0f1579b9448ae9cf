//! Arguments of `info`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `info`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// The title, package or profile database to describe: a file, or a title's folder.
    pub title: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
