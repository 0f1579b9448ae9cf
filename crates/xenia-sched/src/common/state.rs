//! Saved state of what all slots share.

use super::{Common, PublishedState};
use crate::affinity::roams;
use crate::contention::ContentionPoints;
use crate::counters::MAX_COUNT;
use crate::directory::ThreadDirectory;
use crate::{GuestThread, ThreadState};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::Relaxed;
use xenia_state::{Impossible, check};

/// State shared by all slots, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommonState {
    exit_code: u32,
    main_thread: u32,
    main_code: u32,
    wait_serial: u64,
    recoveries: u64,
    halts: u64,
    contention: ContentionPoints,
}

impl CommonState {
    /// The serial number of the last wait.
    pub(crate) fn last_wait(&self) -> u64 {
        self.wait_serial
    }
}

impl Common {
    /// The state shared by all slots, for a saved state.
    pub(crate) fn state(&self) -> CommonState {
        let Self {
            // Saved with the thread table, whose positions its entries follow.
            directory: _,
            // Slots publish it again, and count their threads again.
            published: _,
            live: _,
            roaming: _,
            has_priority_changes: _,
            // A setting.
            quantum: _,
            exit_code,
            main_thread,
            main_code,
            wait_serial,
            // A parallel run sets them when it begins.
            awaited: _,
            sleep_end: _,
            recoveries,
            halts,
            // The event log belongs to the machine that restores the state.
            events: _,
            logs_events: _,
            contention,
            // It follows from the contention.
            counts_attempts: _,
        } = self;
        CommonState {
            exit_code: exit_code.load(Relaxed),
            main_thread: main_thread.load(Relaxed),
            main_code: main_code.load(Relaxed),
            wait_serial: wait_serial.load(Relaxed),
            recoveries: recoveries.load(Relaxed),
            halts: halts.load(Relaxed),
            contention: contention.lock().clone(),
        }
    }

    /// Restores a saved state, without threads.
    pub(crate) fn restore(&mut self, state: CommonState) -> Result<(), Impossible> {
        let CommonState { exit_code, main_thread, main_code, wait_serial, recoveries, halts, contention } =
            state;
        let counts = [wait_serial, recoveries, halts];
        check(counts.iter().all(|&count| count <= MAX_COUNT), "a counter of the scheduler is too large")?;
        contention.check()?;
        check(
            !self.records_contention() || contention.is_recorded(),
            "it was saved by a run that did not record contention, so a record from here on would lack what was before",
        )?;
        *self.exit_code.get_mut() = exit_code;
        *self.main_thread.get_mut() = main_thread;
        *self.main_code.get_mut() = main_code;
        *self.wait_serial.get_mut() = wait_serial;
        *self.recoveries.get_mut() = recoveries;
        *self.halts.get_mut() = halts;
        self.contention_mut(|points| *points = contention);
        self.directory = ThreadDirectory::default();
        self.published = std::array::from_fn(|_| PublishedState::default());
        *self.live.get_mut() = 0;
        *self.roaming.get_mut() = 0;
        *self.has_priority_changes.get_mut() = false;
        Ok(())
    }

    /// Counts a restored thread among those that keep the machine alive, and those that can
    /// migrate.
    pub(crate) fn count_restored(&self, thread: &GuestThread) {
        let is_live = !matches!(thread.state, ThreadState::Exited { .. });
        self.live.fetch_add(usize::from(is_live && !thread.service), Relaxed);
        self.count_roaming(false, is_live && roams(thread.affinity));
    }
}
