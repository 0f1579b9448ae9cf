//! Shader constants, and dirty tracking of the blocks to capture again.
//!
//! A snapshot equals the registers at its draw. Only blocks that were written since the previous
//! capture are read again, as most draws change few constants.

use std::fmt;

use super::VertexBuffer;
use crate::microcode::ShaderConstants;
use crate::registers::{self, Register, RegisterFile, sq};

/// Snapshot of all shader constants.
#[derive(Clone, PartialEq)]
pub struct Constants {
    /// 512 vectors of four floats; vertex shaders start at `vertex_base`, pixel shaders at
    /// `pixel_base`.
    pub float: Box<[[f32; 4]; 512]>,
    /// 32 fetch constants of six words; each holds one texture or three vertex buffers.
    pub fetch: [[u32; 6]; 32],
    /// 256 boolean constants, one bit each.
    pub boolean: [u32; 8],
    /// 32 loop constants: count, start, step.
    pub loops: [u32; 32],
    /// First float constant of the vertex shader.
    pub vertex_base: u32,
    /// First float constant of the pixel shader.
    pub pixel_base: u32,
}

impl Default for Constants {
    /// Returns all zeros.
    fn default() -> Self {
        Self {
            float: Box::new([[0.0; 4]; 512]),
            fetch: [[0; 6]; 32],
            boolean: [0; 8],
            loops: [0; 32],
            vertex_base: 0,
            pixel_base: 0,
        }
    }
}

impl Constants {
    /// Captures the constants from the register file.
    pub fn capture(registers: &RegisterFile) -> Self {
        let mut constants = Self::default();
        constants.update(registers, StaleConstants::ALL);
        constants
    }

    /// Constants of the vertex shader.
    pub fn vertex_stage(&self) -> ShaderConstants<'_> {
        self.stage(self.vertex_base)
    }

    /// Constants of the pixel shader.
    pub fn pixel_stage(&self) -> ShaderConstants<'_> {
        self.stage(self.pixel_base)
    }

    /// Constants of a stage whose first float constant is `base`.
    fn stage(&self, base: u32) -> ShaderConstants<'_> {
        let float = self.float.get(base as usize..).unwrap_or_default();
        ShaderConstants { float, boolean: &self.boolean, loops: &self.loops }
    }

    /// Decodes the vertex fetch constant with the given number (0 to 95).
    pub fn vertex_buffer(&self, constant: u8) -> VertexBuffer {
        let slot = constant as usize / 3;
        let at = constant as usize % 3 * 2;
        VertexBuffer::decode([self.fetch[slot][at], self.fetch[slot][at + 1]])
    }

    /// Captures the stale constants from the register file again.
    pub(crate) fn update(&mut self, registers: &RegisterFile, stale: StaleConstants) {
        let float = self.float.as_flattened_mut();
        let mut blocks = stale.float;
        while blocks != 0 {
            let first = blocks.trailing_zeros() as usize * BLOCK as usize;
            let words = registers.range(registers::FLOAT_CONSTANTS + first as u32, BLOCK);
            float[first..][..words.len()].copy_from_slice(bytemuck::cast_slice(words));
            blocks &= blocks - 1;
        }
        if stale.others {
            let words = registers.range(registers::FETCH_CONSTANTS, 192);
            self.fetch.as_flattened_mut().copy_from_slice(words);
            self.boolean.copy_from_slice(registers.range(registers::BOOL_CONSTANTS, 8));
            self.loops.copy_from_slice(registers.range(registers::LOOP_CONSTANTS, 32));
            self.vertex_base = registers.read::<sq::SqVsConst>().base();
            self.pixel_base = registers.read::<sq::SqPsConst>().base();
        }
    }
}

/// Float constant registers covered by one bit of [`StaleConstants`].
const BLOCK: u32 = 32;

/// Dirty flags of the constants written since they were captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StaleConstants {
    /// Blocks of float constants, one bit each.
    float: u64,
    /// Any fetch, boolean, loop or base constant.
    others: bool,
}

impl StaleConstants {
    /// All constants are stale.
    pub(crate) const ALL: Self = Self { float: u64::MAX, others: true };

    /// Whether any constant is stale.
    pub(crate) fn any(self) -> bool {
        self.others || self.float != 0
    }

    /// Marks `count` registers from `first` on as written.
    #[inline]
    pub(crate) fn mark(&mut self, first: u32, count: u32) {
        let end = first.saturating_add(count);
        let bases = sq::SqVsConst::INDEX..=sq::SqPsConst::INDEX;
        if end <= *bases.start() || (first > *bases.end() && end <= registers::FLOAT_CONSTANTS) || count == 0
        {
            return;
        }
        let floats = registers::FLOAT_CONSTANTS;
        let fetch = registers::FETCH_CONSTANTS;
        self.others |= first <= *bases.end() || end > fetch;
        let from = first.clamp(floats, fetch) - floats;
        let to = end.clamp(floats, fetch) - floats;
        if from < to {
            let low = from / BLOCK;
            let high = (to - 1) / BLOCK;
            self.float |= u64::MAX << low & u64::MAX >> (63 - high);
        }
    }
}

impl fmt::Debug for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |name: &str, count: usize| format!("{count} {name} not zero");
        f.debug_list()
            .entry(&set("vectors", self.float.iter().filter(|v| v.iter().any(|c| c.to_bits() != 0)).count()))
            .entry(&set("fetch constants", self.fetch.iter().filter(|c| c.iter().any(|w| *w != 0)).count()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_recaptures_written_constants() {
        let mut registers = RegisterFile::new();
        let mut constants = Constants::capture(&registers);
        let places = [
            (0x4000, 1),
            (0x401f, 2),
            (0x47ff, 1),
            (0x47fe, 8),
            (0x4000, 0x5003),
            (0x48bf, 1),
            (0x4900, 9),
            (0x4927, 1),
            (0x2307, 1),
            (0x2308, 1),
            (0x2300, 16),
            (0x2306, 0x3000),
        ];
        for (number, (first, count)) in (1_u32..).zip(places) {
            let mut stale = StaleConstants::default();
            registers.set_range(first, &vec![number << 9 | 0x3f80_0000; count as usize]);
            stale.mark(first, count);
            assert!(stale.any());
            constants.update(&registers, stale);
            assert!(constants == Constants::capture(&registers), "{count} from {first:#x}");
        }
    }

    #[test]
    fn writes_mark_only_their_constants_stale() {
        for (first, count, float, others) in [
            (0x2000, 0x307, 0, false),
            (0x2309, 0x1cf7, 0, false),
            (0x4000, 0, 0, false),
            (0x4000, 32, 1, false),
            (0x4020, 33, 6, false),
            (0x47e0, 33, 1 << 63, true),
            (0x8000, 1, 0, true),
            (u32::MAX, 9, 0, true),
        ] {
            let mut stale = StaleConstants::default();
            stale.mark(first, count);
            assert_eq!((stale.float, stale.others), (float, others), "{count} from {first:#x}");
        }
    }
}
