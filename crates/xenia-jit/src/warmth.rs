//! When code is compiled: once it has run so long in the interpreter that compiling it would have
//! been cheaper.
//!
//! Compiling an instruction costs as much as interpreting it some thousand times. So the work that
//! the interpreter does is counted per function, and the function is compiled when that is
//! `warm_up` times its size: whatever a program does, it never spends much more on compiling than
//! it has spent on interpreting, and never interprets much longer than compiling would have taken.
//!
//! - The interpreter's blocks count how often they are reached; now and then their counts are added
//!   to their function's. Turns of a loop count like calls, so one long call is enough.
//! - A block where a visit went on is not counted: visits end anywhere. The interpreter runs from
//!   there to the next entry of compiled code, which is at most one turn of a loop away.
//! - Where compiled code came to an address without an entry (a case of a switch), that address
//!   becomes an entry when the function is compiled again, for which it has to be as warm as for
//!   the first time. How often that happens is bounded ([`crate::functions`]).
//! - So does a side of a branch that was left out as nobody had taken it, but it becomes no entry.
//! - A long function is cut into pieces, which count by themselves.

use crate::background::{Answer, Order};
use crate::config::Granularity;
use crate::jit::Engine;
use crate::mode::Mode;
use crate::plan::Wanted;
use crate::region::REGION_LIMIT;
use crate::shared::{ModeCode, Shared};
use std::time::{Duration, Instant};
use xenia_cpu::{Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_memory::{CurrentQueue, GuestMemory};

/// What leaving compiled code, finding no code, and coming back costs, in interpreted instructions.
const MISS: u32 = 36;
/// Functions whose warmth is known at most. When there are more, all start anew.
const MOST_FUNCTIONS: usize = 1 << 16;

/// Bytes before and after an address in which an order for the background compiler says what has
/// been reached.
pub(crate) const AROUND: u32 = 16 << 10;

/// Time for compiling in one visit; what becomes warm after that waits for the next. The stop flag
/// is looked at between visits, so this and one region's compilation are the longest that it waits.
const COMPILE_BUDGET: Duration = Duration::from_millis(20);

/// How the address that has no code was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A visit goes on there, or an instruction before it was interpreted.
    Resumed,
    /// Compiled code went there.
    Compiled,
    /// The interpreter paused there.
    Interpreted,
}

/// What is known of a function that may become warm.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heat {
    /// Instructions interpreted since it was compiled last.
    work: u64,
    /// What would be compiled, in instructions, when that was looked at last.
    size: u64,
}

impl Shared {
    /// How often a block is reached before its function's warmth is looked at.
    fn block_limit(&self) -> u32 {
        (self.config.warm_up / 4).max(1)
    }
}

impl Engine {
    /// There is no code for `ctx.pc`: compiles it if it is warm, else interprets up to where there
    /// is code or something is warm. `Some` if anything else ended it.
    pub(crate) fn without_code(
        &mut self,
        shared: &Shared,
        mode: Mode,
        code: &ModeCode,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        arrival: Arrival,
    ) -> Option<Exit> {
        let pc = ctx.pc;
        let warm_up = shared.config.warm_up;
        let at_once = warm_up == 0 || warm_up == 1 && !code.cache.lock().place(pc).is_covered;
        let is_compiled = if at_once {
            self.compile(shared, mode, code, Wanted { pc, as_entry: true }, None)
        } else {
            // Regions smaller than functions are for comparing engines unit by unit, where each unit is a
            // visit.
            let counts = shared.config.granularity != Granularity::Function;
            match arrival {
                Arrival::Compiled => self.interpreter.note_reached(pc, MISS, true),
                Arrival::Resumed if counts => self.interpreter.note_reached(pc, 0, true),
                Arrival::Resumed | Arrival::Interpreted => {}
            }
            self.is_warm(shared, mode, code, pc)
        };
        if is_compiled && code.entries.offset(pc) != 0 {
            return None;
        }
        let limit = if warm_up <= 1 { 1 } else { shared.block_limit() };
        self.interpreter.run_to_code(ctx, devices, limit, |pc| code.entries.offset(pc) != 0)
    }

    /// Whether there is time left for compiling in this visit.
    pub(crate) fn may_compile(&self) -> bool {
        self.compile_time <= COMPILE_BUDGET
    }

    /// Adds the warmth of the block at `pc` to its function's, and compiles that if it is enough.
    fn is_warm(&mut self, shared: &Shared, mode: Mode, code: &ModeCode, pc: u32) -> bool {
        if !self.may_compile() {
            return false;
        }
        let Some(warmth) = self.interpreter.take_warmth(pc, shared.block_limit()) else { return false };
        let unit = {
            let mut cache = code.cache.lock();
            for called in self.interpreter.take_called() {
                cache.functions.add(called);
            }
            let page = GuestMemory::page_index(GuestAddr(pc));
            if page.is_some_and(|page| cache.is_restless(page)) {
                // Before it's looked at what would be compiled, which costs more than what is interpreted.
                return false;
            }
            let place = cache.place(pc);
            if !warmth.wanted && place.is_covered {
                // On the way to an entry.
                return false;
            }
            if shared.config.granularity == Granularity::Function { place.unit(pc) } else { pc }
        };
        if self.heat.len() >= MOST_FUNCTIONS {
            self.heat.clear();
        }
        let wanted = Wanted { pc, as_entry: warmth.wanted };
        let key = (mode, unit);
        let mut heat = self.heat.get(&key).copied().unwrap_or_default();
        heat.work += u64::from(warmth.reached) * u64::from(warmth.length);
        if let Some(background) = &self.background {
            let order = |work| {
                let (from, to) = (pc.saturating_sub(AROUND).max(unit), pc.saturating_add(AROUND));
                let reached = self.reached_between(shared, from, to);
                Order { mode, wanted, unit, reached, work }
            };
            match background.ask(key, heat.work, order) {
                // The interpreter goes on, and stops when it is there.
                Answer::Taken => {
                    self.heat.insert(key, Heat::default());
                    return false;
                }
                Answer::NotYet => {
                    self.heat.insert(key, heat);
                    return false;
                }
                Answer::Nobody => {}
            }
        }
        let warm_up = u64::from(shared.config.warm_up);
        // It's at least as long as this block, so nobody has to look before that would be worth it.
        let whole = shared.config.granularity == Granularity::Function;
        let least = if whole { u64::from(warmth.length) } else { 1 };
        let is_enough = |heat: &Heat| heat.work >= heat.size.max(least).saturating_mul(warm_up);
        let mut plan = None;
        if is_enough(&heat) {
            let start = Instant::now();
            let reached = |from, to| self.reached_between(shared, from, to);
            plan = shared.plan(code, wanted, &reached, REGION_LIMIT);
            heat.size = plan.as_ref().map_or(1, |plan| plan.region.instructions as u64);
            self.compiled.waited += start.elapsed();
        }
        let compiles = is_enough(&heat);
        if compiles {
            // Should it be withdrawn or fail, it has to become warm again.
            heat = Heat::default();
        }
        self.heat.insert(key, heat);
        compiles && self.compile(shared, mode, code, wanted, plan)
    }
}
