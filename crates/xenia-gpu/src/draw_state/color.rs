//! Colour targets of a draw: selects the slots that the draw writes.

use super::{Blend, ColorTarget};
use crate::registers::{Register, RegisterFile, rb};

/// `RB_COLOR_INFO` registers of the targets' formats, by slot.
pub(crate) const INFO: [u32; 4] =
    [rb::RbColorInfo::INDEX, rb::RB_COLOR1_INFO, rb::RB_COLOR2_INFO, rb::RB_COLOR3_INFO];
/// `RB_BLENDCONTROL` registers of the targets, by slot.
const BLEND_CONTROL: [u32; 4] =
    [rb::RbBlendcontrol::INDEX, rb::RB_BLENDCONTROL1, rb::RB_BLENDCONTROL2, rb::RB_BLENDCONTROL3];

fn target(registers: &RegisterFile, slot: usize) -> Option<ColorTarget> {
    let info = rb::RbColorInfo(registers.get(INFO[slot]));
    let format = info.color_format();
    // Components that the format lacks are not written, regardless of the mask.
    let write_mask = (registers.get(rb::RbColorMask::INDEX) >> (slot * 4)) as u8 & format.components();
    let blend = rb::RbBlendcontrol(registers.get(BLEND_CONTROL[slot]));
    (write_mask != 0).then(|| ColorTarget {
        base: info.color_base(),
        format,
        exponent_bias: info.color_exp_bias(),
        write_mask,
        blend: Blend {
            source: [blend.color_srcblend(), blend.alpha_srcblend()],
            destination: [blend.color_destblend(), blend.alpha_destblend()],
            operation: [blend.color_comb_fcn(), blend.alpha_comb_fcn()],
        },
    })
}

/// Captures the targets of all slots that have components to write.
pub(super) fn slots(registers: &RegisterFile) -> [Option<ColorTarget>; 4] {
    std::array::from_fn(|slot| target(registers, slot))
}

/// Selects the slots written by a shader that exports colours (bits 0 to 3 of `exports`).
///
/// Titles leave slots set up from earlier draws. If several slots start at the same tile, only the
/// first one is written: the later ones would overwrite it sample by sample.
pub(super) fn targets(slots: &[Option<ColorTarget>; 4], exports: u64) -> [Option<ColorTarget>; 4] {
    let mut targets: [Option<ColorTarget>; 4] =
        std::array::from_fn(|slot| slots[slot].filter(|_| exports >> slot & 1 != 0));
    for slot in 1..4 {
        let (before, rest) = targets.split_at_mut(slot);
        if let Some(target) = rest[0]
            && before.iter().flatten().any(|earlier| earlier.base == target.base)
        {
            rest[0] = None;
        }
    }
    targets
}
