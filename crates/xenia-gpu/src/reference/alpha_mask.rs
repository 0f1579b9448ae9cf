//! Alpha to mask: alpha selects the samples of a pixel to draw, which gives cut-out textures smooth
//! edges without sorting.
//!
//! Unsure: thresholds and their steps are those of
//! docs/src/decisions/0021-graphics-facts.md.

use super::block::BlockPosition;
use crate::enums::Msaa;
use crate::microcode::{Lanes, Mask};

/// Minimum alpha at which each sample is drawn, and the size of a step.
const fn thresholds(msaa: Msaa) -> (&'static [f32], f32) {
    match msaa {
        Msaa::X1 => (&[1.0], 0.25),
        Msaa::X2 => (&[0.5, 1.0], 0.125),
        Msaa::X4 => (&[0.75, 0.25, 0.5, 1.0], 0.0625),
    }
}

/// Alpha thresholds: a sample is drawn if alpha is at least its threshold minus the pixel's offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Threshold of each sample; samples that don't exist are never drawn.
    pub samples: [f32; 4],
    /// Offsets of pixels with x and y even, y odd, x odd, and both odd.
    pub lowered: [f32; 4],
}

impl Thresholds {
    /// Computes the thresholds. `steps` is the draw's `alpha_to_mask`
    /// ([`DrawCall`](crate::draw_state::DrawCall)).
    pub fn new(msaa: Msaa, steps: [u8; 4]) -> Self {
        let (thresholds, step) = thresholds(msaa);
        let mut samples = [f32::INFINITY; 4];
        samples[..thresholds.len()].copy_from_slice(thresholds);
        Self { samples, lowered: steps.map(|steps| f32::from(steps) * step) }
    }
}

/// Lanes in which each sample is drawn.
pub(super) fn drawn(msaa: Msaa, steps: [u8; 4], at: BlockPosition, alpha: &Lanes) -> [Mask; 4] {
    let Thresholds { samples, lowered } = Thresholds::new(msaa, steps);
    let mut masks = [0; 4];
    for (mask, threshold) in masks.iter_mut().zip(samples) {
        for (lane, &alpha) in alpha.iter().enumerate() {
            let x = at.x + (lane & 7) as i32;
            let y = at.y + (lane >> 3) as i32;
            let lowered = lowered[((x & 1) << 1 | y & 1) as usize];
            // False for NaNs.
            let is_drawn = alpha >= threshold - lowered;
            *mask |= Mask::from(is_drawn) << lane;
        }
    }
    masks
}
