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
use xenia_state::{StateError, StateSection, StoredSection};
use xenia_sync::{Level, Mutex};

/// The core as a section.
#[derive(Serialize, Deserialize)]
struct SavedCore(CoreState);

impl StateSection for SavedCore {
    const NAME: &'static str = "test/core";
    const VERSION: u16 = 1;
}

/// The core as it is stored; `None` if areas outside of it hold objects.
pub fn stored_core(kernel: &Kernel) -> Option<StoredSection> {
    let state = CoreState::of(kernel);
    let CoreState { objects, dispatcher, threads, .. } = &state;
    let is_alone = objects.is_used_by(dispatcher.held().chain(threads.held()));
    is_alone.then(|| StoredSection::encode(&SavedCore(state)).expect("the core can be stored"))
}

/// Replaces the core by an empty one, and restores a stored one there.
///
/// # Errors
/// As [`CoreState::restore`]; the kernel must not be used then but to restore another core.
pub fn restore_stored_core(kernel: &mut Kernel, stored: &StoredSection) -> Result<(), StateError> {
    empty_core(kernel);
    let SavedCore(state) = stored.decode()?;
    let restored = state.restore(kernel).map(|uses| kernel.objects.settle_uses(uses));
    restored.map_err(|reason| StateError::contents(SavedCore::NAME, &reason))
}

/// Stores the core and restores it. Returns `false` and does nothing if areas outside of the
/// core hold objects.
///
/// # Panics
/// The restored core differs from the stored one.
pub fn reload_core(kernel: &mut Kernel) -> bool {
    let Some(stored) = stored_core(kernel) else { return false };
    restore_stored_core(kernel, &stored).expect("the core is possible");
    assert!(stored_core(kernel) == Some(stored), "the core is another");
    true
}

/// Makes the core that of a kernel without title. Objects and threads of the title are
/// forgotten.
fn empty_core(kernel: &mut Kernel) {
    kernel.objects = Arc::new(kernel.objects.emptied());
    kernel.dispatcher = Dispatcher::new(kernel.limits.clone());
    kernel.sections = LockQueues::new(LOCK_QUEUES);
    kernel.spin_locks = LockQueues::new(2 * LOCK_QUEUES);
    let processes = kernel.threads.lock().processes;
    let threads = Threads::new(processes, kernel.limits.clone(), kernel.imports.own_stubs.call_return);
    kernel.threads = Mutex::new(Level::Threads, threads);
    kernel.tls = Tls::default();
    kernel.frame_count = FrameCount::default();
    kernel.pending_apcs = PendingCount::default();
    kernel.pending_calls = PendingCount::default();
}
