//! The engine: runs compiled code, compiles what is warm, and interprets the rest.

use crate::JitError;
use crate::code_cache::{CodeCache, IDLE};
use crate::enter::{DEFAULT_MXCSR, enter};
use crate::float_state;
use crate::function_tier::{Compiler, Effort, Texts, has_fma};
use crate::hooks::{self, HookCounts, Run};
use crate::host::{Leave, Word};
use crate::lift::LiftConfig;
use crate::mode::Mode;
use crate::region::{self, Region};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use xenia_cpu::{
    EngineConfig, EngineCounters, ExceptionKind, Execute, Exit, GuestException, Interpreter, PpcContext,
    ReservationMode,
};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_isa::{OP_COUNT, ROWS};
use xenia_memory::{CodeHook, DeviceQueue, GuestMemory, Watch, register_code_hook};

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
    /// Times that code is reached through the dispatcher before it is compiled; 0 and 1 compile at once.
    pub warm_up: u32,
    /// Registers are exact when an access faults, at the price of more stores. On by default: on cpu-suite no cost
    /// could be measured.
    pub precise_faults: bool,
    /// How carefully to compile.
    pub effort: Effort,
    /// How much is compiled together.
    pub granularity: Granularity,
    /// Pages are compiled however often their code changes. Otherwise they are interpreted after a dozen changes, which
    /// suits titles, but tests that put one piece of code after another into the same place would compare
    /// the interpreter with itself.
    pub compile_restless: bool,
    /// Code uses what every x86-64-v2 host has (SSE4.2 and SSSE3) and nothing else, whatever this host has. For tests.
    pub baseline_host: bool,
    /// A deliberately wrong lifter arm, for tests of the cross-check: `addi` adds one too many.
    pub wrong_addi: bool,
}

impl Default for JitConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            warm_up: 4,
            precise_faults: true,
            effort: Effort::Fast,
            granularity: Granularity::Function,
            compile_restless: false,
            baseline_host: false,
            wrong_addi: false,
        }
    }
}

impl JitConfig {
    /// For whoever compares engines: compiles all code when it is first reached, however often a page changes.
    pub fn compile_everything() -> Self {
        Self { warm_up: 0, compile_restless: true, ..Self::default() }
    }
}

/// How much warmer code has to be that is part of a region already, but no entry of it.
const COVERED_WARM_UP: u32 = 100;
/// A new entry of a function that is compiled already has to be warmer by its normal warm-up for every so many of
/// the function's instructions, since all of them are compiled again.
const PATIENCE: u32 = 32;

/// What the engines of one machine share.
struct Shared {
    memory: Arc<GuestMemory>,
    config: JitConfig,
    /// By [`Mode::index`]; made when first needed, `None` if that failed.
    modes: [OnceLock<Option<ModeCode>>; Mode::COUNT],
    /// Bounds of functions that came from outside.
    bounds: Mutex<Vec<(u32, Option<u32>)>>,
    compiler: Mutex<Compiler>,
    functions: AtomicU64,
    instructions: AtomicU64,
    compile_ns: AtomicU64,
    /// The address that is being compiled, or 0.
    compiling: Arc<AtomicU32>,
}

/// The code of one mode.
struct ModeCode {
    // First, so that it is dropped first: once code memory is unmapped, its addresses may be another's.
    _hook: CodeHook,
    cache: Mutex<CodeCache>,
    /// Host addresses of the tables, which never move.
    tables: [(Word, u64); 3],
}

impl ModeCode {
    fn new(bounds: &[(u32, Option<u32>)]) -> Result<Self, JitError> {
        let mut cache = CodeCache::new()?;
        for &(start, end) in bounds {
            cache.add_function(start, end);
        }
        let code = cache.memory();
        let tables = [
            (Word::Code, code.execute_base()),
            (Word::Entries, code.entries_base()),
            (Word::Slots, code.slots_base()),
        ];
        let start = code.execute_base() as usize;
        let hook =
            register_code_hook(start..start + crate::code_memory::CODE_SIZE, Box::new(hooks::on_fault))?;
        Ok(Self { _hook: hook, cache: Mutex::new(cache), tables })
    }
}

