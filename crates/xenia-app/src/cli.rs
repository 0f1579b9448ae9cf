//! The command line: one clap definition feeds parser, help, man page and completions.
//!
//! Flags and JSON keys are a contract with scripts: they are added to, never renamed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  xenia-rs                                   the built-in demo, in a window where there is a display
  xenia-rs --headless --frames 120           the same without a window; writes the last frame as PNG
  xenia-rs exec game/default.xex             run a title
  xenia-rs exec t.xex --lockstep --frames 600 --json out.json
  xenia-rs exec t.xex --cross-check --frames 60
  xenia-rs check t.xex -n 2_000_000 --expect golden/t.json
  xenia-rs fuzz --blocks 1_000_000 --seed 1
  xenia-rs conformance jit-tests --engine both

Exit codes: 0 done or match, 1 mismatch or failed test, 2 wrong use or unreadable input,
3 guest crashed, 4 guest deadlocked (with --halt-on-deadlock).";

/// An Xbox 360 emulator: runs titles, checks itself, measures itself.
#[derive(Debug, Parser)]
#[command(name = "xenia-rs", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without one, runs TITLE or the built-in demo.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub exec: ExecArgs,
}

/// The program's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a title (the default command).
    Exec(Box<ExecArgs>),
    /// Run a title in lockstep and compare with a golden file.
    Check(Box<CheckArgs>),
    /// Describe a title: format, entry, imports and their state, digests.
    Info(InfoArgs),
    /// List every kernel export and variable with its status.
    Exports(ExportsArgs),
    /// Disassemble a title's address range.
    Dis(DisArgs),
    /// Assemble PowerPC source to a flat binary.
    Asm(AsmArgs),
    /// Pack a guest ELF into an XEX2 container.
    Pack(PackArgs),
    /// Run annotated assembler files on the engines.
    Conformance(ConformanceArgs),
    /// Run random instruction sequences on two engines and compare.
    Fuzz(FuzzArgs),
    /// Measure instructions per second.
    Bench(BenchArgs),
    /// Compare two event logs: longest matching prefix, first difference.
    Diff(DiffArgs),
}

/// Which GPU draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GpuKind {
    /// Software, exact; what `check` uses.
    #[default]
    Reference,
    /// Draws nothing; commands are still processed.
    None,
}

/// Unit after which `--cross-check` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CrossCheckUnit {
    /// After every basic block.
    Block,
    /// After every instruction.
    Instr,
    /// After every visit of a hardware thread.
    Quantum,
}

/// `--reservations-table` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReservationsTable {
    /// Commits of other hardware threads end reservations.
    #[value(name = "1", alias = "on")]
    On,
    /// Not used.
    #[value(name = "0", alias = "off")]
    Off,
    /// Plain stores of other threads end them too.
    Strict,
}

/// Which compiled tier runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// The interpreter only.
    Interp,
    /// The function tier for everything warm.
    Function,
    /// What is best.
    #[default]
    Auto,
}

