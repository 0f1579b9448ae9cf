//! Timers: their due times, expiry and effects.
//!
//! A timer's setting is in its shard ([`crate::dispatcher`]), its place in time in the queue
//! ([`Timers`]). Invariants: both change together, with the shard locked first; timers expire in
//! the order of their due times, of equal ones in the order in which they were set. Semantics are
//! NT's (docs/src/decisions/0008-threads-timers-waits.md).

mod state;

pub(crate) use state::TimersState;

use crate::dispatcher::{Dispatcher, Guard, Held, check_header, initialize, set_signal_state};
use crate::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::layout::{dispatcher_header as header, ktimer};
use xenia_guest::{GuestAddr, MILLISECOND_100NS};
use xenia_limits::Limit;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, GuestTicks, ticks_from_100ns, ticks_to_100ns};

/// Maximum number of timers that expire in one round; further due timers expire in the next.
const MAX_EXPIRIES_PER_ROUND: usize = 1024;

/// A user APC that a timer queues to the thread that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerApc {
    /// The thread's guest ID.
    pub thread_id: u32,
    /// Address of the APC routine.
    pub routine: GuestAddr,
    /// First argument of the routine; the second and third are the low and high word of the due
    /// time.
    pub context: u32,
}

/// Settings of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSetting {
    /// Guest time of the next expiry.
    pub due: GuestTicks,
    /// Milliseconds between expiries; 0: one-shot.
    pub period_ms: u32,
    /// The DPC to queue, or null.
    pub dpc: GuestAddr,
    /// The user APC to queue.
    pub apc: Option<TimerApc>,
}

impl TimerSetting {
    /// Whether the expiry runs guest code (a DPC or an APC), even without waiters.
    fn makes_call(&self) -> bool {
        !self.dpc.is_null() || self.apc.is_some()
    }
}

/// A timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetTimer {
    /// Orders timers that are due at the same time.
    serial: u64,
    setting: TimerSetting,
}

impl SetTimer {
    /// Its key in the queue.
    fn key(&self) -> (GuestTicks, u64) {
        (self.setting.due, self.serial)
    }
}

/// A timer expiry that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    pub timer: GuestAddr,
    /// Settings of the timer at expiry.
    pub setting: TimerSetting,
}

/// A timer in the queue.
#[derive(Clone, Copy, Debug)]
struct Queued {
    timer: GuestAddr,
    /// The thread that its APC goes to.
    thread_id: Option<u32>,
}

/// The timer queue: timers that are set, ordered by due time.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeMap<(GuestTicks, u64), Queued>,
    /// Timers of the queue whose expiry is observable: it queues a DPC or APC, or a thread waits
    /// for the timer.
    noticed: BTreeSet<(GuestTicks, u64)>,
    /// Expired timers whose APC is about to be queued.
    apcs: BTreeSet<GuestAddr>,
    serial: u64,
}

impl Timers {
    /// Describes every timer that is set, one line each, in the order in which they are due.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        for ((due, _), Queued { timer, .. }) in &self.queue {
            line(&format!("timer {timer} due {due}"));
        }
    }

    /// Due time of the next timer.
    pub fn next_due(&self) -> Option<GuestTicks> {
        self.queue.keys().next().map(|&(due, _)| due)
    }

    /// Due time of the next timer whose expiry is observable.
    pub fn next_noticed(&self) -> Option<GuestTicks> {
        self.noticed.first().map(|&(due, _)| due)
    }

    /// Claims the pending APC of an expired timer, to queue it. Returns `false` if the timer has
    /// been cancelled or set again since.
    pub fn take_apc(&mut self, timer: GuestAddr) -> bool {
        self.apcs.remove(&timer)
    }
}

impl Dispatcher {
    /// Sets a timer and clears its signal; returns whether it was set before.
    pub fn set_timer(&self, memory: &GuestMemory, timer: GuestAddr, setting: TimerSetting) -> Fallible<bool> {
        self.hold(&[timer]).set_timer(memory, timer, setting)
    }

    /// Cancels a timer; returns whether it was set. Its signal state does not change. The timer is
    /// cancelled even if its memory can't be written, which is the error.
    pub fn cancel_timer(&self, memory: &GuestMemory, timer: GuestAddr) -> Fallible<bool> {
        self.hold(&[timer]).cancel_timer(memory, timer)
    }

