//! Arguments of `exec` and `check`: how a title runs, where the run ends, what it leaves behind.

use super::{
    DialogArgs, InputArgs, NetworkKind, SoundArgs, StartTime, WindowArgs, number, number_of_frames, seconds,
    small_number,
};
use crate::title::discs::NamedDisc;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Which GPU draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GpuKind {
    /// In a window the host's GPU or its software driver, unless the run is recorded, replayed or
    /// logged; else, and without a window, the reference.
    #[default]
    Auto,
    /// Software, exact; what `check` uses.
    Reference,
    /// The host's GPU, or its software driver; fast, with rounding of its own.
    Wgpu,
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

/// `--compile` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compile {
    /// A host thread of its own compiles, and the guest goes on in the interpreter meanwhile.
    Background,
    /// The guest waits for its code.
    Wait,
}

/// Which tier runs guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// The interpreter only.
    Interp,
    /// The baseline tier: all code is compiled at first sight, quickly.
    Baseline,
    /// The optimizing tier for everything warm; the rest is interpreted.
    Function,
    /// The baseline tier at first sight, and the optimizing tier for what is hot.
    #[default]
    Auto,
}

/// What guest time follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// Executed instructions (the default in lockstep).
    Guest,
    /// The host's clock (with --parallel, where it is the default).
    Host,
}

/// Flags that choose the engine; shared by `exec`, `check` and `bench`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub struct CpuArgs {
    /// Run everything in the interpreter (the same as --tier interp).
    #[arg(long, conflicts_with_all = ["jit", "cross_check", "tier"])]
    pub interp: bool,
    /// Compile guest code to host code (the default).
    #[arg(long, conflicts_with = "cross_check")]
    pub jit: bool,
    /// Run the JIT and the interpreter side by side and stop at the first difference.
    #[arg(long, value_name = "UNIT", num_args = 0..=1, require_equals = true, default_missing_value = "block")]
    pub cross_check: Option<CrossCheckUnit>,
    /// Which tier runs guest code.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Whether the guest waits while its code is compiled: a guest can't tell, and ends up the
    /// same. Without this it doesn't in parallel, and does in lockstep.
    #[arg(long, value_enum, value_name = "HOW", conflicts_with_all = ["interp", "cross_check"])]
    pub compile: Option<Compile>,
    /// Let the optimizing tier compile code once each instruction of it has run this often on
    /// average (1,000,000 in loops of the baseline tier, 1 with --cross-check; with --tier
    /// function 1000 in the interpreter, 500 with --compile background, 4 with --cross-check);
    /// 0 compiles everything before it runs.
    #[arg(long, value_name = "N", value_parser = small_number, conflicts_with = "interp")]
    pub warm_up: Option<u32>,
    /// Keep reservations in the machine-wide table. With --parallel always, unless this says
    /// otherwise.
    #[arg(
        long,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        env = "XENIA_RESERVATIONS_TABLE"
    )]
    pub reservations_table: Option<ReservationsTable>,
    /// Registers are exact when a load or store faults. Changes nothing today: the interpreter and
    /// the function tier are always precise.
    #[arg(long)]
    pub precise_faults: bool,
    /// Name compiled code in /tmp/perf-PID.map, so that `perf report` shows guest functions.
    #[arg(long, conflicts_with = "interp")]
    pub perf_map: bool,
    /// Write compiled code with its names to /tmp/jit-PID.dump: after `perf record -k 1`, `perf
    /// inject --jit` makes of it what `perf annotate` shows.
    #[arg(long, conflicts_with = "interp")]
    pub jitdump: bool,
    /// Test only: compile one instruction wrongly, to see that --cross-check finds it.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// Flags that choose how many host threads run the guest; shared by `exec`, `check` and `bench`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Executor")]
pub struct ModeArgs {
    /// One host thread, guest time from instruction counts: bit-for-bit repeatable. The default
    /// without a window and where a flag asks for what repeats, and always what `check` does.
    #[arg(long, conflicts_with = "parallel")]
    pub lockstep: bool,
    /// A host thread for each hardware thread, guest time from the host's clock. Not repeatable.
    /// The default in a window.
    #[arg(long)]
    pub parallel: bool,
    /// Hardware threads wait for each other at the end of each quantum (with --parallel).
    #[arg(long)]
    pub barrier: bool,
    /// What guest time follows.
    #[arg(long, value_enum)]
    pub clock: Option<Clock>,
}