/// Flags that choose how guest code runs; shared by `exec`, `check` and `bench`.
#[derive(Clone, Debug, Default, Args)]
pub struct EngineArgs {
    /// Run everything in the interpreter.
    #[arg(long, conflicts_with_all = ["jit", "cross_check"])]
    pub interp: bool,
    /// Compile guest code to host code (the default).
    #[arg(long, conflicts_with = "cross_check")]
    pub jit: bool,
    /// Run the JIT and the interpreter side by side and stop at the first difference.
    #[arg(long, value_name = "UNIT", num_args = 0..=1, require_equals = true, default_missing_value = "block")]
    pub cross_check: Option<CrossCheckUnit>,
    /// Which compiled tier runs.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Process GPU commands on the CPU's thread.
    #[arg(long)]
    pub gpu_inline: bool,
    /// Keep reservations in the machine-wide table.
    #[arg(
        long,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        env = "XENIA_RESERVATIONS_TABLE"
    )]
    pub reservations_table: Option<ReservationsTable>,
    /// Order in which hardware threads are visited: fixed, seeded:N, scan-quantum:N, replay:FILE.
    #[arg(long, value_name = "ORDER", env = "XENIA_SCHED_ORDER")]
    pub sched_order: Option<String>,
    /// Instructions per visit.
    #[arg(long, value_name = "N", value_parser = number, env = "XENIA_SCHED_QUANTUM")]
    pub quantum: Option<u64>,
    /// Contention points of a recorded run to reproduce.
    #[arg(long, value_name = "FILE", env = "XENIA_CONTENTION_MANIFEST_PATH")]
    pub contention_manifest: Option<PathBuf>,
    /// Stop at a deadlock instead of trying to go on.
    #[arg(long)]
    pub halt_on_deadlock: bool,
    /// A TOML file with the user's own retail key (default: keys.toml in the config folder).
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Test only: compile one instruction wrongly, to see that --cross-check finds it.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// Flags that say where a run ends and what it leaves behind.
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {
    /// End after this many swaps.
    #[arg(long, value_name = "N", value_parser = number)]
    pub frames: Option<u64>,
    /// End after this many guest instructions.
    #[arg(short = 'n', long = "instructions", value_name = "N", value_parser = number)]
    pub instructions: Option<u64>,
    /// Write the run's figures as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the deterministic event log.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// Write every frame as PNG into this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
}

/// `exec`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecArgs {
    /// An .xex, an .elf or a folder with default.xex; without one, the built-in demo.
    pub title: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub run: RunArgs,
    /// One host thread, guest time from instruction counts: bit-for-bit repeatable.
    #[arg(long)]
    pub lockstep: bool,
    /// No window.
    #[arg(long)]
    pub headless: bool,
    /// Which GPU draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
}

/// `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The title.
    pub title: PathBuf,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub run: RunArgs,
    /// The golden file.
    #[arg(long, value_name = "FILE")]
    pub expect: PathBuf,
    /// Write the golden file instead of comparing.
    #[arg(long)]
    pub bless: bool,
}

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
    /// Only cases whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `fuzz`.
#[derive(Clone, Debug, Args)]
pub struct FuzzArgs {
    /// Sequences to run.
    #[arg(long, value_name = "N", value_parser = number, default_value = "100_000")]
    pub blocks: u64,
    /// Seed: the same seed gives the same sequences.
    #[arg(long, value_name = "S", value_parser = number, default_value = "1")]
    pub seed: u64,
    /// Write failing sequences, shrunk, into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Test only: compile one instruction wrongly.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// Runs of each kernel; minimum, median and maximum are reported.
    #[arg(long, value_name = "N", value_parser = number, default_value = "5")]
    pub runs: u64,
    /// Only kernels whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// First event log.
    pub a: PathBuf,
    /// Second event log.
    pub b: PathBuf,
}

/// A decimal or 0x-hexadecimal number that may carry underscores.
pub fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.map_err(|_| format!("{text:?} is no number (decimal or 0x…, underscores allowed)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn exec_flags_work_without_the_word_exec() {
        let cli = Cli::try_parse_from(["xenia-rs", "--headless", "--frames", "1_20", "t.xex"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.exec.run.frames, Some(120));
        assert_eq!(cli.exec.title, Some("t.xex".into()));
    }

    #[test]
    fn cross_check_takes_an_optional_unit() {
        for (flag, unit) in
            [("--cross-check", CrossCheckUnit::Block), ("--cross-check=instr", CrossCheckUnit::Instr)]
        {
            let cli = Cli::try_parse_from(["xenia-rs", "exec", "t.xex", flag]).unwrap();
            let Some(Command::Exec(exec)) = cli.command else { panic!("not exec") };
            assert_eq!(exec.engine.cross_check, Some(unit));
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number("2_000_000"), Ok(2_000_000));
        assert_eq!(number("0x8201_0000"), Ok(0x8201_0000));
        assert!(number("12k").is_err());
    }
}
