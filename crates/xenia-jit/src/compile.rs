//! From a guest address to published code: what is compiled together, and the order in which it is made.
//!
//! Pages are watched before their versions are read, versions before words; a version that has moved when the
//! code is done discards it.

use crate::JitError;
use crate::code_cache::CodeCache;
use crate::cost::RegionCost;
use crate::function_tier::{Compiled, Compiler, Texts, has_fma};
use crate::jit::{CompileCounts, Engine, Granularity, Jit, JitConfig, ModeCode, Shared};
use crate::lift::LiftConfig;
use crate::mode::Mode;
use crate::pieces;
use crate::region::{self, FUNCTION_LIMIT, REGION_LIMIT, Reach, Region};
use crate::starts;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Watch};

/// A compiled region as text, for people.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Addresses and words of the guest's instructions.
    pub guest: Vec<(u32, u32)>,
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Host assembly as Cranelift prints it.
    pub host: String,
    /// How much of it each block is.
    pub cost: RegionCost,
}

/// A region to compile, and what the code cache learns from it once that is decided.
pub(crate) struct Plan {
    pub(crate) region: Region,
    /// Where it begins.
    pub(crate) start: u32,
    /// What it is a piece of, if it is.
    piece: Option<PieceOf>,
    /// Addresses that it calls.
    pub(crate) calls: Vec<u32>,
}

/// That a region is a piece of a function.
struct PieceOf {
    /// Where the function starts.
    function: u32,
    /// Entries that it needs beyond those found by following branches.
    entries: Vec<u32>,
}

/// A region's code, and what the code cache learns from it.
pub(crate) struct Product<'a> {
    /// Where it begins.
    pub(crate) start: u32,
    /// The function that it is a piece of, if it is, and entries of that which no branch leads to.
    pub(crate) function: Option<(u32, Vec<u32>)>,
    /// Addresses that it calls.
    pub(crate) calls: &'a [u32],
    pub(crate) compiled: Compiled,
}

/// An address that is to have code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) pc: u32,
    /// Whether it has to be an entry.
    pub(crate) as_entry: bool,
}

/// Which starts of blocks between two addresses the interpreter has reached.
pub(crate) type Reached<'a> = &'a dyn Fn(u32, u32) -> Vec<u32>;

/// What whoever compiles does it with, and counts.
pub(crate) struct Workbench<'a> {
    pub(crate) compiler: &'a mut Compiler,
    pub(crate) counts: &'a mut CompileCounts,
}

/// Instructions of what is compiled beside a piece: from one entry that turned up to the next.
const BESIDE: usize = 48;

impl Jit {
    /// What the code at `pc` becomes in the usual mode: 32 bits, plain arithmetic. Compiles it for that; nothing is
    /// published.
    pub fn dump(&self, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::default(), pc)
    }

    /// As [`Self::dump`], in the mode of `ctx`.
    pub(crate) fn dump_for(&self, ctx: &PpcContext) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::of(ctx).unwrap_or_default(), GuestAddr(ctx.pc))
    }

    /// What the code at `pc` costs, compiled as [`Self::dump`] does.
    pub fn cost(&self, pc: GuestAddr) -> Result<Option<RegionCost>, JitError> {
        Ok(self.compile_in(Mode::default(), pc, false)?.map(|(plan, compiled)| {
            let calls = plan.calls;
            RegionCost::of(&plan.region, &compiled, calls)
        }))
    }

    fn dump_in(&self, mode: Mode, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        let Some((plan, compiled)) = self.compile_in(mode, pc, true)? else { return Ok(None) };
        let cost = RegionCost::of(&plan.region, &compiled, plan.calls);
        let blocks = plan.region.blocks.values();
        let guest = blocks.flat_map(|block| block.code.iter().map(|g| (g.pc, g.instruction.0))).collect();
        Ok(compiled.texts.map(|Texts { clif, host }| Dump { guest, clif, host, cost }))
    }

    /// Compiles the code at `pc`, and publishes nothing.
    fn compile_in(
        &self,
        mode: Mode,
        pc: GuestAddr,
        texts: bool,
    ) -> Result<Option<(Plan, Compiled)>, JitError> {
        let Some(code) = self.shared.code(mode) else { return Ok(None) };
        let wanted = Wanted { pc: pc.0, as_entry: true };
        let reached = |from, to| self.engine.interpreter.reached_between(from, to);
        let mut limit = REGION_LIMIT;
        loop {
            let Some(plan) = self.shared.plan(code, wanted, &reached, limit) else {
                return Ok(None);
            };
            let config = self.shared.lift_config(mode);
            match self.engine.compiler.lock().compile(&plan.region, config, texts) {
                Err(JitError::TooLong(fitting)) if limit > 1 => limit = shorten(code, plan, fitting, limit),
                compiled => return Ok(Some((plan, compiled?))),
            }
        }
    }

    /// Host code of the region that has `pc` as an entry in the usual mode, if it is compiled.
    pub fn host_code(&self, pc: GuestAddr) -> Option<Vec<u8>> {
        self.shared.code(Mode::default())?.cache.lock().code_of(pc.0)
    }
}

