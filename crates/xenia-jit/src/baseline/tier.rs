//! The engine's interface to the baseline tier: visits, and the choice of functions for the
//! optimizing tier.
//!
//! A unit is compiled at the first execution of its first address. Code contains no counters: the
//! context's budget holds a *slice* of the visit ([`slices`]), and where that ends, the unit that
//! compared it is credited with the instructions of the slice. Both the slice and the credit count
//! guest instructions, so that the choice is deterministic in lockstep.

use super::cache::{Arrived, BaselineCache, BaselineCounts, CacheOptions};
use super::enter::{enter, missing_address};
use super::entries::PairEntries;
use super::map::BaselineWord;
use super::reason::Reason;
use super::services::BaselineRun;
use super::slices;
use super::templates::CodeOptions;
use super::unit::Reach;
use super::worth::{Sampled, TierUp};
use crate::JitError;
use crate::arch::HAS_BASELINE;
use crate::code::entries::{Entries, STORED};
use crate::code::epochs::Epochs;
use crate::config::{Granularity, JitConfig, Tiers};
use crate::inspect::perf_map::PerfMap;
use crate::jit::Engine;
use crate::jit::warmth::{AROUND, Arrival};
use crate::lock_order;
use crate::plan::CodeRequest;
use crate::runtime::enter::Departure;
use crate::runtime::hooks::{self, Run};
use crate::runtime::shared::{ModeCode, Shared};
use crate::tiering::background::{Answer, Order, UnitKey};
use crate::tiering::idle::Ran;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};
use xenia_cpu::{ExceptionKind, Execute, Exit, GuestException, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_lifter::Mode;
use xenia_lifter::cfg::region::block_length;
use xenia_lifter::float::float_state;
use xenia_lifter::host::Word;
use xenia_memory::{AccessKind, CurrentQueue, FaultKind, GuestMemory, MemoryFault};
use xenia_sync::{Level, Mutex};

/// Executed instructions that an engine collects before it adds them to the tier's shares.
const SHARED: i64 = 1 << 20;

/// Instructions that the interpreter runs, as profiling, when a sample finds a unit warm.
const PROFILED: u32 = 500;

/// The baseline tier of one machine.
pub(crate) struct Baseline {
    pub(crate) cache: Mutex<BaselineCache>,
    entries: Arc<PairEntries>,
    /// Words of the context with values that are the same for every run.
    words: Vec<(BaselineWord, u64)>,
    code_base: u64,
    /// The memory's epoch when units of changed pages were last withdrawn.
    seen: AtomicU64,
    granularity: Granularity,
    perf_map: Option<Arc<PerfMap>>,
    /// Functions that have run, for the thread that compiles ahead; recorded only if there is one.
    pub(crate) ran: Mutex<Ran>,
    notes_ran: bool,
    /// When units move to the optimizing tier; `None` if there is none.
    tier_up: Option<TierUp>,
}

/// Result of an attempt to run baseline code.
pub(crate) enum Visited {
    /// Code ran. `Some` if that ended the visit.
    Ran(Option<Exit>),
    /// There is no code for pc.
    NoCode,
}

/// The state that a visit of baseline code reads.
#[derive(Clone, Copy)]
struct BaselineVisit<'a> {
    shared: &'a Shared,
    code: &'a ModeCode,
    baseline: &'a Baseline,
}

/// The end of a run of baseline code.
struct BaselineEnd {
    reason: Reason,
    /// Warmth of the unit that ended a slice.
    sampled: Sampled,
    exit: Option<Exit>,
}