impl Shared {
    /// The code of a mode. `None` if there is no memory for it.
    fn code(&self, mode: Mode) -> Option<&ModeCode> {
        let made = self.modes[mode.index()].get_or_init(|| {
            // Bounds are hints: one that comes at this moment may be missed.
            let made = ModeCode::new(&self.bounds.lock());
            made.inspect_err(|error| tracing::warn!(%error, ?mode, "interpreted: no room for its code")).ok()
        });
        made.as_ref()
    }

    /// The code of the modes that have any.
    fn codes(&self) -> impl Iterator<Item = &ModeCode> {
        self.modes.iter().filter_map(|mode| mode.get()?.as_ref())
    }
}

/// How warm code that is not compiled is.
struct Heat {
    reached: u32,
    /// Instructions to the end of its block, when it was last looked at.
    length: u32,
}

/// The just-in-time compiling engine. One per host thread; [`Jit::fork`] makes another for the same machine.
pub struct Jit {
    shared: Arc<Shared>,
    interpreter: Interpreter,
    /// By [`Mode::index`].
    heat: [HashMap<u32, Heat>; Mode::COUNT],
    counts: HookCounts,
    /// By [`Mode::index`]: the epoch of that mode's code cache since when this engine may be in its code.
    epochs: [Option<Arc<AtomicU64>>; Mode::COUNT],
}

/// A compiled region as text, for people.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Addresses and words of the guest's instructions.
    pub guest: Vec<(u32, u32)>,
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Host assembly as Cranelift prints it.
    pub host: String,
}

impl Jit {
    /// Where the address that is being compiled can be seen from other threads; 0 if none is.
    pub fn compiling(&self) -> Arc<AtomicU32> {
        self.shared.compiling.clone()
    }

    /// An engine for the machine whose memory is `memory`.
    pub fn new(memory: Arc<GuestMemory>, config: JitConfig) -> Result<Self, JitError> {
        let shared = Shared {
            memory,
            config,
            modes: Default::default(),
            bounds: Mutex::new(Vec::new()),
            compiler: Mutex::new(Compiler::new(config.effort, config.baseline_host)?),
            functions: AtomicU64::new(0),
            instructions: AtomicU64::new(0),
            compile_ns: AtomicU64::new(0),
            compiling: Arc::default(),
        };
        // Without the usual mode there is no point.
        let usual = ModeCode::new(&[])?;
        shared.modes[Mode::default().index()].get_or_init(|| Some(usual));
        Ok(Self::of(Arc::new(shared)))
    }

    fn of(shared: Arc<Shared>) -> Self {
        let interpreter = Interpreter::new(Arc::clone(&shared.memory), shared.config.engine);
        let heat = Default::default();
        Self { shared, interpreter, heat, counts: HookCounts::default(), epochs: Default::default() }
    }

    /// Another engine for the same machine and code cache, for another host thread.
    pub fn fork(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }

    /// Tells the bounds of a function: its first address and, if known, the one after its last.
    pub fn add_function(&self, start: GuestAddr, end: Option<GuestAddr>) {
        let mut bounds = self.shared.bounds.lock();
        bounds.push((start.0, end.map(|e| e.0)));
        for code in self.shared.codes() {
            code.cache.lock().add_function(start.0, end.map(|e| e.0));
        }
    }

