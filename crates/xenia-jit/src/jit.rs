//! The JIT engine: runs compiled code, compiles warm code, and interprets the rest.
//!
//! Engines of one machine share code and its tables ([`Shared`]); each has its own interpreter,
//! compiler and counters ([`Engine`]). Entry to compiled code and exit from it, which every kernel
//! call takes, use no lock, and of the data that other engines read they write only this engine's
//! [`Presence`].

mod baseline_visits;
mod compiling;
mod warmth;

use crate::JitError;
use crate::baseline::{Baseline, SLICE};
use crate::code::cache::MAX_AGE;
use crate::code::entries::STORED;
use crate::code::epochs::Presence;
use crate::code::store::{CodeStore, StoreOptions};
use crate::compile::{compiler_config, lift_config};
use crate::config::{JitConfig, Tiers};
use crate::counts::{AheadCounts, CompileCounts};
use crate::runtime::enter::{Departure, enter};
use crate::runtime::hooks::{self, HookCounts, Run};
use crate::shared::{CodeSizes, ModeCode, Shared};
use crate::tiering::background::{Background, UnitKey};
use crate::tiering::precompile::{Ahead, Precompiled};
use baseline_visits::Visited;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;
use warmth::{Arrival, Heat};
use xenia_cpu::{
    EngineCounters, ExceptionKind, Execute, Exit, GuestException, Interpreter, Longest, PpcContext,
    ReservationMode,
};
use xenia_guest::GuestAddr;
use xenia_isa::{OP_COUNT, ROWS};
use xenia_lifter::float::float_state;
use xenia_lifter::float::soft_single;
use xenia_lifter::hook::Hook;
use xenia_lifter::host::{Leave, Word};
use xenia_lifter::{Compiler, Mode};
use xenia_memory::{CurrentQueue, DeviceQueue, GuestMemory};
use xenia_sync::{Level, Mutex};

/// The just-in-time compiling engine. There is one per host thread; [`Jit::fork`] creates another
/// for the same machine.
pub struct Jit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) engine: Engine,
}

/// The unshared state of one engine.
pub(crate) struct Engine {
    pub(crate) interpreter: Interpreter,
    pub(crate) compiler: Box<Mutex<Compiler>>,
    /// Heat by mode and start of the function.
    heat: HashMap<UnitKey, Heat>,
    /// Time spent compiling in the current visit.
    pub(crate) compile_time: Duration,
    pub(crate) counts: HookCounts,
    pub(crate) compiled: CompileCounts,
    /// Background compilation, if it is on.
    pub(crate) background: Option<Arc<Background>>,
    /// Whether the counters of background compilation are added here: only in the first engine.
    counts_background: bool,
    /// Whether the counters of the baseline tier are added here: only in the first engine.
    counts_baseline: bool,
    pub(crate) presence: Arc<Presence>,
    /// Instructions of baseline code until the next sample.
    pub(crate) until_sample: i64,
    /// Instructions executed in visits of baseline code that its shares do not contain yet.
    pub(crate) unshared: i64,
    /// Instructions executed since the numbers of code changes were last halved.
    age: i64,
}

impl Jit {
    /// The address that is being compiled, or 0, readable from other threads.
    pub fn compiling(&self) -> Arc<AtomicU32> {
        self.shared.compiling.clone()
    }

    /// The size of the machine's compiled code, readable from other threads.
    pub fn code_sizes(&self) -> CodeSizes {
        CodeSizes::of(&self.shared)
    }

    /// Creates an engine for the machine with this memory.
    pub fn new(memory: Arc<GuestMemory>, config: JitConfig) -> Result<Self, JitError> {
        Self::with_store(memory, config, None)
    }

    /// Creates an engine for a title with a persistent code cache.
    pub fn with_store(
        memory: Arc<GuestMemory>,
        config: JitConfig,
        store: Option<StoreOptions>,
    ) -> Result<Self, JitError> {
        let compiler = Compiler::new(compiler_config(&config))?;
        let settings =
            || format!("{} {:?}", compiler.target(), lift_config(&config, &memory, Mode::default()));
        let store = store.filter(|_| config.tiers != Tiers::Baseline);
        let store = store.map(|options| CodeStore::open(options, &settings(), config.tiers == Tiers::Both));
        let shared = Shared::new(memory, config, store)?;
        if shared.baseline.is_some() {
            shared.memory.refuse_device_sites();
        }
        let background = config.background.then(|| Background::start(&shared, compiler.fork())).flatten();
        let mut first = Self::of(shared, compiler, background.map(Arc::new));
        first.engine.counts_background = true;
        first.engine.counts_baseline = true;
        Ok(first)
    }

    /// The persistent code cache, if the engine has one.
    pub fn store(&self) -> Option<Arc<CodeStore>> {
        self.shared.store.clone()
    }

