//! Register file: the values of all registers, without their side effects.
//!
//! Invariant: changes go through [`RegisterFile::set`] and [`RegisterFile::set_range`], which note
//! the classes of draw state that depend on the register; [`RegisterFile::values`] is the whole
//! state.

use super::{COUNT, DrawClasses, MMIO_COUNT, Register, With, pa, rb, vgt};

/// Values after a reset that are not zero, as read from a retail console (xenia-canary, pull
/// request 1085). The timing of the EDRAM and `RB_BC_CONTROL` are those that software relies on.
const RESET: [(u32, u32); 18] = [
    (0x0f00, 0x0810_0748), // RB_EDRAM_TIMING
    (rb::RB_BC_CONTROL, 0x0000_200e),
    (pa::PaScScreenScissorBr::INDEX, 0x2000_2000),
    (vgt::VgtMaxVtxIndx::INDEX, 0xffff),
    (vgt::VgtMultiPrimIbResetIndx::INDEX, 0xffff),
    (rb::RB_STENCILREFMASK_BF, 0x00ff_ff00),
    (pa::PaSuPointSize::INDEX, 0x0008_0008),
    (pa::PaSuPointMinmax::INDEX, 0x0400_0010),
    (pa::PaSuLineCntl::INDEX, 8),
    (vgt::VGT_HOS_REUSE_DEPTH, 0xe),
    (pa::PA_SC_LINE_CNTL, 0x400),
    (pa::PA_CL_GB_VERT_CLIP_ADJ, 2.0_f32.to_bits()),
    (pa::PA_CL_GB_VERT_DISC_ADJ, 1.0_f32.to_bits()),
    (pa::PA_CL_GB_HORZ_CLIP_ADJ, 2.0_f32.to_bits()),
    (pa::PA_CL_GB_HORZ_DISC_ADJ, 1.0_f32.to_bits()),
    (pa::PA_SC_AA_MASK, 0xffff),
    (vgt::VGT_VERTEX_REUSE_BLOCK_CNTL, 0xe),
    (vgt::VGT_OUT_DEALLOC_CNTL, 0x10),
];

/// Register file. Indices beyond it read as zero and are not stored.
///
/// It tracks which registers of the MMIO window changed, so that publishing costs nothing if no
/// register did, and which classes of draw state.
pub struct RegisterFile {
    values: Box<[u32]>,
    changed: Box<[u64; MMIO_COUNT / 64]>,
    changed_blocks: [u64; MMIO_COUNT / 64 / 64],
    changed_classes: DrawClasses,
}

impl RegisterFile {
    /// Creates a register file with the values after a reset.
    pub fn new() -> Self {
        let mut file = Self {
            values: vec![0; COUNT].into_boxed_slice(),
            changed: Box::new([0; MMIO_COUNT / 64]),
            changed_blocks: [0; MMIO_COUNT / 64 / 64],
            changed_classes: DrawClasses::ALL,
        };
        for (index, value) in RESET {
            file.set(index, value);
        }
        file
    }

    /// Reads a register's raw value.
    #[inline]
    pub fn get(&self, index: u32) -> u32 {
        self.values.get(index as usize).copied().unwrap_or(0)
    }

    /// Reads a register with typed fields.
    #[inline]
    pub fn read<R: Register>(&self) -> R {
        R::from_raw(self.get(R::INDEX))
    }

    /// Writes a register with typed fields, without side effects.
    pub fn write<R: Register>(&mut self, value: With<R>) {
        self.set(R::INDEX, value.done().raw());
    }

    /// Reads a register as a float.
    #[inline]
    pub fn float(&self, index: u32) -> f32 {
        f32::from_bits(self.get(index))
    }

    /// Writes a raw value, without side effects.
    #[inline]
    pub fn set(&mut self, index: u32, value: u32) {
        let i = index as usize;
        if let Some(slot) = self.values.get_mut(i) {
            if *slot != value && i < MMIO_COUNT {
                self.changed[i / 64] |= 1 << (i % 64);
                self.changed_blocks[i / 4096] |= 1 << (i / 64 % 64);
                self.changed_classes = self.changed_classes.with(DrawClasses::of(index));
            }
            *slot = value;
        }
    }

    /// Writes consecutive raw values, without side effects; values beyond the file are dropped.
    #[inline]
    pub fn set_range(&mut self, first: u32, values: &[u32]) {
        let first = (first as usize).min(COUNT);
        let values = &values[..values.len().min(COUNT - first)];
        // Only registers of the window note changes; the constants behind it are copied at once.
        let published = values.len().min(MMIO_COUNT.saturating_sub(first));
        for (i, &value) in (first..).zip(&values[..published]) {
            self.set(i as u32, value);
        }
        self.values[first + published..first + values.len()].copy_from_slice(&values[published..]);
    }

    /// Consecutive registers; the slice ends at the end of the file.
    pub fn range(&self, first: u32, count: u32) -> &[u32] {
        let first = (first as usize).min(COUNT);
        &self.values[first..(first + count as usize).min(COUNT)]
    }

    /// Calls `publish` with each register of the MMIO window that changed since the last call.
    pub fn take_changed(&mut self, mut publish: impl FnMut(u32, u32)) {
        for (block, blocks) in self.changed_blocks.iter_mut().enumerate() {
            while *blocks != 0 {
                let word = block * 64 + blocks.trailing_zeros() as usize;
                *blocks &= *blocks - 1;
                let bits = &mut self.changed[word];
                while *bits != 0 {
                    let index = word * 64 + bits.trailing_zeros() as usize;
                    *bits &= *bits - 1;
                    publish(index as u32, self.values[index]);
                }
            }
        }
    }

    /// Takes the classes of draw state of which a register changed since the last call.
    pub(crate) fn take_changed_classes(&mut self) -> DrawClasses {
        std::mem::take(&mut self.changed_classes)
    }

    /// All values, for digests and save states.
    pub fn values(&self) -> &[u32] {
        &self.values
    }
}

impl Default for RegisterFile {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_published_once_in_order() {
        let mut file = RegisterFile::new();
        file.take_changed(|_, _| {});
        for index in [0x3fff, 5, 0x2000, 64, 0x4000, 0xffff] {
            file.set(index, 1);
        }
        file.set(6, 0);
        let mut seen = Vec::new();
        file.take_changed(|index, value| seen.push((index, value)));
        assert_eq!(seen, [(5, 1), (64, 1), (0x2000, 1), (0x3fff, 1)]);
        file.take_changed(|_, _| panic!("published twice"));
        assert_eq!((file.get(0x4000), file.get(0xffff)), (1, 0));
    }

    #[test]
    fn set_range_equals_single_writes() {
        for first in [0, 0x3ffd, 0x4000, 0x4fff, 0x5003, 0x9000, u32::MAX] {
            let values = [1, 0, 3, 4, 5, 6, 7, 8];
            let mut file = RegisterFile::new();
            let mut expected = RegisterFile::new();
            file.set_range(first, &values);
            for (i, value) in (0..).zip(values) {
                expected.set(first.saturating_add(i), value);
            }
            assert_eq!(file.values(), expected.values(), "{first:#x}");
            let mut seen = [Vec::new(), Vec::new()];
            file.take_changed(|index, value| seen[0].push((index, value)));
            expected.take_changed(|index, value| seen[1].push((index, value)));
            assert_eq!(seen[0], seen[1], "{first:#x}");
        }
    }
}
