//! Arguments of `exec` and `check`: how a title runs, when the run ends and which files it writes.

use super::{DialogArgs, InputArgs, SoundArgs, WindowArgs, number, number_of_frames, seconds, small_number};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use xenia::config::{Compile, CrossCheckUnit, GpuKind, NetworkKind, ReservationsTable, StartTime, Tier};
use xenia::title::discs::NamedDisc;

/// Time sources of the guest's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// The number of executed instructions (the default in lockstep).
    Guest,
    /// The host's clock (only with --parallel, where it is the default).
    Host,
}

/// Flags that choose the execution engine; shared by `exec`, `check` and `bench`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub struct CpuArgs {
    /// Run everything in the interpreter (the same as --tier interp).
    #[arg(long, conflicts_with_all = ["jit", "cross_check", "tier"])]
    pub interp: bool,
    /// Compile guest code to host code with the JIT (the default).
    #[arg(long, conflicts_with = "cross_check")]
    pub jit: bool,
    /// Run the JIT and the interpreter side by side and stop at the first difference.
    #[arg(long, value_name = "UNIT", num_args = 0..=1, require_equals = true, default_missing_value = "block")]
    pub cross_check: Option<CrossCheckUnit>,
    /// Tier that executes guest code.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Whether the guest waits while its code is compiled (default: in lockstep it waits, with
    /// --parallel it does not). The choice does not change the guest's results.
    #[arg(long, value_enum, value_name = "HOW", conflicts_with_all = ["interp", "cross_check"])]
    pub compile: Option<Compile>,
    /// Average number of executions of each instruction after which the optimizing tier compiles
    /// its code (default: 1,000,000 in loops of the baseline tier, 1 with --cross-check; with
    /// --tier function 1000 in the interpreter, 500 with --compile background, 4 with
    /// --cross-check). 0 compiles all code before it runs.
    #[arg(long, value_name = "N", value_parser = small_number, conflicts_with = "interp")]
    pub warm_up: Option<u32>,
    /// Keep reservations (lwarx, stwcx.) in a table that all hardware threads share (default: on
    /// with --parallel, off in lockstep).
    #[arg(
        long,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        env = "XENIA_RESERVATIONS_TABLE"
    )]
    pub reservations_table: Option<ReservationsTable>,
    /// Keep registers exact at a faulting load or store. Has no effect today, because the
    /// interpreter and the optimizing tier are always precise.
    #[arg(long)]
    pub precise_faults: bool,
    /// Write the names of compiled code to /tmp/perf-PID.map, so that `perf report` shows guest
    /// functions.
    #[arg(long, conflicts_with = "interp")]
    pub perf_map: bool,
    /// Write compiled code and its names to /tmp/jit-PID.dump, for `perf annotate`: run `perf
    /// record -k 1`, then `perf inject --jit`.
    #[arg(long, conflicts_with = "interp")]
    pub jitdump: bool,
    /// For tests only: compile one instruction wrongly, to check that --cross-check finds it.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// Flags that choose how the guest's hardware threads are scheduled on host threads; shared by
/// `exec`, `check` and `bench`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Executor")]
pub struct ModeArgs {
    /// Run the guest on one host thread, with guest time counted in instructions: repeatable bit
    /// for bit (the default without a window, and with flags that ask for a repeatable run; `check`
    /// always does).
    #[arg(long, conflicts_with = "parallel")]
    pub lockstep: bool,
    /// Run each hardware thread on a host thread, with guest time from the host's clock: not
    /// repeatable (the default in a window).
    #[arg(long)]
    pub parallel: bool,
    /// Make the hardware threads wait for each other at the end of each time slice (with
    /// --parallel).
    #[arg(long)]
    pub barrier: bool,
    /// Source of guest time.
    #[arg(long, value_enum)]
    pub clock: Option<Clock>,
}

/// Flags that choose where titles' saves are kept; shared by `exec`, `check` and `trace record`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Saves")]
pub struct ContentArgs {
    /// Keep profiles, saved games and the files that titles write to the hard disk in this folder
    /// (default: `content` in the user's data folder; in lockstep they are not kept, so that runs
    /// repeat).
    #[arg(long, value_name = "DIR", env = "XENIA_CONTENT", conflicts_with_all = ["fresh", "portable"])]
    pub content: Option<PathBuf>,
    /// Start without saves and discard those that the run makes.
    #[arg(long, conflicts_with = "portable")]
    pub fresh: bool,
    /// Keep saves in the folder `content` beside the program.
    #[arg(long)]
    pub portable: bool,
}

