//! Arguments of `shader`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use xenia_gpu::microcode::ShaderKind;

/// `shader`.
#[derive(Clone, Debug, Args)]
pub struct ShaderArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ShaderCommand,
}

/// What `shader` does.
#[derive(Clone, Debug, Subcommand)]
pub enum ShaderCommand {
    /// Assemble a shader to microcode (big-endian words).
    #[command(after_help = "\
Examples:
  echo 'mul oC0, r0, c[0]' | xenia-rs shader asm -
  xenia-rs shader asm water.s -o water.bin")]
    Asm(ShaderAsmArgs),
    /// Disassemble a shader object (.xvu, .xpu) or bare microcode, in the assembler's language.
    #[command(after_help = "\
Examples:
  xenia-rs shader dis Media/Shaders/SeaFloor.xvu
  xenia-rs shader dis water.bin --kind pixel")]
    Dis(ShaderDisArgs),
    /// Translate a shader for the host's GPU and say what it is bound to.
    #[command(after_help = "\
Examples:
  xenia-rs shader translate Media/Shaders/SeaFloor.xvu
  xenia-rs shader translate water.bin --wgsl")]
    Translate(ShaderTranslateArgs),
}

/// Which of the two kinds of shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShaderKindChoice {
    /// Runs per vertex.
    Vertex,
    /// Runs per pixel.
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

/// `shader asm`.
#[derive(Clone, Debug, Args)]
pub struct ShaderAsmArgs {
    /// Source file (`-` for standard input).
    pub source: PathBuf,
    /// Output file; without one, the words are printed.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `shader dis`.
#[derive(Clone, Debug, Args)]
pub struct ShaderDisArgs {
    /// The file.
    pub file: PathBuf,
    /// The shader's kind [default: what the object says, or else what the shader exports].
    #[arg(long, value_enum)]
    pub kind: Option<ShaderKindChoice>,
}

/// `shader translate`.
#[derive(Clone, Debug, Args)]
pub struct ShaderTranslateArgs {
    /// The file.
    pub file: PathBuf,
    /// The shader's kind [default: what the object says, or else what the shader exports].
    #[arg(long, value_enum)]
    pub kind: Option<ShaderKindChoice>,
    /// Print the translation as WGSL.
    #[arg(long)]
    pub wgsl: bool,
}
