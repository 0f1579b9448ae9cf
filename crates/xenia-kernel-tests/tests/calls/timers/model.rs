//! Model of timers and of the threads that wait for them, with plain searches of lists instead of
//! efficient structures.

use std::collections::VecDeque;
use xenia_sched::{GuestTicks, MAX_TICKS, START_FILETIME, ThreadRef, ticks_to_100ns};

/// Maximum number of timers that expire in one round.
pub(super) const MAX_PER_ROUND: usize = 1024;
pub(super) const TIMEOUT: u64 = 0x102;
pub(super) const USER_APC: u64 = 0xC0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) due: GuestTicks,
    /// Order in which timers were set; of two due at the same time, the earlier one expires first.
    pub(super) serial: u64,
    pub(super) period_ms: u32,
    pub(super) dpc: u32,
    /// The thread, by its index, and the routine's first argument.
    pub(super) apc: Option<(usize, u32)>,
}

#[derive(Debug)]
pub(super) struct Timer {
    pub(super) at: u32,
    pub(super) handle: Option<u64>,
    /// The timer has a page to itself.
    pub(super) alone: bool,
    pub(super) auto: bool,
    pub(super) state: i32,
    pub(super) set: Option<Setting>,
    /// Expected value of its `DueTime`, once it was set.
    pub(super) due_time: Option<u64>,
    /// The last handle was closed.
    pub(super) closed: bool,
    /// The timer was deleted.
    pub(super) gone: bool,
    /// The timer's memory is unmapped.
    pub(super) hidden: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Wait {
    /// Empty for a delay.
    pub(super) timers: Vec<usize>,
    pub(super) all: bool,
    pub(super) deadline: Option<GuestTicks>,
    pub(super) alertable: bool,
    pub(super) by_handle: bool,
    /// Result if no object is awaited and the deadline has passed when the wait begins.
    pub(super) at_once: u64,
    /// Order in which waits began; the earlier one is served first.
    pub(super) serial: u64,
}

#[derive(Debug)]
pub(super) struct Thread {
    pub(super) name: ThreadRef,
    pub(super) id: u32,
    pub(super) wait: Option<Wait>,
    /// Timers whose APC is queued, with its arguments.
    pub(super) apcs: VecDeque<(usize, [u64; 3])>,
    /// The arguments of the APC that is running.
    pub(super) in_apc: Option<[u64; 3]>,
    /// Result of the last wait.
    pub(super) result: Option<u64>,
}

impl Thread {
    pub(super) fn new(name: ThreadRef, id: u32) -> Self {
        Self { name, id, wait: None, apcs: VecDeque::new(), in_apc: None, result: None }
    }

    /// Ends the wait with a result.
    fn wake(&mut self, result: u64) {
        self.wait = None;
        self.result = Some(result);
    }

    /// Continues with the next APC, or ends the wait after the last one.
    pub(super) fn next_apc(&mut self) {
        self.in_apc = self.apcs.pop_front().map(|(_, arguments)| arguments);
        self.result = Some(self.in_apc.map_or(USER_APC, |arguments| arguments[0]));
    }
}

/// A deferred call and its last two arguments.
type Dpc = (u32, [u64; 2]);

#[derive(Default)]
pub(super) struct Model {
    pub(super) timers: Vec<Timer>,
    pub(super) threads: Vec<Thread>,
    pub(super) dpcs: VecDeque<Dpc>,
    /// The deferred call that is running.
    pub(super) dpc: Option<Dpc>,
    /// The initialised deferred calls.
    pub(super) known_dpcs: Vec<u32>,
    serial: u64,
}

/// Returns the guest time at which an interval ends: at a clock interrupt, of which there is one
/// each millisecond. A relative interval also begins at one. An end that has passed is the last
/// one.
pub(super) fn due(now: GuestTicks, interval: i64) -> GuestTicks {
    // A microsecond is 49.875 ticks, so 399 ticks are 80 units of 100 ns.
    let ticks = |units: i128| {
        units.max(0).saturating_mul(399).div_euclid(80) + i128::from(units.max(0) * 399 % 80 != 0)
    };
    let begin = i128::from(now) / 49_875 * 49_875;
    let due = if interval < 0 {
        begin + ticks(-i128::from(interval))
    } else {
        ticks(i128::from(interval) - i128::from(START_FILETIME)).max(begin)
    };
    u64::try_from((due + 49_874) / 49_875 * 49_875).unwrap_or(u64::MAX)
}

impl Model {
    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Returns the timer that is due first.
    fn first(&self) -> Option<(GuestTicks, usize)> {
        let set = self.timers.iter().enumerate().filter_map(|(at, timer)| Some((timer.set?, at)));
        set.min_by_key(|(set, _)| (set.due, set.serial)).map(|(set, at)| (set.due, at))
    }