impl Shared {
    pub(crate) fn lift_config(&self, mode: Mode) -> LiftConfig {
        lift_config(&self.config, mode)
    }
}

/// What the lifter has to know of an engine with these settings.
pub(crate) fn lift_config(config: &JitConfig, mode: Mode) -> LiftConfig {
    LiftConfig {
        mode,
        precise_faults: config.precise_faults,
        sinks: true,
        has_fma: !config.baseline_host && has_fma(),
        has_pshufb: true,
        reservations: config.engine.reservations,
        wrong_addi: config.wrong_addi,
    }
}

/// `plan` is too long to be compiled, of which `fitting` instructions are not: cuts it if it's a piece of a function. How
/// long a region may be now, if it might be `limit` before.
pub(crate) fn shorten(code: &ModeCode, plan: Plan, fitting: usize, limit: usize) -> usize {
    let fitting = fitting.clamp(1, plan.region.instructions.saturating_sub(1).max(1));
    if plan.cut(code, fitting) { limit } else { fitting.min(limit - 1) }
}

impl Plan {
    /// The function that it is a piece of, if it is, and entries of that which no branch leads to.
    pub(crate) fn function(&self) -> Option<(u32, Vec<u32>)> {
        self.piece.as_ref().map(|piece| (piece.function, piece.entries.clone()))
    }

    /// Cuts the piece that it's for into some of `most` instructions at most. False if it stays whole.
    fn cut(self, code: &ModeCode, most: usize) -> bool {
        let Some(PieceOf { function, entries }) = self.piece else { return false };
        let mut cut = pieces::cut(&self.region, most);
        cut.entries.extend(entries);
        code.cache.lock().functions.cut(function, self.start, self.region.end(), &cut)
    }
}

impl Engine {
    /// Compiles what is wanted, `plan` if that is made already, and publishes it, while its guest waits. False if it can't be
    /// compiled now.
    pub(crate) fn compile(
        &mut self,
        shared: &Shared,
        mode: Mode,
        code: &ModeCode,
        wanted: Wanted,
        plan: Option<Plan>,
    ) -> bool {
        shared.compiling.store(wanted.pc, Relaxed);
        let Self { interpreter, compiler, compiled, .. } = self;
        let before = compiled.took;
        let reached = |from, to| interpreter.reached_between(from, to);
        let mut work = Workbench { compiler: &mut compiler.lock(), counts: compiled };
        let done = shared.compile(mode, code, wanted, plan, &reached, &mut work);
        // Another engine's address stays.
        let _ = shared.compiling.compare_exchange(wanted.pc, 0, Relaxed, Relaxed);
        let took = self.compiled.took.saturating_sub(before);
        self.compile_time += took;
        self.compiled.waited += took;
        done
    }
}

impl Shared {
    /// The region of `limit` instructions at most that is compiled for the code at `pc`; an entry of it if `as_entry`. `None`
    /// if there is nothing. A function that is longer is cut on the way.
    pub(crate) fn plan(
        &self,
        code: &ModeCode,
        wanted: Wanted,
        reached: Reached<'_>,
        limit: usize,
    ) -> Option<Plan> {
        let pc = wanted.pc;
        let mut fetch = |pc: u32| self.memory.fetch_u32(pc).ok();
        let length = match self.config.granularity {
            Granularity::Function => None,
            Granularity::Block => Some(region::block_length(pc, &mut fetch)),
            Granularity::Instruction => Some(1),
        };
        if let Some(length) = length {
            let reach = Reach::all((pc, pc.saturating_add(4 * length)), limit);
            let region = region::discover(&[pc], &reach, &mut Vec::new(), &mut fetch)?;
            return Some(Plan { region, start: pc, piece: None, calls: Vec::new() });
        }
        loop {
            let plan = plan_piece(code, wanted, reached, limit, &mut fetch)?;
            if plan.region.instructions <= limit {
                return Some(plan);
            }
            // Not quite as long as possible: what comes to the limit is often too long once it's lifted.
            if !plan.cut(code, limit * 3 / 4) {
                let reach = Reach::all((pc, pc.saturating_add(4 * limit as u32)), limit);
                let region = region::discover(&[pc], &reach, &mut Vec::new(), &mut fetch)?;
                return Some(Plan { region, start: pc, piece: None, calls: Vec::new() });
            }
        }
    }

