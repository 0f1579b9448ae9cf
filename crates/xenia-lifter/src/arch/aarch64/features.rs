//! Features of AArch64 that code may use, and properties that change the lifter's code.

use crate::arch::TargetCpu;
use std::arch::is_aarch64_feature_detected as has;

/// Whether the branch after an access in a loop can be replaced by a mark, so that loops may sink
/// their stores. Marks are only known for x86-64: loops store before each access.
pub const MARKS_FAULTS: bool = false;
/// Whether an access has room for a displacement of 32 bits, which can hold the place of memory.
pub const REACHES_LOW_MEMORY: bool = false;
/// Whether there is a byte shuffle with zeros for large indices (`pshufb`).
pub const HAS_PSHUFB: bool = false;
/// Whether accesses may be reordered that `lwsync`, `eieio` and `isync` keep in order.
pub const REORDERS: bool = true;
/// Whether rounding a number to a whole one raises no inexact exception: `frintn` and `frintz` do
/// not.
pub const ROUNDS_SILENTLY: bool = true;
/// Whether a compare takes an operand from memory.
pub const COMPARES_MEMORY: bool = false;

/// Whether the processor has fused multiply-add: all have.
pub fn has_fma() -> bool {
    true
}

/// Cranelift's features that code may use.
pub fn enabled(cpu: TargetCpu) -> Vec<&'static str> {
    if cpu == TargetCpu::Native && has!("lse") { vec!["has_lse"] } else { Vec::new() }
}

/// Features that the peephole pass may use beside Cranelift's: there is no pass.
pub fn peephole_features(_: TargetCpu) -> &'static [&'static str] {
    &[]
}
