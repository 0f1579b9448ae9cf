//! The compiler's part that is AArch64's.

pub(crate) mod fault_exit;
pub mod features;
pub(crate) mod peephole;
pub(crate) mod relocation;
pub mod thunks;