    pub(super) fn next_due(&self) -> Option<GuestTicks> {
        self.first().map(|(due, _)| due)
    }

    /// Returns when the next timer is due whose expiry has a visible effect.
    pub(super) fn next_noticed(&self) -> Option<GuestTicks> {
        let waited = |at: usize| self.waits().any(|wait| wait.timers.contains(&at));
        let set = self.timers.iter().enumerate().filter_map(|(at, timer)| Some((at, timer.set?)));
        let noticed = set.filter(|&(at, set)| set.dpc != 0 || set.apc.is_some() || waited(at));
        noticed.map(|(_, set)| set.due).min()
    }

    pub(super) fn waits(&self) -> impl Iterator<Item = &Wait> {
        self.threads.iter().filter_map(|thread| thread.wait.as_ref())
    }

    /// Satisfies a wait for these timers, if possible; returns its result.
    pub(super) fn take(&mut self, timers: &[usize], all: bool) -> Option<u64> {
        let signalled = |&at: &usize| self.timers[at].state > 0;
        let first = timers.iter().position(signalled);
        let (result, taken) = if all {
            (0, timers.iter().all(signalled).then_some(timers)?)
        } else {
            (first? as u64, &timers[first?..=first?])
        };
        for &at in taken {
            let timer = &mut self.timers[at];
            timer.state = if timer.auto { 0 } else { timer.state };
        }
        Some(result)
    }

    fn serve(&mut self, at: usize) {
        let waits = |thread: &Thread| thread.wait.clone().filter(|wait| wait.timers.contains(&at));
        let threads = self.threads.iter().enumerate();
        let mut waiting: Vec<_> = threads.filter_map(|(who, thread)| Some((waits(thread)?, who))).collect();
        waiting.sort_by_key(|(wait, _)| wait.serial);
        for (wait, who) in waiting {
            if let Some(result) = self.take(&wait.timers, wait.all) {
                self.threads[who].wake(result);
            }
        }
    }

    /// Advances to `now`: timers expire, then waits end.
    pub(super) fn advance(&mut self, now: GuestTicks) {
        let mut calls = Vec::new();
        for _ in 0..MAX_PER_ROUND {
            let Some((_, at)) = self.first().filter(|&(due, _)| due <= now) else { break };
            calls.extend(self.expire(at, now).map(|set| (at, set)));
        }
        for (at, set) in calls {
            self.call(at, set);
        }
        self.delete_closed();
        for thread in &mut self.threads {
            if let Some(wait) =
                thread.wait.take_if(|wait| wait.deadline.is_some_and(|deadline| deadline <= now))
            {
                thread.wake(if wait.timers.is_empty() { 0 } else { TIMEOUT });
            }
        }
        self.delete_closed();
    }

