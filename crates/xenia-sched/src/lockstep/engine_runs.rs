//! Runs of the engine within a visit: their budget, and the stretches in which the stop flag is
//! polled and samples are taken.

use super::LockstepExecutor;
use super::visit::{Grant, Visit};
use crate::time::{INSTRUCTIONS_PER_TICK_SHIFT, TIME_READS_PER_VISIT};
use crate::{Doing, Limits, Running, System};
use std::sync::atomic::Ordering::Relaxed;
use xenia_cpu::Exit;
use xenia_memory::DeviceQueue;

/// Limit of instructions in one call of the engine: some tens of milliseconds. A visit may have
/// 2^36.
pub(super) const MAX_ENGINE_RUN: u64 = 1 << 22;

/// Number of instructions that the engine may execute.
#[derive(Clone, Copy, Debug)]
struct EngineBudget {
    /// The rest of the visit; 0 if it is extended by one instruction.
    left: u64,
    /// Limit of the run.
    allowed: u64,
}

impl<S: System> LockstepExecutor<S> {
    /// Runs a thread for the quanta that the visit is granted, until the engine returns.
    #[inline]
    pub(super) fn run_quanta(
        &mut self,
        hw_id: u8,
        quantum: u64,
        visit: &mut Visit,
        running: &mut Running,
        devices: &mut DeviceQueue,
        limits: &Limits,
    ) -> Exit {
        // Not negative: `end_before_step` has ended a run that is at its limit.
        let allowed = limits.instructions.map_or(u64::MAX, |limit| limit - self.instructions);
        let granted = match visit.grant {
            Grant::Fresh => self.quanta_to_grant(hw_id, visit, quantum),
            Grant::Cut { quanta } => quanta.get(),
        };
        let granted = self.quanta_of_grant(granted, quantum, self.end_without_frames(limits));
        let quanta = self.quanta_of_grant(granted, quantum, limits.ticks);
        let left = quantum.saturating_sub(visit.used) + (quanta - 1) * quantum;
        let used = visit.used;
        let exit = self.run_engine(hw_id, visit, EngineBudget { left, allowed }, running, devices);
        let is_cut = exit == Exit::Budget && (quanta < granted || visit.used - used < left);
        let rounds = if quanta > 1 { self.account_for_rounds(hw_id, visit, quantum) } else { 0 };
        visit.grant = if is_cut { Grant::from(granted.saturating_sub(rounds)) } else { Grant::Fresh };
        exit
    }

    /// Runs a thread for the budget. Time advances with it.
    #[inline]
    fn run_engine(
        &mut self,
        hw_id: u8,
        visit: &mut Visit,
        budget: EngineBudget,
        running: &mut Running,
        devices: &mut DeviceQueue,
    ) -> Exit {
        let time_base = (self.time + visit.used) >> INSTRUCTIONS_PER_TICK_SHIFT;
        let ctx = &mut *running.ctx;
        if visit.thread != Some(running.thread) {
            visit.thread = Some(running.thread);
            ctx.reservation.valid = 0;
            ctx.tick_shift = INSTRUCTIONS_PER_TICK_SHIFT;
            ctx.begin_visit(0, time_base, TIME_READS_PER_VISIT);
            self.activity.set_thread(0, running.id);
        }
        // The guest can't notice that the limit or the extension cuts a visit: the count of
        // executed instructions continues.
        let EngineBudget { left, allowed } = budget;
        let instructions = if left == 0 { 1 } else { left }.min(allowed);
        let before = ctx.executed();
        let exit = self.run_until(before + instructions, running, devices);
        let ctx = &mut *running.ctx;
        let executed = ctx.executed() - before;
        visit.used += executed;
        visit.has_read_time |= ctx.time_reads_left < TIME_READS_PER_VISIT;
        if left == 0 {
            visit.extended += executed;
        }
        self.instructions += executed;
        self.scheduler.decrement_quantum(hw_id, executed);
        self.scheduler.set_now(ctx.now());
        exit
    }

    /// Runs a thread until it has executed `end` instructions in its visit, in stretches, so that
    /// the stop flag is polled, and samples are taken.
    #[inline]
    fn run_until(&mut self, end: u64, running: &mut Running, devices: &mut DeviceQueue) -> Exit {
        let ctx = &mut *running.ctx;
        loop {
            let done = ctx.executed();
            let mut stretch = (end - done).min(MAX_ENGINE_RUN);
            if let Some(sampling) = &mut self.sampling {
                stretch = sampling.allowed(stretch);
            }
            // Their difference stays: it is the number of executed instructions.
            ctx.visit_budget = (done + stretch) as i64;
            ctx.budget = stretch as i64;
            self.activity.set(0, Doing::Guest(ctx.pc));
            let exit = self.engine.run(ctx, devices);
            if let Some(sampling) = &mut self.sampling
                && sampling.advance(ctx.executed() - done)
            {
                sampling.add(running.id, ctx.pc, self.system.call_stack(ctx));
            }
            // The guest can't notice stretches: no thread is picked in between.
            let is_cut = exit == Exit::Budget && ctx.budget == 0 && ctx.executed() < end;
            if !is_cut || self.stop.load(Relaxed) {
                return exit;
            }
        }
    }
}
