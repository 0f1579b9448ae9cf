//! The engine: runs compiled code, compiles what is warm, and interprets the rest.
//!
//! Engines of one machine share code and its tables ([`Shared`]); each has an interpreter, a compiler and counters of its
//! own ([`Engine`]). The way into compiled code and back, which every kernel call takes, writes nothing that another
//! engine reads but this one's [`Presence`], and takes no lock.

use crate::JitError;
use crate::background::Background;
use crate::code_cache::CodeCache;
use crate::code_memory::{Entries, STORED};
use crate::compile::lift_config;
use crate::enter::{DEFAULT_MXCSR, LINKED, enter};
use crate::epochs::{Epochs, Presence};
use crate::float_state;
use crate::function_tier::{Compiler, Effort};
use crate::hooks::{self, Hook, HookCounts, Run};
use crate::host::{Leave, Word};
use crate::jit_dump::JitDump;
use crate::mode::Mode;
use crate::perf_map::PerfMap;
use crate::soft_single;
use crate::store::{CodeStore, StoreOptions};
use crate::warmth::{Arrival, Heat};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use xenia_cpu::{
    EngineConfig, EngineCounters, ExceptionKind, Execute, Exit, GuestException, HOST_WORDS, Interpreter,
    PpcContext, ReservationMode,
};
use xenia_guest::GuestAddr;
use xenia_isa::{OP_COUNT, ROWS};
use xenia_memory::{CodeHook, CurrentQueue, DeviceQueue, FaultKind, GuestMemory, register_code_hook};

/// How much guest code is compiled together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// Functions.
    #[default]
    Function,
    /// Basic blocks; for the cross-check.
    Block,
    /// Instructions; for the cross-check.
    Instruction,
}

/// Settings of the engine.
#[derive(Clone, Copy, Debug)]
pub struct JitConfig {
    /// What all engines share.
    pub engine: EngineConfig,
    /// Code is compiled once it has interpreted this many instructions for each one that would be compiled; 0 and 1
    /// compile at once what is reached. With 1, where a visit happens to go on in what is compiled becomes no entry.
    pub warm_up: u32,
    /// Registers are exact when an access faults, at the price of more stores. On by default: on cpu-suite no cost
    /// could be measured. Without it, code that changes code is not left at the store
    /// ([`GuestMemory::let_stores_to_code_go_on`]).
    pub precise_faults: bool,
    /// How carefully to compile.
    pub effort: Effort,
    /// Cranelift's verifier looks at each region's intermediate form before it is compiled. That takes a third of the whole
    /// time, so it is for whoever looks for mistakes: tests, fuzzers, the cross-check.
    pub verify: bool,
    /// How much is compiled together.
    pub granularity: Granularity,
    /// Pages are compiled however often their code changes. Otherwise they are interpreted after a dozen changes, which
    /// suits titles, but tests that put one piece of code after another into the same place would compare
    /// the interpreter with itself.
    pub compile_restless: bool,
    /// Code uses what every x86-64-v2 host has (SSE4.2 and SSSE3) and nothing else, whatever this host has. For tests.
    pub baseline_host: bool,
    /// Code is compiled by a host thread of its own, while the guest goes on in the interpreter; not what has to be
    /// compiled at once because of `warm_up`.
    pub background: bool,
    /// That thread dawdles before each compilation, in a row of delays that this begins. For tests.
    pub compile_delays: Option<u64>,
    /// Sides of conditional branches are left out at first by this number, not those that have not been reached yet. For tests.
    pub left_out: Option<u64>,
    /// Host code is named for perf, in `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// Host code goes with its bytes to `/tmp/jit-PID.dump`, for `perf inject --jit`.
    pub jit_dump: bool,
    /// A deliberately wrong lifter arm, for tests of the cross-check: `addi` adds one too many.
    pub wrong_addi: bool,
}

/// Interpreted instructions that take as long as compiling one.
const WARM_UP: u32 = 1000;
/// The same where somebody else compiles meanwhile.
const BACKGROUND_WARM_UP: u32 = 500;

