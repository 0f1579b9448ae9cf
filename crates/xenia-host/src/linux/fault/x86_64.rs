//! The registers that Linux saves for an interrupted thread on x86-64.

use super::HostAccess;
use crate::registers::{Registers, Vectors};

/// Indexes into `gregs`, by register number in machine code.
const GENERAL: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];
/// Bits of the page fault's error code: a store, an instruction fetch.
const ERROR_WRITE: i64 = 2;
const ERROR_FETCH: i64 = 16;

pub(super) fn pc(context: &libc::mcontext_t) -> u64 {
    context.gregs[libc::REG_RIP as usize] as u64
}

pub(super) fn set_pc(context: &mut libc::mcontext_t, pc: u64) {
    context.gregs[libc::REG_RIP as usize] = pc as i64;
}

pub(super) fn access(context: &libc::mcontext_t) -> HostAccess {
    match context.gregs[libc::REG_ERR as usize] {
        error if error & ERROR_FETCH != 0 => HostAccess::Fetch,
        error if error & ERROR_WRITE != 0 => HostAccess::Store,
        _ => HostAccess::Load,
    }
}

pub(super) fn registers(context: &libc::mcontext_t) -> Registers {
    GENERAL.map(|index| context.gregs[index as usize] as u64)
}

pub(super) fn set_registers(context: &mut libc::mcontext_t, registers: &Registers) {
    for (index, value) in GENERAL.into_iter().zip(registers) {
        context.gregs[index as usize] = *value as i64;
    }
}

/// The vector registers' save area, which the kernel always fills and restores.
fn saved(context: &mut libc::mcontext_t) -> Option<&mut [libc::_libc_xmmreg; 16]> {
    // SAFETY: null, or the signal frame's save area, which has no other user now.
    unsafe { context.fpregs.as_mut() }.map(|state| &mut state._xmm)
}

pub(super) fn vectors(context: &mut libc::mcontext_t) -> Option<Vectors> {
    let saved = saved(context)?;
    let mut vectors = [0; 16];
    for (vector, saved) in vectors.iter_mut().zip(saved.iter()) {
        let [a, b, c, d] = saved.element.map(u128::from);
        *vector = a | b << 32 | c << 64 | d << 96;
    }
    Some(vectors)
}

pub(super) fn set_vectors(context: &mut libc::mcontext_t, vectors: &Vectors) {
    let Some(saved) = saved(context) else { return };
    for (vector, saved) in vectors.iter().zip(saved.iter_mut()) {
        saved.element = [0, 32, 64, 96].map(|shift| (vector >> shift) as u32);
    }
}
