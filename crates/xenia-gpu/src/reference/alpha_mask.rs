//! Alpha to mask: alpha decides which samples of a pixel are drawn, so that edges of cut-out textures
//! come out smooth without sorting.
//!
//! Unsure: thresholds and their steps are those of docs/src/decisions/0014-where-sources-disagree.md.

use super::block::Surface;
use crate::enums::Msaa;
use crate::microcode::{Lanes, Mask};

/// The least alpha with which each sample is drawn, and the size of a step.
const fn thresholds(msaa: Msaa) -> (&'static [f32], f32) {
    match msaa {
        Msaa::X1 => (&[1.0], 0.25),
        Msaa::X2 => (&[0.5, 1.0], 0.125),
        Msaa::X4 => (&[0.75, 0.25, 0.5, 1.0], 0.0625),
    }
}

/// The lanes in which each sample is drawn. `steps`: see
/// [`DrawCall`](crate::draw_state::DrawCall)'s `alpha_to_mask`.
pub(super) fn drawn(msaa: Msaa, steps: [u8; 4], at: Surface, alpha: &Lanes) -> [Mask; 4] {
    let (thresholds, step) = thresholds(msaa);
    let mut masks = [0; 4];
    for (mask, threshold) in masks.iter_mut().zip(thresholds) {
        for (lane, &alpha) in alpha.iter().enumerate() {
            let (x, y) = (at.x + (lane & 7) as i32, at.y + (lane >> 3) as i32);
            let steps = steps[((x & 1) << 1 | y & 1) as usize];
            // False for NaNs.
            let is_drawn = alpha >= threshold - f32::from(steps) * step;
            *mask |= Mask::from(is_drawn) << lane;
        }
    }
    masks
}
