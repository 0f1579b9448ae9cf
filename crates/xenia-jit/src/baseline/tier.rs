//! The baseline tier of a machine: its code, and runs of it.
//!
//! A unit is compiled at the first execution of its first address. Code contains no counters: the
//! budget's register holds a *slice* of the visit ([`slices`]), and where that ends, the unit that
//! compared it is credited with the instructions of the slice. Both the slice and the credit count
//! guest instructions, so that the choice of hot units is deterministic in lockstep.

use super::cache::{Arrived, BaselineCache, BaselineCounts, CacheOptions};
use super::enter::{enter, missing_address};
use super::entries::PairEntries;
use super::float_thunks::CONSTANTS;
use super::map::BaselineWord;
use super::ran::Ran;
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
use crate::lock_order;
use crate::perf::map::PerfMap;
use crate::runtime::hooks::{self, Run};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};
use xenia_cpu::{EngineConfig, Exit, PpcContext};
use xenia_lifter::Mode;
use xenia_lifter::cfg::region::block_length;
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex};

/// The baseline tier of one machine.
pub(crate) struct Baseline {
    pub(crate) cache: Mutex<BaselineCache>,
    entries: Arc<PairEntries>,
    /// Words of the context with values that are the same for every run.
    words: Vec<(BaselineWord, u64)>,
    code_base: u64,
    /// The memory's code epoch when units of changed pages were last withdrawn.
    seen: AtomicU64,
    granularity: Granularity,
    perf_map: Option<Arc<PerfMap>>,
    /// Functions that have run, for the thread that compiles ahead; recorded only if there is one.
    pub(crate) ran: Mutex<Ran>,
    notes_ran: bool,
    /// When units move to the optimizing tier; `None` if there is none.
    tier_up: Option<TierUp>,
}

/// How a run of baseline code ended.
#[derive(Clone, Copy)]
pub(crate) enum BaselineEnd {
    /// The guest continues at pc, in other code or in the interpreter; with the warmth of the unit
    /// that ended a slice.
    Branch(Sampled),
    /// The interpreter continues at pc, whose page changes too often for this tier.
    Volatile,
    /// Code of the optimizing tier left; a hook may have ended the run with an exit.
    Optimized(Option<Exit>),
    /// The interpreter must run the instruction at pc.
    Interpret,
    /// The budget may be too small for the path from pc.
    Budget,
    /// The instruction whose code covers this host address did not complete.
    AtSite(u64),
}