/// Flags that say where titles' saves are; shared by `exec`, `check` and `trace record`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Saves")]
pub struct ContentArgs {
    /// Keep profiles, saved games and what titles write to the hard disk in this folder (default:
    /// `content` in the user's data folder; in lockstep, which is to repeat, nowhere).
    #[arg(long, value_name = "DIR", env = "XENIA_CONTENT", conflicts_with_all = ["fresh", "portable"])]
    pub content: Option<PathBuf>,
    /// Begin without saves, and keep none.
    #[arg(long, conflicts_with = "portable")]
    pub fresh: bool,
    /// Keep saves beside the program, in the folder `content`.
    #[arg(long)]
    pub portable: bool,
}

impl ContentArgs {
    /// Whether saves of before are wanted.
    pub fn is_given(&self) -> bool {
        self.content.is_some() || self.portable
    }
}

/// Flags that choose how a title runs; shared by `exec` and `check`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub struct EngineArgs {
    #[command(flatten)]
    pub cpu: CpuArgs,
    #[command(flatten)]
    pub mode: ModeArgs,
    /// Draw on the CPU's thread, not on one of the backend's own.
    #[arg(long, help_heading = "Engine")]
    pub gpu_inline: bool,
    /// Order in which hardware threads are visited: fixed (the default), seeded:N, scan-quantum:N,
    /// replay:FILE.
    #[arg(long, help_heading = "Executor", value_name = "ORDER", env = "XENIA_SCHED_ORDER")]
    pub sched_order: Option<String>,
    /// Instructions per visit (default: 50,000).
    #[arg(long, help_heading = "Executor", value_name = "N", value_parser = number, env = "XENIA_SCHED_QUANTUM")]
    pub quantum: Option<u64>,
    /// Contention points of a recorded run to reproduce.
    #[arg(long, help_heading = "Executor", value_name = "FILE", env = "XENIA_CONTENTION_MANIFEST_PATH")]
    pub contention_manifest: Option<PathBuf>,
    /// Stop at a deadlock instead of trying to go on.
    #[arg(long, help_heading = "Executor")]
    pub halt_on_deadlock: bool,
    /// When guest time begins: a date such as 2008-11-22, with or without T10:30:00, in UTC, or
    /// `now` (default: in lockstep 2020-11-16T11:33:20, with --parallel now).
    #[arg(long, help_heading = "Executor", value_name = "TIME")]
    pub start_time: Option<StartTime>,
    /// The licence that the title has, a bit each; 1: the full version (default: its package's own;
    /// titles on discs and in folders have none).
    #[arg(long, help_heading = "Executor", value_name = "MASK", value_parser = small_number)]
    pub license: Option<u32>,
    /// The network that a title's sockets are on. Nothing leaves the machine but with `host`, which
    /// needs --parallel.
    #[arg(long, help_heading = "Executor", value_enum, default_value_t)]
    pub network: NetworkKind,
    /// Keep compiled code in this folder for the title's next start; off: don't (default: `code` in
    /// the user's cache folder; where runs are compared, nowhere). What is in it is run, so it
    /// must belong to you alone.
    #[arg(long, help_heading = "Engine", value_name = "DIR|off", env = "XENIA_CODE_CACHE")]
    pub code_cache: Option<PathBuf>,
    #[command(flatten)]
    pub content: ContentArgs,
    /// The folder that the title sees as game:, read-only (default: the executable's own, if it is
    /// a title's).
    #[arg(long, help_heading = "Run", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Another disc of the title, which it gets when it asks for it: its number and its image or
    /// folder. May be given several times.
    #[arg(long, help_heading = "Run", value_name = "N=FILE")]
    pub disc: Vec<NamedDisc>,
    /// A TOML file with the user's own retail key (default: keys.toml in the config folder).
    #[arg(long, help_heading = "Engine", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Flags that say where a run ends, what goes in and what it leaves behind.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// End after this many swaps.
    #[arg(long, value_name = "N", value_parser = number_of_frames)]
    pub frames: Option<u64>,
    /// With --frames: give up, as at a deadlock (exit code 4), when no swap comes for this many
    /// seconds of guest time; 0 waits for ever.
    #[arg(long, value_name = "SECONDS", value_parser = number, default_value = "60")]
    pub swap_timeout: u64,
    /// End after this many guest instructions; 0 only loads the title.
    #[arg(short = 'n', long = "instructions", value_name = "N", value_parser = number)]
    pub instructions: Option<u64>,
    /// End after this many seconds of the host's time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Write the run's figures as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the deterministic event log.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// Write what the title itself says (DbgPrint) to this file, or with `off` nowhere; else it is
    /// part of the log.
    #[arg(long, value_name = "FILE|off")]
    pub guest_log: Option<PathBuf>,
    /// Write every frame as PNG into this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
    /// Write everything from outside that reaches the guest (controllers, answers to dialogs), with
    /// its guest time, as JSON lines.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Feed a recording back: the same title and limits end in the same digest.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Write each contention for a critical section as JSON lines, which --contention-manifest
    /// repeats.
    #[arg(long, value_name = "FILE")]
    pub record_contention: Option<PathBuf>,
    /// After this many seconds of host time print every guest thread: what it waits for, pc, lr,
    /// stack. The run goes on; the guest can't notice.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub dump_threads_after: Option<Duration>,
}

