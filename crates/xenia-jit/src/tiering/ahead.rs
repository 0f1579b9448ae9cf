//! Ahead-of-time compilation: finds the functions that are worth optimizing and writes their code
//! to the store.
//!
//! ```text
//!  known functions ──► scan ──► worth it ──► compiled, piece by piece ──► store
//!        ▲               │
//!        └── callees ◄───┘
//! ```
//!
//! No code is published here: a region waits in the store until its function is hot
//! ([`Shared::restore_ahead`]). Published at first execution it would be slower than baseline
//! code in functions whose loops have few iterations, because calls between the tiers cost more
//! than it gains.
//!
//! Facts learned about functions on the way go into separate tables ([`Shared::aside`]). The
//! machine's own tables still decide the extent of a hot region, so a function that is not compiled
//! ahead is compiled exactly as in a run without ahead-of-time compilation.

use crate::baseline::{CodeOptions, FunctionScanner, ScannedFunction};
use crate::code::entries::STORED;
use crate::code::store::{Origin, Words, words_of};
use crate::config::Tiers;
use crate::plan::{CodeRequest, Plan, split_or_shrink};
use crate::shared::{ModeCode, Shared};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};
use xenia_isa::word::NOP;
use xenia_isa::{Instruction, decode};
use xenia_lifter::cfg::function_bounds::ends_in_a_jump;
use xenia_lifter::cfg::region::{MAX_REGION_LENGTH, Region, Terminator, end_of};
use xenia_lifter::{Compiler, LiftError, Mode};

/// Limit of functions that are scanned.
const MAX_FUNCTIONS: usize = 1 << 20;
/// Limit of pieces that are compiled of one function.
const MAX_PIECES: usize = 1 << 10;

/// Worklist of functions: the roots that were added, and their callees.
pub(crate) struct Finder {
    scanner: FunctionScanner,
    todo: VecDeque<u32>,
    seen: HashSet<u32>,
}

impl Finder {
    pub(crate) fn new(shared: &Shared) -> Self {
        let options = CodeOptions::of(&shared.config);
        Self { scanner: FunctionScanner::new(options), todo: VecDeque::new(), seen: HashSet::new() }
    }

    /// Adds the function that begins at `start`.
    pub(crate) fn add(&mut self, code: &ModeCode, start: u32) {
        if self.seen.len() < MAX_FUNCTIONS && start.is_multiple_of(4) && self.seen.insert(start) {
            self.todo.push_back(start);
            code.cache.lock().functions.add(start);
        }
    }

    /// Number of functions found so far.
    pub(crate) fn found(&self) -> usize {
        self.seen.len()
    }

    /// Surveys the next function and adds its callees. Returns `None` if the worklist is empty.
    pub(crate) fn next(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
    ) -> Option<(u32, Option<ScannedFunction>)> {
        let start = self.todo.pop_front()?;
        let end = code.cache.lock().functions.ends_at(start);
        let seen = &self.seen;
        let scanned = self.scanner.scan(&shared.memory, start, end, &|pc| seen.contains(&pc));
        for &call in scanned.iter().flat_map(|scanned| &scanned.calls) {
            self.add(code, call);
        }
        Some((start, scanned))
    }
}

impl Shared {
    /// Whether a function should be compiled ahead of time.
    pub(crate) fn is_worth_it(&self, scanned: &ScannedFunction) -> bool {
        self.config.tiers != Tiers::Both || scanned.mix.is_worth_optimizing()
    }
}

/// Counters of the regions of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Regions that were compiled.
    pub(crate) regions: u64,
    /// Guest instructions in the compiled regions.
    pub(crate) instructions: u64,
    /// Regions that the store already had.
    pub(crate) known: u64,
    /// Regions that could not be compiled.
    pub(crate) failed: u64,
}

/// Compiles functions into the store.
pub(crate) struct AheadCompiler<'a> {
    pub(crate) shared: &'a Shared,
    /// The machine's own tables.
    pub(crate) code: &'a ModeCode,
    /// The tables that facts learned here go into ([`Shared::aside`]).
    pub(crate) learned: &'a ModeCode,
    pub(crate) mode: Mode,
    pub(crate) compiler: Compiler,
}