/// Why an address has no code of this tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoUnit {
    /// Its page changes too often: further attempts have the same result.
    Volatile,
    /// The next attempt may succeed.
    NotNow,
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
            compile_volatile: config.testing.compile_volatile,
            size: config.baseline_code,
        };
        let cache = BaselineCache::new(Arc::clone(epochs), options)?;
        let mut words = cache.context_words().to_vec();
        words.push((BaselineWord::Memory, memory.guest_base() as u64));
        words.extend(CONSTANTS);
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
    pub(crate) fn takes(mode: Mode, ctx: &PpcContext) -> bool {
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
    pub(crate) fn is_inside_unit(&self, pc: u32) -> bool {
        self.granularity == Granularity::Function && self.cache.lock().covers(pc)
    }

    /// Whether there is code with the entry `pc`.
    pub(crate) fn has_entry(&self, pc: u32) -> bool {
        self.entries.offset(pc) != 0
    }

    /// The host address at which a run from `pc` begins: that of this tier's code, or that of the
    /// way to the optimizing tier's, if there is some. `None` if neither has any.
    pub(crate) fn start_of(&self, optimized: &Entries, pc: u32) -> Option<u64> {
        match optimized.offset(pc) {
            0..=STORED => self.address_of(pc),
            // The optimizing tier's code, which this thunk calls.
            _ => Some(missing_address()),
        }
    }

    /// The host address of the code with the entry `pc`.
    pub(super) fn address_of(&self, pc: u32) -> Option<u64> {
        let offset = self.entries.offset(pc);
        (offset != 0).then(|| self.code_base + u64::from(offset))
    }

    /// The host address of code for `pc`, where a visit continues. It is compiled if necessary.
    pub(crate) fn compile(&self, memory: &GuestMemory, optimized: &Entries, pc: u32) -> Option<u64> {
        self.code_for(memory, optimized, pc, Arrived::Otherwise).ok()
    }

    /// The host address of code for `pc`, which is compiled if necessary. Calls are linked to the
    /// first address of a unit only, so a called address inside a unit becomes a separate unit.
    pub(super) fn code_for(
        &self,
        memory: &GuestMemory,
        optimized: &Entries,
        pc: u32,
        arrived: Arrived,
    ) -> Result<u64, NoUnit> {
        let mut cache = self.cache.lock();
        // Another engine may have compiled it meanwhile.
        if let Some(address) = self.address_of(pc) {
            if arrived != Arrived::Called || cache.is_start(pc) {
                return Ok(address);
            }
            // Its entry leads into the middle of another unit.
            cache.hide(std::iter::once(pc));
        }
        // Cheaper than an attempt, which reads the clock: visits of such a page come here often.
        if cache.is_volatile(pc) {
            return Err(NoUnit::Volatile);
        }
        let reach = match self.granularity {
            Granularity::Function => Reach::FUNCTION,
            Granularity::Block => {
                let length = block_length(pc, &mut |pc| memory.fetch_u32(pc).ok()) as usize;
                Reach { words: length, instructions: length }
            }
            Granularity::Instruction => Reach { words: 1, instructions: 1 },
        };
        let offset = cache.compile(memory, optimized, pc, arrived, reach).ok_or(NoUnit::NotNow)?;
        if let Some(map) = &self.perf_map {
            map.add_as("baseline", cache.address(offset), cache.size_at(offset), pc);
        }
        Ok(cache.address(offset))
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
    pub(crate) fn withdraw_changed(&self, memory: &GuestMemory) -> bool {
        // The epoch is read first, so changes during the withdrawal are left for the next check.
        let epoch = memory.code_epoch();
        if self.seen.load(Acquire) == epoch {
            return false;
        }
        let are_unloaded = self.cache.lock().withdraw_changed(memory);
        // An engine that reads this epoch finds the changed units withdrawn.
        self.seen.store(epoch, Release);
        are_unloaded
    }

    /// Adds instructions that a visit executed to the tier's shares.
    pub(crate) fn add_executed(&self, instructions: u64) {
        self.cache.lock().shares.add_executed(instructions);
    }

    /// Runs the code at the host address `address`, for a slice of the visit. `until_sample` counts
    /// the instructions until the next sample.
    #[inline]
    pub(crate) fn run(
        &self,
        ctx: &mut PpcContext,
        hooks: Run<'_, '_>,
        optimized: &Entries,
        config: EngineConfig,
        address: u64,
        until_sample: &mut i64,
    ) -> BaselineEnd {
        for &(word, value) in &self.words {
            ctx.host[word as usize] = value;
        }
        slices::begin(ctx, *until_sample);
        let sampled = Sampled::Lukewarm;
        let mut run = BaselineRun { hooks, config, baseline: self, optimized, sampled, no_unit: None };
        hooks::lend_run(ctx, &mut run.hooks);
        let reason = enter(ctx, &mut run, address);
        let BaselineRun { hooks: Run { memory, exit, taken, .. }, sampled, no_unit, .. } = run;
        if let Some(taken) = taken {
            // The store that took these reservations has faulted.
            memory.reservations().end_store(taken, ctx.hw_id, ctx.reservation.held());
        }
        *until_sample = slices::end(ctx, reason);
        let site = ctx.host[BaselineWord::Site as usize];
        match reason {
            Reason::Branch if no_unit == Some(NoUnit::Volatile) => BaselineEnd::Volatile,
            Reason::Branch => BaselineEnd::Branch(sampled),
            Reason::Optimized => BaselineEnd::Optimized(exit),
            Reason::Interpret => BaselineEnd::Interpret,
            Reason::Budget => BaselineEnd::Budget,
            Reason::Fault => BaselineEnd::AtSite(site),
            // The site of an arm is the return address of its call.
            Reason::Arm => BaselineEnd::AtSite(site - 1),
        }
    }

    /// Moves the context back to the instruction whose code covers the host address `host`. Returns
    /// false if there is none.
    pub(crate) fn return_to(&self, ctx: &mut PpcContext, host: u64) -> bool {
        let site = self.cache.lock().site(host);
        let Some(site) = site else { return false };
        ctx.pc = site.pc;
        ctx.budget += i64::from(site.remaining);
        true
    }
}
