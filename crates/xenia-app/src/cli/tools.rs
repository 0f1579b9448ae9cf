//! Arguments of the commands beside `exec` and `check`.

use super::{CpuArgs, ModeArgs, Tier, number, seconds, small_number};
use clap::{Args, Subcommand, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

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
    #[arg(long, value_name = "ADDR", value_parser = number)]
    pub start: Option<u64>,
    /// Number of instructions.
    #[arg(long, value_name = "N", value_parser = number, default_value = "32")]
    pub count: u64,
    /// The file is a flat binary that starts at this address.
    #[arg(long, value_name = "ADDR", value_parser = number)]
    pub base: Option<u64>,
    /// Write the manual's mnemonics only, no simplified ones.
    #[arg(long)]
    pub raw: bool,
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
    #[arg(long, value_name = "ADDR", value_parser = number, default_value = "0x82010000")]
    pub base: u64,
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

/// `ls`.
#[derive(Clone, Debug, Args)]
pub struct LsArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// Write the list as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `extract`.
#[derive(Clone, Debug, Args)]
pub struct ExtractArgs {
    /// A disc image, a content package or an archive.
    pub image: PathBuf,
    /// The folder to write to; it is made, and no file in it is replaced.
    pub folder: PathBuf,
}

/// `make-iso`.
#[derive(Clone, Debug, Args)]
pub struct MakeIsoArgs {
    /// The folder that has default.xex and what goes with it.
    pub folder: PathBuf,
    /// The disc image to write; one that is there is replaced.
    pub image: PathBuf,
}

/// `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// A disc image, a content package, an archive or an executable.
    pub file: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A TOML file with the user's own retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Who would have signed a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PackageSigner {
    /// A console: saves.
    Con,
    /// The online service: what is downloaded.
    Live,
    /// The maker.
    Pirs,
}

/// `make-stfs`.
#[derive(Clone, Debug, Args)]
pub struct MakeStfsArgs {
    /// The folder to put into the package.
    pub folder: PathBuf,
    /// The package to write; one that is there is replaced.
    pub package: PathBuf,
    /// What users see; the folder's name unless given.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Of which title, in hexadecimal digits; that of the folder's default.xex unless given. A folder without one has to be told.
    #[arg(long, value_name = "ID", value_parser = hexadecimal)]
    pub title_id: Option<u32>,
    /// What it is: saved-game, add-on, update, arcade-title, demo and so on, or a number; arcade-title if there is a default.xex,
    /// else add-on.
    #[arg(long, value_name = "KIND", value_parser = content_kind)]
    pub kind: Option<u32>,
    /// Whose kind of package it is. No signature is made.
    #[arg(long, value_enum, default_value = "live")]
    pub signer: PackageSigner,
    /// Its picture (PNG).
    #[arg(long, value_name = "FILE")]
    pub thumbnail: Option<PathBuf>,
}

/// A number in hexadecimal digits, as title ids are written.
pub fn hexadecimal(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let parsed = u32::from_str_radix(digits, 16).ok().filter(|_| is_plain);
    parsed.ok_or_else(|| format!("{text:?} is not up to eight hexadecimal digits"))
}

/// What a package is, by name or number.
pub fn content_kind(text: &str) -> Result<u32, String> {
    let known = xenia_formats::stfs::kind_of(text).map(Ok);
    known.unwrap_or_else(|| small_number(text).map_err(|_| format!("{text:?} is no kind of package")))
}

/// Which engines `conformance` runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// The interpreter.
    Interp,
    /// The JIT.
    Jit,
    /// Both.
    #[default]
    Both,
}

/// `conformance`.
#[derive(Clone, Debug, Args)]
pub struct ConformanceArgs {
    /// Files or folders of annotated .s files.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Which engines run.
    #[arg(long, value_enum, default_value_t)]
    pub engine: EngineChoice,
    /// Which tier the JIT runs: `interp` is the same as --engine interp, `auto` is the function tier today.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Only cases whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// What fuzzed sequences are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzOracle {
    /// The interpreter; the JIT is tested.
    #[default]
    Interp,
    /// qemu-ppc64; the interpreter is tested, and by default the JIT against the interpreter.
    Qemu,
}

/// Engines that an outside oracle tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzEngine {
    /// The interpreter alone.
    Interp,
    /// The interpreter, and the JIT against it.
    #[default]
    Both,
}

