//! Marks of fault exits on AArch64: there are none yet, so the lifter sinks no stores
//! ([`crate::arch::features::MARKS_FAULTS`]).

/// Replaces no branch: `None`.
pub(crate) fn mark(_: &mut Vec<u8>, _: usize) -> Option<()> {
    None
}

/// No access has a mark: `None`.
pub(crate) fn distance(_: &[u8]) -> Option<u64> {
    None
}