impl Baseline {
    pub(crate) fn new(
        memory: &GuestMemory,
        config: &JitConfig,
        epochs: &Arc<Epochs>,
        perf_map: Option<Arc<PerfMap>>,
    ) -> Result<Self, JitError> {
        if !HAS_BASELINE {
            return Err(JitError::NoBaseline);
        }
        let options = CacheOptions {
            code: CodeOptions::of(config),
            compile_volatile: config.compile_volatile,
            size: config.baseline_code,
        };
        let cache = BaselineCache::new(Arc::clone(epochs), options)?;
        let mut words = cache.context_words().to_vec();
        words.push((BaselineWord::Memory, memory.guest_base() as u64));
        let code_base = cache.address(0);
        let entries = Arc::clone(cache.entries());
        let seen = AtomicU64::new(0);
        let granularity = config.granularity;
        let JitConfig { hot_after, plain_code_gains, .. } = *config;
        let tier_up = (config.tiers == Tiers::Both).then_some(TierUp { hot_after, plain_code_gains });
        Ok(Self {
            cache: Mutex::numbered(Level::Code, lock_order::BASELINE, cache),
            entries,
            words,
            code_base,
            seen,
            granularity,
            perf_map,
            ran: Mutex::new(Level::Leaf, Ran::default()),
            notes_ran: config.ahead,
            tier_up,
        })
    }

    /// Whether code of this tier may run a context of `mode`.
    fn takes(mode: Mode, ctx: &PpcContext) -> bool {
        !mode.wide && ctx.xer_so == 0
    }

    /// Counters of the tier.
    pub(crate) fn counts(&self) -> BaselineCounts {
        self.cache.lock().counts
    }

    /// Whether hot units move to the optimizing tier.
    pub(super) fn tiers_up(&self) -> bool {
        self.tier_up.is_some()
    }

    /// Whether a unit of a whole function contains the instruction at `pc`.
    fn is_inside_unit(&self, pc: u32) -> bool {
        self.granularity == Granularity::Function && self.cache.lock().covers(pc)
    }

    /// The host address of the code with the entry `pc`.
    pub(super) fn address_of(&self, pc: u32) -> Option<u64> {
        let offset = self.entries.offset(pc);
        (offset != 0).then(|| self.code_base + u64::from(offset))
    }

    /// The host address of code for `pc`, which is compiled if necessary. Calls are linked to the
    /// first address of a unit only, so a called address inside a unit becomes a separate unit.
    pub(super) fn code_for(
        &self,
        memory: &GuestMemory,
        optimized: &Entries,
        pc: u32,
        arrived: Arrived,
    ) -> Option<u64> {
        let mut cache = self.cache.lock();
        // Another engine may have compiled it meanwhile.
        if let Some(address) = self.address_of(pc) {
            if arrived != Arrived::Called || cache.is_start(pc) {
                return Some(address);
            }
            // Its entry leads into the middle of another unit.
            cache.hide(std::iter::once(pc));
        }
        let reach = match self.granularity {
            Granularity::Function => Reach::FUNCTION,
            Granularity::Block => {
                let length = block_length(pc, &mut |pc| memory.fetch_u32(pc).ok()) as usize;
                Reach { words: length, instructions: length }
            }
            Granularity::Instruction => Reach { words: 1, instructions: 1 },
        };
        let offset = cache.compile(memory, optimized, pc, arrived, reach)?;
        if let Some(map) = &self.perf_map {
            map.add_as("baseline", cache.address(offset), cache.size_at(offset), pc);
        }
        Some(cache.address(offset))
    }

    /// Credits the unit with the entry `pc` with executed instructions, and its caller, the unit
    /// that contains the host address `caller`, with those of a callee.
    pub(super) fn credit(&self, pc: u32, caller: u64, instructions: u64) -> Sampled {
        let Some(mut policy) = self.tier_up else { return Sampled::Lukewarm };
        let work = {
            let mut cache = self.cache.lock();
            let work = cache.credit(pc, caller, instructions);
            policy.plain_code_gains |= cache.shares.plain_code_gains();
            work
        };
        let Some(work) = work else { return Sampled::Lukewarm };
        let sampled = Sampled::of(work, policy);
        if self.notes_ran && sampled == Sampled::Lukewarm && work.mix.is_worth_optimizing() {
            self.ran.lock().note(pc, work.credit);
        }
        sampled
    }

    /// Withdraws the units whose pages have changed. Returns whether one of the pages was
    /// decommitted.
    fn withdraw_changed(&self, memory: &GuestMemory) -> bool {
        // The epoch is read first, so changes during the withdrawal are left for the next check.
        let epoch = memory.epoch();
        if self.seen.load(Acquire) == epoch {
            return false;
        }
        let are_unloaded = self.cache.lock().withdraw_changed(memory);
        // An engine that reads this epoch finds the changed units withdrawn.
        self.seen.store(epoch, Release);
        are_unloaded
    }
}

