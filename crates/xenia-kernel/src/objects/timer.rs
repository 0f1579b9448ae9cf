//! Timers: when they are due, and what their expiry does.

use crate::layout::{dispatcher_header as header, ktimer};
use crate::limits::Limit;
use crate::objects::dispatcher::{Dispatcher, Guard, Held, check_header, initialize, set_signal_state};
use crate::status::failure::Fallible;
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, GuestTicks, ticks_from_100ns};

/// Timers that expire in one round at most; the others that are due do so in the next.
const EXPIRIES_PER_ROUND: usize = 1024;

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

impl TimerSetting {
    /// Whether the expiry makes guest code run, whoever waits.
    fn makes_call(&self) -> bool {
        !self.dpc.is_null() || self.apc.is_some()
    }
}

/// An expiry that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The timer.
    pub timer: GuestAddr,
    /// How it was set.
    pub setting: TimerSetting,
}

/// A timer in the queue.
#[derive(Clone, Copy, Debug)]
struct Queued {
    timer: GuestAddr,
    /// Whom its APC goes to.
    thread_id: Option<u32>,
}

/// The timers that are set, in the order in which they are due. How each is set is in its shard
/// ([`super::dispatcher`]), which is locked first: a timer comes into the queue and leaves it with
/// its setting.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeMap<(GuestTicks, u64), Queued>,
    /// Of the queue, those whose expiry anybody could notice: it makes a call, or a thread waits
    /// for it.
    noticed: BTreeSet<(GuestTicks, u64)>,
    /// Those that have expired, with an APC that is about to be queued.
    apcs: BTreeSet<GuestAddr>,
    serial: u64,
}

impl Timers {
    /// Every timer that is set, as one line each, in the order in which they are due.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        for ((due, _), Queued { timer, .. }) in &self.queue {
            line(&format!("timer {timer} due {due}"));
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<GuestTicks> {
        self.queue.keys().next().map(|&(due, _)| due)
    }

    /// When the next timer is due whose expiry anybody could notice.
    pub fn next_noticed(&self) -> Option<GuestTicks> {
        self.noticed.first().map(|&(due, _)| due)
    }

    /// The APC of a timer that has expired is queued now; `false` if the timer has been taken back,
    /// or set again, since.
    pub(crate) fn take_apc(&mut self, timer: GuestAddr) -> bool {
        self.apcs.remove(&timer)
    }
}

impl Dispatcher {
    /// Sets a timer, which is not signalled from then on; returns whether it was set before.
    pub fn set_timer(&self, memory: &GuestMemory, timer: GuestAddr, setting: TimerSetting) -> Fallible<bool> {
        self.hold(&[timer]).set_timer(memory, timer, setting)
    }

    /// Takes a timer back; returns whether it was set. Its signal stays as it is. It is taken back
    /// even where its memory can't be written, which is the error.
    pub fn cancel_timer(&self, memory: &GuestMemory, timer: GuestAddr) -> Fallible<bool> {
        self.hold(&[timer]).cancel_timer(memory, timer)
    }

    /// Makes a timer that is not set, whatever was there before.
    pub fn initialize_timer(&self, memory: &GuestMemory, timer: GuestAddr, kind: u8) -> Fallible<()> {
        let mut held = self.hold(&[timer]);
        initialize(memory, timer, kind, ktimer::SIZE, 0)?;
        held.unset_timer(timer);
        Ok(())
    }

    /// A thread ends: timers with an APC to it are taken back, as nobody is there to be told.
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

