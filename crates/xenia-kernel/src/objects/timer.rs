//! Timers: when they are due, and what their expiry does.

use crate::layout::{dispatcher_header as header, ktimer};
use crate::objects::dispatcher::{Dispatcher, set_signal_state};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{GuestTicks, Scheduler, filetime, ticks_from_100ns};

/// A user APC that a timer queues to the thread that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerApc {
    /// The thread's guest id.
    pub thread_id: u32,
    /// The function.
    pub routine: GuestAddr,
    /// Its first argument; the second and third are the low and high word of the due time.
    pub context: u32,
}

/// How a timer is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerSetting {
    /// Guest time of the (next) expiry.
    pub due: GuestTicks,
    /// Milliseconds between expiries; 0: one only.
    pub period_ms: u32,
    /// The deferred call to queue, or null.
    pub dpc: GuestAddr,
    /// The APC to queue.
    pub apc: Option<TimerApc>,
}

/// An expiry that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The timer.
    pub timer: GuestAddr,
    /// How it was set.
    pub setting: TimerSetting,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeMap<(GuestTicks, u64), GuestAddr>,
    set: BTreeMap<GuestAddr, (u64, TimerSetting)>,
    serial: u64,
}

impl Timers {
    /// Every timer that is set, as one line each, in the order in which they are due.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        for ((due, _), timer) in &self.queue {
            line(&format!("timer {timer} due {due}"));
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<GuestTicks> {
        self.queue.keys().next().map(|&(due, _)| due)
    }

    /// How a timer is set, if it is.
    pub fn setting(&self, timer: GuestAddr) -> Option<TimerSetting> {
        self.set.get(&timer).map(|&(_, setting)| setting)
    }

    fn insert(&mut self, timer: GuestAddr, setting: TimerSetting) {
        self.serial += 1;
        self.queue.insert((setting.due, self.serial), timer);
        self.set.insert(timer, (self.serial, setting));
    }

    fn remove(&mut self, timer: GuestAddr) -> bool {
        let Some((serial, setting)) = self.set.remove(&timer) else { return false };
        self.queue.remove(&(setting.due, serial));
        true
    }
}

impl Dispatcher {
    /// Sets a timer, which is not signalled from then on; returns whether it was set before.
    pub fn set_timer(
        &mut self,
        memory: &GuestMemory,
        timer: GuestAddr,
        setting: TimerSetting,
    ) -> Fallible<bool> {
        set_signal_state(memory, timer, 0)?;
        memory.write(timer.offset(header::INSERTED), 1_u8)?;
        memory.write(timer.offset(ktimer::DUE_TIME), filetime(setting.due))?;
        memory.write(timer.offset(ktimer::PERIOD), setting.period_ms)?;
        memory.write(timer.offset(ktimer::DPC), setting.dpc)?;
        let before = self.timers.remove(timer);
        self.timers.insert(timer, setting);
        Ok(before)
    }

    /// Takes a timer back; returns whether it was set. Its signal stays as it is.
    pub fn cancel_timer(&mut self, memory: &GuestMemory, timer: GuestAddr) -> Fallible<bool> {
        memory.write(timer.offset(header::INSERTED), 0_u8)?;
        Ok(self.timers.remove(timer))
    }

    /// What the expiry of one timer, which is not set any more, does.
    fn expire(
        &mut self,
        memory: &GuestMemory,
        scheduler: &mut Scheduler,
        now: GuestTicks,
        timer: GuestAddr,
        setting: TimerSetting,
    ) -> Fallible<()> {
        set_signal_state(memory, timer, 1)?;
        if setting.period_ms > 0 {
            let period = ticks_from_100ns(u64::from(setting.period_ms) * 10_000);
            // Missed periods are not made up for.
            let due = setting.due.saturating_add(period).max(now + 1);
            memory.write(timer.offset(ktimer::DUE_TIME), filetime(due))?;
            self.timers.insert(timer, TimerSetting { due, ..setting });
        } else {
            memory.write(timer.offset(header::INSERTED), 0_u8)?;
        }
        self.serve(memory, scheduler, timer, 0)
    }

    /// Lets every timer expire that is due: signals it, sets it again if periodic, and reports it so that
    /// its calls can be queued.
    pub fn expire_timers(
        &mut self,
        memory: &GuestMemory,
        scheduler: &mut Scheduler,
        now: GuestTicks,
    ) -> Vec<Expiry> {
        let mut expiries = Vec::new();
        while self.timers.next_due().is_some_and(|due| due <= now) {
            let Some((_, timer)) = self.timers.queue.pop_first() else { break };
            let Some((_, setting)) = self.timers.set.remove(&timer) else { continue };
            if let Err(error) = self.expire(memory, scheduler, now, timer, setting) {
                // The title has freed the memory under a timer that is set.
                tracing::warn!(target: "kernel", "timer {timer}: {error}");
                continue;
            }
            expiries.push(Expiry { timer, setting });
        }
        expiries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::{kind, signal_state, tests::Bench};
    use xenia_guest::NtStatus;

    fn setting(due: GuestTicks, period_ms: u32) -> TimerSetting {
        TimerSetting { due, period_ms, dpc: GuestAddr::NULL, apc: None }
    }

    #[test]
    fn timers_expire_in_order_and_wake_their_waiters() {
        let mut b = Bench::new();
        let (early, late) = (b.object(kind::MANUAL_TIMER, 0), b.object(kind::AUTO_TIMER, 0));
        let thread = b.thread(1);
        assert!(!b.dispatcher.set_timer(&b.memory, late, setting(200, 0)).unwrap());
        assert!(!b.dispatcher.set_timer(&b.memory, early, setting(100, 0)).unwrap());
        assert_eq!(b.dispatcher.timers.next_due(), Some(100));
        b.wait(thread, &[late], false);
        let expire = |b: &mut Bench, now| -> Vec<GuestAddr> {
            let expiries = b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, now);
            expiries.into_iter().map(|expiry| expiry.timer).collect()
        };
        assert_eq!(expire(&mut b, 99), []);
        assert_eq!(expire(&mut b, 250), [early, late]);
        assert_eq!(b.woken(thread), Some(NtStatus::SUCCESS));
        assert_eq!(signal_state(&b.memory, early).unwrap(), 1, "manual: stays");
        assert_eq!(signal_state(&b.memory, late).unwrap(), 0, "taken by the waiter");
        assert_eq!(b.dispatcher.timers.next_due(), None);
    }

    #[test]
    fn periodic_timers_come_again_and_cancelled_ones_do_not() {
        let mut b = Bench::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len(), 1);
        assert_eq!(b.dispatcher.timers.next_due(), Some(100 + 49_875));
        assert!(b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(!b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, u64::MAX).is_empty());
    }
}
