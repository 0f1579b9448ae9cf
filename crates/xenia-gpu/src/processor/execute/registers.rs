//! Register writes with their side effects, and the packets that perform them.

use super::super::{CommandProcessor, cost};
use crate::memory::PHYSICAL_SIZE;
use crate::packets::constant_base;
use crate::registers::{self, Register, cp, pa};

/// Flag of a block's position in `LOAD_CONSTANT_CONTEXT`: later register writes are shadowed to
/// memory.
const SHADOWED: u32 = 1 << 24;

impl CommandProcessor {
    /// Writes a register and performs its side effects.
    pub(in super::super) fn write_register(&mut self, index: u32, value: u32) {
        if index >= registers::CONTEXT {
            return self.write_registers(index, &[value]);
        }
        self.registers.set(index, value);
        match index {
            // SCRATCH_REG0 to SCRATCH_REG7: memory gets those that the mask selects, too.
            0x0578..=0x057f => {
                let scratch = index - 0x0578;
                if self.registers.get(cp::SCRATCH_UMSK) >> scratch & 1 != 0 {
                    let address = self.registers.get(cp::SCRATCH_ADDR).wrapping_add(scratch * 4);
                    self.store(address, &value.to_be_bytes());
                }
            }
            // Bit 31 stands for a flush in progress; a wait that polls the register clears it.
            cp::CoherStatusHost::INDEX => self.registers.set(index, value | 1 << 31),
            // The ports of the gamma ramps, from DC_LUT_RW_INDEX on.
            0x1922..=0x1925 => self.display.gamma.write(&mut self.registers, index, value),
            _ => {}
        }
    }

    /// Writes consecutive registers. The only side effect of context registers and constants is
    /// that the draws' copy of the constants becomes stale.
    #[inline]
    pub(in super::super) fn write_registers(&mut self, first: u32, values: &[u32]) {
        if first >= registers::CONTEXT {
            self.registers.set_range(first, values);
            self.stale.mark(first, values.len() as u32);
        } else {
            for (i, &value) in values.iter().enumerate() {
                self.write_register(first + i as u32, value);
            }
        }
    }

    /// `REG_RMW`. The rotation, which titles leave at zero, follows later chips of the family.
    pub(super) fn change_register(&mut self, body: &[u32]) {
        let register = body[0] & 0x1fff;
        let mut operand = |is_register: u32, value: u32| {
            if is_register & 1 != 0 { self.read_register(value & 0x1fff) } else { value }
        };
        let mask = operand(body[0] >> 31, body[1]);
        let bits = operand(body[0] >> 30, body[2]);
        let value = (self.read_register(register) & mask).rotate_left(body[0] >> 24 & 31) | bits;
        self.write_register(register, value);
    }

    /// Reads a register for a packet, after a wait if the backend still works on its value.
    pub(super) fn read_register(&mut self, index: u32) -> u32 {
        if matches!(index, pa::PA_SC_VIZ_QUERY_STATUS_0 | pa::PA_SC_VIZ_QUERY_STATUS_1) {
            self.settle_queries(u64::MAX);
        }
        self.registers.get(index)
    }

    /// Loads `count` registers from memory, starting with `first`.
    pub(super) fn load_registers(&mut self, first: u32, address: u32, count: u32) {
        let mut values = vec![0; count as usize];
        let physical = address & (PHYSICAL_SIZE - 1) & !3;
        self.reach(physical, values.len() * 4);
        self.memory.read_words(physical, &mut values);
        self.cycles += cost::words(values.len() as u64);
        self.write_registers(first, &values);
    }

    /// `LOAD_CONSTANT_CONTEXT`: loads words of a block from its copy in memory. The body has the
    /// address of the copy, then positions in the block with word counts. A word's offset is the
    /// same in the copy and in the block.
    ///
    /// This follows drivers of chips of the same family.
    pub(super) fn load_context(&mut self, body: &[u32]) {
        for place in body[1..].chunks_exact(2) {
            let Some(first) = constant_base(place[0]) else {
                self.statistics.count_problem("LOAD_CONSTANT_CONTEXT of an unknown kind");
                continue;
            };
            if place[0] & SHADOWED != 0 {
                self.statistics.count_problem("LOAD_CONSTANT_CONTEXT that asks for a copy in memory");
            }
            self.load_registers(first, body[0].wrapping_add((place[0] & 0x7ff) * 4), place[1] & 0xfff);
        }
    }
}
