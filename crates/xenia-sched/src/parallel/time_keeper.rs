//! The time-keeper: expires waits, advances the system's timers, detects deadlocks, and calls the
//! observer.

use super::live_counters::LiveCounters;
use super::parker::Parker;
use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::deadlock::Deadlocks;
use crate::limits::SeenFrame;
use crate::{
    EndKind, Event, GuestTicks, Limits, MAX_TICKS, RunEnd, RunObserver, RunProgress, System, ThreadsReport,
    WaitTicket,
};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Maximum sleep, and so the poll interval of the stop flag and the limits of a run.
const MAX_SLEEP: Duration = Duration::from_millis(5);

/// Poll interval while a wait watches guest memory, because stores to it send no notification.
const POLL_INTERVAL: Duration = Duration::from_micros(500);

/// The observer of a run.
pub(super) struct Observation<'a> {
    observer: RunObserver<'a>,
    counters: &'a LiveCounters,
    /// Host time of the next observation.
    due: Instant,
    /// Whether the engines' counters were requested for it.
    has_requested: bool,
}

impl<'a> Observation<'a> {
    pub(super) fn new(observer: RunObserver<'a>, counters: &'a LiveCounters) -> Self {
        let due = Instant::now() + observer.period;
        Self { observer, counters, due, has_requested: false }
    }
}

/// The time-keeper's thread of a run.
pub(super) struct TimeKeeper<'a, S> {
    pub(super) shared: &'a Shared,
    pub(super) limits: &'a Limits,
    pub(super) system: S,
    pub(super) stop: &'a AtomicBool,
    /// Whether idle time is skipped.
    pub(super) skips: bool,
    pub(super) deadlocks: &'a mut Deadlocks,
    /// Number of presented frames, and the guest time at which the last of them was first noticed.
    pub(super) last_frame: &'a mut SeenFrame,
    pub(super) observation: Option<Observation<'a>>,
}

