//! Rows that the external oracle supports, by processor model, and the modes of batches.

use crate::qemu::{QemuMode, has_twin};
use xenia_isa::{Family, Op};

/// Reason why qemu doesn't support a row; `None` if a model supports it.
pub(super) fn missing(op: Op) -> Option<&'static str> {
    use Op::*;
    Some(match op {
        sc => "would be a system call of the host",
        mftb => "reads the host's time",
        mfmsr | mtmsr | mtmsrd | dcbi => "privileged",
        lvlx | lvlxl | lvrx | lvrxl | stvlx | stvlxl | stvrx | stvrxl => "no model has the Cell's rows",
        _ if op.row().family == Family::Vector128 && !has_twin(op) => "VMX128 without an AltiVec twin",
        _ => return None,
    })
}

/// Whether this model has the row with the same semantics.
pub(super) fn has(mode: QemuMode, op: Op) -> bool {
    missing(op).is_none()
        && match op {
            // The 970's `dcbz` clears 32 bytes in qemu's user mode.
            Op::ldbrx | Op::stdbrx | Op::dcbz => mode.cpu == "power7",
            _ => true,
        }
}

/// Modes of successive batches: 32-bit and 64-bit mode alternate; a quarter uses the model with the
/// rows that the 970 lacks.
const TURNS: [(&str, bool); 8] = [
    ("970fx", false),
    ("970fx", true),
    ("970fx", false),
    ("power7", true),
    ("970fx", true),
    ("970fx", false),
    ("power7", false),
    ("970fx", true),
];

/// The mode of a batch. `sf` fixes the computation mode.
pub(super) fn mode(batch: u64, sf: Option<bool>) -> QemuMode {
    // The shift lets every sixteenth batch, which is special, use all modes over time.
    let (cpu, turn) = TURNS[((batch + batch / 16) % 8) as usize];
    QemuMode { cpu, sf: sf.unwrap_or(turn) }
}
