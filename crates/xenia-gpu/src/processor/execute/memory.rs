//! Packets that write words to memory.

use super::super::CommandProcessor;
use crate::memory::{Endian, PHYSICAL_SIZE};

impl CommandProcessor {
    /// Reads the word at a packet's memory address, whose low two bits are the byte order.
    pub(super) fn read_memory(&mut self, address: u32) -> u32 {
        self.reach(address & (PHYSICAL_SIZE - 1) & !3, 4);
        let raw = self.memory.read_u32(address & (PHYSICAL_SIZE - 1) & !3).swap_bytes();
        Endian::from_bits(address).swap(raw)
    }

    pub(super) fn write_memory(&mut self, address: u32, value: u32) {
        let raw = Endian::from_bits(address).swap(value);
        self.store(address, &raw.to_le_bytes());
    }

    /// Writes bytes to an address of a packet. All memory writes of packets use this function:
    /// guest code may take any of them for a fence.
    pub(in super::super) fn store(&mut self, address: u32, bytes: &[u8]) {
        self.signal();
        let physical = address & (PHYSICAL_SIZE - 1) & !3;
        self.reach_texels(physical, bytes.len());
        self.store_in_order(physical, bytes);
    }

    /// Writes bytes that do not signal the completion of earlier resolves: the read index.
    pub(in super::super) fn store_silently(&mut self, address: u32, bytes: &[u8]) {
        let physical = address & (PHYSICAL_SIZE - 1) & !3;
        self.reach(physical, bytes.len());
        self.memory.write(physical, bytes);
        self.feed.note_write(physical, bytes.len());
    }

    /// Writes consecutive words.
    pub(super) fn write_words(&mut self, address: u32, values: impl Iterator<Item = u32>) {
        for (i, value) in (0u32..).zip(values) {
            self.write_memory(address.wrapping_add(i * 4), value);
        }
    }

    /// `REG_TO_MEM`: stores registers. Bits 17:0 of the first word are the first register, bits
    /// 29:18 the number of registers (zero means one); the address follows.
    pub(super) fn store_registers(&mut self, body: &[u32]) {
        let first = body[0] & 0x3_ffff;
        let count = (body[0] >> 18 & 0xfff).max(1);
        if body[0] >> 30 != 0 {
            self.statistics.count_problem("REG_TO_MEM that adds or takes blocks");
        }
        let values: Vec<u32> = (first..first + count).map(|index| self.read_register(index)).collect();
        self.write_words(body[1], values.into_iter());
    }
}