    /// What the code at `pc` becomes in the usual mode: 32 bits, plain arithmetic. Compiles it for that; nothing is
    /// published.
    pub fn dump(&self, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::default(), pc)
    }

    /// As [`Self::dump`], in the mode of `ctx`.
    pub(crate) fn dump_for(&self, ctx: &PpcContext) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::of(ctx).unwrap_or_default(), GuestAddr(ctx.pc))
    }

    fn dump_in(&self, mode: Mode, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        let Some(code) = self.shared.code(mode) else { return Ok(None) };
        let Some(region) = self.discover(mode, code, pc.0) else { return Ok(None) };
        let compiled = {
            let mut cache = code.cache.lock();
            let mut slot = |to| cache.slot(to);
            self.shared.compiler.lock().compile(&region, self.lift_config(mode), &[], &mut slot, true)?
        };
        let guest =
            region.blocks.values().flat_map(|b| b.code.iter().map(|g| (g.pc, g.instruction.0))).collect();
        Ok(compiled.texts.map(|Texts { clif, host }| Dump { guest, clif, host }))
    }

    /// Host code of the region that has `pc` as an entry in the usual mode, if it is compiled.
    pub fn host_code(&self, pc: GuestAddr) -> Option<Vec<u8>> {
        self.shared.code(Mode::default())?.cache.lock().code_of(pc.0)
    }

    fn lift_config(&self, mode: Mode) -> LiftConfig {
        let config = &self.shared.config;
        LiftConfig {
            mode,
            precise_faults: config.precise_faults,
            has_fma: !self.shared.config.baseline_host && has_fma(),
            reservations: config.engine.reservations,
            wrong_addi: config.wrong_addi,
        }
    }

    fn discover(&self, mode: Mode, code: &ModeCode, pc: u32) -> Option<Region> {
        let memory = &self.shared.memory;
        let mut fetch = |pc: u32| memory.fetch_u32(pc).ok();
        let mut calls = Vec::new();
        match self.shared.config.granularity {
            Granularity::Function => {}
            Granularity::Block => {
                let length = region::block_length(pc, &mut fetch);
                let bounds = (pc, pc.saturating_add(4 * length));
                return region::discover(&[pc], bounds, &mut calls, &mut fetch);
            }
            Granularity::Instruction => {
                return region::discover(&[pc], (pc, pc.saturating_add(4)), &mut calls, &mut fetch);
            }
        }
        let mut cache = code.cache.lock();
        let (mut roots, bounds) = cache.plan(pc);
        let start = roots[0];
        let mut region = None;
        let mut also = Vec::new();
        if start != pc {
            // Part of that function only if it lies between its start and the last address that it reaches.
            let reach = region::discover(&roots, bounds, &mut calls, &mut fetch)
                .and_then(|r| r.blocks.values().next_back().map(region::Block::end));
            if reach.is_some_and(|end| pc < end) {
                if !roots.contains(&pc) {
                    roots.push(pc);
                }
                // What else has been reached of the function and is no part of it yet comes along: the other cases of a
                // switch will be warm soon, and each would have the function compiled again.
                let within = |at: u32| at > start && reach.is_some_and(|end| at < end);
                let heat = &self.heat[mode.index()];
                let reached = heat.iter().filter(|&(&at, heat)| heat.reached > 0 && within(at));
                let mut reached: Vec<u32> = reached.map(|(&at, _)| at).collect();
                reached.retain(|at| !cache.covers(*at) && !roots.contains(at));
                reached.sort_unstable();
                roots.extend(&reached);
                region = region::discover(&roots, bounds, &mut calls, &mut fetch)
                    .filter(|r| r.entries.contains(&pc));
                also = reached;
            }
        }
        let region = if let Some(region) = region {
            cache.add_entry(start, pc);
            for at in also {
                cache.add_entry(start, at);
            }
            region
        } else {
            let region = region::discover(&[pc], (pc, bounds.1), &mut calls, &mut fetch)?;
            cache.add_function(pc, None);
            region
        };
        for target in calls {
            cache.add_function(target, None);
        }
        Some(region)
    }

    /// Compiles the code at `pc` and publishes it. False if it can't be compiled now.
    fn compile(&self, mode: Mode, code: &ModeCode, pc: u32) -> bool {
        self.shared.compiling.store(pc, Relaxed);
        let done = self.compile_now(mode, code, pc);
        self.shared.compiling.store(0, Relaxed);
        done
    }

    fn compile_now(&self, mode: Mode, code: &ModeCode, pc: u32) -> bool {
        let start = Instant::now();
        let memory = &self.shared.memory;
        let Some(region) = self.discover(mode, code, pc) else { return false };
        let Some(pages) = self.watch(&region) else { return false };
        let result = {
            let mut cache = code.cache.lock();
            let may = self.shared.config.compile_restless;
            if !may && pages.iter().any(|&(page, _)| cache.is_restless(page)) {
                return false;
            }
            let mut slot = |to| cache.slot(to);
            let config = self.lift_config(mode);
            let compiled = self.shared.compiler.lock().compile(&region, config, &pages, &mut slot, false);
            compiled.and_then(|compiled| {
                if pages.iter().any(|&(page, was)| memory.page_version(page) != was) {
                    return Ok(false);
                }
                cache.publish(compiled, pages).map(|()| true)
            })
        };
        self.shared.functions.fetch_add(1, Relaxed);
        self.shared.instructions.fetch_add(region.instructions as u64, Relaxed);
        self.shared.compile_ns.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        result.unwrap_or_else(|error| {
            tracing::warn!(%error, "not compiled");
            false
        })
    }

    /// Watches the pages that `region` was read from. Gives them with the versions that its words
    /// belong to; `None` if the words have changed meanwhile, or can't be watched.
    fn watch(&self, region: &Region) -> Option<Vec<(u32, u32)>> {
        let memory = &self.shared.memory;
        let mut pages: BTreeMap<u32, u32> = BTreeMap::new();
        let guests = || region.blocks.values().flat_map(|block| &block.code);
        for guest in guests() {
            pages.entry(guest.pc & !(PAGE_SIZE - 1)).or_insert(0);
        }
        let mut result = Vec::new();
        for &page in pages.keys() {
            let index = GuestMemory::page_index(GuestAddr(page))?;
            result.push((index, memory.page_version(index)));
        }
        for &page in pages.keys() {
            if memory.watch(GuestAddr(page), PAGE_SIZE).ok()? != Watch::Protected {
                return None;
            }
        }
        let same = guests().all(|guest| memory.fetch_u32(guest.pc) == Ok(guest.instruction.0));
        same.then_some(result)
    }
}

