//! The end of a round: advances time and handles due events.

use super::LockstepExecutor;
use crate::time::{INSTRUCTIONS_PER_TICK_SHIFT, MAX_TICKS};
use crate::{Doing, EndKind, Event, GuestTicks, Limits, RunEnd, System, ThreadsReport};
use std::sync::atomic::Ordering::Relaxed;

impl<S: System> LockstepExecutor<S> {
    /// Advances time by the longest visit, or to the next event if no thread ran, and handles due
    /// events.
    pub(super) fn end_round(&mut self, longest: u64, limits: &Limits) -> Option<RunEnd> {
        self.activity.step(0, self.instructions, self.scheduler.now());
        self.activity.set(0, Doing::Devices);
        if longest > 0 {
            self.time += longest;
        } else if self.scheduler.non_empty_runnable() == 0 {
            if self.scheduler.live_threads() == 0 {
                return Some(RunEnd::Ended(EndKind::Exit { code: self.scheduler.exit_code() }));
            }
            let next =
                [self.scheduler.next_deadline(), self.system.next_event(), self.system.next_device_event()];
            match next.into_iter().flatten().min().filter(|&next| next < MAX_TICKS) {
                // An event in the past must not stop time.
                Some(next) => {
                    self.cross_gap(next.max((self.time >> INSTRUCTIONS_PER_TICK_SHIFT) + 1), limits);
                }
                None => return self.deadlock(limits),
            }
            return None;
        }
        self.pass_time();
        None
    }

    /// Advances time to `end`, before which no thread runs, or to the limit of guest time if that
    /// is earlier.
    pub(super) fn cross_gap(&mut self, end: GuestTicks, limits: &Limits) {
        let to = limits.ticks.map_or(end, |limit| limit.min(end));
        self.gap = (to < end).then_some(end);
        // A limit that has passed must not turn time back.
        self.time = self.time.max(to << INSTRUCTIONS_PER_TICK_SHIFT);
        self.pass_time();
    }

    /// Handles events that are due by now.
    fn pass_time(&mut self) {
        let now: GuestTicks = self.time >> INSTRUCTIONS_PER_TICK_SHIFT;
        self.scheduler.set_now(now);
        self.system.advance_devices(&mut self.scheduler);
        self.system.advance(&mut self.scheduler);
        while let Some(thread) = self.scheduler.pop_expired(now) {
            self.scheduler.time_out(&mut self.system, thread);
        }
    }

    fn deadlock(&mut self, limits: &Limits) -> Option<RunEnd> {
        let report = ThreadsReport::new(&self.scheduler, &self.system);
        let recoveries = self.scheduler.common.recoveries.load(Relaxed);
        let woken = self.deadlocks.handle(recoveries, self.instructions, &report, limits.halt_on_deadlock);
        if let Some(thread) = woken.and_then(|thread| self.scheduler.thread(thread).ok())
            && let (thread, id) = (thread.reference(), thread.id)
            && self.scheduler.time_out(&mut self.system, thread)
        {
            self.scheduler.common.recoveries.fetch_add(1, Relaxed);
            self.scheduler.emit(&Event::DeadlockRecovery { thread: id });
            return None;
        }
        self.scheduler.common.halts.fetch_add(1, Relaxed);
        Some(RunEnd::Deadlock(report))
    }
}
