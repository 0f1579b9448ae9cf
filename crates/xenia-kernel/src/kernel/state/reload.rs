//! Reload of the core for tests: saves it and restores it in an empty one.

use super::CoreState;
use crate::Kernel;
use crate::kernel::LOCK_QUEUES;
use crate::objects::dispatcher::Dispatcher;
use crate::objects::lock_queue::LockQueues;
use crate::thread::frames::FrameCount;
use crate::thread::pending_count::PendingCount;
use crate::thread::records::Threads;
use crate::thread::tls::Tls;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_state::{Section, StateError, StoredSection};
use xenia_sync::{Level, Mutex};

/// The core as a section.
#[derive(Serialize, Deserialize)]
struct SavedCore(CoreState);

impl Section for SavedCore {
    const NAME: &'static str = "test/core";
    const VERSION: u16 = 1;
}

impl Kernel {
    /// The core as it is stored; `None` if areas outside of it hold objects.
    pub fn stored_core(&self) -> Option<StoredSection> {
        let state = self.core_state();
        let CoreState { objects, dispatcher, threads, .. } = &state;
        let is_alone = objects.is_used_by(dispatcher.held().chain(threads.held()));
        is_alone.then(|| StoredSection::encode(&SavedCore(state)).expect("the core can be stored"))
    }

    /// Replaces the core by an empty one, and restores a stored one there.
    ///
    /// # Errors
    /// As [`Self::restore_core`]; the kernel must not be used then but to restore another core.
    pub fn restore_stored_core(&mut self, stored: &StoredSection) -> Result<(), StateError> {
        self.empty_core();
        let SavedCore(state) = stored.decode()?;
        let restored = self.restore_core(state).map(|uses| self.objects.settle_uses(uses));
        restored.map_err(|reason| StateError::contents(SavedCore::NAME, &reason))
    }

    /// Stores the core and restores it. Returns `false` and does nothing if areas outside of the
    /// core hold objects.
    ///
    /// # Panics
    /// The core is not restored as it was.
    pub fn reload_core(&mut self) -> bool {
        let Some(stored) = self.stored_core() else { return false };
        self.restore_stored_core(&stored).expect("the core is possible");
        assert!(self.stored_core() == Some(stored), "the core is another");
        true
    }

    /// Makes the core that of a kernel without title. Objects and threads of the title are
    /// forgotten.
    fn empty_core(&mut self) {
        self.objects = Arc::new(self.objects.emptied());
        self.dispatcher = Dispatcher::with_clock(self.limits.clone(), self.clock);
        self.sections = LockQueues::new(LOCK_QUEUES);
        self.spin_locks = LockQueues::new(2 * LOCK_QUEUES);
        let processes = self.threads.lock().processes;
        let threads = Threads::new(processes, self.limits.clone(), self.imports.own_stubs.call_return);
        self.threads = Mutex::new(Level::Threads, threads);
        self.tls = Tls::default();
        self.frame_count = FrameCount::default();
        self.pending_apcs = PendingCount::default();
        self.pending_calls = PendingCount::default();
    }
}