    fn of(shared: Arc<Shared>, compiler: Compiler, background: Option<Arc<Background>>) -> Self {
        let engine = Engine {
            interpreter: Interpreter::new(Arc::clone(&shared.memory), shared.config.engine),
            compiler: Box::new(Mutex::new(Level::Compiler, compiler)),
            heat: HashMap::new(),
            compile_time: Duration::ZERO,
            counts: HookCounts::default(),
            compiled: CompileCounts::default(),
            background,
            counts_background: false,
            counts_baseline: false,
            presence: shared.epochs.join(),
            until_sample: SLICE,
            unshared: 0,
            age: 0,
        };
        Self { shared, engine }
    }

    /// Creates another engine for the same machine and code cache, for another host thread.
    pub fn fork(&self) -> Self {
        let compiler = self.engine.compiler.lock().fork();
        Self::of(Arc::clone(&self.shared), compiler, self.engine.background.clone())
    }

    /// An ahead-of-time compiler for the machine, usable while an executor has the engine.
    pub fn ahead(&self) -> Ahead {
        Ahead::new(Arc::clone(&self.shared), self.engine.compiler.lock().fork())
    }

    /// Does the same as [`Ahead::precompile`].
    pub fn precompile(
        &self,
        starts: &[GuestAddr],
        threads: usize,
        progress: &(dyn Fn(Precompiled) -> bool + Sync),
    ) -> Precompiled {
        self.ahead().precompile(starts, threads, progress)
    }

    /// Adds the bounds of a function: its first address and, if known, its end, exclusive.
    pub fn add_function(&self, start: GuestAddr, end: Option<GuestAddr>) {
        self.shared.add_function(start.0, end.map(|end| end.0));
    }
}

/// Steps of a visit.
impl Engine {
    /// Interprets up to `count` instructions. Returns the exit if something other than the count
    /// ended it.
    pub(crate) fn interpret(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        count: u32,
    ) -> Option<Exit> {
        let rest = (ctx.budget - i64::from(count)).max(0);
        let exit = ctx.with_budget_held(rest, |ctx| self.interpreter.run(ctx, devices));
        if exit == Exit::Budget && rest > 0 { None } else { Some(exit) }
    }

    /// Handles a host fault: the interpreter executes the instructions that its site has not
    /// finished, then the one that made the access. Returns the exit, or `None` if the interpreter
    /// completes the instructions: the access was refused as a store to a page of code or as one of
    /// a device site, the page has changed meanwhile, or the guest address wraps and the host's
    /// does not.
    fn after_fault(
        &mut self,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
    ) -> Option<Exit> {
        let site = code.cache.lock().site_of(ctx.host[Word::FaultCode as usize]);
        if let Some(site) = site {
            ctx.pc = site.from;
            ctx.budget += i64::from(site.remaining) + i64::from(site.again);
            let singles = ctx.host[Word::OpenSingles as usize] as u32;
            soft_single::widen(&mut ctx.fpr, site.single_format | site.open_format & singles);
            return self.interpret(ctx, devices, site.again + 1);
        }
        tracing::error!("a fault outside every guest instruction's code");
        let kind = ExceptionKind::Memory(hooks::noted_fault(ctx));
        Some(Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind }))
    }

    fn run_compiled(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        epoch: u64,
    ) -> Departure {
        let memory = &*shared.memory;
        code.install(ctx, memory);
        let mut run = Run {
            devices,
            memory,
            code: &code.cache,
            strict: shared.config.engine.reservations == ReservationMode::Strict,
            counts: &mut self.counts,
            exit: None,
            taken: None,
            epoch,
        };
        hooks::lend_run(ctx, &mut run);
        shared.epochs.enter(&self.presence);
        enter(ctx);
        let Run { exit, taken, .. } = run;
        if let Some(taken) = taken {
            // The store that took these reservations has faulted.
            memory.reservations().end_store(taken, ctx.hw_id, ctx.reservation.held());
        }
        Departure::of(ctx, exit)
    }

    #[inline(always)] // for `visit_baseline`'s reason
    fn visit(&mut self, shared: &Shared, ctx: &mut PpcContext, devices: &mut CurrentQueue<'_>) -> Exit {
        let mut arrival = Arrival::Resumed;
        loop {
            if ctx.budget <= 0 {
                return Exit::Budget;
            }
            let Some(code) = Mode::of(ctx).and_then(|mode| shared.code(mode)) else {
                // The state may soon have a mode again, so don't interpret to the end of the visit.
                arrival = Arrival::Resumed;
                match self.interpret(ctx, devices, 64) {
                    Some(exit) => return exit,
                    None => continue,
                }
            };
            let (epoch, withdrawn) = code.withdraw_changed(&shared.memory);
            self.compiled.invalidations += withdrawn;
            let offset = code.entries.offset(ctx.pc);
            if offset == STORED && self.restore(shared, code, ctx.pc) {
                continue;
            }
            match self.visit_baseline(shared, code, ctx, devices, epoch, &mut arrival) {
                Visited::Ran(Some(exit)) => return exit,
                Visited::Ran(None) => continue,
                Visited::NoCode => {}
            }
            if offset <= STORED {
                let how = std::mem::replace(&mut arrival, Arrival::Interpreted);
                match self.without_code(shared, code, ctx, devices, how) {
                    Some(exit) => return exit,
                    None => continue,
                }
            }
            let departure = self.run_compiled(shared, code, ctx, devices, epoch);
            shared.note_device_site(code, devices);
            let is_missing = departure.leave == Leave::Missing;
            arrival = if is_missing { Arrival::Compiled } else { Arrival::Resumed };
            if let Some(exit) = self.after_leaving(code, ctx, devices, departure) {
                return exit;
            }
        }
    }

    /// Counts executed instructions, and lets the numbers of code changes age by them.
    fn age_changes(&mut self, shared: &Shared, executed: i64) {
        self.age += executed.max(0);
        if self.age >= MAX_AGE {
            self.age = 0;
            shared.halve_changes();
        }
    }

    /// Acts on the reason for which compiled code left. Returns the exit if that ends the visit.
    pub(crate) fn after_leaving(
        &mut self,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        departure: Departure,
    ) -> Option<Exit> {
        let Departure { leave, detail, exit } = departure;
        let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
        float_state::materialize_fpscr(ctx, &mut mxcsr);
        match leave {
            Leave::Branch | Leave::Unwind | Leave::Missing => None,
            Leave::Budget => Some(self.interpreter.run(ctx, devices)),
            Leave::Raise => {
                let before = ctx.budget;
                let exit = self.interpret(ctx, devices, 1);
                self.counts.fallbacks += (before - ctx.budget) as u64;
                exit
            }
            // One instruction: to reach the next entry, or to make the store.
            Leave::Unfit | Leave::Alone => self.interpret(ctx, devices, 1),
            Leave::Exit => exit,
            Leave::Yield => Some(Exit::Yield),
            Leave::Syscall => Some(Exit::Syscall { lev: detail as u8 }),
            Leave::Fault => self.after_fault(code, ctx, devices),
        }
    }
}

