//! `CONTEXT`: a thread's registers in guest memory, which exception handlers read and change.

use xenia_cpu::{PpcContext, msr_bit};
use xenia_guest::GuestAddr;
use xenia_guest::layout::context_record as at;
use xenia_memory::{GuestMemory, MemoryFault};

/// Flags that mark which parts of a `CONTEXT` are valid.
pub(crate) mod part {
    /// MSR, instruction address, LR and CTR.
    pub(crate) const CONTROL: u32 = 1;
    /// FPSCR and floating-point registers.
    pub(crate) const FLOATING_POINT: u32 = 2;
    /// General registers, CR and XER.
    pub(crate) const INTEGER: u32 = 4;
    /// VSCR and vector registers.
    pub(crate) const VECTOR: u32 = 0x10;
    pub(crate) const ALL: u32 = CONTROL | FLOATING_POINT | INTEGER | VECTOR;
}

/// Bits of the MSR that a handler may change: the floating-point exception mode. The others control
/// the machine.
const MSR_CHANGES: u64 = msr_bit::FE0 | msr_bit::FE1;

/// Stores every part of `ctx`.
pub fn store(memory: &GuestMemory, record: GuestAddr, ctx: &PpcContext) -> Result<(), MemoryFault> {
    let mut bytes = vec![0; at::SIZE as usize];
    let mut put = |offset: u32, value: &[u8]| {
        bytes[offset as usize..][..value.len()].copy_from_slice(value);
    };
    put(at::FLAGS, &part::ALL.to_be_bytes());
    put(at::MSR, &(ctx.msr as u32).to_be_bytes());
    put(at::IAR, &ctx.pc.to_be_bytes());
    put(at::LR, &(ctx.lr as u32).to_be_bytes());
    put(at::CTR, &ctx.ctr.to_be_bytes());
    put(at::CR, &ctx.cr_word().to_be_bytes());
    put(at::XER, &ctx.xer_word().to_be_bytes());
    put(at::FPSCR, &u64::from(ctx.fpscr).to_be_bytes());
    put(at::VSCR + 12, &ctx.vscr.to_be_bytes());
    for (offset, value) in (at::GPR..).step_by(8).zip(ctx.gpr) {
        put(offset, &value.to_be_bytes());
    }
    for (offset, value) in (at::FPR..).step_by(8).zip(ctx.fpr) {
        put(offset, &value.to_be_bytes());
    }
    for (offset, value) in (at::VR..).step_by(16).zip(ctx.vr) {
        put(offset, &value.to_be_bytes());
    }
    memory.write_bytes(record, &bytes)
}

/// Loads the parts that the record's flags name into `ctx`.
pub(crate) fn load(memory: &GuestMemory, record: GuestAddr, ctx: &mut PpcContext) -> Result<(), MemoryFault> {
    let mut bytes = vec![0; at::SIZE as usize];
    memory.read_bytes(record, &mut bytes)?;
    let word = |offset: u32| {
        bytes[offset as usize..].first_chunk().map_or(0, |&chunk: &[u8; 4]| u32::from_be_bytes(chunk))
    };
    let doubleword = |offset: u32| u64::from(word(offset)) << 32 | u64::from(word(offset + 4));
    let flags = word(at::FLAGS);
    if flags & part::CONTROL != 0 {
        ctx.msr = ctx.msr & !MSR_CHANGES | u64::from(word(at::MSR)) & MSR_CHANGES;
        ctx.pc = word(at::IAR) & !3;
        ctx.lr = u64::from(word(at::LR));
        ctx.ctr = doubleword(at::CTR);
    }
    if flags & part::INTEGER != 0 {
        for (offset, register) in (at::GPR..).step_by(8).zip(&mut ctx.gpr) {
            *register = doubleword(offset);
        }
        ctx.set_cr_word(word(at::CR));
        ctx.set_xer_word(word(at::XER));
    }
    if flags & part::FLOATING_POINT != 0 {
        ctx.fpscr = word(at::FPSCR + 4);
        for (offset, register) in (at::FPR..).step_by(8).zip(&mut ctx.fpr) {
            *register = doubleword(offset);
        }
    }
    if flags & part::VECTOR != 0 {
        ctx.vscr = word(at::VSCR + 12);
        for (offset, register) in (at::VR..).step_by(16).zip(&mut ctx.vr) {
            *register = u128::from(doubleword(offset)) << 64 | u128::from(doubleword(offset + 8));
        }
    }
    Ok(())
}

/// Replaces a thread's registers, but not its budget, its time and the engine's scratch space.
pub fn replace(ctx: &mut PpcContext, with: &PpcContext) {
    ctx.gpr = with.gpr;
    ctx.fpr = with.fpr;
    ctx.vr = with.vr;
    ctx.cr = with.cr;
    ctx.lr = with.lr;
    ctx.ctr = with.ctr;
    ctx.msr = with.msr;
    ctx.pc = with.pc;
    ctx.fpscr = with.fpscr;
    ctx.vscr = with.vscr;
    ctx.vrsave = with.vrsave;
    ctx.set_xer_word(with.xer_word());
    ctx.reservation.valid = 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn the_parts_that_the_flags_name_come_back() {
        let memory = GuestMemory::new().unwrap();
        let record = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        let mut ctx = PpcContext { pc: 0x8200_0010, lr: 0x8200_0020, ctr: 1 << 40, ..PpcContext::default() };
        for n in 0..32 {
            ctx.gpr[n] = n as u64 | 1 << 40;
            ctx.fpr[n] = n as u64 | 2 << 40;
        }
        for n in 0..128 {
            ctx.vr[n] = n as u128 | 3 << 100;
        }
        ctx.set_cr_word(0x1234_5678);
        ctx.set_xer_word(0xA000_0005);
        ctx.fpscr = 0x80;
        ctx.vscr = 1;
        store(&memory, record, &ctx).unwrap();
        let word = |offset: u32| memory.read::<u32>(record.offset(offset)).unwrap();
        assert_eq!([word(8), word(0xC), word(0x118)], [0x8200_0010, 0x8200_0020, 0x1234_5678]);
        assert_eq!((word(0x18 + 8 * 31 + 4), word(0x128 + 8 + 4), word(0x240 + 16 * 127 + 12)), (31, 1, 127));

        let mut loaded = PpcContext { msr: ctx.msr, vrsave: ctx.vrsave, ..PpcContext::default() };
        load(&memory, record, &mut loaded).unwrap();
        assert_eq!(ctx.first_difference(&loaded), None);

        memory.write(record, part::CONTROL).unwrap();
        let mut loaded = PpcContext::default();
        load(&memory, record, &mut loaded).unwrap();
        assert_eq!((loaded.pc, loaded.gpr[5], loaded.fpr[5], loaded.vr[5]), (0x8200_0010, 0, 0, 0));
    }
}
