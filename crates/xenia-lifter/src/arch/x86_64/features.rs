//! Features of x86-64 that code may use, and properties that change the lifter's code.

use crate::arch::TargetCpu;
use std::is_x86_feature_detected as has;

/// Whether the branch after an access in a loop can be replaced by a mark, so that loops may sink
/// their stores.
pub const MARKS_FAULTS: bool = true;
/// Whether an access has room for a displacement of 32 bits, which can hold the place of memory.
pub const REACHES_LOW_MEMORY: bool = true;
/// Whether there is a byte shuffle with zeros for large indices (`pshufb`).
pub const HAS_PSHUFB: bool = true;
/// Whether accesses may be reordered that `lwsync`, `eieio` and `isync` keep in order. Not here:
/// only a load may come before an older store, which `sync` alone forbids.
pub const REORDERS: bool = false;
/// Whether rounding a number to a whole one raises no inexact exception.
pub const ROUNDS_SILENTLY: bool = false;
/// Whether a compare takes an operand from memory.
pub const COMPARES_MEMORY: bool = true;

/// Whether the processor has fused multiply-add.
pub fn has_fma() -> bool {
    has!("fma") && has!("avx")
}

/// Features that the peephole pass may use beside Cranelift's, namely loads and stores that swap
/// bytes, which x86-64-v2 lacks.
pub fn peephole_features(cpu: TargetCpu) -> &'static [&'static str] {
    if cpu == TargetCpu::Native && has!("movbe") { &["movbe"] } else { &[] }
}

/// Cranelift's features that code may use.
pub fn enabled(cpu: TargetCpu) -> Vec<&'static str> {
    let features = [
        ("has_sse3", has!("sse3")),
        ("has_ssse3", has!("ssse3")),
        ("has_sse41", has!("sse4.1")),
        ("has_sse42", has!("sse4.2")),
        ("has_popcnt", has!("popcnt")),
    ];
    let more = [
        ("has_avx", has!("avx")),
        ("has_avx2", has!("avx2")),
        ("has_fma", has_fma()),
        ("has_bmi1", has!("bmi1")),
        ("has_bmi2", has!("bmi2")),
        ("has_lzcnt", has!("lzcnt")),
    ];
    let more = if cpu == TargetCpu::Portable { &[][..] } else { &more[..] };
    features.iter().chain(more).filter(|(_, is_present)| *is_present).map(|&(name, _)| name).collect()
}
