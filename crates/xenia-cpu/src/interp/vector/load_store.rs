//! Vector loads and stores.
//!
//! `lvx` and `stvx` ignore the low four bits of the address. The element loads load the whole
//! quadword: the book leaves the other elements undefined, and the hardware does this. The left and
//! right forms transfer the part of a quadword from the address on, or before it; a right form at a
//! quadword boundary transfers nothing and does not access storage. A quadword lies within one
//! page, so a store that faults has stored no byte.

use crate::interp::{CpuView, Raised, Retirement, Step};
use xenia_isa::Instruction;

impl CpuView<'_> {
    /// `lvx` and the element loads.
    #[inline(always)]
    pub(crate) fn load_vector(&mut self, i: Instruction, vd: usize) -> Step {
        self.ctx.vr[vd] = self.load_u128(self.ea_x(i) & !15)?;
        Ok(Retirement::Next)
    }

    /// `lvlx`: the bytes from the address on, at the left; zeros after them.
    pub(crate) fn load_vector_left(&mut self, i: Instruction, vd: usize) -> Step {
        let ea = self.ea_x(i);
        self.ctx.vr[vd] = self.load_u128(ea & !15)? << (8 * (ea & 15));
        Ok(Retirement::Next)
    }

    /// `lvrx`: the bytes before the address, at the right; zeros before them.
    pub(crate) fn load_vector_right(&mut self, i: Instruction, vd: usize) -> Step {
        let ea = self.ea_x(i);
        self.ctx.vr[vd] = match ea & 15 {
            0 => 0,
            count => self.load_u128(ea & !15)? >> (128 - 8 * count),
        };
        Ok(Retirement::Next)
    }

    #[inline(always)]
    pub(crate) fn store_vector(&mut self, i: Instruction, vs: usize) -> Step {
        self.store_u128(self.ea_x(i) & !15, self.ctx.vr[vs])?;
        Ok(Retirement::Next)
    }

    pub(crate) fn store_element_byte(&mut self, i: Instruction, vs: usize) -> Step {
        let ea = self.ea_x(i);
        let value = self.ctx.vr[vs] >> (120 - 8 * (ea & 15));
        self.store_u8(ea, value as u8)?;
        Ok(Retirement::Next)
    }

    pub(crate) fn store_element_half(&mut self, i: Instruction, vs: usize) -> Step {
        let ea = self.ea_x(i) & !1;
        let value = self.ctx.vr[vs] >> (112 - 8 * (ea & 15));
        self.store_u16(ea, value as u16)?;
        Ok(Retirement::Next)
    }

    pub(crate) fn store_element_word(&mut self, i: Instruction, vs: usize) -> Step {
        let ea = self.ea_x(i) & !3;
        let value = self.ctx.vr[vs] >> (96 - 8 * (ea & 15));
        self.store_u32(ea, value as u32)?;
        Ok(Retirement::Next)
    }

    /// Stores the first `count` bytes (fewer than 16) of `value`, in aligned pieces.
    fn store_bytes(&mut self, mut ea: u32, mut value: u128, mut count: u32) -> Result<(), Raised> {
        while count > 0 {
            // The largest piece that is aligned and not longer than the rest.
            let size = (1 << ea.trailing_zeros().min(3)).min(1 << count.ilog2().min(3));
            match size {
                8 => self.store_u64(ea, (value >> 64) as u64)?,
                4 => self.store_u32(ea, (value >> 96) as u32)?,
                2 => self.store_u16(ea, (value >> 112) as u16)?,
                _ => self.store_u8(ea, (value >> 120) as u8)?,
            }
            ea = ea.wrapping_add(size);
            value <<= 8 * size;
            count -= size;
        }
        Ok(())
    }

    /// `stvlx`: stores the register's left part at the address and after it.
    pub(crate) fn store_vector_left(&mut self, i: Instruction, vs: usize) -> Step {
        let ea = self.ea_x(i);
        match ea & 15 {
            0 => return self.store_vector(i, vs),
            before => self.store_bytes(ea, self.ctx.vr[vs], 16 - before)?,
        }
        Ok(Retirement::Next)
    }

    /// `stvrx`: stores the register's right part before the address.
    pub(crate) fn store_vector_right(&mut self, i: Instruction, vs: usize) -> Step {
        let ea = self.ea_x(i);
        let count = ea & 15;
        if count != 0 {
            self.store_bytes(ea & !15, self.ctx.vr[vs] << (128 - 8 * count), count)?;
        }
        Ok(Retirement::Next)
    }
}