    /// Expires a timer; returns how it was set.
    fn expire(&mut self, at: usize, now: GuestTicks) -> Option<Setting> {
        let set = self.timers[at].set.take()?;
        if self.timers[at].hidden {
            return None;
        }
        self.timers[at].state = 1;
        if set.period_ms > 0 {
            let period = u128::from(set.period_ms) * 49_875;
            // The first multiple of the period after now.
            let missed = u128::from(now - set.due) / period;
            let due = u64::try_from(u128::from(set.due) + (missed + 1) * period).unwrap_or(u64::MAX);
            let serial = self.next_serial();
            self.timers[at].set = Some(Setting { due, serial, ..set });
            self.timers[at].due_time = Some(ticks_to_100ns(due));
        }
        self.serve(at);
        Some(set)
    }

    /// Queues the calls of a timer that has expired.
    fn call(&mut self, at: usize, set: Setting) {
        let due = xenia_sched::filetime(set.due);
        let low = due & 0xFFFF_FFFF;
        let high = due >> 32;
        if set.dpc != 0 {
            self.queue_dpc(set.dpc, [low, high]);
        }
        if let Some((who, context)) = set.apc {
            self.queue_apc(who, at, [u64::from(context), low, high]);
        }
    }

    /// Sets a timer; one that is due already expires at once.
    pub(super) fn set(&mut self, at: usize, setting: Setting, now: GuestTicks) {
        let timer = &mut self.timers[at];
        timer.set = Some(setting);
        timer.state = 0;
        timer.due_time = Some(ticks_to_100ns(setting.due));
        if setting.due <= now
            && let Some(set) = self.expire(at, now)
        {
            self.call(at, set);
        }
    }

    fn queue_dpc(&mut self, dpc: u32, arguments: [u64; 2]) {
        if self.known_dpcs.contains(&dpc) && !self.dpcs.iter().any(|&(queued, _)| queued == dpc) {
            self.dpcs.push_back((dpc, arguments));
            if self.dpc.is_none() {
                self.dpc = self.dpcs.pop_front();
            }
        }
    }

    fn queue_apc(&mut self, who: usize, timer: usize, arguments: [u64; 3]) {
        let thread = &mut self.threads[who];
        if !thread.apcs.iter().any(|&(queued, _)| queued == timer) {
            thread.apcs.push_back((timer, arguments));
            if thread.wait.as_ref().is_some_and(|wait| wait.alertable) {
                thread.wait = None;
                thread.next_apc();
            }
        }
    }

    pub(super) fn forget_apc(&mut self, timer: usize) {
        for thread in &mut self.threads {
            thread.apcs.retain(|&(queued, _)| queued != timer);
        }
    }

    /// Deletes timers whose handle is closed and for which no wait by handle is pending.
    pub(super) fn delete_closed(&mut self) {
        for at in 0..self.timers.len() {
            let held = self.waits().any(|wait| wait.by_handle && wait.timers.contains(&at));
            if self.timers[at].closed && !self.timers[at].gone && !held {
                self.timers[at].gone = true;
                self.timers[at].set = None;
                self.forget_apc(at);
            }
        }
    }

    /// Starts a thread's wait; it may end at once.
    pub(super) fn wait(&mut self, who: usize, wait: Wait, now: GuestTicks) {
        let taken = if wait.timers.is_empty() { None } else { self.take(&wait.timers, wait.all) };
        let over = wait.deadline.is_some_and(|deadline| deadline <= now);
        let thread = &mut self.threads[who];
        if let Some(result) = taken {
            thread.wake(result);
        } else if wait.alertable && !thread.apcs.is_empty() {
            thread.next_apc();
        } else if over {
            thread.wake(if wait.timers.is_empty() { wait.at_once } else { TIMEOUT });
        } else {
            thread.result = None;
            thread.wait = Some(Wait { deadline: wait.deadline.filter(|&at| at < MAX_TICKS), ..wait });
        }
    }

    /// Replaces a thread that has ended.
    pub(super) fn replace_thread(&mut self, who: usize, name: ThreadRef, id: u32) {
        self.threads[who] = Thread::new(name, id);
        for timer in &mut self.timers {
            timer.set = timer.set.filter(|set| set.apc.is_none_or(|(thread, _)| thread != who));
        }
        self.delete_closed();
    }
}
