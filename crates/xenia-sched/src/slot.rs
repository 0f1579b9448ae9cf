//! One hardware thread: who runs on it, and who waits for it.

use crate::{RunQueues, ThreadRef};

/// A hardware thread of the console.
#[derive(Debug, Default)]
pub struct HwSlot {
    /// The thread that has the slot; it is in no queue.
    pub(crate) running: Option<ThreadRef>,
    /// Threads that are ready to run here.
    pub(crate) queues: RunQueues,
    /// A thread that keeps the slot while it waits for a spin lock. Nobody runs then.
    pub(crate) spinning: Option<ThreadRef>,
    /// Instructions left until the running thread makes way for its equal-priority peers.
    pub(crate) quantum_left: i64,
}

impl HwSlot {
    /// The thread that has the slot.
    pub fn running(&self) -> Option<ThreadRef> {
        self.running
    }

    /// The thread that keeps the slot while it waits for a spin lock.
    pub fn spinning(&self) -> Option<ThreadRef> {
        self.spinning
    }

    /// Threads that are ready to run here, in the order they would.
    pub fn ready(&self) -> impl Iterator<Item = ThreadRef> + '_ {
        self.queues.iter()
    }
}
