//! State of the kernel's core: objects, waits, locks, threads.

use crate::Kernel;
use crate::objects::dispatcher::DispatcherState;
use crate::objects::lock_queue::LockQueuesState;
use crate::objects::{ObjectsState, RestoredUses};
use crate::thread::records::ThreadsState;
use crate::thread::tls::TlsState;
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, StateSection};

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

impl StateSection for CoreState {
    const NAME: &'static str = "kernel/core";
    const VERSION: u16 = 8;
}

impl CoreState {
    /// State of the core between two runs of the machine.
    pub fn of(kernel: &Kernel) -> Self {
        Self {
            objects: kernel.objects.state(),
            dispatcher: kernel.dispatcher.state(),
            sections: kernel.sections.state(),
            spin_locks: kernel.spin_locks.state(),
            threads: kernel.threads.lock().state(),
            tls: kernel.tls.state(),
        }
    }

    /// Drops all that the kernel of a machine which has run holds, without an effect on the guest:
    /// waits, threads, sockets, transfers, open files. Its devices have started over; a state must
    /// be restored next.
    pub fn release_all(kernel: &Kernel) {
        kernel.transfers.discard();
        kernel.dispatcher.release_all();
        kernel.threads.lock().release_all();
        kernel.net.release_all();
        kernel.files.lock().release_all();
    }

    /// Replaces the core of a machine that has loaded its title and has not run. The areas that
    /// hold objects for requests and transfers are restored afterwards, then
    /// [`Objects::settle_uses`](crate::objects::Objects::settle_uses) ends the restore.
    ///
    /// Calls that are saved for threads of the render driver are counted when that is restored.
    ///
    /// # Errors
    /// A state that no machine can be in. The machine must not run then.
    pub fn restore(self, kernel: &Kernel) -> Result<RestoredUses, Impossible> {
        let Self { objects, dispatcher, sections, spin_locks, threads, tls } = self;
        let uses = kernel.objects.restore(objects)?;
        kernel.dispatcher.restore(&kernel.objects, dispatcher)?;
        kernel.sections.restore(sections)?;
        kernel.spin_locks.restore(spin_locks)?;
        let pending = kernel.threads.lock().restore(&kernel.objects, &kernel.frame_count, threads)?;
        kernel.pending_apcs.set(pending.apcs);
        kernel.pending_calls.set(pending.calls);
        kernel.tls.restore(tls)?;
        Ok(uses)
    }
}
