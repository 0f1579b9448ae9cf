//! Options of the execution engine, the executor and the machine.

use super::{ConsoleConfig, NetworkKind, StartTime};
use std::path::PathBuf;

/// Units after which `--cross-check` compares the engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum CrossCheckUnit {
    /// After every basic block.
    Block,
    /// After every instruction.
    Instr,
    /// After every time slice of a hardware thread.
    Quantum,
}

/// Modes of the reservation table (`--reservations-table`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ReservationsTable {
    /// Conditional stores of other hardware threads cancel reservations.
    #[cfg_attr(feature = "clap", value(name = "1", alias = "on"))]
    On,
    /// The table is not used.
    #[cfg_attr(feature = "clap", value(name = "0", alias = "off"))]
    Off,
    /// Plain stores of other hardware threads cancel reservations too.
    Strict,
}

/// Compilation modes (`--compile`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Compile {
    /// A background thread compiles while the guest goes on in the baseline tier or the
    /// interpreter.
    Background,
    /// The guest waits until its code is compiled.
    Wait,
}

/// Tiers that execute guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Tier {
    /// Only the interpreter.
    Interp,
    /// The baseline tier: all code is compiled quickly, at its first execution.
    Baseline,
    /// The optimizing tier for warm code; the rest is interpreted.
    // Scripts of the command line may name `loop`: loops are compiled with their function.
    #[cfg_attr(feature = "clap", value(alias = "loop"))]
    Function,
    /// The baseline tier at first execution, and the optimizing tier for hot code.
    #[default]
    Auto,
}

impl Tier {
    /// The interpreter alone, or else the default.
    pub fn interpreted_if(interp: bool) -> Self {
        if interp { Self::Interp } else { Self::default() }
    }
}

/// Options of the execution engine.
#[derive(Clone, Debug, Default)]
pub struct CpuConfig {
    /// Tier that executes guest code.
    pub tier: Tier,
    /// Fail if the host grants no memory for compiled code, instead of interpreting everything.
    pub needs_code_memory: bool,
    /// Run the JIT and the interpreter side by side, compare after each unit, and stop at the first
    /// difference. [`Tier::Interp`] has nothing to compare: no machine can be made with both.
    pub cross_check: Option<CrossCheckUnit>,
    /// Whether the guest waits while its code is compiled; `None`: it waits in lockstep.
    pub compile: Option<Compile>,
    /// Average number of executions of each instruction after which the optimizing tier compiles
    /// its code; `None`: the tier's default, 0: all code is compiled before it runs.
    pub warm_up: Option<u32>,
    /// Reservation table; `None`: on with the parallel executor.
    pub reservations_table: Option<ReservationsTable>,
    /// Write the names of compiled code to /tmp/perf-PID.map.
    pub perf_map: bool,
    /// Write compiled code and its names to /tmp/jit-PID.dump.
    pub jitdump: bool,
    /// For tests only: compile one instruction wrongly.
    pub break_lifter: bool,
}

impl CpuConfig {
    /// The interpreter alone.
    pub fn interpreted() -> Self {
        Self { tier: Tier::Interp, ..Self::default() }
    }
}

/// Options of the executor, which runs the guest's hardware threads on host threads.
#[derive(Clone, Debug, Default)]
pub struct ExecutorConfig {
    /// One host thread for each hardware thread and guest time from the host's clock, instead of a
    /// deterministic run in lockstep.
    pub parallel: bool,
    /// In parallel runs, hardware threads wait for each other at the end of each time slice.
    pub barrier: bool,
    /// Order of hardware threads in lockstep: `fixed`, `seeded:N`, `scan-quantum:N` or
    /// `replay:FILE`; `None`: fixed.
    pub sched_order: Option<String>,
    /// Length of a time slice in instructions, from 1 to `u32::MAX`; `None`: 50,000.
    pub quantum: Option<u64>,
    /// Recorded contention points to reproduce.
    pub contention_manifest: Option<PathBuf>,
}

/// Options of a machine, apart from its ports.
#[derive(Clone, Debug, Default)]
pub struct MachineConfig {
    /// The execution engine.
    pub cpu: CpuConfig,
    /// The executor of the guest's hardware threads.
    pub executor: ExecutorConfig,
    /// Run the GPU on the host thread of the CPU, not on a separate thread.
    pub gpu_inline: bool,
    /// Guest time at the start; `None`: a fixed date in lockstep, the host's time in parallel runs.
    pub start_time: Option<StartTime>,
    /// Licence bits of the title (bit 0: full version); `None`: those of its package.
    pub license: Option<u32>,
    /// Network that the title's sockets use.
    pub network: NetworkKind,
    /// Name or id of the first user's profile; `None`: the first profile of the content folder.
    pub user: Option<String>,
    /// The console that the title sees.
    pub console: ConsoleConfig,
}