impl Execute for Jit {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        self.engine.compile_time = Duration::ZERO;
        let mut queue = devices.make_current();
        let budget = ctx.budget;
        let exit = self.engine.visit(&self.shared, ctx, &mut queue);
        self.engine.presence.leave();
        self.engine.age_changes(&self.shared, budget - ctx.budget);
        exit
    }

    fn name(&self) -> &'static str {
        "jit"
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(Self::fork(self)))
    }

    fn reset_change_counts(&mut self) {
        self.engine.age = 0;
        for code in self.shared.codes() {
            code.cache.lock().forget_changes();
        }
        if let Some(baseline) = &self.shared.baseline {
            baseline.cache.lock().forget_changes();
        }
    }

    fn counters(&self) -> EngineCounters {
        let Engine { interpreter, counts, .. } = &self.engine;
        let interpreter = interpreter.counters();
        let mut compiled = self.engine.compiled;
        if self.engine.counts_background
            && let Some(background) = &self.engine.background
        {
            compiled += background.counts();
        }
        let baseline = self.shared.baseline.as_ref().filter(|_| self.engine.counts_baseline);
        let baseline = baseline.map(Baseline::counts).unwrap_or_default();
        let counts_ahead = self.engine.counts_background;
        let ahead = if counts_ahead { *self.shared.ahead.lock() } else { AheadCounts::default() };
        let mut helper_calls = BTreeMap::new();
        for (index, &count) in counts.software.iter().enumerate() {
            if count != 0 {
                let name = if index == OP_COUNT { "illegal" } else { ROWS[index].name };
                *helper_calls.entry(name).or_default() += count;
            }
        }
        for (hook, &count) in Hook::ALL.iter().zip(&counts.calls) {
            if count != 0
                && let Some(name) = hook.counter()
            {
                *helper_calls.entry(name).or_default() += count;
            }
        }
        EngineCounters {
            functions: compiled.functions,
            compiled_guest_instructions: compiled.instructions,
            recompiled_guest_instructions: compiled.again,
            compile_ns: compiled.took.as_nanos() as u64,
            compiled_ahead: ahead.instructions,
            ahead_ns: ahead.took.as_nanos() as u64,
            compile_wait_ns: compiled.waited.as_nanos() as u64,
            longest_compile_wait_ns: Longest(compiled.longest_wait.as_nanos() as u64),
            interpreted_instructions: interpreter.interpreted_instructions - counts.fallbacks,
            fallback_instructions: counts.fallbacks,
            baseline_units: baseline.units,
            baseline_guest_instructions: baseline.instructions,
            baseline_ns: baseline.took.as_nanos() as u64,
            baseline_aged_out: baseline.aged_out,
            helper_calls,
            invalidations: compiled.invalidations + baseline.invalidations,
            cache_hits: compiled.restored,
            ..EngineCounters::default()
        }
    }
}

#[cfg(test)]
mod tests;
