//! Tier-up from the interpreter: a function is compiled once interpreting it has cost as much as
//! compiling it would.
//!
//! Compiling an instruction costs as much as interpreting it some thousand times. So the
//! interpreter's work is counted per function, and a function is compiled when its work is
//! `warm_up` times its size. For any program, compiling never costs much more time than
//! interpreting has, and code is never interpreted much longer than it would take to compile it.
//!
//! - The interpreter's blocks count how often they are reached; from time to time their counts are
//!   added to their function's. Loop iterations count like calls, so one long call is enough.
//! - A block at which a visit resumes is not counted, because visits end anywhere. The interpreter
//!   runs from there to the next entry of compiled code, at most one loop iteration away.
//! - If compiled code leads to an address without an entry (a case of a switch), that address
//!   becomes an entry when the function is compiled again, for which it has to become as warm as
//!   for the first time. The number of recompilations is bounded ([`crate::functions`]).
//! - The same holds for a pruned cold path that is reached after all, but it becomes no entry.
//! - A long function is cut into pieces, which are counted separately.

use super::Engine;
use crate::config::Granularity;
use crate::plan::{CodeRequest, Plan};
use crate::shared::{ModeCode, Shared};
use crate::tiering::background::{Answer, Order, UnitKey};
use std::time::Instant;
use xenia_cpu::{Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_lifter::cfg::region::MAX_REGION_LENGTH;
use xenia_memory::{CurrentQueue, GuestMemory};

/// Cost of leaving compiled code, finding no code, and returning, in interpreted instructions.
const MISS: u32 = 36;
/// Limit of functions with counted work; all are forgotten when it is reached.
const MAX_FUNCTIONS: usize = 1 << 16;

/// Distance in bytes around an address within which an order for the background compiler lists the
/// reached blocks.
pub(super) const AROUND: u32 = 16 << 10;

/// How control reached an address without code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A visit resumed there, or the interpreter ran the instruction before it.
    Resumed,
    /// Compiled code branched there.
    Compiled,
    /// The interpreter stopped there.
    Interpreted,
    /// Baseline code branched there, and its tier refused to compile it, as the page changes often.
    Volatile,
}

/// Work done in a function that may become warm.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heat {
    /// Instructions interpreted since it was last compiled.
    work: u64,
    /// Size in instructions of the code that would be compiled, when it was last determined.
    size: u64,
}

impl Shared {
    /// How often a block is reached before its function's warmth is checked.
    fn block_limit(&self) -> u32 {
        (self.config.warm_up / 4).max(1)
    }
}

impl Engine {
    /// Handles a pc without code: compiles it if it is warm, else interprets up to an address that
    /// has code or is warm. Returns the exit if anything else ended the interpretation.
    pub(super) fn without_code(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        arrival: Arrival,
    ) -> Option<Exit> {
        let pc = ctx.pc;
        let warm_up = shared.config.warm_up;
        let at_once = warm_up == 0 || warm_up == 1 && !code.cache.lock().place(pc).is_covered;
        let is_compiled = if at_once {
            self.compile(shared, code, CodeRequest { pc, as_entry: true }, None)
        } else {
            // Regions smaller than functions are for comparing engines unit by unit, where each
            // unit is a visit.
            let counts = shared.config.granularity != Granularity::Function;
            match arrival {
                Arrival::Compiled => self.interpreter.note_reached(pc, MISS, true),
                Arrival::Resumed | Arrival::Volatile if counts => self.interpreter.note_reached(pc, 0, true),
                Arrival::Resumed | Arrival::Volatile | Arrival::Interpreted => {}
            }
            self.compile_if_warm(shared, code, pc)
        };
        if is_compiled && code.entries.offset(pc) != 0 {
            return None;
        }
        let limit = if warm_up <= 1 { 1 } else { shared.block_limit() };
        self.interpreter.run_to_code(ctx, devices, limit, |pc| code.entries.offset(pc) != 0)
    }

    /// Whether there is time left for compiling in the current visit.
    pub(super) fn may_compile(&self, shared: &Shared) -> bool {
        self.compile_time <= shared.config.compile_budget
    }

