//! Flags of engine, executor and saves, and their conversion to the library's options.

use crate::numbers::{number, small_number};
use crate::{ConsoleArgs, PatchArgs};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use xenia::config::{
    Compile, CpuConfig, CrossCheckUnit, ExecutorConfig, MachineConfig, NamedDisc, NetworkKind,
    ReservationsTable, SaveConfig, StartTime, Tier, TitleConfig,
};
use xenia::title::Title;

/// Time sources of the guest's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClockChoice {
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
    /// Fail if the host grants no memory for compiled code, instead of interpreting everything.
    /// `bench` leaves out the interpreter.
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
    /// its code (default: 20,000 in the baseline tier, 1 with --cross-check; with --tier function
    /// 1000 in the interpreter, 500 with --compile background, 4 with --cross-check). 0 compiles
    /// all code before it runs.
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
    /// No effect: every engine keeps registers exact at a faulting load or store.
    // Scripts and settings files may name it.
    #[arg(long, hide_short_help = true, hide_long_help = true)]
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

impl CpuArgs {
    /// The tier that `--tier` or `--interp` chooses.
    pub fn tier(&self) -> Tier {
        if self.interp { Tier::Interp } else { self.tier }
    }

    /// Refuses contradictory flags.
    pub fn refuse_unsupported(&self) -> Result<()> {
        if self.tier == Tier::Interp && (self.jit || self.cross_check.is_some()) {
            bail!("--tier interp is the interpreter alone; leave out --jit and --cross-check");
        }
        let of_the_jit = [
            ("--warm-up", self.warm_up.is_some()),
            ("--compile", self.compile.is_some()),
            ("--perf-map", self.perf_map),
            ("--jitdump", self.jitdump),
        ];
        // These errors do not name --tier: of two settings, they name the one without effect.
        if self.tier == Tier::Interp
            && let Some((flag, _)) = of_the_jit.into_iter().find(|(_, is_given)| *is_given)
        {
            bail!("{flag} needs the JIT");
        }
        if self.tier == Tier::Baseline && self.warm_up.is_some() {
            bail!("--warm-up needs the optimizing tier");
        }
        Ok(())
    }
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
    pub clock: Option<ClockChoice>,
}

impl ModeArgs {
    /// Refuses flags that the chosen executor does not support.
    pub fn refuse_unsupported(&self) -> Result<()> {
        if self.barrier && !self.parallel {
            bail!("--barrier belongs to --parallel: in lockstep every round ends together anyway");
        }
        match self.clock {
            Some(ClockChoice::Host) if !self.parallel => {
                bail!("--clock host belongs to --parallel: in lockstep guest time is made of instructions")
            }
            Some(ClockChoice::Guest) if self.parallel => {
                bail!("--clock guest belongs to --lockstep: with --parallel guest time is the host's")
            }
            _ => {}
        }
        Ok(())
    }
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
    /// Name or id of the first user's profile (default: the profile with the smallest id).
    #[arg(long, value_name = "PROFILE")]
    pub user: Option<String>,
}

impl ContentArgs {
    /// Whether a flag requests the saves of earlier runs.
    pub fn is_given(&self) -> bool {
        self.content.is_some() || self.portable
    }

    /// Refuses the saves of earlier runs where a run is recorded or replayed.
    ///
    /// # Errors
    /// The run `is_recorded` or replayed, and a flag requests such saves.
    pub fn refuse_in_recordings(&self, is_recorded: bool) -> Result<()> {
        if is_recorded && self.is_given() {
            bail!("--record and --replay begin without saves: leave out --content and --portable");
        }
        Ok(())
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
    /// Draw with the reference on the thread that executes the GPU's packets, not on a separate
    /// thread.
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
    #[arg(long, help_heading = "Title", value_name = "MASK", value_parser = small_number)]
    pub license: Option<u32>,
    /// Network that a title's sockets use. Only `host`, which needs --parallel, sends anything out
    /// of this machine.
    #[arg(long, help_heading = "Title", value_enum, default_value_t)]
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
    /// Another disc of the title, inserted when the title requests it: its number and its image or
    /// folder. May be given several times.
    #[arg(long, help_heading = "Title", value_name = "N=FILE")]
    pub disc: Vec<NamedDisc>,
    /// TOML file with the user's retail key (default: keys.toml in the config folder).
    #[arg(long, help_heading = "Engine", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Map file of the linker that made the title's executable (Microsoft's or GNU ld's): names of
    /// its functions for debuggers, profiles and crashes.
    #[arg(long, help_heading = "Debugging", value_name = "FILE")]
    pub symbols: Option<PathBuf>,
    #[command(flatten)]
    pub patches: PatchArgs,
    #[command(flatten)]
    pub console: ConsoleArgs,
}

impl EngineArgs {
    /// Refuses contradictory flags of the engine and the console.
    ///
    /// # Errors
    /// Two flags, or two values of one, contradict each other.
    pub fn refuse_contradictions(&self) -> Result<()> {
        if self.sched_order.is_some() && self.contention_manifest.is_some() {
            bail!("--sched-order and --contention-manifest both order the hardware threads: leave one out");
        }
        self.cpu.refuse_unsupported()?;
        self.console.refuse_contradictions()
    }

    /// Opens the title at `path` as the flags demand, or the demo without a path.
    pub fn open_title(&self, path: Option<&Path>) -> Result<Title> {
        Title::open_or_demo(path, &self.into())
    }
}

impl From<&CpuArgs> for CpuConfig {
    fn from(args: &CpuArgs) -> Self {
        Self {
            tier: args.tier(),
            needs_code_memory: args.jit,
            cross_check: args.cross_check,
            compile: args.compile,
            warm_up: args.warm_up,
            reservations_table: args.reservations_table,
            perf_map: args.perf_map,
            jitdump: args.jitdump,
            break_lifter: args.break_lifter,
        }
    }
}

impl From<&ModeArgs> for ExecutorConfig {
    fn from(args: &ModeArgs) -> Self {
        Self { parallel: args.parallel, barrier: args.barrier, ..Self::default() }
    }
}

impl From<&EngineArgs> for MachineConfig {
    fn from(args: &EngineArgs) -> Self {
        Self {
            cpu: (&args.cpu).into(),
            executor: ExecutorConfig {
                sched_order: args.sched_order.clone(),
                quantum: args.quantum,
                contention_manifest: args.contention_manifest.clone(),
                ..(&args.mode).into()
            },
            gpu_inline: args.gpu_inline,
            start_time: args.start_time,
            license: args.license,
            network: args.network,
            user: args.content.user.clone(),
            console: (&args.console).into(),
        }
    }
}

impl From<&EngineArgs> for TitleConfig {
    fn from(args: &EngineArgs) -> Self {
        Self {
            folder: args.folder.clone(),
            discs: args.disc.clone(),
            key_file: args.key_file.clone(),
            symbols: args.symbols.clone(),
            saves: (&args.content).into(),
            patches: (&args.patches).into(),
            repeats: !args.mode.parallel,
        }
    }
}

impl From<&ContentArgs> for SaveConfig {
    fn from(args: &ContentArgs) -> Self {
        Self { content: args.content.clone(), fresh: args.fresh, portable: args.portable }
    }
}
