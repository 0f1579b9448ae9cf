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
//!
//! Loads of several registers read everything before they write the first register, so a fault leaves the
//! context as it was. Stores of several registers may have stored a part when they fault, as on hardware. Their pieces lie one
//! right behind the other, by which a device's queue knows that they are one instruction's ([`xenia_memory::DeviceQueue`]).

use super::float::single::{double_to_single, single_to_double};
use super::{Cpu, ExceptionKind, Flow, Step};
use crate::Reservation;
use std::sync::atomic::{Ordering, fence};
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

    /// Loads `count` ≤ 128 bytes at `ea` into registers from `first` on, wrapping after r31.
    fn load_string(&mut self, first: usize, ea: u32, count: u32) -> Step {
        let mut words = [0_u32; 32];
        for n in 0..count {
            let byte = self.load_u8(ea.wrapping_add(n))?;
            words[(n / 4) as usize] |= u32::from(byte) << (24 - 8 * (n & 3));
        }
        for (n, &word) in words.iter().enumerate().take(count.div_ceil(4) as usize) {
            self.set_gpr((first + n) & 31, u64::from(word));
        }
        Ok(Flow::Next)
    }

    /// Stores `count` ≤ 128 bytes at `ea` from registers from `first` on, wrapping after r31: whole words, and what is left
    /// in two pieces at most. Devices see each of them.
    fn store_string(&mut self, first: usize, ea: u32, count: u32) -> Step {
        let words = count / 4;
        for n in 0..words {
            let word = self.gpr((first + n as usize) & 31) as u32;
            self.store_u32(ea.wrapping_add(4 * n), word)?;
        }
        let last = self.gpr((first + words as usize) & 31) as u32;
        let at = ea.wrapping_add(4 * words);
        match count % 4 {
            0 => {}
            1 => self.store_u8(at, (last >> 24) as u8)?,
            rest => {
                self.store_u16(at, (last >> 16) as u16)?;
                if rest == 3 {
                    self.store_u8(at.wrapping_add(2), (last >> 8) as u8)?;
                }
            }
        }
        Ok(Flow::Next)
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
        let ea = self.ea_d(i);
        let first = i.rd();
        let mut words = [0_u32; 32];
        for (n, word) in words[first..].iter_mut().enumerate() {
            *word = self.load_u32(ea.wrapping_add(4 * n as u32))?;
        }
        for (n, &word) in words.iter().enumerate().skip(first) {
            self.set_gpr(n, u64::from(word));
        }
        Ok(Flow::Next)
    }

    fn stmw(&mut self, i: Instruction) -> Step {
        let ea = self.ea_d(i);
        for n in i.rs()..32 {
            self.store_u32(ea.wrapping_add(4 * (n - i.rs()) as u32), self.gpr(n) as u32)?;
        }
        Ok(Flow::Next)
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
        let ea = self.ea_x(i);
        if !ea.is_multiple_of(4) {
            return Err(self.misaligned(ea, false));
        }
        // Reserved before it is loaded: a commit in between must end the reservation.
        let reservation = self.reserve(ea, 4);
        let value = u64::from(self.load_u32(ea)?);
        fence(Ordering::Acquire);
        self.ctx.reservation = Reservation { value, ..reservation };
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn ldarx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        if !ea.is_multiple_of(8) {
            return Err(self.misaligned(ea, false));
        }
        // Reserved before it is loaded: a commit in between must end the reservation.
        let reservation = self.reserve(ea, 8);
        let value = self.load_u64(ea)?;
        fence(Ordering::Acquire);
        self.ctx.reservation = Reservation { value, ..reservation };
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn stwcx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        if !ea.is_multiple_of(4) {
            return Err(self.misaligned(ea, true));
        }
        let value = self.gpr(i.rs()) as u32;
        // Noted even if it comes to nothing: then it must come to nothing in every engine.
        self.log_store(ea, 4);
        let done = self.store_conditionally(ea, 4, |memory, expected| {
            memory.compare_exchange_u32(ea, expected as u32, value)
        });
        match done {
            Ok(done) => self.conditional_stored(done),
            Err(fault) => Err(self.raise(ExceptionKind::Memory(fault))),
        }
    }

    fn stdcx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        if !ea.is_multiple_of(8) {
            return Err(self.misaligned(ea, true));
        }
        let value = self.gpr(i.rs());
        // Noted even if it comes to nothing: then it must come to nothing in every engine.
        self.log_store(ea, 8);
        let done = self
            .store_conditionally(ea, 8, |memory, expected| memory.compare_exchange_u64(ea, expected, value));
        match done {
            Ok(done) => self.conditional_stored(done),
            Err(fault) => Err(self.raise(ExceptionKind::Memory(fault))),
        }
    }

    fn dcbz(&mut self, i: Instruction) -> Step {
        let block = self.ea_x(i) & !31;
        for n in 0..2 {
            self.store_u128(block + 16 * n, 0)?;
        }
        Ok(Flow::Next)
    }

    fn dcbz128(&mut self, i: Instruction) -> Step {
        let block = self.ea_x(i) & !127;
        for n in 0..8 {
            self.store_u128(block + 16 * n, 0)?;
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests;
