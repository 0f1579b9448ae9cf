//! Peephole optimisation on AArch64: there is none yet, so code stays as Cranelift made it.

use crate::code::peephole::{Facts, Optimized};

/// Changes nothing: `None`.
pub(crate) fn optimize(_: &[u8], _: Facts<'_>) -> Option<Optimized> {
    None
}
