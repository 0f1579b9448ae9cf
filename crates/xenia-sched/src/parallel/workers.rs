//! The workers: host threads that carry out what calls have left for later, such as transfers of
//! files.
//!
//! Who carries out what is the system's business ([`System::work`]); here is who is told that there
//! is something. A call wakes one worker, which takes work until there is none. One that comes
//! while both are busy is kept, so they look once more before they sleep. At the end of a run each
//! ends with the piece that it has; what is left is the next run's.

use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::System;
use xenia_sync::{Condvar, Level, Mutex};

/// Workers of a run: one that waits for a slow disc leaves another for the rest.
pub(super) const WORKERS: usize = 2;

/// Where the workers are called.
pub(super) struct Workers {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// Calls that no worker has answered; more than there are workers say no more.
    calls: usize,
    is_ending: bool,
}

impl Default for Workers {
    fn default() -> Self {
        Self { state: Mutex::new(Level::Leaf, State::default()), called: Condvar::new() }
    }
}

impl Workers {
    /// Something has been left for a worker.
    pub(super) fn call(&self) {
        let mut state = self.state.lock();
        state.calls = (state.calls + 1).min(WORKERS);
        drop(state);
        self.called.notify_one();
    }

    /// Nobody waits for work any more.
    pub(super) fn end(&self) {
        self.state.lock().is_ending = true;
        self.called.notify_all();
    }

    /// Sleeps until there may be work; `false` if the run is over.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while state.calls == 0 && !state.is_ending {
            self.called.wait(&mut state);
        }
        state.calls = state.calls.saturating_sub(1);
        !state.is_ending
    }
}

/// Works until the run ends.
pub(super) fn run<S: System>(shared: &Shared, mut system: S) {
    loop {
        while !shared.is_ending()
            && let Some(report) = system.work()
        {
            report(&mut SlotCpu::new(shared));
            // Perhaps nothing else was to come.
            if shared.nobody_is_busy() {
                shared.slots.keeper.call();
            }
        }
        if !shared.workers.wait() {
            return;
        }
    }
}