    /// Initialises a timer that is not set, and cancels a timer that was at the same address.
    pub fn initialize_timer(&self, memory: &GuestMemory, timer: GuestAddr, kind: u8) -> Fallible<()> {
        let mut held = self.hold(&[timer]);
        initialize(memory, timer, kind, ktimer::SIZE, 0)?;
        held.unset_timer(timer);
        Ok(())
    }

    /// Cancels the timers with an APC to a thread that ends, as the APC can't be delivered.
    pub fn cancel_timers_of(&self, memory: &GuestMemory, thread_id: u32) {
        let timers: Vec<GuestAddr> = {
            let timers = self.timers.lock();
            let theirs = timers.queue.values().filter(|queued| queued.thread_id == Some(thread_id));
            theirs.map(|queued| queued.timer).collect()
        };
        for timer in timers {
            let mut held = self.hold(&[timer]);
            let apc = held.setting(timer).and_then(|setting| setting.apc);
            if apc.is_none_or(|apc| apc.thread_id != thread_id) {
                continue;
            }
            if let Err(error) = held.cancel_timer(memory, timer) {
                tracing::warn!(target: "kernel", "timer {timer}: {error}");
            }
        }
    }

    /// Locks the timer queue.
    pub fn timers(&self) -> Guard<'_, Timers> {
        self.timers.lock()
    }

    /// Settings of a timer; `None` if it is not set.
    #[cfg(any(test, feature = "testing"))]
    pub fn timer_setting(&self, timer: GuestAddr) -> Option<TimerSetting> {
        self.hold(&[timer]).setting(timer)
    }

    /// Expires due timers, up to [`MAX_EXPIRIES_PER_ROUND`]: signals each, sets it again if it is
    /// periodic, and returns it so that the caller can queue its DPC and APC.
    pub fn expire_timers(&self, memory: &GuestMemory, cpu: &mut dyn Cpu, now: GuestTicks) -> Vec<Expiry> {
        let mut expiries = Vec::new();
        for _ in 0..MAX_EXPIRIES_PER_ROUND {
            let first =
                self.timers.lock().queue.first_key_value().map(|(&(due, _), queued)| (due, queued.timer));
            let Some((_, timer)) = first.filter(|&(due, _)| due <= now) else { break };
            expiries.extend(self.expire_if_due(memory, cpu, now, timer));
        }
        expiries
    }

    /// Expires one timer if it is set and due.
    pub fn expire_if_due(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        now: GuestTicks,
        timer: GuestAddr,
    ) -> Option<Expiry> {
        let mut held = self.hold_around(timer, &[]);
        let setting = held.setting(timer).filter(|setting| setting.due <= now)?;
        held.unset_timer(timer);
        if let Err(error) = held.expire(memory, cpu, now, timer, setting) {
            // The title has freed the memory of a timer that is set.
            tracing::warn!(target: "kernel", "timer {timer}: {error}");
            return None;
        }
        Some(Expiry { timer, setting })
    }
}

