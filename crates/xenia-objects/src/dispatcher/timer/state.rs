//! State of the timers that are set.

use super::{Queued, SetTimer, Timers};
use crate::MAX_SERIAL;
use crate::dispatcher::Dispatcher;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// State of all timers that are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimersState {
    set: BTreeMap<GuestAddr, SetTimer>,
    /// Expired timers whose APC is about to be queued.
    apcs: BTreeSet<GuestAddr>,
    /// The last serial number.
    serial: u64,
}

impl Timers {
    /// State with the settings, which the timers' shards have.
    pub(crate) fn state(&self, set: BTreeMap<GuestAddr, SetTimer>) -> TimersState {
        // Queue and noticed timers are those of the settings.
        let Self { queue: _, noticed: _, apcs, serial } = self;
        TimersState { set, apcs: apcs.clone(), serial: *serial }
    }
}

impl Dispatcher {
    /// Replaces all timers. The shards have none before, and their wait lists are restored.
    pub(crate) fn restore_timers(&self, state: TimersState) -> Result<(), Impossible> {
        let TimersState { set, apcs, serial } = state;
        check(serial <= MAX_SERIAL, "the serial number of timers is too large")?;
        let mut timers = Timers { apcs, serial, ..Timers::default() };
        let mut numbers = BTreeSet::new();
        for (timer, set) in set {
            let is_new = (1..=serial).contains(&set.serial) && numbers.insert(set.serial);
            check(is_new, "a timer's serial number is 0, above the last one, or another timer's")?;
            let thread_id = set.setting.apc.map(|apc| apc.thread_id);
            timers.queue.insert(set.key(), Queued { timer, thread_id });
            let mut held = self.hold(&[timer]);
            if set.setting.makes_call() || held.is_waited_for(timer) {
                timers.noticed.insert(set.key());
            }
            held.shard_mut(timer).timers.insert(timer, set);
        }
        *self.timers.lock() = timers;
        Ok(())
    }
}

#[cfg(test)]
impl TimersState {
    /// Sets the last serial number.
    pub(crate) fn set_serial(&mut self, serial: u64) {
        self.serial = serial;
    }

    /// Gives all timers the same number.
    pub(crate) fn equal_numbers(&mut self) {
        self.set.values_mut().for_each(|timer| timer.serial = 1);
    }
}
