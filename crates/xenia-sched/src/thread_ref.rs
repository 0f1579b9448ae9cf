//! Names of guest threads: 4-byte generational references, checked on every use.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a guest thread: the slot whose table has it, its position there, and the generation
/// of the position.
///
/// Migration does not change it: `hw_id` is the slot on which the thread was spawned, not where it
/// runs. The generation has 8 bits and wraps, so holders of a stored reference must count it
/// ([`crate::Scheduler::retain`]); a position with counted references is not reused. A stale
/// reference is an error, never another thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(C)]
pub struct ThreadRef {
    /// The slot whose table holds the thread.
    pub hw_id: u8,
    /// Generation of the position.
    pub generation: u8,
    /// Position in the table.
    pub idx: u16,
}

const _: () = assert!(size_of::<ThreadRef>() == 4);

impl fmt::Debug for ThreadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.hw_id, self.idx, self.generation)
    }
}

/// Errors of scheduler operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchedError {
    /// The thread is gone, or never existed.
    #[error("thread reference {0:?} is stale")]
    Stale(ThreadRef),
    /// All positions of the slot are in use.
    #[error("slot {0} has no room for another thread")]
    Full(u8),
    /// No such hardware thread.
    #[error("no hardware thread in affinity mask {0:#x}")]
    NoProcessor(u32),
    /// The thread has exited.
    #[error("thread {0:?} has exited")]
    Exited(ThreadRef),
    /// The thread's registers are out: its executor has them, or code that ends its wait.
    #[error("thread {0:?} runs")]
    Running(ThreadRef),
    /// The suspend count is at its limit.
    #[error("suspend count of thread {0:?} is at its limit")]
    SuspendCount(ThreadRef),
}
