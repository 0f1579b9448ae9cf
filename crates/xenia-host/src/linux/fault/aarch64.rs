//! The registers that Linux saves for an interrupted thread on AArch64.
//!
//! General registers are fields of the context. The others follow as records, each with a magic
//! number and its size, up to one of zeros (arch/arm64/include/uapi/asm/sigcontext.h): the vector
//! registers, and ESR, the exception syndrome, whose layout is in the Arm Architecture Reference
//! Manual, D17.2.37.

use super::HostAccess;
use crate::registers::{Registers, STACK_POINTER, Vectors};

/// Magic number of the record with the vector registers, which follow FPSR and FPCR.
const FPSIMD: u32 = 0x4650_8001;
/// Magic number of the record with ESR.
const ESR: u32 = 0x4553_5201;
/// Size of a record's head: magic number and size, a word each.
const HEAD: usize = 8;
/// Space for records in the context. Records that do not fit follow it; these records always fit.
const SPACE: usize = 4096;
/// Bit of ESR that a store sets, in a data abort.
const WRITE: u64 = 1 << 6;
/// Position and mask of ESR's exception class.
const CLASS_SHIFT: u32 = 26;
const CLASS_MASK: u64 = 0x3F;
/// The class of an abort of an instruction fetch in a program.
const FETCH: u64 = 0x20;

pub(super) fn pc(context: &libc::mcontext_t) -> u64 {
    context.pc
}

pub(super) fn set_pc(context: &mut libc::mcontext_t, pc: u64) {
    context.pc = pc;
}

/// Address of a record's contents, if there are as many as `size` bytes of them.
fn record(context: &libc::mcontext_t, magic: u32, size: usize) -> Option<*mut u8> {
    // The libc crate hides the space for records: it is what follows the last field, pstate,
    // aligned to 16 bytes.
    let start = ((&raw const context.pstate) as usize + 8).next_multiple_of(16);
    let mut at = 0;
    while at + HEAD <= SPACE {
        let head = start + at;
        // SAFETY: inside the space of the kernel's frame, which it fills up to a record of zeros.
        let [found, bytes] = unsafe { (head as *const [u32; 2]).read() };
        let bytes = bytes as usize;
        if found == magic {
            let fits = bytes >= HEAD + size && at + bytes <= SPACE;
            return fits.then_some((head + HEAD) as *mut u8);
        }
        if found == 0 || bytes < HEAD {
            return None;
        }
        at += bytes;
    }
    None
}

/// Accesses on a host that reports no syndrome are treated as loads.
pub(super) fn access(context: &libc::mcontext_t) -> HostAccess {
    let syndrome = record(context, ESR, 8).map_or(0, |at| {
        // SAFETY: the record holds as many bytes.
        u64::from_ne_bytes(unsafe { at.cast::<[u8; 8]>().read() })
    });
    kind(syndrome)
}

fn kind(syndrome: u64) -> HostAccess {
    // Newer processors have a field above the class.
    match syndrome >> CLASS_SHIFT & CLASS_MASK {
        FETCH => HostAccess::Fetch,
        _ if syndrome & WRITE != 0 => HostAccess::Store,
        _ => HostAccess::Load,
    }
}

pub(super) fn registers(context: &libc::mcontext_t) -> Registers {
    std::array::from_fn(|number| context.regs.get(number).copied().unwrap_or(context.sp))
}

pub(super) fn set_registers(context: &mut libc::mcontext_t, registers: &Registers) {
    context.regs.copy_from_slice(&registers[..STACK_POINTER]);
    context.sp = registers[STACK_POINTER];
}

/// The vector registers as they are saved, in the order of their bytes.
type Saved = [[u8; 16]; 32];

/// The vector registers' save area, which the kernel fills and restores.
fn saved(context: &libc::mcontext_t) -> Option<*mut Saved> {
    // FPSR and FPCR are a word each.
    let contents = record(context, FPSIMD, 8 + size_of::<Saved>())?;
    Some(contents.wrapping_add(8).cast())
}

pub(super) fn vectors(context: &mut libc::mcontext_t) -> Option<Vectors> {
    // As bytes: the records promise no alignment.
    // SAFETY: the record holds as many bytes, and has no other user now.
    saved(context).map(|saved| unsafe { saved.read() }.map(u128::from_ne_bytes))
}

pub(super) fn set_vectors(context: &mut libc::mcontext_t, vectors: &Vectors) {
    if let Some(saved) = saved(context) {
        // SAFETY: the record holds as many bytes, and the context is borrowed exclusively.
        unsafe { saved.write(vectors.map(u128::to_ne_bytes)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syndromes_distinguish_stores_and_fetches_from_loads() {
        // Translation faults of a page, as the kernel reports them; bits from 32 on are another
        // field.
        assert_eq!(kind(0x9200_0007), HostAccess::Load);
        assert_eq!(kind(0x9200_0047), HostAccess::Store);
        assert_eq!(kind(0x8200_0007), HostAccess::Fetch);
        assert_eq!(kind(0x1F_8200_0007), HostAccess::Fetch);
        assert_eq!(kind(0), HostAccess::Load);
    }
}
