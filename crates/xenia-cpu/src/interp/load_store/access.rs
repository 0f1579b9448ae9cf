//! What a load or store of one value moves, at an address that its row has found.
//!
//! A load writes its register after the access, and a store has read its own before it: of a fault, the context knows nothing.

use crate::interp::float::single::{double_to_single, single_to_double};
use crate::interp::{Cpu, Flow, Step};
use xenia_isa::Instruction;

impl Cpu<'_> {
    /// A byte into RT.
    #[inline(always)]
    pub(super) fn load_byte(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_u8(ea)?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A halfword into RT.
    #[inline(always)]
    pub(super) fn load_half(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_u16(ea)?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A halfword into RT, with its sign.
    #[inline(always)]
    pub(super) fn load_half_signed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_u16(ea)? as i16 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A word into RT.
    #[inline(always)]
    pub(super) fn load_word(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_u32(ea)?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A word into RT, with its sign.
    #[inline(always)]
    pub(super) fn load_word_signed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_u32(ea)? as i32 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A doubleword into RT.
    #[inline(always)]
    pub(super) fn load_doubleword(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_u64(ea)?;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A single into FRT.
    #[inline(always)]
    pub(super) fn load_single(&mut self, i: Instruction, ea: u32) -> Step {
        self.ctx.fpr[i.fd()] = single_to_double(self.load_u32(ea)?);
        Ok(Flow::Next)
    }

    /// A double into FRT.
    #[inline(always)]
    pub(super) fn load_double(&mut self, i: Instruction, ea: u32) -> Step {
        self.ctx.fpr[i.fd()] = self.load_u64(ea)?;
        Ok(Flow::Next)
    }

    /// A halfword into RT, its bytes reversed.
    #[inline(always)]
    pub(super) fn load_half_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_u16(ea)?.swap_bytes());
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A word into RT, its bytes reversed.
    #[inline(always)]
    pub(super) fn load_word_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = u64::from(self.load_u32(ea)?.swap_bytes());
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// A doubleword into RT, its bytes reversed.
    #[inline(always)]
    pub(super) fn load_doubleword_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        let value = self.load_u64(ea)?.swap_bytes();
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    /// The low byte of RS.
    #[inline(always)]
    pub(super) fn store_byte(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u8(ea, self.gpr(i.rs()) as u8)?;
        Ok(Flow::Next)
    }

    /// The low halfword of RS.
    #[inline(always)]
    pub(super) fn store_half(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u16(ea, self.gpr(i.rs()) as u16)?;
        Ok(Flow::Next)
    }

    /// The low word of RS.
    #[inline(always)]
    pub(super) fn store_word(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u32(ea, self.gpr(i.rs()) as u32)?;
        Ok(Flow::Next)
    }

    /// RS.
    #[inline(always)]
    pub(super) fn store_doubleword(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u64(ea, self.gpr(i.rs()))?;
        Ok(Flow::Next)
    }

    /// FRS as a single.
    #[inline(always)]
    pub(super) fn store_single(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u32(ea, double_to_single(self.ctx.fpr[i.fs()]))?;
        Ok(Flow::Next)
    }

    /// FRS.
    #[inline(always)]
    pub(super) fn store_double(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u64(ea, self.ctx.fpr[i.fs()])?;
        Ok(Flow::Next)
    }

    /// The low word of FRS.
    #[inline(always)]
    pub(super) fn store_integer_word(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u32(ea, self.ctx.fpr[i.fs()] as u32)?;
        Ok(Flow::Next)
    }

    /// The low halfword of RS, its bytes reversed.
    #[inline(always)]
    pub(super) fn store_half_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u16(ea, (self.gpr(i.rs()) as u16).swap_bytes())?;
        Ok(Flow::Next)
    }

    /// The low word of RS, its bytes reversed.
    #[inline(always)]
    pub(super) fn store_word_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u32(ea, (self.gpr(i.rs()) as u32).swap_bytes())?;
        Ok(Flow::Next)
    }

    /// RS, its bytes reversed.
    #[inline(always)]
    pub(super) fn store_doubleword_reversed(&mut self, i: Instruction, ea: u32) -> Step {
        self.store_u64(ea, self.gpr(i.rs()).swap_bytes())?;
        Ok(Flow::Next)
    }
}
