//! Depth and stencil tests on the EDRAM.

use super::block::Surface;
use super::memory::Edram;
use super::samples::Samples;
use crate::draw_state::{DepthStencil, Stencil};
use crate::edram::Place;
use crate::enums::{Compare, DepthFormat, Msaa, StencilOp};
use crate::microcode::{Lanes, Mask};
use crate::texture::single_to_depth_float;

/// Depth and stencil state of a draw.
pub(super) struct DepthTest {
    state: DepthStencil,
    pub(super) place: Place,
    msaa: Msaa,
}

/// Converts a depth value to the stored 24 bits, which increase with depth in both formats.
pub(super) fn quantize(value: f32, format: DepthFormat) -> u32 {
    let value = if value > 0.0 { value } else { 0.0 };
    match format {
        DepthFormat::D24S8 => (value.min(1.0) as f64 * 16_777_215.0 + 0.5) as u32,
        DepthFormat::D24FS8 => single_to_depth_float(value),
    }
}

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
    pub(super) fn new(state: DepthStencil, place: Place, msaa: Msaa) -> Self {
        Self { state, place, msaa }
    }

    /// Tests the lanes of a mask, updates the EDRAM, and returns the lanes that passed.
    pub(super) fn run(
        &self,
        edram: &Edram,
        at: Surface,
        sample: u32,
        depth: &Lanes,
        mask: Mask,
        is_back: bool,
    ) -> Mask {
        let samples = Samples::new(self.place, self.msaa, at, sample);
        let compare = self.state.compare.unwrap_or(Compare::Always);
        let stencil = self.state.stencil.map(|faces| faces[usize::from(is_back)]);
        let mut passed = 0;
        for (lane, &depth) in depth.iter().enumerate() {
            if mask >> lane & 1 == 0 {
                continue;
            }
            let index = samples.index(lane);
            let old = edram.get(index);
            let new_depth = quantize(depth, self.state.format);
            let depth_passes = compare.holds(new_depth, old >> 8);
            let stored_depth =
                |passes: bool| if passes && self.state.write { new_depth << 8 } else { old & !0xff };
            let (passes, new) = match stencil {
                None => (depth_passes, stored_depth(depth_passes) | old & 0xff),
                Some(stencil) => {
                    let (passes, value) = test_stencil(&stencil, old as u8, depth_passes);
                    (passes, stored_depth(passes) | u32::from(value))
                }
            };
            passed |= Mask::from(passes) << lane;
            if new != old {
                edram.set(index, new);
            }
        }
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
        assert_eq!(quantize(1.0, DepthFormat::D24S8), 0xff_ffff);
        assert_eq!(quantize(1.0, DepthFormat::D24FS8), 0xf0_0000);
    }
}