impl Default for JitConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            warm_up: WARM_UP,
            precise_faults: true,
            effort: Effort::default(),
            verify: false,
            granularity: Granularity::Function,
            compile_restless: false,
            baseline_host: false,
            background: false,
            compile_delays: None,
            left_out: None,
            perf_map: false,
            jit_dump: false,
            wrong_addi: false,
        }
    }
}

impl JitConfig {
    /// The settings for a machine whose guest doesn't wait for its code.
    pub fn in_background() -> Self {
        Self { warm_up: BACKGROUND_WARM_UP, background: true, ..Self::default() }
    }

    /// For whoever compares engines: compiles all code when it is first reached, however often a page changes, and has
    /// it verified.
    pub fn compile_everything() -> Self {
        Self { warm_up: 0, compile_restless: true, verify: true, ..Self::default() }
    }
}

/// What the engines of one machine share.
pub(crate) struct Shared {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) config: JitConfig,
    /// By [`Mode::index`]; made when first needed, `None` if that failed.
    modes: [OnceLock<Option<ModeCode>>; Mode::COUNT],
    /// Bounds of functions that came from outside.
    bounds: Mutex<Vec<(u32, Option<u32>)>>,
    pub(crate) epochs: Arc<Epochs>,
    /// The address that is being compiled, or 0: the latest, if several engines compile.
    pub(crate) compiling: Arc<AtomicU32>,
    pub(crate) perf_map: Option<PerfMap>,
    pub(crate) jit_dump: Option<JitDump>,
    pub(crate) store: Option<Arc<CodeStore>>,
}

/// The code of one mode.
pub(crate) struct ModeCode {
    // First, so that it is dropped first: once code memory is unmapped, its addresses may be another's.
    _hook: CodeHook,
    pub(crate) cache: Mutex<CodeCache>,
    pub(crate) entries: Arc<Entries>,
    /// Host addresses of the tables, which never move.
    tables: [(Word, u64); 3],
    /// The memory's epoch when code of changed pages was last withdrawn.
    seen: AtomicU64,
    /// What the words of [`PpcContext::host`] are when code is entered; made when that happens first.
    words: OnceLock<[u64; HOST_WORDS]>,
}

impl ModeCode {
    fn new(
        mode: Mode,
        epochs: &Arc<Epochs>,
        store: Option<&Arc<CodeStore>>,
        bounds: &[(u32, Option<u32>)],
    ) -> Result<Self, JitError> {
        let mut cache = CodeCache::new(Arc::clone(epochs), mode, store.map(Arc::clone))?;
        for &(start, end) in bounds {
            cache.functions.give(start, end);
        }
        let code = cache.memory();
        let tables = [
            (Word::Code, code.execute_base()),
            (Word::LinkedCode, code.execute_base() + LINKED as u64),
            (Word::Entries, code.entries_base()),
        ];
        let start = code.execute_base() as usize;
        let hook =
            register_code_hook(start..start + crate::code_memory::CODE_SIZE, Box::new(hooks::on_fault))?;
        let entries = Arc::clone(code.entries());
        let (seen, words) = (AtomicU64::new(0), OnceLock::new());
        Ok(Self { _hook: hook, cache: Mutex::new(cache), entries, tables, seen, words })
    }

    /// Withdraws code whose pages have changed, before any is entered. Gives the memory's epoch as of then, and how many
    /// regions it was.
    #[inline]
    fn withdraw_changed(&self, memory: &GuestMemory) -> (u64, u64) {
        // Read first: what changes while this looks is for the next one.
        let epoch = memory.epoch();
        if self.seen.load(Acquire) == epoch {
            (epoch, 0)
        } else {
            (epoch, self.look_for_changes(memory, epoch))
        }
    }

    #[cold]
    fn look_for_changes(&self, memory: &GuestMemory, epoch: u64) -> u64 {
        let withdrawn = self.cache.lock().withdraw_changed(&|page| memory.page_version(page));
        self.seen.store(epoch, Release);
        withdrawn
    }

