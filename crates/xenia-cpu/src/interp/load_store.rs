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
//! context as it was. Stores of several registers may have stored a part when they fault, as on hardware.

use super::float::single::{double_to_single, single_to_double};
use super::{Cpu, ExceptionKind, Flow, Raised, Step};
use crate::{Reservation, ReservationMode};
use std::sync::atomic::{Ordering, fence};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, LoadStore};
use xenia_memory::{FaultKind, MemoryFault};

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

    fn misaligned(&mut self, ea: u32, write: bool) -> Raised {
        let fault = MemoryFault { addr: GuestAddr(ea), kind: FaultKind::Misaligned, write };
        self.raise(ExceptionKind::Memory(fault))
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

    /// Stores `count` ≤ 128 bytes at `ea` from registers from `first` on, wrapping after r31.
    fn store_string(&mut self, first: usize, ea: u32, count: u32) -> Step {
        for n in 0..count {
            let word = self.gpr((first + n as usize / 4) & 31) as u32;
            self.store_u8(ea.wrapping_add(n), (word >> (24 - 8 * (n & 3))) as u8)?;
        }
        Ok(Flow::Next)
    }

    /// Notes a reservation for a load of `size` bytes at `ea` that is about to be made; its value
    /// follows.
    fn reserve(&mut self, ea: u32, size: u32) -> Reservation {
        let generation = match self.reservations {
            ReservationMode::Context => 0,
            ReservationMode::Table | ReservationMode::Strict => {
                self.memory.reservations().reserve(GuestAddr(ea), self.ctx.hw_id)
            }
        };
        Reservation { value: 0, addr: ea, generation, valid: 1, size }
    }

    /// Whether a conditional store of `size` bytes at `ea` may go on to compare the value. Ends the
    /// reservation.
    fn claim_reservation(&mut self, ea: u32, size: u32) -> Option<u64> {
        let held = std::mem::take(&mut self.ctx.reservation);
        let matches = held.valid != 0 && held.addr == ea && held.size == size;
        let stands = matches
            && match self.reservations {
                ReservationMode::Context => true,
                ReservationMode::Table | ReservationMode::Strict => {
                    self.memory.reservations().try_commit(GuestAddr(ea), held.generation, self.ctx.hw_id)
                }
            };
        if !stands && self.reservations != ReservationMode::Context {
            self.memory.reservations().release(self.ctx.hw_id);
        }
        stands.then_some(held.value)
    }

    #[inline(always)]
    fn conditional_stored(&mut self, done: bool) -> Step {
        self.ctx.cr[0] = u8::from(done) << 1 | self.ctx.xer_so;
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
        let done = match self.claim_reservation(ea, 4) {
            Some(expected) => self.memory.compare_exchange_u32(ea, expected as u32, value),
            None => Ok(false),
        };
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
        let done = match self.claim_reservation(ea, 8) {
            Some(expected) => self.memory.compare_exchange_u64(ea, expected, value),
            None => Ok(false),
        };
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
mod tests {
    use crate::interp::testing::*;
    use crate::{
        EngineConfig, ExceptionKind, Execute, Exit, PpcContext, Reservation, ReservationMode, msr_bit,
    };
    use std::sync::Arc;
    use std::thread;
    use xenia_guest::GuestAddr;
    use xenia_isa::Op;
    use xenia_memory::{DeviceQueue, FaultKind};

    const BYTES: u64 = 0x8182_8384_F5F6_F7F8;

    fn machine_with_data() -> Machine {
        let mut machine = Machine::new();
        machine.memory.write(GuestAddr(DATA), BYTES).unwrap();
        (machine.ctx.gpr[4], machine.ctx.gpr[5]) = (u64::from(DATA) - 8, 8);
        machine
    }

    #[test]
    fn loads_extend_reverse_and_update() {
        use Op::*;
        let base = u64::from(DATA) - 8;
        let table: [(Op, u64, bool, bool); 28] = [
            // (op, value, indexed, updates)
            (lbz, 0x81, false, false),
            (lbzx, 0x81, true, false),
            (lbzu, 0x81, false, true),
            (lbzux, 0x81, true, true),
            (lhz, 0x8182, false, false),
            (lhzx, 0x8182, true, false),
            (lhzu, 0x8182, false, true),
            (lhzux, 0x8182, true, true),
            (lha, 0xFFFF_FFFF_FFFF_8182, false, false),
            (lhax, 0xFFFF_FFFF_FFFF_8182, true, false),
            (lhau, 0xFFFF_FFFF_FFFF_8182, false, true),
            (lhaux, 0xFFFF_FFFF_FFFF_8182, true, true),
            (lwz, 0x8182_8384, false, false),
            (lwzx, 0x8182_8384, true, false),
            (lwzu, 0x8182_8384, false, true),
            (lwzux, 0x8182_8384, true, true),
            (lwa, 0xFFFF_FFFF_8182_8384, false, false),
            (lwax, 0xFFFF_FFFF_8182_8384, true, false),
            (lwaux, 0xFFFF_FFFF_8182_8384, true, true),
            (ld, BYTES, false, false),
            (ldx, BYTES, true, false),
            (ldu, BYTES, false, true),
            (ldux, BYTES, true, true),
            (lhbrx, 0x8281, true, false),
            (lwbrx, 0x8483_8281, true, false),
            (ldbrx, BYTES.swap_bytes(), true, false),
            (lwarx, 0x8182_8384, true, false),
            (ldarx, BYTES, true, false),
        ];
        for (op, value, indexed, updates) in table {
            let mut machine = machine_with_data();
            machine.one(if indexed { x(op, 3, 4, 5, 0) } else { d(op, 3, 4, 8) | op.row().bits });
            let expected = if updates { base + 8 } else { base };
            assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (value, expected), "{op:?}");
        }
    }

    #[test]
    fn stores_write_their_width_and_update() {
        use Op::*;
        let value = 0x1112_1314_1516_1718_u64;
        // (op, bytes at DATA afterwards, indexed, updates)
        for (op, memory, indexed, updates) in [
            (stb, 0x1882_8384_F5F6_F7F8, false, false),
            (stbux, 0x1882_8384_F5F6_F7F8, true, true),
            (sth, 0x1718_8384_F5F6_F7F8, false, false),
            (sthu, 0x1718_8384_F5F6_F7F8, false, true),
            (sthbrx, 0x1817_8384_F5F6_F7F8, true, false),
            (stw, 0x1516_1718_F5F6_F7F8, false, false),
            (stwu, 0x1516_1718_F5F6_F7F8, false, true),
            (stwx, 0x1516_1718_F5F6_F7F8, true, false),
            (stwbrx, 0x1817_1615_F5F6_F7F8, true, false),
            (std, value, false, false),
            (stdu, value, false, true),
            (stdux, value, true, true),
            (stdbrx, value.swap_bytes(), true, false),
            (stfiwx, 0x1516_1718_F5F6_F7F8, true, false),
            (stfd, value, false, false),
            (stfdux, value, true, true),
        ] {
            let mut machine = machine_with_data();
            (machine.ctx.gpr[3], machine.ctx.fpr[3]) = (value, value);
            machine.one(if indexed { x(op, 3, 4, 5, 0) } else { d(op, 3, 4, 8) | op.row().bits });
            let read: u64 = machine.memory.read(GuestAddr(DATA)).unwrap();
            assert_eq!(read, memory, "{op:?}");
            let base = u64::from(DATA) - 8;
            assert_eq!(machine.ctx.gpr[4], if updates { base + 8 } else { base }, "{op:?}");
        }
    }

    #[test]
    fn addresses_have_32_bits_and_updates_follow_the_mode() {
        for (sf, updated) in [(false, u64::from(DATA)), (true, 7 << 32 | u64::from(DATA))] {
            let mut machine = machine_with_data();
            machine.ctx.msr |= u64::from(sf) << 63;
            assert_eq!(machine.ctx.msr & msr_bit::SF != 0, sf);
            machine.ctx.gpr[4] = 7 << 32 | (u64::from(DATA) - 8);
            machine.one(d(Op::lwzu, 3, 4, 8));
            assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (0x8182_8384, updated), "sf={sf}");
        }
        // RA = 0 is the number 0 in plain forms, and r0 in (invalid) update forms; the address wins over RT.
        let mut machine = machine_with_data();
        machine.ctx.gpr[0] = u64::from(DATA);
        machine.ctx.gpr[5] = u64::from(DATA);
        machine.one(x(Op::lwzx, 3, 0, 5, 0));
        machine.one(d(Op::lwzu, 6, 0, 4));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[6]), (0x8182_8384, 0xF5F6_F7F8));
        assert_eq!(machine.ctx.gpr[0], u64::from(DATA) + 4);
        machine.one(d(Op::lwzu, 4, 4, 8));
        assert_eq!(machine.ctx.gpr[4], u64::from(DATA));
    }

    #[test]
    fn float_loads_and_stores() {
        let mut machine = machine_with_data();
        machine.memory.write(GuestAddr(DATA), 1.5_f32.to_bits()).unwrap();
        machine.one(d(Op::lfs, 1, 4, 8));
        assert_eq!(machine.ctx.fpr[1], 1.5_f64.to_bits());
        machine.one(d(Op::stfsu, 1, 4, 12));
        assert_eq!(machine.word(DATA + 4), 1.5_f32.to_bits());
        assert_eq!(machine.ctx.gpr[4], u64::from(DATA) + 4);
        machine.ctx.msr &= !msr_bit::FP;
        let word = d(Op::lfs, 1, 4, 0);
        let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
        assert_eq!(exception.kind, ExceptionKind::Unavailable { word });
    }

    #[test]
    fn multiple_and_string_forms() {
        let mut machine = machine_with_data();
        machine.ctx.gpr[4] = u64::from(DATA);
        for n in 0..8 {
            machine.memory.write(GuestAddr(DATA + 4 * n), 0x0102_0304_u32 * (n + 1)).unwrap();
        }
        machine.ctx.gpr[29] = u64::MAX;
        machine.one(d(Op::lmw, 29, 4, 0));
        assert_eq!(machine.ctx.gpr[29..], [0x0102_0304, 0x0204_0608, 0x0306_090C]);
        machine.one(d(Op::stmw, 30, 4, 0x100));
        assert_eq!((machine.word(DATA + 0x100), machine.word(DATA + 0x104)), (0x0204_0608, 0x0306_090C));

        // Seven bytes wrap from r31 to r0; what is not filled is 0.
        machine.ctx.gpr[31] = u64::MAX;
        machine.ctx.gpr[0] = u64::MAX;
        machine.one(x(Op::lswi, 31, 4, 7, 0));
        assert_eq!((machine.ctx.gpr[31], machine.ctx.gpr[0]), (0x0102_0304, 0x0204_0600));
        machine.ctx.set_xer_word(6);
        machine.ctx.gpr[5] = 0x200;
        machine.one(x(Op::stswx, 31, 4, 5, 0));
        let stored: u64 = machine.memory.read(GuestAddr(DATA + 0x200)).unwrap();
        assert_eq!(stored, 0x0102_0304_0204_0000);
        machine.one(x(Op::lswx, 9, 4, 5, 0));
        assert_eq!((machine.ctx.gpr[9], machine.ctx.gpr[10]), (0x0102_0304, 0x0204_0000));
        machine.ctx.set_xer_word(0);
        machine.ctx.gpr[9] = 77;
        machine.one(x(Op::lswx, 9, 4, 5, 0));
        assert_eq!(machine.ctx.gpr[9], 77);
        // NB = 0 is 32 bytes.
        machine.one(x(Op::lswi, 8, 4, 0, 0));
        assert_eq!((machine.ctx.gpr[8], machine.ctx.gpr[15]), (0x0102_0304, 0x0810_1820));
    }

    #[test]
    fn a_fault_leaves_the_context_alone() {
        let end = DATA + 0x1_0000;
        for word in [
            d(Op::lmw, 20, 4, 0),
            d(Op::lwzu, 3, 4, 8),
            d(Op::stwu, 3, 4, 8),
            x(Op::lswi, 3, 4, 16, 0),
            x(Op::lwarx, 3, 4, 6, 0),
        ] {
            let mut machine = Machine::new();
            machine.ctx.gpr[4] = u64::from(end) - 8;
            machine.ctx.gpr[6] = 8;
            machine.ctx.budget = 10;
            let before = machine.ctx.clone();
            let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
            let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
            assert_eq!((exception.pc, fault.kind), (GuestAddr(CODE), FaultKind::Unmapped), "{word:#x}");
            assert_eq!(fault.addr, GuestAddr(end), "{word:#x}");
            assert_eq!(machine.ctx.first_difference(&before), None, "{word:#x}");
            assert_eq!(machine.ctx.budget, 10);
        }
    }

    #[test]
    fn cache_block_clears_have_their_sizes() {
        for (op, size) in [(Op::dcbz, 32), (Op::dcbz128, 128)] {
            let mut machine = Machine::new();
            machine.memory.fill(GuestAddr(DATA), 0x400, 0xFF).unwrap();
            machine.ctx.gpr[4] = u64::from(DATA) + 0x100 + size - 1;
            machine.one(x(op, 0, 0, 4, 0));
            let mut bytes = [0; 0x400];
            machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
            let cleared: Vec<_> = (0..0x400).filter(|&n| bytes[n] == 0).collect();
            assert_eq!(cleared, (0x100..0x100 + size as usize).collect::<Vec<_>>(), "{op:?}");
        }
    }

    #[test]
    fn a_conditional_store_needs_its_reservation() {
        for reservations in [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict] {
            let mut machine = Machine::on(memory(), EngineConfig { reservations });
            machine.ctx.gpr[4] = u64::from(DATA);
            machine.ctx.gpr[3] = 5;
            let lwarx = x(Op::lwarx, 6, 0, 4, 0);
            let stwcx = x(Op::stwcx, 3, 0, 4, 0);
            machine.ctx.xer_so = 1;
            machine.one(stwcx);
            assert_eq!((machine.ctx.cr[0], machine.word(DATA)), (1, 0), "{reservations:?}: none was made");
            machine.one(lwarx);
            machine.one(stwcx);
            assert_eq!((machine.ctx.cr[0], machine.word(DATA)), (3, 5), "{reservations:?}");
            machine.one(stwcx);
            assert_eq!(machine.ctx.cr[0], 1, "{reservations:?}: one reservation, one store");
            machine.one(lwarx);
            machine.memory.write(GuestAddr(DATA), 9_u32).unwrap();
            machine.one(stwcx);
            assert_eq!((machine.ctx.cr[0], machine.word(DATA)), (1, 9), "{reservations:?}: somebody wrote");
            machine.one(lwarx);
            machine.ctx.gpr[4] += 4;
            machine.one(stwcx);
            assert_eq!(machine.ctx.cr[0], 1, "{reservations:?}: another address");
            assert_eq!(machine.ctx.reservation, Reservation::default());
        }
    }

    #[test]
    fn strict_reservations_die_of_foreign_plain_stores_only() {
        let memory = memory();
        let config = EngineConfig { reservations: ReservationMode::Strict };
        let mut own = Machine::on(Arc::clone(&memory), config);
        let mut other = Machine::on(memory, config);
        other.ctx.hw_id = 1;
        let (lwarx, stwcx, stw) = (x(Op::lwarx, 6, 0, 4, 0), x(Op::stwcx, 3, 0, 4, 0), d(Op::stw, 7, 4, 64));
        for machine in [&mut own, &mut other] {
            (machine.ctx.gpr[4], machine.ctx.gpr[3]) = (u64::from(DATA), 5);
        }
        own.one(lwarx);
        own.one(stw);
        own.one(stwcx);
        assert_eq!(own.ctx.cr[0], 2, "the own store doesn't end it");
        own.one(lwarx);
        other.one(stw);
        own.one(stwcx);
        assert_eq!(own.ctx.cr[0], 0, "another thread's store to the line does, whatever the value");
    }

    #[test]
    fn reservations_must_be_aligned() {
        let mut machine = Machine::new();
        machine.ctx.gpr[4] = u64::from(DATA) + 2;
        for (word, write) in [(x(Op::lwarx, 3, 0, 4, 0), false), (x(Op::stdcx, 3, 0, 4, 0), true)] {
            let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
            let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
            assert_eq!((fault.kind, fault.write), (FaultKind::Misaligned, write));
        }
    }

    /// Eight host threads add 1 to a counter 1,000 times each with `lwarx`/`stwcx.`.
    fn add_concurrently(reservations: ReservationMode, threads: u8) {
        let memory = memory();
        // loop: lwarx r3,0,r4; addi r3,r3,1; stwcx. r3,0,r4; bne- loop; bdnz loop; sc
        let code = [
            x(Op::lwarx, 3, 0, 4, 0),
            d(Op::addi, 3, 3, 1),
            x(Op::stwcx, 3, 0, 4, 0),
            d(Op::bcx, 4, 2, -12),
            d(Op::bcx, 16, 0, -16),
            d(Op::sc, 0, 0, 2),
        ];
        Machine::on(Arc::clone(&memory), EngineConfig::default()).put(CODE, &code);
        thread::scope(|scope| {
            for hw_id in 0..threads {
                let mut machine = Machine::on(Arc::clone(&memory), EngineConfig { reservations });
                scope.spawn(move || {
                    machine.ctx.hw_id = hw_id;
                    machine.ctx.gpr[4] = u64::from(DATA);
                    machine.ctx.ctr = 1000;
                    // Odd budgets cut between the reservation and its store as well.
                    while machine.run(37) == Exit::Budget {}
                    assert_eq!(machine.ctx.pc, CODE + 24);
                });
            }
        });
        assert_eq!(memory.read::<u32>(GuestAddr(DATA)).unwrap(), u32::from(threads) * 1000);
    }

    #[test]
    fn concurrent_lwarx_stwcx_serializes() {
        add_concurrently(ReservationMode::Context, 8);
    }

    #[test]
    fn concurrent_lwarx_stwcx_serializes_with_the_table() {
        // The table knows six hardware threads, as the machine has.
        add_concurrently(ReservationMode::Table, 6);
        add_concurrently(ReservationMode::Strict, 6);
    }

    #[test]
    fn a_flag_spin_sees_the_other_thread_s_store() {
        let memory = memory();
        // spin: lwz r3,0(r4); cmpwi r3,0; beq spin; lwz r5,4(r4); sc
        let spin = [
            d(Op::lwz, 3, 4, 0),
            d(Op::cmpi, 0, 3, 0),
            d(Op::bcx, 12, 2, -8),
            d(Op::lwz, 5, 4, 4),
            d(Op::sc, 0, 0, 2),
        ];
        // stw r6,4(r4); lwsync; stw r7,0(r4); sc
        let set = [d(Op::stw, 6, 4, 4), x(Op::sync, 1, 0, 0, 0), d(Op::stw, 7, 4, 0), d(Op::sc, 0, 0, 2)];
        let mut waiter = Machine::on(Arc::clone(&memory), EngineConfig::default());
        let mut setter = Machine::on(memory, EngineConfig::default());
        waiter.put(CODE, &spin);
        waiter.put(CODE + 0x100, &set);
        waiter.ctx.gpr[4] = u64::from(DATA);
        setter.ctx = PpcContext { pc: CODE + 0x100, ..PpcContext::default() };
        (setter.ctx.gpr[4], setter.ctx.gpr[6], setter.ctx.gpr[7]) = (u64::from(DATA), 42, 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                let Machine { interp, ctx, .. } = &mut waiter;
                ctx.begin_visit(i64::MAX, 0, u32::MAX);
                assert_eq!(interp.run(ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 0 });
            });
            thread::yield_now();
            assert_eq!(setter.run(100), Exit::Syscall { lev: 0 });
        });
        assert_eq!(waiter.ctx.gpr[5], 42, "what was stored before the flag is seen after it");
    }
}
