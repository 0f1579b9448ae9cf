//! Errors while setting up the engine or compiling.

use xenia_host::HostError;
use xenia_lifter::LiftError;

/// Error of creating the engine or of compiling a region.
#[derive(Debug, thiserror::Error)]
pub enum JitError {
    /// A system call failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The compiler of the optimizing tier failed.
    #[error(transparent)]
    Lift(#[from] LiftError),
    /// Memory could not be hooked.
    #[error(transparent)]
    Memory(#[from] xenia_memory::MemoryError),
    /// Threads can't be made to fetch their instructions again, which this processor needs.
    #[error("compiled code needs membarrier(2) with SYNC_CORE on this processor: Linux 4.16")]
    NoSerialization,
    /// Only the baseline tier was requested, which has no code for this processor.
    #[error("there is no baseline tier for this processor: use the optimizing tier or the interpreter")]
    NoBaseline,
    /// Code memory is used up.
    #[error("code memory is full")]
    CodeMemoryFull,
}
