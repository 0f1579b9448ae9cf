//! Instructions in x86-64 code.

use iced_x86::{Decoder, DecoderOptions, Instruction};

/// ELF's number of the machine.
pub(crate) const ELF_MACHINE: u32 = 62;

/// Offsets of the instructions in `code`.
pub(crate) fn instruction_starts(code: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        starts.push(instruction.ip() as usize);
    }
    starts
}
