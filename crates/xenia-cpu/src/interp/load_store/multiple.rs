//! Instructions that load or store more than one value.
//!
//! Loads of several registers read all values before they write the first register, so a fault
//! leaves the context unchanged. Stores of several registers may have stored a part when they
//! fault, as on hardware. They store contiguously, in ascending order, by which a device's queue
//! recognizes the stores of one instruction ([`xenia_memory::DeviceQueue`]).

use crate::interp::{CpuView, Retirement, Step};
use xenia_guest::RESERVATION_LINE;
use xenia_isa::Instruction;

impl CpuView<'_> {
    /// Loads words at `(RA|0) + D` into the registers from RT to r31.
    pub(super) fn load_multiple(&mut self, i: Instruction) -> Step {
        let ea = self.ea_d(i);
        let first = i.rd();
        let mut words = [0_u32; 32];
        for (n, word) in words[first..].iter_mut().enumerate() {
            *word = self.load_u32(ea.wrapping_add(4 * n as u32))?;
        }
        for (n, &word) in words.iter().enumerate().skip(first) {
            self.set_gpr(n, u64::from(word));
        }
        Ok(Retirement::Next)
    }

    /// Stores the words of the registers from RS to r31 at `(RA|0) + D`.
    pub(super) fn store_multiple(&mut self, i: Instruction) -> Step {
        let ea = self.ea_d(i);
        for n in i.rs()..32 {
            self.store_u32(ea.wrapping_add(4 * (n - i.rs()) as u32), self.gpr(n) as u32)?;
        }
        Ok(Retirement::Next)
    }

    /// Loads `count` ≤ 128 bytes at `ea` into registers from `first` on, wrapping after r31.
    pub(super) fn load_string(&mut self, first: usize, ea: u32, count: u32) -> Step {
        let mut words = [0_u32; 32];
        for n in 0..count {
            let byte = self.load_u8(ea.wrapping_add(n))?;
            words[(n / 4) as usize] |= u32::from(byte) << (24 - 8 * (n & 3));
        }
        for (n, &word) in words.iter().enumerate().take(count.div_ceil(4) as usize) {
            self.set_gpr((first + n) & 31, u64::from(word));
        }
        Ok(Retirement::Next)
    }

    /// Stores `count` ≤ 128 bytes at `ea` from the registers from `first` on, wrapping after r31:
    /// whole words, and the rest in at most two pieces. Devices see each piece.
    pub(super) fn store_string(&mut self, first: usize, ea: u32, count: u32) -> Step {
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
        Ok(Retirement::Next)
    }

    /// Clears the cache line that holds `(RA|0) + (RB)`.
    #[inline(always)]
    pub(super) fn clear_line(&mut self, i: Instruction) -> Step {
        let line = self.ea_x(i) & !(RESERVATION_LINE - 1);
        for offset in (0..RESERVATION_LINE).step_by(16) {
            self.store_u128(line + offset, 0)?;
        }
        Ok(Retirement::Next)
    }
}
