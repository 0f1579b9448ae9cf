//! Fixed-point and floating-point loads and stores, reservations, and cache-block clears.
//!
//! Storage is addressed with the low 32 bits of the effective address in both modes. Update forms
//! write the address to RA: its low word zero-extended in 32-bit mode, all of it in 64-bit mode.
//!
//! Invalid forms, as every engine here defines them:
//! - update forms with RA = 0 use and update r0; where RT = RA the address wins;
//! - `lmw`, `lswi`, `lswx` whose range includes RA or RB load those registers too;
//! - `lswx` with a count of 0 leaves RT alone; what a string load doesn't fill of its last register is 0;
//! - `stwcx.`/`stdcx.` at another address or of another size than the reservation's fails.

mod multiple;

use super::float::single::{double_to_single, single_to_double};
use super::{Cpu, Flow, Step};
use xenia_isa::{Instruction, LoadStore};

impl Cpu<'_> {
    /// Effective address of an update form: `(RA) + offset`, in full.
    #[inline(always)]
    fn update_address(&self, i: Instruction, offset: u64) -> u64 {
        self.gpr(i.ra()).wrapping_add(offset)
    }

    /// Writes the address of an update form to RA.
    #[inline(always)]
    fn update(&mut self, i: Instruction, address: u64) {
        let value = if self.ctx.sf() { address } else { address & 0xFFFF_FFFF };
        self.set_gpr(i.ra(), value);
    }
}

