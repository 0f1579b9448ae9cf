//! Depth and stencil tests on the EDRAM, for the lanes of a block.
//!
//! Depths are compared as the stored 24 bits, which increase with depth in both formats. Invariant:
//! for [`DepthFormat::D24S8`] the loops over the lanes' depths have no branches and no saturating
//! conversions, or the compiler does not vectorise them.

use super::block::BlockPosition;
use super::compare;
use super::memory::Edram;
use super::samples::Samples;
use crate::draw_state::{DepthStencil, Stencil};
use crate::edram::EdramSurface;
use crate::enums::{Compare, DepthFormat, Msaa, StencilOp};
use crate::microcode::lanes::{lanes_of, spread};
use crate::microcode::{LANES, Lanes, Mask};
use crate::texture::single_to_depth_float;

/// Depth and stencil state of a draw.
pub(super) struct DepthTest {
    state: DepthStencil,
    place: EdramSurface,
    msaa: Msaa,
}

/// Converts a depth value to the stored 24 bits.
pub(super) fn quantize(value: f32, format: DepthFormat) -> u32 {
    let value = if value > 0.0 { value } else { 0.0 };
    match format {
        // A float has 24 bits of mantissa, too few for a depth and the half.
        DepthFormat::D24S8 => (value.min(1.0) as f64 * 16_777_215.0 + 0.5) as u32,
        DepthFormat::D24FS8 => single_to_depth_float(value),
    }
}

/// [`quantize`] of all lanes.
#[inline(always)]
fn quantize_lanes(values: &Lanes, format: DepthFormat) -> [u32; LANES] {
    let mut out = [0; LANES];
    match format {
        DepthFormat::D24S8 => {
            for (out, &value) in out.iter_mut().zip(values) {
                let value = if value > 0.0 { value } else { 0.0 };
                let value = if value < 1.0 { value } else { 1.0 };
                let steps = value as f64 * 16_777_215.0 + 0.5;
                // Rounded down without a conversion to integers, which saturates and would keep
                // the loop from being vectorised.
                let nearest = (steps + WHOLE) - WHOLE;
                let whole = nearest - if nearest > steps { 1.0 } else { 0.0 };
                *out = (whole + WHOLE).to_bits() as u32;
            }
        }
        DepthFormat::D24FS8 => {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = quantize(value, DepthFormat::D24FS8);
            }
        }
    }
    out
}

/// Depths of stored words.
#[inline(always)]
fn depths_of(words: &[u32; LANES]) -> [u32; LANES] {
    let mut depths = [0; LANES];
    for (depth, word) in depths.iter_mut().zip(words) {
        *depth = word >> 8;
    }
    depths
}

/// Least magnitude of doubles without fractions.
const WHOLE: f64 = 4_503_599_627_370_496.0;

fn apply(operation: StencilOp, value: u8, reference: u8) -> u8 {
    match operation {
        StencilOp::Keep => value,
        StencilOp::Zero => 0,
        StencilOp::Replace => reference,
        StencilOp::IncrementClamp => value.saturating_add(1),
        StencilOp::DecrementClamp => value.saturating_sub(1),
        StencilOp::Invert => !value,
        StencilOp::IncrementWrap => value.wrapping_add(1),
        StencilOp::DecrementWrap => value.wrapping_sub(1),
    }
}

impl DepthTest {
    pub(super) fn new(state: DepthStencil, place: EdramSurface, msaa: Msaa) -> Self {
        Self { state, place, msaa }
    }

