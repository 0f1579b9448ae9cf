//! Instructions in AArch64 code.

/// ELF's number of the machine.
pub(crate) const ELF_MACHINE: u32 = 183;

/// Size of an instruction in bytes.
const INSTRUCTION: usize = 4;

/// Offsets of the instructions in `code`. Words of jump tables count, too.
pub(crate) fn instruction_starts(code: &[u8]) -> Vec<usize> {
    (0..code.len()).step_by(INSTRUCTION).collect()
}