impl LoadStore for Cpu<'_> {
    fn lbz(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u8(self.ea_d(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lbzx(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u8(self.ea_x(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lbzu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = u64::from(self.load_u8(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lbzux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = u64::from(self.load_u8(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lhz(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u16(self.ea_d(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lhzx(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u16(self.ea_x(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lhzu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = u64::from(self.load_u16(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lhzux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = u64::from(self.load_u16(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lha(&mut self, i: Instruction) -> Step {
        let value = self.load_u16(self.ea_d(i))? as i16 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lhax(&mut self, i: Instruction) -> Step {
        let value = self.load_u16(self.ea_x(i))? as i16 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lhau(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = self.load_u16(address as u32)? as i16 as u64;
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lhaux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = self.load_u16(address as u32)? as i16 as u64;
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lwz(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u32(self.ea_d(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lwzx(&mut self, i: Instruction) -> Step {
        let value = u64::from(self.load_u32(self.ea_x(i))?);
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lwzu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = u64::from(self.load_u32(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lwzux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = u64::from(self.load_u32(address as u32)?);
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lwa(&mut self, i: Instruction) -> Step {
        let value = self.load_u32(self.ea_ds(i))? as i32 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lwax(&mut self, i: Instruction) -> Step {
        let value = self.load_u32(self.ea_x(i))? as i32 as u64;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lwaux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = self.load_u32(address as u32)? as i32 as u64;
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn ld(&mut self, i: Instruction) -> Step {
        let value = self.load_u64(self.ea_ds(i))?;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn ldx(&mut self, i: Instruction) -> Step {
        let value = self.load_u64(self.ea_x(i))?;
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn ldu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp_ds() as u64);
        let value = self.load_u64(address as u32)?;
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn ldux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = self.load_u64(address as u32)?;
        self.set_gpr(i.rd(), value);
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lfs(&mut self, i: Instruction) -> Step {
        let value = single_to_double(self.load_u32(self.ea_d(i))?);
        self.ctx.fpr[i.fd()] = value;
        Ok(Flow::Next)
    }

    fn lfsx(&mut self, i: Instruction) -> Step {
        let value = single_to_double(self.load_u32(self.ea_x(i))?);
        self.ctx.fpr[i.fd()] = value;
        Ok(Flow::Next)
    }

    fn lfsu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = single_to_double(self.load_u32(address as u32)?);
        self.ctx.fpr[i.fd()] = value;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lfsux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = single_to_double(self.load_u32(address as u32)?);
        self.ctx.fpr[i.fd()] = value;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lfd(&mut self, i: Instruction) -> Step {
        let value = self.load_u64(self.ea_d(i))?;
        self.ctx.fpr[i.fd()] = value;
        Ok(Flow::Next)
    }

    fn lfdx(&mut self, i: Instruction) -> Step {
        let value = self.load_u64(self.ea_x(i))?;
        self.ctx.fpr[i.fd()] = value;
        Ok(Flow::Next)
    }

    fn lfdu(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, i.disp() as u64);
        let value = self.load_u64(address as u32)?;
        self.ctx.fpr[i.fd()] = value;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lfdux(&mut self, i: Instruction) -> Step {
        let address = self.update_address(i, self.gpr(i.rb()));
        let value = self.load_u64(address as u32)?;
        self.ctx.fpr[i.fd()] = value;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn lhbrx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        let value = u64::from(self.load_u16(ea)?.swap_bytes());
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn lwbrx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        let value = u64::from(self.load_u32(ea)?.swap_bytes());
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn ldbrx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        let value = self.load_u64(ea)?.swap_bytes();
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn stb(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u8;
        self.store_u8(self.ea_d(i), value)?;
        Ok(Flow::Next)
    }

    fn stbx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u8;
        self.store_u8(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stbu(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u8;
        let address = self.update_address(i, i.disp() as u64);
        self.store_u8(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stbux(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u8;
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u8(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn sth(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u16;
        self.store_u16(self.ea_d(i), value)?;
        Ok(Flow::Next)
    }

    fn sthx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u16;
        self.store_u16(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn sthu(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u16;
        let address = self.update_address(i, i.disp() as u64);
        self.store_u16(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn sthux(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u16;
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u16(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stw(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u32;
        self.store_u32(self.ea_d(i), value)?;
        Ok(Flow::Next)
    }

    fn stwx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u32;
        self.store_u32(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stwu(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u32;
        let address = self.update_address(i, i.disp() as u64);
        self.store_u32(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stwux(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()) as u32;
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u32(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn std(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs());
        self.store_u64(self.ea_ds(i), value)?;
        Ok(Flow::Next)
    }

    fn stdx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs());
        self.store_u64(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stdu(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs());
        let address = self.update_address(i, i.disp_ds() as u64);
        self.store_u64(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stdux(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs());
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u64(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stfs(&mut self, i: Instruction) -> Step {
        let value = double_to_single(self.ctx.fpr[i.fs()]);
        self.store_u32(self.ea_d(i), value)?;
        Ok(Flow::Next)
    }

    fn stfsx(&mut self, i: Instruction) -> Step {
        let value = double_to_single(self.ctx.fpr[i.fs()]);
        self.store_u32(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stfsu(&mut self, i: Instruction) -> Step {
        let value = double_to_single(self.ctx.fpr[i.fs()]);
        let address = self.update_address(i, i.disp() as u64);
        self.store_u32(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stfsux(&mut self, i: Instruction) -> Step {
        let value = double_to_single(self.ctx.fpr[i.fs()]);
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u32(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stfd(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fs()];
        self.store_u64(self.ea_d(i), value)?;
        Ok(Flow::Next)
    }

    fn stfdx(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fs()];
        self.store_u64(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stfdu(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fs()];
        let address = self.update_address(i, i.disp() as u64);
        self.store_u64(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stfdux(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fs()];
        let address = self.update_address(i, self.gpr(i.rb()));
        self.store_u64(address as u32, value)?;
        self.update(i, address);
        Ok(Flow::Next)
    }

    fn stfiwx(&mut self, i: Instruction) -> Step {
        let value = self.ctx.fpr[i.fs()] as u32;
        self.store_u32(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn sthbrx(&mut self, i: Instruction) -> Step {
        let value = (self.gpr(i.rs()) as u16).swap_bytes();
        self.store_u16(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stwbrx(&mut self, i: Instruction) -> Step {
        let value = (self.gpr(i.rs()) as u32).swap_bytes();
        self.store_u32(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn stdbrx(&mut self, i: Instruction) -> Step {
        let value = self.gpr(i.rs()).swap_bytes();
        self.store_u64(self.ea_x(i), value)?;
        Ok(Flow::Next)
    }

    fn lmw(&mut self, i: Instruction) -> Step {
        self.load_multiple(i)
    }

    fn stmw(&mut self, i: Instruction) -> Step {
        self.store_multiple(i)
    }

    fn lswi(&mut self, i: Instruction) -> Step {
        let count = if i.nb() == 0 { 32 } else { i.nb() as u32 };
        self.load_string(i.rd(), self.gpr_or_zero(i.ra()) as u32, count)
    }

    fn lswx(&mut self, i: Instruction) -> Step {
        self.load_string(i.rd(), self.ea_x(i), u32::from(self.ctx.xer_count & 127))
    }

    fn stswi(&mut self, i: Instruction) -> Step {
        let count = if i.nb() == 0 { 32 } else { i.nb() as u32 };
        self.store_string(i.rs(), self.gpr_or_zero(i.ra()) as u32, count)
    }

    fn stswx(&mut self, i: Instruction) -> Step {
        self.store_string(i.rs(), self.ea_x(i), u32::from(self.ctx.xer_count & 127))
    }

    fn lwarx(&mut self, i: Instruction) -> Step {
        self.load_and_reserve(i, 4, |cpu, ea| cpu.load_u32(ea).map(u64::from))
    }

    fn ldarx(&mut self, i: Instruction) -> Step {
        self.load_and_reserve(i, 8, Self::load_u64)
    }

    fn stwcx(&mut self, i: Instruction) -> Step {
        let (ea, value) = (self.ea_x(i), self.gpr(i.rs()) as u32);
        self.store_conditional(ea, 4, |memory, expected| {
            memory.compare_exchange_u32(ea, expected as u32, value)
        })
    }

    fn stdcx(&mut self, i: Instruction) -> Step {
        let (ea, value) = (self.ea_x(i), self.gpr(i.rs()));
        self.store_conditional(ea, 8, |memory, expected| memory.compare_exchange_u64(ea, expected, value))
    }

    fn dcbz(&mut self, i: Instruction) -> Step {
        self.clear_block(i, 32)
    }

    fn dcbz128(&mut self, i: Instruction) -> Step {
        self.clear_block(i, 128)
    }
}

#[cfg(test)]
mod tests;
