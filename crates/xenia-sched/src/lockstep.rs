//! The lockstep executor: one host thread visits the slots in round order, and every run repeats
//! bit for bit.
//!
//! ```text
//! round:  slot a ──visit──▶ slot b ──visit──▶ …    all six share the ticks from `start`
//! visit:  engine.run ─▶ syscall ─▶ engine.run ─▶ … until the quantum is spent, a yield, or nobody is ready
//!         then the visit's device stores take effect
//! end:    time moves by the longest visit; if nothing ran, to the next event
//! gap:    the way to that event, which a limit of guest time may cut in pieces
//! ```
//!
//! Time is a function of executed instructions: a visit that a yield hint or the last time-base
//! read ends counts as a full quantum, and so does one whose device stores are as many as their
//! queue holds. A run that stops at a limit, even in the middle of a visit, goes on from there as
//! if it had not stopped. The stop flag is looked at whenever the engine comes back, so between two
//! looks lies one system call, or one stretch of guest code without any, of [`STRETCH`]
//! instructions at most.
//!
//! Rounds in which nothing could happen beside one thread are run at once ([`alone`]).

mod alone;
mod round_end;

use crate::deadlock::Deadlocks;
use crate::device_stores;
use crate::time::{INSTRUCTIONS_PER_TICK_SHIFT, TIME_READS_PER_VISIT};
use crate::{
    Activity, Disposition, Doing, GuestTicks, HW_THREADS, Limits, RunEnd, Running, Scheduler, System,
    ThreadRef, ThreadsReport,
};
use alone::Calm;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_cpu::{Execute, Exit, PpcContext};
use xenia_memory::DeviceQueue;

/// Instructions by which a visit is extended, one by one, while a reservation is held.
const RESERVATION_EXTENSION: u64 = 64;

/// Instructions that the engine is given at once: some tens of milliseconds. A visit may have 2^36.
const STRETCH: u64 = 1 << 22;

/// A round under way.
#[derive(Clone, Copy, Debug)]
struct Round {
    order: [u8; HW_THREADS],
    /// Index in `order` of the slot being visited.
    at: usize,
    /// The longest visit so far, in instructions' worth of time.
    longest: u64,
    visit: Option<Visit>,
}

/// A visit under way.
#[derive(Clone, Copy, Debug, Default)]
struct Visit {
    /// Instructions executed.
    used: u64,
    /// Of these, beyond the quantum.
    extended: u64,
    /// Whether somebody has read the time base.
    has_read_time: bool,
    /// Whose context is set up.
    thread: Option<ThreadRef>,
}

enum VisitEnd {
    /// The slot is done; this much time passed on it, in instructions' worth.
    Over(u64),
    Stop(RunEnd),
}

/// See the module's documentation.
pub struct LockstepExecutor<S: System> {
    /// Threads and slots.
    pub scheduler: Scheduler,
    /// The operating system and the devices.
    pub system: S,
    engine: Box<dyn Execute>,
    devices: Option<Box<DeviceQueue>>,
    round: Option<Round>,
    /// Where the gap ends that the machine is in: nothing runs before then.
    gap: Option<GuestTicks>,
    /// Guest time at the start of the round, in instructions' worth, so that short rounds add up.
    time: u64,
    instructions: u64,
    deadlocks: Deadlocks,
    calm: Calm,
    /// Frames shown, and when the last of them was first noticed.
    last_frame: (u64, GuestTicks),
    stop: Arc<AtomicBool>,
    activity: Arc<Activity>,
}

impl<S: System> LockstepExecutor<S> {
    /// Binds threads, engine and system together.
    pub fn new(scheduler: Scheduler, engine: Box<dyn Execute>, system: S) -> Self {
        let time = scheduler.now() << INSTRUCTIONS_PER_TICK_SHIFT;
        Self {
            scheduler,
            system,
            engine,
            devices: Some(Box::default()),
            round: None,
            gap: None,
            time,
            instructions: 0,
            deadlocks: Deadlocks::default(),
            calm: Calm::default(),
            last_frame: (0, 0),
            stop: Arc::default(),
            activity: Arc::default(),
        }
    }

