//! Arguments of the `shader` command.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use xenia_gpu::microcode::ShaderKind;

/// Arguments of `shader`.
#[derive(Clone, Debug, Args)]
pub struct ShaderArgs {
    /// The operation to run.
    #[command(subcommand)]
    pub command: ShaderCommand,
}

/// Operations of `shader`.
#[derive(Clone, Debug, Subcommand)]
pub enum ShaderCommand {
    /// Assemble a shader to microcode (big-endian words).
    #[command(after_help = "\
Examples:
  echo 'mul oC0, r0, c[0]' | xenia-rs shader asm -
  xenia-rs shader asm water.s -o water.bin")]
    Asm(ShaderAsmArgs),
    /// Disassemble a shader object (.xvu, .xpu) or raw microcode, in the assembler's syntax.
    #[command(after_help = "\
Examples:
  xenia-rs shader dis Media/Shaders/SeaFloor.xvu
  xenia-rs shader dis water.bin --kind pixel")]
    Dis(ShaderDisArgs),
    /// Translate a shader for the host's GPU and list its bindings.
    #[command(after_help = "\
Examples:
  xenia-rs shader translate Media/Shaders/SeaFloor.xvu
  xenia-rs shader translate water.bin --wgsl")]
    Translate(ShaderTranslateArgs),
}

/// Kinds of shaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShaderKindChoice {
    /// Vertex shader, run once per vertex.
    Vertex,
    /// Pixel shader, run once per pixel.
    Pixel,
}

impl From<ShaderKindChoice> for ShaderKind {
    fn from(choice: ShaderKindChoice) -> Self {
        match choice {
            ShaderKindChoice::Vertex => Self::Vertex,
            ShaderKindChoice::Pixel => Self::Pixel,
        }
    }
}

/// Arguments of `shader asm`.
#[derive(Clone, Debug, Args)]
pub struct ShaderAsmArgs {
    /// Source file (`-` for standard input).
    pub source: PathBuf,
    /// Output file (default: print the words).
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `shader dis`.
#[derive(Clone, Debug, Args)]
pub struct ShaderDisArgs {
    /// The file to disassemble.
    pub file: PathBuf,
    /// Kind of shader [default: the kind in the object's header, otherwise inferred from its
    /// exports].
    #[arg(long, value_enum)]
    pub kind: Option<ShaderKindChoice>,
}

/// Arguments of `shader translate`.
#[derive(Clone, Debug, Args)]
pub struct ShaderTranslateArgs {
    /// The file to translate.
    pub file: PathBuf,
    /// Kind of shader [default: the kind in the object's header, otherwise inferred from its
    /// exports].
    #[arg(long, value_enum)]
    pub kind: Option<ShaderKindChoice>,
    /// Print the translation as WGSL.
    #[arg(long)]
    pub wgsl: bool,
}
