//! Arguments of `exec` and `check`: how a title runs, where the run ends, what it leaves behind.

use super::number;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