    /// Tests the lanes of a mask, updates the EDRAM, and returns the lanes that passed.
    #[inline(always)]
    pub(super) fn run(
        &self,
        edram: &Edram,
        at: BlockPosition,
        sample: u32,
        depth: &Lanes,
        mask: Mask,
        is_back: bool,
    ) -> Mask {
        let samples = Samples::new(self.place, self.msaa, at, sample);
        let compare = self.state.compare.unwrap_or(Compare::Always);
        let stencil = self.state.stencil.map(|faces| faces[usize::from(is_back)]);
        let [old, _] = samples.load(edram, false);
        let new_depths = quantize_lanes(depth, self.state.format);
        let depth_passes = mask & compare::depths(compare, &new_depths, &depths_of(&old));
        let mut words = old;
        let mut passed = depth_passes;
        let mut written = 0;
        if let Some(stencil) = stencil {
            passed = 0;
            written = mask;
            for lane in lanes_of(mask) {
                let (passes, value) = test_stencil(&stencil, old[lane] as u8, depth_passes >> lane & 1 != 0);
                passed |= Mask::from(passes) << lane;
                // The stencil is the low byte of the word.
                words[lane] = old[lane] & !0xff | u32::from(value);
            }
        }
        if self.state.write {
            written |= passed;
            let chosen = spread(passed);
            for lane in 0..LANES {
                let kept = words[lane] & !(chosen[lane] & !0xff);
                words[lane] = kept | (new_depths[lane] << 8 & chosen[lane]);
            }
        }
        samples.store_changed(edram, &old, &words, written);
        passed
    }
}

/// Whether a sample passes both tests, and its new stencil value.
fn test_stencil(stencil: &Stencil, old: u8, depth_passes: bool) -> (bool, u8) {
    let holds = stencil.compare.holds(stencil.reference & stencil.read_mask, old & stencil.read_mask);
    let operation = match (holds, depth_passes) {
        (false, _) => stencil.fail,
        (true, false) => stencil.depth_fail,
        (true, true) => stencil.pass,
    };
    let new = apply(operation, old, stencil.reference);
    (holds && depth_passes, old & !stencil.write_mask | new & stencil.write_mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stencil_operations_and_masks() {
        for (operation, old, expected) in [
            (StencilOp::Keep, 5, 5),
            (StencilOp::Zero, 5, 0),
            (StencilOp::Replace, 5, 9),
            (StencilOp::IncrementClamp, 255, 255),
            (StencilOp::DecrementClamp, 0, 0),
            (StencilOp::Invert, 0xf0, 0x0f),
            (StencilOp::IncrementWrap, 255, 0),
            (StencilOp::DecrementWrap, 0, 255),
        ] {
            assert_eq!(apply(operation, old, 9), expected, "{operation:?}");
        }
        let stencil = Stencil {
            compare: Compare::Equal,
            fail: StencilOp::Zero,
            pass: StencilOp::Replace,
            depth_fail: StencilOp::Invert,
            reference: 0x35,
            read_mask: 0x0f,
            write_mask: 0xf0,
        };
        assert_eq!(test_stencil(&stencil, 0xa5, true), (true, 0x35));
        assert_eq!(test_stencil(&stencil, 0xa5, false), (false, 0x55));
        assert_eq!(test_stencil(&stencil, 0xa6, true), (false, 0x06));
    }

    #[test]
    fn depth_is_quantized_to_both_ends() {
        for format in [DepthFormat::D24S8, DepthFormat::D24FS8] {
            assert_eq!(quantize(-1.0, format), 0);
            assert_eq!(quantize(f32::NAN, format), 0);
        }
        let mut dice = xenia_testing::Dice(24);
        for _ in 0..20_000 {
            let lanes: Lanes = std::array::from_fn(|lane| match lane & 3 {
                // All floats, those from 0 to 2, and those between two steps.
                0 => f32::from_bits(dice.next() as u32),
                1 => f32::from_bits(dice.next() as u32 % 0x4000_0000),
                _ => ((dice.next() as u32 & 0xff_ffff) as f32 + 0.5) / 16_777_215.0,
            });
            for format in [DepthFormat::D24S8, DepthFormat::D24FS8] {
                assert_eq!(quantize_lanes(&lanes, format), lanes.map(|depth| quantize(depth, format)));
            }
        }
        assert_eq!(quantize(1.0, DepthFormat::D24S8), 0xff_ffff);
        assert_eq!(quantize(1.0, DepthFormat::D24FS8), 0xf0_0000);
    }
}
