//! Builds the execution engine and the executor that the flags choose. A host that forbids
//! executable memory gets the interpreter, unless a flag requires compiled code.

use super::contradictions::refuse_two_orders;
use crate::config::{Compile, CpuConfig, CrossCheckUnit, ExecutorConfig, ReservationsTable, Tier};
use crate::source::lasting_text;
use anyhow::{Context, Result, anyhow, bail};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use xenia_cpu::{EngineConfig, Execute, Interpreter, ReservationMode};
use xenia_formats::image::FunctionEntry;
use xenia_host::processor::stores_are_free;
use xenia_jit::{
    Ahead, CheckUnit, CodeSizes, CodeStore, CrossCheck, HAS_BASELINE, Jit, JitConfig, JitError, JitTesting,
    StoreOptions, Tiers,
};
use xenia_kernel::{Kernel, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_sched::{
    ContentionManifest, Executor, LockstepExecutor, OrderMode, ParallelExecutor, Scheduler, SchedulerConfig,
};

/// Registers the bounds of an image's functions with the compiler.
pub fn register_functions(jit: &Jit, functions: &[FunctionEntry]) {
    for function in functions.iter().filter(|function| function.size > 0) {
        jit.add_function(function.start, Some(function.start.offset(function.size)));
    }
}

/// The executor that the flags choose.
pub(super) fn executor(
    scheduler: Scheduler,
    engine: Box<dyn Execute>,
    kernel: &Arc<Kernel>,
    mode: &ExecutorConfig,
) -> Result<Executor<KernelSystem>> {
    let system = KernelSystem::new(kernel.clone());
    if !mode.parallel {
        return Ok(Executor::Lockstep(Box::new(LockstepExecutor::new(scheduler, engine, system))));
    }
    match ParallelExecutor::new(scheduler, engine, system) {
        Some(executor) => Ok(Executor::Parallel(Box::new(executor))),
        None => bail!("this engine runs on one host thread: use it with --lockstep"),
    }
}

/// An execution engine and handles to its internals.
pub struct MachineEngine {
    /// The engine that runs guest code.
    pub run: Box<dyn Execute>,
    /// Address of the code being compiled, or 0.
    pub(super) compiling: Option<Arc<AtomicU32>>,
    /// Sizes of the compiled code.
    pub(super) code: Option<CodeSizes>,
    /// The persistent code cache, if there is one.
    pub store: Option<Arc<CodeStore>>,
    /// The ahead-of-time compiler, if the engine supports it.
    pub(super) ahead: Option<Ahead>,
}

/// Mode of the reservation table that the flags choose.
pub(super) fn reservations(args: &CpuConfig, mode: &ExecutorConfig) -> ReservationMode {
    match args.reservations_table {
        None if mode.parallel => ReservationMode::Table,
        None | Some(ReservationsTable::Off) => ReservationMode::Context,
        Some(ReservationsTable::On) => ReservationMode::Table,
        Some(ReservationsTable::Strict) => ReservationMode::Strict,
    }
}

/// The compiler's configuration, except for when code is compiled.
pub fn jit_config(args: &CpuConfig, mode: &ExecutorConfig) -> JitConfig {
    let compile = args.compile.unwrap_or(if mode.parallel { Compile::Background } else { Compile::Wait });
    let defaults = match compile {
        Compile::Background if args.cross_check.is_none() => JitConfig::in_background(),
        _ => JitConfig::default(),
    };
    // Interpreted code would be compared with itself, so a checked run compiles code early.
    let is_checked = args.cross_check.is_some();
    let warm_up = if is_checked { CrossCheck::WARM_UP } else { defaults.warm_up };
    let hot_after = if is_checked { CrossCheck::HOT_AFTER } else { defaults.hot_after };
    let tiers = match args.tier {
        Tier::Baseline => Tiers::Baseline,
        // With a warm-up of 0 or 1 all code is optimized before it runs, without the baseline tier.
        Tier::Auto if HAS_BASELINE && args.warm_up.is_none_or(|after| after > 1) => Tiers::Both,
        Tier::Auto | Tier::Function | Tier::Interp => Tiers::Optimizing,
    };
    JitConfig {
        engine: EngineConfig { reservations: reservations(args, mode) },
        tiers,
        warm_up: args.warm_up.unwrap_or(warm_up),
        hot_after: args.warm_up.unwrap_or(hot_after),
        // A threshold by flag, or of a checked run, is for all code.
        plain_code_gains: is_checked || args.warm_up.is_some() || !stores_are_free(),
        verify: args.cross_check.is_some(),
        testing: JitTesting { wrong_addi: args.break_lifter, ..defaults.testing },
        perf_map: args.perf_map,
        jit_dump: args.jitdump,
        ahead: defaults.background && mode.parallel,
        ..defaults
    }
}

/// Builds the engine that the flags choose, for `memory`; `functions` are those of the title's
/// image. Compiled code is kept in `store`, except with a cross-check.
pub fn engine(
    memory: &Arc<GuestMemory>,
    args: &CpuConfig,
    mode: &ExecutorConfig,
    functions: &[FunctionEntry],
    store: Option<StoreOptions>,
) -> Result<MachineEngine> {
    let config = EngineConfig { reservations: reservations(args, mode) };
    let interpreter = || MachineEngine {
        run: Box::new(Interpreter::new(memory.clone(), config)),
        compiling: None,
        code: None,
        store: None,
        ahead: None,
    };
    if args.tier == Tier::Interp {
        if args.cross_check.is_some() {
            bail!("--cross-check compares the JIT with the interpreter: --tier interp has no JIT");
        }
        return Ok(interpreter());
    }
    if args.tier == Tier::Baseline && !HAS_BASELINE {
        bail!("--tier baseline: this processor has no baseline tier; use auto, function or interp");
    }
    let jit = jit_config(args, mode);
    Ok(match args.cross_check {
        None => match Jit::with_store(memory.clone(), jit, store) {
            Ok(jit) => {
                register_functions(&jit, functions);
                let code = Some(jit.code_sizes());
                let ahead = jit.store().map(|_| jit.ahead());
                MachineEngine {
                    compiling: Some(jit.compiling()),
                    code,
                    store: jit.store(),
                    ahead,
                    run: Box::new(jit),
                }
            }
            // Hosts that forbid executable memory still run titles, in the slow interpreter.
            Err(error @ (JitError::Host(_) | JitError::NoSerialization)) if !args.needs_code_memory => {
                tracing::warn!(%error, "no memory for compiled code: everything is interpreted");
                interpreter()
            }
            Err(error) => return Err(error.into()),
        },
        Some(unit) => {
            let unit = match unit {
                CrossCheckUnit::Block => CheckUnit::Block,
                CrossCheckUnit::Instr => CheckUnit::Instruction,
                CrossCheckUnit::Quantum => CheckUnit::Quantum,
            };
            let checked = CrossCheck::new(memory.clone(), jit, unit)?;
            register_functions(checked.jit(), functions);
            let compiling = Some(checked.jit().compiling());
            let code = Some(checked.jit().code_sizes());
            MachineEngine { compiling, code, store: None, ahead: None, run: Box::new(checked) }
        }
    })
}

/// The scheduler's configuration from the flags and the files that they name.
pub fn scheduler_config(args: &ExecutorConfig) -> Result<SchedulerConfig> {
    refuse_two_orders(args)?;
    let mut config = SchedulerConfig::default();
    if let Some(order) = &args.sched_order {
        config.order = OrderMode::parse(order, lasting_text).context("--sched-order")?;
    }
    if let Some(quantum) = args.quantum {
        if quantum == 0 {
            bail!("--quantum 0: a visit has at least one instruction");
        }
        config.quantum = u32::try_from(quantum)
            .map_err(|_| anyhow!("--quantum {quantum}: a visit has {} instructions at most", u32::MAX))?;
    }
    if let Some(path) = &args.contention_manifest {
        let manifest = ContentionManifest::read(path, lasting_text).context("--contention-manifest")?;
        config.order = OrderMode::Replay { manifest };
    }
    Ok(config)
}