/// Visits of a block inside a unit and without an entry before the block becomes an entry.
const COVERED_LIMIT: u32 = 8;

impl Engine {
    /// Runs from pc if this tier supports the context: runs its own code, and the optimizing tier's
    /// where that exists.
    pub(crate) fn visit_baseline(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        epoch: u64,
        arrival: &mut Arrival,
    ) -> Visited {
        let Some(baseline) = shared.baseline.as_ref().filter(|_| Baseline::takes(code.mode, ctx)) else {
            return Visited::NoCode;
        };
        let memory = &*shared.memory;
        if baseline.withdraw_changed(memory) {
            shared.codes().for_each(|code| code.cache.lock().forget_unloaded(memory));
        }
        // Enter the epoch before reading the tables, so that the code they lead to is not freed.
        shared.epochs.enter(&self.presence);
        let how = std::mem::replace(arrival, Arrival::Resumed);
        let mut address = match code.entries.offset(ctx.pc) {
            0..=STORED => baseline.address_of(ctx.pc),
            // The optimizing tier's code, which this thunk calls.
            _ => Some(missing_address()),
        };
        if address.is_none() {
            if how == Arrival::Resumed && baseline.is_inside_unit(ctx.pc) {
                // A visit ended in the middle of a unit: the next entry is close.
                let has_code = |pc| baseline.entries.offset(pc) != 0 || code.entries.offset(pc) != 0;
                let exit = self.interpreter.run_to_code(ctx, devices, COVERED_LIMIT, has_code);
                *arrival = Arrival::Interpreted;
                return Visited::Ran(exit);
            }
            address = baseline.code_for(memory, &code.entries, ctx.pc, Arrived::Otherwise);
        }
        let Some(address) = address else {
            *arrival = how;
            return Visited::NoCode;
        };
        let visit = BaselineVisit { shared, code, baseline };
        let end = self.run_baseline(visit, ctx, devices, epoch, address);
        Visited::Ran(self.after_baseline(visit, ctx, devices, &end))
    }

    /// Runs the code at a host address, for a slice of the visit.
    fn run_baseline(
        &mut self,
        visit: BaselineVisit<'_>,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        epoch: u64,
        address: u64,
    ) -> BaselineEnd {
        let BaselineVisit { shared, code, baseline } = visit;
        let memory = &*shared.memory;
        let budget = ctx.budget;
        code.install(ctx, memory);
        for &(word, value) in &baseline.words {
            ctx.host[word as usize] = value;
        }
        slices::begin(ctx, self.until_sample);
        let config = shared.config.engine;
        let mut run = BaselineRun {
            hooks: Run {
                devices,
                memory,
                code: &code.cache,
                strict: config.reservations == ReservationMode::Strict,
                counts: &mut self.counts,
                exit: None,
                taken: None,
                epoch,
            },
            config,
            baseline,
            optimized: &code.entries,
            sampled: Sampled::Lukewarm,
        };
        hooks::lend_run(ctx, &mut run.hooks);
        let reason = enter(ctx, &mut run, address);
        let BaselineRun { hooks: Run { exit, taken, .. }, sampled, .. } = run;
        if let Some(taken) = taken {
            // The store that took these reservations has faulted.
            memory.reservations().end_store(taken, ctx.hw_id, ctx.reservation.held());
        }
        self.until_sample = slices::end(ctx, reason);
        self.share(baseline, budget - ctx.budget);
        BaselineEnd { reason, sampled, exit }
    }

