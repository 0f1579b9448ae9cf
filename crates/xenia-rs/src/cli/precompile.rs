//! Arguments of `precompile`.

use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use xenia_cli::PatchArgs;
use xenia_cli::numbers::{positive, seconds};

/// Arguments of `precompile`.
#[derive(Clone, Debug, Args)]
pub struct PrecompileArgs {
    /// The title to compile.
    pub title: PathBuf,
    /// Compile for `exec --lockstep`, whose compiled code is kept separately, instead of for play.
    #[arg(long)]
    pub lockstep: bool,
    /// Folder of compiled code (default: `code` in the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CODE_CACHE")]
    pub code_cache: Option<PathBuf>,
    /// Number of host threads (default: one for each processor of the host).
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<u64>,
    /// End after this many seconds of host time and keep the code compiled by then.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[command(flatten)]
    pub patches: PatchArgs,
}
