//! Float constants of a program, spread to all lanes.

use crate::lanes::{LANES, Vector, splat};

/// Constants in the form of registers, so that instructions read both alike. They stay from one
/// run to the next.
pub(super) struct SpreadConstants(Vec<Vector>);

impl Default for SpreadConstants {
    fn default() -> Self {
        Self(vec![[[0.0; LANES]; 4]; 256])
    }
}

impl SpreadConstants {
    /// Sets a constant.
    #[inline(always)]
    pub(super) fn set(&mut self, index: u8, value: [f32; 4]) {
        let constant = &mut self.0[index as usize];
        let old = [0, 1, 2, 3].map(|c| constant[c][0].to_bits());
        if old != value.map(f32::to_bits) {
            *constant = value.map(splat);
        }
    }

    /// Components of a constant in all lanes.
    #[inline(always)]
    pub(super) fn get(&self, index: u8) -> &Vector {
        &self.0[index as usize]
    }
}