impl ContentArgs {
    /// Whether a flag asks for saves of earlier runs.
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
    /// Run the GPU on the CPU's host thread, not on a separate thread.
    #[arg(long, help_heading = "Engine")]
    pub gpu_inline: bool,
    /// Order in which hardware threads are scheduled: fixed (the default), seeded:N,
    /// scan-quantum:N, replay:FILE.
    #[arg(long, help_heading = "Executor", value_name = "ORDER", env = "XENIA_SCHED_ORDER")]
    pub sched_order: Option<String>,
    /// Length of a time slice, in instructions (default: 50,000).
    #[arg(long, help_heading = "Executor", value_name = "N", value_parser = number, env = "XENIA_SCHED_QUANTUM")]
    pub quantum: Option<u64>,
    /// Reproduce the contention points of a recorded run from this file (see --record-contention).
    #[arg(long, help_heading = "Executor", value_name = "FILE", env = "XENIA_CONTENTION_MANIFEST_PATH")]
    pub contention_manifest: Option<PathBuf>,
    /// Stop at a deadlock instead of trying to continue.
    #[arg(long, help_heading = "Executor")]
    pub halt_on_deadlock: bool,
    /// Guest time at the start: a date such as 2008-11-22, optionally with T10:30:00, in UTC; or
    /// `now` (default: 2020-11-16T11:33:20 in lockstep, `now` with --parallel).
    #[arg(long, help_heading = "Executor", value_name = "TIME")]
    pub start_time: Option<StartTime>,
    /// Licence bits of the title; bit 0 is the full version (default: the licences of its package;
    /// none for titles on discs and in folders).
    #[arg(long, help_heading = "Executor", value_name = "MASK", value_parser = small_number)]
    pub license: Option<u32>,
    /// Network that a title's sockets use. Only `host`, which needs --parallel, sends anything out
    /// of this machine.
    #[arg(long, help_heading = "Executor", value_enum, default_value_t)]
    pub network: NetworkKind,
    /// Keep compiled code in this folder for the title's next run; `off` keeps none (default:
    /// `code` in the user's cache folder; off in runs that are compared). The code is executed, so
    /// only you may have write access to the folder.
    #[arg(long, help_heading = "Engine", value_name = "DIR|off", env = "XENIA_CODE_CACHE")]
    pub code_cache: Option<PathBuf>,
    #[command(flatten)]
    pub content: ContentArgs,
    /// Folder that the title sees as game:, read-only (default: the executable's folder, if it is a
    /// title's).
    #[arg(long, help_heading = "Run", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Another disc of the title, inserted when the title asks for it: its number and its image or
    /// folder. May be given several times.
    #[arg(long, help_heading = "Run", value_name = "N=FILE")]
    pub disc: Vec<NamedDisc>,
    /// TOML file with the user's retail key (default: keys.toml in the config folder).
    #[arg(long, help_heading = "Engine", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Flags that choose when a run ends, its input and its output files.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// End after this many swaps.
    #[arg(long, value_name = "N", value_parser = number_of_frames)]
    pub frames: Option<u64>,
    /// With --frames: give up with exit code 4, as at a deadlock, if no swap arrives within this
    /// many seconds of guest time; 0 waits forever.
    #[arg(long, value_name = "SECONDS", value_parser = number, default_value = "60")]
    pub swap_timeout: u64,
    /// End after this many guest instructions; 0 only loads the title.
    #[arg(short = 'n', long = "instructions", value_name = "N", value_parser = number)]
    pub instructions: Option<u64>,
    /// End after this many seconds of host time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Write a report of the run as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the deterministic event log to this file.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// Write the title's debug output (DbgPrint) to this file; `off` discards it (default: it is
    /// part of the log).
    #[arg(long, value_name = "FILE|off")]
    pub guest_log: Option<PathBuf>,
    /// Write every frame as a PNG file to this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
    /// Record all input from outside the guest (controllers, answers to dialogs) with its guest
    /// time, as JSON lines.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Replay a recording: with the same title and the same limits the run ends with the same
    /// digest.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Record each contended entry of a critical section as JSON lines, for --contention-manifest.
    #[arg(long, value_name = "FILE")]
    pub record_contention: Option<PathBuf>,
    /// After this many seconds of host time, print every guest thread: the object it waits for, pc,
    /// lr and stack. The run continues and the guest is not affected.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub dump_threads_after: Option<Duration>,
}

/// Arguments of `exec`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecArgs {
    /// The title: an .xex, an .elf, a disc image, a content package, an archive (ZIP, ZAR), or a
    /// folder with default.xex or exactly one other .xex (default: the built-in demo).
    pub title: Option<PathBuf>,
    /// Arguments that the title finds on its command line, after its name.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    /// Compile code with loops without calls, or with much floating point, on all processors before
    /// the title runs. With --code-cache the result is kept, and the next run compiles only new
    /// code.
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
    /// Whether the run is to be compared with another one: it is recorded, replayed or logged.
    pub fn is_compared(&self) -> bool {
        self.run.record.is_some() || self.run.replay.is_some() || self.run.event_log.is_some()
    }

    /// Whether a flag needs lockstep: repeatability, a scheduling order, or an exact end.
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

/// Flags that configure the picture.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Picture")]
pub struct PictureArgs {
    /// Run without a window.
    #[arg(long)]
    pub headless: bool,
    /// Write the last frame shown as a PNG file.
    #[arg(long, value_name = "FILE")]
    pub last_frame: Option<PathBuf>,
    /// GPU backend that draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// Skip draws while their pipelines are compiled in the background, instead of waiting (not
    /// with --gpu reference or none). The picture then depends on the host's speed.
    #[arg(long)]
    pub async_pipelines: bool,
    /// For tests only: lose the host's graphics device at the draws with these numbers (--gpu
    /// wgpu).
    #[arg(long, hide = true, value_name = "N,N", value_delimiter = ',', value_parser = number)]
    pub lose_device: Vec<u64>,
    /// Folder of the pipeline cache of --gpu wgpu (default: the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CACHE")]
    pub cache: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The title to run.
    pub title: PathBuf,
    /// The golden file to compare with. Without -n and --frames, the run ends at the limit that the
    /// file names.
    #[arg(long, value_name = "FILE")]
    pub expect: PathBuf,
    /// Accepted for symmetry with `exec`; `check` never opens a window.
    #[arg(long, hide = true)]
    pub headless: bool,
    /// Write the golden file instead of comparing with it.
    #[arg(long)]
    pub bless: bool,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}