    /// The timers that are set, in the order in which they are due.
    pub(crate) fn timers(&self) -> Guard<'_, Timers> {
        self.timers.lock()
    }

    /// How a timer is set, if it is.
    #[cfg(test)]
    pub(crate) fn timer_setting(&self, timer: GuestAddr) -> Option<TimerSetting> {
        self.hold(&[timer]).setting(timer)
    }

    /// Lets timers expire that are due, up to [`EXPIRIES_PER_ROUND`]: signals each, sets it again
    /// if periodic, and reports it so that its calls can be queued.
    pub fn expire_timers(&self, memory: &GuestMemory, cpu: &mut dyn Cpu, now: GuestTicks) -> Vec<Expiry> {
        let mut expiries = Vec::new();
        for _ in 0..EXPIRIES_PER_ROUND {
            let first =
                self.timers.lock().queue.first_key_value().map(|(&(due, _), queued)| (due, queued.timer));
            let Some((_, timer)) = first.filter(|&(due, _)| due <= now) else { break };
            expiries.extend(self.expire_if_due(memory, cpu, now, timer));
        }
        expiries
    }

    /// Lets one timer expire if it is set and due.
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
            // The title has freed the memory under a timer that is set.
            tracing::warn!(target: "kernel", "timer {timer}: {error}");
            return None;
        }
        Some(Expiry { timer, setting })
    }
}

