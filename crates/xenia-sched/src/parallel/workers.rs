//! Worker threads for deferred work, such as file transfers.
//!
//! The work itself is the system's ([`System::work`]); this module wakes the workers. A
//! notification wakes one worker, which works until there is no more work. A notification that
//! arrives while both are busy is remembered, so they check again before they sleep. At the end of
//! a run each worker finishes its current piece; the rest is left for the next run.

use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::System;
use xenia_sync::{Condvar, Level, Mutex};

/// Number of workers in a run: while one waits for a slow disc, the other handles the rest.
pub(super) const WORKERS: usize = 2;

/// The parking place of the workers.
pub(super) struct Workers {
    state: Mutex<State>,
    notified: Condvar,
}

#[derive(Default)]
struct State {
    /// Pending notifications, at most one per worker, since more would have no effect.
    notifications: usize,
    is_ending: bool,
}

impl Default for Workers {
    fn default() -> Self {
        Self { state: Mutex::new(Level::Leaf, State::default()), notified: Condvar::new() }
    }
}

impl Workers {
    /// Notifies a worker of deferred work.
    pub(super) fn notify(&self) {
        let mut state = self.state.lock();
        state.notifications = (state.notifications + 1).min(WORKERS);
        drop(state);
        self.notified.notify_one();
    }

    /// Ends the run: releases waiting workers.
    pub(super) fn end(&self) {
        self.state.lock().is_ending = true;
        self.notified.notify_all();
    }

    /// Sleeps until there may be work. Returns `false` if the run is over.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while state.notifications == 0 && !state.is_ending {
            self.notified.wait(&mut state);
        }
        // There is none if the end of the run has woken it.
        state.notifications = state.notifications.saturating_sub(1);
        !state.is_ending
    }
}

/// Executes deferred work until the run ends.
pub(super) fn run<S: System>(shared: &Shared, mut system: S) {
    loop {
        while !shared.is_ending()
            && let Some(report) = system.work()
        {
            report(&mut SlotCpu::new(shared));
            // The time-keeper may be waiting for the workers to become idle.
            if shared.all_hw_threads_idle() {
                shared.slots.keeper.notify();
            }
        }
        if !shared.workers.wait() {
            return;
        }
    }
}
