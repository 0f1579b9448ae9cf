//! Errors of the scheduler.

use crate::ThreadRef;

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
