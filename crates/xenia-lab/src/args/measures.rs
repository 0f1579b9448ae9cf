//! Arguments of the commands that measure: `bench` and `scale`.

use clap::{Args, ValueEnum};
use std::fmt;
use std::path::PathBuf;
use xenia_cli::numbers::{positive, small_number};
use xenia_cli::{CpuArgs, ModeArgs};

/// Other ways to run the kernels that `bench` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// The same sources compiled for the host by cc -O2.
    Native,
    /// The same sources compiled for PowerPC by a cross gcc -O2 and run by qemu-ppc64 (or
    /// qemu-ppc).
    Qemu,
    /// The interpreter. Kernels always include it; programs only on request, because it is slow.
    Interp,
}

/// Kinds of functions in a generated title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TitleVariant {
    /// Loads, stores, 32-bit arithmetic, branches, calls.
    Plain,
    /// 64-bit loads, stores, arithmetic, shifts and compares; helper functions save and restore
    /// registers.
    Wide,
    /// Jump tables: `bctr` within functions.
    Switches,
    /// Calls through virtual function tables.
    Virtual,
    /// Floating point of both precisions mixed with integers.
    Float,
    /// Plain functions, all of them called by each of six hardware threads.
    Threads,
}

impl TitleVariant {
    /// Spelling on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Wide => "wide",
            Self::Switches => "switches",
            Self::Virtual => "virtual",
            Self::Float => "float",
            Self::Threads => "threads",
        }
    }
}

/// Size and kind of a title that `bench --much-code` generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MuchCode {
    /// Number of functions.
    pub functions: u32,
    /// Number of calls of each function.
    pub calls: u32,
    /// Kind of the functions.
    pub variant: TitleVariant,
}

/// Largest number of functions: with up to 90 instructions each, code and data end below the image
/// heap's end at 0x9000_0000.
const MAX_FUNCTIONS: u32 = 400_000;

impl MuchCode {
    /// Parses `FxC` or `FxC:VARIANT`.
    fn parse(text: &str) -> Result<Self, String> {
        let (size, variant) = text.split_once(':').unwrap_or((text, "plain"));
        let (functions, calls) =
            size.split_once('x').ok_or_else(|| format!("{text:?} is not FxC, such as 10000x400"))?;
        let functions = small_number(functions)?;
        let calls = small_number(calls)?;
        if !(1..=MAX_FUNCTIONS).contains(&functions) || calls == 0 {
            return Err(format!("from 1 to {MAX_FUNCTIONS} functions, called once or more"));
        }
        Ok(Self { functions, calls, variant: TitleVariant::from_str(variant, false)? })
    }
}

impl fmt::Display for MuchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.functions, self.calls)?;
        match self.variant {
            TitleVariant::Plain => Ok(()),
            variant => write!(f, ":{}", variant.name()),
        }
    }
}

/// Arguments of `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Number of runs of each kernel, program or title; minimum, median and maximum are reported.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "5")]
    pub runs: u64,
    /// Measure these beside the engines, alternating with them; kernels are compiled for that in a
    /// temporary folder. A peer that is missing on this machine is reported, and is null in the
    /// JSON.
    #[arg(long, value_name = "PEERS", value_enum, value_delimiter = ',')]
    pub peers: Vec<Peer>,
    /// Measure programs by other authors instead of kernels, from this folder; `cargo xtask
    /// programs` builds them.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true,
          default_missing_value = "target/programs")]
    pub programs: Option<PathBuf>,
    /// Measure generated titles instead of kernels: F functions of about 75 instructions, each
    /// called C times, which is as much code as games have and does not fit into any cache.
    /// FxC:VARIANT chooses the kind of functions: plain, wide (64-bit instructions), switches (jump
    /// tables), virtual (calls through tables of objects), float, or threads (six of them, each
    /// calling all functions; also in parallel mode). Reports CPU seconds of whole processes:
    /// native, interpreter, and first and second start of the JIT.
    #[arg(long, value_name = "FxC[:VARIANT]", value_delimiter = ',', value_parser = MuchCode::parse,
          conflicts_with = "programs")]
    pub much_code: Vec<MuchCode>,
    /// Write the titles of --much-code (FxC.elf, for `exec`) and their C sources to this folder,
    /// without measuring.
    #[arg(long, value_name = "DIR", requires = "much_code")]
    pub keep: Option<PathBuf>,
    /// Measure only kernels, programs or titles whose name contains this text.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw a bar chart of the kernels, relative to native if that is measured, otherwise to the
    /// interpreter.
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub cpu: CpuArgs,
    #[command(flatten)]
    pub mode: ModeArgs,
}

/// Kinds of workers of `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScaleKind {
    /// Processes that run one title each.
    Process,
    /// Sibling threads of one title, each on its own hardware thread.
    Thread,
}

impl ScaleKind {
    /// Spelling on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Thread => "thread",
        }
    }
}

/// Arguments of `scale`.
#[derive(Clone, Debug, Args)]
pub struct ScaleArgs {
    /// Kind of workers.
    pub kind: ScaleKind,
    /// Numbers of workers to measure; 1 must be among them.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = small_number, default_value = "1,2")]
    pub workers: Vec<u32>,
    /// Number of runs of each; speed-ups are ratios of their medians.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "5")]
    pub runs: u64,
    /// Run titles in lockstep, where a speed-up of threads must fail.
    #[arg(long)]
    pub lockstep: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Plot the speed-ups over the number of workers.
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Keep the output of every worker and all measurements (runs.csv) in this folder.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// Amount of work: segments of 65,536 numbers.
    #[arg(long, value_name = "N", value_parser = small_number, default_value = "8192")]
    pub segments: u32,
    /// Internal: run as a native worker that counts part I of N and prints the answer.
    #[arg(long, hide = true, value_name = "I/N", value_parser = WorkPart::parse)]
    pub native_part: Option<WorkPart>,
}

/// A part of the work of `scale`: the segments whose number modulo `of` is `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkPart {
    /// Number of the part, from 0.
    pub number: u32,
    /// Number of parts.
    pub of: u32,
}

impl WorkPart {
    /// All of the work.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// Parses `I/N`, where I counts from 0.
    fn parse(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some(Self { number: number.parse().ok()?, of: of.parse().ok()? }));
        numbers
            .filter(|part| part.number < part.of)
            .ok_or_else(|| format!("{text:?} is not a part: give I/N"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_of_its_number_of_parts() {
        assert_eq!(WorkPart::parse("2/3"), Ok(WorkPart { number: 2, of: 3 }));
        for refused in ["3/3", "0/0", "1", "a/2", "1/", ""] {
            assert!(WorkPart::parse(refused).is_err(), "{refused}");
        }
    }
}
