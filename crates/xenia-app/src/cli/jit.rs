//! Arguments of what looks into the compiler, and compiles ahead.

use super::{code_address, positive, seconds};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// `jit`.
#[derive(Clone, Debug, Args)]
pub struct JitArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: JitCommand,
}

/// What `jit` does.
#[derive(Clone, Debug, Subcommand)]
pub enum JitCommand {
    /// Show guest assembly, CLIF and host assembly of the code at an address.
    #[command(after_help = "\
Examples:
  xenia-rs jit dump t.xex --pc 0x8201_0000
  xenia-rs jit dump t.xex --pc 0x8201_0040 --unit instr")]
    Dump(JitDumpArgs),
}

/// How much is compiled together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum JitUnit {
    /// The function around the address.
    #[default]
    Function,
    /// The basic block from the address on.
    Block,
    /// The instruction.
    Instr,
}

/// `jit dump`.
#[derive(Clone, Debug, Args)]
pub struct JitDumpArgs {
    /// The title.
    pub title: PathBuf,
    /// The guest address.
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub pc: u32,
    /// How much is compiled together.
    #[arg(long, value_enum, default_value_t)]
    pub unit: JitUnit,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// `precompile`.
#[derive(Clone, Debug, Args)]
pub struct PrecompileArgs {
    /// The title.
    pub title: PathBuf,
    /// Compile for `exec --lockstep`, which keeps its code apart, instead of for play.
    #[arg(long)]
    pub lockstep: bool,
    /// Where compiled code is kept (default: `code` in the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CODE_CACHE")]
    pub code_cache: Option<PathBuf>,
    /// Host threads (default: one for each of the host's processors).
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<u64>,
    /// End after this many seconds of the host's time, with what is done by then.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
