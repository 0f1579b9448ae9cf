//! Execution of single instructions of one thread, for debuggers.
//!
//! In lockstep the machine executes one instruction of whichever thread is next, so a
//! single-stepped run equals the run without a debugger. In parallel only the given thread
//! executes, and guest time does not advance.

use crate::time::{INSTRUCTIONS_PER_TICK_SHIFT, TIME_READS_PER_VISIT};
use crate::{
    Disposition, Executor, Limits, LockstepExecutor, ParallelExecutor, RunEnd, System, ThreadRef,
    ThreadState, device_stores,
};
use xenia_cpu::{Execute, Exit};

/// Result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SingleStep {
    /// The thread has executed an instruction, or entered the kernel by it.
    Done,
    /// The thread waits, or it was the turn of other threads.
    NotYet,
    /// The run ended instead.
    Ended(RunEnd),
}

/// Result of a run of one instruction, of any thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneInstruction {
    /// Whether it was executed.
    pub has_run: bool,
    /// The reason for the run's end, unless that is the end of the instruction.
    pub end: Option<RunEnd>,
}

impl<S: System + Clone + Send> Executor<S> {
    /// Runs until `thread` has executed one instruction, or for a bounded time.
    pub fn single_step(&mut self, thread: ThreadRef, limits: &Limits) -> SingleStep {
        match self {
            Self::Lockstep(executor) => executor.single_step(thread, limits),
            Self::Parallel(executor) => executor.single_step(thread),
        }
    }
}

/// Limit of instructions of other threads in one call.
const MAX_OTHERS: u32 = 4096;

impl<S: System> LockstepExecutor<S> {
    /// The state of a thread that every instruction of it changes.
    fn mark(&self, thread: ThreadRef) -> Option<(u32, i64, i64)> {
        let ctx = self.scheduler.thread(thread).ok()?.context()?;
        Some((ctx.pc, ctx.visit_budget, ctx.budget))
    }

    /// Executes one instruction, whichever thread's turn it is.
    pub fn run_one(&mut self, limits: &Limits) -> OneInstruction {
        let next = self.instructions() + 1;
        let instructions = Some(limits.instructions.map_or(next, |limit| limit.min(next)));
        let end = self.run(&Limits { instructions, ..limits.clone() });
        let has_run = self.instructions() == next;
        OneInstruction { has_run, end: (!has_run || end != RunEnd::Instructions).then_some(end) }
    }

    /// Lets another engine for the same memory run guest code from now on, and returns the one that
    /// did so.
    pub fn replace_engine(&mut self, engine: Box<dyn Execute>) -> Box<dyn Execute> {
        std::mem::replace(&mut self.engine, engine)
    }

    /// Runs until `thread` has executed one instruction, or other threads a
    /// bounded number.
    pub fn single_step(&mut self, thread: ThreadRef, limits: &Limits) -> SingleStep {
        let before = self.mark(thread);
        for _ in 0..MAX_OTHERS {
            let OneInstruction { has_run, end } = self.run_one(limits);
            match end {
                // The stop flag may be set after the instruction, which then counts.
                None | Some(RunEnd::Stopped) if has_run && self.mark(thread) != before => {
                    return SingleStep::Done;
                }
                None => {}
                Some(end) => return SingleStep::Ended(end),
            }
        }
        SingleStep::NotYet
    }
}

impl<S: System + Clone + Send> ParallelExecutor<S> {
    /// Executes one instruction of a thread that is ready, and handles its call if it is one.
    pub fn single_step(&mut self, thread: ThreadRef) -> SingleStep {
        let Self { scheduler, system, engines, queues, stores, instructions, .. } = self;
        let can_run = scheduler.thread(thread).is_ok_and(|thread| {
            matches!(thread.state(), ThreadState::Ready | ThreadState::Running) && thread.suspend_count() == 0
        });
        let (Some(engine), Some(queue), true) = (engines.first_mut(), queues.first_mut(), can_run) else {
            return SingleStep::NotYet;
        };
        let now = scheduler.now();
        let mut devices = queue.make_current();
        let stepped = scheduler.run_for(&mut system.clone(), thread, |scheduler, running| {
            let ctx = &mut *running.ctx;
            ctx.tick_shift = INSTRUCTIONS_PER_TICK_SHIFT;
            ctx.begin_visit(1, now, TIME_READS_PER_VISIT);
            let exit = engine.run(ctx, &mut devices);
            *instructions += ctx.executed();
            system.show_stores(devices.stores());
            stores.extend_from_slice(devices.stores());
            devices.clear();
            match exit {
                Exit::Budget | Exit::Yield => Disposition::Continue,
                Exit::Syscall { lev } => system.syscall(scheduler, running, lev),
                Exit::Exception(_) if device_stores::are_too_many(exit) => Disposition::Continue,
                Exit::Exception(exception) => system.exception(scheduler, running, exception),
            }
        });
        match stepped {
            None => SingleStep::NotYet,
            Some(Disposition::Stop) => SingleStep::Ended(RunEnd::Stopped),
            Some(Disposition::End(kind)) => SingleStep::Ended(RunEnd::Ended(kind)),
            Some(_) => SingleStep::Done,
        }
    }
}
