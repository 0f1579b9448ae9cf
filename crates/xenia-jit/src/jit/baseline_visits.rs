//! Visits of the baseline tier's code, and the choice of functions for the optimizing tier.

use super::Engine;
use super::warmth::{AROUND, Arrival};
use crate::baseline::{Baseline, BaselineEnd, Sampled};
use crate::plan::CodeRequest;
use crate::runtime::enter::Departure;
use crate::runtime::hooks::Run;
use crate::shared::{ModeCode, Shared};
use crate::tiering::background::{Answer, Order, UnitKey};
use std::cell::Cell;
use xenia_cpu::{ExceptionKind, Execute, Exit, GuestException, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, Op};
use xenia_lifter::float::float_state;
use xenia_lifter::host::Word;
use xenia_memory::{AccessKind, CurrentQueue, FaultKind, GuestMemory, MemoryFault};

/// Executed instructions that an engine collects before it adds them to the tier's shares.
const SHARED: i64 = 1 << 20;

/// Instructions that the interpreter runs, as profiling, when a sample finds a unit warm.
const PROFILED: u32 = 500;

/// Visits of a block inside a unit and without an entry before the block becomes an entry.
const COVERED_LIMIT: u32 = 8;

/// Result of an attempt to run baseline code.
pub(super) enum Visited {
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

/// Completes the `sc` at pc as the interpreter does, without the interpreter: baseline code leaves
/// for each kernel call. Returns `None`, with nothing changed, for any other instruction.
fn system_call(ctx: &mut PpcContext, memory: &GuestMemory) -> Option<Exit> {
    let i = Instruction(memory.fetch_u32(ctx.pc).ok()?);
    if ctx.budget <= 0 || i.op() != Some(Op::sc) {
        return None;
    }
    ctx.budget -= 1;
    ctx.pc = ctx.pc.wrapping_add(4);
    Some(Exit::Syscall { lev: i.lev() as u8 })
}

impl Engine {
    /// Runs from pc if this tier supports the context: runs its own code, and the optimizing tier's
    /// where that exists. Inlined with what it calls, because an exit that is returned through
    /// memory is written in pieces and read as a whole, which waits for all of them.
    #[inline(always)]
    pub(super) fn visit_baseline(
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
        let mut address = baseline.start_of(&code.entries, ctx.pc);
        if address.is_none() && how != Arrival::Volatile {
            if how == Arrival::Resumed && baseline.is_inside_unit(ctx.pc) {
                // A visit ended in the middle of a unit: the next entry is close.
                let has_code = |pc| baseline.has_entry(pc) || code.entries.offset(pc) != 0;
                let exit = self.interpreter.run_to_code(ctx, devices, COVERED_LIMIT, has_code);
                *arrival = Arrival::Interpreted;
                return Visited::Ran(exit);
            }
            address = baseline.compile(memory, &code.entries, ctx.pc);
        }
        let Some(address) = address else {
            *arrival = how;
            return Visited::NoCode;
        };
        let visit = BaselineVisit { shared, code, baseline };
        let end = self.run_baseline(visit, ctx, devices, epoch, address);
        if matches!(end, BaselineEnd::Volatile) {
            *arrival = Arrival::Volatile;
        }
        shared.note_device_site(code, devices);
        Visited::Ran(self.after_baseline(visit, ctx, devices, end))
    }

    /// Runs the code at a host address, for a slice of the visit.
    #[inline(always)]
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
        let config = shared.config.engine;
        let hooks = Run {
            devices,
            memory,
            code: &code.cache,
            strict: config.reservations == ReservationMode::Strict,
            counts: &mut self.counts,
            exit: None,
            taken: None,
            epoch,
        };
        let end = baseline.run(ctx, hooks, &code.entries, config, address, &mut self.until_sample);
        self.share(baseline, budget - ctx.budget);
        end
    }

    /// Acts on the end of a run of baseline code. Returns the exit if that ends the visit.
    #[inline(always)]
    fn after_baseline(
        &mut self,
        visit: BaselineVisit<'_>,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
        end: BaselineEnd,
    ) -> Option<Exit> {
        let BaselineVisit { shared, code, baseline } = visit;
        if let BaselineEnd::Optimized(exit) = end {
            let departure = Departure::of(ctx, exit);
            return self.after_leaving(code, ctx, devices, departure);
        }
        let mut mxcsr = ctx.host[Word::Mxcsr as usize] as u32;
        float_state::materialize_fpscr(ctx, &mut mxcsr);
        match end {
            BaselineEnd::Branch(Sampled::Lukewarm) | BaselineEnd::Volatile | BaselineEnd::Optimized(_) => {
                None
            }
            BaselineEnd::Branch(Sampled::Warm) => self.profile(code, baseline, ctx, devices),
            BaselineEnd::Branch(Sampled::Hot) => {
                self.optimize(shared, code, baseline, ctx.pc);
                None
            }
            BaselineEnd::Interpret => {
                system_call(ctx, &shared.memory).or_else(|| self.interpret(ctx, devices, 1))
            }
            BaselineEnd::Budget => Some(self.interpreter.run(ctx, devices)),
            BaselineEnd::AtSite(host) => self.left_at_site(baseline, host, ctx, devices),
        }
    }

    /// Adds instructions that a visit executed to the tier's shares, in batches.
    fn share(&mut self, baseline: &Baseline, executed: i64) {
        self.unshared += executed.max(0);
        if self.unshared >= SHARED {
            baseline.add_executed(self.unshared as u64);
            self.unshared = 0;
        }
    }

    /// Runs the instruction that did not complete by the interpreter.
    fn left_at_site(
        &mut self,
        baseline: &Baseline,
        host: u64,
        ctx: &mut PpcContext,
        devices: &mut CurrentQueue<'_>,
    ) -> Option<Exit> {
        if !baseline.return_to(ctx, host) {
            tracing::error!("baseline code was left outside of every guest instruction's code");
            let fault =
                MemoryFault { addr: GuestAddr(0), kind: FaultKind::Unmapped, access: AccessKind::Load };
            let kind = ExceptionKind::Memory(fault);
            return Some(Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind }));
        }
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
        // A slice may have ended behind the head of a loop. Without a known function, the region
        // would begin there, and not contain the loop.
        let words = baseline.cache.lock().words_of(pc);
        if words.contains(&pc) {
            code.cache.lock().functions.add_around(words.start, pc);
        }
        let wanted = CodeRequest { pc, as_entry: true };
        let answer = self.background.as_ref().map_or(Answer::Ended, |background| {
            let unit = UnitKey { mode: code.mode, start: pc };
            let order = |work| {
                let from = pc.saturating_sub(AROUND);
                let to = pc.saturating_add(AROUND);
                let reached = self.reached_between(shared, from, to);
                Order { unit, wanted, reached, work }
            };
            let credit = baseline.cache.lock().credit_of(pc);
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
