//! Gamma ramps: a table for 8-bit front buffers and a piecewise linear (PWL) ramp for 10-bit ones.

use std::sync::Arc;

use crate::backend::GammaRamps;
use crate::registers::{RegisterFile, dc};

const INDEX: u32 = 0x1922;
const SEQ_COLOR: u32 = 0x1923;
const PWL_DATA: u32 = 0x1924;
const COLOR_30: u32 = 0x1925;
/// Stored bits of a PWL entry's base and delta.
const PWL_BITS: u32 = 0xffc0_ffc0;

/// Both ramps and the write position.
pub(super) struct Gamma {
    pub(super) ramps: GammaRamps,
    /// Next component to be written by `DC_LUT_SEQ_COLOR` or `DC_LUT_PWL_DATA`.
    pub(super) component: u32,
}

impl Gamma {
    /// Creates linear ramps, which leave colours unchanged.
    pub(super) fn new() -> Self {
        let table = std::array::from_fn(|level| {
            // Half of the divisor rounds to the nearest.
            let value = (level as u32 * 1023 + 127) / 255;
            value << 20 | value << 10 | value
        });
        // A base of eight levels for each entry in bits 15:6, and a delta of eight in bits 31:22.
        let linear = std::array::from_fn(|entry| [8 << 22 | (entry as u32) << 9; 3]);
        Self { ramps: GammaRamps { table: Arc::new(table), linear: Arc::new(linear) }, component: 0 }
    }

    /// Applies a write to one of the ramps' registers, beyond storing the value.
    pub(super) fn write(&mut self, registers: &mut RegisterFile, index: u32, value: u32) {
        let entry = registers.get(INDEX) & 255;
        // The mask is in the order blue, green, red.
        let mask = registers.get(dc::DC_LUT_WRITE_EN_MASK);
        let is_enabled = mask >> (2 - self.component) & 1 != 0;
        match index {
            INDEX => self.component = 0,
            SEQ_COLOR => {
                if is_enabled {
                    let shift = 20 - self.component * 10;
                    let entry = &mut Arc::make_mut(&mut self.ramps.table)[entry as usize];
                    // The ten high bits of the register's 16.
                    *entry = *entry & !(0x3ff << shift) | (value >> 6 & 0x3ff) << shift;
                }
                self.next_component(registers, (entry + 1) & 255);
            }
            PWL_DATA => {
                // The PWL ramp has half as many entries: the index's highest bit is ignored and
                // preserved.
                let at = entry & 127;
                if is_enabled {
                    let ramp = Arc::make_mut(&mut self.ramps.linear);
                    ramp[at as usize][self.component as usize] = value & PWL_BITS;
                }
                self.next_component(registers, entry & 128 | (at + 1) & 127);
            }
            COLOR_30 => {
                let component =
                    |bit: u32, shift: u32| if (mask >> bit) & 1 != 0 { 0x3ff << shift } else { 0 };
                let bits = component(2, 20) | component(1, 10) | component(0, 0);
                let color = &mut Arc::make_mut(&mut self.ramps.table)[entry as usize];
                *color = *color & !bits | value & bits;
                registers.set(INDEX, (entry + 1) & 255);
            }
            _ => {}
        }
    }

    /// Advances to the next component, and after the last one to the entry `next`.
    fn next_component(&mut self, registers: &mut RegisterFile, next: u32) {
        self.component += 1;
        if self.component == 3 {
            self.component = 0;
            registers.set(INDEX, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(mask: u32) -> RegisterFile {
        let mut registers = RegisterFile::new();
        registers.set(dc::DC_LUT_WRITE_EN_MASK, mask);
        registers
    }

    fn write(gamma: &mut Gamma, registers: &mut RegisterFile, index: u32, values: &[u32]) {
        for &value in values {
            registers.set(index, value);
            gamma.write(registers, index, value);
        }
    }

    #[test]
    fn the_table_is_written_component_by_component() {
        let mut gamma = Gamma::new();
        let mut registers = registers(7);
        assert_eq!(gamma.ramps.table[255], 0x3fff_ffff);
        write(&mut gamma, &mut registers, INDEX, &[7]);
        write(&mut gamma, &mut registers, SEQ_COLOR, &[0x4000, 0x8000, 0xffff, 0xffc0]);
        assert_eq!(gamma.ramps.table[7], 0x100 << 20 | 0x200 << 10 | 0x3ff);
        assert_eq!(gamma.ramps.table[8] >> 20, 0x3ff);
        assert_eq!(registers.get(INDEX), 8);
    }

    #[test]
    fn the_mask_keeps_components() {
        let mut gamma = Gamma::new();
        let mut registers = registers(1);
        write(&mut gamma, &mut registers, INDEX, &[255]);
        write(&mut gamma, &mut registers, COLOR_30, &[0]);
        assert_eq!(gamma.ramps.table[255], 0x3fff_fc00);
        assert_eq!(registers.get(INDEX), 0);
    }

    #[test]
    fn the_linear_ramp_has_a_base_and_a_delta_a_component() {
        let mut gamma = Gamma::new();
        let mut registers = registers(0b011); // blue and green
        write(&mut gamma, &mut registers, INDEX, &[0xff]);
        write(&mut gamma, &mut registers, PWL_DATA, &[0x1111_2222, 0x0100_8000, 0xffff_ffff, 0]);
        let red = 8 << 22 | 127 << 9;
        assert_eq!(gamma.ramps.linear[127], [red, 0x0100_8000, 0xffc0_ffc0]);
        assert_eq!(registers.get(INDEX), 0x80, "the highest bit stays");
        assert_eq!(gamma.component, 1);
        assert_eq!(gamma.ramps.table[255], 0x3fff_ffff);
    }

    #[test]
    fn ramps_that_were_not_written_change_nothing() {
        let ramps = Gamma::new().ramps;
        for level in 0..1024 {
            assert_eq!(ramps.level10(level, 1), level << 6);
        }
        assert!((0..256).all(|level| ramps.level8(level, 2) >> 2 == level));
    }
}
