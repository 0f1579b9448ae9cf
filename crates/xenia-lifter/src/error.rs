//! Errors of the compiler.

/// Error of setting up the compiler or of compiling a region.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// Cranelift does not support this host.
    #[error("{0}")]
    Cranelift(String),
    /// A region is too long to be compiled in one piece; a piece of about this many of its
    /// instructions is not.
    #[error("a region is too long for one piece, which has about {0} instructions")]
    TooLong(usize),
    /// A region could not be compiled.
    #[error("region at {pc:#010x}: {reason}")]
    Compile {
        /// The region's first entry.
        pc: u32,
        /// Cranelift's message, or ours.
        reason: String,
    },
}
