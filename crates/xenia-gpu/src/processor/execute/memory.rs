//! Packets that write words to memory.

use super::super::CommandProcessor;
use crate::memory::{Endian, PHYSICAL_SIZE};

impl CommandProcessor {
    /// A packet's memory address: the low two bits say how bytes are exchanged.
    pub(super) fn read_memory(&self, address: u32) -> u32 {
        let raw = self.memory.read_u32(address & (PHYSICAL_SIZE - 1) & !3).swap_bytes();
        Endian::from_bits(address).swap(raw)
    }

    pub(super) fn write_memory(&mut self, address: u32, value: u32) {
        let raw = Endian::from_bits(address).swap(value);
        self.store(address, &raw.to_le_bytes());
    }

    /// Writes bytes to the word that an address means. All that packets write goes through here.
    pub(in super::super) fn store(&mut self, address: u32, bytes: &[u8]) {
        let physical = address & (PHYSICAL_SIZE - 1) & !3;
        self.memory.write(physical, bytes);
        self.feed.written(physical, bytes.len());
    }

    /// Writes words one behind the other.
    pub(super) fn write_words(&mut self, address: u32, values: impl Iterator<Item = u32>) {
        for (i, value) in (0u32..).zip(values) {
            self.write_memory(address.wrapping_add(i * 4), value);
        }
    }

    /// `REG_TO_MEM`: the first register in bits 17:0, the number of registers, if more than one, in
    /// bits 29:18; then the address.
    pub(super) fn store_registers(&mut self, body: &[u32]) {
        let (first, count) = (body[0] & 0x3_ffff, (body[0] >> 18 & 0xfff).max(1));
        if body[0] >> 30 != 0 {
            self.statistics.count_problem("REG_TO_MEM that adds or takes blocks");
        }
        let values: Vec<u32> = (first..first + count).map(|index| self.registers.get(index)).collect();
        self.write_words(body[1], values.into_iter());
    }
}