    /// Compiles what is wanted, as [`Self::plan`] has it or had it just now, and publishes it. False if it can't be compiled
    /// now.
    pub(crate) fn compile(
        &self,
        mode: Mode,
        code: &ModeCode,
        wanted: Wanted,
        mut planned: Option<Plan>,
        reached: Reached<'_>,
        work: &mut Workbench<'_>,
    ) -> bool {
        let start = Instant::now();
        let mut limit = REGION_LIMIT;
        let done = loop {
            let plan = planned.take().or_else(|| self.plan(code, wanted, reached, limit));
            let Some(plan) = plan else { break false };
            match self.publish(mode, code, &plan, work) {
                Ok(published) => break published,
                // A smaller piece of it, then.
                Err(JitError::TooLong(fitting)) if limit > 1 => limit = shorten(code, plan, fitting, limit),
                // It has been emptied, and has room once all engines have gone on.
                Err(JitError::CodeMemoryFull) => break false,
                Err(error) => {
                    tracing::warn!(%error, "not compiled");
                    break false;
                }
            }
        };
        work.counts.took += start.elapsed();
        done
    }

    /// Compiles and publishes `plan`. False if its pages don't allow it now, or another engine is at it.
    fn publish(
        &self,
        mode: Mode,
        code: &ModeCode,
        plan: &Plan,
        work: &mut Workbench<'_>,
    ) -> Result<bool, JitError> {
        let memory = &self.memory;
        let Some(pages) = watch(memory, &plan.region) else { return Ok(false) };
        let Some(_lifting) = Lifting::begin(self, code, plan.start, &pages) else { return Ok(false) };
        let config = self.lift_config(mode);
        let compiled = work.compiler.compile(&plan.region, config, false)?;
        work.counts.functions += 1;
        work.counts.instructions += plan.region.instructions as u64;
        if let Some(store) = &self.store {
            store.add(mode, plan, &compiled);
        }
        let product = Product { start: plan.start, function: plan.function(), calls: &plan.calls, compiled };
        let mut cache = code.cache.lock();
        let piece = plan.piece.as_ref();
        if piece.is_some_and(|piece| cache.functions.was_compiled(piece.function, plan.start)) {
            work.counts.again += plan.region.instructions as u64;
        }
        self.install(&mut cache, product, pages)
    }

    /// Publishes what was compiled from `pages`, or was kept. False if one of these has changed meanwhile.
    pub(crate) fn install(
        &self,
        cache: &mut CodeCache,
        product: Product<'_>,
        pages: Vec<(u32, u32)>,
    ) -> Result<bool, JitError> {
        let Product { start, function, calls, compiled } = product;
        for &target in calls {
            cache.functions.add(target);
        }
        if let Some((function, entries)) = &function {
            cache.functions.add(*function);
            for &entry in entries {
                cache.functions.add_entry(*function, entry);
            }
        }
        if pages.iter().any(|&(page, was)| self.memory.page_version(page) != was) {
            return Ok(false);
        }
        let size = compiled.code.len();
        let region = cache.publish(compiled, pages)?;
        if let Some(map) = &self.perf_map
            && let Some(address) = cache.address_of(region)
        {
            map.add(address, size, start);
        }
        if let Some(dump) = &self.jit_dump
            && let (Some(address), Some(code)) = (cache.address_of(region), cache.bytes_of(region))
        {
            dump.add(address, &code, start);
        }
        if let Some((function, _)) = function {
            cache.functions.compiled(function, start, region);
        }
        Ok(true)
    }
}