    /// Puts what compiled code finds through its context there; a run adds what is its own.
    fn install(&self, ctx: &mut PpcContext, memory: &GuestMemory) {
        ctx.host = *self.words.get_or_init(|| {
            let mut words = hooks::words(memory);
            for (word, address) in self.tables {
                words[word as usize] = address;
            }
            words[Word::Mxcsr as usize] = u64::from(DEFAULT_MXCSR);
            words
        });
    }
}

impl Shared {
    /// The code of a mode. `None` if there is no memory for it.
    pub(crate) fn code(&self, mode: Mode) -> Option<&ModeCode> {
        let made = self.modes[mode.index()].get_or_init(|| {
            // Bounds are hints: one that comes at this moment may be missed.
            let made = ModeCode::new(mode, &self.epochs, self.store.as_ref(), &self.bounds.lock());
            made.inspect_err(|error| tracing::warn!(%error, ?mode, "interpreted: no room for its code")).ok()
        });
        made.as_ref()
    }

    /// The code of the modes that have any.
    fn codes(&self) -> impl Iterator<Item = &ModeCode> {
        self.modes.iter().filter_map(|mode| mode.get()?.as_ref())
    }
}

/// How large the compiled code of a machine is, for other threads; holds nothing of it.
#[derive(Clone)]
pub struct CodeSizes(Weak<Shared>);

impl CodeSizes {
    /// Bytes of code, and regions of it; none where the machine is gone.
    pub fn look(&self) -> (u64, u64) {
        let shared = self.0.upgrade();
        let sizes = shared.iter().flat_map(|shared| shared.codes()).map(|code| code.cache.lock().sizes());
        sizes.fold((0, 0), |(bytes, regions), (more, others)| (bytes + more, regions + others))
    }
}

/// What one engine compiled, and found changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CompileCounts {
    pub(crate) functions: u64,
    pub(crate) instructions: u64,
    /// Those of them that are in pieces which were compiled before.
    pub(crate) again: u64,
    pub(crate) took: Duration,
    pub(crate) invalidations: u64,
    /// Regions that were kept, and published again.
    pub(crate) restored: u64,
    /// How long the guest waited for it.
    pub(crate) waited: Duration,
}

impl AddAssign for CompileCounts {
    fn add_assign(&mut self, other: Self) {
        self.functions += other.functions;
        self.instructions += other.instructions;
        self.again += other.again;
        self.took += other.took;
        self.invalidations += other.invalidations;
        self.restored += other.restored;
        self.waited += other.waited;
    }
}

/// The just-in-time compiling engine. One per host thread; [`Jit::fork`] makes another for the same machine.
pub struct Jit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) engine: Engine,
}

/// What one engine has for itself.
pub(crate) struct Engine {
    pub(crate) interpreter: Interpreter,
    pub(crate) compiler: Box<Mutex<Compiler>>,
    /// By mode and start of the function.
    pub(crate) heat: HashMap<(Mode, u32), Heat>,
    /// Time spent compiling in this visit.
    pub(crate) compile_time: Duration,
    counts: HookCounts,
    pub(crate) compiled: CompileCounts,
    /// Who compiles while the guest goes on.
    pub(crate) background: Option<Arc<Background>>,
    /// Whether what it has done is counted here: by the first engine.
    counts_background: bool,
    presence: Arc<Presence>,
}

impl Jit {
    /// Where the address that is being compiled can be seen from other threads; 0 if none is.
    pub fn compiling(&self) -> Arc<AtomicU32> {
        self.shared.compiling.clone()
    }

    /// Where the size of its code can be seen from other threads.
    pub fn code_sizes(&self) -> CodeSizes {
        CodeSizes(Arc::downgrade(&self.shared))
    }

    /// An engine for the machine whose memory is `memory`.
    pub fn new(memory: Arc<GuestMemory>, config: JitConfig) -> Result<Self, JitError> {
        Self::with_store(memory, config, None)
    }

