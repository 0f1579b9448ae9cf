//! The lockstep executor: one host thread visits the slots in round order, and every run repeats
//! bit for bit.
//!
//! ```text
//! round:  slot a ──visit──▶ slot b ──visit──▶ …    all six share the ticks from `start`
//! visit:  engine.run ─▶ syscall ─▶ engine.run ─▶ …
//!         until the quantum is spent, a yield, or no thread is ready
//!         then the visit's device stores take effect
//! end:    time advances by the longest visit; if no thread ran, to the next event
//! gap:    the time until that event, which a limit of guest time may split
//! ```
//!
//! Time is a function of executed instructions: a visit that ends at a yield hint or at its last
//! time-base read counts as a full quantum, and so does one that fills the queue of device stores.
//! A run that stops at a limit, even in the middle of a visit, continues from there as if it had
//! not stopped. The stop flag is polled whenever the engine returns, so between two polls lies one
//! system call, or one stretch of guest code without system calls, of at most
//! [`engine_runs::MAX_ENGINE_RUN`] instructions.
//!
//! Rounds in which only one thread could do anything are run in one go ([`alone`]). [`visit`] has
//! the states of a visit.

mod alone;
mod engine_runs;
mod round_end;
mod state;
mod visit;

use crate::deadlock::Deadlocks;
use crate::device_stores;
use crate::limits::SeenFrame;
use crate::sampling::SampledLane;
use crate::time::INSTRUCTIONS_PER_TICK_SHIFT;
use crate::{
    Activity, Disposition, Doing, GuestTicks, HW_THREADS, Limits, RunEnd, Running, Scheduler, System,
    ThreadRef, ThreadsReport,
};
use alone::Calm;
pub use state::LockstepState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use visit::{MAX_RESERVATION_EXTENSION, Visit};
use xenia_cpu::{Execute, Exit};
use xenia_memory::DeviceQueue;

/// The current round.
#[derive(Clone, Copy, Debug)]
struct Round {
    order: [u8; HW_THREADS],
    /// Index in `order` of the slot being visited.
    at: usize,
    /// Length of the longest visit so far, in instructions' worth of time.
    longest: u64,
    visit: Option<Visit>,
}

/// The visit that is being executed.
struct VisitUnderWay {
    hw_id: u8,
    /// Length of the quantum, in instructions.
    quantum: u64,
    visit: Visit,
    /// Registers that are kept across system calls. They are put back when another thread gets the
    /// slot, the thread waits, or the visit ends.
    held: Option<Running>,
}

enum VisitEnd {
    /// The visit has ended; it took this much time, in instructions.
    Over(u64),
    Stop(RunEnd),
}

/// Deterministic executor: runs all hardware threads in turn on one host thread.
pub struct LockstepExecutor<S: System> {
    /// Threads and slots.
    pub scheduler: Scheduler,
    /// The operating system and the devices.
    pub system: S,
    pub(crate) engine: Box<dyn Execute>,
    devices: Option<Box<DeviceQueue>>,
    round: Option<Round>,
    /// End of the current gap, before which no thread runs.
    gap: Option<GuestTicks>,
    /// Guest time at the start of the round, in instructions' worth, so that fractions of a tick
    /// add up.
    time: u64,
    instructions: u64,
    deadlocks: Deadlocks,
    calm: Calm,
    last_frame: SeenFrame,
    stop: Arc<AtomicBool>,
    activity: Arc<Activity>,
    /// Samples of guest code, if a profiler requests them.
    pub(crate) sampling: Option<SampledLane>,
}

