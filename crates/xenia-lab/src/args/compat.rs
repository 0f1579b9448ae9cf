//! Arguments of the `compat` command.

use clap::Args;
use std::path::PathBuf;
use xenia::config::GpuKind;
use xenia_cli::numbers::{number_in, positive};
use xenia_sweep::MAX_SECONDS;

/// Arguments of `compat`.
#[derive(Clone, Debug, Args)]
pub struct CompatArgs {
    /// Folders of titles: executables, disc images, packages, archives, and folders with a
    /// default.xex, at any depth.
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Folder of the page, its pictures and the bug reports.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Run each title for this many seconds of host time.
    #[arg(long, value_name = "N", value_parser = number_in::<u64>(1..=MAX_SECONDS), default_value = "30")]
    pub seconds: u64,
    /// Number of titles that run at once.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "1")]
    pub jobs: u64,
    /// Largest memory of a title's process, in MiB.
    #[arg(long, value_name = "MIB", value_parser = positive, default_value = "4096")]
    pub memory: u64,
    /// GPU backend that draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// Run in lockstep: slower, and the same each time.
    #[arg(long)]
    pub lockstep: bool,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Write the results as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