    /// Adds the work of the block at `pc` to its function's, and compiles that if it is warm.
    /// Returns whether it did.
    fn compile_if_warm(&mut self, shared: &Shared, code: &ModeCode, pc: u32) -> bool {
        if !self.may_compile(shared) {
            return false;
        }
        let Some(warmth) = self.interpreter.take_warmth(pc, shared.block_limit()) else { return false };
        let Some(unit) = self.warm_unit(shared, code, pc, warmth.wanted) else { return false };
        if self.heat.len() >= MAX_FUNCTIONS {
            self.heat.clear();
        }
        let wanted = CodeRequest { pc, as_entry: warmth.wanted };
        let key = UnitKey { mode: code.mode, start: unit };
        let mut heat = self.heat.get(&key).copied().unwrap_or_default();
        heat.work += u64::from(warmth.reached) * u64::from(warmth.length);
        match self.request_in_background(shared, key, wanted, heat.work) {
            // The interpreter continues, and stops once the code is published.
            Some(Answer::Taken) => {
                self.heat.insert(key, Heat::default());
                return false;
            }
            Some(Answer::NotYet) => {
                self.heat.insert(key, heat);
                return false;
            }
            Some(Answer::Ended) | None => {}
        }
        let warm_up = u64::from(shared.config.warm_up);
        // The function is at least as long as this block, so planning it earlier would be
        // pointless.
        let whole = shared.config.granularity == Granularity::Function;
        let least = if whole { u64::from(warmth.length) } else { 1 };
        let is_enough = |heat: &Heat| heat.work >= heat.size.max(least).saturating_mul(warm_up);
        let mut plan = None;
        if is_enough(&heat) {
            plan = self.plan(shared, code, wanted);
            heat.size = plan.as_ref().map_or(1, |plan| plan.region.instructions as u64);
        }
        let compiles = is_enough(&heat);
        if compiles {
            // If the code is withdrawn or can't be compiled, the function has to become warm again.
            heat = Heat::default();
        }
        self.heat.insert(key, heat);
        compiles && self.compile(shared, code, wanted, plan)
    }

    /// The start of the unit that is compiled for the block at `pc`: its function, or that block
    /// alone. `None` if the block stays interpreted; `wanted`: it will become an entry.
    fn warm_unit(&mut self, shared: &Shared, code: &ModeCode, pc: u32, wanted: bool) -> Option<u32> {
        let mut cache = code.cache.lock();
        for called in self.interpreter.take_called() {
            cache.functions.add(called);
        }
        let page = GuestMemory::page_index(GuestAddr(pc));
        if page.is_some_and(|page| cache.is_volatile(page)) {
            // Checked before planning, which costs more than interpreting.
            return None;
        }
        let place = cache.place(pc);
        if !wanted && place.is_covered {
            // The interpreter is on its way to an entry.
            return None;
        }
        Some(if shared.config.granularity == Granularity::Function { place.unit(pc) } else { pc })
    }

    /// Requests a unit from the background compiler, if there is one.
    fn request_in_background(
        &self,
        shared: &Shared,
        unit: UnitKey,
        wanted: CodeRequest,
        work: u64,
    ) -> Option<Answer> {
        let order = |work| {
            let from = wanted.pc.saturating_sub(AROUND).max(unit.start);
            let to = wanted.pc.saturating_add(AROUND);
            let reached = self.reached_between(shared, from, to);
            Order { unit, wanted, reached, work }
        };
        Some(self.background.as_ref()?.request(unit, work, order))
    }

    /// Plans the unit; the guest waits meanwhile.
    fn plan(&mut self, shared: &Shared, code: &ModeCode, wanted: CodeRequest) -> Option<Plan> {
        let start = Instant::now();
        let reached = |from, to| self.reached_between(shared, from, to);
        let plan = shared.plan(code, wanted, &reached, MAX_REGION_LENGTH);
        self.compiled.add_wait(start.elapsed());
        plan
    }
}