/// `exec`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecArgs {
    /// An .xex, an .elf, a disc image, a content package, an archive (ZIP, ZAR), or a folder with
    /// default.xex or one other .xex; without one, the built-in demo.
    pub title: Option<PathBuf>,
    /// What the title gets on its command line, after its own name.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    /// Compile the title's code before it runs, on all processors: what has loops without calls, or
    /// much floating point. It is kept for the next start (--code-cache), which compiles only
    /// what is new.
    #[arg(long, help_heading = "Engine", conflicts_with_all = ["interp", "cross_check"])]
    pub precompile: bool,
    #[command(flatten)]
    pub picture: PictureArgs,
    #[command(flatten)]
    pub window: WindowArgs,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub dialogs: DialogArgs,
    #[command(flatten)]
    pub sound: SoundArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

impl ExecArgs {
    /// Whether somebody means to compare this run with another.
    pub fn is_compared(&self) -> bool {
        self.run.record.is_some() || self.run.replay.is_some() || self.run.event_log.is_some()
    }

    /// Whether a flag asks for what only lockstep has: a run that repeats, rounds in an order, an
    /// exact end.
    pub fn wants_lockstep(&self) -> bool {
        let EngineArgs { cpu, mode, sched_order, contention_manifest, .. } = &self.engine;
        mode.lockstep
            || mode.clock == Some(Clock::Guest)
            || cpu.cross_check.is_some()
            || sched_order.is_some()
            || contention_manifest.is_some()
            || self.run.instructions.is_some()
            || self.is_compared()
    }
}

/// Flags about the picture.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Picture")]
pub struct PictureArgs {
    /// No window.
    #[arg(long)]
    pub headless: bool,
    /// Write the last frame that was shown as PNG.
    #[arg(long, value_name = "FILE")]
    pub last_frame: Option<PathBuf>,
    /// Which GPU draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// Leave draws out, rather than wait, while their pipelines are compiled in the background (not
    /// with --gpu reference or none). What a title draws then depends on the host's speed.
    #[arg(long)]
    pub async_pipelines: bool,
    /// Test only: lose the host's graphics device at the draws with these numbers (--gpu wgpu).
    #[arg(long, hide = true, value_name = "N,N", value_delimiter = ',', value_parser = number)]
    pub lose_device: Vec<u64>,
    /// Where what --gpu wgpu compiles is kept for the next start (default: the user's cache
    /// folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CACHE")]
    pub cache: Option<PathBuf>,
}

/// `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The title.
    pub title: PathBuf,
    /// The golden file. Without -n and --frames the run goes to the limit that the file names.
    #[arg(long, value_name = "FILE")]
    pub expect: PathBuf,
    /// `check` never has a window.
    #[arg(long, hide = true)]
    pub headless: bool,
    /// Write the golden file instead of comparing.
    #[arg(long)]
    pub bless: bool,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}
