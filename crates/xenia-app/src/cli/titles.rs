//! Arguments of what looks into titles and their runs, and makes executables.

use super::{code_address, positive};
use clap::Args;
use std::path::PathBuf;

/// `info`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// The file to describe.
    pub title: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// `exports`.
#[derive(Clone, Debug, Args)]
pub struct ExportsArgs {
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `dis`.
#[derive(Clone, Debug, Args)]
pub struct DisArgs {
    /// The title, or a flat binary with --base.
    pub title: PathBuf,
    /// First address (default: the entry point).
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub start: Option<u32>,
    /// Number of instructions.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "32")]
    pub count: u64,
    /// The file is a flat binary that starts at this address.
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub base: Option<u32>,
    /// Write the manual's mnemonics only, no simplified ones.
    #[arg(long)]
    pub raw: bool,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// `asm`.
#[derive(Clone, Debug, Args)]
pub struct AsmArgs {
    /// Source file (`-` for standard input).
    pub source: PathBuf,
    /// Output file; without one, a listing is printed.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Address of the first byte.
    #[arg(long, value_name = "ADDR", value_parser = code_address, default_value = "0x82010000")]
    pub base: u32,
}

/// `pack`.
#[derive(Clone, Debug, Args)]
pub struct PackArgs {
    /// A 32-bit big-endian PowerPC ELF built with guest/runtime.
    pub input: PathBuf,
    /// The XEX2 file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// First event log.
    pub a: PathBuf,
    /// Second event log.
    pub b: PathBuf,
}
