//! Errors while setting up the engine or compiling.

use xenia_host::HostError;

/// Error of creating the engine or of compiling a region.
#[derive(Debug, thiserror::Error)]
pub enum JitError {
    /// A system call failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Cranelift does not know this host.
    #[error("{0}")]
    Cranelift(String),
    /// Memory could not be hooked.
    #[error(transparent)]
    Memory(#[from] xenia_memory::MemoryError),
    /// Threads can't be made to fetch their instructions again, which this processor needs.
    #[error("compiled code needs membarrier(2) with SYNC_CORE on this processor: Linux 4.16")]
    NoSerialization,
    /// Only the baseline tier is wanted, which this processor has no code for.
    #[error("there is no baseline tier for this processor: use the optimizing tier or the interpreter")]
    NoBaseline,
    /// Code memory is used up.
    #[error("code memory is full")]
    CodeMemoryFull,
    /// A region is too long to be compiled in one piece; a piece of about this many of its
    /// instructions is not.
    #[error("a region is too long for one piece, which has about {0} instructions")]
    TooLong(usize),
    /// A region could not be compiled.
    #[error("region at {pc:#010x}: {reason}")]
    Compile {
        /// The region's first entry.
        pc: u32,
        reason: String,
    },
}