    /// Instructions executed so far, over all threads.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Execute {
        &*self.engine
    }

    /// Set this from anywhere to stop the run as soon as the engine comes back.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// What the executor is doing, for other threads.
    pub fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// Runs until something in `limits`, the guest, or the stop flag ends it.
    pub fn run(&mut self, limits: &Limits) -> RunEnd {
        let mut queue = self.devices.take().unwrap_or_default();
        let end = {
            let mut devices = queue.make_current();
            loop {
                if let Some(end) = self.step(&mut devices, limits) {
                    break end;
                }
            }
        };
        self.activity.set(0, Doing::Nothing);
        self.devices = Some(queue);
        if end != RunEnd::Ticks {
            self.engine.finish();
        }
        end
    }

    /// Every live thread, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        ThreadsReport::new(&self.scheduler, &self.system)
    }

    /// Whether the run has shown as many frames as it may, or none for too long. Asks for them only
    /// where that matters, as they are behind a lock.
    fn ended_by_frames(&mut self, limits: &Limits) -> Option<RunEnd> {
        if limits.frames.is_none() && limits.ticks_between_frames.is_none() {
            return None;
        }
        let (frames, now) = (self.system.frames(), self.scheduler.now());
        if limits.frames.is_some_and(|limit| frames >= limit) {
            return Some(RunEnd::Frames);
        }
        let limit = limits.ticks_between_frames?;
        if frames != self.last_frame.0 {
            self.last_frame = (frames, now);
        }
        let since = self.last_frame.1;
        (now.saturating_sub(since) > limit)
            .then(|| RunEnd::NoFrames { since, threads: self.threads_report() })
    }

    /// Whether the run is to stop now; takes the flag back.
    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed) && self.stop.swap(false, Relaxed)
    }

    /// One visit, the end of a round, or a piece of a gap.
    fn step(&mut self, devices: &mut DeviceQueue, limits: &Limits) -> Option<RunEnd> {
        // Within a gap only what the host wants ends a run: the guest's side of it is as if it were one
        // piece.
        if let Some(end) = self.gap {
            if self.is_stopped() {
                return Some(RunEnd::Stopped);
            }
            if limits.ticks.is_some_and(|limit| self.time >> INSTRUCTIONS_PER_TICK_SHIFT >= limit) {
                return Some(RunEnd::Ticks);
            }
            self.cross_gap(end, limits);
            return None;
        }
        let by_frames = self.ended_by_frames(limits);
        if by_frames != Some(RunEnd::Frames)
            && limits.instructions.is_some_and(|limit| self.instructions >= limit)
        {
            return Some(RunEnd::Instructions);
        }
        if by_frames.is_some() {
            return by_frames;
        }
        if self.is_stopped() || self.engine.divergence().is_some() {
            return Some(RunEnd::Stopped);
        }
        if self.round.is_none() {
            if limits.ticks.is_some_and(|limit| self.time >> INSTRUCTIONS_PER_TICK_SHIFT >= limit) {
                return Some(RunEnd::Ticks);
            }
            let order = self.scheduler.begin_round();
            self.round = Some(Round { order, at: 0, longest: 0, visit: None });
        }
        self.next_visit(devices, limits)
    }

    /// The visit of the next slot of the round that has somebody, or the end of the round.
    fn next_visit(&mut self, devices: &mut DeviceQueue, limits: &Limits) -> Option<RunEnd> {
        while let Some(round) = self.round {
            let Some(&hw_id) = round.order.get(round.at) else {
                self.round = None;
                return self.end_round(round.longest, limits);
            };
            let time = match self.visit(hw_id, devices, limits) {
                VisitEnd::Stop(end) => return Some(end),
                VisitEnd::Over(time) => time,
            };
            let mut is_calm = false;
            if let Some(round) = &mut self.round {
                is_calm = round.visit.is_some_and(|visit| visit.used >= time && !visit.has_read_time);
                round.at += 1;
                round.visit = None;
                round.longest = round.longest.max(time);
            }
            // Where nothing ran, nothing has come about that the run might end for.
            if time > 0 {
                self.activity.step(0, self.instructions, self.scheduler.now());
                self.activity.set(0, Doing::Devices);
                self.scheduler.set_now((self.time + time) >> INSTRUCTIONS_PER_TICK_SHIFT);
                let stores = devices.stores();
                self.calm.after_visit(is_calm, !stores.is_empty());
                self.system.end_visit(&mut self.scheduler, hw_id, stores);
                devices.clear();
                return None;
            }
        }
        None
    }

    /// Runs a slot until its quantum is spent, a thread yields, or nobody is ready.
    fn visit(&mut self, hw_id: u8, devices: &mut DeviceQueue, limits: &Limits) -> VisitEnd {
        let quantum = self.scheduler.visit_budget(INSTRUCTIONS_PER_TICK_SHIFT);
        let mut visit = self.round.and_then(|round| round.visit).unwrap_or_default();
        // Kept from call to call, and in its place: a thread's registers go back when another has the slot,
        // it waits, or the visit is over.
        let mut held: Option<Running> = None;
        let end = loop {
            if self.is_stopped() {
                break VisitEnd::Stop(RunEnd::Stopped);
            }
            let left = quantum.saturating_sub(visit.used);
            // The quantum is spent; only the thread that holds a reservation goes on.
            if left == 0 && !self.is_extended(hw_id, &visit, held.as_ref()) {
                break VisitEnd::Over(visit.used);
            }
            let allowed = limits.instructions.map_or(u64::MAX, |limit| limit - self.instructions);
            if allowed == 0 {
                break VisitEnd::Stop(RunEnd::Instructions);
            }
            let picked = if left == 0 { visit.thread } else { self.scheduler.begin_slot_visit(hw_id) };
            let Some(thread) = picked else { break VisitEnd::Over(visit.used) };
            let Some(running) = self.switch(&mut held, thread) else { break VisitEnd::Over(visit.used) };
            let quanta = self.quanta_at_once(hw_id, &visit, quantum, limits);
            let left = left + (quanta - 1) * quantum;
            let exit = self.go_on(hw_id, (&mut visit, left), allowed, running, devices);
            if quanta > 1 {
                self.leave_rounds_behind(hw_id, &mut visit, quantum);
            }
            if device_stores::are_too_many(exit) {
                break VisitEnd::Over(visit.used.max(quantum));
            }
            let mut disposition = self.answer(exit, running);
            if let Disposition::Park(wait) = disposition {
                let running = held.take();
                let on = running.and_then(|running| self.scheduler.settle(&mut self.system, running, wait));
                let Some((running, after)) = on else { continue };
                held = Some(running);
                disposition = after;
            }
            match disposition {
                Disposition::Continue | Disposition::Park(_) => {}
                Disposition::EndVisit => {
                    self.scheduler.yield_slot(hw_id);
                    break VisitEnd::Over(visit.used.max(quantum));
                }
                Disposition::End(kind) => break VisitEnd::Stop(RunEnd::Ended(kind)),
            }
        };
        if let Some(running) = held {
            self.scheduler.put(running);
        }
        if let (VisitEnd::Over(_), Some(thread)) = (&end, visit.thread)
            && let Ok(ctx) = self.scheduler.context_mut(thread)
        {
            ctx.reservation.valid = 0;
        }
        if let Some(round) = &mut self.round {
            round.visit = Some(visit);
        }
        end
    }

    /// Whether a visit whose quantum is spent goes on for one more instruction.
    fn is_extended(&self, hw_id: u8, visit: &Visit, held: Option<&Running>) -> bool {
        let holder = visit.thread.filter(|_| visit.extended < RESERVATION_EXTENSION);
        holder.is_some_and(|thread| self.holds_reservation(hw_id, thread, held))
    }

    /// Lets a thread run in its visit, of which so much is left, for so many instructions at most.
    /// Time moves with it.
    #[inline]
    fn go_on(
        &mut self,
        hw_id: u8,
        (visit, left): (&mut Visit, u64),
        allowed: u64,
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
        }
        // The limit and the extension cut a visit without the guest's noticing: what it has executed stays.
        let budget = if left == 0 { 1 } else { left }.min(allowed);
        let before = ctx.executed();
        let exit = self.run_until(before + budget, ctx, devices);
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

    /// What becomes of a thread after that end of the engine's run.
    #[inline]
    fn answer(&mut self, exit: Exit, running: &mut Running) -> Disposition {
        match exit {
            Exit::Budget => Disposition::Continue,
            Exit::Yield => Disposition::EndVisit,
            Exit::Syscall { lev } => {
                self.activity.set(0, Doing::Kernel(running.ctx.pc));
                self.system.syscall(&mut self.scheduler, running, lev)
            }
            Exit::Exception(exception) => self.system.exception(&mut self.scheduler, running, exception),
        }
    }

    /// Lets a thread run until it has executed `end` instructions in its visit, in stretches, so
    /// that the stop flag is heard.
    #[inline]
    fn run_until(&mut self, end: u64, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        loop {
            let done = ctx.executed();
            let stretch = (end - done).min(STRETCH);
            ctx.visit_budget = (done + stretch) as i64;
            ctx.budget = stretch as i64;
            self.activity.set(0, Doing::Guest(ctx.pc));
            let exit = self.engine.run(ctx, devices);
            // Stretches are one to the guest: nobody is picked in between.
            let is_cut = exit == Exit::Budget && ctx.budget == 0 && ctx.executed() < end;
            if !is_cut || self.stop.load(Relaxed) {
                return exit;
            }
        }
    }

    /// The registers of the thread that has the slot now: those that are held, if it still has it.
    #[inline]
    fn switch<'a>(&mut self, held: &'a mut Option<Running>, thread: ThreadRef) -> Option<&'a mut Running> {
        if held.as_ref().is_none_or(|running| running.thread != thread) {
            if let Some(last) = held.take() {
                self.scheduler.put(last);
            }
            *held = Some(self.scheduler.take(thread).ok()?);
        }
        let running = held.as_mut()?;
        for id in self.scheduler.take_priority_news() {
            self.system.priority_changed(&mut self.scheduler, id);
        }
        if self.scheduler.take_moved(thread) {
            self.system.moved(running);
        }
        Some(running)
    }

    fn holds_reservation(&self, hw_id: u8, thread: ThreadRef, held: Option<&Running>) -> bool {
        let ctx = match held {
            Some(running) if running.thread == thread => Some(&*running.ctx),
            _ => self.scheduler.thread(thread).ok().and_then(|thread| thread.context()),
        };
        self.scheduler.running(hw_id) == Some(thread) && ctx.is_some_and(|ctx| ctx.reservation.valid != 0)
    }
}
