//! What can go wrong while setting up or compiling.

use std::io;

/// Why the engine can't be made, or a region not compiled.
#[derive(Debug, thiserror::Error)]
pub enum JitError {
    /// A system call failed.
    #[error("{call}: {source}")]
    Host {
        /// The call and what it was for.
        call: &'static str,
        /// The host's error.
        source: io::Error,
    },
    /// Cranelift does not know this host.
    #[error("{0}")]
    Cranelift(String),
    /// Memory could not be hooked.
    #[error(transparent)]
    Memory(#[from] xenia_memory::MemoryError),
    /// Code memory is used up.
    #[error("code memory is full")]
    CodeMemoryFull,
    /// A region is too long to be compiled in one piece; about so many of its instructions are not.
    #[error("a region is too long for one piece, which has about {0} instructions")]
    TooLong(usize),
    /// A region could not be compiled.
    #[error("region at {pc:#010x}: {reason}")]
    Compile {
        /// First entry.
        pc: u32,
        /// Why.
        reason: String,
    },
}
