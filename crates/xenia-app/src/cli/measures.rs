//! Arguments of what measures: `bench`, `scale`.

use super::{CpuArgs, ModeArgs, positive, small_number};
use clap::{Args, ValueEnum};
use std::fmt;
use std::path::PathBuf;

/// Who else runs the kernels in `bench`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// The same sources, built by the host's cc -O2.
    Native,
    /// The same sources, built for PowerPC by a cross gcc -O2 and run by qemu-ppc64 (or qemu-ppc).
    Qemu,
    /// Our interpreter, which measures kernels anyway, and programs only where it is asked for: it
    /// takes its time.
    Interp,
}

/// The functions of a generated title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TitleVariant {
    /// Loads, stores, 32-bit arithmetic, branches, calls.
    Plain,
    /// 64-bit loads, stores, arithmetic, shifts and compares; helpers save and restore registers.
    Wide,
    /// Jump tables: `bctr` within functions.
    Switches,
    /// Calls through tables of virtual functions.
    Virtual,
    /// Floating point of both precisions beside integers.
    Float,
    /// Plain functions, all of them on each of six hardware threads.
    Threads,
}

impl TitleVariant {
    /// As it is typed.
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

/// A generated title of `bench --much-code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MuchCode {
    /// How many functions it has.
    pub functions: u32,
    /// How often each of them is called.
    pub calls: u32,
    /// The kind of its functions.
    pub variant: TitleVariant,
}

/// Most functions: with up to 90 instructions each, code and data end below the image heap's end at
/// 0x9000_0000.
const MOST_FUNCTIONS: u32 = 400_000;

impl MuchCode {
    /// `FxC` or `FxC:VARIANT`.
    fn parse(text: &str) -> Result<Self, String> {
        let (size, variant) = text.split_once(':').unwrap_or((text, "plain"));
        let (functions, calls) =
            size.split_once('x').ok_or_else(|| format!("{text:?} is not FxC, such as 10000x400"))?;
        let (functions, calls) = (small_number(functions)?, small_number(calls)?);
        if !(1..=MOST_FUNCTIONS).contains(&functions) || calls == 0 {
            return Err(format!("from 1 to {MOST_FUNCTIONS} functions, called once or more"));
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

/// `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Runs of each kernel, program or title; minimum, median and maximum are reported.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "5")]
    pub runs: u64,
    /// Measure these beside our engines, in turn with them: kernels are built for that in a
    /// temporary folder. What is missing on this machine is said, and null in the JSON.
    #[arg(long, value_name = "PEERS", value_enum, value_delimiter = ',')]
    pub peers: Vec<Peer>,
    /// Measure programs that others wrote, instead of kernels; `cargo xtask programs` builds them.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true,
          default_missing_value = "target/programs")]
    pub programs: Option<PathBuf>,
    /// Measure generated titles instead of kernels: F functions of about 75 instructions that are
    /// called C times each, as much code as games have, which fits into no cache. FxC:VARIANT
    /// chooses what functions are like: plain, wide (64-bit instructions), switches (jump
    /// tables), virtual (calls through tables of objects), float, or threads (six of them, each
    /// calling all). CPU seconds of whole processes: natively, in the interpreter, at a first
    /// and a second start of the compiler.
    #[arg(long, value_name = "FxC[:VARIANT]", value_delimiter = ',', value_parser = MuchCode::parse,
          conflicts_with = "programs")]
    pub much_code: Vec<MuchCode>,
    /// Write the titles of --much-code (FxC.elf, for `exec`) and their C sources into this folder,
    /// and measure nothing.
    #[arg(long, value_name = "DIR", requires = "much_code")]
    pub keep: Option<PathBuf>,
    /// Only kernels, programs or titles whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw bars for each kernel, relative to native where that is measured, else to the
    /// interpreter.
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    #[command(flatten)]
    pub cpu: CpuArgs,
    #[command(flatten)]
    pub mode: ModeArgs,
}

/// What the workers of `scale` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScaleKind {
    /// Processes, each with a title of its own.
    Process,
    /// Sibling threads of one title, each on a hardware thread of its own.
    Thread,
}

impl ScaleKind {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Thread => "thread",
        }
    }
}

/// `scale`.
#[derive(Clone, Debug, Args)]
pub struct ScaleArgs {
    /// What the workers are.
    pub kind: ScaleKind,
    /// Numbers of workers, 1 among them.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = small_number, default_value = "1,2")]
    pub workers: Vec<u32>,
    /// Runs of each; speed-ups are their medians.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "5")]
    pub runs: u64,
    /// Run titles in lockstep: a claim about threads must then fail.
    #[arg(long)]
    pub lockstep: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw the speed-ups over the number of workers.
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Keep what every worker wrote, and all figures (runs.csv), in this folder.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// How much to count: segments of 65,536 numbers.
    #[arg(long, value_name = "N", value_parser = small_number, default_value = "8192")]
    pub segments: u32,
    /// A native worker: count part I of N, and print the answer.
    #[arg(long, hide = true, value_name = "I/N", value_parser = part)]
    pub native_part: Option<(u32, u32)>,
}

/// A part `I/N` of something.
fn part(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    parsed
        .filter(|&(number, of): &(u32, u32)| number < of)
        .ok_or_else(|| format!("{text:?} is no part of something"))
}
