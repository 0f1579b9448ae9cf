//! Loads and stores of one value, at an address that the row has computed.
//!
//! A load writes its register after the access, and a store reads its register before it, so a
//! fault leaves the context unchanged.

use crate::interp::float::single::{double_to_single, single_to_double};
use crate::interp::{Retirement, Step, StorageAccess};
use xenia_isa::Instruction;

/// Accesses of one value, through plain or complete storage access.
pub(super) trait Accesses<'a>: StorageAccess<'a> {
    /// An update form: makes the access at `(RA) + offset`, and writes that address to RA.
    #[inline(always)]
    fn with_update(
        &mut self,
        i: Instruction,
        offset: u64,
        access: impl FnOnce(&mut Self, Instruction, u32) -> Step,
    ) -> Step {
        let address = self.cpu().gpr(i.ra()).wrapping_add(offset);
        let step = access(self, i, address as u32)?;
        let cpu = self.cpu();
        cpu.set_gpr(i.ra(), if cpu.ctx.sf() { address } else { address & 0xFFFF_FFFF });
        Ok(step)
    }

    #[inline(always)]
    fn load_byte(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_8(ea)?);
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn load_half(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_16(ea)?);
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// Sign-extends a halfword into RT.
    #[inline(always)]
    fn load_half_signed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_16(ea)? as i16 as u64;
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn load_word(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_32(ea)?);
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// Sign-extends a word into RT.
    #[inline(always)]
    fn load_word_signed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_32(ea)? as i32 as u64;
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn load_doubleword(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_64(ea)?;
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn load_single(&mut self, i: Instruction, ea: u32) -> Step {
        let value = single_to_double(self.load_32(ea)?);
        self.cpu().ctx.fpr[i.fd()] = value;
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn load_double(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_64(ea)?;
        self.cpu().ctx.fpr[i.fd()] = value;
        Ok(Retirement::Next)
    }

    /// Loads a byte-reversed halfword into RT.
    #[inline(always)]
    fn load_half_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_16(ea)?.swap_bytes());
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// Loads a byte-reversed word into RT.
    #[inline(always)]
    fn load_word_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_32(ea)?.swap_bytes());
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// Loads a byte-reversed doubleword into RT.
    #[inline(always)]
    fn load_doubleword_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_64(ea)?.swap_bytes();
        self.cpu().set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// Stores the low byte of RS.
    #[inline(always)]
    fn store_byte(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().gpr(i.rs()) as u8;
        self.store_8(ea, value)
    }

    /// Stores the low halfword of RS.
    #[inline(always)]
    fn store_half(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().gpr(i.rs()) as u16;
        self.store_16(ea, value)
    }

    /// Stores the low word of RS.
    #[inline(always)]
    fn store_word(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().gpr(i.rs()) as u32;
        self.store_32(ea, value)
    }

    #[inline(always)]
    fn store_doubleword(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().gpr(i.rs());
        self.store_64(ea, value)
    }

    /// Stores FRS in single format.
    #[inline(always)]
    fn store_single(&mut self, i: Instruction, ea: u32) -> Step {
        let value = double_to_single(self.cpu().ctx.fpr[i.fs()]);
        self.store_32(ea, value)
    }

    #[inline(always)]
    fn store_double(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().ctx.fpr[i.fs()];
        self.store_64(ea, value)
    }

    /// Stores the low word of FRS (`stfiwx`).
    #[inline(always)]
    fn store_integer_word(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().ctx.fpr[i.fs()] as u32;
        self.store_32(ea, value)
    }

    /// Stores the byte-reversed low halfword of RS.
    #[inline(always)]
    fn store_half_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = (self.cpu().gpr(i.rs()) as u16).swap_bytes();
        self.store_16(ea, value)
    }

    /// Stores the byte-reversed low word of RS.
    #[inline(always)]
    fn store_word_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = (self.cpu().gpr(i.rs()) as u32).swap_bytes();
        self.store_32(ea, value)
    }

    /// Stores the byte-reversed RS.
    #[inline(always)]
    fn store_doubleword_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.cpu().gpr(i.rs()).swap_bytes();
        self.store_64(ea, value)
    }
}

impl<'a, T: StorageAccess<'a>> Accesses<'a> for T {}
