//! Arguments of the commands that inspect the JIT and compile ahead: `jit` and `precompile`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use xenia_cli::numbers::code_address;

/// Arguments of `jit`.
#[derive(Clone, Debug, Args)]
pub struct JitArgs {
    /// The operation to run.
    #[command(subcommand)]
    pub command: JitCommand,
}

/// Operations of `jit`.
#[derive(Clone, Debug, Subcommand)]
pub enum JitCommand {
    /// Print guest assembly, CLIF and host assembly of the code at an address.
    #[command(after_help = "\
Examples:
  xenia-rs jit dump t.xex --pc 0x8201_0000
  xenia-rs jit dump t.xex --pc 0x8201_0040 --unit instr")]
    Dump(JitDumpArgs),
}

/// Units of compilation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum JitUnit {
    /// The function around the address.
    #[default]
    Function,
    /// The basic block that starts at the address.
    Block,
    /// The instruction at the address.
    Instr,
}

/// Arguments of `jit dump`.
#[derive(Clone, Debug, Args)]
pub struct JitDumpArgs {
    /// The title to load.
    pub title: PathBuf,
    /// Guest address of the code.
    #[arg(long, value_name = "ADDR", value_parser = code_address)]
    pub pc: u32,
    /// Unit of compilation.
    #[arg(long, value_enum, default_value_t)]
    pub unit: JitUnit,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