impl Held<'_> {
    /// How a timer is set, if it is.
    fn setting(&self, timer: GuestAddr) -> Option<TimerSetting> {
        self.shard(timer).timers.get(&timer).map(|&(_, setting)| setting)
    }

    fn insert_timer(&mut self, timers: &mut Timers, timer: GuestAddr, setting: TimerSetting) {
        timers.serial += 1;
        let key = (setting.due, timers.serial);
        timers.queue.insert(key, Queued { timer, thread_id: setting.apc.map(|apc| apc.thread_id) });
        if setting.makes_call() || self.is_waited_for(timer) {
            timers.noticed.insert(key);
        }
        self.shard_mut(timer).timers.insert(timer, (timers.serial, setting));
    }

    fn remove_timer(&mut self, timers: &mut Timers, timer: GuestAddr) -> bool {
        timers.apcs.remove(&timer);
        let Some((serial, setting)) = self.shard_mut(timer).timers.remove(&timer) else { return false };
        timers.queue.remove(&(setting.due, serial));
        timers.noticed.remove(&(setting.due, serial));
        true
    }

    fn unset_timer(&mut self, timer: GuestAddr) -> bool {
        let dispatcher = self.dispatcher;
        self.remove_timer(&mut dispatcher.timers.lock(), timer)
    }

    /// Somebody waits for an object now, or nobody any more: if it is a timer that is set, its
    /// expiry is noticed or not.
    pub(super) fn note_waited_for(&mut self, object: GuestAddr, is_waited_for: bool) {
        let Some(&(serial, setting)) = self.shard(object).timers.get(&object) else { return };
        if setting.makes_call() {
            return;
        }
        let mut timers = self.dispatcher.timers.lock();
        if is_waited_for {
            timers.noticed.insert((setting.due, serial));
        } else {
            timers.noticed.remove(&(setting.due, serial));
        }
    }

    /// As [`Dispatcher::set_timer`].
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
        memory.write(timer.offset(ktimer::DUE_TIME), dispatcher.clock.system_time(setting.due))?;
        memory.write(timer.offset(ktimer::PERIOD), setting.period_ms)?;
        memory.write(timer.offset(ktimer::DPC), setting.dpc)?;
        let before = self.remove_timer(&mut timers, timer);
        self.insert_timer(&mut timers, timer, setting);
        Ok(before)
    }

    /// As [`Dispatcher::cancel_timer`].
    pub fn cancel_timer(&mut self, memory: &GuestMemory, timer: GuestAddr) -> Fallible<bool> {
        let before = self.unset_timer(timer);
        memory.write(timer.offset(header::INSERTED), 0_u8)?;
        Ok(before)
    }

    /// What the expiry of one timer, which is not set any more, does.
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
            let period = ticks_from_100ns(u64::from(setting.period_ms) * 10_000);
            // Missed periods are not made up for, and don't move the later ones.
            let missed = now.saturating_sub(setting.due) / period;
            let due = setting.due.saturating_add((missed + 1).saturating_mul(period));
            memory.write(timer.offset(ktimer::DUE_TIME), dispatcher.clock.system_time(due))?;
            self.insert_timer(&mut dispatcher.timers.lock(), timer, TimerSetting { due, ..setting });
        } else {
            memory.write(timer.offset(header::INSERTED), 0_u8)?;
        }
        if setting.apc.is_some() {
            dispatcher.timers.lock().apcs.insert(timer);
        }
        // Who waits for this timer may wait for something else that is gone: it has expired all the same.
        if let Err(error) = self.serve(memory, cpu, timer, 0) {
            tracing::debug!(target: "kernel", "waiters for timer {timer}: {error}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::{kind, signal_state, tests::Bench};
    use xenia_guest::NtStatus;
    use xenia_memory::{Heap, Protect};

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
        assert_eq!(b.dispatcher.timers().next_due(), Some(100));
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
        assert_eq!(b.dispatcher.timers().next_due(), None);
    }

    #[test]
    fn periodic_timers_come_again_and_cancelled_ones_do_not() {
        let mut b = Bench::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len(), 1);
        assert_eq!(b.dispatcher.timers().next_due(), Some(100 + 49_875));
        assert!(b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(!b.dispatcher.cancel_timer(&b.memory, timer).unwrap());
        assert!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, u64::MAX).is_empty());
    }

    #[test]
    fn only_timers_that_somebody_could_notice_are_events() {
        let mut b = Bench::new();
        let (alone, awaited, calling) =
            (b.object(kind::AUTO_TIMER, 0), b.object(kind::AUTO_TIMER, 0), b.object(kind::AUTO_TIMER, 0));
        b.dispatcher.set_timer(&b.memory, alone, setting(100, 1)).unwrap();
        b.dispatcher.set_timer(&b.memory, awaited, setting(300, 0)).unwrap();
        assert_eq!(b.dispatcher.timers().next_noticed(), None);
        let thread = b.thread(1);
        b.wait(thread, &[awaited], false);
        assert_eq!(b.dispatcher.timers().next_noticed(), Some(300));
        let call = TimerSetting { dpc: GuestAddr(0x100), ..setting(200, 0) };
        b.dispatcher.set_timer(&b.memory, calling, call).unwrap();
        assert_eq!(b.dispatcher.timers().next_noticed(), Some(200));
        assert!(b.dispatcher.cancel_timer(&b.memory, calling).unwrap());
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 300).len(), 2);
        assert_eq!(b.dispatcher.timers().next_noticed(), None, "the waiter has been woken");
    }

    #[test]
    fn a_timer_that_is_made_anew_or_whose_memory_is_gone_is_not_set() {
        let mut b = Bench::new();
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
    fn an_expiry_counts_though_a_waiter_waits_for_something_that_is_gone() {
        let mut b = Bench::new();
        let timer = b.object(kind::MANUAL_TIMER, 0);
        let thread = b.thread(1);
        let elsewhere = b.memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE, false).unwrap();
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        b.wait(thread, &[timer, elsewhere], true);
        b.memory.free(elsewhere).unwrap();
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len(), 1);
        assert_eq!(b.woken(thread), None);
    }

    #[test]
    fn missed_periods_are_left_out_and_the_later_ones_stay_where_they_were() {
        let mut b = Bench::new();
        let timer = b.object(kind::AUTO_TIMER, 0);
        b.dispatcher.set_timer(&b.memory, timer, setting(100, 1)).unwrap();
        let late = 100 + 10 * 49_875 + 7;
        assert_eq!(b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, late).len(), 1);
        assert_eq!(b.dispatcher.timers().next_due(), Some(100 + 11 * 49_875));
    }

    #[test]
    fn a_round_lets_so_many_timers_expire_and_the_next_the_others() {
        let mut b = Bench::new();
        let timers = b.allocate(0x1_0000 - 0x1000);
        for index in 0..EXPIRIES_PER_ROUND as u32 + 5 {
            b.dispatcher.set_timer(&b.memory, timers.offset(0x28 * index), setting(100, 0)).unwrap();
        }
        let mut expire = || b.dispatcher.expire_timers(&b.memory, &mut b.scheduler, 100).len();
        assert_eq!([expire(), expire(), expire()], [EXPIRIES_PER_ROUND, 5, 0]);
    }
}