impl<S: System> LockstepExecutor<S> {
    /// Creates an executor from threads, engine and system.
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
            last_frame: SeenFrame::default(),
            stop: Arc::default(),
            activity: Arc::default(),
            sampling: None,
        }
    }

    /// The thread that executed the last instruction, while its visit lasts.
    pub fn visited(&self) -> Option<ThreadRef> {
        self.round?.visit?.thread
    }

    /// Number of instructions executed so far by all threads.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// The engine that runs guest code.
    pub fn engine(&self) -> &dyn Execute {
        &*self.engine
    }

    /// A flag that any thread can set to stop the run when the engine returns.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Activity of the executor, for monitoring from other threads.
    pub fn activity(&self) -> Arc<Activity> {
        self.activity.clone()
    }

    /// Runs until one of `limits`, the guest, or the stop flag ends the run.
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
        // Pacing ends runs by a time limit and continues soon, so the engine is not finished then.
        if end != RunEnd::Ticks {
            self.engine.finish();
        }
        end
    }

    /// A report of all live threads, between two runs.
    pub fn threads_report(&self) -> ThreadsReport {
        ThreadsReport::new(&self.scheduler, &self.system)
    }

    /// Whether the run has reached the limit of frames, or of time without one. Frames are counted
    /// between visits, whatever the limits: neither they nor a cut within a visit may be seen in a
    /// saved state.
    fn ended_by_frames(&mut self, limits: &Limits) -> Option<RunEnd> {
        let frames = self.system.frames();
        let now = self.scheduler.now();
        if frames != self.last_frame.count && self.round.is_none_or(|round| round.visit.is_none()) {
            self.last_frame = SeenFrame { count: frames, since: now };
        }
        if limits.frames.is_some_and(|limit| frames >= limit) {
            return Some(RunEnd::Frames);
        }
        let limit = limits.ticks_between_frames.filter(|_| frames == self.last_frame.count)?;
        let since = self.last_frame.since;
        (now.saturating_sub(since) > limit)
            .then(|| RunEnd::NoFrames { since, threads: self.threads_report() })
    }

    /// Whether the run must stop now; resets the flag.
    fn is_stopped(&self) -> bool {
        // Loaded first, because a swap at each step would cost a locked instruction.
        self.stop.load(Relaxed) && self.stop.swap(false, Relaxed)
    }

    /// Executes one visit, the end of a round, or a piece of a gap.
    fn step(&mut self, devices: &mut DeviceQueue, limits: &Limits) -> Option<RunEnd> {
        // Within a gap, only limits of the host end a run; the guest must not notice that a gap is
        // split.
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

    /// Executes the visit of the next slot in the round that has a thread, or the end of the round.
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
            // If no instruction ran, no condition for the end of the run can have changed.
            if time > 0 {
                self.activity.step(0, self.instructions, self.scheduler.now());
                self.activity.set(0, Doing::Devices);
                self.scheduler.set_now((self.time + time) >> INSTRUCTIONS_PER_TICK_SHIFT);
                let stores = devices.stores();
                self.calm.after_visit(is_calm);
                self.calm.note_stores(stores);
                self.system.end_visit(&mut self.scheduler, hw_id, stores);
                devices.clear();
                return None;
            }
        }
        None
    }

    /// Runs a slot until its quantum is spent, a thread yields, or no thread is ready.
    fn visit(&mut self, hw_id: u8, devices: &mut DeviceQueue, limits: &Limits) -> VisitEnd {
        let mut under_way = VisitUnderWay {
            hw_id,
            quantum: self.scheduler.visit_budget(INSTRUCTIONS_PER_TICK_SHIFT),
            visit: self.round.and_then(|round| round.visit).unwrap_or_default(),
            held: None,
        };
        let end = loop {
            if let Some(end) = self.step_visit(&mut under_way, devices, limits) {
                break end;
            }
        };
        let VisitUnderWay { visit, held, .. } = under_way;
        if let Some(running) = held {
            self.scheduler.put(running);
        }
        if let (VisitEnd::Over(_), Some(thread)) = (&end, visit.thread)
            && let Ok(ctx) = self.scheduler.context_mut(thread)
        {
            // A reservation does not outlive the visit.
            ctx.reservation.valid = 0;
        }
        if let Some(round) = &mut self.round {
            round.visit = Some(visit);
        }
        end
    }

    /// Runs a thread of the slot until the engine returns, and handles the reason. Returns the end
    /// of the visit, if this is it.
    #[inline]
    fn step_visit(
        &mut self,
        under_way: &mut VisitUnderWay,
        devices: &mut DeviceQueue,
        limits: &Limits,
    ) -> Option<VisitEnd> {
        if let Some(end) = self.end_before_step(under_way, limits) {
            return Some(end);
        }
        let VisitUnderWay { hw_id, quantum, visit, held } = under_way;
        // A run that no limit has cut picks no thread here, even if the quantum is over.
        let continues_cut = visit.is_cut() && self.scheduler.running(*hw_id) == visit.thread;
        let goes_on = visit.is_spent(*quantum) || continues_cut;
        let picked = if goes_on { visit.thread } else { self.scheduler.begin_slot_visit(*hw_id) };
        let Some(thread) = picked else { return Some(VisitEnd::Over(visit.used)) };
        let Some(running) = self.switch(held, thread) else { return Some(VisitEnd::Over(visit.used)) };
        let exit = self.run_quanta(*hw_id, *quantum, visit, running, devices, limits);
        let whole = visit.used.max(*quantum);
        if device_stores::are_too_many(exit) {
            return Some(VisitEnd::Over(whole));
        }
        let mut disposition = self.handle_exit(exit, running);
        if let Disposition::Park(wait) = disposition {
            let parked = self.scheduler.park_or_resume(&mut self.system, held.take()?, wait);
            let (running, after) = parked?;
            *held = Some(running);
            disposition = after;
        }
        match disposition {
            Disposition::Continue | Disposition::Park(_) => None,
            Disposition::EndVisit => {
                self.scheduler.yield_slot(*hw_id);
                Some(VisitEnd::Over(whole))
            }
            Disposition::Stop => Some(VisitEnd::Stop(RunEnd::Stopped)),
            Disposition::End(kind) => Some(VisitEnd::Stop(RunEnd::Ended(kind))),
        }
    }

    /// The end of a visit before the engine runs again, if that is not to run.
    #[inline]
    fn end_before_step(&self, under_way: &VisitUnderWay, limits: &Limits) -> Option<VisitEnd> {
        let VisitUnderWay { hw_id, quantum, visit, held } = under_way;
        if self.is_stopped() {
            return Some(VisitEnd::Stop(RunEnd::Stopped));
        }
        let is_used_up = visit.is_spent(*quantum) && !visit.has_more_quanta();
        if is_used_up && !self.is_extended(*hw_id, visit, held.as_ref()) {
            return Some(VisitEnd::Over(visit.used));
        }
        // Never above the limit, at which each call of the engine ends.
        if limits.instructions == Some(self.instructions) {
            return Some(VisitEnd::Stop(RunEnd::Instructions));
        }
        self.is_over_within_grant(visit, *quantum, limits).then_some(VisitEnd::Stop(RunEnd::Ticks))
    }

    /// Whether a visit whose quanta are used up continues for one more instruction.
    fn is_extended(&self, hw_id: u8, visit: &Visit, held: Option<&Running>) -> bool {
        let holder = visit.thread.filter(|_| visit.extended < MAX_RESERVATION_EXTENSION);
        holder.is_some_and(|thread| self.holds_reservation(hw_id, thread, held))
    }

    /// Handles the reason for which the engine returned.
    #[inline]
    fn handle_exit(&mut self, exit: Exit, running: &mut Running) -> Disposition {
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

    /// The registers of the thread that has the slot: the held ones if they are its, else taken
    /// from its record.
    #[inline]
    fn switch<'a>(&mut self, held: &'a mut Option<Running>, thread: ThreadRef) -> Option<&'a mut Running> {
        if held.as_ref().is_none_or(|running| running.thread != thread) {
            if let Some(last) = held.take() {
                self.scheduler.put(last);
            }
            let taken = self.scheduler.take(thread);
            if let Err(error) = &taken {
                tracing::error!(target: "sched", "the thread of a slot can't run: {error}");
            }
            *held = Some(taken.ok()?);
        }
        let running = held.as_mut()?;
        for id in self.scheduler.take_changed_priorities() {
            self.system.priority_changed(&mut self.scheduler, id);
        }
        if self.scheduler.take_moved(thread) {
            self.system.thread_moved(running);
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
