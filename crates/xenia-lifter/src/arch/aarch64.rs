//! AArch64: the modules of [`arch`](super) for this processor.

pub(crate) mod fault_exit;
pub mod features;
pub(crate) mod peephole;
pub(crate) mod relocation;
pub mod thunks;