/// As [`Shared::plan`], of any length if it is a piece of a function.
fn plan_piece(
    code: &ModeCode,
    wanted: Wanted,
    reached: Reached<'_>,
    limit: usize,
    fetch: &mut dyn FnMut(u32) -> Option<u32>,
) -> Option<Plan> {
    let Wanted { pc, as_entry } = wanted;
    let place = code.cache.lock().place(pc);
    let mut calls = Vec::new();
    if place.is_settled && (as_entry || !place.is_covered) {
        let has_code = |pc| code.entries.offset(pc) != 0;
        let reach = Reach { bounds: place.function, limit: BESIDE.min(limit), skips: &has_code };
        let region = region::discover(&[pc], &reach, &mut calls, fetch)?;
        return Some(Plan { region, start: pc, piece: None, calls });
    }
    let (function, start) = (place.function.0, place.piece.0);
    let reach = Reach::all(place.piece, FUNCTION_LIMIT);
    let mut roots = place.roots;
    let mut end_of_code = place.end_of_code;
    let known = region::discover(&roots, &reach, &mut calls, fetch);
    if let Some(region) = &known {
        let is_entry = region.entries.contains(&pc);
        // What is too long is cut, whether `pc` is in it or not.
        if is_entry || region.contains(pc) && !as_entry || region.instructions > limit {
            let piece = Some(PieceOf { function, entries: Vec::new() });
            return known.map(|region| Plan { region, start, piece, calls });
        }
        end_of_code = end_of_code.max(region.end());
    }
    // Part of that function only if it lies between its start and the last address that it reaches.
    if pc > function && pc < end_of_code {
        let mut entries = vec![pc];
        // What else has been reached of it and is no part of it yet comes along: the other cases of a switch will be
        // warm soon, and each would have it compiled again.
        let is_known = |at| known.as_ref().is_some_and(|region| region.contains(at));
        let reached = reached(start, place.piece.1.min(end_of_code));
        entries.extend(reached.into_iter().filter(|&at| at != pc && !is_known(at)));
        let known_roots = roots.len();
        let mut whole = |entries: &[u32]| {
            roots.truncate(known_roots);
            roots.extend(entries);
            calls.clear();
            region::discover(&roots, &reach, &mut calls, fetch)
        };
        if let Some(region) = whole(&entries).filter(|region| region.entries.contains(&pc)) {
            // What a branch leads to is no case, but part of one.
            let followed = region.followed();
            let (parts, mut cases): (Vec<u32>, Vec<u32>) =
                entries.iter().partition(|&&at| at != pc && followed.contains(&at));
            let mut region = if parts.is_empty() { Some(region) } else { whole(&cases) };
            // But for those that lead to each other alone.
            let is_in = |at: u32| region.as_ref().is_some_and(|region| region.contains(at));
            let lost: Vec<u32> = parts.into_iter().filter(|&at| !is_in(at)).collect();
            if !lost.is_empty() {
                cases.extend(lost);
                region = whole(&cases);
            }
            let piece = Some(PieceOf { function, entries: cases });
            return region.map(|region| Plan { region, start, piece, calls });
        }
    }
    // Of one behind it that nobody named.
    let bounds = known.and_then(|known| starts::bounds_of(pc, &known, place.function.1, fetch));
    if let Some((start, end)) = bounds
        && start != pc
        && code.cache.lock().functions.reaches(start, end)
    {
        return plan_piece(code, wanted, reached, limit, fetch);
    }
    // A function of its own.
    calls.clear();
    let reach = Reach::all((pc, place.function.1), FUNCTION_LIMIT);
    let region = region::discover(&[pc], &reach, &mut calls, fetch)?;
    Some(Plan { region, start: pc, piece: Some(PieceOf { function: pc, entries: Vec::new() }), calls })
}

/// Code that is being lifted and compiled, which is done without the lock of the code cache: nobody else begins with it until
/// this is dropped.
struct Lifting<'a> {
    code: &'a ModeCode,
    start: u32,
}

impl<'a> Lifting<'a> {
    /// `None` if one of the pages changes too often, or another engine is at it.
    fn begin(shared: &Shared, code: &'a ModeCode, start: u32, pages: &[(u32, u32)]) -> Option<Self> {
        let mut cache = code.cache.lock();
        if !shared.config.compile_restless && pages.iter().any(|&(page, _)| cache.is_restless(page)) {
            return None;
        }
        cache.release_retired();
        // Made only then: dropping one ends the lifting.
        cache.begin_lifting(start).then(|| Self { code, start })
    }
}

impl Drop for Lifting<'_> {
    fn drop(&mut self) {
        self.code.cache.lock().end_lifting(self.start);
    }
}

/// Watches the pages that `region` was read from. Gives them with the versions that its words
/// belong to; `None` if the words have changed meanwhile, or can't be watched.
fn watch(memory: &GuestMemory, region: &Region) -> Option<Vec<(u32, u32)>> {
    let pages = watch_pages(memory, &region.pages())?;
    let mut guests = region.blocks.values().flat_map(|block| &block.code);
    let same = guests.all(|guest| memory.fetch_u32(guest.pc) == Ok(guest.instruction.0));
    same.then_some(pages)
}

/// Watches the pages at these addresses, and gives their indices with their versions of before that.
pub(crate) fn watch_pages(memory: &GuestMemory, pages: &BTreeSet<u32>) -> Option<Vec<(u32, u32)>> {
    let versions = pages.iter().map(|&page| {
        let index = GuestMemory::page_index(GuestAddr(page))?;
        Some((index, memory.page_version(index)))
    });
    let versions = versions.collect::<Option<_>>()?;
    for &page in pages {
        if memory.watch_code(GuestAddr(page), PAGE_SIZE).ok()? != Watch::Protected {
            return None;
        }
    }
    Some(versions)
}