    /// Acts on the reason for which baseline code left. Returns the exit if that ends the visit.
    fn after_baseline(
        &mut self,
        visit: BaselineVisit<'_>,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        end: &BaselineEnd,
    ) -> Option<Exit> {
        let BaselineVisit { shared, code, baseline } = visit;
        let reason = end.reason;
        if reason == Reason::Optimized {
            let departure = Departure::of(ctx, end.exit);
            return self.after_leaving(code, ctx, devices, departure);
        }
        let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
        float_state::materialize_fpscr(ctx, &mut mxcsr);
        match reason {
            Reason::Branch | Reason::Optimized => match end.sampled {
                Sampled::Lukewarm => None,
                Sampled::Warm => self.profile(code, baseline, ctx, devices),
                Sampled::Hot => {
                    self.optimize(shared, code, baseline, ctx.pc);
                    None
                }
            },
            Reason::Interpret => self.interpret(ctx, devices, 1),
            Reason::Budget => Some(self.interpreter.run(ctx, devices)),
            Reason::Fault | Reason::Arm => self.left_at_site(baseline, reason, ctx, devices),
        }
    }

    /// Adds instructions that a visit executed to the tier's shares, in batches.
    fn share(&mut self, baseline: &Baseline, executed: i64) {
        self.unshared += executed.max(0);
        if self.unshared >= SHARED {
            baseline.cache.lock().shares.add_executed(self.unshared as u64);
            self.unshared = 0;
        }
    }

    /// Runs the instruction that did not complete by the interpreter.
    fn left_at_site(
        &mut self,
        baseline: &Baseline,
        reason: Reason,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
    ) -> Option<Exit> {
        // The site of an arm is the return address of its call.
        let host = ctx.host[BaselineWord::Site as usize] - u64::from(reason == Reason::Arm);
        let site = baseline.cache.lock().site(host);
        let Some(site) = site else {
            tracing::error!("baseline code was left outside of every guest instruction's code");
            let fault =
                MemoryFault { addr: GuestAddr(0), kind: FaultKind::Unmapped, access: AccessKind::Load };
            let kind = ExceptionKind::Memory(fault);
            return Some(Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind }));
        };
        ctx.pc = site.pc;
        ctx.budget += i64::from(site.remaining);
        self.interpret(ctx, devices, 1)
    }

    /// Interprets some instructions to collect which blocks are reached, before the unit is
    /// compiled, and how long the visits of the unit are.
    fn profile(
        &mut self,
        code: &ModeCode,
        baseline: &Baseline,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
    ) -> Option<Exit> {
        let start = ctx.pc;
        let unit = baseline.cache.lock().words_of(start);
        let instructions = Cell::new(0);
        // The visit that is in progress.
        let visits = Cell::new(1);
        // Whether the last baseline code that ran belongs to another unit.
        let is_outside = Cell::new(false);
        let note = |pc, length| {
            if unit.contains(&pc) {
                instructions.set(instructions.get() + length);
                visits.set(visits.get() + u32::from(is_outside.replace(false)));
            } else if code.entries.offset(pc) == 0 {
                is_outside.set(true);
            }
        };
        let rest = (ctx.budget - i64::from(PROFILED)).max(0);
        let exit = ctx.with_budget_held(rest, |ctx| self.interpreter.run_noting(ctx, devices, note));
        baseline.cache.lock().add_profile(start, instructions.get(), visits.get());
        // The profile's budget is spent; the visit's is only if none was held back.
        exit.filter(|&exit| exit != Exit::Budget || rest == 0)
    }

    /// Has the optimizing tier compile the function around `pc`, at once or in the background.
    fn optimize(&mut self, shared: &Shared, code: &ModeCode, baseline: &Baseline, pc: u32) {
        let wanted = CodeRequest { pc, as_entry: true };
        let answer = self.background.as_ref().map_or(Answer::Ended, |background| {
            let unit = UnitKey { mode: code.mode, start: pc };
            let order = |work| {
                let from = pc.saturating_sub(AROUND);
                let to = pc.saturating_add(AROUND);
                let reached = self.reached_between(shared, from, to);
                Order { unit, wanted, reached, work }
            };
            let credit = baseline.cache.lock().work(pc).map_or(0, |work| work.credit);
            background.request(unit, credit, order)
        });
        match answer {
            Answer::Taken => {}
            // The order repeats with more credit.
            Answer::NotYet => return,
            Answer::Ended if !self.may_compile(shared) => return,
            Answer::Ended => _ = self.compile(shared, code, wanted, None),
        }
        // A function that can't be compiled now has to become hot again.
        baseline.cache.lock().forget_credit(pc);
    }
}
