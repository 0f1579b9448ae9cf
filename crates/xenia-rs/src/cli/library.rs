//! Arguments of `library`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `library`.
#[derive(Clone, Debug, Args)]
pub struct LibraryArgs {
    /// Folders with titles, in addition to those of --folder.
    pub folders: Vec<PathBuf>,
    /// A folder with titles; may be given several times, and as a list in config.toml:
    /// `[library]`, `folder = ["/home/me/games"]`.
    #[arg(long, value_name = "DIR")]
    pub folder: Vec<PathBuf>,
    /// Examine all files again, also those that have not changed since the last time.
    #[arg(long)]
    pub rescan: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