impl AheadCompiler<'_> {
    /// Compiles the function at `start`, piece by piece, while `goes_on` returns true.
    pub(crate) fn function(&mut self, start: u32, goes_on: &dyn Fn() -> bool) -> Pieces {
        let began = Instant::now();
        let mut done = Pieces::default();
        let mut todo = vec![start];
        let mut seen = HashSet::new();
        while let Some(pc) = todo.pop() {
            if !goes_on() {
                break;
            }
            if seen.len() >= MAX_PIECES || !seen.insert(pc) {
                continue;
            }
            let Some(plan) = self.piece(pc, &mut done) else { continue };
            let mut cache = self.learned.cache.lock();
            for &call in &plan.region.calls {
                cache.functions.add(call);
            }
            let place = cache.place(plan.start);
            // A function that was cut continues in the next piece.
            if place.piece.end < place.end_of_code.min(place.function.end) {
                todo.push(place.piece.end);
            }
        }
        self.count(done, began.elapsed());
        done
    }

    /// Compiles the piece of a function around `pc`, with `pc` as an entry, unless the store
    /// already has code for `pc`.
    pub(crate) fn compile_around(&mut self, pc: u32) -> Pieces {
        let began = Instant::now();
        let mut done = Pieces::default();
        if !self.has_code(pc) {
            self.piece(pc, &mut done);
        }
        self.count(done, began.elapsed());
        done
    }

    /// Whether `pc` has published code, or code in the store that can be restored.
    pub(crate) fn has_code(&self, pc: u32) -> bool {
        let is_kept = self.shared.store.as_ref().is_some_and(|store| {
            let fetch = self.shared.region_fetch();
            let words = |places: Words<'_>| words_of(places, &fetch);
            store.has(self.mode, pc) && store.find(self.mode, pc, &words).is_some()
        });
        is_kept || self.code.entries.offset(pc) > STORED
    }

    fn count(&self, done: Pieces, took: Duration) {
        let mut counts = self.shared.ahead.lock();
        counts.instructions += done.instructions;
        counts.took += took;
    }

    /// Compiles the piece of a function that begins at `pc`, including the cases of its switches.
    fn piece(&mut self, pc: u32, done: &mut Pieces) -> Option<Plan> {
        let mut limit = MAX_REGION_LENGTH;
        loop {
            let mut plan = self.shared.plan(
                self.learned,
                CodeRequest { pc, as_entry: true },
                &|_, _| Vec::new(),
                limit,
            )?;
            if ends_in_a_jump(&plan.region) {
                let to = self.learned.cache.lock().place(pc).piece.end;
                let cases = self.cases(&plan.region, to);
                if let Some(&first) = cases.first() {
                    let among = |from: u32, to: u32| {
                        cases.iter().copied().filter(|case| (from..to).contains(case)).collect()
                    };
                    let wanted = CodeRequest { pc: first, as_entry: true };
                    // With one case as the wanted entry and the others as reached, all become
                    // entries.
                    let whole = self.shared.plan(self.learned, wanted, &among, limit);
                    plan = whole.filter(|whole| whole.region.entries.contains(&pc)).unwrap_or(plan);
                }
            }
            let store = self.shared.store.as_ref()?;
            let fetch = self.shared.region_fetch();
            let words = |places: Words<'_>| words_of(places, &fetch);
            if store.find(self.mode, pc, &words).is_some_and(|found| found.has(&plan.region.entries)) {
                done.known += 1;
                return Some(plan);
            }
            let config = self.shared.lift_config(self.mode);
            match self.compiler.compile(&plan.region, config) {
                Ok(compiled) => {
                    store.add(self.mode, plan.source(), &compiled, Origin::Ahead);
                    done.regions += 1;
                    done.instructions += plan.region.instructions as u64;
                    return Some(plan);
                }
                Err(LiftError::TooLong(fitting)) if limit > 1 => {
                    limit = split_or_shrink(self.learned, plan, fitting, limit);
                }
                Err(error) => {
                    tracing::warn!(%error, "not compiled");
                    done.failed += 1;
                    return Some(plan);
                }
            }
        }
    }

    /// Addresses at which unreached code seems to begin, in the gaps between the region's
    /// instructions and after them up to `to`: candidates for the cases of a switch, to which no
    /// branch leads.
    fn cases(&self, region: &Region, to: u32) -> Vec<u32> {
        let end = region.end();
        let has_bounds =
            self.learned.cache.lock().functions.ends_at(region.entries.first().copied().unwrap_or(0));
        // An end that was not given is a guess, such as the next function, with data before it.
        let to = if has_bounds == Some(to) { to } else { end };
        let mut cases = Vec::new();
        let mut begins = true;
        for pc in (region.entries.iter().copied().min().unwrap_or(end)..to).step_by(4) {
            if region.contains(pc) {
                begins = true;
                continue;
            }
            let Ok(word) = self.shared.memory.fetch_u32(pc) else { break };
            let op = decode(word);
            if op.is_none() || word == NOP {
                begins = true;
                continue;
            }
            if std::mem::take(&mut begins) {
                cases.push(pc);
            }
            begins = matches!(
                end_of(pc, op, Instruction(word)),
                Terminator::Stop
                    | Terminator::Branch { conditional: false, .. }
                    | Terminator::Indirect { conditional: false, link: false }
            );
        }
        cases
    }
}