/// One visit.
impl Jit {
    /// Interprets up to `count` instructions. `Some` if something other than the count ended it.
    fn interpret(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue, count: u32) -> Option<Exit> {
        let rest = (ctx.budget - i64::from(count)).max(0);
        // Both move alike, so that time stays right.
        ctx.budget -= rest;
        ctx.visit_budget -= rest;
        let exit = self.interpreter.run(ctx, devices);
        ctx.budget += rest;
        ctx.visit_budget += rest;
        if exit == Exit::Budget && rest > 0 { None } else { Some(exit) }
    }

    /// There is no code for `ctx.pc`: compiles it if it is warm, else interprets its block.
    fn missing(
        &mut self,
        mode: Mode,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
    ) -> Option<Exit> {
        let pc = ctx.pc;
        let memory = &self.shared.memory;
        let heat = self.heat[mode.index()].entry(pc).or_insert(Heat { reached: 0, length: 0 });
        if heat.length == 0 {
            heat.length = region::block_length(pc, &mut |pc| memory.fetch_u32(pc).ok());
        }
        heat.reached += 1;
        let length = heat.length;
        let warm_up = self.shared.config.warm_up;
        // Visits end anywhere; where they do is no reason to compile a region again with one more entry.
        let is_warm = heat.reached >= warm_up && {
            let cache = code.cache.lock();
            let more = match () {
                () if cache.covers(pc) => COVERED_WARM_UP,
                () if warm_up > 1 => 1 + cache.instructions_around(pc) / PATIENCE,
                () => 1,
            };
            heat.reached >= warm_up.saturating_mul(more)
        };
        if is_warm {
            // Should it be withdrawn or fail, it has to become warm again.
            heat.reached = 0;
            heat.length = 0;
            if self.compile(mode, code, pc) {
                return None;
            }
        }
        self.interpret(ctx, devices, length)
    }