    /// The same, for a title whose compiled code is kept.
    pub fn with_store(
        memory: Arc<GuestMemory>,
        config: JitConfig,
        store: Option<StoreOptions>,
    ) -> Result<Self, JitError> {
        let compiler = Compiler::new(&config)?;
        if !config.precise_faults {
            memory.let_stores_to_code_go_on();
        }
        let settings = || format!("{} {:?}", compiler.target(), lift_config(&config, Mode::default()));
        let store = store.map(|options| CodeStore::open(options, &settings()));
        let shared = Shared {
            memory,
            config,
            modes: Default::default(),
            bounds: Mutex::new(Vec::new()),
            epochs: Epochs::new(),
            compiling: Arc::default(),
            perf_map: config.perf_map.then(PerfMap::open).transpose()?,
            jit_dump: config.jit_dump.then(JitDump::open).transpose()?,
            store,
        };
        // Without the usual mode there is no point.
        let usual = ModeCode::new(Mode::default(), &shared.epochs, shared.store.as_ref(), &[])?;
        shared.modes[Mode::default().index()].get_or_init(|| Some(usual));
        let shared = Arc::new(shared);
        let background = config.background.then(|| Background::start(&shared, compiler.fork())).flatten();
        let mut first = Self::of(shared, compiler, background.map(Arc::new));
        first.engine.counts_background = true;
        Ok(first)
    }

    /// What is kept of compiled code, if it is.
    pub fn store(&self) -> Option<Arc<CodeStore>> {
        self.shared.store.clone()
    }

    fn of(shared: Arc<Shared>, compiler: Compiler, background: Option<Arc<Background>>) -> Self {
        let engine = Engine {
            interpreter: Interpreter::new(Arc::clone(&shared.memory), shared.config.engine),
            compiler: Box::new(Mutex::new(compiler)),
            heat: HashMap::new(),
            compile_time: Duration::ZERO,
            counts: HookCounts::default(),
            compiled: CompileCounts::default(),
            background,
            counts_background: false,
            presence: shared.epochs.join(),
        };
        Self { shared, engine }
    }

    /// Another engine for the same machine and code cache, for another host thread.
    pub fn fork(&self) -> Self {
        let compiler = self.engine.compiler.lock().fork();
        Self::of(Arc::clone(&self.shared), compiler, self.engine.background.clone())
    }

    /// Tells the bounds of a function: its first address and, if known, the one after its last.
    pub fn add_function(&self, start: GuestAddr, end: Option<GuestAddr>) {
        let mut bounds = self.shared.bounds.lock();
        bounds.push((start.0, end.map(|e| e.0)));
        for code in self.shared.codes() {
            code.cache.lock().functions.give(start.0, end.map(|e| e.0));
        }
    }
}

/// One visit.
impl Engine {
    /// Interprets up to `count` instructions. `Some` if something other than the count ended it.
    fn interpret(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        count: u32,
    ) -> Option<Exit> {
        let rest = (ctx.budget - i64::from(count)).max(0);
        // Both move alike, so that time stays right.
        ctx.budget -= rest;
        ctx.visit_budget -= rest;
        let exit = self.interpreter.run(ctx, devices);
        ctx.budget += rest;
        ctx.visit_budget += rest;
        if exit == Exit::Budget && rest > 0 { None } else { Some(exit) }
    }

