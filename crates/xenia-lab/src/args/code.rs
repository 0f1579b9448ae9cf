//! Arguments of the commands that inspect and make guest code, and compare event logs.

use clap::Args;
use std::path::PathBuf;
use xenia_cli::numbers::{code_address, positive};

/// Arguments of `exports`.
#[derive(Clone, Debug, Args)]
pub struct ExportsArgs {
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Show only the exports that this list names: a name in each line, or a CSV file with a
    /// column `name`, and a column of 0 and 1 for each title. The exit code is 1 if one of them is
    /// neither done nor constant.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
}

/// Arguments of `dis`.
#[derive(Clone, Debug, Args)]
pub struct DisArgs {
    /// The title, or a flat binary with --base.
    pub title: PathBuf,
    /// Address of the first instruction (default: the entry point).
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub start: Option<u32>,
    /// Number of instructions.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "32")]
    pub count: u64,
    /// Treat the file as a flat binary that is loaded at this address.
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub base: Option<u32>,
    /// Print only basic mnemonics, not simplified ones.
    #[arg(long)]
    pub raw: bool,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Arguments of `asm`.
#[derive(Clone, Debug, Args)]
pub struct AsmArgs {
    /// Source file (`-` for standard input).
    pub source: PathBuf,
    /// Output file (default: print a listing).
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Address of the first byte.
    #[arg(long, value_name = "ADDR", value_parser = code_address, default_value = "0x82010000")]
    pub base: u32,
}

/// Arguments of `pack`.
#[derive(Clone, Debug, Args)]
pub struct PackArgs {
    /// A 32-bit big-endian PowerPC ELF built with guest/runtime.
    pub input: PathBuf,
    /// The XEX2 file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// First event log.
    pub a: PathBuf,
    /// Second event log.
    pub b: PathBuf,
}
