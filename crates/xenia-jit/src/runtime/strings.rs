//! String and multiple loads and stores in Rust: `lswx` and `stswx`, whose length is in XER, and
//! `lmw` of many registers.
//!
//! Compiled code calls this through a hook: the length of the first two is known only at run time,
//! an inline `lmw` takes the longest of all instructions to compile, and no compiler for the
//! console emits any of them (they are microcoded there). Bytes are moved to or from the low words
//! of registers, wrapping after r31. A load reads all bytes before it writes the first register. A
//! store is made in pieces of a register's size, as in inline code (`emit/strings.rs` of
//! xenia-lifter). PowerISA 2.02 book I, 3.3.4 and 3.3.5.

use xenia_cpu::PpcContext;
use xenia_isa::{Instruction, Op, decode};
use xenia_memory::{DeviceQueue, GuestMemory, MemoryFault};

/// Executes `i`, one of the three, at the effective address `ea`. On an error no register has
/// changed.
pub(crate) fn move_string(
    ctx: &mut PpcContext,
    i: Instruction,
    ea: u32,
    memory: &GuestMemory,
    devices: &mut DeviceQueue,
) -> Result<(), MemoryFault> {
    let op = decode(i.0);
    if op == Some(Op::lmw) {
        let mut words = [0; 32];
        let words = &mut words[i.rd()..];
        for (n, word) in (0_u32..).zip(words.iter_mut()) {
            *word = memory.load_u32(ea.wrapping_add(4 * n), devices)?;
        }
        for (register, &mut word) in ctx.gpr[i.rd()..].iter_mut().zip(words) {
            *register = u64::from(word);
        }
        return Ok(());
    }
    let mut bytes = [0_u8; 128];
    let bytes = &mut bytes[..usize::from(ctx.xer_count & 127)];
    let places = (0_u32..).map(|n| ea.wrapping_add(n));
    let registers = (i.rd()..).map(|n| n & 31);
    if op == Some(Op::lswx) {
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
    for (part, at) in bytes.chunks(4).zip(places.step_by(4)) {
        match *part {
            [a, b, c, d] => memory.store_u32(at, u32::from_be_bytes([a, b, c, d]), devices)?,
            [a, b, c] => {
                memory.store_u16(at, u16::from_be_bytes([a, b]), devices)?;
                memory.store_u8(at.wrapping_add(2), c, devices)?;
            }
            [a, b] => memory.store_u16(at, u16::from_be_bytes([a, b]), devices)?,
            [a] => memory.store_u8(at, a, devices)?,
            _ => {}
        }
    }
    Ok(())
}