    /// A host fault: the exception of the instruction that made the access.
    fn faulted(code: &ModeCode, ctx: &mut PpcContext) -> Exit {
        let fault = hooks::noted_fault(ctx);
        let site = code.cache.lock().site_of(ctx.host[Word::FaultCode as usize]);
        if let Some(site) = site {
            ctx.pc = site.pc;
            ctx.budget += i64::from(site.remaining);
        } else {
            tracing::error!("a fault outside every guest instruction's code");
        }
        Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind: ExceptionKind::Memory(fault) })
    }

    fn run_compiled(
        &mut self,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
    ) -> (Leave, u32, Option<Exit>) {
        let memory = Arc::clone(&self.shared.memory);
        let mut run = Run {
            devices,
            memory: &memory,
            strict: self.shared.config.engine.reservations == ReservationMode::Strict,
            counts: &mut self.counts,
            exit: None,
            bumps: memory.counters().page_version_bumps,
        };
        hooks::install(ctx, &mut run);
        let (leave, detail) = enter(ctx, &code.tables);
        (leave, detail, run.exit)
    }

    /// Notes that code of this mode may be running from now on, and none of another.
    fn enter_epoch(&mut self, mode: Mode, code: &ModeCode) {
        let mut cache = code.cache.lock();
        let own = self.epochs[mode.index()].get_or_insert_with(|| cache.add_engine());
        own.store(cache.epoch(), Release);
    }

    /// Notes that no code of any mode is running.
    fn leave_epochs(&self) {
        for epoch in self.epochs.iter().flatten() {
            epoch.store(IDLE, Release);
        }
    }

    fn visit(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        let shared = Arc::clone(&self.shared);
        loop {
            if ctx.budget <= 0 {
                return Exit::Budget;
            }
            let Some((mode, code)) = Mode::of(ctx).and_then(|mode| Some((mode, shared.code(mode)?))) else {
                // The state may become fit again, so not to the end of the visit.
                match self.interpret(ctx, devices, 64) {
                    Some(exit) => return exit,
                    None => continue,
                }
            };
            self.enter_epoch(mode, code);
            ctx.host[Word::Mxcsr as usize] = u64::from(DEFAULT_MXCSR);
            ctx.host[Word::VectorMode as usize] = 0;
            ctx.host[Word::ScalarFlags as usize] = 0;
            let (leave, detail, exit) = self.run_compiled(code, ctx, devices);
            let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
            float_state::settle(ctx, &mut mxcsr);
            let ended = match leave {
                Leave::Branch | Leave::Unwind => None,
                Leave::Missing => self.missing(mode, code, ctx, devices),
                Leave::Budget => Some(self.interpreter.run(ctx, devices)),
                Leave::Stale => {
                    code.cache.lock().found_stale(ctx.pc, &|page| shared.memory.page_version(page));
                    None
                }
                Leave::Raise => {
                    let before = ctx.budget;
                    let exit = self.interpret(ctx, devices, 1);
                    self.counts.fallbacks += (before - ctx.budget) as u64;
                    exit
                }
                Leave::Exit => exit,
                Leave::Yield => Some(Exit::Yield),
                Leave::Syscall => Some(Exit::Syscall { lev: detail as u8 }),
                Leave::Fault => Some(Self::faulted(code, ctx)),
            };
            if let Some(exit) = ended {
                return exit;
            }
        }
    }
}

impl Execute for Jit {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        let mut queue = devices.make_current();
        let exit = self.visit(ctx, &mut queue);
        self.leave_epochs();
        exit
    }

    fn name(&self) -> &'static str {
        "jit"
    }

    fn counters(&self) -> EngineCounters {
        let interpreter = self.interpreter.counters();
        let mut helper_calls = BTreeMap::new();
        for (index, &count) in self.counts.software.iter().enumerate() {
            if count != 0 {
                let name = if index == OP_COUNT { "illegal" } else { ROWS[index].name };
                *helper_calls.entry(name).or_default() += count;
            }
        }
        if self.counts.reservations != 0 {
            helper_calls.insert("reservation_table", self.counts.reservations);
        }
        if self.counts.synchronizations != 0 {
            helper_calls.insert("code_written", self.counts.synchronizations);
        }
        if self.counts.statuses != 0 {
            helper_calls.insert("exact_status", self.counts.statuses);
        }
        EngineCounters {
            functions: self.shared.functions.load(Relaxed),
            compiled_guest_instructions: self.shared.instructions.load(Relaxed),
            compile_ns: self.shared.compile_ns.load(Relaxed),
            interpreted_instructions: interpreter.interpreted_instructions - self.counts.fallbacks,
            fallback_instructions: self.counts.fallbacks,
            helper_calls,
            invalidations: self.shared.codes().map(|code| code.cache.lock().invalidations).sum(),
            ..EngineCounters::default()
        }
    }
}
