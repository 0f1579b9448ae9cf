//! Peephole optimisation on AArch64: there is none yet, so code stays as Cranelift made it.

use crate::arch::TargetCpu;
use crate::peephole::{Facts, Optimized};

/// Changes nothing: `None`.
pub(crate) fn optimize(code: &[u8], facts: Facts<'_>, _: TargetCpu) -> Option<Optimized> {
    debug_assert!(facts.are_inside(code.len()), "as where code is changed");
    None
}
