//! State of the kernel's core: objects, waits, locks, threads.

use crate::Kernel;
use crate::objects::dispatcher::DispatcherState;
use crate::objects::lock_queue::LockQueuesState;
use crate::objects::{ObjectsState, RestoredUses};
use crate::thread::records::ThreadsState;
use crate::thread::tls::TlsState;
use serde::{Deserialize, Serialize};
use xenia_state::Impossible;

/// State of the kernel's core: objects, waits, timers, mutants, locks, threads, TLS slots.
///
/// It names threads of the scheduler and addresses in guest memory, which are saved beside it. The
/// words of read/write locks, spin locks and critical sections are guest memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoreState {
    pub(super) objects: ObjectsState,
    pub(super) dispatcher: DispatcherState,
    pub(super) sections: LockQueuesState,
    pub(super) spin_locks: LockQueuesState,
    pub(super) threads: ThreadsState,
    pub(super) tls: TlsState,
}

impl Kernel {
    /// State of the core between two runs of the machine.
    pub fn core_state(&self) -> CoreState {
        CoreState {
            objects: self.objects.state(),
            dispatcher: self.dispatcher.state(),
            sections: self.sections.state(),
            spin_locks: self.spin_locks.state(),
            threads: self.threads.lock().state(),
            tls: self.tls.state(),
        }
    }

    /// Replaces the core of a machine that has loaded its title and has not run. The areas that
    /// hold objects for requests and transfers are restored afterwards, then
    /// [`Objects::settle_uses`](crate::objects::Objects::settle_uses) ends the restore.
    ///
    /// Calls that are saved for threads of the render driver are counted when that is restored.
    ///
    /// # Errors
    /// A state that no machine can be in. The machine must not run then.
    pub fn restore_core(&self, state: CoreState) -> Result<RestoredUses, Impossible> {
        let CoreState { objects, dispatcher, sections, spin_locks, threads, tls } = state;
        let uses = self.objects.restore(objects)?;
        self.dispatcher.restore(&self.objects, dispatcher)?;
        self.sections.restore(sections)?;
        self.spin_locks.restore(spin_locks)?;
        let pending = self.threads.lock().restore(&self.objects, &self.frame_count, threads)?;
        self.pending_apcs.set(pending.apcs);
        self.pending_calls.set(pending.calls);
        self.tls.restore(tls)?;
        Ok(uses)
    }
}