impl Held<'_> {
    /// Settings of a timer; `None` if it is not set.
    fn setting(&self, timer: GuestAddr) -> Option<TimerSetting> {
        self.shard(timer).timers.get(&timer).map(|set| set.setting)
    }

    fn insert_timer(&mut self, timers: &mut Timers, timer: GuestAddr, setting: TimerSetting) {
        timers.serial += 1;
        let set = SetTimer { serial: timers.serial, setting };
        timers.queue.insert(set.key(), Queued { timer, thread_id: setting.apc.map(|apc| apc.thread_id) });
        if setting.makes_call() || self.is_waited_for(timer) {
            timers.noticed.insert(set.key());
        }
        self.shard_mut(timer).timers.insert(timer, set);
    }

    fn remove_timer(&mut self, timers: &mut Timers, timer: GuestAddr) -> bool {
        timers.apcs.remove(&timer);
        let Some(set) = self.shard_mut(timer).timers.remove(&timer) else { return false };
        timers.queue.remove(&set.key());
        timers.noticed.remove(&set.key());
        true
    }

    fn unset_timer(&mut self, timer: GuestAddr) -> bool {
        let dispatcher = self.dispatcher;
        self.remove_timer(&mut dispatcher.timers.lock(), timer)
    }

    /// Updates whether the expiry of a timer is observable, as threads begin or cease to wait for
    /// `object`.
    pub(super) fn note_waited_for(&mut self, object: GuestAddr, is_waited_for: bool) {
        let Some(&set) = self.shard(object).timers.get(&object) else { return };
        if set.setting.makes_call() {
            return;
        }
        let mut timers = self.dispatcher.timers.lock();
        if is_waited_for {
            timers.noticed.insert(set.key());
        } else {
            timers.noticed.remove(&set.key());
        }
    }

    /// Like [`Dispatcher::set_timer`], with the shards already locked.
    pub fn set_timer(
        &mut self,
        memory: &GuestMemory,
        timer: GuestAddr,
        setting: TimerSetting,
    ) -> Fallible<bool> {
        check_header(timer)?;
        let dispatcher = self.dispatcher;
        let mut timers = dispatcher.timers.lock();
        if self.setting(timer).is_none() {
            dispatcher.limits.admit(Limit::Timers, timers.queue.len())?;
        }
        set_signal_state(memory, timer, 0)?;
        memory.write(timer.offset(header::INSERTED), 1_u8)?;
        memory.write(timer.offset(ktimer::DUE_TIME), ticks_to_100ns(setting.due))?;
        memory.write(timer.offset(ktimer::PERIOD), setting.period_ms)?;
        memory.write(timer.offset(ktimer::DPC), setting.dpc)?;
        let before = self.remove_timer(&mut timers, timer);
        self.insert_timer(&mut timers, timer, setting);
        Ok(before)
    }

    /// Like [`Dispatcher::cancel_timer`], with the shards already locked.
    pub fn cancel_timer(&mut self, memory: &GuestMemory, timer: GuestAddr) -> Fallible<bool> {
        let before = self.unset_timer(timer);
        memory.write(timer.offset(header::INSERTED), 0_u8)?;
        Ok(before)
    }

    /// Applies the expiry of a timer, which the caller has removed from the queue.
    fn expire(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        now: GuestTicks,
        timer: GuestAddr,
        setting: TimerSetting,
    ) -> Fallible<()> {
        set_signal_state(memory, timer, 1)?;
        let dispatcher = self.dispatcher;
        if setting.period_ms > 0 {
            let period = ticks_from_100ns(u64::from(setting.period_ms) * MILLISECOND_100NS);
            // Missed periods are skipped and do not shift the later ones.
            let missed = now.saturating_sub(setting.due) / period;
            let due = setting.due.saturating_add((missed + 1).saturating_mul(period));
            memory.write(timer.offset(ktimer::DUE_TIME), ticks_to_100ns(due))?;
            self.insert_timer(&mut dispatcher.timers.lock(), timer, TimerSetting { due, ..setting });
        } else {
            memory.write(timer.offset(header::INSERTED), 0_u8)?;
        }
        if setting.apc.is_some() {
            dispatcher.timers.lock().apcs.insert(timer);
        }
        // The timer has expired though a waiter can't be woken.
        if let Err(error) = self.serve(memory, cpu, timer, 0) {
            tracing::debug!(target: "kernel", "waiters for timer {timer}: {error}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatcher::WaitType;
    use crate::dispatcher::{kind, signal_state, tests::DispatcherHarness};
    use xenia_guest::NtStatus;
    use xenia_memory::{Heap, Protect};

    fn setting(due: GuestTicks, period_ms: u32) -> TimerSetting {
        TimerSetting { due, period_ms, dpc: GuestAddr::NULL, apc: None }
    }

    #[test]
    fn timers_expire_in_order_and_wake_their_waiters() {
        let mut b = DispatcherHarness::new();
        let early = b.object(kind::MANUAL_TIMER, 0);
        let late = b.object(kind::AUTO_TIMER, 0);
        let thread = b.thread(1);
        assert!(!b.dispatcher.set_timer(&b.memory, late, setting(200, 0)).unwrap());
        assert!(!b.dispatcher.set_timer(&b.memory, early, setting(100, 0)).unwrap());
        assert_eq!(b.dispatcher.timers().next_due(), Some(100));
        b.wait(thread, &[late], WaitType::Any);
        let expire = |b: &mut DispatcherHarness, now| -> Vec<GuestAddr> {
            let expiries = b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, now);
            expiries.into_iter().map(|expiry| expiry.timer).collect()
        };
        assert_eq!(expire(&mut b, 99), []);
        assert_eq!(expire(&mut b, 250), [early, late]);
        assert_eq!(b.woken(thread), Some(NtStatus::SUCCESS));
        assert_eq!(signal_state(&b.memory, early).unwrap(), 1, "manual: stays");
        assert_eq!(signal_state(&b.memory, late).unwrap(), 0, "taken by the waiter");
        assert_eq!(b.dispatcher.timers().next_due(), None);
    }

    #[test]
    fn periodic_timers_come_again_and_cancelled_ones_do_not() {
        let mut b = DispatcherHarness::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len(), 1);
        assert_eq!(b.dispatcher.timers().next_due(), Some(100 + 49_875));
        assert!(b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(!b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, u64::MAX).is_empty());
    }

    #[test]
    fn timers_that_are_due_together_expire_in_the_order_in_which_they_were_set() {
        let mut b = DispatcherHarness::new();
        let timers = [(); 3].map(|()| b.object(kind::AUTO_TIMER, 0));
        // The last one is set again, so it is the newest.
        for index in [2, 1, 0, 2] {
            b.dispatcher.set_timer(&b.memory, timers[index], setting(100, 0)).unwrap();
        }
        let expiries = b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100);
        let expired: Vec<GuestAddr> = expiries.into_iter().map(|expiry| expiry.timer).collect();
        assert_eq!(expired, [timers[1], timers[0], timers[2]]);
    }

    #[test]
    fn only_observable_timers_are_events() {
        let mut b = DispatcherHarness::new();
        let alone = b.object(kind::AUTO_TIMER, 0);
        let awaited = b.object(kind::AUTO_TIMER, 0);
        let calling = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, alone, setting(100, 1)).unwrap();
        b.dispatcher.set_timer(&b.memory, awaited, setting(300, 0)).unwrap();
        assert_eq!(b.dispatcher.timers().next_noticed(), None);
        let thread = b.thread(1);
        b.wait(thread, &[awaited], WaitType::Any);
        assert_eq!(b.dispatcher.timers().next_noticed(), Some(300));
        let call = TimerSetting { dpc: GuestAddr(0x100), ..setting(200, 0) };
        b.dispatcher.set_timer(&b.memory, calling, call).unwrap();
        assert_eq!(b.dispatcher.timers().next_noticed(), Some(200));
        assert!(b.dispatcher.cancel_timer(&b.memory, calling).unwrap());
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 300).len(), 2);
        assert_eq!(b.dispatcher.timers().next_noticed(), None, "the waiter has been woken");
    }

    #[test]
    fn a_recreated_timer_or_one_without_memory_is_not_set() {
        let mut b = DispatcherHarness::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        b.dispatcher.initialize_timer(&b.memory, timer, kind::MANUAL_TIMER).unwrap();
        assert_eq!((b.dispatcher.timers().next_due(), b.memory.read(timer)), (None, Ok(kind::MANUAL_TIMER)));
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        b.memory.decommit(timer.page_base(), 0).unwrap();
        assert!(b.dispatcher.cancel_timer(&b.memory, timer).is_err());
        assert_eq!(b.dispatcher.timers().next_due(), None);
    }

    #[test]
    fn a_timer_expires_though_a_waiters_object_is_unmapped() {
        let mut b = DispatcherHarness::new();
        let timer = b.object(kind::MANUAL_TIMER, 0);
        let thread = b.thread(1);
        let elsewhere = b.memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        b.wait(thread, &[timer, elsewhere], WaitType::All);
        b.memory.free(elsewhere).unwrap();
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len(), 1);
        assert_eq!(b.woken(thread), None);
    }

    #[test]
    fn missed_periods_are_left_out_and_the_later_ones_stay_where_they_were() {
        let mut b = DispatcherHarness::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        let late = 100 + 10 * 49_875 + 7;
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, late).len(), 1);
        assert_eq!(b.dispatcher.timers().next_due(), Some(100 + 11 * 49_875));
    }

    #[test]
    fn timers_above_the_limit_expire_in_the_next_round() {
        let mut b = DispatcherHarness::new();
        let timers = b.allocate(0x1_0000 - 0x1000);
        for index in 0..MAX_EXPIRIES_PER_ROUND as u32 + 5 {
            b.dispatcher.set_timer(&b.memory, timers.offset(0x28 * index), setting(100, 0)).unwrap();
        }
        let mut expire = || b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len();
        assert_eq!([expire(), expire(), expire()], [MAX_EXPIRIES_PER_ROUND, 5, 0]);
    }
}