impl<S: System> TimeKeeper<'_, S> {
    /// Runs until the run ends.
    pub(super) fn run(mut self) {
        self.shared.slots.keeper.register();
        while !self.shared.is_ending() {
            self.shared.slots.keeper.clear();
            self.shared.slots.common.note_awake();
            if let Some(end) = self.limit_reached() {
                self.shared.finish(end);
                return;
            }
            self.pass_time();
            self.observe();
            let (sleep, deadline) = self.look_ahead();
            let sleep = sleep.min(self.longest_sleep());
            let Shared { slots, clock, .. } = self.shared;
            // Otherwise an earlier deadline has been set meanwhile, without a notification.
            if slots.common.may_wait_for(deadline) {
                slots.common.set_sleep_end(clock.time_after(sleep));
                slots.keeper.wait(sleep);
            }
        }
    }

    /// Maximum sleep if no event is due.
    fn longest_sleep(&self) -> Duration {
        if self.system.watches_memory() {
            return POLL_INTERVAL;
        }
        let clock = &self.shared.clock;
        let next = self.system.next_stamp(clock.now());
        next.map_or(MAX_SLEEP, |next| clock.host_time_until(next).min(MAX_SLEEP))
    }

    /// Returns the end of the run if the stop flag or a limit demands it.
    fn limit_reached(&mut self) -> Option<RunEnd> {
        if self.stop.load(Relaxed) && self.stop.swap(false, Relaxed) {
            return Some(RunEnd::Stopped);
        }
        let now = self.shared.clock.now();
        if self.limits.ticks.is_some_and(|limit| now >= limit) {
            return Some(RunEnd::Ticks);
        }
        let limit = self.limits.ticks_between_frames?;
        let frames = self.system.frames();
        if frames != self.last_frame.count {
            *self.last_frame = SeenFrame { count: frames, since: now };
        }
        let since = self.last_frame.since;
        (now.saturating_sub(since) > limit).then(|| RunEnd::NoFrames { since, threads: self.report() })
    }

    fn report(&self) -> ThreadsReport {
        let now = self.shared.clock.now();
        let seen = self.shared.slots.with_all_slots(|slots| {
            let threads = slots.into_iter().flat_map(|slot| slot.records.iter());
            ThreadsReport::of_threads(threads, now, &self.system)
        });
        seen.explained_by(&self.system)
    }

    /// Handles events that are due by now.
    fn pass_time(&mut self) {
        // One time for both: a thread whose wait ends must see all that was due before.
        let now = self.shared.clock.now();
        self.system.advance(&mut SlotCpu::at(self.shared, now));
        while let Some((ticket, wait)) = self.shared.slots.pop_expired_wait(now) {
            self.system.timed_out(&mut SlotCpu::at(self.shared, now), ticket, &wait);
        }
    }

    /// Calls the observer if it is due, a turn after the engines' counters were requested.
    fn observe(&mut self) {
        let Some(Observation { observer, counters, due, has_requested }) = &mut self.observation else {
            return;
        };
        let now = Instant::now();
        if now < *due {
            return;
        }
        *has_requested = !*has_requested;
        if *has_requested {
            counters.request();
            self.shared.slots.owners.iter().for_each(Parker::notify);
            return;
        }
        *due = now + observer.period;
        let instructions = self.shared.instructions.load(Relaxed);
        let progress = RunProgress { now: self.shared.clock.now(), instructions, engines: counters.sum() };
        (observer.report)(&progress);
    }

    /// Time until the next due event, and the earliest deadline of a wait that was considered.
    fn look_ahead(&mut self) -> (Duration, Option<GuestTicks>) {
        let is_idle = self.shared.is_idle(|| self.system.has_work());
        let deadline = self.shared.slots.common.first_deadline().map(|(deadline, _)| deadline);
        (self.time_until(is_idle, deadline), deadline)
    }

    /// Time until the next due event. Skips that time if no thread can run before then.
    fn time_until(&mut self, is_idle: bool, deadline: Option<GuestTicks>) -> Duration {
        let shared = self.shared;
        // Read after `is_idle` was determined: a thread may have set a timer and parked just
        // before.
        let next = [deadline, self.system.next_event()].into_iter().flatten().min();
        if !is_idle {
            return next.map_or(MAX_SLEEP, |next| shared.clock.host_time_until(next));
        }
        let common = &shared.slots.common;
        if common.live() == 0 {
            shared.finish(RunEnd::Ended(EndKind::Exit { code: common.exit_code() }));
            return Duration::ZERO;
        }
        let devices = self.system.next_device_event();
        let Some(next) = [next, devices].into_iter().flatten().min().filter(|&next| next < MAX_TICKS) else {
            self.deadlock();
            return MAX_SLEEP;
        };
        if self.skips {
            // The run ends at its limit of guest time, so nothing beyond it may happen.
            shared.clock.skip_to(self.limits.ticks.map_or(next, |limit| limit.min(next)));
            if devices.is_some_and(|devices| devices <= next) {
                shared.graphics.notify();
                // The graphics chip's thread notifies when it is done.
                return MAX_SLEEP;
            }
        }
        shared.clock.host_time_until(next)
    }

    /// Handles a deadlock: no thread can run, and no event is pending.
    fn deadlock(&mut self) {
        let report = self.report();
        let instructions = self.shared.instructions.load(Relaxed);
        let now = self.shared.clock.now();
        let slots = &self.shared.slots;
        let recoveries = slots.common.recoveries.load(Relaxed);
        let halt = self.limits.halt_on_deadlock;
        if let Some(thread) = self.deadlocks.handle(recoveries, instructions, &report, halt) {
            let waits =
                slots.run_on_slot(thread, now, |slot, moment| Ok(slot.waits_for(moment.common, thread)));
            if let Ok(Some((ticket, wait))) = waits {
                self.recover(now, ticket, &wait);
                return;
            }
        }
        slots.common.halts.fetch_add(1, Relaxed);
        self.shared.finish(RunEnd::Deadlock(report));
    }

    /// Ends a wait as its timeout would.
    fn recover(&mut self, now: GuestTicks, ticket: WaitTicket, wait: &crate::Wait) {
        self.system.timed_out(&mut SlotCpu::at(self.shared, now), ticket, wait);
        let slots = &self.shared.slots;
        let thread = ticket.thread;
        slots.common.recoveries.fetch_add(1, Relaxed);
        if let Ok(thread) = slots.run_on_slot(thread, now, |slot, _| Ok(slot.records.get(thread)?.id)) {
            slots.common.emit(now, &Event::DeadlockRecovery { thread });
        }
    }
}