    /// A host fault: the exception of the instruction that made the access. `None` if, done again, it made none.
    fn faulted(
        &mut self,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
    ) -> Option<Exit> {
        let fault = hooks::noted_fault(ctx);
        let site = code.cache.lock().site_of(ctx.host[Word::FaultCode as usize]);
        if let Some(site) = site {
            ctx.pc = site.from;
            ctx.budget += i64::from(site.remaining) + i64::from(site.again);
            let shorts = ctx.host[Word::Shorts as usize] as u32;
            soft_single::widen(&mut ctx.fpr, site.singles | site.open & shorts);
            if site.again > 0 || fault.kind == FaultKind::HoldsCode {
                return self.interpret(ctx, devices, site.again + 1);
            }
        } else {
            tracing::error!("a fault outside every guest instruction's code");
        }
        Some(Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind: ExceptionKind::Memory(fault) }))
    }

    fn run_compiled(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        epoch: u64,
    ) -> (Leave, u32, Option<Exit>) {
        let memory = &*shared.memory;
        code.install(ctx, memory);
        let mut run = Run {
            devices,
            memory,
            strict: shared.config.engine.reservations == ReservationMode::Strict,
            counts: &mut self.counts,
            exit: None,
            taken: None,
            epoch,
        };
        hooks::lend_run(ctx, &mut run);
        shared.epochs.enter(&self.presence);
        let (leave, detail) = enter(ctx);
        let Run { exit, taken, .. } = run;
        if let Some(taken) = taken {
            // The store that they were for has faulted.
            memory.reservations().end_store(taken, ctx.hw_id, ctx.reservation.held());
        }
        (leave, detail, exit)
    }

    fn visit(&mut self, shared: &Shared, ctx: &mut PpcContext, devices: &mut CurrentQueue<'_>) -> Exit {
        let mut arrival = Arrival::Resumed;
        loop {
            if ctx.budget <= 0 {
                return Exit::Budget;
            }
            let Some((mode, code)) = Mode::of(ctx).and_then(|mode| Some((mode, shared.code(mode)?))) else {
                // The state may become fit again, so not to the end of the visit.
                arrival = Arrival::Resumed;
                match self.interpret(ctx, devices, 64) {
                    Some(exit) => return exit,
                    None => continue,
                }
            };
            let (epoch, withdrawn) = code.withdraw_changed(&shared.memory);
            self.compiled.invalidations += withdrawn;
            let offset = code.entries.offset(ctx.pc);
            if offset == STORED && self.restore(shared, mode, code, ctx.pc) {
                continue;
            }
            if offset <= STORED {
                let how = std::mem::replace(&mut arrival, Arrival::Interpreted);
                match self.without_code(shared, mode, code, ctx, devices, how) {
                    Some(exit) => return exit,
                    None => continue,
                }
            }
            arrival = Arrival::Resumed;
            let (leave, detail, exit) = self.run_compiled(shared, code, ctx, devices, epoch);
            let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
            float_state::settle(ctx, &mut mxcsr);
            let ended = match leave {
                Leave::Branch | Leave::Unwind => None,
                Leave::Missing => {
                    arrival = Arrival::Compiled;
                    None
                }
                Leave::Budget => Some(self.interpreter.run(ctx, devices)),
                Leave::Raise => {
                    let before = ctx.budget;
                    let exit = self.interpret(ctx, devices, 1);
                    self.counts.fallbacks += (before - ctx.budget) as u64;
                    exit
                }
                // To the next entry, or for the store alone.
                Leave::Unfit | Leave::Alone => self.interpret(ctx, devices, 1),
                Leave::Exit => exit,
                Leave::Yield => Some(Exit::Yield),
                Leave::Syscall => Some(Exit::Syscall { lev: detail as u8 }),
                Leave::Fault => self.faulted(code, ctx, devices),
            };
            if let Some(exit) = ended {
                return exit;
            }
        }
    }
}

impl Execute for Jit {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        self.engine.compile_time = Duration::ZERO;
        let mut queue = devices.make_current();
        let exit = self.engine.visit(&self.shared, ctx, &mut queue);
        self.engine.presence.leave();
        exit
    }

    fn name(&self) -> &'static str {
        "jit"
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(Self::fork(self)))
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
            compile_wait_ns: compiled.waited.as_nanos() as u64,
            interpreted_instructions: interpreter.interpreted_instructions - counts.fallbacks,
            fallback_instructions: counts.fallbacks,
            helper_calls,
            invalidations: compiled.invalidations,
            cache_hits: compiled.restored,
            ..EngineCounters::default()
        }
    }
}

#[cfg(test)]
mod tests;