/// MSR\[SF\] of fuzzed sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzMode {
    /// 32-bit mode.
    #[value(name = "0")]
    Clear,
    /// 64-bit mode.
    #[value(name = "1")]
    Set,
    /// In turn.
    #[default]
    Both,
}

/// `fuzz`.
#[derive(Clone, Debug, Args)]
pub struct FuzzArgs {
    /// Sequences to run [default: 100_000, or no limit with --seconds].
    #[arg(long, value_name = "N", value_parser = number)]
    pub blocks: Option<u64>,
    /// Begin no more sequences after this time.
    #[arg(long, value_name = "S", value_parser = number)]
    pub seconds: Option<u64>,
    /// Seed: the same seed gives the same sequences.
    #[arg(long, value_name = "S", value_parser = number, default_value = "1")]
    pub seed: u64,
    /// Run these seeds, both ends among them, one after another, --blocks of each.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with_all = ["seed", "seconds"])]
    pub seeds: Option<RangeInclusive<u64>>,
    /// Number of the first sequence, to go on where another run ended.
    #[arg(long, value_name = "N", value_parser = number, default_value = "0")]
    pub first: u64,
    /// What to compare with.
    #[arg(long, value_enum, default_value = "interp")]
    pub oracle: FuzzOracle,
    /// With --oracle qemu: engines to test.
    #[arg(long, value_enum, default_value = "both")]
    pub engine: FuzzEngine,
    /// With --oracle qemu: computation mode.
    #[arg(long, value_enum, default_value = "both")]
    pub sf: FuzzMode,
    /// Make failing sequences as small as can be.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub shrink: bool,
    /// Mismatches after which to stop.
    #[arg(long, value_name = "N", value_parser = number, default_value = "20")]
    pub max_mismatches: u64,
    /// Run the cases of this folder first, each from many states.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Write failing sequences, shrunk, into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Append the JSON as one line.
    #[arg(long, value_name = "FILE")]
    pub append: Option<PathBuf>,
    /// Run nothing: sum up the lines that --append wrote.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["blocks", "seconds", "append"])]
    pub merge: Vec<PathBuf>,
    /// Test only: compile one instruction wrongly.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// A range of seeds, or one.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{text:?} has no seed in it"));
    }
    Ok(first..=last)
}

/// Who else runs the kernels in `bench`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// The same sources, built by the host's cc -O2.
    Native,
    /// The same sources, built for PowerPC by a cross gcc -O2 and run by qemu-ppc64 (or qemu-ppc).
    Qemu,
    /// Our interpreter, which measures kernels anyway, and programs only where it is asked for: it takes its time.
    Interp,
}

/// `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Runs of each kernel or program; minimum, median and maximum are reported.
    #[arg(long, value_name = "N", value_parser = number, default_value = "5")]
    pub runs: u64,
    /// Measure these beside our engines, in turn with them: kernels are built for that in a temporary folder. What is missing on
    /// this machine is said, and null in the JSON.
    #[arg(long, value_name = "PEERS", value_enum, value_delimiter = ',')]
    pub peers: Vec<Peer>,
    /// Measure programs that others wrote, instead of kernels; `cargo xtask programs` builds them.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true,
          default_missing_value = "target/programs")]
    pub programs: Option<PathBuf>,
    /// Only kernels or programs whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Draw bars for each kernel, relative to native where that is measured, else to the interpreter.
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
    #[arg(long, value_name = "N", value_parser = number, default_value = "5")]
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

/// `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// First event log.
    pub a: PathBuf,
    /// Second event log.
    pub b: PathBuf,
}

/// `config`; without a flag it is both.
#[derive(Clone, Copy, Debug, Args)]
pub struct ConfigArgs {
    /// The folders, whether they are there or not.
    #[arg(long)]
    pub paths: bool,
    /// What the settings file and the environment set, as a settings file.
    #[arg(long)]
    pub show: bool,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder instead of the main page to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// Which table; without one, their names are printed.
    pub kind: Option<String>,
}

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
    #[arg(long, value_name = "N", value_parser = number)]
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

/// `jit dump`.
#[derive(Clone, Debug, Args)]
pub struct JitDumpArgs {
    /// The title.
    pub title: PathBuf,
    /// The guest address.
    #[arg(long, value_name = "ADDR", value_parser = number)]
    pub pc: u64,
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
