//! `lswx` and `stswx`, whose length is in XER.
//!
//! Compiled code calls this for them: their length is known only when they run, and no compiler for the machine emits
//! them (they are microcoded there). Bytes go to or come from the low words of registers, wrapping after r31;
//! a load reads everything before it writes the first register. PowerISA 2.02 book I, 3.3.5.

use xenia_cpu::PpcContext;
use xenia_isa::{Instruction, Op, decode};
use xenia_memory::{DeviceQueue, GuestMemory, MemoryFault};

/// Runs `i`, one of the two, at the effective address `ea`. On an error no register has changed.
pub(crate) fn move_string(
    ctx: &mut PpcContext,
    i: Instruction,
    ea: u32,
    memory: &GuestMemory,
    devices: &mut DeviceQueue,
) -> Result<(), MemoryFault> {
    let mut bytes = [0_u8; 128];
    let bytes = &mut bytes[..usize::from(ctx.xer_count & 127)];
    let places = (0_u32..).map(|n| ea.wrapping_add(n));
    let registers = (i.rd()..).map(|n| n & 31);
    if decode(i.0) == Some(Op::lswx) {
        for (byte, place) in bytes.iter_mut().zip(places) {
            *byte = memory.load_u8(place, devices)?;
        }
        for (part, register) in bytes.chunks(4).zip(registers) {
            let mut word = [0; 4];
            word[..part.len()].copy_from_slice(part);
            ctx.gpr[register] = u64::from(u32::from_be_bytes(word));
        }
        return Ok(());
    }
    for (part, register) in bytes.chunks_mut(4).zip(registers) {
        let word = (ctx.gpr[register] as u32).to_be_bytes();
        part.copy_from_slice(&word[..part.len()]);
    }
    for (&byte, place) in bytes.iter().zip(places) {
        memory.store_u8(place, byte, devices)?;
    }
    Ok(())
}
